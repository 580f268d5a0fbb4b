// Two browsers and a desktop app on one server: each is cut off, worked with, and connected again.

import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { setTimeout } from "node:timers/promises";

import { App } from "../browser/support/app.mjs";
import { closeBrowser, freshContext } from "../browser/support/browser.mjs";
import { PROMPT, STEP } from "../browser/support/kinds.mjs";
import { dataFolder, start } from "../desktop/support/window.mjs";
import { Line } from "./line.mjs";
import { startLoopback } from "./loopback/index.mjs";

/** How long anything may take to come from one device to another. Generous: the machine may be busy. */
const ARRIVAL = 60_000;
const TOKEN = "test:ada";
const FIELD = '[role="region"][aria-label="Inspector"] textarea';

let loopback;
before(async () => (loopback = await startLoopback()));
after(async () => {
  await closeBrowser();
  await loopback.close();
});

/** What a page shows of its workflow, to be compared: nodes with type and place, and edges. */
const SHOWN = `(() => {
  const pick = (selector, id, names) => Object.fromEntries([...document.querySelectorAll(selector)].sort((one, other) =>
    one.dataset[id] < other.dataset[id] ? -1 : 1).map(({ dataset }) => [dataset[id], names.map((name) => dataset[name])]));
  return JSON.stringify([
    pick("[data-node-id]", "nodeId", ["nodeType", "x", "y"]),
    pick("[data-edge-id]", "edgeId", ["source", "target"]),
  ]);
})()`;

const exists = (selector) => `document.querySelector(${JSON.stringify(selector)}) !== null`;
const header = (node) => `[data-node-id="${node}"] [data-part="header"]`;

/** A browser, with the words that a window of the desktop app understands. */
class Browser {
  constructor(app) {
    this.app = app;
  }

  ask(expression) {
    return this.app.page.evaluate(expression);
  }

  /** The page's policy lets no text be waited for, only be asked. */
  async until(expression, patience = ARRIVAL) {
    for (const end = Date.now() + patience; !(await this.ask(expression)); await setTimeout(50)) {
      if (Date.now() > end) assert.fail(`it never came to pass that ${expression}`);
    }
  }

  click(selector) {
    return this.app.page.click(selector);
  }

  fill(selector, text) {
    return this.app.page.fill(selector, text);
  }

  press(key) {
    return this.app.page.keyboard.press(key === "Return" ? "Enter" : key);
  }

  add(query) {
    return this.app.canvas.emptyPlace().then((place) => this.app.canvas.add(query, place));
  }
}

/** A device that syncs over a line of its own. */
class Device {
  constructor(hand, line) {
    Object.assign(this, { hand, line });
  }

  static async browser(t) {
    const app = new App(await (await freshContext(t)).newPage());
    await app.visit();
    return new Device(new Browser(app), await lineTo(t));
  }

  static async desktop(t) {
    const window = await start(t, await dataFolder(t));
    window.press = (key) => window.hand("key", key);
    const [add, fill] = [window.add.bind(window), window.fill.bind(window)];
    // Slowly: two browsers work beside it.
    window.fill = (selector, text) => fill(selector, text, 300);
    window.add = async (query) => {
      const { x, y } = await window.middle("[data-canvas]");
      return await add(query, { x, y: y + 200 });
    };
    return new Device(window, await lineTo(t));
  }

  async turnOn() {
    await this.hand.click('[aria-label="Sync"]');
    await this.hand.until(exists('[role="region"] input[inputmode="url"]'));
    await this.hand.fill('input[inputmode="url"]', this.line.url);
    await this.hand.fill('input[type="password"]', TOKEN);
    await this.hand.press("Return");
    await this.says("up-to-date");
  }

  /** Waits until the panel, which is open, says so. */
  says(state) {
    return this.hand.until(exists(`[data-sync-state="${state}"]`), ARRIVAL);
  }

  async closePanel() {
    await this.hand.press("Escape");
    await this.hand.until(`!(${exists("[data-sync-state]")})`);
  }

  async open(workflow) {
    const item = `[data-workflow-id="${workflow}"]`;
    await this.hand.until(exists(item), ARRIVAL);
    await this.hand.click(item);
  }

  /** Waits until there are so many nodes, and looks at all of them: what is out of sight has no elements. */
  async has(count) {
    await this.hand.until(exists(`[data-canvas][data-node-count="${count}"]`), ARRIVAL);
    await this.hand.click('[aria-label="Show everything"]');
    await this.hand.until(`document.querySelectorAll("[data-node-id]").length === ${count}`);
  }

  async write(node, text) {
    await this.hand.click(header(node));
    await this.hand.until(exists(FIELD));
    await this.hand.fill(FIELD, text);
  }

  async text(node) {
    await this.hand.click(header(node));
    await this.hand.until(exists(FIELD));
    return await this.hand.ask(`document.querySelector(${JSON.stringify(FIELD)}).value`);
  }

  /** Waits until what it has is on its disk and not on the server, or on both. */
  stored(synced) {
    return this.hand.until(exists(`[data-save-state="saved"][data-synced="${synced}"]`), ARRIVAL);
  }
}

async function lineTo(t) {
  const line = await Line.to(loopback.url);
  t.after(() => line.close());
  return line;
}

test("what is done without a network on two browsers and a desktop comes together", async (t) => {
  const devices = [await Device.browser(t), await Device.browser(t), await Device.desktop(t)];
  const [one, two, three] = devices;
  const workflow = await one.hand.app.newWorkflow();
  const node = await one.hand.add(PROMPT.query);
  for (const device of devices) {
    await device.turnOn();
    await device.closePanel();
    await device.open(workflow);
    await device.has(1);
  }

  for (const device of devices) device.line.cut();
  await one.write(node, "At dawn");
  const added = [await two.hand.add(STEP.query), await three.hand.add(PROMPT.query)];
  await three.write(added[1], "Basalt");
  for (const device of devices) await device.stored(false);
  const apart = await Promise.all(devices.map(({ hand }) => hand.ask(SHOWN)));
  assert.equal(new Set(apart).size, 3, "each has something of its own");

  for (const device of devices) device.line.mend();
  for (const device of devices) {
    await device.has(3);
    await device.stored(true);
  }
  for (const device of devices) {
    assert.equal(await device.text(node), "At dawn");
    assert.equal(await device.text(added[1]), "Basalt");
  }
  const together = await Promise.all(devices.map(({ hand }) => hand.ask(SHOWN)));
  assert.deepEqual(together, [together[0], together[0], together[0]]);
  assert.equal(Object.keys(JSON.parse(together[0])[0]).length, 3);

  const { value } = await loopback.backend.call("query", "sync:changesSince", { workflowId: workflow, cursor: 0 }, TOKEN);
  const nodes = value.entities.filter(({ kind }) => kind === "node").map(({ id }) => id);
  assert.deepEqual(nodes.sort(), [node, ...added].sort(), "and the server has the same");
});
