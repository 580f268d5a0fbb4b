// The database is taken away from under the app, or made another version, by somebody else in this browser.

import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { after, test } from "node:test";
import { address, open } from "./support/app.mjs";
import { closeBrowser, freshContext } from "./support/browser.mjs";
import { PROMPT } from "./support/kinds.mjs";
import { storedRows } from "./support/stored.mjs";

after(closeBrowser);

/** The app with two workflows, the open one with a node in it, and a page of the same origin that isn't the app. */
async function start(t) {
  const context = await freshContext(t);
  const app = await open(t, context);
  await app.newWorkflow();
  const workflow = await app.newWorkflow();
  const node = await app.canvas.add(PROMPT.query, await app.canvas.emptyPlace());
  await write(app, "At dawn");
  await app.saved();
  const stranger = await context.newPage();
  await stranger.goto(new URL("icon.svg", address).href);
  return { app, workflow, node, stranger };
}

const textOf = (app) => app.inspector.getByRole("textbox", { name: "Text" });

/** Writes on the node, and waits until that it isn't saved could be seen. */
async function write(app, text) {
  await textOf(app).fill(text);
  await app.canvas.frames();
}

/** Waits until the app has found out that everything is gone, and has stored what it has. */
async function storedAnew(app) {
  await app.page.locator("[data-deleted]").waitFor();
  await app.saved();
}

/** What is written on the node after the app was loaded anew. */
async function afterReload(app, { workflow, node }) {
  await app.reload();
  await app.page.locator(`[data-workflow-id="${workflow}"]`).click();
  await app.canvas.header(node).click();
  return textOf(app).inputValue();
}

/** In a page: deletes the database. */
const remove = () =>
  new Promise((done, failed) => {
    const request = indexedDB.deleteDatabase("atelier");
    request.onsuccess = () => done();
    request.onerror = () => failed(request.error);
  });

/** In a page: makes the database one of a newer build. */
async function raise() {
  const request = indexedDB.open("atelier", 7);
  request.onupgradeneeded = () => request.result.createObjectStore("later");
  await new Promise((done, failed) => {
    request.onsuccess = done;
    request.onerror = () => failed(request.error);
  });
  request.result.close();
}

/** In the page: writes in a field as soon as somebody wants the database at another version, before the app can have found out. */
function writeWhenAsked(field, text) {
  const request = indexedDB.open("atelier");
  return new Promise((done, failed) => {
    request.onerror = () => failed(request.error);
    request.onsuccess = () => {
      const database = request.result;
      // It was opened after the app's own, so it is told after it.
      database.onversionchange = () => {
        database.close();
        field.value = text;
        field.dispatchEvent(new Event("input", { bubbles: true }));
      };
      done();
    };
  });
}

test("a database that is deleted by another page takes nothing with it that is open, whenever it was written", async (t) => {
  const { app, stranger, ...all } = await start(t);
  // Written before, while it is deleted, and after.
  await Promise.all([stranger.evaluate(remove), write(app, "At noon")]);
  await storedAnew(app);
  assert.equal(await afterReload(app, all), "At noon");
  await stranger.evaluate(remove);
  await write(app, "At dusk");
  await storedAnew(app);
  const rows = await storedRows(app.page, "nodes");
  assert.deepEqual(rows.map(({ key }) => key), [[all.workflow, all.node]], "the node is stored again, and whole");
  assert.equal(JSON.parse(rows[0].value.text ?? rows[0].value).fields.type, PROMPT.type);
  assert.equal(await afterReload(app, all), "At dusk");
  // And nothing is written at all.
  await stranger.evaluate(remove);
  await storedAnew(app);
  assert.equal(await afterReload(app, all), "At dusk");
});

test("a database that is raised under edits takes no more of them, says so, and keeps what it can't take for a file", async (t) => {
  const { app, workflow, node, stranger } = await start(t);
  await textOf(app).evaluate(writeWhenAsked, "At dusk");
  await stranger.evaluate(raise);
  const before = JSON.stringify(await storedRows(stranger));
  const strip = app.page.getByRole("alert").filter({ hasText: "A newer Atelier has opened your work" });
  await strip.waitFor();
  const failed = app.page.locator('[data-save-state="failed"]');
  const [download] = await Promise.all([app.page.waitForEvent("download"), failed.getByRole("button", { name: "Save to a file" }).click()]);
  assert.equal(JSON.stringify(await storedRows(stranger)), before, "what the newer build has stays as it is");

  const rescued = { name: download.suggestedFilename(), mimeType: "application/json", buffer: await readFile(await download.path()) };
  const other = await open(t);
  await other.chooseFiles(rescued);
  const [report] = await other.importReports(1);
  assert.deepEqual([report.valid, report.nodes], [true, 1], report.text);
  await other.importDialog.getByRole("button", { name: "Import", exact: true }).click();
  await other.canvas.header(node).click();
  assert.equal(await textOf(other).inputValue(), "At dusk");
  await other.saved();
  assert.equal(await afterReload(other, { workflow, node }), "At dusk");

  // And it waits for the newer build, which alone may store it.
  await app.reload();
  const parked = await stranger.evaluate(() => Object.values(localStorage).join());
  assert.ok(parked.includes("At dusk"), parked);
  assert.equal(JSON.stringify(await storedRows(stranger)), before);
});
