/** A request that is aborted while it waits for a refresh fails at once; the refresh goes on for the others. */

import assert from "node:assert/strict";
import { logIn, makeStale, openTab, run, until } from "./support.mjs";

/** Returns what became of the call with this name. */
const outcome = (page, name) => page.evaluate((key) => globalThis.outcomes?.[key], name);

/** Calls the API in the page; `isNew`: with a module that does not know yet whether the user is logged in. */
function call(page, name, isNew = false) {
  return page.evaluate(
    async ([key, isNewHere]) => {
      const { Hallpass } = await import("./hallpass.js");
      const caller = isNewHere ? new Hallpass() : hallpass;
      const controller = new AbortController();
      globalThis.outcomes ??= {};
      globalThis.aborts ??= {};
      globalThis.aborts[key] = (reason) => controller.abort(reason);
      const keep = (value) => (globalThis.outcomes[key] = value);
      caller.fetch("/api/hello", { signal: controller.signal }).then((response) => keep(response.status), keep);
    },
    [name, isNew],
  );
}

await run(async (browser, line) => {
  const page = await openTab(browser, line);
  await logIn(page);
  await until("the device is counted", async () => (await page.textContent("#devices")) === "1");
  const before = line.to("/token").length;
  await makeStale("42");
  const release = line.hold("/token");
  for (const name of ["impatient", "patient"]) await call(page, name);
  await until("it refreshes", () => line.to("/token").length > before);
  await call(page, "new", true);
  for (const name of ["impatient", "new"]) {
    await page.evaluate((key) => globalThis.aborts[key](`${key} gives up`), name);
    await until("the call fails", async () => (await outcome(page, name)) !== undefined);
    assert.equal(await outcome(page, name), `${name} gives up`);
  }
  assert.equal(await outcome(page, "patient"), undefined);
  release();
  await until("the other call is answered", async () => (await outcome(page, "patient")) === 200);

  const early = await page.evaluate(() => {
    return hallpass.fetch("/api/hello", { signal: AbortSignal.abort("early") }).catch((reason) => reason);
  });
  assert.equal(early, "early");
});
