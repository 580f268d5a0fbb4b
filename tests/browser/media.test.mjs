// Media in the app: from a file on the disk to a card, over a reload, and away again. The pictures are drawn by the browser itself.

import assert from "node:assert/strict";
import { after, test } from "node:test";
import { open } from "./support/app.mjs";
import { closeBrowser } from "./support/browser.mjs";
import { addMedia, pictures, seen } from "./support/pictures.mjs";
import { storedRows } from "./support/stored.mjs";

after(closeBrowser);

const COUNT = 12;

test("twelve pictures come in, are shown, are kept once each, and are there after a reload", async (t) => {
  const app = await open(t);
  await app.newWorkflow();
  const files = await pictures(app.page, COUNT);
  await addMedia(app, [...files, { ...files[0], name: "again.png" }]);
  await seen(app, COUNT + 1);
  const places = Object.values(await app.canvas.nodes());
  const apart = (a, b) => a === b || a.x + a.width <= b.x || b.x + b.width <= a.x || a.y + a.height <= b.y || b.y + b.height <= a.y;
  assert(places.every((one) => places.every((other) => apart(one, other))), "no card lies over another");
  const assets = await storedRows(app.page, "assets");
  assert.equal(assets.length, COUNT, "the same picture is one asset");
  for (const { value } of await storedRows(app.page, "nodes")) {
    const text = typeof value === "string" ? value : value.text;
    assert(!/base64|data:image/.test(text), "no picture is inside a node");
  }
  await app.reload();
  await seen(app, COUNT + 1);
  assert.deepEqual(app.foreign, []);
});

test("what no node refers to any more is listed, and cleaning up removes it", async (t) => {
  const app = await open(t);
  await app.newWorkflow();
  await addMedia(app, await pictures(app.page, 3));
  await seen(app, 3);
  const [id] = Object.keys(await app.canvas.nodes());
  await app.canvas.header(id).click();
  await app.page.keyboard.press("Delete");
  await app.page.waitForSelector('[data-canvas][data-node-count="2"]');
  await app.saved();
  await app.button("Storage").click();
  const panel = app.page.getByRole("region", { name: "Storage" });
  await panel.locator('[data-unused="1"]').waitFor();
  await panel.getByRole("checkbox", { name: "All files that no workflow uses" }).check();
  await panel.getByRole("button", { name: "Review 1 file…" }).click();
  assert.equal((await storedRows(app.page, "assets")).length, 3, "nothing goes before it was seen");
  await app.page.getByRole("button", { name: "Delete 1 file" }).click();
  await panel.locator('[data-unused="0"]').waitFor();
  assert.equal((await storedRows(app.page, "assets")).length, 2);
});
