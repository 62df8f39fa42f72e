/** A link from a mail, which a browser takes for another site: the page finds its user, although the cookie is Strict. */

import assert from "node:assert/strict";
import { once } from "node:events";
import { createServer } from "node:http";
import { logIn, openTab, run } from "./support.mjs";

await run(async (browser, line) => {
  await logIn(await openTab(browser, line));

  const mail = createServer((_, response) => {
    response.writeHead(200, { "Content-Type": "text/html" }).end(`<!doctype html><title>Mail</title><a href="${line.url}">Your order</a>`);
  });
  mail.unref().listen(0, "127.0.0.1");
  await once(mail, "listening");
  const page = await browser.newPage();
  await page.goto(`http://127.0.0.1:${mail.address().port}`);
  const before = line.calls.length;
  await page.click("a");
  await page.waitForSelector("#session:not([hidden])");
  const [navigation, ...others] = line.calls.slice(before);
  assert.deepEqual([navigation.path, navigation.cookie], ["/", ""], "the link brings no cookie along");
  const token = others.find(({ path }) => path === "/token");
  assert.ok(token.cookie.startsWith("hallpass="), "the page itself does");
  mail.close();
  mail.closeAllConnections();
});
