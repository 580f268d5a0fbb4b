// Media in the desktop window: kept as files of the data folder, served to the window's own page, and there after a restart.

import assert from "node:assert/strict";
import { readdir } from "node:fs/promises";
import { join } from "node:path";
import { test } from "node:test";
import { launch } from "../browser/support/browser.mjs";
import { webm } from "../browser/support/files.mjs";
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

/** Pastes a file of these bytes. A question may be asked twice, so it is done once. */
const pasteBytes = (bytes, name, type) => `(window.pasted ??= (() => {
  const bytes = Uint8Array.from(atob(${JSON.stringify(bytes.toString("base64"))}), (letter) => letter.charCodeAt());
  const clipboardData = new DataTransfer();
  clipboardData.items.add(new File([bytes], ${JSON.stringify(name)}, { type: ${JSON.stringify(type)} }));
  document.querySelector("[data-canvas]").dispatchEvent(new ClipboardEvent("paste", { clipboardData, bubbles: true }));
  return true;
})())`;

/** The colour in the middle of the picture at an address. */
const colourOf = (address) => `new Promise((done) => {
  const image = new Image();
  image.onload = () => {
    const canvas = document.createElement("canvas");
    [canvas.width, canvas.height] = [image.naturalWidth, image.naturalHeight];
    const context = canvas.getContext("2d");
    context.drawImage(image, 0, 0);
    done([...context.getImageData(canvas.width - 2, canvas.height / 2, 1, 1).data]);
  };
  image.onerror = () => done(null);
  image.src = ${JSON.stringify(address)};
})`;

/** Plays the video of the page for a moment, then goes to a place near its end. */
const PLAY = `(async () => {
  const player = document.querySelector("[data-node-id] video");
  const moved = (name) => new Promise((done) => player.addEventListener(name, done, { once: true }));
  const played = moved("timeupdate");
  await player.play();
  await played;
  player.pause();
  const sought = moved("seeked");
  player.currentTime = player.duration - 0.2;
  await sought;
  return [player.duration, player.currentTime / player.duration, player.error?.message ?? null];
})()`;

test("a video has a picture of itself, plays and can be sought in", async (t) => {
  const browser = await launch();
  t.after(() => browser.close());
  const video = await webm(await browser.newPage());
  const window = await start(t, await dataFolder(t));
  await window.click('[aria-label="New workflow"]');
  await window.until(`document.querySelector('[data-canvas][data-node-count="0"]') !== null`);
  await window.until(pasteBytes(video, "bar.webm", "video/webm"));
  // The first video on a machine has the system look for its players.
  await window.until(`document.querySelector("[data-node-id] video") !== null`, 45_000);
  const picture = await window.until(`document.querySelector("[data-node-id] video").getAttribute("poster")`);
  assert.match(picture, /^data:image\/jpeg;base64,/);
  // The background, which is teal: the bar comes there last.
  const [red, green, blue] = await window.ask(colourOf(picture));
  assert.ok(red < 40 && Math.abs(green - 128) < 30 && Math.abs(blue - 128) < 30, `${[red, green, blue]}`);
  const [duration, place, error] = await window.ask(PLAY);
  assert.equal(error, null);
  assert.ok(duration > 1 && place > 0.7 && place < 1, `${[duration, place]}`);
});
