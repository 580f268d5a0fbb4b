// Room runs short, or out: that is said in time, nothing that is stored suffers, and what didn't fit can be tried again.

import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { after, test } from "node:test";
import { address, open } from "./support/app.mjs";
import { closeBrowser, freshContext } from "./support/browser.mjs";
import { grid } from "./support/comfyui.mjs";
import { allowance, fillUp, textOf } from "./support/disk.mjs";
import { PROMPT } from "./support/kinds.mjs";
import { addMedia, choose, pictures, seen } from "./support/pictures.mjs";
import { storedRows } from "./support/stored.mjs";

after(closeBrowser);

const MB = 1_000_000;
const { origin } = new URL(address);

/** Atelier with a workflow, and a hand on how much this origin may keep. */
async function start(t) {
  const context = await freshContext(t);
  const app = await open(t, context);
  await app.newWorkflow();
  const devtools = await context.newCDPSession(app.page);
  const allow = (quotaSize) => devtools.send("Storage.overrideQuotaForOrigin", { origin, quotaSize });
  const used = () => app.page.evaluate(async () => (await navigator.storage.estimate()).usage);
  return { app, allow, used };
}

const messages = (app) => app.page.getByRole("region", { name: "Notifications" });

test("a full disk is an error of that file with two ways out, and can be tried again", async (t) => {
  const { app, allow, used } = await start(t);
  await addMedia(app, await pictures(app.page, 1, { noisy: true, prefix: "first" }));
  await allow((await used()) + 4 * MB);
  let stored = 1;
  const failed = app.page.locator('[data-arrival-state="failed"]');
  while ((await failed.count()) === 0) {
    assert(stored < 30, "it never became full");
    const [file] = await pictures(app.page, 1, { noisy: true, prefix: `more-${stored}` });
    await choose(app, [file]);
    await app.page.waitForFunction(
      (count) => document.querySelector(`[data-canvas][data-node-count="${count}"], [data-arrival-state="failed"]`),
      stored + 1,
    );
    if ((await failed.count()) === 0) stored++;
  }
  await app.saved();
  const said = messages(app).getByRole("alert");
  assert.match(await said.innerText(), /There is no room for “more-.*\.png”\. Clean up .* or move media to a folder of yours\./s);
  assert.match(await failed.innerText(), /There is no room for it/);
  assert.equal((await storedRows(app.page, "assets")).length, stored);

  // The way out leads to both ways.
  await said.getByRole("button", { name: "Open Storage" }).click();
  const panel = app.page.getByRole("region", { name: "Storage" });
  const full = panel.locator("[data-full]");
  assert.match(await full.innerText(), /There was no room for “more-.*Clean up .* or move media to a folder of yours/s);
  await full.getByRole("button", { name: "Move media to a folder…" }).waitFor();
  await panel.getByText("Free up space").waitFor();
  await panel.getByRole("button", { name: "Close" }).click();

  // What was stored before is there for whoever opens it.
  const other = await open(t, app.page.context());
  await seen(other, stored);
  await other.page.close();

  await failed.getByRole("button", { name: "Try again" }).click();
  await failed.waitFor();
  assert.equal((await storedRows(app.page, "assets")).length, stored, "it is as full as before");
  await allow((await used()) + 200 * MB);
  await failed.getByRole("button", { name: "Try again" }).click();
  await app.page.waitForSelector(`[data-canvas][data-node-count="${stored + 1}"]`);
  await app.saved();
  assert.equal(await app.page.locator("[data-arrival]").count(), 0);
  await app.button("Storage").click();
  await panel.locator("[data-storage-used]").waitFor();
  assert.equal(await full.count(), 0, "it is not said any longer than it is true");
  await app.reload();
  await seen(app, stored + 1);
  assert.equal((await storedRows(app.page, "assets")).length, stored + 1);
});

test("from four fifths on it is said that room runs short, once and before anything fails", async (t) => {
  const context = await freshContext(t);
  // What the browser tells, with a share that the test sets: it tells a larger one than an override sets.
  await context.addInitScript(() => {
    const estimate = StorageManager.prototype.estimate;
    StorageManager.prototype.estimate = async function () {
      const told = await estimate.call(this);
      return { ...told, usage: told.usage, quota: window.share ?? told.quota };
    };
  });
  const app = await open(t, context);
  await app.newWorkflow();
  const allow = (share) => app.page.evaluate((share) => (window.share = share), share);
  const used = () => app.page.evaluate(async () => (await navigator.storage.estimate()).usage);
  const warning = messages(app).getByText(/left of .*Free some space before saving could fail/);
  const files = await pictures(app.page, 3, { noisy: true });
  const size = files[0].buffer.length;
  await allow((await used()) + 20 * size);
  await addMedia(app, files.slice(0, 1));
  assert.equal(await warning.count(), 0);
  await allow(Math.round(((await used()) + size) / 0.85));
  await addMedia(app, files.slice(1, 2), 2);
  await warning.waitFor();
  await addMedia(app, files.slice(2), 3);
  assert.equal(await warning.count(), 1, "once is enough");
  await messages(app).getByRole("button", { name: "Open Storage" }).click();
  const panel = app.page.getByRole("region", { name: "Storage" });
  await panel.getByText(/left of/).waitFor();
  await panel.getByRole("button", { name: "Move media to a folder…" }).waitFor();
  await seen(app, 3);
});

/** Atelier in a page that counts how often it asks the browser to keep what is stored. The browser never answers, as its user may not. */
async function counted(t) {
  const context = await freshContext(t);
  await context.addInitScript(() => {
    window.asked = 0;
    StorageManager.prototype.persist = function () {
      window.asked++;
      return new Promise(() => {});
    };
  });
  const app = await open(t, context);
  return { app, asked: () => app.page.evaluate(() => asked) };
}

test("the browser is asked to keep what is stored with the first file, not before, and nothing waits for its answer", async (t) => {
  const { app, asked } = await counted(t);
  await app.newWorkflow();
  assert.equal(await asked(), 0);
  const files = await pictures(app.page, 2);
  await addMedia(app, files.slice(0, 1));
  assert.equal(await asked(), 1);
  await addMedia(app, files.slice(1), 2);
  assert.equal(await asked(), 1);
});

test("it is asked with the first workflow as well", async (t) => {
  const { app, asked } = await counted(t);
  await app.importJson("grid.json", grid(3), 3);
  assert.equal(await asked(), 1);
});

/** Atelier with a node whose text there was no room for. Gives that text, and what makes room again. */
async function full(t, prepare = () => {}) {
  const context = await freshContext(t);
  await prepare(context);
  const allow = await allowance(await context.newPage());
  await allow(origin, 1_000_000);
  const app = await open(t, context);
  await app.newWorkflow();
  await app.saved();
  const node = await app.canvas.add(PROMPT.query, await app.canvas.emptyPlace());
  const lost = await fillUp(app);
  return { app, node, lost, failed: app.page.locator('[data-save-state="failed"]'), makeRoom: () => allow(origin) };
}

/** In a page: has no timer end any more, once `window.stopped` is set. */
function stoppable() {
  const { setTimeout } = window;
  window.setTimeout = (work, ...all) => setTimeout(() => window.stopped || work(), ...all);
}

test("what a full disk does not take can be saved to a file, comes in elsewhere, and is stored when asked for once there is room", { timeout: 120_000 }, async (t) => {
  const { app, node, lost, failed, makeRoom } = await full(t, (context) => context.addInitScript(stoppable));
  const downloading = app.page.waitForEvent("download");
  await failed.getByRole("button", { name: "Save to a file" }).click();
  const download = await downloading;
  assert.match(download.suggestedFilename(), /rescued work\.json$/);
  const file = await readFile(await download.path());

  const other = await open(t);
  await other.chooseFiles({ name: "Atelier rescued work.json", mimeType: "application/json", buffer: file });
  const [report] = await other.importReports(1);
  assert.deepEqual([report.valid, report.nodes, report.edges], [true, 1, 0]);
  await other.importDialog.getByRole("button", { name: "Import", exact: true }).click();
  await other.page.locator(`[data-node-id="${node}"]`).waitFor();
  await other.page.locator(`[data-node-id="${node}"] [data-part="header"]`).click();
  assert.equal(await textOf(other).inputValue(), lost);
  await other.saved();

  // It is tried again by itself as well, but not now.
  await app.page.evaluate(() => (window.stopped = true));
  await makeRoom();
  await failed.getByRole("button", { name: "Try again" }).click();
  await app.saved();
});

test("what a full disk did not take is stored by itself once there is room", { timeout: 180_000 }, async (t) => {
  const { app, node, lost, failed, makeRoom } = await full(t);
  assert.equal(await failed.count(), 1);
  await makeRoom();
  // It is tried again every now and then, less and less often.
  await app.page.waitForSelector('[data-save-state="saved"]', { timeout: 60_000 });
  await app.reload();
  await app.canvas.header(node).click();
  assert.equal(await textOf(app).inputValue(), lost);
});
