// What a newer build has written is looked at, exported, and never changed (law 10).

import assert from "node:assert/strict";
import { after, test } from "node:test";
import { open } from "./support/app.mjs";
import { closeBrowser } from "./support/browser.mjs";
import { assertNear } from "./support/canvas.mjs";
import { grid } from "./support/comfyui.mjs";
import { storedRows } from "./support/stored.mjs";

after(closeBrowser);

/** In the page: does to the database what a newer build would, while nobody else holds it. */
async function raise() {
  const request = indexedDB.open("atelier", 7);
  request.onupgradeneeded = () => request.result.createObjectStore("later").put("mine", "first");
  await new Promise((done, failed) => {
    request.onsuccess = done;
    request.onerror = () => failed(request.error);
  });
  request.result.close();
}

/** Everything in the database, settings too, and its version. */
const everything = async (page) =>
  JSON.stringify([
    await storedRows(page),
    await storedRows(page, "kv"),
    await page.evaluate(async () => (await indexedDB.databases()).map(({ name, version }) => [name, version])),
  ]);

test("a database of a newer build opens to be looked at, says why, and is left as it is", async (t) => {
  const app = await open(t);
  await app.importJson("grid.json", grid(6), 6);
  await app.newWorkflow();
  await app.saved();
  const [second, first] = await app.workflowIds();
  await app.page.evaluate(raise);
  const before = await everything(app.page);

  for (let round = 0; round < 2; round++) {
    await app.reload();
    const strip = app.page.getByRole("alert").filter({ hasText: "A newer Atelier has written your work" });
    await strip.waitFor();
    assert.match(await strip.innerText(), /looked at and exported, but nothing is changed any more/);
    for (const [id, count] of [[second, 0], [first, 6]]) {
      await app.page.locator(`[data-workflow-id="${id}"]`).click();
      await app.page.waitForSelector(`[data-canvas][data-node-count="${count}"]`);
    }
    // Every way to change something leads nowhere.
    const [id] = Object.keys(await app.canvas.nodes());
    const place = await app.canvas.position(id);
    await app.canvas.dragNode(id, 80, 40);
    assertNear(await app.canvas.position(id), place, "a node stays where it was");
    await app.canvas.header(id).click();
    await app.page.keyboard.press("Delete");
    assert.equal(await app.canvas.nodeCount(), 6);
    assert.equal(await app.page.locator("[data-save-state]").getAttribute("data-save-state"), "saved");
    assert.equal(await everything(app.page), before);
  }
});

test("a page whose database is raised under it goes on to be looked at", async (t) => {
  const app = await open(t);
  await app.importJson("grid.json", grid(6), 6);
  await app.newWorkflow();
  await app.saved();
  const [second, first] = await app.workflowIds();
  await app.page.evaluate(raise);
  const before = await everything(app.page);
  // The first change finds out; it is kept in memory, and said not to be saved.
  await app.page.locator(`[data-workflow-id="${first}"]`).click();
  await app.page.waitForSelector('[data-canvas][data-node-count="6"]');
  const strip = app.page.getByRole("alert").filter({ hasText: "A newer Atelier has opened your work" });
  await strip.waitFor();
  await app.page.locator(`[data-workflow-id="${second}"]`).click();
  await app.page.waitForSelector('[data-canvas][data-node-count="0"]');
  assert.equal(await everything(app.page), before);
});
