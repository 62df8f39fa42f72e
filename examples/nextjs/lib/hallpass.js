/** Hallpass for Next.js: who asks, for pages and for route handlers, and the calls behind a login. */

import { readFileSync } from "node:fs";
import http from "node:http";
import https from "node:https";

import { headers } from "next/headers";
import { cache } from "react";

const { HALLPASS_URL = "http://127.0.0.1:8080", HALLPASS_CLIENT_ID = "local" } = process.env;

/** The headers of the browser by which Hallpass judges a request, and those of its answer that the browser needs. */
const JUDGED = ["authorization", "cookie", "origin", "sec-fetch-site", "sec-fetch-mode", "sec-purpose"];
const FORWARDED = ["authorization", "content-type", "cookie", "x-hallpass"];
const RETURNED = ["content-type", "cache-control", "retry-after", "www-authenticate"];

const UNREACHABLE = { error: "temporarily_unavailable", error_description: "try again" };

/** Calls Hallpass. If it does not answer, that is an outage (503) and no logout. */
async function call(path, init) {
  try {
    return await fetch(`${HALLPASS_URL}${path}`, { ...init, cache: "no-store", signal: AbortSignal.timeout(10_000) });
  } catch (error) {
    return unreachable(error);
  }
}

function unreachable(error) {
  console.error(`Hallpass cannot be reached: ${error.cause?.code ?? error.code ?? error.message}`);
  return Response.json(UNREACHABLE, { status: 503, headers: { "Retry-After": "1" } });
}

/** Calls a route that needs the client's secret. */
function callAsClient(path, method, body) {
  const { HALLPASS_CLIENT_SECRET, HALLPASS_CLIENT_SECRET_FILE = "../../data/client-secret" } = process.env;
  const secret = HALLPASS_CLIENT_SECRET ?? readFileSync(HALLPASS_CLIENT_SECRET_FILE, "utf8").trim();
  const Authorization = `Basic ${Buffer.from(`${HALLPASS_CLIENT_ID}:${secret}`).toString("base64")}`;
  return call(path, { method, body: JSON.stringify(body), headers: { Authorization, "Content-Type": "application/json" } });
}

function picked(from, names) {
  return new Headers(names.filter((name) => from.has(name)).map((name) => [name, from.get(name)]));
}

/** Returns what Hallpass answered as an answer to the browser, with its cookies. */
function passOn(theirs, status = theirs.status) {
  const headers = picked(theirs.headers, RETURNED);
  for (const line of theirs.headers.getSetCookie()) headers.append("Set-Cookie", line);
  return new Response(theirs.body, { status, headers });
}

/** Asks Hallpass about a request, by its access token or by its cookie. */
export function verify(incoming, method) {
  const headers = picked(incoming, JUDGED);
  headers.set("X-Forwarded-Method", method);
  headers.set("X-Forwarded-Host", incoming.get("host") ?? "");
  headers.set("X-Forwarded-Proto", incoming.get("x-forwarded-proto") ?? "http");
  return get("/verify", headers);
}

/** Calls Hallpass with exactly these headers. `fetch` would replace Sec-Fetch-Mode, by which Hallpass knows a navigation. */
function get(path, headers) {
  const { request } = HALLPASS_URL.startsWith("https:") ? https : http;
  return new Promise((resolve) => {
    const fail = (error) => resolve(unreachable(error));
    const call = request(`${HALLPASS_URL}${path}`, { headers: Object.fromEntries(headers), timeout: 10_000 }, (answer) => {
      const { statusCode: status, headersDistinct } = answer;
      const lines = Object.entries(headersDistinct).flatMap(([name, values]) => values.map((value) => [name, value]));
      answer.toArray().then((parts) => resolve(new Response(Buffer.concat(parts), { status, headers: lines })), fail);
    });
    call.on("timeout", () => call.destroy(new Error("no answer"))).on("error", fail).end();
  });
}

function userOf(verified) {
  return {
    id: decodeURIComponent(verified.headers.get("x-auth-subject")),
    session: verified.headers.get("x-auth-session"),
    claims: JSON.parse(verified.headers.get("x-auth-claims")),
  };
}

/**
 * Returns who looks at the page that is being rendered, or null. All components of a page share one question.
 *
 * Rendering cannot set a cookie, so this says that it is no navigation: proxy.js has renewed the cookie already.
 */
export const currentUser = cache(async () => {
  const incoming = new Headers(await headers());
  incoming.set("sec-fetch-mode", "same-origin");
  const verified = await verify(incoming, "GET");
  if (verified.status === 401) return null;
  if (!verified.ok) throw new Error(`Hallpass answered ${verified.status}`);
  return userOf(verified);
});

/** Makes a route handler that is for users who are logged in. */
export function forUsers(handler) {
  return async (request) => {
    const verified = await verify(request.headers, request.method);
    if (!verified.ok) return passOn(verified);
    const answer = await handler(userOf(verified), request);
    // A cookie that was renewed must reach the browser, and no cache.
    for (const line of verified.headers.getSetCookie()) {
      answer.headers.append("Set-Cookie", line);
      answer.headers.append("Cache-Control", "private");
    }
    return answer;
  };
}

/** Makes a route handler that passes a request on to Hallpass. */
export function proxied(path) {
  return async (request) => {
    const init = { method: request.method, headers: picked(request.headers, FORWARDED), body: await request.text() };
    return passOn(await call(path, init));
  };
}

/** Opens a session for a user whose password was right; `shared` forgives a page that lost its new cookie. */
export async function openSession(subject, claims) {
  const theirs = await callAsClient("/sessions", "POST", { subject, claims, cookie: true, shared: 1 });
  return passOn(theirs, theirs.status === 201 ? 200 : theirs.status);
}

/** Asks for the sessions of a user (GET), or ends all of them (DELETE). */
export async function sessionsOf(user, method = "GET") {
  const theirs = await callAsClient(`/subjects/${encodeURIComponent(user.id)}/sessions`, method);
  if (!theirs.ok || method !== "GET") return passOn(theirs);
  const { sessions } = await theirs.json();
  return Response.json({ sessions: sessions.map((session) => ({ ...session, current: session.sid === user.session })) });
}
