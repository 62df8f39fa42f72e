/** The page of docs/browsers.md works as it is written. */

import assert from "node:assert/strict";
import { documented } from "./application.mjs";
import { openTab, run } from "./support.mjs";

await run(async (browser, line) => {
  const page = await openTab(browser, line);
  const [piece] = await documented("In the page");
  const code = piece.replace('import { Hallpass } from "hallpass-browser"', 'const { Hallpass } = await import("/hallpass.js")');
  const outcome = await page.evaluate(`(async () => { ${code} return [response.status, hallpass.isLoggedIn]; })()`);
  assert.deepEqual(outcome, [200, false]);
  assert.equal(line.to("/revoke", 200).length, 1);
});
