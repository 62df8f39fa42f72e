/** Requests to hallpass-server, with the client's secret, which is kept nowhere but here and gone with the page. */

/** How long a request may take; the server itself gives up after ten seconds. */
const TIMEOUT = 15_000;

let authorization;

/** Text as a part of an address. Half a character, which no subject has, becomes a question mark in a box. */
const encoded = (text) => encodeURIComponent(text.toWellFormed());

/** A refusal of the server. */
export class Refusal extends Error {
  constructor(method, response, body) {
    super(body?.error_description ?? "");
    this.status = response.status;
    this.mayHaveHappened = method === "DELETE" || method === "PUT";
    this.retryAfter = response.headers.get("Retry-After");
  }
}

/** Takes the client's credentials for all further requests (RFC 6749 §2.3.1: both are form-encoded). */
export function useCredentials(id, secret) {
  authorization = `Basic ${btoa(`${encoded(id)}:${encoded(secret)}`)}`;
}

/** Forgets them. */
export function forgetCredentials() {
  authorization = undefined;
}

/**
 * Sends a request. Cookies are never sent along, and a 401 opens no dialog of the browser, since credentials are
 * omitted; the header is ours.
 */
export async function send(method, path, { body, signal, headers = {} } = {}) {
  const all = { ...headers, ...(authorization && { Authorization: authorization }) };
  if (body !== undefined) all["Content-Type"] = "application/json";
  const options = { method, body, headers: all, signal, credentials: "omit", cache: "no-store", redirect: "error" };
  const response = await fetch(path, options);
  if (!response.ok) throw new Refusal(method, response, await response.json().catch(() => undefined));
  return response;
}

/** Sends a request and returns the JSON of its answer. `body` is JSON text. */
export async function call(method, path, body) {
  const response = await send(method, path, { body, signal: AbortSignal.timeout(TIMEOUT) });
  return JSON.parse(await response.text(), exact);
}

/** Keeps a number that JavaScript would round as it came, so that claims can be shown and sent back unchanged. */
function exact(_, value, context) {
  const isRounded = typeof value === "number" && context?.source !== undefined && context.source !== String(value);
  return isRounded ? JSON.rawJSON(context.source) : value;
}

/** The numbers of the server, as text. */
export async function readMetrics() {
  return (await send("GET", "metrics", { signal: AbortSignal.timeout(TIMEOUT) })).text();
}

/** The keys of the ring. */
export const readKeys = async () => (await call("GET", "keys")).keys;

/** What a token is. */
export const inspect = (token) => call("POST", "inspect", JSON.stringify({ token }));

/** The issuer, and what else the metadata says. */
export const readMetadata = () => call("GET", ".well-known/oauth-authorization-server");

const sessions = (subject) => `subjects/${encoded(subject)}/sessions`;

/** Some of a user's sessions, newest first. */
export async function readSessions(subject, offset, count) {
  return (await call("GET", `${sessions(subject)}?offset=${offset}&count=${count}`)).sessions;
}

/** Ends one session. Returns how many ended. */
export async function endSession(subject, sid) {
  return (await call("DELETE", `${sessions(subject)}/${encoded(sid)}`)).revoked;
}

/** Ends all sessions of a user, or all but one. Returns how many ended. */
export async function endSessions(subject, except) {
  const query = except === undefined ? "" : `?except=${encoded(except)}`;
  return (await call("DELETE", sessions(subject) + query)).revoked;
}

/** Replaces the claims of one session or of all, by JSON text. Returns how many were changed. */
export async function setClaims(subject, sid, claims) {
  const query = sid === undefined ? "" : `?sid=${encoded(sid)}`;
  return (await call("PUT", `subjects/${encoded(subject)}/claims${query}`, claims)).updated;
}

/** Says what went wrong, for people. */
export function explain(error) {
  if (!(error instanceof Refusal)) return "hallpass-server does not answer. Is it running, and is the network up?";
  const wait = error.retryAfter === null ? "later" : `in ${error.retryAfter} s`;
  switch (error.status) {
    case 401:
      return "The client id or its secret is wrong.";
    case 403:
      return "This client may not do that: it does not have the scope “manage”.";
    case 404:
      return "This server does not have that route: it may be of another version.";
    case 429:
      return `Too many failed attempts from this address. Try again ${wait}.`;
    case 503:
      return error.mayHaveHappened
        ? "Redis does not answer in time. It may do this all the same: look again when it answers."
        : "Redis does not answer, so nothing can be shown now. No session ends because of that.";
    default:
      return error.message === "" ? `The server refused with status ${error.status}.` : `The server refused: ${error.message}.`;
  }
}
