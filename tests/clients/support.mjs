// Shared by the scripts: the server under test, an application that logs users in, and expectations of errors.
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

/** Returns the token response of a new session of alice, issued by the application `id`. */
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

/** Returns the authorization server's metadata. */
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

/** Returns the access token of a session that no client issued: the application sent the command itself. */
export async function withoutClientId() {
  return (await redis('AUTH.ISSUE auth:alice')).match(/eyJ[\w.-]+/)[0]
}

/** Returns the beginning of the reply to a command. */
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

/** Runs `work` while Redis hangs. */
export async function whileRedisHangs(work) {
  process.kill(server.redis, 'SIGSTOP')
  try {
    await work()
  } finally {
    process.kill(server.redis, 'SIGCONT')
  }
}
