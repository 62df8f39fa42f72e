/** Hallpass for Express: a middleware that lets only users through who are logged in, and the calls behind a login. */

import { readFileSync } from "node:fs";

const { HALLPASS_URL = "http://127.0.0.1:8080", HALLPASS_CLIENT_ID = "local" } = process.env;
const { HALLPASS_CLIENT_SECRET, HALLPASS_CLIENT_SECRET_FILE = "data/client-secret" } = process.env;
const SECRET = HALLPASS_CLIENT_SECRET ?? readFileSync(HALLPASS_CLIENT_SECRET_FILE, "utf8").trim();

/** The headers that a call to Hallpass needs, and those of its answer that the browser does. */
const FORWARDED = ["authorization", "content-type", "cookie", "x-hallpass"];
const RETURNED = ["content-type", "cache-control", "retry-after", "www-authenticate"];

/** Calls Hallpass. If it does not answer, that is an outage (503) and no logout. */
async function call(path, init) {
  try {
    return await fetch(`${HALLPASS_URL}${path}`, { ...init, signal: AbortSignal.timeout(10_000) });
  } catch (cause) {
    throw Object.assign(new Error("Hallpass cannot be reached", { cause }), { status: 503 });
  }
}

/** Answers with what Hallpass answered, its cookies included. */
async function passOn(response, theirs, status = theirs.status) {
  for (const name of RETURNED) if (theirs.headers.has(name)) response.set(name, theirs.headers.get(name));
  for (const line of theirs.headers.getSetCookie()) response.append("Set-Cookie", line);
  response.status(status).end(Buffer.from(await theirs.arrayBuffer()));
}

/** Opens a session for a user whose password was right, and sends its cookie and its access token. */
export async function openSession(request, response, subject, claims) {
  const meta = { agent: String(request.get("user-agent")).slice(0, 200) };
  const theirs = await call("/sessions", {
    method: "POST",
    headers: {
      "Content-Type": "application/json",
      Authorization: `Basic ${Buffer.from(`${HALLPASS_CLIENT_ID}:${SECRET}`).toString("base64")}`,
    },
    body: JSON.stringify({ subject, claims, meta, cookie: true }),
  });
  await passOn(response, theirs, theirs.status === 201 ? 200 : theirs.status);
}

/** Lets a request through if its access token is good, and says in `request.user` who asks. */
export async function requireLogin(request, response, next) {
  const authorization = request.get("authorization");
  const verified = await call("/verify", { headers: authorization ? { Authorization: authorization } : {} });
  if (!verified.ok) return passOn(response, verified);
  request.user = {
    id: decodeURIComponent(verified.headers.get("x-auth-subject")),
    session: verified.headers.get("x-auth-session"),
    claims: JSON.parse(verified.headers.get("x-auth-claims")),
  };
  next();
}

/** Returns a handler that passes a request on to a route of Hallpass, so that the cookie belongs to this origin. */
export function proxy(path) {
  return async (request, response) => {
    const known = FORWARDED.filter((name) => request.get(name) !== undefined);
    const headers = Object.fromEntries(known.map((name) => [name, request.get(name)]));
    headers["X-Forwarded-For"] = request.socket.remoteAddress;
    const body = ["GET", "HEAD"].includes(request.method) ? undefined : request.body;
    await passOn(response, await call(path, { method: request.method, headers, body }));
  };
}
