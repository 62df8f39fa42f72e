/** Somebody has copied the cookie of a browser that runs no script: whoever comes second ends the session for both. */

import assert from "node:assert/strict";
import { cookie, run, until } from "./support.mjs";

const { EXAMPLE_URL: url } = process.env;

await run(
  async (browser) => {
    const mine = () => cookie(browser, { url });
    const page = await browser.newPage();
    await page.goto(url);
    await page.click("#login");
    await page.waitForURL(`${url}/account/orders`);
    const copied = await mine();
    const askElsewhere = async () => {
      const headers = { Cookie: `${copied.name}=${copied.value}` };
      return fetch(`http://127.0.0.1:${new URL(url).port}/account/photo.svg`, { headers });
    };
    assert.equal((await askElsewhere()).status, 200, "nothing tells the copy from its original");

    await until("the browser has the next cookie", async () => {
      assert.equal((await page.reload()).status(), 200);
      return (await mine()).value !== copied.value;
    });
    assert.equal((await page.reload()).status(), 200, "and uses it");
    assert.equal((await askElsewhere()).status, 401, "the copy is old now");
    assert.equal((await page.reload()).status(), 401, "and the session has ended");
    assert.equal(await mine(), undefined, "the useless cookie is gone");
  },
  { javaScriptEnabled: false },
);
