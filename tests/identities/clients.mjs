// openid-client and oauth4webapi make the token exchange grant as they are. Called as `node clients.mjs FACTS`; the facts
// are JSON: issuer, tokens (one for each exchange), audience, secret (of the client bff).
import assert from 'node:assert/strict'
import * as oauth from 'oauth4webapi'
import * as client from 'openid-client'

const facts = JSON.parse(process.argv[2])
const EXCHANGE = 'urn:ietf:params:oauth:grant-type:token-exchange'
const ID_TOKEN = 'urn:ietf:params:oauth:token-type:id_token'
const ACCESS_TOKEN = 'urn:ietf:params:oauth:token-type:access_token'
const tokens = facts.tokens.values()

const parameters = (subject_token) => ({ subject_token, subject_token_type: ID_TOKEN })

for (const [id, authentication] of [
  ['spa', client.None()],
  ['bff', client.ClientSecretBasic(facts.secret)],
  ['bff', client.ClientSecretPost(facts.secret)],
]) {
  const config = await client.discovery(new URL(facts.issuer), id, undefined, authentication, {
    algorithm: 'oauth2',
    execute: [client.allowInsecureRequests],
  })
  assert.ok(config.serverMetadata().grant_types_supported.includes(EXCHANGE))
  const token = tokens.next().value
  const session = await client.genericGrantRequest(config, EXCHANGE, parameters(token))
  assert.equal(session.token_type, 'bearer')
  assert.equal(session.issued_token_type, ACCESS_TOKEN)
  const next = await client.refreshTokenGrant(config, session.refresh_token)
  assert.equal(next.session_id, session.session_id)
  for (const [wrong, error] of [[token, 'invalid_grant'], ['nonsense', 'invalid_request']]) {
    await assert.rejects(client.genericGrantRequest(config, EXCHANGE, parameters(wrong)), (thrown) => {
      assert.ok(thrown instanceof client.ResponseBodyError, String(thrown))
      assert.deepEqual([thrown.status, thrown.error], [400, error])
      return true
    })
  }
}

const insecure = { [oauth.allowInsecureRequests]: true }
const issuer = new URL(facts.issuer)
const found = await oauth.discoveryRequest(issuer, { ...insecure, algorithm: 'oauth2' })
const server = await oauth.processDiscoveryResponse(issuer, found)
const [application, none] = [{ client_id: 'spa' }, oauth.None()]
const request = { ...parameters(tokens.next().value), requested_token_type: ACCESS_TOKEN, audience: facts.audience }
const response = await oauth.genericTokenEndpointRequest(server, application, none, EXCHANGE, request, insecure)
const session = await oauth.processGenericTokenEndpointResponse(server, application, response)
assert.equal(session.issued_token_type, ACCESS_TOKEN)
assert.ok(session.access_token && session.refresh_token)
