// Processes that die at any moment, while somebody drags, imports or adds media: what was said to be saved is there, nothing is
// half there, and the app opens without complaint (laws 4, 6 and 8).

import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { after, test } from "node:test";
import { setTimeout as pause } from "node:timers/promises";
import { App } from "./support/app.mjs";
import { browserProcess, closeBrowser, crash, persistentContext, profileFolder } from "./support/browser.mjs";
import { grid } from "./support/comfyui.mjs";
import { file, png } from "./support/files.mjs";
import { addMedia, haveNodes } from "./support/media.mjs";
import { mediaOnDisk, storedRows } from "./support/stored.mjs";

after(closeBrowser);

/** Six is each activity with each way to die. */
const ROUNDS = Number(process.env.ATELIER_KILLS ?? 6);
/** So many rounds share a profile: what they add is read again after each. */
const ROUNDS_PER_PROFILE = 24;
/** How many nodes are dragged together, how many a package has, and how many of those are pictures. */
const [DRAGGED, PACKAGED, PICTURES] = [12, 60, 4];
/** When start-up has swept, counted from the moment that the app is there. */
const SWEPT = 45_000;

const WAYS = {
  /** The tab's process, as when it runs out of memory. The worker goes with it. */
  async renderer({ app }) {
    await crash(app.page);
    await app.page.close();
  },
  /** The whole browser. */
  async browser({ context, process: id }) {
    const closed = new Promise((done) => context.on("close", done));
    process.kill(id, "SIGKILL");
    await closed;
  },
};

/** A browser with Atelier in it, over a profile that may have been used. */
class Workshop {
  constructor(folder) {
    this.folder = folder;
  }

  async open() {
    if (!this.context) {
      this.context = await persistentContext(this.folder);
      this.process = await browserProcess(this.context);
      this.context.on("close", () => (this.context = undefined));
    }
    this.app = new App(await this.context.newPage());
    await this.app.visit();
    return this.app;
  }

  /** What everything starts from: twelve nodes to drag, a workflow for media, and a package of both sorts of nodes. */
  async furnish() {
    const app = await this.open();
    await app.importJson("packed.json", grid(PACKAGED - PICTURES), PACKAGED - PICTURES);
    const colours = Array.from({ length: PICTURES }, (_, at) => file(`packed-${at}.png`, png([at, 9, 9], 640, 480), "image/png"));
    await addMedia(app, colours);
    await haveNodes(app, PACKAGED);
    this.package = { name: "packed.genaiw.zip", mimeType: "application/zip", buffer: await exported(app) };
    [this.first] = await app.workflowIds();
    await app.importJson("dragged.json", grid(DRAGGED), DRAGGED);
    await app.saved();
    this.dragged = (await app.workflowIds()).find((id) => id !== this.first);
    this.media = await app.newWorkflow();
    await app.saved();
    assert.deepEqual(app.problems, []);
  }
}

async function exported(app) {
  await app.page.getByRole("button", { name: "Export", exact: true }).click();
  const dialog = app.page.getByRole("dialog", { name: "Export" });
  await dialog.locator(`[data-export-assets="${PICTURES}"]`).waitFor();
  const [download] = await Promise.all([
    app.page.waitForEvent("download"),
    dialog.getByRole("button", { name: "Save package" }).click(),
  ]);
  const bytes = await readFile(await download.path());
  await dialog.waitFor({ state: "detached" });
  return bytes;
}

/**
 * What is done until the process dies. Each is given a workshop, and `acknowledged`, which it tells what was said to be saved; it ends by
 * throwing, because the page goes away. Each says how long it takes to get going, so that the death falls into it.
 */
const ACTIVITIES = {
  drag: {
    span: 900,
    async prepare({ app, dragged }) {
      await app.page.locator(`[data-workflow-id="${dragged}"]`).click();
      await app.page.waitForSelector(`[data-canvas][data-node-count="${DRAGGED}"]`);
      await app.canvas.element.press("1");
      await app.canvas.frames();
      await app.canvas.element.press("Control+a");
      await app.canvas.frames();
      assert.equal((await app.canvas.selected()).length, DRAGGED);
    },
    async run({ app }, acknowledged) {
      const { zoom } = await app.canvas.view();
      await app.page.exposeFunction("acknowledged", (moved) => acknowledged({ moved }));
      await app.page.evaluate(dragOn, { zoom });
    },
  },
  put: {
    span: 700,
    async prepare({ app, media }) {
      await app.page.locator(`[data-workflow-id="${media}"]`).click();
      await app.page.waitForSelector("[data-canvas]");
    },
    async run({ app, round }, acknowledged) {
      for (let turn = 0; ; turn++) {
        const names = [0, 1, 2].map((at) => `put-${round}-${turn}-${at}.png`);
        await addMedia(app, names.map((name) => file(name, noise(400_000), "image/png")));
        await app.canvas.frames();
        await app.saved();
        acknowledged({ names });
      }
    },
  },
  import: {
    span: 900,
    async prepare() {},
    async run(workshop, acknowledged) {
      const { app } = workshop;
      for (;;) {
        const before = await app.workflowIds();
        await app.chooseFiles(workshop.package);
        await app.importReports(1);
        await app.importDialog.getByRole("button", { name: "Import", exact: true }).click();
        await app.workflows.nth(before.length).waitFor({ timeout: 60_000 });
        await app.canvas.frames();
        await app.saved();
        acknowledged({ imported: (await app.workflowIds()).find((id) => !before.includes(id)) });
      }
    },
  },
};

/** What looks like a picture by its first bytes, and repeats nowhere. */
function noise(bytes) {
  const picture = png([1, 2, 3], 320, 240);
  const more = Buffer.alloc(bytes);
  crypto.getRandomValues(new Uint8Array(more.buffer, more.byteOffset, 65_536));
  for (let at = 65_536; at < bytes; at += 65_536) crypto.getRandomValues(more.subarray(at, Math.min(bytes, at + 65_536)));
  return Buffer.concat([picture, more]);
}

/** In the page: drags all that is selected, again and again, each time to another place, and says where it is saved. */
async function dragOn({ zoom }) {
  const send = (target, type, x, y, buttons) =>
    target.dispatchEvent(
      new PointerEvent(type, {
        ...{ pointerId: 1, pointerType: "mouse", isPrimary: true, bubbles: true, cancelable: true, composed: true },
        ...{ clientX: x, clientY: y, button: type === "pointermove" ? -1 : 0, buttons },
      }),
    );
  const frame = () => new Promise((done) => requestAnimationFrame(done));
  let [left, top] = [0, 0];
  for (let turn = 1; ; turn++) {
    // A place that no other turn has: to the right and back, lower each time.
    const [x, y] = [(turn % 2) * 40 + (turn % 7), turn % 60];
    const header = document.querySelector('[data-node-id][aria-selected="true"] [data-part="header"]');
    const box = header.getBoundingClientRect();
    const from = { x: box.left + box.width / 3, y: box.top + box.height / 2 };
    send(header, "pointerdown", from.x, from.y, 1);
    const target = document.elementFromPoint(from.x, from.y) ?? document.body;
    for (let step = 1; step <= 6; step++) {
      send(target, "pointermove", from.x + ((x - left) * step) / 6, from.y + ((y - top) * step) / 6, 1);
      await new Promise((done) => setTimeout(done, step % 3 ? 0 : 12));
    }
    send(target, "pointerup", from.x + x - left, from.y + y - top, 0);
    [left, top] = [x, y];
    // The edit is shown, and so is that it isn't saved, before anybody asks whether it is.
    await frame();
    await frame();
    while (document.querySelector("[data-save-state]").dataset.saveState !== "saved") await new Promise((done) => setTimeout(done, 1));
    const node = document.querySelector('[data-node-id][aria-selected="true"]');
    // Waited for, so that at most one more turn is under way than was heard of.
    await window.acknowledged({ turn, id: node.dataset.nodeId, x: Number(node.dataset.x), y: Number(node.dataset.y) });
  }
}

/** Everything that is stored, as far as it is checked. */
async function everything(page) {
  const { workflows, nodes, edges, assets } = await storedRows(page);
  const node = ({ key: [workflow, id], value }) => {
    const row = JSON.parse(value.text ?? value);
    return { workflow, id, row, assets: value.assets ?? [] };
  };
  return {
    workflows: workflows.map(({ key }) => key),
    nodes: nodes.map(node),
    edges: edges.map(({ key: [workflow] }) => workflow),
    assets: assets.map(({ value }) => JSON.parse(value.row)),
  };
}

const count = (all, workflow) => all.filter((one) => (one.workflow ?? one) === workflow).length;

/** No batch is half there, and no row is without its bytes. Gives what is stored. */
async function check(workshop) {
  const { app, dragged, media, first } = workshop;
  const stored = await everything(app.page);
  for (const id of [dragged, media, first]) assert.ok(stored.workflows.includes(id), `the workflow ${id} is there`);
  // A workflow that was imported is whole.
  for (const id of stored.workflows.filter((id) => ![dragged, media].includes(id))) {
    assert.equal(count(stored.nodes, id), PACKAGED, `nodes of the workflow ${id}`);
    assert.equal(count(stored.edges, id), PACKAGED - PICTURES - 1, `edges of the workflow ${id}`);
  }
  const orphans = stored.nodes.filter(({ workflow }) => !stored.workflows.includes(workflow));
  assert.deepEqual(orphans, [], "nodes of a workflow that isn't there");
  // What refers to media finds them, and their bytes are what the row says.
  const rows = new Map(stored.assets.map((row) => [row.id, row]));
  for (const { id, assets } of stored.nodes) for (const asset of assets) assert.ok(rows.has(asset), `the node ${id} has its asset`);
  for (const row of stored.assets) assert.equal(row.kind, "opfs", "this browser has private files");
  const files = await mediaOnDisk(app.page, stored.assets.map(({ path }) => path));
  for (const row of stored.assets) {
    assert.deepEqual(files[row.path], { bytes: row.bytes, hash: row.hash }, `the bytes of ${row.name} at ${row.path}`);
  }
  // All that were dragged together are where they are together: the grid is as it was, somewhere.
  const places = await positions(app, dragged);
  const [{ x, y }] = places;
  for (const at of places) {
    assert.ok(Math.abs(at.x - x - at.column * 260) < 0.5 && Math.abs(at.y - y - at.row * 160) < 0.5, `half a drag: ${JSON.stringify(places)}`);
  }
  return { stored, places };
}

/** Where the dragged nodes are shown, in the order in which they were made. */
async function positions(app, workflow) {
  await app.page.locator(`[data-workflow-id="${workflow}"]`).click();
  await app.page.waitForSelector(`[data-canvas][data-node-count="${DRAGGED}"]`);
  await app.canvas.element.press("1");
  await app.canvas.node((await everything(app.page)).nodes.find((node) => node.workflow === workflow).id).waitFor();
  await app.page.waitForFunction((count) => document.querySelectorAll("[data-node-id]").length === count, DRAGGED);
  const nodes = Object.entries(await app.canvas.nodes()).map(([id, { x, y }]) => ({ id, x, y }));
  nodes.sort((a, b) => (a.id < b.id ? -1 : 1));
  const columns = Math.ceil(Math.sqrt(DRAGGED));
  return nodes.map((node, index) => ({ ...node, column: index % columns, row: Math.floor(index / columns) }));
}

/** What was said to be saved in a round is there after it. */
function kept(acknowledged, { stored, places }) {
  const names = stored.assets.map(({ name }) => name);
  const used = new Set(stored.nodes.flatMap(({ assets }) => assets));
  for (const { moved, names: put, imported } of acknowledged) {
    for (const name of put ?? []) {
      assert.ok(names.includes(name), `the file ${name} was said to be saved`);
      assert.ok(used.has(stored.assets.find((row) => row.name === name).id), `a node shows ${name}`);
    }
    if (imported) assert.ok(stored.workflows.includes(imported), "the import was said to be saved");
    assert.ok(moved || put || imported);
  }
  const last = acknowledged.findLast(({ moved }) => moved)?.moved;
  if (!last) return;
  // The newest that was said to be saved, or the one after it, which was under way.
  const at = places.find(({ id }) => id === last.id);
  const [here, next] = [last.turn, last.turn + 1].map((turn) => ({ x: (turn % 2) * 40 + (turn % 7), y: turn % 60 }));
  const moved = { x: (at.x - last.x) * last.zoom, y: (at.y - last.y) * last.zoom };
  const near = (to) => Math.abs(moved.x - to.x) < 1.5 && Math.abs(moved.y - to.y) < 1.5;
  assert.ok(near({ x: 0, y: 0 }) || near({ x: next.x - here.x, y: next.y - here.y }), `the drag that was said to be saved: ${JSON.stringify({ last, at, moved })}`);
}

test(`a renderer or a browser that dies at any moment takes nothing that was saved with it, ${ROUNDS} times`, { timeout: 90_000 + ROUNDS * 30_000 }, async (t) => {
  const names = Object.keys(ACTIVITIES);
  const counts = { saved: 0 };
  let workshop;
  for (let round = 0; round < ROUNDS; round++) {
    if (round % ROUNDS_PER_PROFILE === 0) {
      await workshop?.context?.close();
      workshop = new Workshop(await profileFolder(t));
      await workshop.furnish();
    }
    const name = names[round % names.length];
    const way = Object.keys(WAYS)[Math.floor(round / names.length) % 2];
    const { prepare, run, span } = ACTIVITIES[name];
    const acknowledged = [];
    workshop.round = round;
    await prepare(workshop);
    const { zoom } = await workshop.app.canvas.view();
    assert.deepEqual(workshop.app.problems, [], `before round ${round}`);
    let gone = false;
    const running = run(workshop, (what) => acknowledged.push(what)).then(
      () => assert.fail(`${name} has ended by itself`),
      // Any other failure than that of a page that has gone is one.
      (error) => (gone ? undefined : Promise.reject(error)),
    );
    const moment = Math.random() * span;
    await Promise.race([pause(moment), running]);
    gone = true;
    await WAYS[way](workshop);
    await running;
    for (const { moved } of acknowledged) if (moved) moved.zoom = zoom;
    try {
      await workshop.open();
      const found = await check(workshop);
      kept(acknowledged, found);
      assert.deepEqual(workshop.app.problems, [], "it opens without complaint");
      assert.equal(await workshop.app.page.getByRole("alert").count(), 0, "and says nothing");
    } catch (error) {
      throw new Error(`round ${round}, ${way} killed ${moment.toFixed(0)} ms into ${name}: ${error.message}`, { cause: error });
    }
    counts[`${name}/${way}`] = (counts[`${name}/${way}`] ?? 0) + 1;
    counts.saved += acknowledged.length;
    const isLast = round === ROUNDS - 1 || (round + 1) % ROUNDS_PER_PROFILE === 0;
    if (isLast && ROUNDS > names.length * 2) await sweeps(workshop);
  }
  await workshop.context.close();
  t.diagnostic(JSON.stringify(counts));
});

/** What interrupted work has left goes by itself: then there are the files that rows refer to, and no others. */
async function sweeps({ app }) {
  await pause(SWEPT);
  const paths = (await everything(app.page)).assets.map(({ path }) => path);
  const files = await mediaOnDisk(app.page);
  assert.deepEqual(Object.keys(files).sort(), paths.sort(), "files that no row refers to");
}
