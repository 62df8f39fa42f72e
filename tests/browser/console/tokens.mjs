/** What a pasted token is, and why it would be refused. */

import assert from "node:assert/strict";
import { end, enter, go, issue, refresh, run, says, setClaims, steal, textOf, until, verify } from "./support.mjs";

/** The same token with another signature. */
const altered = (token) => `${token.slice(0, -6)}${token.endsWith("AAAAAA") ? "BBBBBB" : "AAAAAA"}`;

const encoded = (value) => Buffer.from(typeof value === "string" ? value : JSON.stringify(value)).toString("base64url");

/** A token of the same shape, signed by nobody. */
function forged(token, header, payload) {
  const [ours, claims] = token.split(".").slice(0, 2).map((part) => JSON.parse(Buffer.from(part, "base64url")));
  return `${encoded({ ...ours, ...header })}.${encoded({ ...claims, ...payload })}.${encoded("signature")}`;
}

await run(async (browser) => {
  const page = await enter(browser, "token");

  async function inspect(token, ...words) {
    await page.fill("#token", token);
    await page.click("main button[type=submit]");
    await page.waitForSelector(".verdict");
    await says(page, ".result", words[0]);
    const text = await textOf(page, ".result");
    for (const word of words) assert.ok(text.includes(word), `${word}: ${text}`);
    await page.evaluate(() => document.querySelector(".result").replaceChildren());
  }

  // Access tokens.
  const session = await issue({ subject: "ada", claims: { role: "admin", scope: "read" }, audience: "shop" });
  await inspect(session.access_token, "Would be accepted", "User ada", session.session_id, "Audience shop", "Scope read", "EdDSA", "in 15 minutes");
  await inspect(`  ${session.access_token}\n`, "Would be accepted");
  await inspect(altered(session.access_token), "Would be refused", "Its key is known, so it was altered", "What it says of itself", "Nobody vouches for any of this");
  await inspect(forged(session.access_token, { kid: "elsewhere" }), "The key that it names is not in the ring");
  await inspect(forged(session.access_token, { alg: "none" }), "Its algorithm is not that of its key.");
  await inspect(forged(session.access_token, { typ: "logout+jwt" }), "does not say that it is an access token");
  await inspect(forged(session.access_token, {}, { iss: "https://evil.example" }), "Its issuer is not this server's.", "https://evil.example");
  await inspect(forged(session.access_token, {}, { nbf: 4_000_000_000 }), "It is not valid yet.");
  await inspect("what is this", "Would be refused", "neither a JWT nor a refresh token");
  await inspect(session.access_token.split(".").slice(0, 2).join("."), "It may have been cut off");
  await inspect("a.b.c", "neither a JWT nor a refresh token");
  const short = await issue({ subject: "ada", access_ttl: 1 });
  await until("the token has expired", async () => (await verify(short.access_token)) === 401);
  await inspect(short.access_token, "It has expired. A refresh gets a new one.");

  // Refresh tokens.
  await inspect(session.refresh_token, "Would be exchanged", "Refresh token", "User ada", "Generation of the token 0", "Generation of the session 0", "in 14 days");
  const next = await refresh(session.refresh_token);
  await inspect(session.refresh_token, "Would get the same answer again", "Generation of the token 0", "Generation of the session 1");
  await refresh(next.refresh_token);
  await inspect(session.refresh_token, "Would be refused, and end its session");
  await inspect(altered(next.refresh_token), "Would be refused", "Its key is known", "User ada");
  await inspect(next.refresh_token.replace(/^hp1\.[^.]+/, "hp1.elsewhere"), "The key that it names is not in the ring");
  await inspect("hp1.", "It is not a token that this server would have made.");
  // What is asked here exchanges nothing and ends nothing.
  assert.equal(await verify(session.access_token), 200);

  await setClaims("ada", { role: "guest" });
  await inspect(session.access_token, "The claims of its session have changed since.");
  await end("ada", session.session_id);
  await inspect(session.access_token, "Its session has ended.");
  await inspect(next.refresh_token, "Its session has ended: by logout");
  const stolen = await issue({ subject: "grace" });
  await steal(stolen);
  await inspect(stolen.access_token, "Its session has ended");

  // From a token to its user; and a token does not stay on the page.
  const last = await issue({ subject: "a/b" });
  await page.fill("#token", last.access_token);
  await page.click("main button[type=submit]");
  await page.click(".result a");
  await says(page, "#user-title", "Sessions of a/b");
  await go(page, "token");
  assert.equal(await page.inputValue("#token"), "");
  assert.equal(await page.locator(".verdict").count(), 0);
});
