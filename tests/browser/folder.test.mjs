// Media in a folder of the user's: chosen, moved to and back, and every way in which it can't be used. Nothing is ever lost.

import assert from "node:assert/strict";
import { after, test } from "node:test";
import { open, patience } from "./support/app.mjs";
import { closeBrowser, freshContext } from "./support/browser.mjs";
import { FOLDER, filesIn, removeFolder, setAnswer, setChoice, setPermission, withFolders } from "./support/folder.mjs";
import { addMedia, choose, pictures, seen } from "./support/pictures.mjs";
import { storedRows } from "./support/stored.mjs";

after(closeBrowser);

const COUNT = 3;

/** Atelier with the dialog in it, and a workflow. */
async function start(t) {
  const context = await freshContext(t);
  await withFolders(context);
  const app = await open(t, context);
  await app.newWorkflow();
  return app;
}

/** The storage panel, opened if it isn't. */
async function storage(app) {
  const panel = app.page.getByRole("region", { name: "Storage" });
  if (!(await panel.isVisible())) await app.button("Storage").click();
  await panel.locator("[data-storage-used]").waitFor();
  return panel;
}

const button = (panel, name) => panel.getByRole("button", { name, exact: true });
const row = (panel, state) => panel.locator(`[data-storage-place="Folder"][data-folder-state="${state}"]`);
const bytes = async (panel, place) => Number(await panel.locator(`[data-storage-place="${place}"]`).getAttribute("data-bytes"));
const kinds = async (page) => (await storedRows(page, "assets")).map(({ value }) => JSON.parse(value.row).kind);

/** Has pictures that are all in the folder. */
async function inFolder(t) {
  const app = await start(t);
  await addMedia(app, await pictures(app.page, COUNT));
  const panel = await storage(app);
  await button(panel, "Choose…").click();
  await row(panel, "granted").waitFor();
  await button(panel, "Move media to it").click();
  await panel.getByText("All media are in your folder").waitFor();
  return { app, panel };
}

/** The same, after the browser was started anew. */
async function startedAnew(t, permission = "prompt") {
  const { app } = await inFolder(t);
  await setPermission(app.page, permission);
  await app.reload();
  return app;
}

/** Large enough on the screen that thumbnails don't do. */
async function zoomIn(app) {
  await app.canvas.element.press("1");
  const [id] = Object.keys(await app.canvas.nodes());
  const { x, y } = await app.canvas.middle(app.canvas.node(id));
  await app.page.mouse.move(x, y);
  await app.page.keyboard.down("Control");
  while ((await app.canvas.view()).zoom < 2) {
    await app.page.mouse.wheel(0, -240);
    await app.canvas.frames();
  }
  await app.page.keyboard.up("Control");
  return app.canvas.node(id);
}

const original = (card) => card.locator('img[src^="blob:"][data-loaded="true"]');

test("all media move to a chosen folder, which a row remembers, and back", async (t) => {
  const { app, panel } = await inFolder(t);
  assert.deepEqual(await kinds(app.page), Array(COUNT).fill("fs-handle"));
  // The figures are counted anew a moment after the last file has moved.
  const deadline = Date.now() + patience;
  while ((await bytes(panel, "Own")) > 0 && Date.now() < deadline) await app.canvas.frames();
  assert.equal(await bytes(panel, "Own"), 0);
  assert(await bytes(panel, "Folder") > 0);
  const handles = await storedRows(app.page, "handles");
  assert.equal(handles.length, 1);
  const [{ key }] = handles;
  const assets = await storedRows(app.page, "assets");
  const names = assets.map(({ key: asset }) => `atelier/${key}/${asset}`);
  assert.deepEqual((await filesIn(app.page, FOLDER)).sort(), names.sort());
  assert.deepEqual(await filesIn(app.page, "atelier"), [], "nothing is left behind");

  // New ones go there as well.
  await button(panel, "Close").click();
  await addMedia(app, await pictures(app.page, 1, { prefix: "new" }), COUNT + 1);
  assert.deepEqual(await kinds(app.page), Array(COUNT + 1).fill("fs-handle"));
  await original(await zoomIn(app)).waitFor();

  await storage(app);
  await button(panel, "Move back").click();
  await panel.getByText("All media are back").waitFor();
  assert.deepEqual(await kinds(app.page), Array(COUNT + 1).fill("opfs"));
  assert.deepEqual(await filesIn(app.page, FOLDER), []);
  await button(panel, "Stop using it").click();
  await row(panel, "none").waitFor();
  assert.deepEqual(await storedRows(app.page, "handles"), []);
  await app.reload();
  await app.canvas.element.press("1");
  await seen(app, COUNT + 1);
  assert.deepEqual(app.foreign, []);
});

test("after a start the cards say that a click is needed, and one click brings the originals", async (t) => {
  const app = await startedAnew(t);
  const card = await zoomIn(app);
  await card.locator('[data-folder-state="needs-click"]').waitFor();
  assert.equal(await original(card).count(), 0);
  // By key: what floats over the canvas may lie on the card's lower end.
  await card.getByRole("button", { name: `Allow access to “${FOLDER}”` }).press("Enter");
  await original(card).waitFor();
  assert.equal(await app.page.locator("[data-folder-state]").count(), 0, "nothing is said any more");
  await app.reload();
  await original(await zoomIn(app)).waitFor();
});

test("while a click is needed, new media are kept in private storage, and go to the folder afterwards", async (t) => {
  const app = await startedAnew(t);
  const before = await storedRows(app.page, "assets");
  await addMedia(app, await pictures(app.page, 1, { prefix: "new" }), COUNT + 1);
  assert.deepEqual((await kinds(app.page)).sort(), ["fs-handle", "fs-handle", "fs-handle", "opfs"]);
  assert.deepEqual((await storedRows(app.page, "assets")).slice(0, COUNT), before);
  const panel = await storage(app);
  await row(panel, "needs-click").waitFor();
  await panel.getByText("new media go here until your folder can be used").waitFor();
  await button(panel, `Allow access to “${FOLDER}”`).click();
  await row(panel, "granted").waitFor();
  await button(panel, "Move media to it").click();
  await panel.getByText("All media are in your folder").waitFor();
  assert.deepEqual(await kinds(app.page), Array(COUNT + 1).fill("fs-handle"));
});

test("a user who refuses, or doesn't answer, is told so and loses nothing", async (t) => {
  const app = await startedAnew(t);
  const before = await storedRows(app.page, "assets");
  const panel = await storage(app);
  await setAnswer(app.page, "prompt");
  await button(panel, `Allow access to “${FOLDER}”`).click();
  await row(panel, "needs-click").waitFor();
  await setAnswer(app.page, "denied");
  await button(panel, `Allow access to “${FOLDER}”`).click();
  await row(panel, "denied").getByText("Nothing is lost").waitFor();
  await button(panel, "Close").click();
  const card = await zoomIn(app);
  await card.locator('[data-folder-state="denied"]').waitFor();
  assert.deepEqual(await storedRows(app.page, "assets"), before);

  // The user allows it in the browser's settings.
  await setPermission(app.page, "prompt");
  await setAnswer(app.page, "granted");
  await card.getByRole("button", { name: "Ask again" }).press("Enter");
  await original(card).waitFor();
});

test("a folder that is gone is said to be, and what comes again is kept", async (t) => {
  const app = await startedAnew(t, "granted");
  await removeFolder(app.page);
  await app.reload();
  const panel = await storage(app);
  await row(panel, "missing").getByText("It isn’t there").waitFor();
  assert.deepEqual(await kinds(app.page), Array(COUNT).fill("fs-handle"), "rows stay: the folder may come back");
  await button(panel, "Look again").click();
  await row(panel, "missing").waitFor();
  await button(panel, "Close").click();
  // The same pictures once more: they are kept in private storage, and the old cards find them.
  await addMedia(app, await pictures(app.page, COUNT), 2 * COUNT);
  assert.deepEqual(await kinds(app.page), Array(COUNT).fill("opfs"));
  await original(await zoomIn(app)).waitFor();
  await storage(app);
  await button(panel, "Stop using it").click();
  await row(panel, "none").waitFor();
});

test("a permission that goes while Atelier is open is noticed by whoever needs the folder", async (t) => {
  const { app, panel } = await inFolder(t);
  await button(panel, "Close").click();
  await setPermission(app.page, "prompt");
  await addMedia(app, await pictures(app.page, 1, { prefix: "new" }), COUNT + 1);
  assert.deepEqual((await kinds(app.page)).sort(), ["fs-handle", "fs-handle", "fs-handle", "opfs"]);
  await storage(app);
  await row(panel, "needs-click").waitFor();
});

test("another folder is refused while there are media in the first, and the same one is welcome", async (t) => {
  const app = await startedAnew(t);
  const panel = await storage(app);
  await setChoice(app.page, "Another disk");
  await button(panel, "Change…").click();
  const message = app.page.getByRole("region", { name: "Notifications" }).getByRole("alert");
  assert.match(await message.innerText(), /My disk: there are media in this folder; move them back first/);
  await setPermission(app.page, "prompt");
  await setChoice(app.page, FOLDER);
  await button(panel, "Change…").click();
  await row(panel, "granted").waitFor();
  assert.equal((await storedRows(app.page, "handles")).length, 1);
  await button(panel, "Verify").click();
  await panel.getByText(`${COUNT} files are as they were`).waitFor();
});

test("a dialog that is closed changes nothing and says nothing", async (t) => {
  const app = await start(t);
  const panel = await storage(app);
  await setChoice(app.page, "");
  await button(panel, "Choose…").click();
  await app.canvas.frames();
  await row(panel, "none").waitFor();
  assert.equal(await app.page.getByRole("region", { name: "Notifications" }).getByRole("listitem").count(), 0);
  assert.deepEqual(await storedRows(app.page, "handles"), []);
});

test("a move that is cancelled leaves every picture where it can be read", async (t) => {
  const app = await start(t);
  await addMedia(app, await pictures(app.page, COUNT));
  const panel = await storage(app);
  await button(panel, "Choose…").click();
  await row(panel, "granted").waitFor();
  // The second file waits until it was cancelled.
  await app.page.evaluate(() => {
    const write = FileSystemWritableFileStream.prototype.write;
    let files = 0;
    const gate = new Promise((open) => (window.openGate = open));
    FileSystemWritableFileStream.prototype.write = async function (...all) {
      if (++files > 1) await gate;
      return write.apply(this, all);
    };
  });
  await button(panel, "Move media to it").click();
  await panel.locator('[data-work] [role="progressbar"]:not([aria-valuenow="0"])').waitFor();
  await panel.locator("[data-work]").getByRole("button", { name: "Cancel" }).click();
  await app.page.evaluate(() => openGate());
  await panel.getByText("Not all files were moved").waitFor();
  const places = await kinds(app.page);
  assert(places.includes("fs-handle") && places.includes("opfs"), `${places}`);
  await button(panel, "Verify").click();
  await panel.getByText(`${COUNT} files are as they were`).waitFor();
});

test("a tab that was open before finds media that another has moved to a folder", async (t) => {
  const app = await start(t);
  await addMedia(app, await pictures(app.page, 1));
  await app.saved();
  const other = await open(t, app.page.context());
  const panel = await storage(app);
  await button(panel, "Choose…").click();
  await button(panel, "Move media to it").click();
  await panel.getByText("All media are in your folder").waitFor();
  await original(await zoomIn(other)).waitFor();
});

test("a browser without the dialog says so where a folder would be chosen, and only there", async (t) => {
  const context = await freshContext(t);
  await context.addInitScript(() => delete window.showDirectoryPicker);
  const app = await open(t, context);
  await app.newWorkflow();
  await choose(app, await pictures(app.page, 1));
  await seen(app, 1);
  assert.equal(await app.page.getByRole("region", { name: "Notifications" }).getByRole("listitem").count(), 0);
  const panel = await storage(app);
  assert.match(await panel.locator('[data-notice="NoFolders"]').innerText(), /can’t keep media in a folder/);
  assert.equal(await app.page.locator('[data-notice="NoFolders"]').count(), 1);
  assert.equal(await button(panel, "Choose…").count(), 0);
  assert.equal(await panel.locator('[data-storage-place="Folder"]').count(), 0);
});

test("without private files media are kept in the database, which is said once", async (t) => {
  const context = await freshContext(t);
  await context.addInitScript(() => {
    delete window.showDirectoryPicker;
    StorageManager.prototype.getDirectory = () => Promise.reject(new DOMException("played", "SecurityError"));
  });
  const app = await open(t, context);
  await app.newWorkflow();
  await addMedia(app, await pictures(app.page, 2));
  assert.deepEqual(await kinds(app.page), ["idb", "idb"]);
  const said = app.page.getByRole("region", { name: "Notifications" }).getByText("Media are kept in the database");
  assert.equal(await said.count(), 1);
  await seen(app, 2);
  await app.reload();
  await seen(app, 2);
  const panel = await storage(app);
  assert.equal(await panel.locator('[data-notice="NoFiles"]').count(), 1);
});
