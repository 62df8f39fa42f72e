/** CORS at the proxy and at Hallpass: the browser takes neither of two headers, and the page says where to look. */

import assert from "node:assert/strict";
import { noted, openTab, run } from "./support.mjs";

await run(async (browser, line) => {
  const page = await openTab(browser, line);
  assert.equal(await noted(page, "does not let this origin read its answers (CORS)"), 1);
  assert.ok(line.to("/token", 204).length > 0, "it was answered");
});
