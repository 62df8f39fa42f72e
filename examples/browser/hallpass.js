/**
 * Hallpass in a browser: keeps a user logged in without the page ever seeing a refresh token.
 *
 * The access token lives in this page's memory only. The refresh token lives in a cookie that no script can read; the
 * server takes it at `/token` and `/revoke`, which must be under the page's own origin. When the access token has expired,
 * it is refreshed once, for all requests that wait and for all tabs of the browser, and the requests are repeated.
 *
 *     import { Hallpass } from "./hallpass.js";
 *     const hallpass = new Hallpass();
 *     await hallpass.login({ name: "ada", password: "…" });
 *     const orders = await hallpass.fetch("/api/orders");
 *
 * No dependencies. Works in every browser with ES modules; where the Web Locks API or BroadcastChannel is missing (such as
 * on a page without https), tabs refresh on their own, which the server answers alike.
 *
 * @module
 */

/** An access token this close to its end, in milliseconds, or with a tenth of its life left, is refreshed before use. */
const MARGIN = 5_000;
/** The longest that one attempt may take, in milliseconds; the server gives up earlier. */
const TIMEOUT = 15_000;
/** How long a refresh or logout waits before each further attempt, in milliseconds, when the server cannot be reached. */
const PAUSES = [200, 1_000];
/** The longest wait that a server may ask for with `Retry-After`, in milliseconds; longer ones are the caller's. */
const LONGEST_PAUSE = 5_000;
/**
 * How long to wait, in milliseconds, for the word of another tab that has just refreshed: on a busy machine it takes a
 * while.
 */
const PATIENCE = 1_000;

/**
 * Why a call failed.
 *
 * `code` is an OAuth 2.0 error code of the server, or `network_error`. With `isTemporary` it says nothing about the
 * session: the user is still logged in, and the call may be made again later.
 */
export class HallpassError extends Error {
  /**
   * @param {string} code what went wrong, for programs
   * @param {string} message what went wrong, for people
   * @param {{ isTemporary?: boolean, status?: number, cause?: unknown }} [more]
   */
  constructor(code, message, { isTemporary = false, status = 0, cause } = {}) {
    super(message, { cause });
    this.name = "HallpassError";
    this.code = code;
    this.isTemporary = isTemporary;
    this.status = status;
  }
}

/**
 * @typedef {object} Options
 * @property {string} [loginUrl] the application's own login endpoint; `/login`
 * @property {string} [tokenUrl] the server's token endpoint, under the page's origin; `/token`
 * @property {string} [revokeUrl] the server's revocation endpoint, under the page's origin; `/revoke`
 * @property {string[]} [origins] further origins whose requests get the access token; only the page's own by default
 */

/**
 * @typedef {object} Tokens what the server answers, without the refresh token
 * @property {string} access_token
 * @property {number} expires_in in seconds
 * @property {string} session_id
 * @property {string} [scope]
 */

/**
 * A user's session in this browser.
 *
 * Dispatches `login` when a session begins in this tab or in another one, and `logout` when it has ended, wherever and
 * for whatever reason.
 */
export class Hallpass extends EventTarget {
  /** @type {{ token: string, renewAt: number, session: string } | null} */
  #access = null;
  /** Whether it is known if there is a session; a page that was just loaded must ask. */
  #isKnown = false;
  /** @type {Promise<boolean> | null} the refresh under way in this tab */
  #refreshing = null;
  /** @type {Set<() => void>} to be called when another tab has said something */
  #waiting = new Set();
  #loginUrl;
  #tokenUrl;
  #revokeUrl;
  #origins;
  #name;
  #tabs;

  /** @param {Options} [options] */
  constructor({ loginUrl = "/login", tokenUrl = "/token", revokeUrl = "/revoke", origins = [] } = {}) {
    super();
    this.#loginUrl = absolute(loginUrl);
    this.#tokenUrl = absolute(tokenUrl);
    this.#revokeUrl = absolute(revokeUrl);
    this.#origins = new Set([location.origin, ...origins]);
    this.#name = `hallpass ${this.#tokenUrl}`;
    this.#tabs = openChannel(this.#name, (message) => this.#hear(message));
  }

  /** Whether this tab knows of a session. After loading a page, {@link restore} finds out. */
  get isLoggedIn() {
    return this.#access !== null;
  }

  /** The id of the session; `null` without one. */
  get sessionId() {
    return this.#access?.session ?? null;
  }

  /**
   * Logs in at the application, which answers with what `POST /sessions` answered it, `Set-Cookie` included.
   *
   * @param {unknown} credentials sent as JSON; what is in it is between the page and the application
   * @returns {Promise<Tokens>}
   * @throws {HallpassError} when the application refuses
   */
  async login(credentials) {
    const body = JSON.stringify(credentials);
    const headers = { "Content-Type": "application/json" };
    return this.#alone(async () => {
      const response = await send(this.#loginUrl, { method: "POST", headers, body, credentials: "same-origin" });
      if (!response.ok) throw await refusal(response);
      const tokens = await response.json();
      this.#keep(tokens);
      this.#tabs.say({ type: "tokens", tokens });
      return tokens;
    });
  }

  /**
   * Finds out whether the user is still logged in: for a page that wants to know before its first request.
   *
   * @returns {Promise<boolean>}
   * @throws {HallpassError} when that could not be found out
   */
  restore() {
    return this.refresh();
  }

  /**
   * Gets a new access token, once for all who ask at the same time.
   *
   * @returns {Promise<boolean>} `false` when nobody is logged in, or not any more
   * @throws {HallpassError} when the server could not tell; the session is as it was
   */
  refresh() {
    this.#refreshing ??= this.#refreshOnce().finally(() => {
      this.#refreshing = null;
    });
    return this.#refreshing;
  }

  /**
   * Ends the session, here and in all tabs.
   *
   * @throws {HallpassError} when the server could not be told; then the user is still logged in
   */
  async logout() {
    await this.#alone(async () => {
      const response = await this.#call(this.#revokeUrl, "");
      // Without a cookie there is nothing to revoke: somebody else was faster.
      if (!response.ok && response.status !== 400) throw await refusal(response);
      this.#tabs.say({ type: "logout" });
      this.#forget();
    });
  }

  /**
   * `fetch` with the access token. When it has expired, or the server says that it is not good any more, it is refreshed,
   * and the request repeated once. Requests to other origins go without it.
   *
   * @param {RequestInfo | URL} input
   * @param {RequestInit} [init]
   * @returns {Promise<Response>} 401 when the user is not, or not any more, logged in
   * @throws {HallpassError} when a refresh was needed and could not be made
   */
  async fetch(input, init) {
    const request = new Request(input, init);
    const isForeign = !this.#origins.has(new URL(request.url).origin);
    if (isForeign || request.headers.has("Authorization")) return fetch(request);
    if (this.#access ? Date.now() > this.#access.renewAt : !this.#isKnown) await this.refresh();
    const used = this.#access?.token;
    const response = await fetch(this.#signed(request.clone()));
    if (response.status !== 401 || !used) return response;
    // Whoever asks second finds the first one's token, and does not ask again.
    const isRenewed = this.#access?.token !== used ? this.isLoggedIn : await this.refresh();
    if (!isRenewed) return response;
    await response.body?.cancel();
    return fetch(this.#signed(request));
  }

  /** The request with the access token, if there is one. */
  #signed(request) {
    if (this.#access) request.headers.set("Authorization", `Bearer ${this.#access.token}`);
    return request;
  }

  /** A refresh by this tab, or by another one that is at it already. */
  async #refreshOnce() {
    const before = this.#access;
    return this.#alone(async (hasWaited) => {
      // The word of the tab that was at it may still be on its way.
      if (hasWaited && this.#access === before) await this.#hearing();
      return this.#access === before ? this.#exchange() : this.isLoggedIn;
    });
  }

  /** Exchanges the cookie for its successor and a new access token. */
  async #exchange() {
    const response = await this.#call(this.#tokenUrl, "grant_type=refresh_token");
    if (response.ok) {
      const tokens = await response.json();
      this.#keep(tokens);
      this.#tabs.say({ type: "tokens", tokens });
      return true;
    }
    const error = await refusal(response);
    // The session has ended, or there is no cookie.
    if (response.status === 400 && ["invalid_grant", "invalid_request"].includes(error.code)) {
      this.#tabs.say({ type: "logout" });
      this.#forget();
      return false;
    }
    throw error;
  }

  /** A call by cookie. An answer that got lost is asked for again: the server repeats it. */
  async #call(url, body) {
    const headers = { "Content-Type": "application/x-www-form-urlencoded", "X-Hallpass": "1" };
    const init = { method: "POST", headers, body, credentials: "same-origin", cache: "no-store" };
    for (const pause of PAUSES) {
      const wait = await attempt(url, init, pause);
      if (wait instanceof Response) return wait;
      await sleep(wait);
    }
    return send(url, init);
  }

  /** Runs `task` while no other tab runs one, and tells it whether it had to wait for that. */
  async #alone(task) {
    // Without https there are no locks. The server then sees several refreshes, and answers them alike.
    if (!navigator.locks) return task(false);
    const done = await navigator.locks.request(this.#name, { ifAvailable: true }, async (lock) => {
      return lock ? { value: await task(false) } : null;
    });
    return done ? done.value : navigator.locks.request(this.#name, () => task(true));
  }

  /** Resolves when another tab has said something, or after a while. */
  #hearing() {
    return new Promise((resolve) => {
      const done = () => {
        clearTimeout(timer);
        this.#waiting.delete(done);
        resolve();
      };
      const timer = setTimeout(done, PATIENCE);
      this.#waiting.add(done);
    });
  }

  /** What another tab says. */
  #hear(message) {
    if (message?.type === "tokens") this.#keep(message.tokens);
    if (message?.type === "logout") this.#forget();
    for (const done of [...this.#waiting]) done();
  }

  #keep({ access_token: token, expires_in: seconds, session_id: session }) {
    const isNew = this.#access?.session !== session;
    const margin = Math.min(MARGIN, seconds * 100);
    this.#access = { token, session, renewAt: Date.now() + seconds * 1000 - margin };
    this.#isKnown = true;
    if (isNew) this.dispatchEvent(new Event("login"));
  }

  #forget() {
    this.#isKnown = true;
    if (this.#access === null) return;
    this.#access = null;
    this.dispatchEvent(new Event("logout"));
  }
}

/** The full address of a path under the page. */
function absolute(url) {
  return new URL(url, location.href).href;
}

/** The answer with its whole body: half an answer is none. */
async function send(url, init) {
  try {
    const response = await fetch(url, { ...init, signal: AbortSignal.timeout(TIMEOUT) });
    const body = await response.arrayBuffer();
    return new Response(body.byteLength ? body : null, { status: response.status, headers: response.headers });
  } catch (cause) {
    throw new HallpassError("network_error", "the server cannot be reached", { isTemporary: true, cause });
  }
}

/** The answer; or for how long to wait before the next attempt. */
async function attempt(url, init, pause) {
  try {
    const response = await send(url, init);
    const asked = Number(response.headers.get("Retry-After") ?? 0) * 1000;
    const isBusy = [429, 502, 503, 504].includes(response.status);
    return isBusy && asked <= LONGEST_PAUSE ? Math.max(asked, pause) : response;
  } catch {
    return pause;
  }
}

/** The server's refusal as an error. */
async function refusal(response) {
  const body = await response.json().catch(() => ({}));
  const code = typeof body?.error === "string" ? body.error : `http_${response.status}`;
  const text = typeof body?.error_description === "string" ? body.error_description : `the server answered ${response.status}`;
  const isTemporary = response.status === 429 || response.status >= 500;
  return new HallpassError(code, text, { isTemporary, status: response.status });
}

function sleep(milliseconds) {
  return new Promise((resolve) => {
    setTimeout(resolve, milliseconds);
  });
}

/** A way to talk to the other tabs of this origin; without BroadcastChannel, only a logout is passed on. */
function openChannel(name, hear) {
  if (typeof BroadcastChannel === "function") {
    const channel = new BroadcastChannel(name);
    channel.addEventListener("message", (event) => hear(event.data));
    return { say: (message) => channel.postMessage(message) };
  }
  addEventListener("storage", (event) => {
    if (event.key === name && event.newValue) hear({ type: "logout" });
  });
  // Tokens never go into storage. The time makes each logout a change.
  return { say: ({ type }) => type === "logout" && localStorage.setItem(name, String(Date.now())) };
}
