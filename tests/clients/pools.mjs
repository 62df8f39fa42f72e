// The pools of ioredis and node-redis, logged in with roles of examples/users.acl.
import assert from 'node:assert/strict'
import Redis from 'ioredis'
import { createClientPool, createCluster, createSentinel } from 'redis'
import { run, server as servers } from './support.mjs'

const as = (username) => ({ username, password: servers.password })

/** Each opens a pool as a role. A pool sends a command (`send`) or a transaction on one key (`transact`), and closes. */
const pools = {
  ioredis_single: async (role) => ioredis(new Redis({ ...servers.single, ...as(role), db: 1, connectionName: role })),
  ioredis_sentinel: async (role) =>
    ioredis(new Redis({ sentinels: servers.sentinels, name: servers.master, ...as(role), db: 1 })),
  ioredis_cluster: async (role) => ioredis(new Redis.Cluster(servers.cluster, { redisOptions: as(role), scaleReads: 'all' })),
  node_redis_single: async (role) => {
    const options = { socket: servers.single, ...as(role), database: 1, name: role }
    return nodeRedis(createClientPool(options, { minimum: 3 }), (_, args) => [args])
  },
  node_redis_sentinel: async (role) => {
    const nodeClientOptions = { ...as(role), database: 1 }
    const nodes = { name: servers.master, sentinelRootNodes: servers.sentinels }
    // One connection for each user: with fewer, those that wait are never woken.
    return nodeRedis(createSentinel({ ...nodes, nodeClientOptions, masterPoolSize: 8 }), (_, args) => [false, args])
  },
  node_redis_cluster: async (role) => {
    const rootNodes = servers.cluster.map((socket) => ({ socket }))
    return nodeRedis(createCluster({ rootNodes, defaults: as(role), useReplicas: true }), (key, args) => [key, false, args])
  },
}

function ioredis(client) {
  return {
    send: (key, ...args) => client.call(...args),
    transact: async (key, commands) => {
      const answers = await commands.reduce((multi, args) => multi.call(...args), client.multi()).exec()
      return answers.map(([error, answer]) => assert.ifError(error) ?? answer)
    },
    close: () => client.quit(),
  }
}

async function nodeRedis(client, routed) {
  client.on('error', () => {})
  await client.connect()
  return {
    send: (key, ...args) => client.sendCommand(...routed(key, args)),
    transact: (key, commands) =>
      commands.reduce((multi, args) => multi.addCommand(...routed(key, args)), client.multi()).exec(),
    close: () => client.close(),
  }
}

/** Eight users at once log in, are verified by another program, stay logged in, and log out. */
async function drill(open) {
  const [app, verifier] = await Promise.all([open('app'), open('verifier')])
  await Promise.all(Array.from({ length: 8 }, (_, user) => session(app, verifier, `auth:pool${user}`)))
  await Promise.all([app.close(), verifier.close()])
}

async function session(app, verifier, key) {
  const tokens = JSON.parse(await app.send(key, 'AUTH.ISSUE', key, 'FORMAT', 'JSON'))
  const next = JSON.parse(await app.send(key, 'AUTH.REFRESH', key, tokens.refresh_token, 'FORMAT', 'JSON'))
  const claims = JSON.parse(await verifier.send(key, 'AUTH.VERIFY', key, next.access_token))
  assert.equal(claims.sid, tokens.session_id)
  const [ended] = await app.transact(key, [['AUTH.REVOKE', key, 'SESSION', claims.sid], ['AUTH.SESSIONS', key]])
  assert.equal(ended, 1)
  if (!servers.cluster) await app.send(key, 'WAIT', '0', '100')
  await assert.rejects(verifier.send(key, 'AUTH.VERIFY', key, next.access_token), /NOSESSION/)
}

// A pool that hangs fails.
setTimeout(() => process.exit(2), 120_000).unref()
await run(Object.fromEntries(Object.entries(pools).map(([name, open]) => [name, () => drill(open)])))
process.exit()
