/** The documentation page and the example page render without an error, in light and dark, and load nothing from elsewhere. */

import assert from "node:assert/strict";
import { complaints, hallpassUrl, logIn, openTab, run } from "./support.mjs";

const { SCREENSHOTS } = process.env;

await run(async (browser, line) => {
  const heard = complaints(browser);
  const asked = new Set();
  browser.on("request", (request) => asked.add(new URL(request.url()).origin));

  const docs = await browser.newPage();
  const example = await openTab(browser, line);
  if (SCREENSHOTS) await example.screenshot({ path: `${SCREENSHOTS}/example-form.png` });
  await logIn(example);
  for (const colorScheme of ["light", "dark"]) {
    await docs.emulateMedia({ colorScheme });
    await docs.goto(`${hallpassUrl}/docs`);
    await docs.waitForSelector("article#docs");
    const document = await docs.evaluate(async () => (await fetch("openapi.json")).json());
    const operations = Object.values(document.paths).flatMap((item) => Object.keys(item).filter((key) => key !== "parameters"));
    assert.equal(await docs.locator("article").count(), operations.length);
    assert.equal(await docs.locator("article pre").first().isVisible(), true);
    await example.emulateMedia({ colorScheme });
    for (const [name, page] of [["docs", docs], ["example", example]]) {
      const [width, room] = await page.evaluate(() => [document.documentElement.scrollWidth, innerWidth]);
      assert.ok(width <= room, `${name} fits into the window`);
      if (SCREENSHOTS) await page.screenshot({ path: `${SCREENSHOTS}/${name}-${colorScheme}.png` });
    }
  }
  assert.deepEqual(heard, []);
  assert.deepEqual([...asked].sort(), [line.url, hallpassUrl].sort());
});
