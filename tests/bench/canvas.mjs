// The canvas beside React Flow 12 with `onlyRenderVisibleElements`: the same nodes and edges, the same view, the same pointer.
//
// What is measured is the page's main thread at work, per event, as the browser itself counts it. It is counted in the thread's own
// time, so that other programs on the machine do not add to it.

import { App } from "../browser/support/app.mjs";
import { launch } from "../browser/support/browser.mjs";
import { grid } from "../browser/support/comfyui.mjs";
import { report, takeTurns } from "./measure.mjs";
import { serve } from "./reactflow/serve.mjs";

const SIZES = [100, 1_000, 10_000];
const ROUNDS = 5;

/** So large that our canvas, between its panels, is about 1,280 × 800. */
const viewport = { width: 1776, height: 848 };

const MOVES = 60;
const LETTERS = 40;

/** What our figure at 10,000 nodes may be of React Flow's. */
const BARS = { drag: 0.5, pan: 0.9 };

/** What an edit at 10,000 nodes may cost of what it costs at 100. */
const FLAT = 1.3;

/** A page that is measured. */
class Measured {
  constructor(page) {
    this.page = page;
  }

  async start() {
    this.devtools = await this.page.context().newCDPSession(this.page);
    await this.devtools.send("Performance.enable", { timeDomain: "threadTicks" });
  }

  /** Milliseconds that the main thread works for each of `count` events. */
  async perEvent(count, work) {
    await this.page.bringToFront();
    await this.rest();
    const before = await this.busy();
    await work();
    await this.rest();
    return (1000 * ((await this.busy()) - before)) / count;
  }

  async busy() {
    const { metrics } = await this.devtools.send("Performance.getMetrics");
    return metrics.find(({ name }) => name === "TaskDuration").value;
  }

  /** Until two frames are drawn. */
  rest() {
    return this.page.evaluate(() => new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done))));
  }

  /** Presses at a place, moves there and back, and lets go. */
  gesture({ x, y }, dx, dy) {
    return this.perEvent(MOVES, async () => {
      const { mouse } = this.page;
      await mouse.move(x, y);
      await mouse.down();
      for (let move = 1; move <= MOVES; move++) {
        const way = move <= MOVES / 2 ? move : MOVES - move;
        await mouse.move(x + way * dx, y + way * dy);
      }
      await mouse.up();
    });
  }
}

/** Our app with the grid, at a zoom near 1 around its middle. */
async function openOurs(browser, count) {
  const app = new App(await (await browser.newContext({ viewport, serviceWorkers: "block" })).newPage());
  await app.visit();
  await app.importJson("grid.json", grid(count), count);
  const { left, top, width, height } = await app.canvas.view();
  await app.page.mouse.move(left + width / 2, top + height / 2);
  for (let i = 0; i < 200 && (await app.canvas.view()).zoom < 0.97; i++) await app.page.mouse.wheel(0, -60);
  await app.page.waitForSelector("[data-node-id]");
  await app.saved();
  const measured = new Measured(app.page);
  await measured.start();
  const { canvas } = app;
  const drag = async () => canvas.grip(await middleNode(app.page, "[data-node-id]", "nodeId"));
  const figures = async () => {
    const figures = { drag: await measured.gesture(await drag(), 4, 3) };
    figures.pan = await measured.gesture(await canvas.emptyPlace(8), -5, -4);
    figures.type = await type(app, measured);
    return figures;
  };
  return { figures, view: await canvas.view() };
}

/** Types into a text field of the inspector. */
async function type(app, measured) {
  const id = await middleNode(app.page, "[data-node-id]", "nodeId");
  await app.canvas.header(id).click();
  const field = app.inspector.getByRole("textbox").first();
  await field.fill("");
  await field.focus();
  await app.saved();
  const letters = "abcdefghijklmnopqrstuvwxyz".repeat(2).slice(0, LETTERS);
  return measured.perEvent(LETTERS, () => app.page.keyboard.type(letters));
}

/** React Flow with the grid, in a box of the same size with the same view. */
async function openPeer(browser, address, count, { x, y, zoom, width, height }) {
  const page = await (await browser.newContext({ viewport, serviceWorkers: "block" })).newPage();
  await page.goto(`${address}?${new URLSearchParams({ count, x, y, zoom, width, height })}`);
  await page.waitForSelector(".react-flow__node");
  const measured = new Measured(page);
  await measured.start();
  const figures = async () => {
    const id = await middleNode(page, ".react-flow__node", "id");
    const box = await page.locator(`.react-flow__node[data-id="${id}"]`).boundingBox();
    const figures = { drag: await measured.gesture({ x: box.x + box.width / 3, y: box.y + 12 }, 4, 3) };
    figures.pan = await measured.gesture(await emptyPane(page), -5, -4);
    return figures;
  };
  return { figures };
}

/** The node nearest to the middle of all that is in the page: its id, from the dataset's `key`. */
function middleNode(page, selector, key) {
  return page.locator(selector).evaluateAll((nodes, key) => {
    const centre = (node) => {
      const { x, y, width, height } = node.getBoundingClientRect();
      return [x + width / 2, y + height / 2];
    };
    const [sumX, sumY] = nodes.map(centre).reduce(([a, b], [x, y]) => [a + x, b + y]);
    const distance = (node) => {
      const [x, y] = centre(node);
      return Math.hypot(x - sumX / nodes.length, y - sumY / nodes.length);
    };
    return nodes.reduce((best, node) => (distance(node) < distance(best) ? node : best)).dataset[key];
  }, key);
}

/** A place where React Flow's background is. */
function emptyPane(page) {
  return page.evaluate(() => {
    for (let y = 400; y > 100; y -= 3) {
      for (let x = 400; x > 100; x -= 3) {
        const around = [[0, 0], [8, 8], [-8, -8]].map(([dx, dy]) => document.elementFromPoint(x + dx, y + dy));
        if (around.every((element) => element?.classList.contains("react-flow__pane"))) return { x, y };
      }
    }
    throw new Error("React Flow shows no background");
  });
}

const browser = await launch();
const peerServer = await serve();
try {
  const pages = {};
  for (const count of SIZES) {
    const ours = await openOurs(browser, count);
    pages[count] = { ours, peer: await openPeer(browser, peerServer.address, count, ours.view) };
  }
  // Every size in every round, so that sizes can be compared too.
  const all = await takeTurns(ROUNDS, (who) => inEachSize((count) => pages[count][who].figures()));
  const of = (who, count, figure) => all[who].map((figures) => figures[count][figure]);
  for (const count of SIZES) {
    for (const gesture of ["drag", "pan"]) {
      report({
        name: `canvas: ${gesture} at ${count.toLocaleString("en")} nodes, React Flow 12`,
        unit: "ms/move",
        ours: of("ours", count, gesture),
        peer: of("peer", count, gesture),
        bar: count === 10_000 ? BARS[gesture] : null,
      });
    }
  }
  for (const [edit, name] of [["drag", "a step of a drag"], ["type", "a typed letter"]]) {
    report({
      name: `canvas: ${name} at 10,000 nodes, ours at 100`,
      ours: of("ours", 10_000, edit),
      peer: of("ours", 100, edit),
      bar: FLAT,
    });
  }
} finally {
  peerServer.close();
  await browser.close();
}

/** The figures of one round by size. */
async function inEachSize(measure) {
  const figures = {};
  for (const count of SIZES) figures[count] = await measure(count);
  return figures;
}
