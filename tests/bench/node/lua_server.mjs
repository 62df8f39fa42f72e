// POST /token in plain Node.js: rotation by the Lua script, access tokens signed with EdDSA by node:crypto.
//
//   node lua_server.mjs <redis socket> <number of sessions>
//
// Prints one line of JSON: the port, and a refresh token (user.session.random) for each session. Ends with its standard
// input.

import { createHash, generateKeyPairSync, randomBytes, sign } from "node:crypto";
import { readFileSync } from "node:fs";
import { createServer } from "node:http";
import Redis from "ioredis";

const [socket, sessions] = process.argv.slice(2);
// The process that started it holds the other end.
process.stdin.on("end", () => process.exit()).resume();
const ACCESS_TTL = 900;
const REFRESH_TTL = 1209600;
const { privateKey } = generateKeyPairSync("ed25519");
const header = base64({ typ: "at+jwt", alg: "EdDSA", kid: "sig-1" });
const redis = new Redis(socket);
const script = await redis.script("LOAD", readFileSync(new URL("../alternatives/rotate.lua", import.meta.url), "utf8"));

function base64(value) {
  return Buffer.from(JSON.stringify(value)).toString("base64url");
}

function hash(token) {
  return createHash("sha256").update(token).digest();
}

function refreshToken(user, sid) {
  return `${user}.${sid}.${randomBytes(32).toString("base64url")}`;
}

function accessToken(sub, sid) {
  const iat = Math.floor(Date.now() / 1000);
  const claims = { sub, sid, iat, exp: iat + ACCESS_TTL, jti: randomBytes(16).toString("base64url") };
  const text = `${header}.${base64(claims)}`;
  return `${text}.${sign(null, Buffer.from(text), privateKey).toString("base64url")}`;
}

async function login(user) {
  const sid = randomBytes(16).toString("base64url");
  const token = refreshToken(user, sid);
  await redis.hset(`sessions:${user}`, sid, hash(token));
  return token;
}

/** Returns the answer to a form: status and body. */
async function answer(form) {
  const token = form.get("refresh_token") ?? "";
  const [user, sid] = token.split(".");
  const next = refreshToken(user, sid);
  try {
    await redis.evalsha(script, 1, `sessions:${user}`, sid, hash(token), hash(next), REFRESH_TTL * 1000);
  } catch (error) {
    return [400, { error: "invalid_grant", error_description: error.message }];
  }
  const access_token = accessToken(user, sid);
  return [200, { access_token, token_type: "Bearer", expires_in: ACCESS_TTL, refresh_token: next }];
}

const server = createServer(async (request, response) => {
  let body = "";
  for await (const chunk of request) body += chunk;
  const [status, json] = await answer(new URLSearchParams(body));
  const text = JSON.stringify(json);
  response.writeHead(status, {
    "content-type": "application/json",
    "content-length": Buffer.byteLength(text),
    "cache-control": "no-store",
  });
  response.end(text);
});

const tokens = [];
for (let user = 0; user < Number(sessions); user++) tokens.push(await login(user));
server.listen(0, "127.0.0.1", () => {
  console.log(JSON.stringify({ port: server.address().port, tokens }));
});
