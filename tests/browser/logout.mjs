/** Logging out in one tab logs out the other one, and leaves nothing behind that lets anybody in. */

import assert from "node:assert/strict";
import { cookie, logIn, noted, openTab, run, until } from "./support.mjs";

await run(async (browser, line) => {
  const first = await openTab(browser, line);
  await logIn(first);
  const second = await openTab(browser, line);
  const left = await cookie(browser, line);
  assert.deepEqual([left.httpOnly, left.sameSite, left.path], [true, "Strict", "/"]);
  const seen = await first.evaluate(() => document.cookie + JSON.stringify({ ...localStorage, ...sessionStorage }));
  assert.equal(seen, "{}", "no script can read a token from where it would last");

  await first.click("#logout");
  for (const tab of [first, second]) {
    await tab.waitForSelector("#login:not([hidden])");
    assert.equal(await noted(tab, "Logged out"), 1);
    assert.equal(await tab.evaluate(async () => (await hallpass.fetch("/api/hello")).status), 401);
  }
  assert.equal(await cookie(browser, line), undefined);
  const third = await openTab(browser, line);
  assert.ok(await third.isVisible("#login"));

  // The old cookie, put back, is worthless.
  await browser.addCookies([left]);
  await third.reload();
  await third.waitForSelector("#login:not([hidden])");
  await until("the dead cookie is gone", async () => (await cookie(browser, line)) === undefined);

  await logIn(third);
  for (const tab of [first, second]) await tab.waitForSelector("#session:not([hidden])");

  // Logging out everywhere ends this device, too.
  await until("the device is counted", async () => (await third.textContent("#devices")) === "1");
  await third.click("#everywhere");
  for (const tab of [first, second, third]) await tab.waitForSelector("#login:not([hidden])");
  assert.equal(await cookie(browser, line), undefined);
});
