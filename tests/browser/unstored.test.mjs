// A window that is given no storage, and one whose storage is taken away.

import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { after, test } from "node:test";
import { App, address, open } from "./support/app.mjs";
import { closeBrowser, freshContext } from "./support/browser.mjs";
import { grid } from "./support/comfyui.mjs";
import { PROMPT } from "./support/kinds.mjs";
import { storedRows } from "./support/stored.mjs";

after(closeBrowser);

/** What takes the database away: as in a browser without one, and as where the user's settings forbid it. */
const TAKEN = {
  "there is no IndexedDB": () => Object.defineProperty(window, "indexedDB", { value: undefined }),
  "IndexedDB is forbidden": () => {
    IDBFactory.prototype.open = () => {
      throw new DOMException("The user denied permission to access the database.", "SecurityError");
    };
  },
};

for (const [what, take] of Object.entries(TAKEN)) {
  test(`where ${what}, everything works, nothing is called saved, and all of it can be saved to a file`, async (t) => {
    const context = await freshContext(t);
    await context.addInitScript(take);
    const app = new App(await context.newPage());
    await app.visit();
    const banner = app.page.locator("[data-unstored]");
    assert.match(await banner.innerText(), /This window keeps nothing/);
    await app.importJson("grid.json", grid(4), 4);
    await app.canvas.add(PROMPT.query, { x: 640, y: 620 });
    await app.page.waitForSelector('[data-canvas][data-node-count="5"]');
    const state = app.page.locator('[role="status"][data-save-state="failed"]');
    assert.match(await state.innerText(), /Not saved: this window has no storage/);
    // Another workflow, and back: what isn't stored is there.
    const [first] = await app.workflowIds();
    await app.newWorkflow();
    await app.page.locator(`[data-workflow-id="${first}"]`).click();
    await app.page.waitForSelector('[data-canvas][data-node-count="5"]');

    const [download] = await Promise.all([
      app.page.waitForEvent("download"),
      banner.getByRole("button", { name: "Save to a file" }).click(),
    ]);
    const rescued = { name: download.suggestedFilename(), mimeType: "application/json", buffer: await readFile(await download.path()) };
    const elsewhere = await open(t);
    await elsewhere.chooseFiles(rescued);
    const [report] = await elsewhere.importReports(1);
    assert.deepEqual([report.valid, report.nodes], [true, 5]);
    await elsewhere.importDialog.getByRole("button", { name: "Import", exact: true }).click();
    await elsewhere.workflows.nth(1).waitFor();
    await elsewhere.saved();
    assert.equal((await storedRows(elsewhere.page, "nodes")).length, 5);
  });
}

test("when the stored data is deleted, the open workflow is stored again, and what is lost is named", async (t) => {
  const context = await freshContext(t);
  const app = new App(await context.newPage());
  await app.visit();
  await app.importJson("lost.json", grid(3), 3);
  await app.importJson("kept.json", grid(4), 4);
  await app.saved();
  const other = await context.newPage();
  await other.goto(new URL("icon.svg", address).href);
  await other.evaluate(
    () =>
      new Promise((done, failed) => {
        const request = indexedDB.deleteDatabase("atelier");
        request.onsuccess = done;
        request.onerror = () => failed(request.error);
      }),
  );
  // The next edit finds out.
  await app.canvas.add(PROMPT.query, { x: 640, y: 620 });
  const banner = app.page.locator('[data-deleted="1"]');
  assert.match(await banner.innerText(), /deleted by something else\. “kept” was open and has been stored again\..*“lost”/s);
  await app.saved();
  assert.equal(await app.workflows.count(), 1, "a workflow without its nodes does not come back as an empty one");
  await banner.getByRole("button", { name: "Understood" }).click();
  await banner.waitFor({ state: "detached" });
  await app.reload();
  await app.page.waitForSelector('[data-canvas][data-node-count="5"]');
  assert.equal((await storedRows(app.page, "workflows")).length, 1);
});
