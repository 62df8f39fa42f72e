/** Four tabs need a refresh while the server is away: one tab asks, and the others fail with it, not one after another. */

import assert from "node:assert/strict";
import { logIn, noted, openTab, run, until } from "./support.mjs";

await run(async (browser, line) => {
  const tabs = [await openTab(browser, line)];
  await logIn(tabs[0]);
  while (tabs.length < 4) tabs.push(await openTab(browser, line));
  const before = line.to("/token").length;
  const mend = line.breakDown("503");
  const release = line.hold("/token");
  await Promise.all(tabs.map((tab) => tab.click("#refresh")));
  const waiting = () => tabs[0].evaluate(async () => (await navigator.locks.query()).pending.length);
  await until("the others wait", async () => (await waiting()) === 3);
  release();
  await Promise.all(tabs.map((tab) => tab.waitForSelector("#refresh:enabled")));
  // Three attempts; a tab that is too busy to hear of them in time makes its own.
  assert.ok(line.to("/token").length < before + 12, "not every tab asks");
  for (const tab of tabs) assert.equal(await noted(tab, "the server answered 503"), 1);

  mend();
  await tabs[3].click("#refresh");
  await until("it refreshes", async () => (await noted(tabs[3], "Refreshed")) === 1);
});
