/** META, claims, subjects, classes, tokens and events that want to be more than text. */

import assert from "node:assert/strict";
import { once } from "node:events";
import { connect } from "node:net";
import { enter, find, go, issue, run, says, steal, until } from "./support.mjs";

const ATTACKS = [
  '<img src=x onerror="pwned = 1">',
  "<script>pwned = 1</script>",
  '"><svg onload=pwned=1>',
  "'-(pwned=1)-'",
  "javascript:pwned=1",
  "${pwned=1}{{pwned=1}}",
  "</title></textarea><iframe srcdoc='<script>parent.pwned=1</script>'>",
];
/** Written from right to left from here on: it must not turn the words around it. */
const OVERRIDE = "\u202Egnp.exe\u2067";
const LONG = "W".repeat(900);

/** Publishes what the module did not, as whoever may write to Redis could. */
async function publish(...messages) {
  const socket = connect(process.env.REDIS_SOCKET);
  const part = (text) => `$${Buffer.byteLength(text)}\r\n${text}\r\n`;
  socket.write(messages.map((message) => `*3\r\n${part("PUBLISH")}${part("hallpass:events")}${part(message)}`).join(""));
  await once(socket, "data");
  socket.end();
}

async function isUnharmed(page) {
  assert.equal(await page.evaluate(() => typeof pwned), "undefined");
  assert.equal(await page.locator("main img, main iframe, main script, main object, main [onerror], main [onload], main a:not([href^='#'])").count(), 0);
  const [width, room] = await page.evaluate(() => [document.documentElement.scrollWidth, innerWidth]);
  assert.ok(width <= room, `${width} in ${room}`);
}

await run(async (browser) => {
  const pages = [await enter(browser, "events"), await enter(browser, "events", { viewport: { width: 360, height: 740 } })];
  const members = ["device", "user_agent", "place", "ip", "__proto__", "constructor", "toString", ...ATTACKS];
  const meta = (attack) => JSON.parse(`{${members.map((name) => `${JSON.stringify(name)}:${JSON.stringify(attack)}`).slice(0, 9).join()}}`);
  const deep = JSON.parse('{"a":'.repeat(14) + '"<img src=x onerror=pwned=1>"' + "}".repeat(14));
  const subjects = [...ATTACKS, OVERRIDE, LONG.slice(0, 250), "__proto__", "constructor"];
  for (const [index, subject] of subjects.entries()) {
    const attack = ATTACKS[index % ATTACKS.length];
    await issue({ subject, meta: meta(attack), claims: { [attack]: attack, deep, list: [attack, { [attack]: attack }] } });
    await issue({ subject, meta: { device: LONG }, claims: { long: LONG.repeat(4).slice(0, 3500) } });
    await issue({ subject, meta: { device: OVERRIDE, city: [attack], country: { attack } } });
    await steal(await issue({ subject, meta: { device: 7, ip: true } }));
  }
  await publish(
    "not JSON", '"text"', "[]", "null", "{", `{"event":"reused"}\n\nevent: reset\ndata: {}`,
    JSON.stringify({ event: ATTACKS[0], sub: ATTACKS[1], sids: ATTACKS, at: 1e300, age: "x", distance: ATTACKS[2] }),
    JSON.stringify({ event: "__proto__", sub: { a: 1 }, count: [], at: ATTACKS[0] }),
    '{"event":"revoked","sub":"\\ud800 half a character","at":null}',
    JSON.stringify({ event: "reused", sub: "too long", reason: LONG.repeat(100) }),
    JSON.stringify({ event: "revoked", sub: "the last one", at: Date.now() }),
  );
  for (const page of pages) {
    await says(page, ".events li:first-child", "the last one");
    await until("both events of a strange kind are there", async () => (await page.locator(".events .badge.other").count()) === 2);
    assert.equal(await page.locator(".events", { hasText: "too long" }).count(), 0);
    assert.equal(await page.locator(".gap").count(), 0);
    for (const summary of await page.locator("main summary").all()) await summary.click();
    await isUnharmed(page);

    for (const subject of subjects) {
      await go(page, "users");
      await find(page, subject);
      await says(page, ".range", "3 sessions");
      for (const summary of await page.locator("main summary").all()) await summary.click();
      await isUnharmed(page);
      await page.getByRole("button", { name: "Claims of" }).last().click();
      await page.keyboard.press("Escape");
      await page.getByRole("button", { name: /^End the session/ }).first().click();
      await page.keyboard.press("Escape");
    }
    await go(page, "token");
    for (const token of [...ATTACKS, OVERRIDE, LONG, `hp1.${ATTACKS[0]}.${ATTACKS[1]}.x.${ATTACKS[2]}.y`]) {
      await page.fill("#token", token);
      await page.click("main button[type=submit]");
      await page.waitForSelector(".verdict.bad");
      await isUnharmed(page);
    }
    // A token that looks well, of which nothing is true.
    const lies = { alg: ATTACKS[0], kid: ATTACKS[1], typ: ATTACKS[2], sub: ATTACKS[3], iss: ATTACKS[4], exp: ATTACKS[5], iat: {}, aud: [ATTACKS[0]], nbf: "soon", "<b>": "<b>" };
    const lie = Buffer.from(JSON.stringify(lies)).toString("base64url");
    await page.fill("#token", `${lie}.${lie}.${lie}`);
    await page.click("main button[type=submit]");
    await says(page, ".result", "Nobody vouches for any of this");
    for (const summary of await page.locator("main summary").all()) await summary.click();
    await isUnharmed(page);
  }

  // The page's policy would stop what the page itself does not: neither markup nor a script from a string.
  const blocked = await pages[0].evaluate(() => {
    const attempts = [
      () => document.body.insertAdjacentHTML("beforeend", "<img src=x onerror='pwned = 1'>"),
      () => setTimeout("pwned = 1", 0),
      () => trustedTypes.createPolicy("mine", { createHTML: (html) => html }),
      () => document.createElement("script").text = "pwned = 1",
    ];
    return attempts.map((attempt) => { try { attempt(); return "allowed"; } catch (error) { return error.name; } });
  });
  assert.deepEqual(blocked, Array(4).fill("TypeError"));
  await isUnharmed(pages[0]);
}, /TrustedHTML|TrustedScript|Trusted Type|trusted-types/);
