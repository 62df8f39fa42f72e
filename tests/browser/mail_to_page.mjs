/** A link from a mail to a page that a gateway guards by cookie. A Strict cookie does not come with it, a Lax one does. */

import assert from "node:assert/strict";
import { once } from "node:events";
import { createServer } from "node:http";
import { cookie, run } from "./support.mjs";

const { EXAMPLE_URL: url } = process.env;
const orders = `${url}/account/orders`;

await run(
  async (browser) => {
    const page = await browser.newPage();
    await page.goto(url);
    await page.click("#login");
    await page.waitForURL(orders);
    const { sameSite } = await cookie(browser, { url });

    const links = `<a id="orders" href="${orders}">Your orders</a> <a id="welcome" href="${url}/welcome">Welcome</a>`;
    const mail = createServer((_, response) => response.writeHead(200, { "Content-Type": "text/html" }).end(links));
    mail.unref().listen(0, "127.0.0.1");
    await once(mail, "listening");
    /** Follows a link in the mail, and returns the status of the page with the orders. */
    const follow = async (link) => {
      const tab = await browser.newPage();
      await tab.goto(`http://127.0.0.1:${mail.address().port}`);
      const answer = tab.waitForResponse(orders);
      await tab.click(link);
      return (await answer).status();
    };
    assert.equal(await follow("#orders"), sameSite === "Lax" ? 200 : 401, sameSite);
    assert.equal(await follow("#welcome"), 200, "a public page that goes on by itself is of the own site");
    mail.close();
    mail.closeAllConnections();
  },
  { javaScriptEnabled: false },
);
