"""Verifiers of Python, set up as in their own documentation: with the address of the public keys, the issuer, the audience and
the name of the algorithm. Prints JSON: for each library whether it takes an access token, and whether it takes one without
client_id.
"""

import base64
import json

import jwt
import requests
from authlib.oauth2.rfc9068 import JWTBearerTokenValidator
from joserfc import jwt as joserfc_jwt
from joserfc.jwk import KeySet
from jose import jwt as python_jose

from support import ISSUER, SERVER, login, metadata, run, without_client_id

JWKS_URI = metadata()["jwks_uri"]


def public_keys():
    return requests.get(JWKS_URI, timeout=30).json()


def pyjwt(token, audience):
    key = jwt.PyJWKClient(JWKS_URI).get_signing_key_from_jwt(token)
    jwt.decode(token, key, algorithms=[SERVER["alg"]], issuer=ISSUER, audience=audience)


def joserfc(token, audience):
    decoded = joserfc_jwt.decode(token, KeySet.import_key_set(public_keys()), algorithms=[SERVER["alg"]])
    claims = joserfc_jwt.JWTClaimsRegistry(
        iss={"essential": True, "value": ISSUER}, aud={"essential": True, "value": audience}
    )
    claims.validate(decoded.claims)


def authlib(token, audience):
    class Validator(JWTBearerTokenValidator):
        def get_jwks(self):
            return public_keys()

    validator = Validator(ISSUER, audience)
    validator.validate_token(validator.authenticate_token(token), None, None)


def jose(token, audience):
    python_jose.decode(token, public_keys(), algorithms=[SERVER["alg"]], issuer=ISSUER, audience=audience)


LIBRARIES = {"PyJWT": pyjwt, "joserfc": joserfc, "Authlib": authlib, "python-jose": jose}


def accepts(library, token, audience):
    """Returns whether a library accepts a token for an audience."""
    try:
        LIBRARIES[library](token, audience)
    except Exception:
        return False
    return True


def forged(token):
    """Returns the token with another signature."""
    head, _, signature = token.rpartition(".")
    octets = bytearray(base64.urlsafe_b64decode(signature + "=" * (-len(signature) % 4)))
    octets[10] ^= 1
    return f"{head}.{base64.urlsafe_b64encode(octets).decode().rstrip('=')}"


def all():
    token, bare = login("shop-front.v1_x")["access_token"], without_client_id()
    accepted = {}
    for library in LIBRARIES:
        accepted[library] = [accepts(library, each, SERVER["audience"]) for each in (token, bare)]
        assert not accepts(library, forged(token), SERVER["audience"]), library
        assert not accepts(library, token, "elsewhere"), library
    print(json.dumps(accepted))


run(all)
