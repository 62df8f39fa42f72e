/**
 * A small application in front of Hallpass, without dependencies: Node.js 18 or newer.
 *
 *     target/release/hallpass-server --dev-cookie
 *     node examples/browser/server.mjs
 *
 * Start both in the project's folder, each in a terminal of its own, and open http://localhost:3000.
 *
 * It checks the user's password, opens a session at Hallpass, and passes the cookie on; it passes /token and /revoke on to
 * Hallpass, so that the cookie belongs to its own origin; and it asks /verify before it answers at /api/.
 *
 * Environment: PORT (3000), HALLPASS_URL (http://127.0.0.1:8080), HALLPASS_CLIENT_ID (local), HALLPASS_CLIENT_SECRET, or
 * HALLPASS_CLIENT_SECRET_FILE (data/client-secret). For a page on another origin than the application, start this twice:
 * with ALLOWED_ORIGIN, the page's origin, it answers scripts of that origin; with API_ORIGIN, the application's origin, it
 * serves the page.
 */

import { readFile } from "node:fs/promises";
import { createServer } from "node:http";

const { PORT = "3000", HALLPASS_URL = "http://127.0.0.1:8080", HALLPASS_CLIENT_ID = "local" } = process.env;
const { HALLPASS_CLIENT_SECRET, HALLPASS_CLIENT_SECRET_FILE = "data/client-secret" } = process.env;
const { ALLOWED_ORIGIN = "", API_ORIGIN = "" } = process.env;
const SECRET = API_ORIGIN ? "" : HALLPASS_CLIENT_SECRET ?? (await readFile(HALLPASS_CLIENT_SECRET_FILE, "utf8")).trim();

/** What a real application has in its database, with hashed passwords. */
const USERS = new Map([
  ["ada", { id: "42", name: "Ada", password: "demo" }],
  ["grace", { id: "43", name: "Grace", password: "demo" }],
]);

const FILES = new Map([
  ["/", ["index.html", "text/html; charset=utf-8"]],
  ["/page.css", ["page.css", "text/css; charset=utf-8"]],
  ["/page.js", ["page.js", "text/javascript; charset=utf-8"]],
  ["/hallpass.js", ["../../packages/browser/hallpass.js", "text/javascript; charset=utf-8"]],
]);

/** The largest body that is read; Hallpass takes no more either. */
const MAX_BODY = 16 * 1024;
/** The headers that a call to Hallpass needs, and those of its answer that the browser does. */
const FORWARDED = ["content-type", "cookie", "x-hallpass"];
const RETURNED = ["content-type", "cache-control", "retry-after", "www-authenticate"];

/** What lets scripts of ALLOWED_ORIGIN call this server with the cookie, and read its answers (CORS). */
const CORS = {
  "Access-Control-Allow-Origin": ALLOWED_ORIGIN,
  "Access-Control-Allow-Credentials": "true",
  "Access-Control-Allow-Methods": "GET, POST, DELETE",
  "Access-Control-Allow-Headers": "Authorization, Content-Type, X-Hallpass",
  "Access-Control-Expose-Headers": "Retry-After, WWW-Authenticate",
  "Access-Control-Max-Age": "600",
};

/** The whole body of a request. */
async function bodyOf(request) {
  const chunks = [];
  let size = 0;
  for await (const chunk of request) {
    size += chunk.length;
    if (size > MAX_BODY) throw Object.assign(new Error("the body is too large"), { status: 413 });
    chunks.push(chunk);
  }
  return Buffer.concat(chunks);
}

/** Answers with JSON. */
function answer(response, status, body, headers = {}) {
  response.writeHead(status, { "Content-Type": "application/json", "Cache-Control": "no-store", ...headers });
  response.end(JSON.stringify(body));
}

/** Answers with what Hallpass answered, its cookies included. */
async function passOn(response, theirs) {
  const headers = RETURNED.filter((name) => theirs.headers.has(name)).map((name) => [name, theirs.headers.get(name)]);
  const cookies = theirs.headers.getSetCookie();
  response.writeHead(theirs.status, { ...Object.fromEntries(headers), ...(cookies.length ? { "Set-Cookie": cookies } : {}) });
  response.end(Buffer.from(await theirs.arrayBuffer()));
}

/** POST /login: the application's own check, then a session. */
async function login(request, response) {
  // A form on another site cannot send JSON, so it cannot log anybody in.
  if (!request.headers["content-type"]?.startsWith("application/json")) {
    return answer(response, 415, { error: "invalid_request", error_description: "the login takes JSON" });
  }
  const credentials = JSON.parse(await bodyOf(request));
  const user = USERS.get(credentials?.name);
  if (!user || user.password !== credentials.password) {
    return answer(response, 401, { error: "access_denied", error_description: "name or password is wrong" });
  }
  const session = { subject: user.id, claims: { name: user.name }, meta: { agent: String(request.headers["user-agent"]).slice(0, 200) }, cookie: true };
  const theirs = await fetch(`${HALLPASS_URL}/sessions`, {
    method: "POST",
    headers: {
      "Content-Type": "application/json",
      Authorization: `Basic ${Buffer.from(`${HALLPASS_CLIENT_ID}:${SECRET}`).toString("base64")}`,
    },
    body: JSON.stringify(session),
  });
  return passOn(response, theirs);
}

/** POST /token and /revoke: passes the request on to Hallpass, so that the cookie belongs to this origin. */
async function proxy(request, response, path) {
  const known = FORWARDED.filter((name) => request.headers[name] !== undefined).map((name) => [name, request.headers[name]]);
  const headers = { ...Object.fromEntries(known), "X-Forwarded-For": request.socket.remoteAddress };
  const theirs = await fetch(`${HALLPASS_URL}${path}`, { method: "POST", headers, body: await bodyOf(request) });
  return passOn(response, theirs);
}

/** GET /api/hello: for users who are logged in. */
async function hello(request, response) {
  const authorization = request.headers.authorization;
  const verified = await fetch(`${HALLPASS_URL}/verify`, { headers: authorization ? { Authorization: authorization } : {} });
  if (!verified.ok) return passOn(response, verified);
  const { name } = JSON.parse(verified.headers.get("x-auth-claims"));
  const subject = decodeURIComponent(verified.headers.get("x-auth-subject"));
  return answer(response, 200, { user: `${name} (${subject})`, message: `Hello ${name}` });
}

/** GET and DELETE /api/devices: where the user is logged in, and logout everywhere. */
async function devices(request, response) {
  const headers = { Authorization: request.headers.authorization ?? "" };
  return passOn(response, await fetch(`${HALLPASS_URL}/me/sessions`, { method: request.method, headers }));
}

/** Answers with one of the page's files. The page finds the application's origin in its first element. */
async function file(response, [name, type]) {
  const content = await readFile(new URL(name, import.meta.url), "utf8");
  response.writeHead(200, {
    "Content-Type": type,
    "Cache-Control": "no-cache",
    "Content-Security-Policy": `default-src 'self'; connect-src 'self' ${API_ORIGIN}; img-src data:; frame-ancestors 'none'; base-uri 'none'; form-action 'self'`,
    "X-Content-Type-Options": "nosniff",
  });
  response.end(content.replace('data-api=""', `data-api="${API_ORIGIN}"`));
}

/** Answers a request. */
async function route(request, response) {
  const { pathname } = new URL(request.url, "http://localhost");
  const call = `${request.method} ${pathname}`;
  if (request.method === "GET" && FILES.has(pathname)) return file(response, FILES.get(pathname));
  if (ALLOWED_ORIGIN) response.setHeader("Vary", "Origin");
  if (ALLOWED_ORIGIN && request.headers.origin === ALLOWED_ORIGIN) {
    response.setHeaders(new Map(Object.entries(CORS)));
    // A preflight request: the browser asks first whether the script may send its request.
    if (request.method === "OPTIONS") return response.writeHead(204).end();
  }
  if (call === "POST /login") return login(request, response);
  if (call === "POST /token" || call === "POST /revoke") return proxy(request, response, pathname);
  if (call === "GET /api/hello") return hello(request, response);
  if (call === "GET /api/devices" || call === "DELETE /api/devices") return devices(request, response);
  return answer(response, 404, { error: "not_found", error_description: "there is nothing here" });
}

const server = createServer((request, response) => {
  route(request, response).catch((error) => {
    if (response.headersSent) return response.destroy();
    if (error instanceof SyntaxError) return answer(response, 400, { error: "invalid_request", error_description: "the body is not JSON" });
    if (error.status) return answer(response, error.status, { error: "invalid_request", error_description: error.message }, { Connection: "close" });
    console.error(error.cause?.code ?? error.message);
    // Hallpass cannot be reached. This is not a logout: the browser asks again.
    return answer(response, 503, { error: "temporarily_unavailable", error_description: "try again" }, { "Retry-After": "1" });
  });
});

server.listen(Number(PORT), "127.0.0.1", () => {
  console.log(`The example listens on http://localhost:${server.address().port}`);
});
