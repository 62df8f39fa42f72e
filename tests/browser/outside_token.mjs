/** A token of an outside identity provider logs in, once, and the session is like any other. */

import assert from "node:assert/strict";
import { generateKeyPairSync, sign } from "node:crypto";
import { once } from "node:events";
import { createServer } from "node:http";
import { cookie, countSessions, noted, openTab, run, until } from "./support.mjs";

const { ISSUER } = process.env;
const { publicKey, privateKey } = generateKeyPairSync("ec", { namedCurve: "P-256" });

/** Returns an ID token for the user 7, with these claims besides. */
function idToken(more) {
  const now = Math.floor(Date.now() / 1000);
  const claims = { iss: ISSUER, aud: "app", sub: "7", name: "Ada", iat: now, exp: now + 300, ...more };
  const part = (value) => Buffer.from(JSON.stringify(value)).toString("base64url");
  const text = `${part({ alg: "ES256", kid: "k1" })}.${part(claims)}`;
  const signature = sign("sha256", Buffer.from(text), { key: privateKey, dsaEncoding: "ieee-p1363" });
  return `${text}.${signature.toString("base64url")}`;
}

await run(async (browser, line) => {
  const keys = [{ ...publicKey.export({ format: "jwk" }), kid: "k1", alg: "ES256", use: "sig" }];
  const issuer = createServer((_, response) => response.writeHead(200, { "Content-Type": "application/json" }).end(JSON.stringify({ keys })));
  issuer.unref().listen(Number(new URL(ISSUER).port), "127.0.0.1");
  await once(issuer, "listening");

  const page = await openTab(browser, line);
  const login = (credentials) =>
    page.evaluate(async (it) => hallpass.login(it).then(() => "logged in", ({ code, message }) => `${code}: ${message}`), credentials);
  const token = idToken({ nonce: "n1" });
  assert.match(await login({ subject_token: token, nonce: "n2" }), /^invalid_request: .*nonce/);
  assert.equal(await login({ subject_token: token, nonce: "n1" }), "logged in");
  await page.waitForSelector("#session:not([hidden])");
  await until("the API was called", async () => (await noted(page, "Hello Ada")) === 1);
  const { httpOnly, sameSite } = await cookie(browser, line);
  assert.deepEqual([httpOnly, sameSite], [true, "Strict"]);

  await page.reload();
  await page.waitForSelector("#session:not([hidden])");
  await page.click("#logout");
  await page.waitForSelector("#login:not([hidden])");
  assert.equal(await countSessions("7"), 0);
  assert.match(await login({ subject_token: token, nonce: "n1" }), /^invalid_grant: /);
  assert.equal(await cookie(browser, line), undefined);
  assert.equal(await login({ subject_token: idToken(), subject_token_type: "urn:ietf:params:oauth:token-type:jwt" }), "logged in");
});
