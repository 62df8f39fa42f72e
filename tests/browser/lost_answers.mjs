/** Answers to a refresh get lost in every way: nobody is logged out. */

import assert from "node:assert/strict";
import { cookie, logIn, makeStale, noted, openTab, run, until } from "./support.mjs";

await run(async (browser, line) => {
  const page = await openTab(browser, line);
  await logIn(page);
  let refreshed = 0;
  const refresh = async (...faults) => {
    line.spoil(...faults);
    await page.click("#refresh");
    await page.waitForSelector("#refresh:enabled");
  };

  // The module asks again, and the user notices nothing.
  for (const faults of [["nothing arrives"], ["half arrives"], ["503"], ["half arrives", "nothing arrives"]]) {
    await refresh(...faults);
    refreshed += 1;
    assert.equal(await noted(page, "Refreshed"), refreshed, faults.join(", "));
  }

  // The line is dead for longer: the page says so, and the user is still logged in when it is back.
  for (const fault of ["nothing arrives", "half arrives"]) {
    const mend = line.breakDown(fault);
    await refresh();
    mend();
    assert.ok(await page.isVisible("#session"), fault);
    await refresh();
    refreshed += 1;
    assert.equal(await noted(page, "Refreshed"), refreshed, fault);
  }
  assert.equal(await noted(page, "cannot be reached"), 2);

  // The page is closed while the answer is on its way.
  const release = line.hold("/token");
  const before = line.to("/token").length;
  await page.click("#refresh");
  await until("the server has answered", () => line.to("/token").length > before);
  await page.goto("about:blank");
  release();
  await page.goto(line.url);
  await page.waitForSelector("#session:not([hidden])");
  await makeStale("42");
  await page.click("#call");
  await page.waitForSelector("#call:enabled");
  assert.equal(await noted(page, "refuses"), 0);
  assert.ok(await cookie(browser, line));
  assert.equal(line.to("/token", 400).length, 0, "no refresh token was refused");
});
