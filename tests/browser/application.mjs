/** An application that has installed the package for browsers, as npm packs it. */

import { execFileSync } from "node:child_process";
import { mkdir, rename, symlink } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

const here = fileURLToPath(new URL(".", import.meta.url));

/** The package itself. */
export const packageDir = join(here, "../../packages/browser");

/** Makes the folder `dir` with the package, and with these of our own, in its node_modules. */
export async function install(dir, ...others) {
  const modules = join(dir, "node_modules");
  await mkdir(modules, { recursive: true });
  const flags = ["--json", "--pack-destination", dir, "--cache", join(dir, "cache"), "--no-update-notifier"];
  const [{ filename }] = JSON.parse(execFileSync("npm", ["pack", ...flags, packageDir]));
  execFileSync("tar", ["-xzf", filename], { cwd: dir });
  await rename(join(dir, "package"), join(modules, "hallpass-browser"));
  for (const name of others) await symlink(join(here, "node_modules", name), join(modules, name));
}
