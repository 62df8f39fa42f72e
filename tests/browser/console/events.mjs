/** The stream of security events: live, filtered, without gaps where the line was cut, and with a mark where there is one. */

import assert from "node:assert/strict";
import { end, enter, go, hears, issue, run, says, steal, textOf, until } from "./support.mjs";

const rows = (page) => page.locator("main .events li:not(.gap)");
const users = (page) => page.locator("main .events li a").allInnerTexts();

/** Makes one event about a user. */
async function happen(subject) {
  await issue({ subject });
  await end(subject);
}

await run(async (browser) => {
  await happen("before");
  const line = await browser.newLine();
  const page = await enter(browser, "events", { base: line.url });
  await says(page, ".live", "Live");
  await until("what happened before is told", async () => (await users(page)).join() === "before");

  await steal(await issue({ subject: "ada" }));
  await says(page, ".events li:first-child", /^\d\d:\d\d:\d\d reused ada An old refresh token came back, 2 generations old, .* after the last rotation/);
  await hears(page, "An old refresh token of ada came back: its session has ended.");
  await page.click(".events li:first-child summary");
  await says(page, ".events li:first-child pre", '"distance": 2');
  // What somebody reads stays where it is, until they ask for what is new.
  await happen("grace");
  await says(page, ".fresh", "1 new event");
  assert.equal((await users(page)).join(), "ada,before");
  await page.click(".fresh");
  assert.equal((await users(page)).join(), "grace,ada,before");
  assert.ok(await page.isVisible(".events li:nth-child(2) pre"));
  await page.click(".events li:nth-child(2) summary");
  await page.hover("h1");
  assert.ok(await page.isHidden(".fresh"));

  // Filters.
  await page.uncheck("text=revoked");
  assert.deepEqual(await users(page), ["ada"]);
  await page.check("text=revoked");
  await page.fill("#events-user", "gra");
  assert.deepEqual(await users(page), ["grace"]);
  await page.fill("#events-user", "nobody");
  await says(page, "main .empty", "No event fits the filter.");
  await page.fill("#events-user", "");

  // What happened while the line was cut is told afterwards, and nothing twice.
  line.cut();
  await says(page, ".live", "Not connected");
  await says(page, "#trouble", "hallpass-server does not answer.");
  await happen("linus");
  line.mend();
  await says(page, ".live", "Live");
  await until("the missed event is there", async () => (await users(page)).join() === "linus,grace,ada,before");
  assert.equal(await page.locator(".gap").count(), 0);
  await says(page, "#trouble", /^$/);

  // A server that does not know the place goes on from what it has, and says so; what is known is not told again.
  await page.route("**/events", (route) => route.continue({ headers: { ...route.request().headers(), "last-event-id": "1-1" } }));
  line.cut();
  await says(page, ".live", "Not connected");
  await happen("mary");
  line.mend();
  await until("the missed event is there", async () => (await users(page)).join() === "mary,linus,grace,ada,before");
  assert.equal(await textOf(page, ".gap"), "Events may be missing here.");
  await page.unroute("**/events");

  // Paused, the list stands still; afterwards nothing is missing.
  await page.click("#pause");
  await happen("kay");
  const other = await enter(browser, "events");
  await until("another tab knows", async () => (await users(other)).length === 6);
  assert.equal((await users(page)).length, 5);
  await page.click("#pause");
  await until("everything is told", async () => (await users(page))[0] === "kay");

  // A flood is bounded on the page.
  await Promise.all(Array.from({ length: 250 }, (_, index) => happen(`flood ${index}`)));
  await until("the page keeps the newest", async () => (await rows(page).count()) === 200);
  await page.click(".events li:first-child a");
  await says(page, "#user-title", "Sessions of flood");
  await go(page, "overview");
  assert.equal(await page.locator("main .events li").count(), 6);
}, /ERR_|status of 502/);
