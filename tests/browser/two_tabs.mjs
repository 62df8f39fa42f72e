/** Two tabs with a stale access token refresh at once: one refresh serves both, and both stay logged in. */

import assert from "node:assert/strict";
import { logIn, makeStale, noted, openTab, run, until } from "./support.mjs";

await run(async (browser, line) => {
  const first = await openTab(browser, line);
  await logIn(first);
  const second = await openTab(browser, line);
  assert.ok(await second.isVisible("#session"), "the second tab is logged in without a password");
  const tabs = [first, second];
  for (let round = 1; round <= 3; round++) {
    const [refreshed, refused] = [line.to("/token").length, line.to("/api/hello", 401).length];
    await makeStale("42");
    const release = line.hold("/token");
    await Promise.all(tabs.map((tab) => tab.click("#five")));
    await until("all calls were refused", () => line.to("/api/hello", 401).length === refused + 10);
    await until("somebody refreshes", () => line.to("/token").length > refreshed);
    release();
    await Promise.all(tabs.map((tab) => tab.waitForSelector("#five:enabled")));
    assert.equal(line.to("/token").length, refreshed + 1, "one refresh for ten requests of two tabs");
    for (const tab of tabs) assert.ok(await tab.isVisible("#session"));
  }
  for (const tab of tabs) {
    // The calls of the three rounds; a tab that was just opened calls once by itself.
    assert.equal(await noted(tab, "Hello Ada"), 16);
    assert.equal(await noted(tab, "refuses"), 0);
    await tab.click("#refresh");
    await until("it refreshes", async () => (await noted(tab, "Refreshed")) === 1);
  }
});
