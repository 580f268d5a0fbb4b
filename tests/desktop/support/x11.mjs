// As much of the X protocol as it takes to close a window like its own button does: there is no window manager on the tests'
// screen, and xdotool's `windowclose` destroys a window without asking it.

import { createConnection } from "node:net";

const INTERN_ATOM = 16;
const SEND_EVENT = 25;
const GET_INPUT_FOCUS = 43;
const CLIENT_MESSAGE = 33;

/** Tells a window that its user wants it closed (ICCCM: WM_DELETE_WINDOW). */
export async function askToClose(window, display = process.env.DISPLAY) {
  const number = /:(\d+)/.exec(display)[1];
  const server = new Server(createConnection(`/tmp/.X11-unix/X${number}`));
  try {
    await server.greet();
    const [protocols, close] = [await server.atom("WM_PROTOCOLS"), await server.atom("WM_DELETE_WINDOW")];
    const event = Buffer.alloc(32);
    event.writeUInt8(CLIENT_MESSAGE, 0);
    event.writeUInt8(32, 1);
    [window, protocols, close].forEach((value, index) => event.writeUInt32LE(value, 4 + 4 * index));
    const words = Buffer.alloc(8);
    words.writeUInt32LE(window, 0);
    server.send(SEND_EVENT, words, event);
    // Its answer says that what came before was taken.
    server.send(GET_INPUT_FOCUS);
    await server.read(32);
  } finally {
    server.socket.destroy();
  }
}

/** A connection to an X server that asks nobody who they are. */
class Server {
  #received = Buffer.alloc(0);
  #waiting = [];

  constructor(socket) {
    this.socket = socket;
    socket.on("data", (bytes) => {
      this.#received = Buffer.concat([this.#received, bytes]);
      this.#waiting.splice(0).forEach((go) => go());
    });
  }

  /** Little-endian, version 11.0, no authorisation. */
  async greet() {
    this.socket.write(Buffer.from([0x6c, 0, 11, 0, 0, 0, 0, 0, 0, 0, 0, 0]));
    const head = await this.read(8);
    await this.read(4 * head.readUInt16LE(6));
    if (head[0] !== 1) throw new Error("the X server refuses the connection");
  }

  async atom(name) {
    const size = Buffer.alloc(4);
    size.writeUInt16LE(name.length, 0);
    this.send(INTERN_ATOM, size, Buffer.from(name.padEnd(4 * Math.ceil(name.length / 4), "\0")));
    return (await this.read(32)).readUInt32LE(8);
  }

  send(request, ...parts) {
    const head = Buffer.alloc(4);
    head.writeUInt8(request, 0);
    head.writeUInt16LE(1 + parts.reduce((sum, part) => sum + part.length, 0) / 4, 2);
    this.socket.write(Buffer.concat([head, ...parts]));
  }

  async read(count) {
    while (this.#received.length < count) await new Promise((go) => this.#waiting.push(go));
    const bytes = this.#received.subarray(0, count);
    this.#received = this.#received.subarray(count);
    return bytes;
  }
}
