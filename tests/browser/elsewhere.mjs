/** A page on another origin than the application, or on a sibling host: login, refresh, reload, four tabs, logout. */

import assert from "node:assert/strict";
import { complaints, cookie, logIn, makeStale, noted, openTab, run, until } from "./support.mjs";

await run(async (browser, line) => {
  assert.notEqual(new URL(line.pageUrl).origin, new URL(line.url).origin);
  const heard = complaints(browser);
  const first = await openTab(browser, line);
  assert.ok(await first.isVisible("#login"));
  await logIn(first);
  const { domain, httpOnly, sameSite } = await cookie(browser, line);
  assert.deepEqual([domain, httpOnly, sameSite], [new URL(line.url).hostname, true, "Strict"]);

  await first.click("#refresh");
  await until("it refreshes", async () => (await noted(first, "Refreshed")) === 1);
  await first.reload();
  await first.waitForSelector("#session:not([hidden])");
  assert.deepEqual(heard, [], "also while nobody was logged in");

  const tabs = [first];
  while (tabs.length < 4) tabs.push(await openTab(browser, line));
  for (const tab of tabs) await until("logged in without a password", async () => (await noted(tab, "Hello Ada")) === 1);
  const refreshed = line.to("/token").length;
  await makeStale("42");
  const release = line.hold("/token");
  await Promise.all(tabs.map((tab) => tab.click("#five")));
  await until("all calls were refused", () => line.to("/api/hello", 401).length === 20);
  await until("somebody refreshes", () => line.to("/token").length > refreshed);
  release();
  await Promise.all(tabs.map((tab) => tab.waitForSelector("#five:enabled")));
  assert.equal(line.to("/token").length, refreshed + 1, "one refresh for twenty requests of four tabs");
  for (const tab of tabs) assert.equal(await noted(tab, "refuses"), 0);

  await tabs[3].click("#logout");
  for (const tab of tabs) await tab.waitForSelector("#login:not([hidden])");
  assert.equal(await cookie(browser, line), undefined);
  heard.length = 0;
  await first.reload();
  await first.waitForSelector("body[data-ready]");
  assert.ok(await first.isVisible("#login"));
  assert.deepEqual(heard, []);
});
