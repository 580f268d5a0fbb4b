// Tabs on one database: what one stores shows in the others, and nobody loses anything (law 2).

import assert from "node:assert/strict";
import { after, test } from "node:test";
import { App, open, patience } from "./support/app.mjs";
import { closeBrowser, freshContext } from "./support/browser.mjs";
import { assertNear } from "./support/canvas.mjs";
import { grid } from "./support/comfyui.mjs";
import { storedRows } from "./support/stored.mjs";

after(closeBrowser);

/** What the contract allows between an edit in one tab and its sight in another. */
const LIMIT = 1_000;
const EDITS = Number(process.env.ATELIER_EDITS ?? (process.env.ATELIER_FULL ? 2_000 : 150));

/** One more tab with the app in it. */
async function another(t, context) {
  const app = new App(await context.newPage());
  t.after(() => app.assertNoProblems());
  await app.visit();
  return app;
}

/** Two tabs with the same workflow of `count` nodes open. */
async function twoTabs(t, count = 6, prepare = () => {}) {
  const context = await freshContext(t);
  await prepare(context);
  const here = await open(t, context);
  await here.importJson("grid.json", grid(count), count);
  await here.saved();
  return { context, here, there: await another(t, context) };
}

/** Waits until a node is where another tab has put it. */
async function arrived(app, id, { x, y }) {
  const place = { id, x: Math.round(x), y: Math.round(y) };
  await app.page.waitForFunction(
    ({ id, x, y }) => {
      const at = document.querySelector(`[data-node-id="${id}"]`)?.dataset;
      return at && Math.abs(at.x - x) < 2 && Math.abs(at.y - y) < 2;
    },
    place,
    { timeout: patience, polling: 10 },
  );
}

async function movesArrive(here, there) {
  const [id] = Object.keys(await here.canvas.nodes());
  const times = [];
  for (let round = 0; round < 10; round++) {
    const before = await here.canvas.position(id);
    await here.page.bringToFront();
    await here.canvas.dragNode(id, round % 2 ? -60 : 60, 30);
    const start = performance.now();
    const after = await here.canvas.position(id);
    assert.ok(Math.abs(after.x - before.x) > 10, "it was moved");
    await arrived(there, id, after);
    times.push(performance.now() - start);
  }
  return times.sort((a, b) => a - b)[times.length / 2];
}

test("an edit shows in the other tab, and a tab without BroadcastChannel hears it through localStorage", async (t) => {
  for (const without of [false, true]) {
    const { here, there } = await twoTabs(t, 6, (context) => without && context.addInitScript(() => delete globalThis.BroadcastChannel));
    const median = await movesArrive(here, there);
    t.diagnostic(`${without ? "storage event" : "BroadcastChannel"}: median ${median.toFixed(0)} ms from letting go to being seen elsewhere (limit ${LIMIT})`);
  }
});

test("what is made, renamed and deleted in one tab is so in the other's library; a deleted workflow closes", async (t) => {
  const { here, there } = await twoTabs(t);
  const made = await here.newWorkflow();
  await there.page.locator(`[data-workflow-id="${made}"]`).waitFor();
  await there.page.locator(`[data-workflow-id="${made}"]`).click();
  await there.page.waitForSelector('[data-canvas][data-node-count="0"]');
  await here.fromMenu(made, /^Delete/);
  await there.page.locator(`[data-workflow-id="${made}"]`).waitFor({ state: "detached" });
  await there.page.locator("[data-canvas]").waitFor({ state: "detached" });
});

test("a workflow that is open in another tab has a quiet mark, also after that tab was killed", async (t) => {
  const { here, there } = await twoTabs(t);
  const [workflow] = await here.workflowIds();
  const mark = (app) => app.page.locator(`[data-workflow-id="${workflow}"][data-elsewhere="true"]`);
  await mark(here).waitFor();
  await mark(there).waitFor();
  await there.page.close();
  await mark(here).waitFor({ state: "detached" });
});

test("a tab that was frozen catches up when it wakes", async (t) => {
  const { context, here, there } = await twoTabs(t);
  const [id] = Object.keys(await here.canvas.nodes());
  const session = await context.newCDPSession(there.page);
  await session.send("Page.setWebLifecycleState", { state: "frozen" });
  await here.page.bringToFront();
  await here.canvas.dragNode(id, 80, 40);
  await here.saved();
  const place = await here.canvas.position(id);
  await session.send("Page.setWebLifecycleState", { state: "active" });
  await arrived(there, id, place);
});

test("a newer build that says something stops this one, with an explanation and without a loss", async (t) => {
  const { here, there } = await twoTabs(t);
  const [id] = Object.keys(await here.canvas.nodes());
  const place = await here.canvas.position(id);
  await there.page.evaluate(() => new BroadcastChannel("atelier:workflows").postMessage(JSON.stringify({ schema: 999 })));
  const strip = here.page.getByRole("alert").filter({ hasText: "newer Atelier" });
  await strip.waitFor();
  const before = await storedRows(here.page, "nodes");
  await here.page.bringToFront();
  await here.canvas.dragNode(id, 80, 40);
  assertNear(await here.canvas.position(id), place, "nothing is changed any more");
  assert.deepEqual(await storedRows(here.page, "nodes"), before);
  await strip.getByRole("button", { name: "Reload" }).click();
  await here.page.waitForLoadState();
  await here.ready();
  assertNear(await here.canvas.position(id), place, "it is all there");
});

/** In the page: so many random steps of random nodes, as fast as a hand can't. Returns how many steps were taken. */
async function moveAtRandom({ edits, seed }) {
  let state = seed;
  // Of such a series the low bits repeat soon.
  const roll = (sides) => ((state = (state * 1_103_515_245 + 12_345) % 2_147_483_648) >>> 12) % sides;
  const canvas = document.querySelector("[data-canvas]");
  const send = (target, type, x, y, buttons) =>
    target.dispatchEvent(
      new PointerEvent(type, {
        ...{ pointerId: 1, pointerType: "mouse", isPrimary: true, bubbles: true, cancelable: true, composed: true },
        ...{ clientX: x, clientY: y, button: 0, buttons },
      }),
    );
  for (let done = 0; done < edits; done++) {
    const headers = document.querySelectorAll('[data-node-id] [data-part="header"]');
    const header = headers[roll(headers.length)];
    const { left, top, width, height } = header.getBoundingClientRect();
    send(header, "pointerdown", left + width / 3, top + height / 2, 1);
    send(header, "pointerup", left + width / 3, top + height / 2, 0);
    const key = ["ArrowLeft", "ArrowRight", "ArrowUp", "ArrowDown"][roll(4)];
    canvas.dispatchEvent(new KeyboardEvent("keydown", { key, code: key, bubbles: true, cancelable: true }));
    if (done % 5 === 0) await new Promise((next) => setTimeout(next));
  }
  return edits;
}

/** Where all nodes are, by id. */
async function places(app) {
  await app.page.bringToFront();
  await app.canvas.element.press("1");
  await app.canvas.frames();
  return Object.fromEntries(Object.entries(await app.canvas.nodes()).map(([id, { x, y }]) => [id, `${x},${y}`]));
}

test(`four tabs with ${EDITS} edits each, one reloaded and one killed meanwhile, end alike`, async (t) => {
  const { context, here, there } = await twoTabs(t, 8);
  const tabs = [here, there, await another(t, context), await another(t, context)];
  const before = await places(here);
  const edits = (app, seed, count = EDITS) => app.page.evaluate(moveAtRandom, { edits: count, seed });
  const work = [edits(tabs[0], 11), edits(tabs[1], 23)];
  // Each of these two is at work, then one is loaded anew and the other one killed.
  await Promise.all([edits(tabs[2], 37, Math.ceil(EDITS / 2)), edits(tabs[3], 41, Math.ceil(EDITS / 2))]);
  await Promise.all([tabs[2].page.reload(), tabs[3].page.close({ runBeforeUnload: false })]);
  await tabs[2].ready();
  work.push(edits(tabs[2], 43, Math.floor(EDITS / 2)));
  const done = await Promise.all(work);
  assert.deepEqual(done, [EDITS, EDITS, Math.floor(EDITS / 2)]);
  const left = tabs.slice(0, 3);
  for (const app of left) await app.saved();
  await left[0].page.waitForTimeout(500);
  const [one, two, three] = [await places(left[0]), await places(left[1]), await places(left[2])];
  assert.equal(Object.keys(one).length, 8);
  assert.notDeepEqual(one, before, "something was moved");
  assert.deepEqual(two, one);
  assert.deepEqual(three, one);
  await left[0].reload();
  assert.deepEqual(await places(left[0]), one, "and so it is stored");
});
