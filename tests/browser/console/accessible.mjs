/** Every view in light, in dark and on a phone: axe finds nothing, nothing moves by itself, and a keyboard is enough. */

import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { enter, find, go, hears, issue, open, refresh, run, says, secret, sessionsOf, steal, textOf, until } from "./support.mjs";

const AXE = readFileSync(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8");
const LOOKS = {
  light: { colorScheme: "light", viewport: { width: 1280, height: 900 } },
  dark: { colorScheme: "dark", viewport: { width: 1280, height: 900 } },
  phone: { colorScheme: "light", viewport: { width: 360, height: 740 }, hasTouch: true, isMobile: true },
  "phone in the dark": { colorScheme: "dark", viewport: { width: 360, height: 740 }, hasTouch: true, isMobile: true },
  "large text": { colorScheme: "light", viewport: { width: 640, height: 450 }, deviceScaleFactor: 2 },
  "high contrast": { forcedColors: "active", viewport: { width: 1280, height: 900 } },
};

/** What axe finds on the page as it is, by all its rules. */
async function check(page, what) {
  await page.evaluate(AXE);
  const violations = await page.evaluate(async () => {
    const { violations } = await axe.run(document, { runOnly: ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"] });
    return violations.map(({ id, nodes }) => `${id}: ${nodes.map(({ html, failureSummary }) => `${html} ${failureSummary}`).join("\n")}`);
  });
  assert.deepEqual(violations, [], what);
  // A phone would zoom out, and so make room.
  const [width, room] = [await page.evaluate(() => document.documentElement.scrollWidth), page.viewportSize().width];
  assert.ok(width <= room, `${what} fits: ${width} in ${room}`);
}

/** Opens everything that can be opened in the view. */
async function unfold(page) {
  for (const summary of await page.locator("main summary").all()) await summary.click();
}

async function everyView(browser, look) {
  const page = await open(browser, look);
  // With the mark of a demo there is the least room.
  await page.evaluate(() => {
    document.body.dataset.demo = "";
    document.querySelector(".demo").hidden = false;
  });
  await check(page, "sign in");
  await page.fill("#secret", "wrong");
  await page.click("main button[type=submit]");
  await says(page, ".problem", "wrong");
  await check(page, "sign in, refused");
  await page.fill("#secret", secret);
  await page.click("main button[type=submit]");
  await page.waitForSelector("main tbody tr", { state: "attached" });
  await unfold(page);
  await says(page, "tbody", /\d\d:\d\d/);
  await check(page, "overview");

  await go(page, "users");
  await check(page, "users, nobody looked up");
  await find(page, "ada");
  await unfold(page);
  await check(page, "users");
  for (const [button, name] of [["End all…", "end"], ["Claims of all…", "claims"]]) {
    await page.click(`text=${button}`);
    await check(page, name);
    await page.keyboard.press("Escape");
  }
  const [session] = await Promise.all([issue({ subject: "ada" })]);
  await go(page, "token");
  for (const [token, what] of [[session.refresh_token, "a good token"], [`${session.access_token}x`, "a bad token"]]) {
    await page.fill("#token", token);
    await page.click("main button[type=submit]");
    await page.waitForSelector(".verdict");
    await unfold(page);
    await check(page, what);
    await page.evaluate(() => document.querySelector(".result").replaceChildren());
  }
  await go(page, "keys");
  await page.waitForSelector(".track");
  await check(page, "keys");
  await go(page, "events");
  await page.waitForSelector(".events li");
  await unfold(page);
  await check(page, "events");
  await page.close();
}

/** Nothing that is read moves unless somebody did something: neither at the start nor while numbers and events come. */
async function layoutShift(browser, look) {
  const page = await open(browser, look);
  await page.evaluate(() => {
    window.shifts = [];
    new PerformanceObserver((list) => shifts.push(...list.getEntries().map(({ value, sources }) => `${value} ${sources.map(({ node }) => node?.outerHTML?.slice(0, 80)).join()}`))).observe({ type: "layout-shift", buffered: true });
  });
  await page.fill("#secret", secret);
  await page.click("main button[type=submit]");
  await page.waitForSelector("nav:not([hidden])");
  await until("numbers have come several times", async () => /M.*L.*L/.test(await page.locator(".line").first().getAttribute("d")));
  await steal(await issue({ subject: "shift" }));
  await says(page, "main .events", "shift");
  for (const view of ["users", "keys", "events", "token", "overview"]) {
    await go(page, view);
    // Long enough for what comes late, and for the time in which a shift counts as wanted.
    await page.waitForTimeout(1500);
  }
  assert.deepEqual(await page.evaluate(() => shifts), []);
  await page.close();
}

/** Signs in, looks up a user, ends one of two sessions and goes on, with a keyboard alone. */
async function keyboard(browser) {
  for (const device of ["Old phone", "Laptop"]) await issue({ subject: "keys", meta: { device } });
  const page = await open(browser);
  const { keyboard } = page;
  const focused = () => page.evaluate(() => document.activeElement.getAttribute("aria-label") ?? document.activeElement.innerText?.trim() ?? "");
  const tabTo = async (label, key = "Tab") => {
    for (let presses = 0; presses < 60; presses += 1) {
      if ((await focused()) === label) {
        const outline = await page.evaluate(() => getComputedStyle(document.activeElement).outlineStyle);
        return assert.notEqual(outline, "none", `${label} shows its focus`);
      }
      await keyboard.press(key);
    }
    return assert.fail(`no ${label}`);
  };
  await page.waitForFunction(() => document.activeElement.id === "secret");
  await keyboard.type(secret);
  await keyboard.press("Enter");
  await page.waitForFunction(() => document.activeElement.innerText === "Overview");
  await tabTo("Skip to the content", "Shift+Tab");
  await keyboard.press("Enter");
  assert.equal(await page.evaluate(() => document.activeElement.localName), "main");
  await tabTo("Users", "Shift+Tab");
  await keyboard.press("Enter");
  await page.waitForFunction(() => document.activeElement.id === "subject");
  await keyboard.type("keys");
  await keyboard.press("Enter");
  await says(page, ".range", "2 sessions");
  await tabTo("End the session of Old phone");
  await keyboard.press("Space");
  await page.waitForSelector("dialog");
  assert.equal(await focused(), "Cancel", "what does no harm comes first");
  await keyboard.press("Escape");
  await page.waitForSelector("dialog", { state: "detached" });
  assert.equal(await focused(), "End the session of Old phone", "the focus is back");
  await keyboard.press("Enter");
  await keyboard.press("Shift+Tab");
  assert.equal(await focused(), "End this session");
  await keyboard.press("Enter");
  await hears(page, "1 session ended");
  assert.deepEqual((await sessionsOf("keys")).map(({ meta }) => meta.device), ["Laptop"]);
  await page.waitForFunction(() => document.activeElement.id === "user-title");
  assert.equal(await textOf(page, "#user-title"), "Sessions of keys");
  await page.close();
}

await run(async (browser) => {
  for (const meta of [{ device: "Firefox on Linux", place: "Lisbon" }, { device: "Phone" }]) {
    const session = await issue({ subject: "ada", class: "web", meta, claims: { role: "admin" } });
    await refresh(session.refresh_token);
  }
  await steal(await issue({ subject: "grace" }));
  await issue({ subject: "grace" });
  for (const look of Object.values(LOOKS)) await everyView(browser, look);
  await layoutShift(browser, LOOKS.light);
  await layoutShift(browser, LOOKS.phone);
  await keyboard(browser);
}, /status of (401|429)/);
