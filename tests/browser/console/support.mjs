/** The console in a browser, and an application beside it. */

import assert from "node:assert/strict";
import { once } from "node:events";
import { connect, createServer } from "node:net";
import { chromium } from "playwright-core";
import { SOON, until } from "../support.mjs";

const { CHROMIUM, HALLPASS_URL, HALLPASS_CLIENT_SECRET } = process.env;

export { SOON, until };
export const secret = HALLPASS_CLIENT_SECRET;
export const url = HALLPASS_URL;

const FLAGS = ["--no-sandbox", "--disable-gpu", "--no-first-run", "--disable-background-networking", "--disable-component-update"];

/** A call to hallpass-server as the client `local`; throws unless it succeeds. */
async function call(method, path, { json, form }) {
  const headers = { Authorization: `Basic ${Buffer.from(`local:${secret}`).toString("base64")}` };
  if (json !== undefined) headers["Content-Type"] = "application/json";
  const body = form === undefined ? json && JSON.stringify(json) : new URLSearchParams(form);
  const response = await fetch(url + path, { method, headers, body });
  if (!response.ok) throw new Error(`${method} ${path}: ${response.status} ${await response.text()}`);
  return response.json();
}

/** Begins a session. */
export const issue = (session) => call("POST", "/sessions", { json: session });

/** Exchanges a refresh token. */
export const refresh = (token) => call("POST", "/token", { form: { grant_type: "refresh_token", refresh_token: token } });

/** Ends a session, or all sessions of a user. */
export const end = (subject, sid) => call("DELETE", `/subjects/${encodeURIComponent(subject)}/sessions${sid === undefined ? "" : `/${sid}`}`, {});

/** The sessions of a user. */
export async function sessionsOf(subject) {
  return (await call("GET", `/subjects/${encodeURIComponent(subject)}/sessions`, {})).sessions;
}

/** Replaces the claims of all sessions of a user. */
export const setClaims = (subject, claims) => call("PUT", `/subjects/${encodeURIComponent(subject)}/claims`, { json: claims });

/** What GET /verify says of an access token, for any audience. */
export const verify = async (token) => (await fetch(`${url}/verify?audience=*`, { headers: { Authorization: `Bearer ${token}` } })).status;

/** Steals a session: an old refresh token comes back after two exchanges. */
export async function steal(session) {
  const next = await refresh(session.refresh_token);
  await refresh(next.refresh_token);
  await assert.rejects(refresh(session.refresh_token), /used before/);
}

/** Opens the page; nobody is signed in. */
export async function open(browser, options = {}) {
  const page = await browser.newPage(options);
  page.setDefaultTimeout(SOON);
  await page.addInitScript(record);
  await page.goto(`${options.base ?? url}/console`);
  await page.waitForSelector("#secret");
  return page;
}

/** Keeps what the page says in passing, since it is gone after a few seconds. */
function record() {
  window.heard = [];
  addEventListener("DOMContentLoaded", () => {
    const place = document.querySelector("#said");
    new MutationObserver(() => window.heard.push(place.textContent)).observe(place, { childList: true });
  });
}

/** Waits until the page has said something in passing, and forgets it. */
export async function hears(page, wanted) {
  await until(`"${wanted}" is said`, () => page.evaluate((wanted) => heard.includes(wanted), wanted));
  await page.evaluate(() => heard.splice(0));
}

/** Signs in by the form. */
export async function signIn(page, { id = "local", password = secret } = {}) {
  await page.fill("#client", id);
  await page.fill("#secret", password);
  await page.click("main button[type=submit]");
}

/** Opens the page, signs in, and goes to a view. */
export async function enter(browser, view = "overview", options = {}) {
  const page = await open(browser, options);
  await signIn(page);
  await page.waitForSelector("nav:not([hidden])");
  await go(page, view);
  return page;
}

/** Goes to a view by the navigation. */
export async function go(page, view) {
  await page.click(`nav a[href="#${view}"]`);
  await page.waitForSelector(`nav a[href="#${view}"][aria-current]`);
}

/** Looks up a user. */
export async function find(page, subject) {
  await page.fill("#subject", subject);
  await page.click("main .find button");
  await page.waitForFunction((subject) => document.querySelector("#user-title")?.textContent === `Sessions of ${subject}`, subject);
  await page.waitForSelector("section:not([aria-busy])");
}

/** The text of an element, its white space made one. */
export const textOf = async (page, selector) => (await page.locator(selector).innerText()).replace(/\s+/g, " ").trim();

/** Waits until an element says something. */
export async function says(page, selector, wanted) {
  const fits = (text) => (wanted instanceof RegExp ? wanted.test(text) : text.includes(wanted));
  let text = "";
  await until(`${selector} says ${wanted}`, async () => fits((text = await textOf(page, selector)))).catch((error) => {
    throw new Error(`${error.message}; it says ${text}`);
  });
}

/**
 * Runs a scenario with a new browser. Whatever a page complains of, asks of other servers, or tries against its policy
 * makes it fail, except for complaints that fit `expected`.
 */
export async function run(scenario, expected = /^$/) {
  const browser = await chromium.launch({ executablePath: CHROMIUM, headless: true, args: FLAGS });
  const context = await browser.newContext();
  const complaints = [];
  const foreign = [];
  const lines = [];
  const watch = (page) => {
    page.on("console", (message) => message.type() !== "debug" && complaints.push(message.text()));
    page.on("pageerror", (error) => complaints.push(error.stack));
    page.on("dialog", (dialog) => complaints.push(`a dialog: ${dialog.message()}`));
    page.on("request", (request) => new URL(request.url()).hostname !== "127.0.0.1" && !request.url().startsWith("data:") && foreign.push(request.url()));
    return page;
  };
  const newPage = async (options) => watch(await (Object.keys(options ?? {}).length > 0 ? await browser.newContext(options) : context).newPage());
  try {
    await scenario({ newPage, newLine: async () => lines[lines.push(await new Line().open()) - 1] });
    assert.deepEqual(complaints.filter((complaint) => !expected.test(complaint)), []);
    assert.deepEqual(foreign, []);
  } catch (error) {
    console.error(error, complaints);
    process.exitCode = 1;
  } finally {
    lines.forEach((line) => line.close());
    await browser.close();
  }
}

/** A line to hallpass-server that can be cut. */
class Line {
  #sockets = new Set();
  #isCut = false;
  #server = createServer((near) => {
    if (this.#isCut) return near.destroy();
    const far = connect(Number(new URL(url).port), "127.0.0.1");
    for (const [from, to] of [[near, far], [far, near]]) {
      this.#sockets.add(from);
      from.on("error", () => to.destroy()).on("close", () => this.#sockets.delete(from)).pipe(to);
    }
  });

  async open() {
    this.#server.listen(0, "127.0.0.1");
    await once(this.#server, "listening");
    this.url = `http://127.0.0.1:${this.#server.address().port}`;
    return this;
  }

  /** Breaks every connection, and takes no other until the line is mended. */
  cut() {
    this.#isCut = true;
    this.#sockets.forEach((socket) => socket.destroy());
  }

  mend() {
    this.#isCut = false;
  }

  close() {
    this.#server.close();
    this.cut();
  }
}
