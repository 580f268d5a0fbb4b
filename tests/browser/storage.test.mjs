// The storage panel: what is kept where and for whom, what may go, and whether it is what it was.

import assert from "node:assert/strict";
import { after, test } from "node:test";
import { App, open } from "./support/app.mjs";
import { closeBrowser } from "./support/browser.mjs";
import { file, png, wav } from "./support/files.mjs";
import { addMedia, card, fit, haveNodes, storedAssets } from "./support/media.mjs";
import { storedRows } from "./support/stored.mjs";

after(closeBrowser);

/** Opens the panel and waits until everything is counted. */
async function openStorage(app) {
  await app.button("Storage").click();
  const panel = app.page.getByRole("region", { name: "Storage" });
  await panel.locator("[data-storage-media]").waitFor();
  return panel;
}

/** Deletes the node that holds the file of this name. */
async function deleteNode(app, name) {
  const before = await app.canvas.nodeCount();
  await card(app, name).locator('[data-part="header"]').click();
  await app.page.keyboard.press("Delete");
  await haveNodes(app, before - 1);
}

/** The names of the files in the private files, in all folders of media. */
const keptFiles = (page) =>
  page.evaluate(async () => {
    const atelier = await (await navigator.storage.getDirectory()).getDirectoryHandle("atelier");
    const names = [];
    for await (const folder of (await atelier.getDirectoryHandle("assets")).values()) {
      for await (const name of folder.keys()) names.push(name);
    }
    return names.sort();
  });

test("the panel counts each file once, tells who uses it, and removes only what was chosen and confirmed", async (t) => {
  const app = await open(t);
  const [red, blue, green, grey] = [[200, 60, 60], [60, 60, 200], [40, 160, 60], [90, 90, 90]].map((colour) => png(colour, 400, 300));
  const tone = wav(2);
  const first = await app.newWorkflow();
  await addMedia(app, [file("red.png", red), file("blue.png", blue), file("green.png", green), file("grey.png", grey)]);
  await fit(app);
  await deleteNode(app, "green.png");
  await deleteNode(app, "grey.png");
  const second = await app.newWorkflow();
  await addMedia(app, [file("red again.png", red), file("tone.wav", tone)]);
  const panel = await openStorage(app);
  const figure = (selector, name) => panel.locator(selector).getAttribute(name).then(Number);
  const sum = (...all) => all.reduce((sum, { length }) => sum + length, 0);
  assert.equal(await figure("[data-storage-media]", "data-storage-media"), sum(red, blue, green, grey, tone));
  assert.equal(await figure(`[data-storage-workflow="${first}"]`, "data-bytes"), sum(red, blue));
  assert.equal(await figure(`[data-storage-workflow="${second}"]`, "data-bytes"), sum(red, tone));
  const assets = await storedAssets(app.page);
  const row = (name) => panel.locator(`[data-storage-asset="${assets[name].id}"]`);
  assert.match(await row("red.png").innerText(), /red\.png[\s\S]*PNG image · 400 × 300[\s\S]*2 nodes/);
  assert.match(await row("green.png").innerText(), /Not used/);
  await row("red.png").locator("img").waitFor();

  // One of the two, and only once it was seen and confirmed.
  await panel.getByRole("button", { name: "Look" }).click();
  await panel.getByRole("checkbox", { name: "green.png" }).check();
  const review = panel.getByRole("button", { name: "Review 1 file…" });
  await review.click();
  const dialog = app.page.getByRole("dialog", { name: "Delete 1 file" });
  await dialog.getByText("green.png").waitFor();
  await dialog.getByRole("button", { name: "Keep them" }).click();
  await dialog.waitFor({ state: "detached" });
  assert.equal((await storedRows(app.page, "assets")).length, 5);
  await review.click();
  await dialog.getByRole("button", { name: "Delete 1 file" }).click();
  await panel.locator('[data-unused="1"]').waitFor();
  const left = await storedAssets(app.page);
  assert.deepEqual(Object.keys(left).sort(), ["blue.png", "grey.png", "red.png", "tone.wav"]);
  assert.deepEqual(await keptFiles(app.page), Object.values(left).map(({ id }) => id).sort(), "its bytes are gone as well");
  assert.equal(await figure("[data-storage-media]", "data-storage-media"), sum(red, blue, grey, tone));
});

test("reading every file again finds what was changed and what is gone, and the same files heal it", async (t) => {
  const app = await open(t);
  await app.newWorkflow();
  const files = [[200, 60, 60], [60, 60, 200], [40, 160, 60]].map((colour, at) => file(`${at}.png`, png(colour)));
  await addMedia(app, files);
  const assets = await storedAssets(app.page);
  await app.page.evaluate(
    async ([changed, gone]) => {
      const folder = await navigator.storage.getDirectory()
        .then((root) => root.getDirectoryHandle("atelier"))
        .then((atelier) => atelier.getDirectoryHandle("assets"))
        .then((assets) => assets.getDirectoryHandle("image"));
      const handle = await folder.getFileHandle(changed);
      const bytes = new Uint8Array(await (await handle.getFile()).arrayBuffer());
      // One bit of many: neither its size nor its beginning tells.
      bytes[bytes.length - 20] ^= 1;
      const writer = await handle.createWritable();
      await writer.write(bytes);
      await writer.close();
      await folder.removeEntry(gone);
    },
    [assets["0.png"].id, assets["1.png"].id],
  );
  let panel = await openStorage(app);
  await panel.getByRole("button", { name: "Verify" }).click();
  await panel.locator('[data-report="2"]').waitFor();
  const problems = panel.getByRole("list", { name: "Files with problems" });
  const [changed, gone] = ["0.png", "1.png"].map((name) => problems.getByRole("listitem").filter({ hasText: name }).innerText());
  assert.match(await changed, /its content has changed/);
  assert.match(await gone, /its file is gone/);
  await panel.getByRole("button", { name: "Close", exact: true }).first().click();
  await panel.waitFor({ state: "hidden" });
  await addMedia(app, files.slice(0, 2));
  assert.equal((await storedRows(app.page, "assets")).length, 3, "they are the same files");
  panel = await openStorage(app);
  await panel.getByRole("button", { name: "Verify" }).click();
  await panel.locator('[data-report="0"]').waitFor();
});

test("one tab takes up again what another cleans up: no row is ever without its bytes", { timeout: 60_000 }, async (t) => {
  const app = await open(t);
  const other = new App(await app.page.context().newPage());
  t.after(() => other.assertNoProblems());
  await app.newWorkflow();
  await other.visit();
  await other.newWorkflow();
  const contents = [[200, 60, 60], [60, 60, 200], [40, 160, 60], [120, 120, 20]].map((colour, at) => file(`${at}.png`, png(colour)));
  let nodes = 0;
  for (const content of contents) {
    // A tab in the background is slow.
    await app.page.bringToFront();
    // Nobody uses it: its node is deleted.
    await addMedia(app, [content]);
    await fit(app);
    await deleteNode(app, content.name);
    const panel = await openStorage(app);
    await panel.getByRole("checkbox", { name: "All files that no workflow uses" }).check();
    await panel.getByRole("button", { name: "Review 1 file…" }).click();
    const confirm = app.page.getByRole("dialog", { name: "Delete 1 file" }).getByRole("button", { name: "Delete 1 file" });
    await confirm.waitFor();
    // At once, and now the one and now the other a little earlier.
    nodes += 1;
    const both = [() => confirm.click(), () => addMedia(other, [content])];
    await Promise.all((nodes % 2 ? both : both.reverse()).map((begin) => begin()));
    await haveNodes(other, nodes);
    await panel.locator('[data-unused="0"]').or(panel.getByText("No media yet")).or(panel.locator('[data-storage-media="0"]')).first().waitFor();
    await app.page.keyboard.press("Escape");
    await panel.waitFor({ state: "detached" });
  }
  const assets = Object.values(await storedAssets(other.page)).map(({ id }) => id);
  assert.deepEqual(await keptFiles(other.page), assets.sort(), "rows and bytes are the same");
  const shown = (await storedRows(other.page, "nodes")).flatMap(({ value }) => value.assets ?? []);
  for (const id of shown.filter((id) => !assets.includes(id))) assert.fail(`a node shows ${id}, of which there is nothing`);
  await other.page.bringToFront();
  await fit(other);
  await other.page.waitForFunction((count) => document.querySelectorAll('[data-asset-id][data-loaded="true"]').length === count, nodes);
});
