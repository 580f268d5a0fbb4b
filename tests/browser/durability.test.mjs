// Closing at once loses nothing (law 5), and what is called saved is on the disk (law 6).

import assert from "node:assert/strict";
import { after, test } from "node:test";
import { App, address, open } from "./support/app.mjs";
import { closeBrowser, kill, persistentContext, profileFolder } from "./support/browser.mjs";
import { assertNear } from "./support/canvas.mjs";
import { grid } from "./support/comfyui.mjs";
import { PROMPT } from "./support/kinds.mjs";

after(closeBrowser);

const ROUNDS = Number(process.env.ATELIER_ROUNDS ?? 50);
/** Each leaves 10,000 more rows behind, so there are fewer unless everything is to be tried. */
const LONG_ROUNDS = process.env.ATELIER_FULL ? ROUNDS : Math.min(ROUNDS, 3);
/** And of those in between. */
const MANY_ROUNDS = process.env.ATELIER_FULL ? ROUNDS : Math.min(ROUNDS, 10);

/** And of tabs that are closed. */
const CLOSE_ROUNDS = process.env.ATELIER_FULL ? ROUNDS : Math.min(ROUNDS, 6);
/** How far an arrow moves a node. */
const NUDGE = 6;

/** A profile on the disk, with one workflow of one node in it. */
async function workshop(t) {
  const context = await persistentContext(await profileFolder(t));
  t.after(() => context.close());
  const app = await open(t, context);
  await app.newWorkflow();
  const { left, top, width, height } = await app.canvas.view();
  const node = await app.canvas.add(PROMPT.query, { x: left + width / 2, y: top + height / 2 });
  await app.saved();
  return { app, canvas: app.canvas, page: app.page, node, context };
}

/**
 * Drags a node, and leaves the page in the very task in which it is let go: the last move, the release and the reload run without a
 * pause for promises in between. Returns where the node was put, and what the save state was at that moment.
 */
async function dragAndLeave(app, node, offset) {
  const { canvas, page } = app;
  const [{ zoom }, before, from] = [await canvas.view(), await canvas.position(node), await canvas.grip(node)];
  await page.mouse.move(from.x, from.y);
  await page.mouse.down();
  await page.mouse.move(from.x + offset.x / 2, from.y + offset.y / 2);
  await leaving(app, () => page.evaluate(release, { x: from.x + offset.x, y: from.y + offset.y }));
  await page.mouse.up();
  const state = await page.evaluate(() => sessionStorage.getItem("left"));
  return { x: before.x + offset.x / zoom, y: before.y + offset.y / zoom, state };
}

/** Does what reloads the page, and waits until the app is there again. */
async function leaving(app, reload) {
  const loaded = app.page.waitForEvent("load", { timeout: 60_000 });
  // The page may be gone before it has answered.
  await reload().catch(() => {});
  await loaded;
  await app.ready();
}

/** In the page: moves the pressed pointer a last time, releases it and reloads. */
function release({ x, y }) {
  const send = (type, button, buttons) => {
    const place = { clientX: x, clientY: y, screenX: x, screenY: y };
    const pointer = { pointerId: 1, pointerType: "mouse", isPrimary: true, bubbles: true, cancelable: true, composed: true };
    const target = document.elementFromPoint(x, y) ?? document.body;
    target.dispatchEvent(new PointerEvent(type, { ...pointer, ...place, button, buttons }));
  };
  send("pointermove", -1, 1);
  send("pointerup", 0, 0);
  sessionStorage.setItem("left", document.querySelector("[data-save-state]").dataset.saveState);
  location.reload();
}

/** There and back again, each time by another amount. */
const offset = (round) => (round % 2 ? -1 : 1) * (40 + Math.floor(round / 2));

test(`a drag that ends as the page is left is kept, ${ROUNDS} times`, { timeout: 300_000 }, async (t) => {
  const { app, canvas, node } = await workshop(t);
  const lost = [];
  for (let round = 0; round < ROUNDS; round++) {
    const expected = await dragAndLeave(app, node, { x: offset(round), y: offset(round) / 2 });
    await canvas.node(node).waitFor();
    if (!near(await canvas.position(node), expected)) lost.push(round);
  }
  assert.deepEqual(lost, [], `rounds that lost the drag, of ${ROUNDS}`);
});

test(`it is kept behind a transaction of another 10,000 rows, ${MANY_ROUNDS} times`, { timeout: 600_000 }, async (t) => {
  const { app, canvas, page, node } = await workshop(t);
  const lost = [];
  for (let round = 0; round < MANY_ROUNDS; round++) {
    await page.evaluate(occupyDatabase);
    const expected = await dragAndLeave(app, node, { x: offset(round), y: offset(round) / 2 });
    await canvas.node(node).waitFor();
    if (!near(await canvas.position(node), expected)) lost.push(round);
  }
  assert.deepEqual(lost, [], `rounds that lost the drag, of ${MANY_ROUNDS}`);
});

/** Starts to write 10,000 rows in the page itself, into every table, as an import would. Goes when the page goes. */
async function occupyDatabase() {
  const database = await new Promise((done, failed) => {
    const request = indexedDB.open("atelier");
    request.onsuccess = () => done(request.result);
    request.onerror = () => failed(request.error);
  });
  const transaction = database.transaction([...database.objectStoreNames], "readwrite");
  const store = transaction.objectStore("nodes");
  const text = "x".repeat(490);
  for (let i = 0; i < 10_000; i++) store.put(text, ["00000000-0000-7000-8000-000000000000", `busy-${i}`]);
  transaction.onabort = () => database.close();
  transaction.oncomplete = () => database.close();
  // Aborted in the end if the page stays, so that nothing of it is left.
  store.get("never").onsuccess = () => transaction.abort();
}

/** Not to the pixel: where a drag starts within a pixel is the browser's affair. */
function near(actual, expected) {
  return Math.abs(actual.x - expected.x) <= 1.5 && Math.abs(actual.y - expected.y) <= 1.5;
}

// What is stored long: it is begun in the page by `press`ing a button that `prepare` has brought up.
const LONG = {
  "a copy": {
    prepare: async (app, large) => {
      const item = app.page.locator(`[data-workflow-id="${large}"]`);
      await item.hover();
      await item.locator('[aria-haspopup="menu"]').click();
      return app.page.getByRole("menuitem", { name: "Duplicate" });
    },
  },
  "an import": {
    prepare: async (app) => {
      await app.chooseFiles({ name: "large.json", mimeType: "application/json", buffer: Buffer.from(grid(10_000)) });
      await app.importReports(1);
      return app.importDialog.getByRole("button", { name: "Import", exact: true });
    },
  },
};

for (const [what, { prepare }] of Object.entries(LONG)) {
  test(`a drag is kept while ${what} of 10,000 nodes is being stored, ${LONG_ROUNDS} times`, { timeout: 600_000 }, async (t) => {
    const { app, canvas, page, node } = await workshop(t);
    const [small] = await app.workflowIds();
    const reopen = async () => {
      await page.locator(`[data-workflow-id="${small}"]`).click();
      await canvas.node(node).waitFor();
    };
    await app.importJson("large.json", grid(10_000), 10_000);
    await page.waitForSelector('[role="status"][data-save-state="saved"]', { state: "attached", timeout: 60_000 });
    const large = (await app.workflowIds()).find((id) => id !== small);
    const lost = [];
    let busy = 0;
    for (let round = 0; round < LONG_ROUNDS; round++) {
      await reopen();
      await app.saved();
      const [{ zoom }, before, by] = [await canvas.view(), await canvas.position(node), { x: offset(round), y: offset(round) / 2 }];
      const button = await (await prepare(app, large)).elementHandle();
      await page.evaluate((button) => (window.button = button), button);
      // As text, since the one function calls the other.
      const script = `(${dragWhileStoring})(${JSON.stringify({ node, by })}, ${release})`;
      await leaving(app, () => page.evaluate(script));
      if ((await page.evaluate(() => sessionStorage.getItem("left"))) === "saving") busy++;
      await reopen();
      if (!near(await canvas.position(node), { x: before.x + by.x / zoom, y: before.y + by.y / zoom })) lost.push(round);
    }
    assert.deepEqual(lost, [], `rounds that lost the drag, of ${LONG_ROUNDS}, ${busy} of them while it was being stored`);
    assert.ok(busy > LONG_ROUNDS / 2, `${busy} of ${LONG_ROUNDS} rounds hit the time while it was being stored`);
  });
}

/** In the page, because the time is short: presses the button, and drags and leaves as soon as something is being stored. */
async function dragWhileStoring({ node, by }, release) {
  window.button.click();
  const saving = () => document.querySelector('[data-save-state="saving"]');
  while (!saving()) await new Promise((done) => setTimeout(done));
  const header = document.querySelector(`[data-node-id="${node}"] [data-part="header"]`);
  const { x, y, width, height } = header.getBoundingClientRect();
  const from = { clientX: x + width / 3, clientY: y + height / 2 };
  const pointer = { pointerId: 1, pointerType: "mouse", isPrimary: true, bubbles: true, cancelable: true, composed: true, buttons: 1 };
  header.dispatchEvent(new PointerEvent("pointerdown", { ...pointer, ...from, button: 0 }));
  release({ x: from.clientX + by.x, y: from.clientY + by.y });
}

// Each with a nudge in the same moment. Both leave room for the page to be told that it goes, and for nothing else.
const CLOSINGS = {
  "by its own script": async ({ app }) => {
    await app.page.evaluate(() => {
      const canvas = document.querySelector("[data-canvas]");
      canvas.dispatchEvent(new KeyboardEvent("keydown", { key: "ArrowRight", code: "ArrowRight", bubbles: true, cancelable: true }));
      window.close();
    });
  },
  "by the browser": async ({ context, devtools, target }) => {
    const browser = await context.browser().newBrowserCDPSession();
    devtools.send("Input.dispatchKeyEvent", { type: "rawKeyDown", key: "ArrowRight", code: "ArrowRight", windowsVirtualKeyCode: 39 }).catch(() => {});
    await browser.send("Target.closeTarget", { targetId: target });
  },
};

/** The app in a tab that a script has opened, which is one that a script can close. */
async function openedByScript(t, context) {
  const opener = await context.newPage();
  await opener.goto(new URL("icon.svg", address).href);
  const [page] = await Promise.all([context.waitForEvent("page"), opener.evaluate((address) => void window.open(address), address)]);
  const app = new App(page);
  t.after(() => app.assertNoProblems());
  await app.ready();
  return app;
}

for (const [how, close] of Object.entries(CLOSINGS)) {
  test(`an edit is kept by a tab that is closed ${how} in that moment, ${CLOSE_ROUNDS} times`, { timeout: 300_000 }, async (t) => {
    const folder = await profileFolder(t);
    let context = await persistentContext(folder);
    t.after(() => context.close());
    const first = await open(t, context);
    await first.newWorkflow();
    const node = await first.canvas.add(PROMPT.query);
    await first.saved();
    const { x } = await first.canvas.position(node);
    await first.page.close();
    let heard = 0;
    for (let round = 0; round < CLOSE_ROUNDS; round++) {
      const app = await openedByScript(t, context);
      const { page, canvas } = app;
      await canvas.header(node).click();
      await canvas.element.focus();
      // How often the page heard of the key before it went. What it hasn't heard it can't keep.
      await page.evaluate(() => {
        window.addEventListener("keydown", () => (localStorage.heard = Number(localStorage.heard ?? 0) + 1), true);
      });
      const devtools = await context.newCDPSession(page);
      const { targetInfo } = await devtools.send("Target.getTargetInfo");
      if (round % 2) await page.evaluate(occupyDatabase);
      const closed = page.waitForEvent("close");
      await close({ app, context, devtools, target: targetInfo.targetId }).catch(() => {});
      await closed;
      if (round % 3 === 2) {
        await context.close();
        context = await persistentContext(folder);
      }
      const again = await open(t, context);
      await again.canvas.node(node).waitFor();
      heard = await again.page.evaluate(() => Number(localStorage.heard ?? 0));
      assert.equal((await again.canvas.position(node)).x, x + heard * NUDGE, `round ${round}, ${heard} nudges`);
      await again.page.close();
    }
    assert.ok(heard > CLOSE_ROUNDS / 2, `${heard} of ${CLOSE_ROUNDS} nudges were heard`);
  });
}

test("what is called saved is there after the browser was killed", { timeout: 120_000 }, async (t) => {
  const folder = await profileFolder(t);
  let id;
  let expected;
  for (let round = 0; round < 5; round++) {
    const context = await persistentContext(folder);
    const app = await open(t, context);
    if (round === 0) {
      await app.newWorkflow();
      const { left, top } = await app.canvas.view();
      id = await app.canvas.add(PROMPT.query, { x: left + 300, y: top + 200 });
    } else {
      await app.canvas.node(id).waitFor();
      assertNear(await app.canvas.position(id), expected, `after kill ${round}`, 0.01);
    }
    await app.canvas.dragNode(id, 25, 15);
    await app.saved();
    expected = await app.canvas.position(id);
    await kill(context);
  }
});

test("two quick edits before a reload are both kept", async (t) => {
  const { app, canvas, page, node } = await workshop(t);
  await canvas.header(node).click();
  await app.inspector.getByRole("textbox").first().fill("First light");
  const expected = await dragAndLeave(app, node, { x: 50, y: 30 });
  assertNear(await canvas.position(node), expected, "the drag");
  await canvas.header(node).click();
  assert.equal(await app.inspector.getByRole("textbox").first().inputValue(), "First light");
  assert.equal(await page.evaluate(() => localStorage.length), 0, "what was parked is gone once it is stored");
});
