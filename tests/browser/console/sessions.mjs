/** Where a user is logged in, and how support ends that: one session, the others, all. Claims of one and of all. */

import assert from "node:assert/strict";
import { enter, find, hears, issue, refresh, run, says, sessionsOf, textOf, verify } from "./support.mjs";

/** Every kind of character that an address has a use for. */
const STRANGE = "a/b c%2F?#&é😀+'\"";

const card = (page, device) => page.locator(".session", { hasText: device });

/** Presses a button and confirms. */
async function confirm(page, where, button, confirmation) {
  await where.getByRole("button", { name: button }).click();
  await page.getByRole("dialog").getByRole("button", { name: confirmation, exact: true }).click();
}

await run(async (browser) => {
  const logIn = (subject, kind, meta, claims) => issue({ subject, class: kind, meta, claims });
  const phone = await logIn("ada", "mobile", { user_agent: "Mozilla/5.0 (iPhone; CPU iPhone OS 18_0) Safari/604.1", city: "Porto", country: "Portugal" }, { role: "admin", big: 1 });
  const laptop = await logIn("ada", "web", { device: "Firefox on Linux", place: "Lisbon", ip: "203.0.113.7" });
  const robot = await logIn("ada", "cli", { device: "Release robot" });
  const plain = await issue({ subject: "ada" });
  await refresh(phone.refresh_token);

  const page = await enter(browser, "users");
  await find(page, "nobody");
  await says(page, ".range", "Not logged in anywhere.");
  assert.ok(await page.isDisabled("text=End all…"));

  await find(page, "ada");
  await says(page, ".range", "4 sessions");
  for (const [device, ...facts] of [
    ["Safari on iPhone", "Porto, Portugal", "mobile", "Generation 1", phone.session_id],
    ["Firefox on Linux", "Lisbon · 203.0.113.7", "web", "Generation 0", laptop.session_id, "in 14 days", "in 3 months"],
    ["Release robot", "Place unknown", "cli", "Last used", "Logged in"],
    ["Unnamed device", "Place unknown", plain.session_id],
  ]) {
    const text = (await card(page, device).innerText()).replace(/\s+/g, " ");
    for (const fact of facts) assert.ok(text.includes(fact), `${fact}: ${text}`);
  }

  // One: the dialog can be left without harm.
  await card(page, "Release robot").getByRole("button", { name: "End the session of Release robot" }).click();
  assert.ok((await textOf(page, "dialog")).includes("End the session of Release robot?"));
  await page.keyboard.press("Escape");
  assert.equal(await verify(robot.access_token), 200);
  await confirm(page, card(page, "Release robot"), "End the session of", "End this session");
  await hears(page, "1 session ended");
  await says(page, ".range", "3 sessions");
  assert.deepEqual([await verify(robot.access_token), await verify(laptop.access_token)], [401, 200]);

  // Claims of one, then of all; what is wrong is said, and what was typed stays.
  await card(page, "Safari on iPhone").getByRole("button", { name: "Claims of" }).click();
  assert.deepEqual(JSON.parse(await page.inputValue("#claims")), { role: "admin", big: 1 });
  const claims = '{"role":"reader","big":12345678901234567890}';
  for (const [wrong, words] of [["{", "JSON"], ['{"sub":"eve"}', "The server refused"], ['{"a":1,"a":2}', "The server refused"], ["[]", "The server refused"]]) {
    await page.fill("#claims", wrong);
    await page.click("dialog button[type=submit]");
    await says(page, "dialog .problem", words);
    assert.equal(await page.inputValue("#claims"), wrong);
    // Wait for the next refusal, not for this one.
    await page.evaluate(() => document.querySelector("dialog .problem").replaceChildren());
  }
  await page.fill("#claims", claims);
  await page.click("dialog button[type=submit]");
  await hears(page, "Claims of 1 session changed");
  await card(page, "Safari on iPhone").getByText("Claims", { exact: true }).click();
  await says(page, ".session:has-text('Safari') [aria-label=Claims]", '"big": 12345678901234567890');
  // A number that JavaScript would round goes back as it came.
  await card(page, "Safari on iPhone").getByRole("button", { name: "Claims of" }).click();
  assert.ok((await page.inputValue("#claims")).includes("12345678901234567890"));
  await page.getByRole("button", { name: "Cancel" }).click();
  await page.click("text=Claims of all…");
  await page.fill("#claims", '{"role":"guest"}');
  await page.click("dialog button[type=submit]");
  await hears(page, "Claims of 3 sessions changed");
  assert.deepEqual((await sessionsOf("ada")).map(({ claims }) => claims), Array(3).fill({ role: "guest" }));
  assert.equal(await verify(laptop.access_token), 401, "stale");

  await confirm(page, card(page, "Firefox on Linux"), "End others than", "End the others");
  await hears(page, "2 sessions ended");
  assert.deepEqual((await sessionsOf("ada")).map(({ sid }) => sid), [laptop.session_id]);
  await confirm(page, page.locator(".head"), "End all…", "End all");
  await says(page, ".range", "Not logged in anywhere.");
  assert.deepEqual(await sessionsOf("ada"), []);

  // A subject may be any text. Its address can be kept, and the browser's back leads to the user before.
  await issue({ subject: STRANGE, class: "web" });
  await find(page, STRANGE);
  await says(page, ".range", "1 session");
  await page.goBack();
  await says(page, "#user-title", "Sessions of ada");
  await page.goForward();
  await says(page, "#user-title", `Sessions of ${STRANGE}`);
  await confirm(page, page.locator(".session"), "End the session of", "End this session");
  await says(page, ".range", "Not logged in anywhere.");
}, /status of 400/);
