/** Other sites cannot use the cookie: neither a form, nor a script, nor a page of another port of the same host. */

import assert from "node:assert/strict";
import { once } from "node:events";
import { createServer } from "node:http";
import { cookie, logIn, noted, openTab, run, until } from "./support.mjs";

/** Returns a page with a form for each of the victim's endpoints. */
function trap(victim) {
  const form = (path) =>
    `<form method="post" action="${victim}${path}"><input name="grant_type" value="refresh_token"><button id="${path.slice(1)}">Win</button></form>`;
  return `<!doctype html><title>Win a prize</title>${form("/token")}${form("/revoke")}`;
}

await run(async (browser, line) => {
  const page = await openTab(browser, line);
  await logIn(page);
  const { value } = await cookie(browser, line);

  const evil = createServer((_, response) => response.writeHead(200, { "Content-Type": "text/html" }).end(trap(line.url)));
  evil.unref().listen(0, "127.0.0.1");
  await once(evil, "listening");
  const { port } = evil.address();
  for (const [origin, sendsCookie] of [[`http://127.0.0.1:${port}`, false], [`http://localhost:${port}`, true]]) {
    for (const path of ["/token", "/revoke"]) {
      const other = await browser.newPage();
      await other.goto(origin);
      const before = line.to(path).length;
      await other.click(`#${path.slice(1)}`);
      await other.waitForURL(`${line.url}${path}`);
      const [call] = line.to(path).slice(before);
      assert.equal(call.cookie.includes("hallpass="), sendsCookie, `${origin} ${path}`);
      assert.deepEqual([call.status, call.setsCookie], [400, false], `${origin} ${path}`);
      assert.ok((await other.textContent("body")).includes("invalid_request"));
      await other.close();
    }
    // A script cannot add the missing header either: the browser sends a preflight request, which is refused.
    const other = await browser.newPage();
    await other.goto(origin);
    const before = line.to("/token", 200).length;
    const outcome = await other.evaluate(async (url) => {
      const headers = { "X-Hallpass": "1", "Content-Type": "application/x-www-form-urlencoded" };
      const init = { method: "POST", credentials: "include", headers, body: "grant_type=refresh_token" };
      return fetch(url, init).then(() => "answered", () => "blocked");
    }, `${line.url}/token`);
    assert.equal(outcome, "blocked");
    assert.equal(line.to("/token", 200).length, before);
    await other.close();
  }
  evil.close();
  evil.closeAllConnections();

  assert.equal((await cookie(browser, line)).value, value, "nothing has happened to the cookie");
  await page.click("#refresh");
  await until("the user is still logged in", async () => (await noted(page, "Refreshed")) === 1);
});
