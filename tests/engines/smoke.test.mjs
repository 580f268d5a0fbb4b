// A day with Atelier in short, in the engine that ATELIER_ENGINE names: what is made is kept, shown elsewhere, and taken along.

import assert from "node:assert/strict";
import { readdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { test } from "node:test";
import { png } from "../browser/support/files.mjs";
import { PROMPT } from "../browser/support/kinds.mjs";
import { storedRows } from "../browser/support/stored.mjs";
import { engine, launch } from "./support/engines.mjs";
import { Studio } from "./support/studio.mjs";

/** Without a letter of four bytes: WebKit's driver has no key for one. */
const TEXT = "Ein Leuchtturm — 灯台";

/** What an engine has. docs/browsers.md tells what the app does without. */
const HAS = {
  chromium: { OPFS: "yes", place: "opfs" },
  firefox: { OPFS: "yes", place: "opfs" },
  webkit: { OPFS: "no", place: "idb" },
}[engine];

/** A node with a text. */
async function workshop(t) {
  const browser = await launch(t);
  const studio = await Studio.open(browser.first);
  await studio.newWorkflow();
  const node = await studio.add(PROMPT.query);
  await studio.write(TEXT);
  await studio.saved();
  return { browser, studio, node };
}

/** Brings a picture in, from the disk. */
async function addPicture(browser, studio, name, nodes) {
  const path = join(browser.downloads, name);
  await writeFile(path, png([200, 60, 60]));
  await studio.page.chooseFiles("input[type=file][data-media]", [path]);
  await studio.haveNodes(nodes);
  await studio.saved();
}

test(`${engine}: what is made and changed is there after a reload`, async (t) => {
  const { studio, node } = await workshop(t);
  const before = await studio.node(node);
  await studio.drag(node, 60, 40);
  await studio.saved();
  const after = await studio.node(node);
  assert(after.x - before.x > 10 && after.y - before.y > 10, "it was moved");
  assert(after.text.includes(TEXT), "and shows its text");
  await studio.reload();
  await studio.shows(node, after);
});

test(`${engine}: an edit in the very task in which the page goes is not lost`, async (t) => {
  const { studio, node } = await workshop(t);
  const before = await studio.node(node);
  for (let round = 1; round <= 10; round++) {
    await studio.page.leave((id) => {
      document.querySelector("[data-canvas]").focus();
      const header = document.querySelector(`[data-node-id="${id}"] [data-part="header"]`);
      const { x, y } = header.getBoundingClientRect();
      const pointer = { pointerId: 1, pointerType: "mouse", isPrimary: true, bubbles: true, clientX: x + 9, clientY: y + 9, button: 0 };
      header.dispatchEvent(new PointerEvent("pointerdown", { ...pointer, buttons: 1 }));
      header.dispatchEvent(new PointerEvent("pointerup", { ...pointer, buttons: 0 }));
      const key = { key: "ArrowRight", code: "ArrowRight", bubbles: true, cancelable: true };
      document.querySelector("[data-canvas]").dispatchEvent(new KeyboardEvent("keydown", key));
      location.reload();
    }, node);
    await studio.ready();
    const { x } = await studio.page.waitFor((id) => ({ ...document.querySelector(`[data-node-id="${id}"]`)?.dataset }), node);
    assert(Number(x) > before.x, `round ${round}: it is where it was`);
    before.x = Number(x);
  }
});

test(`${engine}: what one tab does is shown in the other, both ways`, async (t) => {
  const { browser, studio: here, node } = await workshop(t);
  const there = await Studio.open(await browser.newPage());
  await there.shows(node, await here.node(node));
  await here.drag(node, 50, 30);
  await there.shows(node, await here.node(node));
  await there.drag(node, -20, 60);
  await here.shows(node, await there.node(node));
});

test(`${engine}: a picture comes in, is kept where the engine can, and is there after a reload`, async (t) => {
  const { browser, studio } = await workshop(t);
  await addPicture(browser, studio, "red.png", 2);
  await studio.showsPicture(320);
  const [asset] = (await storedRows(studio.page, "assets")).map(({ value }) => JSON.parse(value.row));
  assert.equal(asset.kind, HAS.place);
  await studio.reload();
  await studio.showsPicture(320);
  const facts = await studio.facts();
  for (const name of ["IndexedDB", "Workers", "Locks", "BroadcastChannel"]) assert.equal(facts[name], "yes", name);
  assert.equal(facts.OPFS, HAS.OPFS);
});

test(`${engine}: a workflow goes out as one file, and comes in elsewhere with all that it has`, async (t) => {
  const { browser, studio: here, node } = await workshop(t);
  await addPicture(browser, here, "red.png", 2);
  await here.showsPicture(320);
  const shown = await here.node(node);
  await here.page.click("button", "Export");
  await here.page.find('[role="dialog"] [data-export-assets="1"]');
  await here.page.click('[role="dialog"] button', "Save package");
  const path = await downloaded(browser);

  const there = await Studio.open((await launch(t)).first);
  await there.page.chooseFiles("input[type=file][data-import]", [path]);
  await there.page.find('[data-import-report][data-valid="true"][data-nodes="2"][data-assets="1"]');
  await there.page.click('[role="dialog"] button', "Import");
  await there.haveNodes(2);
  await there.saved();
  await there.reload();
  await there.showsPicture(320);
  // Ids are new where it comes in.
  const ids = await there.nodes();
  const found = await Promise.all(ids.map((id) => there.node(id)));
  assert.deepEqual(found.find(({ text }) => text.includes(TEXT)), shown);
});

/** The package that was downloaded, once it is whole. */
async function downloaded({ downloads, first }) {
  for (let tries = 0; tries < 200; tries++) {
    const names = await readdir(downloads);
    const name = names.find((name) => name.endsWith(".genaiw.zip"));
    if (name && !names.some((name) => /\.(crdownload|part|wkdownload)$/.test(name))) return join(downloads, name);
    await new Promise((next) => setTimeout(next, 100));
  }
  throw new Error(`nothing was downloaded; the page shows:\n${await first.text()}`);
}
