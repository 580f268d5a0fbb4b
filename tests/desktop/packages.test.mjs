// Packages in the desktop window: opened from the command line, saved through the system's dialog, with what is only linked.

import assert from "node:assert/strict";
import { chmod, mkdir, readFile, readdir, writeFile } from "node:fs/promises";
import { createServer } from "node:http";
import { join } from "node:path";
import { after, test } from "node:test";
import { open } from "../browser/support/app.mjs";
import { closeBrowser } from "../browser/support/browser.mjs";
import { png } from "../browser/support/files.mjs";
import { haveNodes } from "../browser/support/media.mjs";
import { importButton, lookedOver, saved, withPictures } from "../browser/support/packages.mjs";
import { storedRows } from "../browser/support/stored.mjs";
import { packageOf } from "../browser/support/zip.mjs";
import { dataFolder, start, startAgain } from "./support/window.mjs";

after(closeBrowser);

const DIALOG = `document.querySelector('[role="dialog"]')`;
const hasNodes = (count) => `document.querySelector('[data-canvas][data-node-count="${count}"]') !== null`;
/** Where the window says that it has saved something. */
const SAVED_AS = `document.querySelector('[aria-label="Notifications"]')?.innerText.match(/Saved as (.*)/)?.[1]`;

/**
 * Presses the first button of this name that can be pressed, in the open dialog if there is one. A question may be asked twice, so it is pressed once: `turn` tells
 * one press from the next.
 */
const press = (name, turn = 0) => `(() => {
  const named = (button) => (button.getAttribute("aria-label") ?? button.innerText.trim()) === ${JSON.stringify(name)};
  const within = ${DIALOG} ?? document;
  const button = [...within.querySelectorAll("button")].find((button) => named(button) && !button.disabled);
  window.pressed ??= new Set();
  const key = ${JSON.stringify(name)} + ${turn};
  if (window.pressed.has(key)) return true;
  if (!button) return false;
  window.pressed.add(key);
  button.click();
  return true;
})()`;

/**
 * What gives the app a dialog for files that answers with this path, in the place of the desktop's. "": it is called off, as by a
 * person, after a moment.
 */
async function withSaveDialog(folder, answer) {
  const programs = join(folder, "programs");
  await mkdir(programs, { recursive: true });
  await writeFile(join(programs, "zenity"), answer ? `#!/bin/sh\necho '${answer}'\n` : "#!/bin/sh\nsleep 1\nexit 1\n");
  await chmod(join(programs, "zenity"), 0o755);
  // Nor is there a desktop that would answer instead.
  return { PATH: `${programs}:${process.env.PATH}`, DBUS_SESSION_BUS_ADDRESS: "unix:path=/nowhere" };
}

/** Starts the app with a package, and brings that in. */
async function openPackage(t, folder, file, nodes, more = {}) {
  const window = await start(t, folder, more, [file]);
  await window.until(`${DIALOG}?.querySelector('[data-import-report][data-valid="true"]') != null`);
  await window.until(press("Import"));
  await window.until(hasNodes(nodes));
  await window.saved();
  return window;
}

/** Opens the dialog to export what is open, and waits until it is known what goes out. */
async function exportDialog(window) {
  await window.until(press("Export"));
  await window.until(`${DIALOG}?.querySelector("[data-export-bytes]") != null`);
}

/** A server with one picture. */
async function gallery(t, picture) {
  const server = createServer((request, response) => {
    const there = request.url === "/there.png";
    response.writeHead(there ? 200 : 404, { "content-type": "image/png" }).end(there ? picture : "");
  });
  await new Promise((done) => server.listen(0, "127.0.0.1", done));
  t.after(() => server.close());
  return `http://127.0.0.1:${server.address().port}`;
}

test("a package is opened by an argument, also by one to a second start", async (t) => {
  const folder = await dataFolder(t);
  const files = [join(folder, "first.genaiw.zip"), join(folder, "second.genaiw (1).zip")];
  await writeFile(files[0], packageOf("Harbour", [png([200, 60, 60]), png([60, 60, 200])]));
  await writeFile(files[1], packageOf("Quay", [png([60, 200, 60])]));
  const window = await openPackage(t, join(folder, "data"), files[0], 2);
  const items = `[...document.querySelectorAll("[data-workflow-id] .name")].map((name) => name.innerText).sort().join()`;
  assert.equal(await window.ask(items), "Harbour");
  await window.until(`document.querySelectorAll('img[data-asset-id][data-loaded="true"]').length === 2`);
  assert.equal((await readdir(join(folder, "data/atelier/assets/image"))).length, 2);

  assert.equal(await startAgain(t, join(folder, "data"), files[1]), 0, "the first process takes it over");
  await window.until(`${DIALOG}?.querySelector('[data-import-report][data-valid="true"]') != null`);
  await window.until(press("Import", 1));
  await window.until(hasNodes(1));
  assert.equal(await window.ask(items), "Harbour,Quay");
});

test("what is only linked can be downloaded and kept", async (t) => {
  const picture = png([20, 160, 90], 64, 48);
  const host = await gallery(t, picture);
  const folder = await dataFolder(t);
  const file = join(folder, "linked.genaiw.zip");
  await writeFile(file, packageOf("Linked", [`${host}/there.png`]));
  const window = await openPackage(t, join(folder, "data"), file, 1);
  await window.until(press("Download"));
  await window.until(`document.querySelector('[data-node-id] img[data-asset-id][data-loaded="true"]') !== null`);
  await window.saved();
  const images = join(folder, "data/atelier/assets/image");
  const [kept] = await readdir(images);
  assert.deepEqual(await readFile(join(images, kept)), picture);
});

test("an export asks where to, takes originals along, and says what stays a link", async (t) => {
  const picture = png([20, 160, 90], 64, 48);
  const host = await gallery(t, picture);
  const folder = await dataFolder(t);
  const [file, target] = [join(folder, "linked.genaiw.zip"), join(folder, "out.genaiw.zip")];
  await writeFile(file, packageOf("Linked", [`${host}/there.png`, `${host}/gone.png`]));
  const window = await openPackage(t, join(folder, "data"), file, 2, await withSaveDialog(folder, ""));
  await exportDialog(window);
  await window.until(press("Save package"));
  // The dialog of the system's is called off after a second: then everything is as before.
  await window.until(`[...${DIALOG}.querySelectorAll("button")].some((button) => button.innerText === "Save package" && button.disabled)`);
  await window.until(`[...${DIALOG}.querySelectorAll("button")].some((button) => button.innerText === "Save package" && !button.disabled)`);
  await withSaveDialog(folder, target);
  await window.until(`(${DIALOG}.querySelector('input[type="checkbox"]').checked || ${DIALOG}.querySelector('input[type="checkbox"]').click(), ${DIALOG}.querySelector('input[type="checkbox"]').checked)`);
  await window.until(press("Save package", 1));
  assert.equal(await window.until(SAVED_AS), target);
  const said = await window.ask(`document.querySelector('[aria-label="Notifications"]').innerText`);
  assert.ok(said.includes(`${host}/gone.png (its server answers 404)`), said);
  const bytes = await readFile(target);
  assert.ok(bytes.includes(picture), "what was there is in the package");
  assert.deepEqual((await readdir(folder)).filter((name) => name.includes("part")), []);
});

test("where the system has no dialog, a package goes among the downloads", async (t) => {
  const folder = await dataFolder(t);
  const file = join(folder, "a.genaiw.zip");
  await writeFile(file, packageOf("Harbour", [png([200, 60, 60])]));
  const home = join(folder, "home");
  await mkdir(join(home, "Downloads"), { recursive: true });
  await mkdir(join(home, "config"));
  await writeFile(join(home, "config/user-dirs.dirs"), 'XDG_DOWNLOAD_DIR="$HOME/Downloads"\n');
  const nothing = join(folder, "nothing");
  await mkdir(nothing);
  const more = { HOME: home, XDG_CONFIG_HOME: join(home, "config"), PATH: nothing, DBUS_SESSION_BUS_ADDRESS: "unix:path=/nowhere" };
  const window = await openPackage(t, join(folder, "data"), file, 1, more);
  for (const [turn, name] of ["Harbour.genaiw.zip", "Harbour (1).genaiw.zip"].entries()) {
    await window.until(press("Export", turn));
    await window.until(`${DIALOG}?.querySelector("[data-export-bytes]") != null`);
    await window.until(press("Save package", turn));
    await window.until(`${DIALOG} === null`);
    for (const end = Date.now() + 10_000; !(await readdir(join(home, "Downloads"))).includes(name); ) assert.ok(Date.now() < end, name);
  }
});

const WEB = process.env.ATELIER_URL;

test("a workflow goes from a page to a window and back, and is the same", { skip: WEB ? false : "ATELIER_URL names no page" }, async (t) => {
  const here = await open(t);
  await withPictures(here);
  const { bytes } = await saved(here);
  const folder = await dataFolder(t);
  const [there, back] = [join(folder, "there.genaiw.zip"), join(folder, "back.genaiw.zip")];
  await writeFile(there, bytes);
  const window = await openPackage(t, join(folder, "data"), there, 2, await withSaveDialog(folder, back));
  await exportDialog(window);
  await window.until(press("Save package"));
  assert.equal(await window.until(SAVED_AS), back);

  const again = await open(t);
  const report = await lookedOver(again, "back.genaiw.zip", await readFile(back));
  assert.ok(report.valid, report.text);
  await importButton(again).click();
  await haveNodes(again, 2);
  assert.deepEqual(await shown(again), await shown(here));
});

/** What a workflow is, whatever its ids: its name, and each node with the hash of what it shows. */
async function shown(app) {
  const rows = await storedRows(app.page);
  const assets = rows.assets.map(({ value }) => JSON.parse(value.row));
  const hashes = new Map(assets.map(({ id, hash }) => [id, hash]));
  const nodes = Object.values(await app.canvas.nodes()).map(({ type, x, y }) => ({ type, x, y }));
  const used = rows.nodes.map(({ value }) => [...hashes].filter(([id]) => value.text.includes(id)).map(([, hash]) => hash));
  const by = (value) => JSON.stringify(value);
  return {
    name: await app.workflows.locator(".name").allInnerTexts(),
    nodes: nodes.sort((one, other) => by(one).localeCompare(by(other))),
    used: used.map((hashes) => hashes.sort()).sort(),
    hashes: [...hashes.values()].sort(),
  };
}
