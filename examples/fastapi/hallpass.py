"""Hallpass for FastAPI, with redis-py: a dependency that says who asks, and the commands behind a login."""

import base64
import json
import os
from dataclasses import dataclass
from typing import Annotated

from fastapi import Depends, Header, HTTPException
from redis.asyncio import Redis, RedisCluster
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff
from redis.exceptions import RedisClusterException, RedisError, ResponseError

Client = RedisCluster if os.environ.get("REDIS_CLUSTER") == "1" else Redis
URL = os.environ.get("REDIS_URL", "redis://127.0.0.1:6380")

# How redis-py says that Redis is away; a cluster that is away has a name of its own.
OUTAGE = (RedisError, RedisClusterException)

# What the module answers about a token. Everything else is an outage, and logs nobody out.
ENDED = {"INVALIDTOKEN", "EXPIREDTOKEN", "NOSESSION", "REUSEDTOKEN", "STALETOKEN"}


class TokenRefused(Exception):
    """The token is good for nothing: for an access token refresh, for a refresh token log in again."""


# One more attempt, for a connection that Redis has closed meanwhile; then the caller hears of the outage.
redis = Client.from_url(
    URL, decode_responses=True, socket_timeout=3, socket_connect_timeout=3, retry=Retry(NoBackoff(), 1)
)


def key_of(subject: str) -> str:
    """Returns the Redis key of a user; "auth:*" is the default of hallpass.key-pattern."""
    return f"auth:{subject}"


def subject_of(token: str) -> str:
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


async def about_token(command: str, token: str, *options: str):
    """Sends a command about a token, to the key of its user."""
    try:
        return await redis.execute_command(command, key_of(subject_of(token)), token, *options)
    except ResponseError as error:
        if str(error).split(" ")[0] in ENDED:
            raise TokenRefused from None
        raise


async def issue(subject: str, claims: dict, meta: dict) -> dict:
    """Begins a session for a user whose password was right, and returns the token response."""
    options = ("CLAIMS", json.dumps(claims), "META", json.dumps(meta), "FORMAT", "JSON")
    return json.loads(await redis.execute_command("AUTH.ISSUE", key_of(subject), *options))


async def refresh(token: str) -> dict:
    """Returns the next token response. Asked again with the same token, it is the same."""
    return json.loads(await about_token("AUTH.REFRESH", token, "FORMAT", "JSON"))


async def end(token: str) -> None:
    """Ends the session of a refresh token."""
    key = key_of(subject_of(token))
    await redis.execute_command("AUTH.REVOKE", key, "TOKEN", token)


@dataclass
class User:
    """Who asks."""

    id: str
    session: str
    claims: dict

    async def sessions(self) -> list[dict]:
        """Returns where the user is logged in, the newest first; the session that asks is marked."""
        found = json.loads(await redis.execute_command("AUTH.SESSIONS", key_of(self.id), "FORMAT", "JSON"))
        return [{**session, "current": session["sid"] == self.session} for session in found]

    async def log_out_everywhere(self) -> int:
        """Ends all sessions of the user, and returns how many there were."""
        return await redis.execute_command("AUTH.REVOKE", key_of(self.id), "ALL")


async def current_user(authorization: Annotated[str, Header()] = "") -> User:
    """Returns who asks, or answers 401."""
    scheme, _, token = authorization.partition(" ")
    try:
        if scheme.lower() != "bearer":
            raise TokenRefused
        claims = json.loads(await about_token("AUTH.VERIFY", token.strip()))
    except TokenRefused:
        raise HTTPException(401, "log in, or refresh", {"WWW-Authenticate": "Bearer"}) from None
    return User(claims["sub"], claims["sid"], claims)


CurrentUser = Annotated[User, Depends(current_user)]
