"""Authlib: OAuth2Session, and validators for resource servers."""

import os
import time

# The server under test speaks plain HTTP on the loopback.
os.environ["AUTHLIB_INSECURE_TRANSPORT"] = "true"

import requests
from authlib.integrations.base_client import OAuthError
from authlib.integrations.requests_client import OAuth2Session
from authlib.oauth2.rfc6750 import InvalidTokenError
from authlib.oauth2.rfc7662 import IntrospectTokenValidator
from authlib.oauth2.rfc8414 import AuthorizationServerMetadata, get_well_known_url
from authlib.oauth2.rfc9068 import JWTBearerTokenValidator

from support import ISSUER, SECRETS, SERVER, login, metadata, raises, redis_hangs, run

APPLICATION = "shop-front.v1_x"
METHODS = ["client_secret_basic", "client_secret_post", "none"]


def session(client, method="client_secret_basic", secret=None, **more):
    """Returns a session of Authlib that authenticates in this way."""
    return OAuth2Session(
        client,
        None if method == "none" else secret or SECRETS[client],
        token_endpoint_auth_method=method,
        revocation_endpoint_auth_method=method,
        default_timeout=30,
        **more,
    )


def refused(error):
    """Expects this OAuth error."""
    return raises(OAuthError, lambda raised: raised.error == error)


def discovers():
    for suffix in ["oauth-authorization-server", "openid-configuration"]:
        url = get_well_known_url(ISSUER, external=True, suffix=suffix)
        found = AuthorizationServerMetadata(requests.get(url, timeout=30).json())
        found.validate()
        assert found["issuer"] == ISSUER
        assert found["token_endpoint"] == f"{ISSUER}/token"


def refreshes():
    url = metadata()["token_endpoint"]
    for method in METHODS:
        oauth = session("local", method)
        first = login("local", claims={"scope": "read write"})
        second = oauth.refresh_token(url, refresh_token=first["refresh_token"])
        assert second["token_type"] == "Bearer" and second["scope"] == "read write"
        assert 890 < second["expires_at"] - time.time() <= 900, second
        assert second["refresh_token"] != first["refresh_token"]
        again = oauth.refresh_token(url, refresh_token=first["refresh_token"])
        assert again["refresh_token"] == second["refresh_token"]
        third = oauth.refresh_token(url, scope="read")
        with refused("invalid_scope"):
            oauth.refresh_token(url, refresh_token=third["refresh_token"], scope="delete")
        fourth = oauth.refresh_token(url, refresh_token=third["refresh_token"])
        for gone in [first["refresh_token"], fourth["refresh_token"], "nonsense"]:
            with refused("invalid_grant"):
                oauth.refresh_token(url, refresh_token=gone)


def refreshes_a_bound_session():
    url = metadata()["token_endpoint"]
    token = login(APPLICATION)["refresh_token"]
    for method in METHODS[:2]:
        token = session(APPLICATION, method).refresh_token(url, refresh_token=token)["refresh_token"]
    with refused("invalid_grant"):
        session("local").refresh_token(url, refresh_token=token)
    for method in METHODS:
        with refused("invalid_client"):
            session(APPLICATION, method, "wrong").refresh_token(url, refresh_token=token)
    session(APPLICATION).refresh_token(url, refresh_token=token)


def refreshes_by_itself():
    """Sends a request with an expired access token: the session refreshes first, and tells the application."""
    updates = []
    first = login("local")
    oauth = session(
        "local",
        token=first | {"expires_at": int(time.time()) - 1},
        token_endpoint=metadata()["token_endpoint"],
        update_token=lambda token, refresh_token: updates.append((token, refresh_token)),
    )
    for _ in range(2):
        answer = oauth.get(f"{ISSUER}/verify")
        assert answer.status_code == 200 and answer.headers["X-Auth-Subject"] == "alice", answer.text
    [(token, refresh_token)] = updates
    assert refresh_token == first["refresh_token"] and token["refresh_token"] != refresh_token
    assert token["access_token"] != first["access_token"]


def introspects():
    url = metadata()["introspection_endpoint"]
    for method in METHODS[:2]:
        oauth = session(APPLICATION, method)
        issued = login(APPLICATION, claims={"scope": "read", "role": "admin"})
        access = oauth.introspect_token(url, token=issued["access_token"]).json()
        assert access["active"] is True and access["token_use"] == "access_token", access
        assert (access["sub"], access["client_id"], access["role"]) == ("alice", APPLICATION, "admin")
        hinted = oauth.introspect_token(url, token=issued["refresh_token"], token_type_hint="refresh_token")
        assert hinted.json()["active"] is True and hinted.json()["token_use"] == "refresh_token"
        for token in [issued["refresh_token"], "nonsense"]:
            assert oauth.introspect_token(url, token=token).json() == {"active": False}
    for method in METHODS:
        answer = session("local", method, "wrong").introspect_token(url, token=issued["access_token"])
        assert (answer.status_code, answer.json()["error"]) == (401, "invalid_client")
    answer = session("issue-only").introspect_token(url, token=issued["access_token"])
    assert (answer.status_code, answer.json()["error"]) == (403, "insufficient_scope")


def revokes():
    found = metadata()
    for method in METHODS:
        for kind, hint in [("refresh_token", "refresh_token"), ("access_token", "access_token"), ("access_token", None)]:
            issued = login("local")
            oauth = session("local", method)
            for _ in range(2):
                answer = oauth.revoke_token(found["revocation_endpoint"], token=issued[kind], token_type_hint=hint)
                assert answer.status_code == 200, answer.text
            with refused("invalid_grant"):
                oauth.refresh_token(found["token_endpoint"], refresh_token=issued["refresh_token"])
            verified = requests.get(
                f"{ISSUER}/verify", headers={"Authorization": f"Bearer {issued['access_token']}"}, timeout=30
            )
            assert verified.status_code == 401
        assert oauth.revoke_token(found["revocation_endpoint"], token="nonsense").status_code == 200


def protects_a_resource():
    """Checks both of Authlib's validators; RFC 9068 demands client_id, which sessions of a confidential client have."""
    found = metadata()
    issued = login(APPLICATION, claims={"scope": "read write", "roles": ["admin"]})

    class ByKeys(JWTBearerTokenValidator):
        def get_jwks(self):
            return requests.get(found["jwks_uri"], timeout=30).json()

    class ByAsking(IntrospectTokenValidator):
        def introspect_token(self, token_string):
            return session("local").introspect_token(found["introspection_endpoint"], token=token_string).json()

    for validator in [ByKeys(ISSUER, SERVER["audience"]), ByAsking()]:
        token = validator.authenticate_token(issued["access_token"])
        validator.validate_token(token, ["read"], None)
        assert (token["sub"], token["client_id"]) == ("alice", APPLICATION)
    elsewhere = ByKeys(ISSUER, "elsewhere")
    with raises(InvalidTokenError):
        elsewhere.validate_token(elsewhere.authenticate_token(issued["access_token"]), ["read"], None)
    session(APPLICATION).revoke_token(found["revocation_endpoint"], token=issued["refresh_token"])
    with raises(InvalidTokenError):
        ByAsking().validate_token(ByAsking().authenticate_token(issued["access_token"]), ["read"], None)


def is_not_logged_out_by_an_outage():
    url = metadata()["token_endpoint"]
    issued = login("local")
    oauth = session("local", token=issued)
    with redis_hangs():
        with raises(requests.HTTPError, lambda error: error.response.status_code == 503):
            oauth.refresh_token(url)
        assert oauth.token["refresh_token"] == issued["refresh_token"]
    assert oauth.refresh_token(url)["refresh_token"] != issued["refresh_token"]


run(
    discovers,
    refreshes,
    refreshes_a_bound_session,
    refreshes_by_itself,
    introspects,
    revokes,
    protects_a_resource,
    is_not_logged_out_by_an_outage,
)
