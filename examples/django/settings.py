"""Just what this example needs: no database, since the sessions are in Redis."""

import os

DEV_COOKIE = os.environ.get("DEV_COOKIE") == "1"
SECRET_KEY = os.environ.get("SECRET_KEY", "nothing is signed with this here")
ALLOWED_HOSTS = ["localhost", "127.0.0.1"]
ROOT_URLCONF = "urls"
MIDDLEWARE = ["hallpass.HallpassMiddleware"]
