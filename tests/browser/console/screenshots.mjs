/** Draws the pictures of the documents, in front of a server with --demo, into the directory PICTURES, after SECONDS. */

import { enter, find, run, until } from "./support.mjs";

const { PICTURES, SECONDS } = process.env;

async function draw(page, name) {
  await page.mouse.move(0, 0);
  await page.screenshot({ path: `${PICTURES}/console-${name}.png` });
}

await run(async (browser) => {
  const overview = await enter(browser, "overview", { viewport: { width: 1200, height: 960 } });
  const users = await enter(browser, "users", { viewport: { width: 1200, height: 760 }, colorScheme: "dark" });
  await find(users, "demo-grace");
  await users.locator(".session").first().getByText("META").click();
  await users.evaluate(() => document.activeElement.blur());
  await draw(users, "users");
  const phone = await enter(browser, "events", { viewport: { width: 360, height: 640 }, isMobile: true, hasTouch: true, deviceScaleFactor: 2 });
  // By then the charts have something to show.
  await overview.waitForTimeout(1000 * Number(SECONDS));
  await draw(overview, "overview");
  await until("there are some events", async () => (await phone.locator(".events li").count()) > 3);
  await phone.locator(".events").scrollIntoViewIfNeeded();
  await draw(phone, "phone");
});
