/**
 * Serves a React application, bundled and minified, on PORT. What it talks to is on another origin, API_ORIGIN. DIR is a
 * folder of its own.
 */

import assert from "node:assert/strict";
import { build } from "esbuild";
import { cp } from "node:fs/promises";
import { createServer } from "node:http";
import { install, writeDocumented } from "./application.mjs";

const { PORT, API_ORIGIN, DIR } = process.env;

await install(DIR, "react", "react-dom");
await writeDocumented(DIR, API_ORIGIN);
await cp(new URL("react_page.jsx", import.meta.url), `${DIR}/react_page.jsx`);
const { outputFiles, warnings } = await build({
  entryPoints: [`${DIR}/react_page.jsx`],
  bundle: true,
  minify: true,
  format: "esm",
  jsx: "automatic",
  define: { API: JSON.stringify(API_ORIGIN), "process.env.NODE_ENV": '"production"' },
  write: false,
});
assert.deepEqual(warnings, []);
const page = `<!doctype html><title>React</title><link rel="icon" href="data:,"><body><div id="root"></div><script type="module">${outputFiles[0].text.replaceAll("</script", "<\\/script")}</script>`;

const server = createServer((_, response) => response.writeHead(200, { "Content-Type": "text/html; charset=utf-8" }).end(page));
server.listen(Number(PORT), "127.0.0.1", () => console.log(`The application listens on http://localhost:${PORT}`));
