/** Two tabs that know nothing of each other refresh at the same time: the server answers both, and both stay logged in. */

import assert from "node:assert/strict";
import { logIn, makeStale, noted, openTab, run, until } from "./support.mjs";

await run(async (browser, line) => {
  await browser.addInitScript(() => {
    Object.defineProperty(navigator, "locks", { value: undefined });
    delete globalThis.BroadcastChannel;
  });
  const first = await openTab(browser, line);
  await logIn(first);
  const second = await openTab(browser, line);
  const tabs = [first, second];
  for (let round = 1; round <= 3; round++) {
    const before = line.to("/token").length;
    await makeStale("42");
    const release = line.hold("/token");
    await Promise.all(tabs.map((tab) => tab.click("#five")));
    await until("both refresh", () => line.to("/token").length === before + 2);
    release();
    await Promise.all(tabs.map((tab) => tab.waitForSelector("#five:enabled")));
    for (const tab of tabs) assert.ok(await tab.isVisible("#session"));
  }
  assert.equal(line.to("/token", 200).length, 2 + 6, "the login's, the second tab's first one, and both tabs' in each round");
  for (const tab of tabs) assert.equal(await noted(tab, "Hello Ada"), 16);

  await first.click("#logout");
  await second.waitForSelector("#login:not([hidden])");
});
