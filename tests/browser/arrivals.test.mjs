// Files come in: dropped, pasted, chosen; many at once, each with its progress and its own failure.

import assert from "node:assert/strict";
import { mkdir, mkdtemp, rm, truncate, utimes, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";
import { address, open } from "./support/app.mjs";
import { closeBrowser } from "./support/browser.mjs";
import { assertNear } from "./support/canvas.mjs";
import { file, png, wav, webm } from "./support/files.mjs";
import { addFiles, addMedia, card, dropPaths, fit, haveNodes, storedAssets } from "./support/media.mjs";

after(closeBrowser);

/** A folder on the disk; it goes when the test ends. */
async function folder(t) {
  const path = await mkdtemp(join(tmpdir(), "atelier-files-"));
  t.after(() => rm(path, { recursive: true, force: true }));
  return path;
}

/** Where on its card the pointer is that brought a file. */
const GRIP = { x: 124, y: 20 };

test("what is dropped becomes nodes at the pointer, folders with all that is in them", async (t) => {
  const app = await open(t);
  await app.newWorkflow();
  const root = await folder(t);
  await mkdir(join(root, "shoot", "raw", "deep"), { recursive: true });
  const files = { "a.png": png([200, 60, 60]), "b.wav": wav(1), "c.webm": await webm(app.page, 600) };
  await writeFile(join(root, "a.png"), files["a.png"]);
  await writeFile(join(root, "shoot", "b.wav"), files["b.wav"]);
  await writeFile(join(root, "shoot", "raw", "c.webm"), files["c.webm"]);
  await writeFile(join(root, "shoot", "raw", "deep", "notes.txt"), "Bring the tripod.");
  await writeFile(join(root, "shoot", ".DS_Store"), "of the system's own");
  const place = await app.canvas.toPage({ x: 300, y: 200 });
  await dropPaths(app, place, [join(root, "a.png"), join(root, "shoot")]);
  await haveNodes(app, 4);
  await fit(app);
  const types = Object.values(await app.canvas.nodes()).map(({ type }) => type);
  assert.deepEqual(types.sort(), ["audio-file", "file", "image-file", "video-file"]);
  const [first] = await card(app, "a.png").evaluateAll((all) => all.map(({ dataset }) => dataset.nodeId));
  assertNear(await app.canvas.position(first), { x: 300 - GRIP.x, y: 200 - GRIP.y }, "the first is where the pointer was", 130);
  const assets = await storedAssets(app.page);
  assert.deepEqual(Object.keys(assets).sort(), ["a.png", "b.wav", "c.webm", "notes.txt"]);
  for (const [name, bytes] of Object.entries(files)) assert.equal(assets[name].bytes, bytes.length, name);
  assert.deepEqual(app.foreign, []);
});

test("what is dropped on a card takes the place of its file, unless it is of another kind", async (t) => {
  const app = await open(t);
  const root = await folder(t);
  await app.newWorkflow();
  await addMedia(app, [file("old.png", png([200, 60, 60]))]);
  const id = await card(app, "old.png").getAttribute("data-node-id");
  const middle = () => app.canvas.middle(app.canvas.node(id).locator(".media"));
  await writeFile(join(root, "new.png"), png([60, 60, 200], 200, 300));
  await writeFile(join(root, "tone.wav"), wav(1));
  await dropPaths(app, await middle(), [join(root, "new.png")]);
  await card(app, "new.png").waitFor();
  await app.saved();
  assert.equal(await app.canvas.nodeCount(), 1);
  assert.equal(await card(app, "new.png").getAttribute("data-node-id"), id);
  const { width, height } = await app.canvas.node(id).locator("img").boundingBox();
  assert.ok(Math.abs(width / height - 200 / 300) < 0.02, "the card has the new picture's shape");
  await dropPaths(app, await middle(), [join(root, "tone.wav")]);
  await haveNodes(app, 2);
  await card(app, "new.png").waitFor();
  await app.page.getByRole("region", { name: "Notifications" }).getByText("so it became a node of its own").waitFor();
});

test("a picture in the clipboard is pasted at the pointer, wherever the focus is, but not into a text", async (t) => {
  const app = await open(t);
  await app.page.context().grantPermissions(["clipboard-read", "clipboard-write"], { origin: new URL(address).origin });
  const workflow = await app.newWorkflow();
  await app.page.evaluate(async (bytes) => {
    const blob = new Blob([new Uint8Array(bytes)], { type: "image/png" });
    await navigator.clipboard.write([new ClipboardItem({ "image/png": blob })]);
  }, [...png([20, 140, 90])]);
  const { left, top } = await app.canvas.view();
  await app.page.mouse.move(left + 400, top + 300, { steps: 3 });
  const pointer = await app.canvas.toWorld({ x: left + 400, y: top + 300 });
  await app.page.keyboard.press("Control+v");
  await haveNodes(app, 1);
  const [id] = Object.keys(await app.canvas.nodes());
  const at = await app.canvas.position(id);
  assertNear(at, { x: pointer.x - GRIP.x, y: pointer.y - GRIP.y }, "it is where the pointer was", 2);
  // Nothing has the focus: such a key goes to the page as a whole.
  await app.page.evaluate(() => document.activeElement.blur());
  await app.page.keyboard.press("Control+v");
  await haveNodes(app, 2);
  await app.fromMenu(workflow, "Rename");
  await app.page.keyboard.press("Control+v");
  await app.page.keyboard.press("Escape");
  await app.canvas.frames();
  assert.equal(await app.canvas.nodeCount(), 2);
});

test("a button chooses files, for new nodes and for a node that has none", async (t) => {
  const app = await open(t);
  await app.newWorkflow();
  const choose = async (button, files) => {
    const [chooser] = await Promise.all([app.page.waitForEvent("filechooser"), button.click()]);
    await chooser.setFiles(files);
  };
  const picture = file("one.png", png([90, 90, 200]));
  await choose(app.button("Add media"), [picture, file("two.png", png([200, 90, 90]))]);
  await haveNodes(app, 2);
  await fit(app);
  const empty = await app.canvas.add("Image file", await app.canvas.emptyPlace(60));
  await fit(app);
  await choose(app.canvas.node(empty).getByRole("button", { name: "Choose…" }), [picture]);
  await app.canvas.node(empty).locator('[data-loaded="true"]').waitFor();
  assert.equal(await app.canvas.nodeCount(), 3);
  assert.equal(Object.keys(await storedAssets(app.page)).length, 2, "the same content is kept once");
});

test("files show how far they are, wait for others, are called off, and fail alone", async (t) => {
  const app = await open(t);
  await app.newWorkflow();
  const root = await folder(t);
  // Large on paper only: the disk keeps no zeros.
  const large = [];
  for (const megabytes of [150, 151, 152, 153]) {
    const path = join(root, `large-${megabytes}.bin`);
    await writeFile(path, "");
    await truncate(path, megabytes << 20);
    large.push(path);
  }
  const lost = join(root, "lost.png");
  const bytes = png([120, 40, 160]);
  await writeFile(lost, bytes);
  // The browser takes a file of another time for another file.
  const then = new Date("2026-01-02T03:04:05Z");
  await utimes(lost, then, then);
  await addFiles(app, [...large, lost]);
  const arrival = (name) => app.page.getByRole("article", { name: `${name}, on its way` });
  const first = arrival("large-150.bin");
  await first.and(app.page.locator('[data-arrival-state="coming"]')).waitFor();
  await arrival("lost.png").and(app.page.locator('[data-arrival-state="waiting"]')).waitFor();
  await rm(lost);
  // Its figures grow.
  const percent = () => first.getByRole("progressbar").getAttribute("aria-valuenow").then(Number);
  await app.page.waitForFunction(() => Number(document.querySelector('[role="progressbar"]')?.ariaValueNow) > 0);
  assert.ok((await percent()) < 100);
  await fit(app);
  for (const path of large) await arrival(path.slice(root.length + 1)).getByRole("button", { name: "Cancel" }).click();
  const failed = arrival("lost.png");
  await failed.getByRole("alert").waitFor();
  assert.equal(await app.page.locator("[data-arrival]").count(), 1, "what was called off is gone");
  assert.equal(await app.canvas.nodeCount(), 0);
  assert.match(await failed.getByRole("alert").innerText(), /Not added[\s\S]*Put it back, then try again/);
  await writeFile(lost, bytes);
  await utimes(lost, then, then);
  await failed.getByRole("button", { name: "Try again" }).click();
  await haveNodes(app, 1);
  assert.deepEqual(Object.keys(await storedAssets(app.page)), ["lost.png"]);
  const left = await app.page.evaluate(async () => {
    const atelier = await (await navigator.storage.getDirectory()).getDirectoryHandle("atelier");
    const staging = await atelier.getDirectoryHandle("staging", { create: true });
    return Array.fromAsync(staging.keys());
  });
  assert.deepEqual(left, [], "nothing stays of what was called off");
});
