// The way of one device to the server, which can be cut.

import { connect, createServer } from "node:net";

export class Line {
  #server;
  #ends = new Set();
  #whole = true;

  /** A line to what listens at this address of the machine. */
  static async to(url) {
    const line = new Line();
    const { hostname, port } = new URL(url);
    line.#server = createServer((near) => {
      if (!line.#whole) return near.destroy();
      const far = connect(Number(port), hostname);
      for (const [end, other] of [[near, far], [far, near]]) {
        line.#ends.add(end);
        end.on("error", () => {});
        end.on("close", () => {
          line.#ends.delete(end);
          other.destroy();
        });
        end.pipe(other);
      }
    });
    await new Promise((resolve, reject) => line.#server.once("error", reject).listen(0, "127.0.0.1", resolve));
    return line;
  }

  /** What the device is told as the server's address. */
  get url() {
    return `http://127.0.0.1:${this.#server.address().port}`;
  }

  /** Ends what goes through, and lets nothing more. */
  cut() {
    this.#whole = false;
    for (const end of this.#ends) end.destroy();
  }

  mend() {
    this.#whole = true;
  }

  async close() {
    this.cut();
    await new Promise((resolve) => this.#server.close(resolve));
  }
}
