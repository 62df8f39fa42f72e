"""A FastAPI application with Hallpass; docs/stacks/fastapi.md explains it.

Environment: PORT (3000), REDIS_URL (redis://127.0.0.1:6380), REDIS_CLUSTER=1 if that is a node of a cluster,
DEV_COOKIE=1 for a cookie that needs no https.
"""

import os
from pathlib import Path
from typing import Annotated

import uvicorn
from fastapi import FastAPI, Header, HTTPException, Request, Response
from fastapi.responses import FileResponse, JSONResponse
from pydantic import BaseModel

import hallpass
from hallpass import CurrentUser, TokenRefused

IS_DEV = os.environ.get("DEV_COOKIE") == "1"
COOKIE = "hallpass" if IS_DEV else "__Host-hallpass"

# What a real application has in its database, with hashed passwords.
USERS = {"ada": ("42", "Ada", "demo"), "grace": ("43", "Grace", "demo")}

app = FastAPI()


class Credentials(BaseModel):
    name: str
    password: str


@app.post("/login")
async def login(credentials: Credentials, request: Request, response: Response):
    id, name, password = USERS.get(credentials.name, ("", "", None))
    if credentials.password != password:
        raise HTTPException(401, "name or password is wrong")
    meta = {"agent": request.headers.get("user-agent", "")[:200]}
    return hand_over(response, await hallpass.issue(id, {"name": name}, meta))


@app.post("/token")
async def token(request: Request, response: Response, x_hallpass: Annotated[str | None, Header()] = None):
    refresh_token = cookie_of(request, x_hallpass)
    # A page asks in this way whether somebody is logged in.
    if not refresh_token and x_hallpass == "optional":
        return Response(status_code=204)
    try:
        return hand_over(response, await hallpass.refresh(refresh_token))
    except TokenRefused:
        return without_cookie(JSONResponse({"error": "invalid_grant", "error_description": "log in again"}, 400))


@app.post("/revoke")
async def revoke(request: Request, x_hallpass: Annotated[str | None, Header()] = None):
    try:
        await hallpass.end(cookie_of(request, x_hallpass))
    except TokenRefused:
        pass  # it has ended already
    return without_cookie(JSONResponse({}))


@app.get("/api/hello")
async def hello(user: CurrentUser):
    name = user.claims["name"]
    return {"user": f"{name} ({user.id})", "message": f"Hello {name}"}


@app.get("/api/devices")
async def devices(user: CurrentUser):
    return {"sessions": await user.sessions()}


@app.delete("/api/devices")
async def log_out_everywhere(user: CurrentUser):
    return {"revoked": await user.log_out_everywhere()}


def cookie_of(request: Request, x_hallpass: str | None) -> str:
    """Returns the refresh token. A form on another site can send the cookie, but not this header."""
    if x_hallpass is None:
        raise HTTPException(400, "the header X-Hallpass is missing")
    return request.cookies.get(COOKIE, "")


def hand_over(response: Response, tokens: dict) -> dict:
    """Puts the refresh token into the cookie, where no script can read it, and returns the rest."""
    value, age = tokens.pop("refresh_token"), tokens["refresh_expires_in"]
    response.set_cookie(COOKIE, value, max_age=age, httponly=True, secure=not IS_DEV, samesite="strict")
    response.headers["Cache-Control"] = "no-store"
    return tokens


def without_cookie(response: Response) -> Response:
    response.delete_cookie(COOKIE, httponly=True, secure=not IS_DEV, samesite="strict")
    response.headers["Cache-Control"] = "no-store"
    return response


async def outage(request: Request, error: Exception):
    """Answers what is no logout: the browser keeps its cookie, and asks again."""
    print(f"Redis: {error}")
    return JSONResponse({"error": "temporarily_unavailable"}, 503, {"Retry-After": "1"})


for kind in hallpass.OUTAGE:
    app.add_exception_handler(kind, outage)


EXAMPLES = Path(__file__).parent.parent
PAGE = {name: EXAMPLES / "browser" / name for name in ("index.html", "page.js", "page.css")}
PAGE["hallpass.js"] = EXAMPLES.parent / "packages" / "browser" / "hallpass.js"


@app.get("/")
@app.get("/{name}")
async def page(name: str = "index.html"):
    """Serves the page of examples/browser: login, silent refresh, logout."""
    if name not in PAGE:
        raise HTTPException(404)
    return FileResponse(PAGE[name])


if __name__ == "__main__":
    uvicorn.run(app, port=int(os.environ.get("PORT", "3000")), access_log=False)
