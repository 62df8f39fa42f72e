#!/usr/bin/env python3
"""Keeps the login of a command-line tool in one file, for all its processes.

    agent.py login < token-response.json    stores what POST /sessions answered
    agent.py token                          prints an access token that is good for a minute at least
    agent.py logout                         ends the session
Status 1: log in again. Status 75: Hallpass cannot tell now, try again later; the login is kept. Status 2: not an action.
"""
import fcntl, http.client, json, os, sys, time, urllib.parse, urllib.request
from pathlib import Path
HALLPASS_URL = os.environ.get("HALLPASS_URL", "http://127.0.0.1:8080")
FILE = Path(os.environ.get("CREDENTIALS", Path.home() / ".hallpass-agent.json"))

NOT_STORED = "the login cannot be stored"

def later(text):
    print(f"{text}, try again later", file=sys.stderr)
    sys.exit(75)

def post(path, **form):
    """Returns the answer, or ends: only invalid_grant means that the login has ended."""
    try:
        data = urllib.parse.urlencode(form).encode()
        return urllib.request.urlopen(HALLPASS_URL + path, data, timeout=10).read()
    except (OSError, http.client.HTTPException) as error:
        if getattr(error, "code", 0) == 400 and b'"invalid_grant"' in error.read():
            sys.exit("log in again")
    later("Hallpass cannot be reached")

def store(answer):
    """Replaces the file in one step, readable by its owner only: a process that is killed here leaves the old one."""
    try:
        tokens = json.loads(answer)
        kept = {name: tokens[name] + "" for name in ("access_token", "refresh_token")}
        kept["expires_at"] = int(time.time()) + tokens["expires_in"]
    except (ValueError, TypeError, KeyError):
        later("this is not a token response")
    try:
        new = Path(f"{FILE}.new")
        new.write_text(json.dumps(kept))
        new.replace(FILE)
    except OSError:
        later(NOT_STORED)
    return kept

def load():
    try:
        kept = json.loads(FILE.read_text())
        return {"access_token": "", "expires_at": 0, **kept, "refresh_token": kept["refresh_token"] + ""}
    except (OSError, ValueError, TypeError, KeyError):
        sys.exit("log in again")

action = sys.argv[1] if len(sys.argv) == 2 else ""
if action not in ("login", "token", "logout"):
    print("usage: agent.py login | token | logout", file=sys.stderr)
    sys.exit(2)
os.umask(0o077)  # only the owner can read its files
try:
    lock = open(f"{FILE}.lock", "w")
except OSError:
    later(NOT_STORED)
with lock:
    fcntl.flock(lock, fcntl.LOCK_EX)  # the first process refreshes, and the others find what it stored
    if action == "login":
        store(sys.stdin.read())
    elif action == "token":
        kept = load()
        if kept["expires_at"] < time.time() + 61:
            kept = store(post("/token", grant_type="refresh_token", refresh_token=kept["refresh_token"]))
        print(kept["access_token"])
    else:
        post("/revoke", token=load()["refresh_token"])
        FILE.unlink()
