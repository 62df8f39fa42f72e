/**
 * A user logs in at an issuer that we did not write, in a real browser, and the page exchanges the ID token for a session
 * in cookie mode. The issuer replaces its keys and goes away meanwhile; another site tries to log the browser in.
 */

import assert from "node:assert/strict";
import { createHash, randomUUID } from "node:crypto";
import { once } from "node:events";
import { readFileSync, writeFileSync } from "node:fs";
import { createServer } from "node:http";
import { chromium } from "playwright-core";
import { CLIENT, Issuer } from "./provider.mjs";

const { CHROMIUM, HALLPASS_PID, HALLPASS_URL, ISSUERS_FILE, PROFILE } = process.env;

const EXCHANGE = "urn:ietf:params:oauth:grant-type:token-exchange";
const ID_TOKEN = "urn:ietf:params:oauth:token-type:id_token";
/** How long anything may take that should happen at once. */
const SOON = 30_000;
const FLAGS = ["--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking"];

/** What the page does: each call is one that its own server passes on to Hallpass. */
const SCRIPT = `
  const call = (fields, headers) => fetch("/token", { method: "POST", headers, body: new URLSearchParams(fields) });
  const MARK = { "X-Hallpass": "1" };
  window.exchange = async (token, nonce) => {
    const fields = { grant_type: "${EXCHANGE}", subject_token: token, subject_token_type: "${ID_TOKEN}", cookie: "true", nonce };
    const response = await call(fields, MARK);
    return { status: response.status, body: await response.json() };
  };
  window.refresh = async () => {
    const response = await call({ grant_type: "refresh_token" }, MARK);
    return { status: response.status, body: await response.json() };
  };
  window.whoAmI = async (token) => {
    const response = await fetch("/api", { headers: { Authorization: "Bearer " + token } });
    return response.text();
  };
`;

/** The application: its page, the code flow, and a proxy to Hallpass under its own origin. */
class Application {
  #flows = new Map();

  async open() {
    this.server = createServer((request, response) => {
      this.#route(request, response).catch((error) => response.writeHead(500).end(String(error.stack)));
    });
    this.server.listen(0, "127.0.0.1");
    await once(this.server, "listening");
    this.url = `http://localhost:${this.server.address().port}`;
    this.redirectUri = `${this.url}/callback`;
  }

  async #route(request, response) {
    const { pathname, searchParams } = new URL(request.url, this.url);
    if (pathname === "/login") return response.writeHead(302, { Location: this.#begin() }).end();
    if (pathname === "/callback") return this.#page(response, await this.#finish(searchParams));
    if (pathname === "/token") return this.#passOn(request, response);
    if (pathname === "/api") return this.#api(request, response);
    return this.#page(response, {});
  }

  /** The authorization request (RFC 6749 §4.1.1) with PKCE and a nonce. */
  #begin() {
    const [state, nonce, verifier] = [randomUUID(), randomUUID(), randomUUID() + randomUUID()];
    this.#flows.set(state, { nonce, verifier });
    const challenge = createHash("sha256").update(verifier).digest("base64url");
    const query = new URLSearchParams({
      client_id: CLIENT, response_type: "code", scope: "openid", redirect_uri: this.redirectUri, state, nonce,
      code_challenge: challenge, code_challenge_method: "S256",
    });
    return `${this.issuer.url}/auth?${query}`;
  }

  /** The token request; returns the ID token and its nonce. */
  async #finish(parameters) {
    const { nonce, verifier } = this.#flows.get(parameters.get("state"));
    const body = new URLSearchParams({
      client_id: CLIENT, grant_type: "authorization_code", code: parameters.get("code"), code_verifier: verifier,
      redirect_uri: this.redirectUri,
    });
    const response = await fetch(`${this.issuer.url}/token`, { method: "POST", body });
    const { id_token: token } = await response.json();
    return { token, nonce };
  }

  #page(response, login) {
    const data = JSON.stringify(login);
    response.writeHead(200, { "Content-Type": "text/html" });
    response.end(`<!doctype html><title>App</title><script>window.login = ${data};${SCRIPT}</script><body>App`);
  }

  async #passOn(request, response) {
    const chunks = [];
    for await (const chunk of request) chunks.push(chunk);
    const names = ["content-type", "cookie", "x-hallpass"].filter((name) => request.headers[name] !== undefined);
    const headers = Object.fromEntries(names.map((name) => [name, request.headers[name]]));
    const theirs = await fetch(`${HALLPASS_URL}/token`, { method: "POST", headers, body: Buffer.concat(chunks) });
    const cookies = theirs.headers.getSetCookie();
    response.writeHead(theirs.status, { "Content-Type": "application/json", ...(cookies.length ? { "Set-Cookie": cookies } : {}) });
    response.end(await theirs.text());
  }

  async #api(request, response) {
    const verified = await fetch(`${HALLPASS_URL}/verify`, { headers: { Authorization: request.headers.authorization } });
    response.writeHead(verified.status).end(verified.headers.get("x-auth-subject") ?? "nobody");
  }
}

/** Resolves when `probe` says yes. */
async function until(what, probe) {
  const start = Date.now();
  while (!(await probe())) {
    if (Date.now() - start > SOON) throw new Error(`waited in vain: ${what}`);
    await new Promise((done) => setTimeout(done, 50));
  }
}

/** Lets Hallpass trust this issuer. */
async function trust(issuer) {
  const entry = { issuer: issuer.url, audience: CLIENT, subject: "op:{sub}", max_age: 3600 };
  writeFileSync(ISSUERS_FILE, JSON.stringify([entry]));
  process.kill(Number(HALLPASS_PID), "SIGHUP");
  await until("the issuer is trusted", async () => {
    const metadata = await (await fetch(`${HALLPASS_URL}/.well-known/oauth-authorization-server`)).json();
    return metadata.grant_types_supported.includes(EXCHANGE);
  });
}

/** Goes through the code flow; returns the tab with the ID token. Asks for the password the first time only. */
async function codeFlow(browser, app, { name } = {}) {
  const page = await browser.newPage();
  await page.goto(`${app.url}/login`);
  if (name) {
    await page.fill("[name=login]", name);
    await page.fill("[name=password]", "whatever it is");
    await page.click("button[type=submit]");
    // Consent.
    await page.click("button[type=submit]");
  }
  await page.waitForFunction(() => window.login?.token);
  return page;
}

const exchange = (page, login) => page.evaluate(({ token, nonce }) => window.exchange(token, nonce), login);
const loginOf = (page) => page.evaluate(() => window.login);
const refresh = (page) => page.evaluate(() => window.refresh());
const whoAmI = (page, token) => page.evaluate((text) => window.whoAmI(text), token);
const cookies = async (browser, app) => (await browser.cookies(app.url)).filter(({ name }) => name === "hallpass");

/** The whole story. */
async function scenario(browser, app, issuer) {
  // Another site first, while nobody is logged in: its form sends the attacker's own good token.
  const attacker = await codeFlow(browser, app, { name: "mallory" });
  const attackers = await loginOf(attacker);
  await forgedForm(browser, app, attackers);
  await browser.clearCookies();

  const page = await codeFlow(browser, app, { name: "ada" });
  const first = await exchange(page, await loginOf(page));
  assert.equal(first.status, 200, JSON.stringify(first));
  assert.equal(first.body.refresh_token, undefined, "it is in the cookie only");
  assert.equal(await whoAmI(page, first.body.access_token), "op:ada");
  const [cookie] = await cookies(browser, app);
  assert.ok(cookie.value.startsWith("hp1.") && cookie.httpOnly && cookie.sameSite === "Strict", JSON.stringify(cookie));

  const silent = await refresh(page);
  assert.deepEqual([silent.status, silent.body.session_id], [200, first.body.session_id]);
  assert.equal(await whoAmI(page, silent.body.access_token), "op:ada");

  const again = await exchange(page, await loginOf(page));
  assert.deepEqual([again.status, again.body.error], [400, "invalid_grant"], "the token is used up");
  assert.equal((await refresh(page)).status, 200, "and the session goes on");

  // The issuer replaces its key: tokens of the new one are good at once, those of the old one are not any more.
  const spare = await loginOf(await codeFlow(browser, app));
  issuer.replaceKeys();
  const renewed = await codeFlow(browser, app, { name: "ada" });
  const second = await exchange(renewed, await loginOf(renewed));
  assert.equal(second.status, 200, JSON.stringify(second));
  assert.notEqual(second.body.session_id, first.body.session_id);
  const withdrawn = await exchange(renewed, spare);
  assert.deepEqual([withdrawn.status, withdrawn.body.error], [400, "invalid_request"]);
  assert.match(withdrawn.body.error_description, /no such key/);

  // The issuer is away: who is logged in stays so, and a token that is at hand is still good.
  const kept = await loginOf(await codeFlow(browser, app));
  await issuer.close();
  assert.equal((await refresh(page)).status, 200);
  const third = await exchange(page, kept);
  assert.equal(third.status, 200, JSON.stringify(third));
  await issuer.open();
  const back = await codeFlow(browser, app);
  assert.equal((await exchange(back, await loginOf(back))).status, 200);
}

/** A form on another site posts a good exchange: no cookie comes of it. */
async function forgedForm(browser, app, { token, nonce }) {
  const fields = { grant_type: EXCHANGE, subject_token: token, subject_token_type: ID_TOKEN, nonce };
  for (const cookie of ["true", "false"]) {
    const inputs = Object.entries({ ...fields, cookie }).map(([name, value]) => `<input name="${name}" value="${value}">`);
    const form = `<form method="post" action="${app.url}/token">${inputs.join("")}<button>Win</button></form>`;
    const evil = createServer((_, response) => response.writeHead(200, { "Content-Type": "text/html" }).end(form));
    evil.listen(0, "127.0.0.1");
    await once(evil, "listening");
    const page = await browser.newPage();
    await page.goto(`http://127.0.0.1:${evil.address().port}`);
    await page.click("button");
    await page.waitForURL(`${app.url}/token`);
    const body = await page.textContent("body");
    assert.equal(body.includes("invalid_request"), cookie === "true", body);
    assert.deepEqual(await cookies(browser, app), [], "nobody is logged in");
    await page.close();
    evil.close();
    evil.closeAllConnections();
  }
}

const app = new Application();
await app.open();
const issuer = new Issuer(app.redirectUri);
await issuer.open();
app.issuer = issuer;
assert.deepEqual(JSON.parse(readFileSync(ISSUERS_FILE, "utf8")), []);
await trust(issuer);
const browser = await chromium.launchPersistentContext(PROFILE, { executablePath: CHROMIUM, headless: true, args: FLAGS });
browser.setDefaultTimeout(SOON);
try {
  await scenario(browser, app, issuer);
} catch (error) {
  console.error(error);
  for (const page of browser.pages()) console.error(page.url(), (await page.textContent("body")).slice(0, 500));
  process.exitCode = 1;
} finally {
  await browser.close();
  await issuer.close().catch(() => {});
  app.server.close();
  app.server.closeAllConnections();
}
