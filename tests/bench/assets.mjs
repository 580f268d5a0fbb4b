// Media in numbers: the storage panel over 10,000 of them, and what a tab takes while 500 photographs go by.
//
// The profile is on the disk, as a user's is: an anonymous one keeps everything in memory.

import { readFile, rm } from "node:fs/promises";
import { App } from "../browser/support/app.mjs";
import { persistentContext, profileFolder } from "../browser/support/browser.mjs";
import { haveNodes } from "../browser/support/media.mjs";
import { storedRows } from "../browser/support/stored.mjs";
import { absolute, median } from "./measure.mjs";

const ASSETS = 10_000;
/** So many of them no workflow uses. */
const UNUSED = 1_000;
const WORKFLOWS = 20;
const OPENINGS = 5;
const SCROLLS = 60;

const PHOTOGRAPHS = 500;
/** So many are drawn and handed over at a time. */
const BATCH = 25;

/** What may be at most: milliseconds until the panel is shown, milliseconds for showing other rows of its list (two frames), megabytes of a tab. */
const BARS = { open: 1_000, scroll: 33.3, memory: 500 };

/** A profile of its own, for as long as `work` takes. It gets a function that opens the app in a browser that has just started. */
async function withProfile(work) {
  const folder = await profileFolder();
  let context;
  const start = async (viewport) => {
    await context?.close();
    context = await persistentContext(folder);
    const app = new App(await context.newPage());
    await app.page.setViewportSize(viewport);
    await app.visit();
    return app;
  };
  try {
    await work(start);
  } finally {
    await context?.close();
    await rm(folder, { recursive: true, force: true, maxRetries: 5 });
  }
}

/** Adds so many pictures that look like photographs: no two are alike, and none compresses to nothing. `from` numbers the first. */
function addPhotographs(app, from, count) {
  return app.page.evaluate(
    async ([from, count]) => {
      const transfer = new DataTransfer();
      const canvas = new OffscreenCanvas(1600, 1200);
      const context = canvas.getContext("2d");
      for (let number = from; number < from + count; number++) {
        const sky = context.createLinearGradient(0, 0, 1600, 1200);
        for (let stop = 0; stop <= 4; stop++) sky.addColorStop(stop / 4, `hsl(${number * 47 + stop * 40} 55% ${30 + stop * 10}%)`);
        context.fillStyle = sky;
        context.fillRect(0, 0, 1600, 1200);
        for (let shape = 0; shape < 400; shape++) {
          context.fillStyle = `hsl(${Math.random() * 360} 50% 50% / 0.25)`;
          context.beginPath();
          context.arc(Math.random() * 1600, Math.random() * 1200, Math.random() * 90, 0, 7);
          context.fill();
        }
        const blob = await canvas.convertToBlob({ type: "image/jpeg", quality: 0.85 });
        transfer.items.add(new File([blob], `photograph-${number}.jpg`, { type: "image/jpeg" }));
      }
      const field = document.querySelector("input[type=file][data-media]");
      field.files = transfer.files;
      field.dispatchEvent(new Event("change", { bubbles: true }));
    },
    [from, count],
  );
}

/** Makes the one picture that is stored into many, each with a row, a thumbnail and mostly a node of its own. */
function multiply(app) {
  return app.page.evaluate(
    async ([count, unused, workflows]) => {
      const settled = (target, success = "onsuccess") =>
        new Promise((done, failed) => {
          target[success] = () => done(target.result);
          target.onerror = () => failed(target.error);
        });
      const database = await settled(indexedDB.open("atelier"));
      const transaction = database.transaction(["workflows", "nodes", "assets", "blobs"], "readwrite");
      const [assets, nodes, all, blobs] = ["assets", "nodes", "workflows", "blobs"].map((name) => transaction.objectStore(name));
      const [[asset], [assetId], [node], [[workflowId, nodeId]], [workflow], [look]] = await Promise.all(
        [assets.getAll(), assets.getAllKeys(), nodes.getAll(), nodes.getAllKeys(), all.getAll(), blobs.getAll()].map((request) => settled(request)),
      );
      if (typeof look !== "string") throw new Error("the picture has no thumbnail");
      const id = (kind, number) => `01900000-000${kind}-7000-8000-${number.toString(16).padStart(12, "0")}`;
      const hash = JSON.parse(asset.row).hash;
      for (let number = 0; number < workflows; number++) {
        all.put(workflow.replaceAll(workflowId, id(1, number)), id(1, number));
      }
      for (let number = 0; number < count; number++) {
        const own = `sha256-${number.toString(16).padStart(64, "0")}`;
        const row = { ...JSON.parse(asset.row), id: id(2, number), hash: own, bytes: 100_000 + number * 7, name: `picture-${number}.jpg` };
        assets.put({ ...asset, hash: own, row: JSON.stringify(row) }, row.id);
        blobs.put(look, `look:${row.id}`);
        if (number < unused) continue;
        const text = node.text.replaceAll(assetId, row.id).replaceAll(nodeId, id(3, number)).replaceAll(hash, own);
        nodes.put({ ...node, text, assets: [row.id] }, [id(1, number % workflows), id(3, number)]);
      }
      await settled(transaction, "oncomplete");
      database.close();
    },
    [ASSETS, UNUSED, WORKFLOWS],
  );
}

/** The panel over all of them: from the press until its list is drawn, and what a step in the list costs. */
async function panel(start) {
  const app = await start({ width: 1776, height: 848 });
  await app.newWorkflow();
  await addPhotographs(app, 0, 1);
  await haveNodes(app, 1);
  await multiply(app);
  await app.newWorkflow();
  const opened = [];
  const scrolled = [];
  const devtools = await app.page.context().newCDPSession(app.page);
  await devtools.send("Performance.enable", { timeDomain: "threadTicks" });
  const busy = async () => (await devtools.send("Performance.getMetrics")).metrics.find(({ name }) => name === "TaskDuration").value;
  for (let opening = 0; opening < OPENINGS; opening++) {
    // As after a start, when nothing is known.
    await app.reload();
    await app.page.waitForTimeout(1_000);
    opened.push(
      await app.page.evaluate(async () => {
        const frame = () => new Promise((done) => requestAnimationFrame(done));
        const button = [...document.querySelectorAll("button")].find((button) => /^Storage/.test(button.ariaLabel ?? button.innerText));
        const begun = performance.now();
        button.click();
        while (!document.querySelector('[aria-label="All files"] [data-storage-asset]')) await frame();
        await frame();
        const shown = performance.now() - begun;
        while (!document.querySelector("[data-unused]")) await frame();
        return { shown, counted: performance.now() - begun };
      }),
    );
    const before = await busy();
    await app.page.evaluate(async (steps) => {
      const list = document.querySelector('[aria-label="All files"]');
      const frame = () => new Promise((done) => requestAnimationFrame(done));
      for (let step = 1; step <= steps; step++) {
        list.scrollTop = (list.scrollHeight * step) / steps;
        await frame();
        await frame();
      }
      const last = list.querySelector("[aria-posinset]:last-child");
      if (last?.ariaPosInSet !== last?.ariaSetSize) throw new Error("the list does not show its end");
    }, SCROLLS);
    scrolled.push((1000 * ((await busy()) - before)) / SCROLLS);
  }
  absolute({ name: `assets: opening the storage panel, ${ASSETS.toLocaleString("en")} files`, ours: median(opened.map(({ shown }) => shown)), bar: BARS.open });
  absolute({ name: "assets: and until it says which of them nothing uses", ours: median(opened.map(({ counted }) => counted)) });
  absolute({ name: "assets: showing other rows of its list", ours: median(scrolled), bar: BARS.scroll });
}

/**
 * What the page's process has in memory, in megabytes: what nobody else has, as the browser's own task manager counts it; and all
 * of it, with its share of what it has together with others. The difference is mostly pictures that the browser has decoded and may
 * drop at any time, which it does beyond 512 MB of them.
 */
async function memoryOf(pids) {
  const each = await Promise.all(
    pids.map(async (pid) => {
      const [rollup, status] = await Promise.all(["smaps_rollup", "status"].map((name) => readFile(`/proc/${pid}/${name}`, "utf8").catch(() => "")));
      const figure = (text, name) => Number(text.match(new RegExp(`^${name}:\\s+(\\d+)`, "m"))?.[1] ?? 0) / 1000;
      return { own: figure(status, "RssAnon"), all: figure(rollup, "Pss") };
    }),
  );
  // A browser has renderers in reserve; the page's is the largest.
  return each.reduce((most, one) => (one.all > most.all ? one : most));
}

/** 500 photographs, all of them looked at so closely that originals are shown. */
async function photographs(start) {
  const viewport = { width: 2400, height: 1350 };
  const first = await start(viewport);
  await first.newWorkflow();
  for (let number = 0; number < PHOTOGRAPHS; number += BATCH) {
    await addPhotographs(first, number, BATCH);
    await haveNodes(first, number + BATCH);
    // Each batch comes in around the middle of the view.
    await drag(first, 0, -900, 2);
  }
  // Not in the process that has drawn them.
  const app = await start(viewport);
  const browser = await app.page.context().browser().newBrowserCDPSession();
  const { processInfo } = await browser.send("SystemInfo.getProcessInfo");
  const pids = processInfo.filter(({ type }) => type === "renderer").map(({ id }) => id);
  const samples = [];
  const seen = new Set();
  await walk(app, async () => {
    samples.push(await memoryOf(pids));
    for (const id of await shownOriginals(app)) seen.add(id);
  });
  if (seen.size < PHOTOGRAPHS) throw new Error(`only ${seen.size} of ${PHOTOGRAPHS} originals were shown`);
  const [own, all] = ["own", "all"].map((which) => Math.max(...samples.map((sample) => sample[which])));
  absolute({ name: `assets: a tab's own memory, ${PHOTOGRAPHS} photographs`, unit: "MB", ours: own, bar: BARS.memory });
  absolute({ name: "assets: with the browser's cache of decoded pictures", unit: "MB", ours: all });
}

/** Moves the view by so many pixels, as often as said. */
async function drag(app, dx, dy, times = 1) {
  const { left, top, width, height } = await app.canvas.view();
  const from = { x: left + width / 2 - dx / 2, y: top + height / 2 - dy / 2 };
  for (let time = 0; time < times; time++) {
    await app.canvas.drag(from, { x: from.x + dx, y: from.y + dy }, { button: "middle", steps: 4 });
  }
}

/** Goes over all nodes, line by line, at a zoom where originals are shown; calls `look` wherever it rests. */
async function walk(app, look) {
  const places = (await storedRows(app.page, "nodes")).map(({ value }) => JSON.parse(value.text).fields.position);
  const [left, top] = ["x", "y"].map((axis) => Math.min(...places.map((place) => place[axis])));
  const [right, bottom] = ["x", "y"].map((axis) => Math.max(...places.map((place) => place[axis])) + 300);
  const { left: x, top: y } = await app.canvas.view();
  await app.page.mouse.move(x + 20, y + 20);
  while ((await app.canvas.view()).zoom < 1.7) await app.page.mouse.wheel(0, -120);
  /** Moves the view until a point of the world is at its corner. */
  const goTo = async (at) => {
    for (;;) {
      const view = await app.canvas.view();
      const [dx, dy] = [-view.x - at.x * view.zoom, -view.y - at.y * view.zoom].map((far) => Math.max(-900, Math.min(900, far)));
      if (Math.abs(dx) < 2 && Math.abs(dy) < 2) return;
      await drag(app, dx, dy);
    }
  };
  const { width, height, zoom } = await app.canvas.view();
  const [wide, high] = [width / zoom - 60, height / zoom - 60];
  let down = true;
  for (let column = left - 20; column < right; column += wide) {
    const lines = [];
    for (let line = top - 20; line < bottom; line += high) lines.push(line);
    for (const line of down ? lines : lines.reverse()) {
      await goTo({ x: column, y: line });
      await originalsShown(app);
      await look();
    }
    down = !down;
  }
}

/** Waits until each picture that can be seen is its original. */
const originalsShown = (app) =>
  app.page.waitForFunction(() => {
    const { left, top, right, bottom } = document.querySelector("[data-canvas]").getBoundingClientRect();
    return [...document.querySelectorAll("[data-node-id] .media")].every((media) => {
      const box = media.getBoundingClientRect();
      if (box.right < left || box.left > right || box.bottom < top || box.top > bottom) return true;
      const image = media.querySelector("img");
      return image?.src.startsWith("blob:") && image.dataset.loaded === "true" && image.complete;
    });
  });

/** Which assets have their original in the page. */
const shownOriginals = (app) =>
  app.page.locator('[data-node-id] img[src^="blob:"]').evaluateAll((images) => images.map((image) => image.dataset.assetId));

const parts = { panel, photographs };
for (const name of process.argv.length > 2 ? process.argv.slice(2) : Object.keys(parts)) await withProfile(parts[name]);
