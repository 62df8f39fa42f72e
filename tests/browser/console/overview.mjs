/** Live numbers: counters, latency, retry delays with their windows, nodes; as charts and as text. */

import assert from "node:assert/strict";
import { end, enter, go, issue, refresh, run, says, steal, textOf, until, verify } from "./support.mjs";

const chart = (title) => `.chart:has(h3:text-is("${title}"))`;

let issued = 0;
const logIn = (subject) => {
  issued += 1;
  return issue({ subject });
};
const inAll = () => `${new Intl.NumberFormat("en").format(issued)} in all`;

/** Keeps the server busy while `look` looks: a rate is that of the last seconds, in which a slow test may have done nothing. */
async function whileBusy(look) {
  let isOver = false;
  const work = async () => {
    while (!isOver) {
      const { access_token: token } = await logIn("busy");
      await Promise.all([verify(token), new Promise((resolve) => setTimeout(resolve, 200))]);
    }
  };
  const working = work();
  try {
    await look();
  } finally {
    isOver = true;
    await working;
  }
}

await run(async (browser) => {
  const page = await enter(browser);
  await says(page, ".nodes", /hallpass-server Up version \d+\.\d+\.\d+/);
  await says(page, ".nodes", "Redis Up 0 sessions issued");
  await says(page, `${chart("Issued")} .reading`, "0 in all");
  await says(page, ".delays", "0 ≤ 100 ms 0 ≤ 1 s 0 ≤ 10 s 0 ≤ 1 min 0 ≤ 10 min 0 over 10 min");
  await says(page, ".delays", "Race window: 10 s Retry window: 10 min");
  const width = async (nth) => (await page.locator(".window").nth(nth).boundingBox()).width / (await page.locator(".windows").boundingBox()).width;
  assert.ok(Math.abs((await width(0)) - 3 / 6) < 0.01, "ten seconds end with the third bar");
  assert.ok(Math.abs((await width(1)) - 5 / 6) < 0.01, "ten minutes end with the fifth");

  const sessions = await Promise.all(Array.from({ length: 5 }, (_, index) => logIn(`user ${index}`)));
  for (const session of sessions) {
    const next = await refresh(session.refresh_token);
    assert.equal((await refresh(session.refresh_token)).access_token, next.access_token, "a retry");
    assert.equal(await verify(next.access_token), 200);
    assert.equal(await verify(next.access_token), 200);
  }
  await steal(await logIn("ada"));
  await end("user 0");

  for (const [title, total] of [["Issued", 6], ["Refreshed", 7], ["Retried", 5], ["Reused", 1], ["Recovered", 0], ["Shared", 0]]) {
    await says(page, `${chart(title)} .reading`, `${total} in all`);
    const drawn = () => page.locator(`${chart(title)} .line`).getAttribute("d");
    await until(`${title} is drawn`, async () => /^M[\d.]+ [\d.]+L/.test(await drawn()));
  }
  await whileBusy(async () => {
    await says(page, `${chart("Issued")} .value`, /^(?!0\/s)[\d.]+\/s$/);
    await says(page, `${chart("Verify hits")} .value`, /^\d+ %$/);
    for (const title of ["HTTP answers", "Redis answers"]) {
      await says(page, `${chart(title)} .value`, /^[\d.]+ m?s · [\d.]+ m?s$|^[\d.]+ m?s$/);
      await until(`${title} are drawn`, async () => /^M/.test(await page.locator(`${chart(title)} .line-1`).first().getAttribute("d")));
    }
  });
  const counts = async () => (await page.locator(".histogram .count").allInnerTexts()).map(Number);
  await until("five retries are in the histogram", async () => (await counts()).reduce((sum, count) => sum + count) === 5);

  // Newest events, the newest first.
  await says(page, ".events", /revoked user 0 Sessions were ended .* reused ada An old refresh token came back, 2 generations old/);

  // The same numbers as text, and those of a moment under the pointer.
  await page.click("text=The same as a table");
  await says(page, "tbody", /\d\d:\d\d:\d\d/);
  const plot = page.locator(`${chart("Issued")} .plot`);
  await plot.hover({ position: { x: 0.9 * (await plot.boundingBox()).width, y: 10 } });
  await says(page, `${chart("Issued")} .reading`, /at \d\d:\d\d:\d\d$/);
  const then = await textOf(page, `${chart("Issued")} .reading`);
  await until("it moves on", async () => (await textOf(page, `${chart("Issued")} .reading`)) !== then);
  await says(page, `${chart("Issued")} .reading`, /at \d\d:\d\d:\d\d$/);
  await page.mouse.move(0, 0);

  // Nothing moves while it is paused.
  await says(page, `${chart("Issued")} .reading`, inAll());
  await page.click("#pause");
  const paused = await textOf(page, `${chart("Issued")} .reading`);
  await logIn("ada");
  const other = await enter(browser);
  await says(other, `${chart("Issued")} .reading`, inAll());
  assert.equal(await textOf(page, `${chart("Issued")} .reading`), paused);
  await other.close();
  await page.click("#pause");
  await says(page, `${chart("Issued")} .reading`, inAll());

  // What is drawn elsewhere meanwhile is not lost.
  await go(page, "keys");
  await logIn("ada");
  await go(page, "overview");
  await says(page, `${chart("Issued")} .reading`, inAll());
});
