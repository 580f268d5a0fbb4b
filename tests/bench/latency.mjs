// How long a user waits: until an edit is on the disk, until another tab shows it, until the app is there; and what the first visit
// downloads.
//
// The profiles are on the disk, as a user's is. Times of input are the browser's own, from when it got the event.

import { rm } from "node:fs/promises";
import { App, open } from "../browser/support/app.mjs";
import { closeBrowser, freshContext, persistentContext, profileFolder } from "../browser/support/browser.mjs";
import { grid } from "../browser/support/comfyui.mjs";
import { multiply } from "../browser/support/stored.mjs";
import { absolute, median, quantile, report } from "./measure.mjs";

const EDITS = 200;
const ROUNDS = 7;

/** The workflow that is open has always so many nodes. */
const OPEN = 100;

/** What is stored besides: so many workflows of so many nodes. */
const STORED = {
  "one workflow": { workflows: 0, nodes: 0 },
  "100 workflows, 100,000 nodes": { workflows: 99, nodes: 1_009 },
  "1,000 workflows, 100,000 nodes": { workflows: 999, nodes: 100 },
};

/** What may be at most: milliseconds; what a start with 1,000 workflows may take of one with one; kilobytes. */
const BARS = { committed: 20, shown: 250, boot: 1.5, download: 900 };

/** What ends when the measurement does. */
const ends = [];
const scope = { after: (end) => ends.unshift(end) };

/** A browser with a profile of its own. */
async function browser() {
  const folder = await profileFolder();
  const context = await persistentContext(folder);
  scope.after(async () => {
    await context.close();
    await rm(folder, { recursive: true, force: true, maxRetries: 5 });
  });
  return context;
}

/** In the page, before anything else: the times of keys and of writing transactions that have completed, on the clock of all tabs. */
function watch() {
  const now = () => performance.timeOrigin + performance.now();
  window.times = { keys: [], commits: [], shown: [] };
  addEventListener("keydown", ({ timeStamp }) => times.keys.push(performance.timeOrigin + timeStamp), true);
  const { transaction } = IDBDatabase.prototype;
  IDBDatabase.prototype.transaction = function (...words) {
    const started = transaction.apply(this, words);
    if (started.mode === "readwrite") started.addEventListener("complete", () => times.commits.push(now()));
    return started;
  };
  window.watchNode = (id) => {
    const node = document.querySelector(`[data-node-id="${id}"]`);
    new MutationObserver(() => times.shown.push(now())).observe(node, { attributeFilter: ["data-x"] });
  };
}

/** Nudges a node with the keyboard in one tab, again and again: what each edit takes to be stored, and to be in the other tab's page. */
async function edits() {
  const context = await browser();
  await context.addInitScript(watch);
  const here = await open(scope, context);
  await here.importJson("grid.json", grid(OPEN), OPEN);
  await here.saved();
  const [id] = Object.keys(await here.canvas.nodes());
  const there = await open(scope, context);
  await there.page.evaluate((id) => watchNode(id), id);
  await here.page.bringToFront();
  await here.canvas.header(id).click();
  const figures = { committed: [], shown: [] };
  for (let edit = 0; edit < EDITS; edit++) {
    for (const app of [here, there]) {
      await app.page.evaluate(() => {
        for (const list of Object.values(times)) list.length = 0;
      });
    }
    await here.page.keyboard.press(edit % 2 ? "ArrowLeft" : "ArrowRight");
    const pressed = await here.page.evaluate(() => times.keys[0]);
    const first = (app, list) => app.page.waitForFunction((list) => times[list][0], list, { polling: 5 }).then((time) => time.jsonValue());
    figures.committed.push((await first(here, "commits")) - pressed);
    figures.shown.push((await first(there, "shown")) - pressed);
  }
  absolute({ name: "latency: key to committed, median", ours: median(figures.committed), bar: BARS.committed });
  absolute({ name: "latency: key to committed, 95 of 100", ours: quantile(figures.committed, 0.95) });
  absolute({ name: "latency: key to shown in another tab, median", ours: median(figures.shown), bar: BARS.shown });
  absolute({ name: "latency: key to shown in another tab, 95 of 100", ours: quantile(figures.shown, 0.95) });
}

/** A browser in which so much is stored, with a workflow of a hundred nodes open. */
async function stocked({ workflows, nodes }) {
  const context = await browser();
  const app = await open(scope, context);
  if (workflows > 0) {
    await app.importJson("other.json", grid(nodes), nodes);
    await app.saved();
    await multiply(app.page, workflows);
  }
  await app.importJson("open.json", grid(OPEN), OPEN);
  await app.saved();
  await app.page.close();
  return context;
}

/** Milliseconds from the page's first moment until it shows what is stored. */
async function boot(context) {
  const page = await context.newPage();
  await page.addInitScript(() => {
    new MutationObserver(() => {
      if (document.documentElement.dataset.atelier === "ready") window.ready ??= performance.now();
    }).observe(document, { subtree: true, attributeFilter: ["data-atelier"] });
  });
  await new App(page).visit();
  await page.waitForSelector(`[data-canvas][data-node-count="100"]`);
  const time = await page.evaluate(() => window.ready);
  await page.close();
  return time;
}

async function boots() {
  const browsers = {};
  for (const [name, stored] of Object.entries(STORED)) browsers[name] = await stocked(stored);
  const times = Object.fromEntries(Object.keys(STORED).map((name) => [name, []]));
  const names = Object.keys(STORED);
  for (let round = 0; round <= ROUNDS; round++) {
    for (let turn = 0; turn < names.length; turn++) {
      const name = names[(round + turn) % names.length];
      const time = await boot(browsers[name]);
      // Files and compiled code get warm in the first round.
      if (round > 0) times[name].push(time);
    }
  }
  const [one, many, most] = names;
  report({ name: `latency: start with ${many} / ${one}`, ours: times[many], peer: times[one] });
  report({ name: `latency: start with ${most} / ${one}`, ours: times[most], peer: times[one], bar: BARS.boot });
}

/** What a browser that knows nothing downloads until the app is there. */
async function download() {
  const app = await open(scope, await freshContext(scope));
  const sizes = await app.page.evaluate(async () => {
    const all = () => [...performance.getEntriesByType("navigation"), ...performance.getEntriesByType("resource")];
    // What `tests/browser/halves.test.mjs` starts without, and what comes whether or not it is used.
    const follows = ({ name }) => name.endsWith("_rest.wasm");
    while (!all().some(follows)) await new Promise((done) => setTimeout(done, 50));
    const sum = (entries) => entries.reduce((sum, { encodedBodySize }) => sum + encodedBodySize, 0);
    return { start: sum(all().filter((entry) => !follows(entry))), rest: sum(all().filter(follows)) };
  });
  absolute({ name: "latency: the first visit downloads, to start", unit: "kB", ours: sizes.start / 1000, bar: BARS.download });
  absolute({ name: "latency: and what follows the start", unit: "kB", ours: sizes.rest / 1000 });
}

const parts = { edits, boots, download };
try {
  for (const name of process.argv.length > 2 ? process.argv.slice(2) : Object.keys(parts)) await parts[name]();
} finally {
  for (const end of ends) await end();
  await closeBrowser();
}
