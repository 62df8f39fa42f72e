/**
 * An Express application with Hallpass; docs/stacks/express.md explains it.
 *
 * Environment: PORT (3000), HALLPASS_URL (http://127.0.0.1:8080), HALLPASS_CLIENT_ID (local), HALLPASS_CLIENT_SECRET, or
 * HALLPASS_CLIENT_SECRET_FILE (data/client-secret).
 */

import { fileURLToPath } from "node:url";

import express from "express";

import { openSession, proxy, requireLogin } from "./hallpass.mjs";

/** What a real application has in its database, with hashed passwords. */
const USERS = new Map([
  ["ada", { id: "42", name: "Ada", password: "demo" }],
  ["grace", { id: "43", name: "Grace", password: "demo" }],
]);

const app = express();
app.disable("x-powered-by");
const form = express.text({ type: "application/x-www-form-urlencoded", limit: "16kb" });

// express.json() takes JSON only, which a form on another site cannot send: so it cannot log anybody in.
app.post("/login", express.json({ limit: "16kb" }), async (request, response) => {
  const user = USERS.get(request.body?.name);
  if (!user || user.password !== request.body.password) return refuse(response, 401, "access_denied", "name or password is wrong");
  await openSession(request, response, user.id, { name: user.name });
});
app.post("/token", form, proxy("/token"));
app.post("/revoke", form, proxy("/revoke"));

app.get("/api/hello", requireLogin, (request, response) => {
  const { id, claims } = request.user;
  response.json({ user: `${claims.name} (${id})`, message: `Hello ${claims.name}` });
});
app.get("/api/devices", proxy("/me/sessions"));
app.delete("/api/devices", proxy("/me/sessions"));

// The page of examples/browser: login, silent refresh, logout.
const folder = (path) => express.static(fileURLToPath(new URL(path, import.meta.url)));
app.use(folder("../browser"), folder("../../packages/browser"));

app.use((error, request, response, next) => {
  if (response.headersSent) return next(error);
  const status = error.status ?? 500;
  if (status >= 500) console.error(error.message, error.cause?.cause?.code ?? "");
  if (status === 503) return refuse(response.set("Retry-After", "1"), 503, "temporarily_unavailable", "try again");
  refuse(response, status, status < 500 ? "invalid_request" : "server_error", "the request failed");
});

/** Answers with an OAuth error. */
function refuse(response, status, error, error_description) {
  response.status(status).set("Cache-Control", "no-store").json({ error, error_description });
}

app.listen(Number(process.env.PORT ?? 3000), "127.0.0.1", function (error) {
  if (error) throw error; // such as a port that is in use
  console.log(`The example listens on http://localhost:${this.address().port}`);
});
