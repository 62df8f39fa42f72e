// Verifiers that fetch the public keys: jose, and oauth4webapi, the base of openid-client.
import assert from 'node:assert/strict'
import { createRemoteJWKSet, errors, jwtVerify } from 'jose'
import * as oauth from 'oauth4webapi'
import { login, metadata, rotateKeys, run, server } from './support.mjs'

const keySet = async (options) => createRemoteJWKSet(new URL((await metadata()).jwks_uri), options)

const expected = () => ({
  issuer: server.issuer,
  audience: server.audience,
  typ: 'at+jwt',
  algorithms: [server.alg],
  requiredClaims: ['sub', 'sid', 'iat', 'exp', 'jti', 'auth_time'],
})

/** Returns the token with another signature. */
function forged(token) {
  const [header, claims, signature] = token.split('.')
  const bytes = Buffer.from(signature, 'base64url')
  bytes[10] ^= 1
  return [header, claims, bytes.toString('base64url')].join('.')
}

async function jose_verifies() {
  const keys = await keySet()
  const session = await login('local', { subject: 'alice', claims: { role: 'admin' } })
  const token = session.access_token
  const { payload, protectedHeader } = await jwtVerify(token, keys, expected())
  assert.deepEqual([payload.sub, payload.sid, payload.role], ['alice', session.session_id, 'admin'])
  assert.equal(payload.exp - payload.iat, 900)
  assert.deepEqual([protectedHeader.alg, protectedHeader.typ], [server.alg, 'at+jwt'])

  const wrong = [
    [{ issuer: 'https://elsewhere.example' }, errors.JWTClaimValidationFailed],
    [{ audience: 'elsewhere' }, errors.JWTClaimValidationFailed],
    [{ typ: 'JWT' }, errors.JWTClaimValidationFailed],
    [{ algorithms: ['HS256'] }, errors.JOSEAlgNotAllowed],
    [{ currentDate: new Date(Date.now() + 901_000) }, errors.JWTExpired],
  ]
  for (const [change, error] of wrong) {
    await assert.rejects(jwtVerify(token, keys, { ...expected(), ...change }), error)
  }
  await assert.rejects(jwtVerify(forged(token), keys, expected()), errors.JWSSignatureVerificationFailed)
}

async function jose_follows_a_rotation() {
  const keys = await keySet({ cooldownDuration: 0 })
  const before = (await login('local')).access_token
  const old = await jwtVerify(before, keys, expected())
  await rotateKeys()
  const after = (await login('local')).access_token
  const young = await jwtVerify(after, keys, expected())
  assert.notEqual(young.protectedHeader.kid, old.protectedHeader.kid)
  await jwtVerify(before, keys, expected())
}

/** Checks all of RFC 9068, which demands client_id: sessions of a confidential client have it. */
async function oauth4webapi_accepts_an_rfc_9068_token() {
  const insecure = { [oauth.allowInsecureRequests]: true }
  const as = await metadata()
  const request = (token) => new Request('https://api.example/', { headers: { authorization: `Bearer ${token}` } })
  const session = await login('shop-front.v1_x')
  const claims = await oauth.validateJwtAccessToken(as, request(session.access_token), server.audience, insecure)
  assert.deepEqual([claims.sub, claims.client_id, claims.sid], ['alice', 'shop-front.v1_x', session.session_id])
  for (const [token, audience] of [
    [session.access_token, 'elsewhere'],
    [forged(session.access_token), server.audience],
  ]) {
    await assert.rejects(oauth.validateJwtAccessToken(as, request(token), audience, insecure))
  }
}

await run({ jose_verifies, jose_follows_a_rotation, oauth4webapi_accepts_an_rfc_9068_token })
