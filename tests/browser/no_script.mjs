/** A page, an image and a form by cookie alone, in a browser that runs no script: login, renewal, other sites, logout. */

import assert from "node:assert/strict";
import { once } from "node:events";
import { createServer } from "node:http";
import { cookie, run, until } from "./support.mjs";

const { EXAMPLE_URL: url, PAGE_URL: sibling } = process.env;

/** Returns a page that posts an order as whoever opens it. */
const trap = `<!doctype html><title>Win a prize</title><form method="post" action="${url}/account/orders"><button>Win</button></form>`;

await run(
  async (browser) => {
    const mine = () => cookie(browser, { url });
    const page = await browser.newPage();
    assert.equal((await page.goto(`${url}/account/orders`)).status(), 401, "nobody is logged in");

    await page.goto(url);
    const photo = page.waitForResponse(`${url}/account/photo.svg`);
    await page.click("#login");
    await page.waitForURL(`${url}/account/orders`);
    assert.equal(await page.textContent("#greeting"), "Hello ada, your orders: ");
    assert.deepEqual([(await photo).status(), await page.title()], [200, "Orders"], "the image is there, and no script ran");
    const first = await mine();
    assert.deepEqual([first.httpOnly, first.secure, first.sameSite], [true, true, "Strict"]);

    await page.click("#orders");
    await until("the order is listed", async () => (await page.textContent("#greeting")).includes("number 1 for ada"));
    await until("the cookie is renewed", async () => {
      assert.equal((await page.reload()).status(), 200);
      return (await mine()).value !== first.value;
    });

    const evil = createServer((_, response) => response.writeHead(200, { "Content-Type": "text/html" }).end(trap));
    evil.unref().listen(Number(new URL(sibling).port), "127.0.0.1");
    await once(evil, "listening");
    const { port } = evil.address();
    // From another site the browser brings no cookie along. From a sibling host it does, and says where it comes from.
    for (const [origin, status] of [[`http://127.0.0.1:${port}`, 401], [sibling, 403]]) {
      const other = await browser.newPage();
      await other.goto(origin);
      const answer = other.waitForResponse(`${url}/account/orders`);
      await other.click("button");
      assert.equal((await answer).status(), status, origin);
    }
    evil.close();
    evil.closeAllConnections();
    await page.reload();
    assert.ok(!(await page.textContent("#greeting")).includes("number 2"), "nothing was ordered");

    await page.click("#logout");
    await page.waitForSelector("#login");
    assert.equal(await mine(), undefined);
    assert.equal((await page.goto(`${url}/account/orders`)).status(), 401);
  },
  { javaScriptEnabled: false },
);
