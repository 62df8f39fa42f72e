// openid-client: discovery, refresh grant, introspection, revocation.
import assert from 'node:assert/strict'
import * as client from 'openid-client'
import { login, run, server, whileRedisHangs } from './support.mjs'

const APPLICATION = 'shop-front.v1_x'

/** Returns both ways to send the secret of `id`. */
const credentials = (id) => [
  client.ClientSecretBasic(server.secrets[id]),
  client.ClientSecretPost(server.secrets[id]),
]

const configured = (id, authentication, more = {}) =>
  client.discovery(new URL(server.issuer), id, undefined, authentication, {
    algorithm: 'oauth2',
    execute: [client.allowInsecureRequests],
    ...more,
  })

/** Expects an OAuth error in the body. */
const refused = (promise, status, error) =>
  assert.rejects(promise, (thrown) => {
    assert.ok(thrown instanceof client.ResponseBodyError, String(thrown))
    assert.deepEqual([thrown.status, thrown.error], [status, error])
    return true
  })

/** Expects 401 with a challenge, which this client reports in place of the body. */
const challenged = (promise) =>
  assert.rejects(promise, (thrown) => {
    assert.ok(thrown instanceof client.WWWAuthenticateChallengeError, String(thrown))
    assert.equal(thrown.status, 401)
    assert.equal(thrown.cause[0].scheme, 'basic')
    return true
  })

async function discovers() {
  const urls = [
    [server.issuer, 'oauth2'],
    [server.issuer, 'oidc'],
    [`${server.issuer}/.well-known/oauth-authorization-server`],
    [`${server.issuer}/.well-known/openid-configuration`],
  ]
  for (const [url, algorithm] of urls) {
    const config = await client.discovery(new URL(url), 'local', undefined, client.None(), {
      algorithm,
      execute: [client.allowInsecureRequests],
    })
    const found = config.serverMetadata()
    assert.equal(found.issuer, server.issuer)
    assert.equal(found.token_endpoint, `${server.issuer}/token`)
    assert.equal(found.introspection_endpoint, `${server.issuer}/introspect`)
    assert.equal(found.revocation_endpoint, `${server.issuer}/revoke`)
    assert.deepEqual(found.grant_types_supported, ['refresh_token'])
    assert.equal(found.authorization_endpoint, undefined)
  }
}

async function refreshes() {
  for (const authentication of [...credentials('local'), client.None()]) {
    const config = await configured('local', authentication)
    const first = await login('local', { claims: { scope: 'read write' } })
    const second = await client.refreshTokenGrant(config, first.refresh_token)
    assert.equal(second.token_type, 'bearer')
    assert.equal(second.scope, 'read write')
    assert.ok(second.expiresIn() > 890 && second.expiresIn() <= 900, `${second.expiresIn()}`)
    assert.notEqual(second.refresh_token, first.refresh_token)

    const again = await client.refreshTokenGrant(config, first.refresh_token)
    assert.equal(again.refresh_token, second.refresh_token)

    const scoped = await client.refreshTokenGrant(config, second.refresh_token, { scope: 'read' })
    await refused(client.refreshTokenGrant(config, scoped.refresh_token, { scope: 'delete' }), 400, 'invalid_scope')
    const last = await client.refreshTokenGrant(config, scoped.refresh_token)

    await refused(client.refreshTokenGrant(config, first.refresh_token), 400, 'invalid_grant')
    await refused(client.refreshTokenGrant(config, last.refresh_token), 400, 'invalid_grant')
    await refused(client.refreshTokenGrant(config, 'nonsense'), 400, 'invalid_grant')
  }
}

async function refreshes_a_bound_session() {
  let { refresh_token } = await login(APPLICATION)
  for (const authentication of credentials(APPLICATION)) {
    const config = await configured(APPLICATION, authentication)
    refresh_token = (await client.refreshTokenGrant(config, refresh_token)).refresh_token
  }
  const other = await configured('local', credentials('local')[0])
  await refused(client.refreshTokenGrant(other, refresh_token), 400, 'invalid_grant')
  for (const wrong of [client.ClientSecretBasic('wrong'), client.ClientSecretPost('wrong'), client.None()]) {
    await challenged(client.refreshTokenGrant(await configured(APPLICATION, wrong), refresh_token))
  }
  const config = await configured(APPLICATION, credentials(APPLICATION)[0])
  await client.refreshTokenGrant(config, refresh_token)
}

async function introspects() {
  for (const authentication of credentials(APPLICATION)) {
    const config = await configured(APPLICATION, authentication)
    const session = await login(APPLICATION, { claims: { scope: 'read', role: 'admin' } })

    const access = await client.tokenIntrospection(config, session.access_token)
    assert.equal(access.active, true)
    assert.deepEqual(
      [access.sub, access.sid, access.iss, access.aud, access.client_id, access.scope, access.role, access.token_use],
      ['alice', session.session_id, server.issuer, server.audience, APPLICATION, 'read', 'admin', 'access_token'],
    )
    const hinted = await client.tokenIntrospection(config, session.access_token, { token_type_hint: 'access_token' })
    assert.deepEqual(hinted, access)

    const hint = { token_type_hint: 'refresh_token' }
    const refresh = await client.tokenIntrospection(config, session.refresh_token, hint)
    assert.deepEqual([refresh.active, refresh.sub, refresh.token_use], [true, 'alice', 'refresh_token'])
    for (const [token, parameters] of [[session.refresh_token], ['nonsense'], ['hp1.a.b.c.d.e', hint]]) {
      assert.deepEqual(await client.tokenIntrospection(config, token, parameters), { active: false })
    }
  }
  const { access_token } = await login('local')
  for (const wrong of [client.ClientSecretBasic('wrong'), client.ClientSecretPost('wrong'), client.None()]) {
    await challenged(client.tokenIntrospection(await configured('local', wrong), access_token))
  }
  for (const authentication of credentials('issue-only')) {
    const config = await configured('issue-only', authentication)
    await assert.rejects(client.tokenIntrospection(config, access_token), { status: 403 })
  }
}

async function revokes() {
  const asking = await configured('local', credentials('local')[0])
  for (const authentication of [...credentials('local'), client.None()]) {
    const config = await configured('local', authentication)
    for (const [kind, hint] of [
      ['refresh_token', 'refresh_token'],
      ['access_token', 'access_token'],
      ['refresh_token', 'access_token'],
      ['access_token', undefined],
    ]) {
      const session = await login('local')
      await client.tokenRevocation(config, session[kind], hint ? { token_type_hint: hint } : undefined)
      await refused(client.refreshTokenGrant(config, session.refresh_token), 400, 'invalid_grant')
      assert.deepEqual(await client.tokenIntrospection(asking, session.access_token), { active: false })
      await client.tokenRevocation(config, session[kind])
    }
    await client.tokenRevocation(config, 'nonsense')
  }
  const session = await login(APPLICATION)
  await client.tokenRevocation(asking, session.refresh_token)
  const config = await configured(APPLICATION, credentials(APPLICATION)[0])
  const next = await client.refreshTokenGrant(config, session.refresh_token)
  await challenged(client.tokenRevocation(await configured(APPLICATION, client.None()), next.refresh_token))
  await client.tokenRevocation(config, next.refresh_token)
  await refused(client.refreshTokenGrant(config, next.refresh_token), 400, 'invalid_grant')
}

async function is_not_logged_out_by_an_outage() {
  const config = await configured('local', credentials('local')[0])
  const [session, leaving] = [await login('local'), await login('local')]
  await whileRedisHangs(async () => {
    const calls = await Promise.allSettled([
      client.refreshTokenGrant(config, session.refresh_token),
      client.tokenIntrospection(config, session.access_token),
      client.tokenRevocation(config, leaving.refresh_token),
    ])
    assert.deepEqual(calls.map(({ reason }) => reason?.cause?.status), [503, 503, 503])
  })
  await client.refreshTokenGrant(config, session.refresh_token)
}

await run({
  discovers,
  refreshes,
  refreshes_a_bound_session,
  introspects,
  revokes,
  is_not_logged_out_by_an_outage,
})
