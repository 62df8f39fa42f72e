/** Serves an application without a line of JavaScript in its pages, on PORT. A gateway guards what is below /account/. */

import { createServer } from "node:http";

const { PORT, HALLPASS_URL, HALLPASS_CLIENT_SECRET } = process.env;
const orders = [];

/** Pages by method and path; below /account/ the gateway says who asks. */
const routes = {
  "GET /": (_, response) => show(response, form("/login", "Log in")),
  "GET /welcome": (_, response) => show(response, '<meta http-equiv="refresh" content="0; url=/account/orders">'),
  "POST /login": async (_, response) => {
    const credentials = Buffer.from(`local:${HALLPASS_CLIENT_SECRET}`).toString("base64");
    const headers = { "Content-Type": "application/json", Authorization: `Basic ${credentials}` };
    const body = JSON.stringify({ subject: "ada", cookie: true, access_ttl: 1 });
    sendTo("/account/orders", response, await fetch(`${HALLPASS_URL}/sessions`, { method: "POST", headers, body }));
  },
  "GET /account/orders": (request, response) => {
    const greeting = `<p id="greeting">Hello ${request.headers["x-auth-subject"]}, your orders: ${orders.join(", ")}</p>`;
    const script = `<script>document.title = "a script ran"</script>`;
    show(response, `${greeting}<img src="/account/photo.svg">${form("/account/orders", "Order")}${form("/logout", "Log out")}${script}`);
  },
  "GET /account/photo.svg": (_, response) => {
    response.writeHead(200, { "Content-Type": "image/svg+xml" });
    response.end('<svg xmlns="http://www.w3.org/2000/svg" width="7" height="7"/>');
  },
  "POST /account/orders": (request, response) => {
    orders.push(`number ${orders.length + 1} for ${request.headers["x-auth-subject"]}`);
    sendTo("/account/orders", response);
  },
  "POST /logout": async (request, response) => {
    const headers = { Cookie: request.headers.cookie ?? "", "X-Hallpass": "1" };
    sendTo("/", response, await fetch(`${HALLPASS_URL}/revoke`, { method: "POST", headers }));
  },
};

function form(action, label) {
  return `<form method="post" action="${action}"><button id="${action.split("/").at(-1)}">${label}</button></form>`;
}

function show(response, body) {
  response.writeHead(200, { "Content-Type": "text/html; charset=utf-8" });
  response.end(`<!doctype html><title>Orders</title><link rel="icon" href="data:,"><body>${body}`);
}

/** Sends the browser to a page, with the cookie lines of an answer. */
function sendTo(path, response, answer) {
  const cookies = answer?.headers.getSetCookie() ?? [];
  response.writeHead(303, { Location: path, "Set-Cookie": cookies }).end();
}

const server = createServer((request, response) => {
  request.resume();
  const route = routes[`${request.method} ${request.url}`];
  if (route) return route(request, response);
  return response.writeHead(404).end();
});
server.listen(Number(PORT), "127.0.0.1", () => {
  console.log(`The application listens on http://127.0.0.1:${server.address().port}`);
});
