/** A page on another origin refreshes as docs/browsers.md shows; a page on another site, or on an origin that is not allowed, cannot. */

import assert from "node:assert/strict";
import { hallpassUrl, logInByHand, run } from "./support.mjs";

const { ALLOWED_ORIGIN, OTHER_SITE, OTHER_ORIGIN, SNIPPET } = process.env;

// The same site as the pages at localhost.
const hallpass = hallpassUrl.replace("127.0.0.1", "localhost");
const snippet = SNIPPET.replace("https://login.example.com", hallpass);

/** Returns the answer to the snippet on a page of this origin: status and body, or `blocked` by the browser. */
async function outcome(browser, origin) {
  const page = await browser.newPage();
  await page.goto(origin);
  const code = `(async () => { ${snippet} return [response.status, await response.json()]; })().catch(() => "blocked")`;
  const outcome = await page.evaluate(code);
  await page.close();
  return outcome;
}

await run(async (browser) => {
  const [name, value] = await logInByHand("42");
  await browser.addCookies([{ name, value, url: hallpass, httpOnly: true, sameSite: "Strict" }]);

  const [status, body] = await outcome(browser, ALLOWED_ORIGIN);
  assert.equal(status, 200, JSON.stringify(body));
  assert.ok(body.access_token);
  const renewed = (await browser.cookies(hallpass)).find((cookie) => cookie.name === name).value;
  assert.notEqual(renewed, value);

  assert.equal(await outcome(browser, OTHER_ORIGIN), "blocked");
  const [refused, error] = await outcome(browser, OTHER_SITE);
  assert.deepEqual([refused, error.error], [400, "invalid_request"], "the cookie was not sent");
  assert.equal((await browser.cookies(hallpass)).find((cookie) => cookie.name === name).value, renewed);
});
