// Firefox without a driver beside it: inside it answers WebDriver's commands itself, over a socket, each message behind its length.

import { connect } from "node:net";

/** The same commands as [`HttpDriver`] has. */
export class MarionetteDriver {
  #socket;
  #received = Buffer.alloc(0);
  #waiting = new Map();
  #last = 0;

  /** Begins a session with the Firefox that listens on this port. */
  static async connect(port, capabilities) {
    const driver = new MarionetteDriver();
    const socket = connect(port, "127.0.0.1");
    driver.#socket = socket;
    await new Promise((done, failed) => socket.once("connect", done).once("error", failed));
    socket.on("data", (data) => driver.#read(data));
    socket.on("close", () => driver.#closed(new Error("Firefox has ended the connection")));
    await driver.command("NewSession", { capabilities: { alwaysMatch: capabilities } });
    return driver;
  }

  async command(name, parameters = {}) {
    const id = ++this.#last;
    const answer = new Promise((done, failed) => this.#waiting.set(id, { done, failed }));
    const message = JSON.stringify([0, id, `WebDriver:${name}`, parameters]);
    this.#socket.write(`${Buffer.byteLength(message)}:${message}`);
    const result = await answer;
    // What is one value comes in an object, for old times' sake.
    return result && Object.keys(result).join() === "value" ? result.value : result;
  }

  /** Ends the session. The browser stays. */
  end() {
    this.#socket.destroy();
  }

  #read(data) {
    this.#received = Buffer.concat([this.#received, data]);
    for (;;) {
      const colon = this.#received.indexOf(":");
      const end = colon + 1 + Number(this.#received.subarray(0, Math.max(colon, 0)));
      if (colon < 0 || this.#received.length < end) return;
      this.#take(JSON.parse(this.#received.subarray(colon + 1, end)));
      this.#received = this.#received.subarray(end);
    }
  }

  #take(message) {
    // The first one is a greeting.
    if (!Array.isArray(message)) return;
    const [, id, error, result] = message;
    const { done, failed } = this.#waiting.get(id);
    this.#waiting.delete(id);
    if (error) failed(new Error(`${error.error}: ${error.message}`));
    else done(result);
  }

  #closed(reason) {
    for (const { failed } of this.#waiting.values()) failed(reason);
    this.#waiting.clear();
  }
}
