// What the scripts share: the server under test, an application that logs users in, and expectations of errors.
// Called as `node SCRIPT SCENARIO FACTS`; the facts are JSON.
import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { connect } from 'node:net'

const [, , scenario, facts] = process.argv

/** issuer, audience, alg, secrets by client, and paths: program, keyring, socket; redis is a process id. */
export const server = JSON.parse(facts)

/** Runs the scenario that the command line names. */
export async function run(scenarios) {
  assert.ok(scenario in scenarios, `no scenario ${scenario}`)
  await scenarios[scenario]()
}

/** The token response of a new session, which the application `id` begins for alice. */
export async function login(id, members = {}) {
  const response = await fetch(`${server.issuer}/sessions`, {
    method: 'POST',
    headers: {
      authorization: `Basic ${btoa(`${id}:${server.secrets[id]}`)}`,
      'content-type': 'application/json',
    },
    body: JSON.stringify({ subject: 'alice', ...members }),
  })
  assert.equal(response.status, 201)
  return response.json()
}

/** The authorization server's metadata. */
export async function metadata() {
  const response = await fetch(`${server.issuer}/.well-known/oauth-authorization-server`)
  assert.equal(response.status, 200)
  return response.json()
}

/** Replaces the signing key at once. */
export async function rotateKeys() {
  execFileSync(server.program, ['keys', 'rotate', '--keyring', server.keyring, '--alg', server.alg, '--activate-in', '0s'])
  assert.equal(await redis('AUTH.RELOAD'), '+OK\r\n')
}

/** The access token of a session that no client issued: the application sent the command itself. */
export async function withoutClientId() {
  return (await redis('AUTH.ISSUE auth:alice')).match(/eyJ[\w.-]+/)[0]
}

/** The beginning of the reply to a command. */
function redis(command) {
  return new Promise((resolve, reject) => {
    const socket = connect(server.socket, () => socket.write(`${command}\r\n`))
    socket.once('error', reject)
    socket.once('data', (reply) => {
      socket.destroy()
      resolve(reply.toString())
    })
  })
}

/** Does `work` while Redis answers nobody. */
export async function whileRedisHangs(work) {
  process.kill(server.redis, 'SIGSTOP')
  try {
    await work()
  } finally {
    process.kill(server.redis, 'SIGCONT')
  }
}
