"""PyJWT: a verifier that fetches the public keys with PyJWKClient."""

import base64

import jwt

from support import ISSUER, SERVER, login, metadata, raises, rotate_keys, run

REQUIRED = ["iss", "aud", "sub", "sid", "iat", "exp", "jti", "auth_time"]


def decode(keys, token, **changes):
    """Returns header and claims of a valid token."""
    expected = {
        "algorithms": [SERVER["alg"]],
        "issuer": ISSUER,
        "audience": SERVER["audience"],
        "options": {"require": REQUIRED},
    }
    return jwt.decode_complete(token, keys.get_signing_key_from_jwt(token), **(expected | changes))


def forged(token):
    """Returns the token with another signature."""
    head, _, signature = token.rpartition(".")
    octets = bytearray(base64.urlsafe_b64decode(signature + "=" * (-len(signature) % 4)))
    octets[10] ^= 1
    return f"{head}.{base64.urlsafe_b64encode(octets).decode().rstrip('=')}"


def verifies():
    keys = jwt.PyJWKClient(metadata()["jwks_uri"])
    issued = login("local", claims={"role": "admin"})
    token = issued["access_token"]
    decoded = decode(keys, token)
    claims, header = decoded["payload"], decoded["header"]
    assert (claims["sub"], claims["sid"], claims["role"]) == ("alice", issued["session_id"], "admin")
    assert (header["alg"], header["typ"]) == (SERVER["alg"], "at+jwt")
    for changes, error in [
        ({"issuer": "https://elsewhere.example"}, jwt.InvalidIssuerError),
        ({"audience": "elsewhere"}, jwt.InvalidAudienceError),
        ({"algorithms": ["HS256"]}, jwt.InvalidAlgorithmError),
        ({"leeway": -901, "options": {"verify_iat": False}}, jwt.ExpiredSignatureError),
    ]:
        with raises(error):
            decode(keys, token, **changes)
    with raises(jwt.InvalidSignatureError):
        decode(keys, forged(token))


def follows_a_rotation():
    keys = jwt.PyJWKClient(metadata()["jwks_uri"], cooldown_duration=0)
    before = login("local")["access_token"]
    old = decode(keys, before)["header"]["kid"]
    rotate_keys()
    after = login("local")["access_token"]
    assert decode(keys, after)["header"]["kid"] != old
    assert decode(keys, before)["header"]["kid"] == old


run(verifies, follows_a_rotation)
