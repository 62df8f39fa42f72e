/** While Redis is away, and while hallpass-server is: everything that was shown stays, says so, and goes on by itself. */

import assert from "node:assert/strict";
import { enter, find, go, issue, open, run, says, secret, signIn, textOf } from "./support.mjs";

const REDIS = Number(process.env.REDIS_PID);
const NO_REDIS = "Redis does not answer, so nothing can be shown now. No session ends because of that.";

await run(async (browser) => {
  for (const device of ["Laptop", "Phone"]) await issue({ subject: "ada", meta: { device } });
  const line = await browser.newLine();
  const page = await enter(browser, "users", { base: line.url });
  await find(page, "ada");
  await says(page, ".range", "2 sessions");

  process.kill(REDIS, "SIGSTOP");
  try {
    await says(page, "#trouble", "Redis does not answer. No session ends because of that.");
    await page.getByRole("button", { name: "End the session of Phone" }).click();
    await page.click("dialog button[type=submit]");
    await says(page, "dialog .problem", "It may do this all the same: look again when it answers.");
    await page.keyboard.press("Escape");
    await page.click("main .find button");
    await says(page, "main .problem", NO_REDIS);
    assert.equal(await page.locator(".session").count(), 2, "what was known stays");
    await go(page, "keys");
    await says(page, "main .problem", NO_REDIS);
    await go(page, "token");
    await page.fill("#token", "a.b.c");
    await page.click("main button[type=submit]");
    await says(page, "main .problem", NO_REDIS);
    await go(page, "overview");
    await says(page, ".nodes", "Redis Down does not answer, or has no module");
    // Who is known may enter and see that.
    const other = await open(browser);
    await signIn(other);
    await says(other, "#trouble", "Redis does not answer.");
    await other.close();
  } finally {
    process.kill(REDIS, "SIGCONT");
  }
  await says(page, "#trouble", /^$/);
  await says(page, ".nodes", "Redis Up");
  await go(page, "users");
  await page.click("main .find button");
  // It was asked, and has done it since.
  await says(page, ".range", "1 session");
  assert.equal(await textOf(page, "main > section > .problem"), "");

  line.cut();
  await says(page, "#trouble", "hallpass-server does not answer. Is it running, and is the network up?");
  await page.click("main .find button");
  await says(page, "main .problem", "hallpass-server does not answer.");
  line.mend();
  await says(page, "#trouble", /^$/);

  // Credentials that are not taken any more lead back to the form.
  await page.route("**/events", (route) => route.fulfill({ status: 401, json: { error: "invalid_client", error_description: "client authentication failed" } }));
  line.cut();
  line.mend();
  await page.waitForSelector("#secret");
  await says(page, ".problem", "The client id or its secret is wrong.");
  assert.ok(!(await page.content()).includes("ada") && !(await page.content()).includes(secret));
}, /ERR_|status of (401|503)/);
