// Bundles the peer's page and serves it on this machine.

import { readFile } from "node:fs/promises";
import { createServer } from "node:http";
import { fileURLToPath } from "node:url";
import { build } from "esbuild";

const here = (name) => fileURLToPath(new URL(name, import.meta.url));

/** Returns `{ address, close }`. */
export async function serve() {
  const { outputFiles } = await build({
    entryPoints: [here("main.jsx")],
    bundle: true,
    minify: true,
    write: false,
    outdir: here("."),
    format: "esm",
    jsx: "automatic",
    define: { "process.env.NODE_ENV": '"production"' },
  });
  const bundled = (ending) => outputFiles.find(({ path }) => path.endsWith(ending)).contents;
  const files = {
    "/": ["text/html", await readFile(here("index.html"))],
    "/main.js": ["text/javascript", bundled(".js")],
    "/main.css": ["text/css", bundled(".css")],
  };
  const server = createServer((request, response) => {
    const [type, content] = files[new URL(request.url, "http://localhost").pathname] ?? [];
    if (content) response.writeHead(200, { "content-type": type }).end(content);
    else response.writeHead(404).end();
  });
  await new Promise((done) => server.listen(0, "127.0.0.1", done));
  return { address: `http://127.0.0.1:${server.address().port}/`, close: () => server.close() };
}
