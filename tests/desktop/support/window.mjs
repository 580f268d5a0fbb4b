// The desktop app in its window: started with a data folder of its own, driven by the screen's pointer and keyboard, and asked
// through its probe what it shows.
//
// ATELIER_APP is the binary with the feature `probe`, DISPLAY a screen without a window manager: the window lies in its corner, so
// places of the page are places of the screen.

import assert from "node:assert/strict";
import { execFile, spawn } from "node:child_process";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { isDeepStrictEqual, promisify } from "node:util";
import { askToClose } from "./x11.mjs";

const run = promisify(execFile);
const pause = (milliseconds) => new Promise((done) => setTimeout(done, milliseconds));

/** A folder for the app's data; it goes when the test ends. */
export async function dataFolder(t) {
  const folder = await mkdtemp(join(tmpdir(), "atelier-data-"));
  t.after(() => rm(folder, { recursive: true, force: true, maxRetries: 5 }));
  return folder;
}

/** Starts the app and waits until it shows what is stored. `more` goes into its environment. */
export async function start(t, folder, more = {}, words = []) {
  const window = begin(t, folder, more, words);
  await window.ready();
  return window;
}

/** Starts the app where another one has the folder, and waits for its end. Returns its exit code. */
export function startAgain(t, folder, ...words) {
  return begin(t, folder, {}, words).ended;
}

/** Starts the app, which may show that it can't. */
export function begin(t, folder, more = {}, words = []) {
  const env = { ...process.env, ATELIER_DATA_DIR: folder, ...more };
  const app = spawn(process.env.ATELIER_APP, words, { env, stdio: ["ignore", "pipe", "pipe"] });
  t.after(() => app.kill("SIGKILL"));
  return new Window(app);
}

class Window {
  /** What the app wrote to its log. */
  log = "";
  /** The windows of its process. */
  all = [this];

  constructor(app) {
    this.app = app;
    const probes = [];
    this.probes = probes;
    createInterface(app.stdout).on("line", (line) => line.startsWith("PROBE ") && probes.push(line.slice("PROBE ".length)));
    app.stderr.on("data", (bytes) => (this.log += bytes));
    this.ended = new Promise((done) => app.on("exit", (code, signal) => done(signal ?? code)));
    this.probe = new Promise((found, missing) => {
      const look = setInterval(() => probes.length && (clearInterval(look), found(probes[0])), 20);
      app.on("exit", (code) => clearInterval(look) ?? missing(new Error(`the app ended with ${code} before it said where its probe is:\n${this.log}`)));
      app.on("error", missing);
    });
    // Whoever asks hears of it; if nobody does, it is no news.
    this.probe.catch(() => {});
  }

  async ready() {
    await this.until("document.documentElement.dataset.atelier");
    assert.equal(await this.ask("document.documentElement.dataset.atelier"), "ready", this.log);
    await this.shown();
  }

  /** Has it listen to the keyboard, whatever it shows. */
  async shown() {
    const known = this.all.map((window) => window.id);
    this.id = (await this.ids()).filter((id) => !known.includes(id)).at(-1);
    await run("xdotool", ["windowfocus", String(this.id)]);
  }

  /** The numbers of the process's windows on the screen. */
  async ids() {
    for (let attempt = 0; ; attempt++) {
      try {
        const { stdout } = await run("xdotool", ["search", "--onlyvisible", "--pid", String(this.app.pid), "--name", "^Atelier$"]);
        return stdout.trim().split("\n").map(Number);
      } catch (error) {
        // A window that goes while they are being looked through ends the search.
        if (attempt === 5 || !/BadWindow/.test(error.stderr)) throw error;
      }
    }
  }

  /** The window that the process opens next, once it shows what is stored. */
  async another() {
    const count = this.all.length;
    for (const end = Date.now() + 20_000; this.probes.length <= count; await pause(50)) {
      if (Date.now() > end) assert.fail(`no window number ${count + 1}\n${this.log}`);
    }
    const other = Object.assign(Object.create(Window.prototype), {
      app: this.app, ended: this.ended, all: this.all, probes: this.probes, probe: this.probes[count],
    });
    await other.ready();
    this.all.push(other);
    return other;
  }

  /** Comes to the front and takes the keyboard. */
  async front() {
    await this.hand("windowraise", this.id);
    await this.hand("windowfocus", this.id);
  }

  /** Closes this window as its user does; others of its process stay. */
  async closeAlone() {
    await askToClose(this.id);
    for (const end = Date.now() + 20_000; (await this.ids()).includes(this.id); await pause(50)) {
      if (Date.now() > end) assert.fail(`the window stays\n${this.log}`);
    }
  }

  /** The value of a JavaScript expression in the page. It must change nothing: it is asked again if the answer gets lost. */
  async ask(expression) {
    for (let attempt = 0; ; attempt++) {
      const response = await fetch(`${await this.probe}/eval`, { method: "POST", body: expression });
      const value = JSON.parse(await response.text());
      if (!value?.error) return value;
      // Dioxus forgets an answer now and then when the page is busy.
      if (attempt === 5 || !value.error.includes("Finished")) throw new Error(`${expression}: ${value.error}`);
    }
  }

  /** Waits until an expression holds, and returns its value. */
  async until(expression, patience = 20_000) {
    for (const end = Date.now() + patience; ; await pause(50)) {
      const value = await this.ask(expression);
      if (value) return value;
      if (Date.now() > end) assert.fail(`it never came to pass that ${expression}\n${this.log}`);
    }
  }

  saved() {
    return this.until(`document.querySelector('[role="status"][data-save-state="saved"]') !== null`);
  }

  /** The middle of the element that a selector finds, once it is there. `{ x, y }`, in the page and on the screen. */
  middle(selector) {
    return this.until(`(() => {
      const box = document.querySelector(${JSON.stringify(selector)})?.getBoundingClientRect();
      return box && { x: box.x + box.width / 2, y: box.y + box.height / 2 };
    })()`);
  }

  /** What xdotool does, with a moment for the app after it. */
  async hand(...words) {
    await run("xdotool", words.map(String));
    await pause(60);
  }

  async click(selector) {
    const { x, y } = await this.middle(selector);
    await this.hand("mousemove", x, y, "click", 1);
  }

  /** Presses at `from`, moves to `to` in steps and lets go. */
  async drag(from, to) {
    await this.hand("mousemove", from.x, from.y, "mousedown", 1);
    for (let step = 1; step <= 6; step++) {
      await this.hand("mousemove", from.x + ((to.x - from.x) * step) / 6, from.y + ((to.y - from.y) * step) / 6);
    }
    await this.hand("mouseup", 1);
  }

  /** Replaces what a field holds, by so many milliseconds a key: 120 is brisk for a person. */
  async fill(selector, text, delay = 120) {
    await this.click(selector);
    await this.hand("key", "ctrl+a");
    await this.hand("type", "--delay", delay, text);
    await this.until(`document.querySelector(${JSON.stringify(selector)}).value === ${JSON.stringify(text)}`);
  }

  /** Adds the first node that `query` finds, by a double click. Returns its id. */
  async add(query, { x, y }) {
    const ids = `[...document.querySelectorAll("[data-node-id]")].map((node) => node.dataset.nodeId)`;
    const before = await this.ask(ids);
    await this.hand("mousemove", x, y, "click", "--repeat", 2, "--delay", 60, 1);
    await this.until(`document.activeElement?.matches('input[aria-label="Add node"]')`);
    await this.hand("type", "--delay", 15, query);
    await this.until(`document.activeElement?.value === ${JSON.stringify(query)}`);
    await this.hand("key", "Return");
    await this.until(`document.querySelectorAll("[data-node-id]").length === ${before.length + 1}`);
    return (await this.ask(ids)).find((id) => !before.includes(id));
  }

  /** What is on the canvas once it has come to rest: `{ nodes, edges, view }`. */
  async canvas() {
    for (let last; ; await pause(150)) {
      const now = await this.#canvas();
      if (isDeepStrictEqual(now, last)) return now;
      last = now;
    }
  }

  #canvas() {
    return this.ask(`(() => {
      const pick = (selector, names) => Object.fromEntries([...document.querySelectorAll(selector)].map((element) =>
        [element.dataset[names[0]], Object.fromEntries(names.slice(1).map((name) => [name, element.dataset[name]]))]));
      const { x, y, zoom } = document.querySelector("[data-canvas]").dataset;
      return {
        nodes: pick("[data-node-id]", ["nodeId", "nodeType", "x", "y"]),
        edges: pick("[data-edge-id]", ["edgeId", "source", "target"]),
        view: { x, y, zoom },
      };
    })()`);
  }

  /** Width and height of the page. */
  size() {
    return this.ask("[innerWidth, innerHeight]");
  }

  async resize(width, height) {
    await this.hand("windowsize", this.id, width, height);
    await this.until(`innerWidth === ${width} && innerHeight === ${height}`);
  }

  /** Closes the window as its user does, and waits for the app to end. Returns its exit code. */
  async close() {
    await askToClose(this.id);
    return this.ended;
  }

  /** Ends the app as a power cut does. */
  async kill() {
    this.app.kill("SIGKILL");
    await this.ended;
  }
}
