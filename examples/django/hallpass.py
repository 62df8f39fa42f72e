"""Hallpass for Django, with redis-py: a middleware that says who asks, and the commands behind a login."""

import base64
import functools
import json
import os
import sys
from dataclasses import dataclass

from django.http import JsonResponse
from redis import Redis, RedisCluster
from redis.backoff import NoBackoff
from redis.exceptions import RedisClusterException, RedisError, ResponseError
from redis.retry import Retry

URL = os.environ.get("REDIS_URL", "redis://127.0.0.1:6380")
Client = RedisCluster if os.environ.get("REDIS_CLUSTER") == "1" else Redis

# How redis-py says that Redis is away; a cluster that is away has a name of its own.
OUTAGE = (RedisError, RedisClusterException)

# What the module answers about a token. Everything else is an outage, and logs nobody out.
ENDED = {"INVALIDTOKEN", "EXPIREDTOKEN", "NOSESSION", "REUSEDTOKEN", "STALETOKEN"}


class TokenRefused(Exception):
    """The token is good for nothing: for an access token refresh, for a refresh token log in again."""


@functools.cache
def redis():
    """Returns the client. A cluster's asks for the slots at once, so it is made when it is needed."""
    # One more attempt, for a connection that Redis has closed meanwhile; then the caller hears of the outage.
    options = {"socket_timeout": 3, "socket_connect_timeout": 3, "retry": Retry(NoBackoff(), 1)}
    return Client.from_url(URL, decode_responses=True, **options)


def key_of(subject):
    """Returns the Redis key of a user; "auth:*" is the default of hallpass.key-pattern."""
    return f"auth:{subject}"


def subject_of(token):
    """Reads the user from a token of either kind, to find the key. This proves nothing; the command checks the token."""
    try:
        parts = token.split(".")
        is_refresh = parts[0] == "hp1"
        text = base64.urlsafe_b64decode(parts[2 if is_refresh else 1] + "==").decode()
        subject = text if is_refresh else json.loads(text)["sub"]
        subject.encode()  # fails for what is not a string, or cannot be sent to Redis
    except Exception:
        subject = ""
    if not subject:
        raise TokenRefused
    return subject


def about_token(command, token, *options):
    """Sends a command about a token, to the key of its user."""
    try:
        return redis().execute_command(command, key_of(subject_of(token)), token, *options)
    except ResponseError as error:
        if str(error).split(" ")[0] in ENDED:
            raise TokenRefused from None
        raise


def issue(subject, claims, meta):
    """Begins a session for a user whose password was right, and returns the token response."""
    options = ("CLAIMS", json.dumps(claims), "META", json.dumps(meta), "FORMAT", "JSON")
    return json.loads(redis().execute_command("AUTH.ISSUE", key_of(subject), *options))


def refresh(token):
    """Returns the next token response. Asked again with the same token, it is the same."""
    return json.loads(about_token("AUTH.REFRESH", token, "FORMAT", "JSON"))


def end(token):
    """Ends the session of a refresh token."""
    redis().execute_command("AUTH.REVOKE", key_of(subject_of(token)), "TOKEN", token)


@dataclass
class Login:
    """Who asks."""

    id: str
    session: str
    claims: dict

    def sessions(self):
        """Returns where the user is logged in, the newest first; the session that asks is marked."""
        found = json.loads(redis().execute_command("AUTH.SESSIONS", key_of(self.id), "FORMAT", "JSON"))
        return [{**session, "current": session["sid"] == self.session} for session in found]

    def log_out_everywhere(self):
        """Ends all sessions of the user, and returns how many there were."""
        return redis().execute_command("AUTH.REVOKE", key_of(self.id), "ALL")


class HallpassMiddleware:
    """Sets `request.login` to a Login, or to None; and answers 503 for whatever fails while Redis is away."""

    def __init__(self, get_response):
        self.get_response = get_response

    def __call__(self, request):
        try:
            request.login = login_of(request)
        except OUTAGE as error:
            return self.process_exception(request, error)
        return self.get_response(request)

    def process_exception(self, request, error):
        if not isinstance(error, OUTAGE):
            return None
        print(f"Redis: {error}", file=sys.stderr)
        return JsonResponse({"error": "temporarily_unavailable"}, status=503, headers={"Retry-After": "1"})


def login_of(request):
    scheme, _, token = request.headers.get("Authorization", "").partition(" ")
    if scheme.lower() != "bearer":
        return None
    try:
        claims = json.loads(about_token("AUTH.VERIFY", token.strip()))
    except TokenRefused:
        return None
    return Login(claims["sub"], claims["sid"], claims)


def login_required(view):
    """Answers 401 for users who are not logged in."""

    @functools.wraps(view)
    def guarded(request, *arguments, **options):
        if request.login is None:
            return JsonResponse({"error": "invalid_token"}, status=401, headers={"WWW-Authenticate": "Bearer"})
        return view(request, *arguments, **options)

    return guarded
