"""A Django application with Hallpass; docs/stacks/django.md explains it.

Environment: REDIS_URL (redis://127.0.0.1:6380), REDIS_CLUSTER=1 if that is a node of a cluster, DEV_COOKIE=1 for a cookie
that needs no https.
"""

import os
import sys

from django.core.management import execute_from_command_line

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "settings")
execute_from_command_line(sys.argv)
