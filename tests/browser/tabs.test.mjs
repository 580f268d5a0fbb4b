// Tabs on one database: what one stores shows in the others, and nobody loses anything (law 2).

import assert from "node:assert/strict";
import { after, test } from "node:test";
import { isDeepStrictEqual } from "node:util";
import { App, address, open, patience } from "./support/app.mjs";
import { Author, REGISTERS, lastMade, layOut, shownNodes, storedNodes } from "./support/author.mjs";
import { closeBrowser, crash, freshContext, launch, viewport } from "./support/browser.mjs";
import { assertNear } from "./support/canvas.mjs";
import { grid } from "./support/comfyui.mjs";
import { storedRows } from "./support/stored.mjs";

after(closeBrowser);

/** What the contract allows between an edit in one tab and its sight in another. */
const LIMIT = 1_000;
const EDITS = Number(process.env.ATELIER_EDITS ?? (process.env.ATELIER_FULL ? 2_000 : 80));

/** One more tab with the app in it. */
async function another(t, context) {
  const app = new App(await context.newPage());
  t.after(() => app.assertNoProblems());
  await app.visit();
  return app;
}

/** Two tabs with the same workflow of `count` nodes open. */
async function twoTabs(t, count = 6, prepare = () => {}, context = undefined) {
  context ??= await freshContext(t);
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

test("where a tab looks, what it has selected and which panel it shows are its own", async (t) => {
  const { here, there } = await twoTabs(t);
  const [id, other] = Object.keys(await here.canvas.nodes());
  const panel = (app, name) => app.page.getByRole("region", { name, exact: true });
  await there.canvas.header(other).click();
  await there.button("Sync").click();
  await panel(there, "Sync").waitFor();
  const looks = async (app) => ({ view: await app.canvas.view(), selected: await app.canvas.selected() });
  const before = await looks(there);

  await here.page.bringToFront();
  const mine = await looks(here);
  const middle = { x: mine.view.left + mine.view.width / 2, y: mine.view.top + mine.view.height / 2 };
  await here.page.mouse.move(middle.x, middle.y);
  await here.page.mouse.wheel(60, 90);
  await here.canvas.element.press("+");
  await here.canvas.header(id).click();
  await here.canvas.element.press("ArrowRight");
  await here.button("Storage").click();
  await panel(here, "Storage").waitFor();
  await here.saved();
  const moved = await looks(here);
  assert.ok(moved.view.x !== mine.view.x && moved.view.zoom > mine.view.zoom, "it looks elsewhere");
  assert.deepEqual(moved.selected, [id]);

  // The edit has come, and nothing else.
  await arrived(there, id, await here.canvas.position(id));
  assert.deepEqual(await looks(there), before);
  assert.deepEqual([await panel(there, "Sync").count(), await panel(there, "Storage").count(), await panel(here, "Sync").count()], [1, 0, 0]);
  // And the other way round.
  await there.page.bringToFront();
  await there.page.keyboard.press("Escape");
  await there.canvas.element.press("ArrowDown");
  await arrived(here, other, await there.canvas.position(other));
  assert.deepEqual(await looks(here), moved);
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

/** In a page: has its channels hear nothing while `deaf` is set, as a page that sleeps does. */
function canBeDeaf() {
  const { BroadcastChannel } = window;
  window.BroadcastChannel = class extends BroadcastChannel {
    constructor(name) {
      super(name);
      // Before anybody else.
      this.addEventListener("message", (event) => window.deaf && event.stopImmediatePropagation());
    }
  };
}

// What tells a page that it may have slept.
const WAKINGS = {
  "was frozen": () => document.dispatchEvent(new Event("resume")),
  "is shown again": () => window.dispatchEvent(new PageTransitionEvent("pageshow", { persisted: true })),
  "has its network back": () => window.dispatchEvent(new Event("online")),
  "is looked at again": () => document.dispatchEvent(new Event("visibilitychange")),
};

test("a tab that heard nothing for a while catches up when it wakes", async (t) => {
  const { here, there } = await twoTabs(t, 6, (context) => context.addInitScript(canBeDeaf));
  const [id] = Object.keys(await here.canvas.nodes());
  for (const [how, wakes] of Object.entries(WAKINGS)) {
    await there.page.evaluate(() => (window.deaf = true));
    const before = await there.canvas.position(id);
    await here.page.bringToFront();
    await here.canvas.dragNode(id, 30, 20);
    await here.saved();
    const place = await here.canvas.position(id);
    assertNear(await there.canvas.position(id), before, "it has heard nothing", 0.01);
    await there.page.evaluate(() => (window.deaf = false));
    await there.page.evaluate(wakes);
    await arrived(there, id, place).catch((error) => assert.fail(`a tab that ${how}: ${error.message}`));
  }
});

test("a tab that is gone back to shows what was stored meanwhile", async (t) => {
  // Unless told otherwise, Playwright keeps Chromium from having a back/forward cache.
  const browser = await launch({ ignoreDefaultArgs: ["--disable-back-forward-cache"] });
  t.after(() => browser.close());
  // A message takes a page out of that cache, and it is loaded anew. A page that hears through localStorage may come out as it was.
  for (const without of [false, true]) {
    const context = await browser.newContext({ viewport, serviceWorkers: "block" });
    const { here, there } = await twoTabs(t, 6, () => without && context.addInitScript(() => delete globalThis.BroadcastChannel), context);
    const [id] = Object.keys(await here.canvas.nodes());
    await there.page.evaluate(() => (window.isStillThis = true));
    await there.page.goto(new URL("icon.svg", address).href);
    await here.page.bringToFront();
    await here.canvas.dragNode(id, 60, 30);
    await here.saved();
    // What comes out of the cache isn't loaded, so there is no load to wait for.
    await there.page.goBack({ waitUntil: "commit" });
    await there.ready();
    await arrived(there, id, await here.canvas.position(id));
    const isStillThat = await there.page.evaluate(() => window.isStillThis === true);
    t.diagnostic(`${without ? "storage event" : "BroadcastChannel"}: ${isStillThat ? "as it was" : "loaded anew"}`);
    // And it is awake: what it does is stored and seen.
    await there.page.bringToFront();
    await there.canvas.dragNode(id, -40, 20);
    await arrived(here, id, await there.canvas.position(id));
    // A picture has no icon of its own, so the browser asks for one.
    there.problems = there.problems.filter((problem) => !/404/.test(problem));
  }
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

/** Waits until all tabs show the same nodes. Returns these. */
async function alike(tabs) {
  for (const end = Date.now() + patience; ; ) {
    const [first, ...others] = await Promise.all(tabs.map(shownNodes));
    if (others.every((nodes) => isDeepStrictEqual(nodes, first))) return first;
    if (Date.now() > end) for (const nodes of others) assert.deepEqual(nodes, first, "the tabs end alike");
  }
}

// In each case every author writes the same nodes, and alone its registers of them: what was said to be saved last is what there has
// to be in the end.
for (const [tabs, shares] of [["two", 2], ["four", 1]]) {
  const title = `${tabs} tabs with ${EDITS} edits each, one reloaded and one killed in the middle of them, keep what each was told is saved`;
  test(title, { timeout: 120_000 + EDITS * 2_000 }, async (t) => {
    const context = await freshContext(t);
    const first = await open(t, context);
    await layOut(first);
    const authors = [];
    for (let at = 0; at < REGISTERS.length; at += shares) {
      const author = new Author("ABCD"[authors.length], REGISTERS.slice(at, at + shares));
      authors.push(await author.at(authors.length ? await another(t, context) : first));
    }
    const [reloaded, killed] = authors.slice(-2);
    const half = Math.ceil(EDITS / 2);
    const work = authors.slice(0, -2).map((author, at) => author.write(EDITS, 11 + at));
    await Promise.all([
      reloaded.interrupt(half, 37, async () => {
        await reloaded.app.reload();
        // Also what wasn't said to be saved yet: the page was left, and not killed.
        reloaded.interrupted(await shownNodes(reloaded.app), await lastMade(reloaded.app));
      }),
      killed.interrupt(half, 41, async () => {
        await crash(killed.app.page);
        await killed.app.page.close();
        await killed.at(await another(t, context));
        killed.interrupted(await shownNodes(killed.app));
      }),
    ]);
    await Promise.all([...work, reloaded.write(half, 43), killed.write(half, 47)]);

    const apps = authors.map(({ app }) => app);
    const shown = await alike(apps);
    for (const author of authors) author.assertKept(shown, "in the end");
    assert.deepEqual(await storedNodes(first.page), shown, "and so it is stored");
    await first.reload();
    assert.deepEqual(await shownNodes(first), shown, "and shown after a reload");
  });
}
