// Media in the app: from a file on the disk to a card, over a reload, and away again. The pictures are drawn by the browser itself.

import assert from "node:assert/strict";
import { after, test } from "node:test";
import { open } from "./support/app.mjs";
import { closeBrowser } from "./support/browser.mjs";
import { storedRows } from "./support/stored.mjs";

after(closeBrowser);

const COUNT = 12;

/** So many different pictures, and the first of them once more under another name. */
async function pictures(app, count) {
  const drawn = await app.page.evaluate(async (count) => {
    const files = [];
    for (let number = 0; number < count; number++) {
      const canvas = new OffscreenCanvas(640, 480);
      const context = canvas.getContext("2d");
      context.fillStyle = `hsl(${number * 29} 60% 50%)`;
      context.fillRect(0, 0, 640, 480);
      context.fillStyle = "white";
      context.fillText(`Picture ${number}`, 20, 40);
      const blob = await canvas.convertToBlob({ type: "image/png" });
      files.push([...new Uint8Array(await blob.arrayBuffer())]);
    }
    return files;
  }, count);
  const file = (name, bytes) => ({ name, mimeType: "image/png", buffer: Buffer.from(bytes) });
  return [...drawn.map((bytes, number) => file(`picture-${number}.png`, bytes)), file("again.png", drawn[0])];
}

/** Gives files to "Add media" and waits until each has its node. */
async function addMedia(app, files) {
  await app.page.locator("input[type=file][data-media]").setInputFiles(files);
  await app.page.waitForSelector(`[data-canvas][data-node-count="${files.length}"]`, { timeout: 60_000 });
  await app.saved();
  await app.canvas.element.press("1");
}

/** Waits until so many pictures can be seen. */
const seen = (app, count) =>
  app.page.waitForFunction(
    (count) => document.querySelectorAll('[data-node-id] [data-asset-id][data-loaded="true"]').length === count,
    count,
  );

test("twelve pictures come in, are shown, are kept once each, and are there after a reload", async (t) => {
  const app = await open(t);
  await app.newWorkflow();
  await addMedia(app, await pictures(app, COUNT));
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
  await addMedia(app, (await pictures(app, 3)).slice(0, 3));
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
