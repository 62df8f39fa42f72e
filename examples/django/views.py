"""The views, and the cookie that no script can read."""

import json
import mimetypes
from pathlib import Path

from django.conf import settings
from django.http import FileResponse, Http404, HttpResponse, JsonResponse
from django.views.decorators.cache import cache_control
from django.views.decorators.http import require_GET, require_http_methods, require_POST

import hallpass
from hallpass import TokenRefused, login_required

COOKIE = "hallpass" if settings.DEV_COOKIE else "__Host-hallpass"

# What a real application has in its database, with hashed passwords.
USERS = {"ada": ("42", "Ada", "demo"), "grace": ("43", "Grace", "demo")}


@require_POST
@cache_control(no_store=True)
def login(request):
    # A form on another site cannot send JSON, so it cannot log anybody in.
    if request.content_type != "application/json":
        return JsonResponse({"error": "invalid_request"}, status=400)
    try:
        credentials = json.loads(request.body)
        id, name, password = USERS.get(credentials["name"], ("", "", None))
        is_right = password is not None and credentials["password"] == password
    except (ValueError, TypeError, KeyError):
        return JsonResponse({"error": "invalid_request"}, status=400)
    if not is_right:
        return JsonResponse({"error": "access_denied"}, status=401)
    meta = {"agent": request.headers.get("User-Agent", "")[:200]}
    return hand_over(hallpass.issue(id, {"name": name}, meta))


def by_cookie(view):
    """Makes a view that the page posts to: a form on another site can send the cookie, but not the header."""

    @require_POST
    @cache_control(no_store=True)
    def guarded(request):
        asks = request.headers.get("X-Hallpass")
        if asks is None:
            return JsonResponse({"error": "invalid_request"}, status=400)
        token = request.COOKIES.get(COOKIE, "")
        # A page asks in this way whether somebody is logged in.
        return view(token) if token or asks != "optional" else HttpResponse(status=204)

    return guarded


@by_cookie
def token(refresh_token):
    try:
        return hand_over(hallpass.refresh(refresh_token))
    except TokenRefused:
        return without_cookie(JsonResponse({"error": "invalid_grant"}, status=400))


@by_cookie
def revoke(refresh_token):
    try:
        hallpass.end(refresh_token)
    except TokenRefused:
        pass  # it has ended already
    return without_cookie(JsonResponse({}))


@require_GET
@login_required
def hello(request):
    name = request.login.claims["name"]
    return JsonResponse({"user": f"{name} ({request.login.id})", "message": f"Hello {name}"})


@require_http_methods(["GET", "DELETE"])
@login_required
def devices(request):
    if request.method == "DELETE":
        return JsonResponse({"revoked": request.login.log_out_everywhere()})
    return JsonResponse({"sessions": request.login.sessions()})


def hand_over(tokens):
    """Puts the refresh token into the cookie, and answers with the rest."""
    value, age = tokens.pop("refresh_token"), tokens["refresh_expires_in"]
    response = JsonResponse(tokens)
    response.set_cookie(COOKIE, value, max_age=age, httponly=True, secure=not settings.DEV_COOKIE, samesite="Strict")
    return response


def without_cookie(response):
    response.delete_cookie(COOKIE, samesite="Strict")
    response.cookies[COOKIE]["httponly"] = True
    return response


EXAMPLES = Path(__file__).parent.parent
PAGE = {name: EXAMPLES / "browser" / name for name in ("index.html", "page.js", "page.css")}
PAGE["hallpass.js"] = EXAMPLES.parent / "packages" / "browser" / "hallpass.js"


@require_GET
def page(request, name="index.html"):
    """Serves the page of examples/browser: login, silent refresh, logout."""
    if name not in PAGE:
        raise Http404
    return FileResponse(PAGE[name].open("rb"), content_type=mimetypes.guess_type(name)[0])
