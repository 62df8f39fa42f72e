"""Shared by the scripts: the server under test, an application that logs users in, and events of the server.

Called as `python SCRIPT SCENARIO FACTS`; the facts are JSON.
"""

import json
import os
import signal
import socket
import subprocess
import sys
from contextlib import contextmanager

import requests

# issuer, audience, alg, secrets by client, and paths: program, keyring, socket; redis is a process id.
SERVER = json.loads(sys.argv[2])
ISSUER = SERVER.get("issuer")
SECRETS = SERVER.get("secrets")


def run(*scenarios):
    """Runs the scenario that the command line names."""
    {scenario.__name__: scenario for scenario in scenarios}[sys.argv[1]]()


def login(client, **members):
    """Returns the token response of a new session of alice, issued by the application `client`."""
    response = requests.post(
        f"{ISSUER}/sessions",
        json={"subject": "alice"} | members,
        auth=(client, SECRETS[client]),
        timeout=30,
    )
    assert response.status_code == 201, response.text
    return response.json()


def metadata():
    """Returns the authorization server's metadata."""
    response = requests.get(f"{ISSUER}/.well-known/oauth-authorization-server", timeout=30)
    response.raise_for_status()
    return response.json()


def rotate_keys():
    """Replaces the signing key at once."""
    rotate = ["keys", "rotate", "--keyring", SERVER["keyring"], "--alg", SERVER["alg"], "--activate-in", "0s"]
    subprocess.run([SERVER["program"], *rotate], check=True)
    assert redis_command("AUTH.RELOAD") == b"+OK\r\n"


def without_client_id():
    """Returns the access token of a session that no client issued: the application sent the command itself."""
    reply = redis_command("AUTH.ISSUE auth:alice")
    [token] = [line for line in reply.decode().split("\r\n") if line.startswith("eyJ")]
    return token


def redis_command(command):
    """Returns the beginning of the reply to a command."""
    with socket.socket(socket.AF_UNIX) as redis:
        redis.settimeout(30)
        redis.connect(SERVER["socket"])
        redis.sendall(f"{command}\r\n".encode())
        return redis.recv(8192)


@contextmanager
def redis_hangs():
    """Lets Redis hang meanwhile."""
    os.kill(SERVER["redis"], signal.SIGSTOP)
    try:
        yield
    finally:
        os.kill(SERVER["redis"], signal.SIGCONT)


@contextmanager
def raises(kind, matching=lambda error: True):
    """Expects an exception of this kind that matches."""
    try:
        yield
    except kind as error:
        assert matching(error), repr(error)
    else:
        raise AssertionError(f"no {kind}")
