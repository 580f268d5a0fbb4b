// A deployment on 127.0.0.1: the real functions, spoken to as a Convex deployment is.

import { createServer } from "node:http";

import { WebSocketServer } from "ws";

import { Backend, setClockAhead } from "./backend.mjs";
import { Counters } from "./counters.mjs";
import { Faults } from "./faults.mjs";
import { answer } from "./http.mjs";
import { Connection } from "./socket.mjs";

export { tokenOf, userOf } from "./backend.mjs";

const SYNC = /^\/api\/(?:\d+\.\d+\.\d+[^/]*\/)?sync$/;

export class Loopback {
  counters = new Counters();
  faults = new Faults();
  connections = new Set();
  /** Answers to the mutations of each WebSocket session. */
  sessions = new Map();
  /** Nanoseconds; each mutation has its own. */
  ts = BigInt(Date.now()) * 1_000_000n;
  #server;
  #sockets = new WebSocketServer({ noServer: true });

  constructor(options) {
    this.backend = new Backend(options);
    this.#server = createServer((request, response) => void answer(this, request, response));
    this.#server.on("upgrade", (request, socket, head) => void this.#upgrade(request, socket, head));
  }

  /** Starts listening. Port 0 takes a free one. */
  async listen(port) {
    await new Promise((resolve, reject) => {
      this.#server.once("error", reject);
      this.#server.listen(port, "127.0.0.1", resolve);
    });
    this.backend.address = this.url;
    return this;
  }

  get url() {
    return `http://127.0.0.1:${this.#server.address().port}`;
  }

  async close() {
    this.disconnect();
    this.#server.closeAllConnections();
    await new Promise((resolve) => this.#server.close(resolve));
  }

  /** Cuts every WebSocket. */
  disconnect() {
    for (const connection of this.connections) connection.close();
  }

  tick() {
    return (this.ts += 1n);
  }

  /** Tells every subscription what changed. For who is in line already. */
  async updateAll() {
    for (const connection of this.connections) await connection.update();
  }

  /** What `POST /__loopback` asks for, in this order. Answers as `GET /__loopback` does, with the call's value. */
  async control({ reset, clear, faults, expire, disconnect, clockAhead, anonymous, call }) {
    let value;
    if (reset) this.counters.reset();
    if (clear) this.faults.clear();
    if (faults !== undefined) this.faults.add(...faults);
    if (expire !== undefined) this.backend.expire(expire);
    if (disconnect) this.disconnect();
    if (clockAhead !== undefined) setClockAhead(clockAhead);
    if (anonymous !== undefined) setAnonymous(anonymous);
    if (call !== undefined) {
      value = await this.backend.internal(call.path, call.args ?? {});
      this.tick();
      await this.backend.alone(() => this.updateAll());
    }
    const report = { ...this.counters.report(), connections: this.connections.size };
    return value === undefined ? report : { ...report, value };
  }

  async #upgrade(request, socket, head) {
    socket.on("error", () => socket.destroy());
    const known = SYNC.test(new URL(request.url, this.url).pathname);
    await this.faults.pause("socket", "transport");
    if (socket.destroyed) return;
    if (!known || this.faults.take(["refuse"], "socket", "transport") !== undefined) {
      socket.end(`HTTP/1.1 ${known ? "503 Service Unavailable" : "404 Not Found"}\r\nconnection: close\r\n\r\n`);
      return;
    }
    this.#sockets.handleUpgrade(request, socket, head, (webSocket) => {
      this.counters.sockets += 1;
      this.connections.add(new Connection(this, webSocket));
    });
  }
}

/** Whether callers without a token are served. */
export function setAnonymous(allowed) {
  if (allowed) process.env.ATELIER_ALLOW_ANONYMOUS = "true";
  else delete process.env.ATELIER_ALLOW_ANONYMOUS;
}

/** Starts a deployment of its own. `limited: false` leaves out Convex's limits per transaction, which cost time to watch. */
export async function startLoopback({ port = 0, ...options } = {}) {
  return await new Loopback(options).listen(port);
}
