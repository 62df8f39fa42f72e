/** Ten thousand sessions of one user, by pages, and a page of sessions that hold as much as they can. */

import assert from "node:assert/strict";
import { enter, find, hears, issue, run, says } from "./support.mjs";

const ALL = 10_000;
const AT_ONCE = 50;

await run(async (browser) => {
  const numbers = Array.from({ length: ALL }, (_, index) => index);
  const work = async () => {
    for (let number = numbers.shift(); number !== undefined; number = numbers.shift()) {
      await issue({ subject: "robot", class: "cli", meta: { device: `Robot ${number}` } });
    }
  };
  await Promise.all(Array.from({ length: AT_ONCE }, work));

  const page = await enter(browser, "users");
  await find(page, "robot");
  await says(page, ".range", "Sessions 1 to 50, and more");
  assert.equal(await page.locator(".session").count(), 50);
  assert.ok(await page.isDisabled("text=Newer"));
  const first = await page.locator(".session .sid code").allInnerTexts();
  assert.deepEqual(first, [...first].sort().reverse(), "the newest first");
  await page.click("text=Older");
  await says(page, ".range", "Sessions 51 to 100, and more");
  const second = await page.locator(".session .sid code").allInnerTexts();
  assert.ok(first.at(-1) > second[0], "no session twice");
  await page.click("text=Newer");
  await says(page, ".range", "Sessions 1 to 50, and more");
  assert.deepEqual(await page.locator(".session .sid code").allInnerTexts(), first);

  await page.evaluate((offset) => (location.hash = `#users/robot/${offset}`), ALL - 50);
  await says(page, ".range", "Sessions 9,951 to 10,000");
  assert.ok(await page.isDisabled("text=Older"));
  assert.equal(await page.locator(".session").count(), 50);

  await page.click("text=End all…");
  await page.getByRole("dialog").getByRole("button", { name: "End all", exact: true }).click();
  await hears(page, "10,000 sessions ended");
  await says(page, ".range", "Not logged in anywhere.");

  const most = { meta: { device: "W".repeat(1000) }, claims: { text: "W".repeat(4000) } };
  await Promise.all(Array.from({ length: 51 }, () => issue({ subject: "heavy", ...most })));
  await find(page, "heavy");
  await says(page, ".range", "Sessions 1 to 50, and more");
  await page.evaluate(() => document.querySelectorAll("main details").forEach((details) => (details.open = true)));
  assert.equal(await page.locator(".session pre:visible").count(), 100);
  const [width, room] = await page.evaluate(() => [document.documentElement.scrollWidth, innerWidth]);
  assert.ok(width <= room, `${width} in ${room}`);
  await page.click("text=Older");
  await says(page, ".range", "Sessions 51 to 51");
});
