/** TypeScript, with checkJs and everything strict, takes the package as it is, installed or copied; its types are up to date. */

import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { copyFile, readFile, writeFile } from "node:fs/promises";
import { fileURLToPath } from "node:url";
import { install, packageDir } from "./application.mjs";

const { DIR } = process.env;
const compiler = fileURLToPath(new URL("node_modules/typescript/bin/tsc", import.meta.url));

function compile(...args) {
  const { status, stdout } = spawnSync(process.execPath, [compiler, ...args], { cwd: DIR, encoding: "utf8" });
  assert.equal(status, 0, stdout);
}

await install(DIR);
const app = await readFile(new URL("typed_app.js", import.meta.url), "utf8");
await copyFile(`${packageDir}/hallpass.js`, `${DIR}/copied.js`);
await writeFile(`${DIR}/installed.js`, app);
await writeFile(`${DIR}/copy_of_it.js`, app.replace('"hallpass-browser"', '"./copied.js"'));
await writeFile(`${DIR}/package.json`, '{ "type": "module" }');

const strict = { strict: true, noUncheckedIndexedAccess: true, exactOptionalPropertyTypes: true, noImplicitReturns: true };
for (const [module, moduleResolution] of [["nodenext", "nodenext"], ["esnext", "bundler"]]) {
  const own = { checkJs: true, allowJs: true, noEmit: true, target: "es2022", lib: ["es2022", "dom"], types: [] };
  const files = ["installed.js", "copy_of_it.js", "copied.js"];
  const config = { compilerOptions: { ...strict, ...own, module, moduleResolution }, files };
  await writeFile(`${DIR}/tsconfig.json`, JSON.stringify(config));
  compile("-p", "tsconfig.json");
}

compile("-p", packageDir, "--outDir", `${DIR}/types`);
const [made, shipped] = await Promise.all([`${DIR}/types`, packageDir].map((dir) => readFile(`${dir}/hallpass.d.ts`, "utf8")));
assert.equal(shipped, made, "hallpass.d.ts is out of date: tests/browser/node_modules/.bin/tsc -p packages/browser");
