// A host of the app that a test has in its hands: it stands under a path of its own, can be away, and can have a new version.

import { createHash } from "node:crypto";
import { createServer } from "node:http";
import { address } from "./app.mjs";

const BASE = "/some/where/";

/** Hosts the app on a port of its own until the test ends. */
export async function host(t) {
  const proxy = new Proxy();
  await proxy.start();
  t.after(() => proxy.stop());
  return proxy;
}

class Proxy {
  #server;
  #sockets = new Set();
  #port = 0;
  /** What the page is marked with: another mark is another version. */
  version = "";
  /** Paths, below the base, that are answered with 404. */
  missing = new Set();
  /** The paths that were asked for. */
  asked = [];

  get url() {
    return `http://127.0.0.1:${this.#port}${BASE}`;
  }

  async start() {
    this.#server = createServer((request, response) => this.#answer(request, response));
    this.#server.on("connection", (socket) => {
      this.#sockets.add(socket);
      socket.on("close", () => this.#sockets.delete(socket));
    });
    await new Promise((resolve) => this.#server.listen(this.#port, "127.0.0.1", resolve));
    this.#port = this.#server.address().port;
  }

  /** Is away, for everybody, until it is started again. */
  async stop() {
    const closed = new Promise((resolve) => this.#server.close(resolve));
    for (const socket of this.#sockets) socket.destroy();
    await closed;
  }

  async #answer(request, response) {
    const path = request.url.startsWith(BASE) ? request.url.slice(BASE.length) : undefined;
    this.asked.push(path ?? request.url);
    if (path === undefined || this.missing.has(path)) {
      response.writeHead(404).end();
      return;
    }
    const page = await this.#page();
    if (path === "" || path.startsWith("?")) {
      response.writeHead(200, { "content-type": "text/html", "cache-control": "no-cache" }).end(page);
      return;
    }
    const answer = await fetch(new URL(path, address));
    let body = Buffer.from(await answer.arrayBuffer());
    if (path === "sw.js") body = replaceIntegrity(body.toString(), page);
    const headers = Object.fromEntries(["content-type", "cache-control"].map((name) => [name, answer.headers.get(name)]));
    response.writeHead(answer.status, headers).end(body);
  }

  async #page() {
    const page = await (await fetch(address)).text();
    return page.replace("<head>", `<head><meta name="test-version" content="${this.version}">`);
  }
}

/** A worker's list for a page of another content, as a build of it would have. */
function replaceIntegrity(worker, page) {
  const hash = createHash("sha256").update(page).digest("base64");
  return worker
    .replace(/\["\.\/", "[^"]*"\]/, `["./", "sha256-${hash}"]`)
    .replace(/const BUILD = "[^"]*"/, `const BUILD = "${hash.slice(0, 16)}"`);
}
