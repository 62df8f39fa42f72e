/** Who may enter, what others are told, and that the secret is nowhere but in the page's memory. */

import assert from "node:assert/strict";
import { enter, open, run, says, secret, signIn, textOf, until, url } from "./support.mjs";

const { READER_SECRET } = process.env;

await run(async (browser) => {
  const page = await open(browser);
  for (const [credentials, words] of [
    [{ password: "wrong" }, "The client id or its secret is wrong."],
    [{ id: "nobody" }, "The client id or its secret is wrong."],
    [{ id: "reader", password: READER_SECRET }, "it does not have the scope “manage”"],
  ]) {
    await signIn(page, credentials);
    await says(page, ".problem", words);
    assert.ok(await page.isHidden("nav"), "nobody is in");
  }
  await signIn(page, { id: " local" });
  await says(page, ".problem", "The client id or its secret is wrong.");
  // The server allows one failed attempt a second, and four at once. Others guess, too, until this one is refused.
  let isGuessing = true;
  const guess = async () => {
    while (isGuessing) await fetch(`${url}/keys`, { headers: { Authorization: "Basic bG9jYWw6Z3Vlc3M=" } });
  };
  const guesses = Promise.all(Array.from({ length: 4 }, guess));
  await until("attempts are limited", async () => {
    await signIn(page, { password: "wrong" });
    await page.waitForSelector("main button:enabled");
    return /Too many failed attempts .* Try again in \d+ s/.test(await textOf(page, ".problem"));
  });
  // Right credentials are never limited by wrong ones.
  await signIn(page);
  await page.waitForSelector("nav:not([hidden])");
  isGuessing = false;
  await guesses;
  assert.equal(await textOf(page, "h1"), "Overview");
  const kept = await page.evaluate(async () => ({
    stores: JSON.stringify([{ ...localStorage }, { ...sessionStorage }, document.cookie, await indexedDB.databases(), await caches?.keys()]),
    page: document.documentElement.outerHTML + [...document.querySelectorAll("input")].map(({ value }) => value).join(),
    address: location.href + JSON.stringify(history.state),
  }));
  assert.equal(kept.stores, '[{},{},"",[],[]]');
  assert.ok(!kept.page.includes(secret) && !kept.address.includes(secret));

  await page.click("#sign-out");
  await page.waitForSelector("#secret");
  assert.equal(await page.inputValue("#secret"), "");
  assert.ok(await page.isHidden("nav"));
  assert.equal(await page.title(), "Hallpass console");

  const again = await enter(browser);
  await again.reload();
  await again.waitForSelector("#secret");
  assert.ok(await again.isHidden("nav"), "a reload forgets the secret");
}, /status of (401|403|429)/);
