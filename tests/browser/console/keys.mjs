/** Keys with their time line. The ring has been rotated: the new keys are used from tomorrow on. */

import assert from "node:assert/strict";
import { enter, run, textOf } from "./support.mjs";

await run(async (browser) => {
  const page = await enter(browser, "keys");
  await page.waitForSelector(".track");
  assert.equal(await page.locator(".keys li").count(), 4);
  for (const [index, title] of ["Signing keys, for access tokens", "Refresh keys, for refresh tokens"].entries()) {
    const card = page.locator("section .card").nth(index);
    assert.equal(await card.locator("h2").innerText(), title);
    const place = async (status, part = ".span") => card.locator(`li:has(.badge.${status}) ${part}`).boundingBox();
    const [old, next, now] = [await place("active"), await place("next"), await place("active", ".now")];
    assert.ok(old.x < now.x && now.x < old.x + old.width, "the old key is in use");
    assert.ok(next.x > now.x, "the new one is not yet");
    assert.ok(next.x < old.x + old.width, "both are accepted for a while");
    const track = await place("next", ".track");
    assert.ok(Math.abs(next.x + next.width - track.x - track.width) < 2, "the new key has no end yet");
  }
  const text = await textOf(page, "main");
  for (const words of ["makes the new tokens", "published, not in use yet", "tomorrow", "in 3 months", "accepted without end", "EdDSA"]) {
    assert.ok(text.includes(words), `${words}: ${text}`);
  }
});
