/** An application that has installed the package for browsers, as npm packs it, and uses it as docs/browsers.md shows. */

import { execFileSync } from "node:child_process";
import { mkdir, readFile, rename, symlink, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

const here = fileURLToPath(new URL(".", import.meta.url));

/** The folder of the package. */
export const packageDir = join(here, "../../packages/browser");

/** Makes the folder `dir`, with the package and these packages of our own in its node_modules. */
export async function install(dir, ...others) {
  const modules = join(dir, "node_modules");
  await mkdir(modules, { recursive: true });
  const flags = ["--json", "--pack-destination", dir, "--cache", join(dir, "cache"), "--no-update-notifier"];
  const [{ filename }] = JSON.parse(execFileSync("npm", ["pack", ...flags, packageDir]));
  execFileSync("tar", ["-xzf", filename], { cwd: dir });
  await rename(join(dir, "package"), join(modules, "hallpass-browser"));
  for (const name of others) await symlink(join(here, "node_modules", name), join(modules, name));
}

/** Returns the pieces of JavaScript in a section of docs/browsers.md. */
export async function documented(section) {
  const page = await readFile(join(here, "../../docs/browsers.md"), "utf8");
  const [, text] = page.split(`\n## ${section}\n`);
  return text.split("\n## ")[0].split("```javascript\n").slice(1).map((rest) => rest.split("```")[0]);
}

/** Writes session.js and use_session.js as they are documented, for this origin. */
export async function writeDocumented(dir, origin) {
  const pieces = await documented("Pages on another origin");
  const names = ["session.js", "use_session.js"];
  for (const [index, name] of names.entries()) {
    await writeFile(join(dir, name), pieces[index].replaceAll("https://auth.example.com", origin));
  }
}
