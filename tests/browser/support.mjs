/** A browser, and a line to the example application that can be watched, held and cut. */

import { once } from "node:events";
import { createServer, request as send } from "node:http";
import { chromium } from "playwright-core";

const { CHROMIUM, EXAMPLE_URL, HALLPASS_URL, HALLPASS_CLIENT_SECRET, PROFILE } = process.env;
// For pages on another origin: where they are, where they find the line, and who answers /token and /revoke there.
const { PAGE_URL, LINE_URL = "http://localhost:0", TOKEN_URL = EXAMPLE_URL } = process.env;

/** The browser's own flags. */
export const FLAGS = [
  "--no-sandbox",
  "--disable-gpu",
  "--disable-quic",
  "--no-first-run",
  "--disable-background-networking",
  "--disable-component-update",
  "--disable-sync",
];

/** The time limit for anything that should happen at once. */
export const SOON = 30_000;

// A browser that does not answer at all is a failure, too.
setTimeout(() => {
  console.error("the scenario has not ended");
  process.exit(1);
}, 10 * SOON).unref();

/** Where hallpass-server listens. */
export const hallpassUrl = HALLPASS_URL;

/** A call over the line, other than a preflight. @typedef {{ path: string, cookie: string, status: number, setsCookie: boolean }} Call */

/** Stands between the browser and the example application. */
export class Line {
  /** @type {Call[]} */
  calls = [];
  #faults = [];
  #lasting;
  #gates = new Map();

  constructor() {
    this.server = createServer((request, response) => this.#pass(request, response));
  }

  async open() {
    const { hostname, port } = new URL(LINE_URL);
    this.server.listen(Number(port), "127.0.0.1");
    await once(this.server, "listening");
    this.url = `http://${hostname}:${this.server.address().port}`;
    this.pageUrl = PAGE_URL ?? this.url;
  }

  /** Returns the calls to `path` so far, or those with this status. */
  to(path, status) {
    return this.calls.filter((call) => call.path === path && (status === undefined || call.status === status));
  }

  /**
   * Spoils the answers of the next calls to /token, one by one: `nothing arrives`, `half arrives` (the head with its
   * cookie, but not the whole body), or `503`.
   */
  spoil(...faults) {
    this.#faults.push(...faults);
  }

  /** Spoils all answers to /token, until the returned function is called. */
  breakDown(fault) {
    this.#lasting = fault;
    return () => {
      this.#lasting = undefined;
    };
  }

  /** Holds the answers to `path` back until the returned function is called. */
  hold(path) {
    const { promise, resolve } = withResolvers();
    this.#gates.set(path, promise);
    return () => {
      this.#gates.delete(path);
      resolve();
    };
  }

  async #pass(request, response) {
    const body = await collect(request);
    const { pathname } = new URL(request.url, EXAMPLE_URL);
    const base = ["/token", "/revoke"].includes(pathname) ? TOKEN_URL : EXAMPLE_URL;
    const onward = send(new URL(request.url, base), { method: request.method, headers: request.headers });
    onward.end(body);
    const [answer] = await once(onward, "response");
    const content = await collect(answer);
    if (request.method === "OPTIONS") return response.writeHead(answer.statusCode, answer.headers).end(content);
    const setsCookie = answer.headers["set-cookie"] !== undefined;
    this.calls.push({ path: pathname, cookie: request.headers.cookie ?? "", status: answer.statusCode, setsCookie });
    await this.#gates.get(pathname);
    const fault = pathname === "/token" ? (this.#lasting ?? this.#faults.shift()) : undefined;
    if (fault === "nothing arrives") return request.socket.destroy();
    if (fault === "503") return response.writeHead(503, { "Retry-After": "0" }).end();
    response.writeHead(answer.statusCode, answer.headers);
    if (fault === "half arrives") {
      return response.write(content.subarray(0, content.length / 2), () => request.socket.destroy());
    }
    return response.end(content);
  }
}

function withResolvers() {
  let resolve;
  const promise = new Promise((done) => {
    resolve = done;
  });
  return { promise, resolve };
}

async function collect(stream) {
  const chunks = [];
  for await (const chunk of stream) chunks.push(chunk);
  return Buffer.concat(chunks);
}

/** Waits until `probe` returns true; fails with `what` at the deadline. */
export async function until(what, probe) {
  const start = Date.now();
  while (!(await probe())) {
    if (Date.now() - start > SOON) throw new Error(`waited in vain: ${what}`);
    await new Promise((done) => {
      setTimeout(done, 20);
    });
  }
}

/** Calls hallpass-server as the application does. */
async function call(method, path, body) {
  const credentials = Buffer.from(`local:${HALLPASS_CLIENT_SECRET}`).toString("base64");
  const headers = { "Content-Type": "application/json", Authorization: `Basic ${credentials}` };
  const response = await fetch(`${HALLPASS_URL}${path}`, { method, headers, body: JSON.stringify(body) });
  if (!response.ok) throw new Error(`${method} ${path}: ${response.status}`);
  return response;
}

/** Makes all access tokens of a user stale, as an application does when the user's rights have changed. */
export async function makeStale(subject) {
  await call("PUT", `/subjects/${subject}/claims`, { name: "Ada" });
}

/** Returns how many sessions a user has. */
export async function countSessions(subject) {
  const response = await call("GET", `/subjects/${subject}/sessions`);
  return (await response.json()).sessions.length;
}

/** Returns an array that collects what pages write to the browser's console from now on, errors included. */
export function complaints(browser) {
  const heard = [];
  browser.on("console", (message) => heard.push(message.text()));
  browser.on("weberror", (event) => heard.push(event.error().message));
  return heard;
}

/** Opens a tab with the example page, and waits until it knows whether the user is logged in. */
export async function openTab(browser, line) {
  const page = await browser.newPage();
  await page.goto(line.pageUrl);
  await page.waitForSelector("body[data-ready]");
  return page;
}

/** Logs in by the form of the example page. */
export async function logIn(page) {
  await page.fill("[name=password]", "demo");
  await page.click("#login button");
  await page.waitForSelector("#session:not([hidden])");
  await until("the API was called", async () => (await page.textContent("#events")).includes("Hello Ada"));
}

/** Returns the number of lines of the page's list with this text. */
export async function noted(page, text) {
  return page.locator("#events li", { hasText: text }).count();
}

/** Returns the example's cookie in this browser, if it has one. */
export async function cookie(browser, line) {
  const all = await browser.cookies(line.url);
  return all.find(({ name }) => name === "hallpass" || name === "__Host-hallpass");
}

/** Runs a scenario with a new browser and a new line; a failure ends the process with 1. */
export async function run(scenario, options = {}) {
  const line = new Line();
  await line.open();
  const launch = { executablePath: CHROMIUM, headless: true, args: FLAGS, ...options };
  const browser = await chromium.launchPersistentContext(PROFILE, launch);
  browser.setDefaultTimeout(SOON);
  try {
    await scenario(browser, line);
  } catch (error) {
    console.error(error);
    console.error(line.calls.map(({ path, status }) => `${status} ${path}`).join("\n"));
    process.exitCode = 1;
  } finally {
    await browser.close();
    line.server.close();
    line.server.closeAllConnections();
  }
}
