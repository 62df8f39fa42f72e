/** Where the browser cannot keep the cookie, the login says so and why, and leaves no session behind. */

import assert from "node:assert/strict";
import { complaints, cookie, countSessions, noted, openTab, run, until } from "./support.mjs";

await run(
  async (browser, line) => {
    const heard = complaints(browser);
    const page = await openTab(browser, line);
    await page.fill("[name=password]", "demo");
    await page.click("#login button");
    await until("it says why", async () => (await noted(page, "did not keep the cookie")) === 1);
    assert.ok(await page.isVisible("#login"));
    assert.equal(await cookie(browser, line), undefined);
    assert.equal(await countSessions("42"), 0);
    assert.deepEqual(heard, [], "nothing but that was wrong");

    const { hostname, port } = new URL(line.url);
    for (const [options, reason] of [
      [{}, 'the option credentials must be "include"'],
      [{ loginUrl: `http://login.${hostname}:${port}/login`, credentials: "include" }, "use one host for both"],
    ]) {
      const error = await page.evaluate(
        async ([url, more]) => {
          const { Hallpass } = await import("./hallpass.js");
          const urls = { loginUrl: `${url}/login`, tokenUrl: `${url}/token`, revokeUrl: `${url}/revoke` };
          const hallpass = new Hallpass({ ...urls, ...more });
          const { code, message, isTemporary } = await hallpass.login({ name: "ada", password: "demo" }).catch((it) => it);
          return { code, message, isTemporary, isLoggedIn: hallpass.isLoggedIn };
        },
        [line.url, options],
      );
      assert.deepEqual([error.code, error.isTemporary, error.isLoggedIn], ["cookie_not_kept", false, false]);
      assert.ok(error.message.includes(reason), error.message);
      assert.equal(await countSessions("42"), 0);
    }
  },
  // The page's own policy lets it call one address only.
  { bypassCSP: true },
);
