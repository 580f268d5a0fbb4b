// What was asked, and how many bytes it took.

export class Counters {
  #calls = new Map();
  sockets = 0;

  /** `received` and `sent` are bodies and frames, without headers. A call that runs counts as one; a push is none. */
  add(over, path, { received = 0, sent = 0, calls = 0 }) {
    const key = `${over} ${path}`;
    const here = this.#calls.get(key) ?? { calls: 0, received: 0, sent: 0 };
    this.#calls.set(key, { calls: here.calls + calls, received: here.received + received, sent: here.sent + sent });
  }

  /** How often this was called, over HTTP and the WebSocket together. */
  calls(path) {
    return ["http", "socket"].reduce((sum, over) => sum + (this.#calls.get(`${over} ${path}`)?.calls ?? 0), 0);
  }

  reset() {
    this.#calls.clear();
    this.sockets = 0;
  }

  /** All, as JSON: `{sockets, total: {calls, received, sent}, paths: {"http sync:applyOps": {…}}}`. */
  report() {
    const total = { calls: 0, received: 0, sent: 0 };
    for (const one of this.#calls.values()) for (const name of Object.keys(total)) total[name] += one[name];
    return { sockets: this.sockets, total, paths: Object.fromEntries([...this.#calls].sort()) };
  }
}
