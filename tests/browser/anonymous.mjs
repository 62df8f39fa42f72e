/** Whoever is not logged in sees a clean console, before the first login and after a logout. */

import assert from "node:assert/strict";
import { complaints, logIn, openTab, run } from "./support.mjs";

await run(async (browser, line) => {
  const heard = complaints(browser);
  const page = await openTab(browser, line);
  assert.ok(await page.isVisible("#login"));
  assert.equal(line.to("/token", 204).length, 1);
  await logIn(page);
  await page.click("#logout");
  await page.waitForSelector("#login:not([hidden])");
  await page.reload();
  await page.waitForSelector("body[data-ready]");
  assert.equal(line.to("/token", 204).length, 2);
  // Logging out where nobody is logged in, as a second tab may that has not heard of it.
  await page.evaluate(() => hallpass.logout());
  assert.deepEqual(line.calls.filter(({ status }) => status >= 400), []);
  assert.deepEqual(heard, []);
});
