import { openSession } from "../../lib/hallpass.js";

/** What a real application has in its database, with hashed passwords. */
const USERS = new Map([
  ["ada", { id: "42", name: "Ada", password: "demo" }],
  ["grace", { id: "43", name: "Grace", password: "demo" }],
]);

export async function POST(request) {
  // A form on another site cannot send JSON, so it cannot log anybody in.
  const isJson = request.headers.get("content-type")?.startsWith("application/json");
  const credentials = isJson ? await request.json().catch(() => null) : null;
  if (!credentials) return Response.json({ error: "invalid_request" }, { status: 400 });
  const user = USERS.get(credentials.name);
  if (!user || user.password !== credentials.password) return Response.json({ error: "access_denied" }, { status: 401 });
  return openSession(user.id, { name: user.name });
}
