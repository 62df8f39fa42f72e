/** Another user logs in where a tab cannot hear it: no request that was made for the first user is sent for the second. */

import assert from "node:assert/strict";
import { logIn, makeStale, noted, openTab, run, until } from "./support.mjs";

/** Logs in as a page does that the tab cannot hear, such as one on a sibling host. */
function logInUnheard(page, name) {
  return page.evaluate(async (user) => {
    const body = JSON.stringify({ name: user, password: "demo" });
    const response = await fetch("/login", { method: "POST", headers: { "Content-Type": "application/json" }, body });
    if (!response.ok) throw new Error(`the login: ${response.status}`);
  }, name);
}

/** Calls the API, and returns the status, or the code of the error. */
function call(page) {
  return page.evaluate(() => hallpass.fetch("/api/hello").then((response) => response.status, (error) => error.code));
}

const shows = (page, user) => until(`the page shows ${user}`, async () => (await page.textContent("#user")) === user);

await run(async (browser, line) => {
  const page = await openTab(browser, line);
  await logIn(page);
  await until("the device is counted", async () => (await page.textContent("#devices")) === "1");

  // The token is refused, and the refresh brings the session of the other user.
  await logInUnheard(page, "grace");
  await makeStale("42");
  assert.equal(await call(page), "session_changed");
  await shows(page, "Grace (43)");
  assert.equal(await noted(page, "Logged in"), 2, "an event says so");
  assert.equal(await call(page), 200, "what is asked from now on is asked for the other user");

  // The token has expired, so the refresh comes before the request.
  await logInUnheard(page, "ada");
  await page.evaluate(() => {
    const now = Date.now.bind(Date);
    Date.now = () => now() + 3_600_000;
  });
  assert.equal(await call(page), "session_changed");
  await shows(page, "Ada (42)");
  assert.equal(await call(page), 200);

  // After the end of the session the request is sent, and refused.
  await page.evaluate(() => fetch("/revoke", { method: "POST", headers: { "X-Hallpass": "1" } }));
  assert.equal(await call(page), 401);
});
