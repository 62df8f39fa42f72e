/** The React page of the Gin example, on the origin of the application, on the origin that it allows, and on a third one. */

import assert from "node:assert/strict";
import { once } from "node:events";
import { createServer } from "node:http";
import { complaints, cookie, countSessions, FLAGS, makeStale, run, until } from "./support.mjs";

const { ALLOWED_ORIGIN, EXAMPLE_URL } = process.env;
const STRANGER = "http://stranger.demo.localhost";

/** The origin of the application, as the browser reaches it. */
let api = "";

/** Serves the page for other origins: it finds that of the application in its first element. */
const pages = createServer(async (request, response) => {
  const theirs = await fetch(new URL(request.url, EXAMPLE_URL));
  const content = (await theirs.text()).replace('data-api=""', `data-api="${api}"`);
  response.writeHead(theirs.status, { "Content-Type": theirs.headers.get("Content-Type") }).end(content);
});

/** Opens the page, and waits until it knows whether the user is logged in. */
async function openTab(browser, url) {
  const page = await browser.newPage();
  await page.goto(url);
  await page.waitForSelector("#login, #account");
  return page;
}

async function greets(page, devices) {
  await page.getByRole("heading", { name: "Hello Ada" }).waitFor();
  await until("it lists the devices", async () => (await page.locator("li").count()) === devices);
  assert.equal(await page.locator("li", { hasText: "(this one)" }).count(), 1);
}

async function logIn(page, password) {
  await page.fill("[name=password]", password);
  await page.click("#login button");
}

/** What a user does on the page: login, silent refresh, reload, list of devices, logout everywhere. */
async function visit(browser, line, url) {
  const heard = complaints(browser);
  const page = await openTab(browser, url);
  assert.deepEqual(heard, [], "also while nobody was logged in");
  await logIn(page, "wrong");
  await page.locator("#message", { hasText: "401" }).waitFor();
  await logIn(page, "demo");
  await greets(page, 1);
  const { httpOnly, sameSite } = await cookie(browser, line);
  assert.deepEqual([httpOnly, sameSite], [true, "Strict"]);

  const refreshed = line.to("/token").length;
  const login = { method: "POST", headers: { "Content-Type": "application/json" }, body: '{"name":"ada","password":"demo"}' };
  assert.equal((await fetch(`${EXAMPLE_URL}/login`, login)).status, 200);
  await makeStale("42");
  await page.click("#load");
  await greets(page, 2);
  assert.equal(line.to("/token").length, refreshed + 1, "one silent refresh for two calls");
  await page.reload();
  await greets(page, 2);

  const other = await openTab(browser, url);
  await greets(other, 2);
  await page.click("#everywhere");
  await page.waitForSelector("#login");
  await other.waitForSelector("#login");
  assert.equal(await countSessions("42"), 0);
  assert.equal(await cookie(browser, line), undefined);
}

/** An origin that is not allowed: its scripts can neither send a refresh nor read anything. */
async function isLeftOut(browser, line, url) {
  const refreshed = line.to("/token").length;
  const page = await openTab(browser, url);
  await page.locator("#message", { hasText: "does not let this origin read its answers (CORS)" }).waitFor();
  assert.equal(line.to("/token").length, refreshed);
}

pages.listen(0, "127.0.0.1");
await once(pages, "listening");
// The allowed origin has no port, so that it can be known before one is free.
const hosts = [ALLOWED_ORIGIN, STRANGER].map((origin) => `MAP ${new URL(origin).host} 127.0.0.1:${pages.address().port}`);
await run(
  async (browser, line) => {
    api = line.url;
    for (const url of [line.url, ALLOWED_ORIGIN]) await visit(browser, line, url);
    await isLeftOut(browser, line, STRANGER);
  },
  { args: [...FLAGS, `--host-resolver-rules=${hosts}`] },
);
pages.close();
pages.closeAllConnections();
