/** Node.js imports the package and renders with it, as a server does that renders pages; nobody is logged in there. */

import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { writeFile } from "node:fs/promises";
import { install, writeDocumented } from "./application.mjs";

const { DIR } = process.env;

const USE = `
const hallpass = new Hallpass({ tokenUrl: "/auth/token" });
hallpass.addEventListener("login", () => {});
const calls = [hallpass.login({}), hallpass.restore(), hallpass.logout()];
Promise.allSettled(calls).then((outcomes) => {
  const codes = outcomes.map(({ reason }) => reason instanceof HallpassError && reason.code);
  console.log(JSON.stringify([hallpass.isLoggedIn, hallpass.sessionId, ...codes]));
});
`;

/** What a program of the application prints; it must end by itself. */
async function printed(name, program) {
  await writeFile(`${DIR}/${name}`, program);
  return execFileSync(process.execPath, [name], { cwd: DIR, encoding: "utf8", timeout: 60_000 }).trim();
}

await install(DIR, "react", "react-dom");
const expected = JSON.stringify([false, null, ...Array(3).fill("no_browser")]);
const names = "{ Hallpass, HallpassError }";
assert.equal(await printed("imports.mjs", `import ${names} from "hallpass-browser";${USE}`), expected);
assert.equal(await printed("requires.cjs", `const ${names} = require("hallpass-browser");${USE}`), expected);

await writeDocumented(DIR, "https://auth.example.com");
await writeFile(`${DIR}/package.json`, '{ "type": "module" }');
const rendering = `
import { createElement } from "react";
import { renderToString } from "react-dom/server";
import { useSession } from "./use_session.js";
console.log(renderToString(createElement(() => createElement("p", null, useSession() ?? "nobody"))));
`;
assert.equal(await printed("renders.mjs", rendering), "<p>nobody</p>");
