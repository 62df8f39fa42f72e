/**
 * Hallpass in a browser: keeps a user logged in without the page ever seeing a refresh token.
 *
 * The access token lives in this page's memory only. The refresh token lives in a cookie that no script can read; the
 * server takes it at `/token` and `/revoke`. When the access token has expired, it is refreshed once, for all requests
 * that wait and for all tabs of the browser, and the requests are repeated.
 *
 *     import { Hallpass } from "hallpass-browser";
 *     const hallpass = new Hallpass();
 *     await hallpass.login({ name: "ada", password: "…" });
 *     const orders = await hallpass.fetch("/api/orders");
 *
 * No dependencies. Needs Chrome or Edge 103, Firefox 100 or Safari 16, or a later version. Where the Web Locks API or
 * BroadcastChannel is missing (such as on a page without https), each tab refreshes on its own, and the server gives all of
 * them the same answer. The module can also be imported and constructed outside of a browser, for pages that are rendered on
 * a server: nobody is logged in there.
 *
 * @module
 */

/** An access token is refreshed before use when it expires within this time in milliseconds, or a tenth of its lifetime. */
const MARGIN = 5_000;
/** The time limit of one attempt, in milliseconds; the server gives up earlier. */
const TIMEOUT = 15_000;
/** How long a refresh or logout waits before each further attempt, in milliseconds, when the server cannot be reached. */
const PAUSES = [200, 1_000];
/** The longest `Retry-After` that is waited for, in milliseconds; after a longer one the call fails at once. */
const LONGEST_PAUSE = 5_000;
/** How long to wait for the message of another tab that has just refreshed, in milliseconds: a busy machine is slow. */
const PATIENCE = 1_000;

/** The headers of a login at the application. */
const JSON_TEXT = { "Content-Type": "application/json" };
/** The headers of a call to Hallpass. `optional`: a missing cookie means that nobody is logged in, which is not an error. */
const FORM = { "Content-Type": "application/x-www-form-urlencoded", "X-Hallpass": "optional" };

/**
 * The reason for which a call failed.
 *
 * `code` is an OAuth 2.0 error code of the server, or one of this module:
 *
 * - `network_error`: no answer came;
 * - `invalid_response`: an answer came from something that is not Hallpass;
 * - `cookie_not_kept`: the login succeeded, but the browser did not keep its cookie; the message says what to check;
 * - `session_changed`: a request was made in one session, and another has begun in this browser, so it was not sent;
 * - `no_browser`: only a browser has cookies.
 *
 * A temporary error says nothing about the session: the user is still logged in, and the call may be made again later.
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
    /** The HTTP status of the answer; 0 without one. */
    this.status = status;
  }
}

/**
 * @typedef {object} Options
 * @property {string} [loginUrl] the application's own login endpoint; `/login`
 * @property {string} [tokenUrl] the server's token endpoint, on the host of the login endpoint; `/token`
 * @property {string} [revokeUrl] the server's revocation endpoint, on the same host; `/revoke`
 * @property {RequestCredentials} [credentials] `include` when these three are on another origin than the page; by default
 *   `same-origin`
 * @property {string[]} [origins] further origins whose requests get the access token; by default only the page's own and
 *   that of the token endpoint
 */

/**
 * @typedef {object} OutsideToken a token of an identity provider that Hallpass trusts, as parameters of RFC 8693
 * @property {string} subject_token the ID token, or another JWT
 * @property {string} [subject_token_type] that of an ID token by default
 * @property {string} [nonce] the one that was sent to the identity provider
 */

/**
 * @typedef {object} Tokens what the server answers, without the refresh token
 * @property {string} access_token
 * @property {number} expires_in in seconds
 * @property {string} session_id
 * @property {string} [scope]
 */

/**
 * @typedef {{ code: string, message: string, isTemporary: boolean, status: number }} Failure why a refresh failed, as tabs
 *   tell each other
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
  /** Whether this tab knows if there is a session; a page that was just loaded must ask the server. */
  #isKnown = false;
  /** @type {Promise<boolean> | null} the refresh under way in this tab */
  #refreshing = null;
  /** @type {Failure | null} why the refresh of another tab failed, since this tab last asked for one */
  #failure = null;
  /** @type {Set<() => void>} called when a message of another tab arrives */
  #waiting = new Set();
  #loginUrl;
  #tokenUrl;
  #revokeUrl;
  #credentials;
  #origins;
  #name;
  #tabs;

  /** @param {Options} [options] */
  constructor({
    loginUrl = "/login",
    tokenUrl = "/token",
    revokeUrl = "/revoke",
    credentials = "same-origin",
    origins = [],
  } = {}) {
    super();
    this.#loginUrl = absolute(loginUrl);
    this.#tokenUrl = absolute(tokenUrl);
    this.#revokeUrl = absolute(revokeUrl);
    this.#credentials = credentials;
    this.#origins = new Set(inBrowser() ? [location.origin, originOf(this.#tokenUrl), ...origins] : []);
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
   * Logs in at the application, which passes on the answer of `POST /sessions` with its `Set-Cookie`. Then refreshes once,
   * to check that the browser has kept the cookie and sends it.
   *
   * With the token of an outside identity provider, logs in at Hallpass itself. Such a token is good for one login: when the
   * answer is lost, get a new one.
   *
   * @param {OutsideToken | object} credentials an outside token, or what is sent as JSON; the application defines its members
   * @returns {Promise<Tokens>} what was answered
   * @throws {HallpassError} when the login is refused, or the cookie was not kept; then the new session is ended
   */
  async login(credentials) {
    const isOutside = "subject_token" in credentials;
    const url = isOutside ? this.#tokenUrl : this.#loginUrl;
    const init = isOutside ? post(FORM, exchangeOf(credentials)) : post(JSON_TEXT, JSON.stringify(credentials));
    return this.#alone(async () => {
      const tokens = await tokensOf(await this.#send(url, init));
      // Without an answer nothing is known about the cookie, so the login counts as successful.
      const renewed = await this.#exchange().catch((error) => {
        if (error.isTemporary) return tokens;
        throw error;
      });
      if (renewed?.session_id !== tokens.session_id) {
        // Without the cookie nobody could refresh this session, so it is ended.
        await this.#call(this.#revokeUrl, `token=${encodeURIComponent(tokens.access_token)}`).catch(() => {});
        throw new HallpassError("cookie_not_kept", this.#whyNotKept(url));
      }
      this.#tell(renewed);
      return tokens;
    });
  }

  /**
   * Finds out whether the user is still logged in, for a page that needs to know before its first request.
   *
   * @returns {Promise<boolean>}
   * @throws {HallpassError} when the server could not tell; the session is as it was
   */
  restore() {
    return this.refresh();
  }

  /**
   * Gets a new access token; concurrent calls share one request.
   *
   * @returns {Promise<boolean>} `false` when nobody is logged in
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
   * @returns {Promise<void>}
   * @throws {HallpassError} when the server could not be told; then the user is still logged in
   */
  async logout() {
    await this.#alone(async () => {
      const response = await this.#call(this.#revokeUrl, "");
      if (!response.ok) throw await refusal(response);
      this.#tell(null);
    });
  }

  /**
   * Fetches with the access token. When the token has expired or is refused, it is refreshed, and the request is repeated
   * once. Requests to other origins are sent without it. An aborted request does not wait for the refresh, which goes on.
   *
   * @param {RequestInfo | URL} input
   * @param {RequestInit} [init]
   * @returns {Promise<Response>} 401 when the user is not logged in
   * @throws {HallpassError} when a refresh was needed and could not be made, or brought another session than the one in
   *   which the request was made
   */
  async fetch(input, init) {
    const request = new Request(input, init);
    const isForeign = !this.#origins.has(originOf(request.url));
    if (isForeign || request.headers.has("Authorization")) return fetch(request);
    const session = this.sessionId;
    const isDue = this.#access ? Date.now() > this.#access.renewAt : !this.#isKnown;
    if (isDue) await unlessAborted(request.signal, this.refresh());
    const first = this.#signed(request.clone(), session);
    const used = this.#access;
    const response = await fetch(first);
    if (response.status !== 401 || !used) return response;
    // Another request may have refreshed meanwhile; then its token is used.
    const isRefused = this.#access?.token === used.token;
    const isRenewed = isRefused ? await unlessAborted(request.signal, this.refresh()) : this.isLoggedIn;
    if (!isRenewed) return response;
    await response.body?.cancel();
    return fetch(this.#signed(request, used.session));
  }

  /**
   * Adds the access token to a request, if there is one.
   *
   * @param {Request} request
   * @param {string | null} session the one in which the request was made; no other one's token is added
   */
  #signed(request, session) {
    if (!this.#access) return request;
    if (session !== null && session !== this.#access.session) {
      throw new HallpassError("session_changed", "another session has begun in this browser, perhaps another user's");
    }
    request.headers.set("Authorization", `Bearer ${this.#access.token}`);
    return request;
  }

  /** Refreshes in this tab, or waits for another tab that is refreshing already. */
  async #refreshOnce() {
    const before = this.#access;
    this.#failure = null;
    return this.#alone(async (hasWaited) => {
      // The message of the tab that refreshed may still be on its way.
      if (hasWaited && this.#access === before && !this.#failure) await this.#hearing();
      if (this.#access !== before) return this.isLoggedIn;
      if (this.#failure) throw new HallpassError(this.#failure.code, this.#failure.message, this.#failure);
      const tokens = await this.#exchange().catch((error) => {
        const { code, message, isTemporary, status } = error;
        this.#tabs.say({ code, message, isTemporary, status });
        throw error;
      });
      this.#tell(tokens);
      return this.isLoggedIn;
    });
  }

  /**
   * Exchanges the cookie for its successor and a new access token.
   *
   * @returns {Promise<Tokens | null>} `null` when there is no cookie, or its session has ended
   */
  async #exchange() {
    const response = await this.#call(this.#tokenUrl, "grant_type=refresh_token");
    if (response.status === 204) return null;
    return tokensOf(response).catch((error) => {
      if (error.code === "invalid_grant") return null;
      throw error;
    });
  }

  /**
   * Calls the server with the cookie. When an answer got lost, asks again: the server repeats it.
   *
   * @param {string} url
   * @param {string} body
   */
  async #call(url, body) {
    const init = post(FORM, body);
    for (const pause of PAUSES) {
      const wait = await this.#attempt(url, init, pause);
      if (wait instanceof Response) return wait;
      await sleep(wait);
    }
    return this.#send(url, init);
  }

  /**
   * Returns the answer, or how long to wait before the next attempt.
   *
   * @param {string} url
   * @param {RequestInit} init
   * @param {number} pause
   */
  async #attempt(url, init, pause) {
    try {
      const response = await this.#send(url, init);
      const asked = Number(response.headers.get("Retry-After") ?? 0) * 1000;
      const isBusy = [429, 502, 503, 504].includes(response.status);
      return isBusy && asked <= LONGEST_PAUSE ? Math.max(asked, pause) : response;
    } catch {
      return pause;
    }
  }

  /**
   * Returns the answer after its whole body has arrived: a connection may break in the middle.
   *
   * @param {string} url
   * @param {RequestInit} init
   */
  async #send(url, init) {
    try {
      const signal = AbortSignal.timeout(TIMEOUT);
      const response = await fetch(url, { ...init, credentials: this.#credentials, signal });
      const body = await response.arrayBuffer();
      return new Response(body.byteLength ? body : null, { status: response.status, headers: response.headers });
    } catch (cause) {
      // A script is not told which of the two happened; the browser's console shows it.
      const reason = isElsewhere(url) ? ", or does not let this origin read its answers (CORS)" : "";
      throw new HallpassError("network_error", `the server cannot be reached${reason}`, { isTemporary: true, cause });
    }
  }

  /**
   * Returns what to check when the browser does not send the cookie of the login.
   *
   * @param {string} url that of the login
   */
  #whyNotKept(url) {
    const [setter, getter] = [new URL(url), new URL(this.#tokenUrl)];
    if (setter.hostname !== getter.hostname) {
      return `the login is on ${setter.hostname}, so that its cookie does not reach ${getter.hostname}: use one host for both`;
    }
    if (isElsewhere(getter.href) && this.#credentials !== "include") {
      return `${getter.origin} is another origin: the option credentials must be "include"`;
    }
    return (
      `the browser did not keep the cookie, or does not send it: the page must be on the same site as ${getter.hostname}, ` +
      "that host must have https (or Hallpass --dev-cookie), and the login must pass the Set-Cookie line of Hallpass on"
    );
  }

  /**
   * Runs `task` while no other tab runs one. Its argument says whether it had to wait for another tab.
   *
   * @template T
   * @param {(hasWaited: boolean) => Promise<T>} task
   * @returns {Promise<T>}
   */
  async #alone(task) {
    if (!inBrowser()) throw new HallpassError("no_browser", "only a browser has the cookie: call this in the page");
    // Without https there are no locks. Then several tabs may refresh, and the server gives them the same answer.
    if (!navigator.locks) return task(false);
    const done = await navigator.locks.request(this.#name, { ifAvailable: true }, async (lock) => {
      return lock ? { value: await task(false) } : null;
    });
    return done ? done.value : navigator.locks.request(this.#name, () => task(true));
  }

  /**
   * Resolves when a message of another tab arrives, or after {@link PATIENCE}.
   *
   * @returns {Promise<void>}
   */
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

  /**
   * Sends all tabs, including this one, the new tokens of the session, or `null` after its end.
   *
   * @param {Tokens | null} tokens
   */
  #tell(tokens) {
    this.#tabs.say(tokens);
    this.#hear(tokens);
  }

  /** @param {Tokens | Failure | null} message as told by this tab or another one */
  #hear(message) {
    if (message === null) this.#forget();
    else if ("code" in message) this.#failure = message;
    else this.#keep(message);
    for (const done of [...this.#waiting]) done();
  }

  /** @param {Tokens} tokens */
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

/** Returns whether this runs in a browser, and not on a server that renders pages. */
function inBrowser() {
  return globalThis.location !== undefined;
}

/**
 * Returns the full address of a path under the page.
 *
 * @param {string} url
 */
function absolute(url) {
  return inBrowser() ? new URL(url, location.href).href : url;
}

/** @param {string} url */
function originOf(url) {
  return new URL(url).origin;
}

/**
 * Returns whether an address is on another origin than the page.
 *
 * @param {string} url
 */
function isElsewhere(url) {
  return originOf(url) !== location.origin;
}

/**
 * Returns what makes a request that changes something.
 *
 * @param {Record<string, string>} headers
 * @param {string} body
 * @returns {RequestInit}
 */
function post(headers, body) {
  return { method: "POST", headers, body, cache: "no-store" };
}

/**
 * Returns the form that exchanges an outside token for a session whose refresh token is in the cookie (RFC 8693).
 *
 * @param {OutsideToken} token
 */
function exchangeOf(token) {
  const form = new URLSearchParams({ grant_type: "urn:ietf:params:oauth:grant-type:token-exchange", cookie: "true" });
  form.set("subject_token", token.subject_token);
  form.set("subject_token_type", token.subject_token_type ?? "urn:ietf:params:oauth:token-type:id_token");
  if (token.nonce) form.set("nonce", token.nonce);
  return form.toString();
}

/**
 * Returns the tokens of an answer; throws when it has none.
 *
 * @param {Response} response
 * @returns {Promise<Tokens>}
 */
async function tokensOf(response) {
  if (!response.ok) throw await refusal(response);
  const tokens = await response.json().catch(() => null);
  if (typeof tokens?.access_token === "string") return tokens;
  throw new HallpassError("invalid_response", "the answer has no tokens", { status: response.status });
}

/**
 * Returns the server's refusal as an error.
 *
 * @param {Response} response
 */
async function refusal(response) {
  const { status } = response;
  const body = await response.json().catch(() => ({}));
  const code = typeof body?.error === "string" ? body.error : `http_${status}`;
  const text = typeof body?.error_description === "string" ? body.error_description : `the server answered ${status}`;
  return new HallpassError(code, text, { isTemporary: status === 429 || status >= 500, status });
}

/**
 * @param {number} milliseconds
 * @returns {Promise<void>}
 */
function sleep(milliseconds) {
  return new Promise((resolve) => {
    setTimeout(resolve, milliseconds);
  });
}

/**
 * Returns what `task` brings, or throws the reason of `signal` when that is aborted before.
 *
 * @template T
 * @param {AbortSignal} signal
 * @param {Promise<T>} task
 * @returns {Promise<T>}
 */
function unlessAborted(signal, task) {
  return new Promise((resolve, reject) => {
    const abort = () => reject(signal.reason);
    signal.addEventListener("abort", abort, { once: true });
    task.then(resolve, reject).finally(() => signal.removeEventListener("abort", abort));
    if (signal.aborted) abort();
  });
}

/**
 * Opens a channel to the other tabs of this origin. Without BroadcastChannel, only a logout is passed on.
 *
 * @param {string} name
 * @param {(message: Tokens | Failure | null) => void} hear
 * @returns {{ say(message: Tokens | Failure | null): void }}
 */
function openChannel(name, hear) {
  if (!inBrowser()) return { say() {} };
  if (typeof BroadcastChannel === "function") {
    const channel = new BroadcastChannel(name);
    channel.addEventListener("message", (event) => hear(event.data));
    return { say: (message) => channel.postMessage(message) };
  }
  addEventListener("storage", (event) => {
    if (event.key === name && event.newValue) hear(null);
  });
  // Tokens are never stored. The time makes each value differ from the one before, so that the event fires.
  return {
    say(message) {
      if (!message) localStorage.setItem(name, String(Date.now()));
    },
  };
}
