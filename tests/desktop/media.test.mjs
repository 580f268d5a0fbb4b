// Media in the desktop window: kept as files of the data folder, served to the window's own page, and there after a restart.

import assert from "node:assert/strict";
import { readdir } from "node:fs/promises";
import { join } from "node:path";
import { test } from "node:test";
import { dataFolder, start } from "./support/window.mjs";

const SHOWN = `document.querySelector('[data-node-id] [data-asset-id][data-loaded="true"]')?.dataset.assetId`;

/** Pastes a picture that the page draws. A question may be asked twice, so it is done once. */
const PASTE = `(window.pasted ??= (async () => {
  const canvas = document.createElement("canvas");
  [canvas.width, canvas.height] = [640, 480];
  canvas.getContext("2d").fillRect(0, 0, 320, 240);
  const blob = await new Promise((done) => canvas.toBlob(done, "image/png"));
  const clipboardData = new DataTransfer();
  clipboardData.items.add(new File([blob], "pasted.png", { type: "image/png" }));
  document.querySelector("[data-canvas]").dispatchEvent(new ClipboardEvent("paste", { clipboardData, bubbles: true }));
  return true;
})())`;

/** How wide the picture at an address is; -1: there is none. */
const widthOf = (address) => `new Promise((done) => {
  const image = new Image();
  image.onload = () => done(image.naturalWidth);
  image.onerror = () => done(-1);
  image.src = ${JSON.stringify(address)};
})`;

test("a pasted picture is a file, is served to the page, and is there after a restart", async (t) => {
  const folder = await dataFolder(t);
  let window = await start(t, folder);
  await window.click('[aria-label="New workflow"]');
  await window.until(`document.querySelector('[data-canvas][data-node-count="0"]') !== null`);
  await window.until(PASTE);
  const id = await window.until(SHOWN);
  await window.saved();
  assert.deepEqual(await readdir(join(folder, "atelier/assets/image")), [id]);
  assert.equal(await window.ask(widthOf(`media://localhost/${id}`)), 640);
  for (const nothing of [`${id.slice(0, -4)}0000`, "../atelier.db", "etc/passwd", ""]) {
    assert.equal(await window.ask(widthOf(`media://localhost/${nothing}`)), -1, nothing);
  }
  assert.equal(await window.close(), 0);
  window = await start(t, folder);
  assert.equal(await window.until(SHOWN), id);
});
