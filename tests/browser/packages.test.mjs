// Packages: one workflow, one file, out through the page and in again.

import assert from "node:assert/strict";
import { readdir, readFile } from "node:fs/promises";
import { basename, join } from "node:path";
import { after, test } from "node:test";
import { open } from "./support/app.mjs";
import { closeBrowser } from "./support/browser.mjs";
import { file } from "./support/files.mjs";
import { addMedia, haveNodes, storedAssets } from "./support/media.mjs";
import { PICTURES, importButton, lookedOver, packaged, saved, withPictures } from "./support/packages.mjs";
import { storedRows, writeRow } from "./support/stored.mjs";
import { archive, packageOf } from "./support/zip.mjs";

after(closeBrowser);

test("a workflow with its pictures goes out as one file, and comes in elsewhere with all that it has", async (t) => {
  const here = await open(t);
  await withPictures(here);
  const { name, bytes } = await saved(here);
  assert.match(name, /\.genaiw\.zip$/);
  assert.deepEqual((await saved(here)).bytes, bytes, "the same workflow is the same bytes");
  const mine = await storedAssets(here.page);

  const there = await open(t);
  const report = await lookedOver(there, name, bytes);
  assert.deepEqual([report.valid, report.nodes, report.edges, report.assets], [true, "2", "0", "2"], report.text);
  assert.deepEqual(await storedRows(there.page, "nodes"), [], "nothing is written before the button is pressed");
  assert.deepEqual(await storedRows(there.page, "assets"), []);
  await importButton(there).click();
  await haveNodes(there, 2);
  await there.saved();
  await there.reload();
  await haveNodes(there, 2);
  const hashes = (assets) => Object.values(assets).map(({ hash }) => hash).sort();
  assert.deepEqual(hashes(await storedAssets(there.page)), hashes(mine));
  await there.page.locator('img[data-loaded="true"]').nth(1).waitFor();
  assert.deepEqual(there.foreign, []);
});

test("a package whose workflow is here comes in as a copy, and its media are kept once", async (t) => {
  const app = await open(t);
  await withPictures(app);
  const { name, bytes } = await saved(app);
  const report = await lookedOver(app, name, bytes);
  assert.ok(report.valid, report.text);
  await importButton(app).click();
  await app.workflows.nth(1).waitFor();
  await app.saved();
  assert.equal((await storedRows(app.page, "nodes")).length, 4);
  assert.equal((await storedRows(app.page, "assets")).length, 2);
});

test("a package updates its workflow, and all of that is undone at once", async (t) => {
  const app = await open(t);
  await withPictures(app);
  const { name, bytes } = await saved(app);
  const update = async () => {
    await lookedOver(app, name, bytes);
    await app.importDialog.getByRole("radio", { name: "Update yours" }).check();
    await importButton(app).click();
  };
  const nodes = () => app.page.locator("[data-node-id]");
  // What was deleted comes back with the update, and goes again when that is undone.
  await nodes().first().click();
  await app.page.keyboard.press("Delete");
  await haveNodes(app, 1);
  await update();
  await haveNodes(app, 2);
  await app.page.locator(".toast", { hasText: "updated" }).getByRole("button", { name: "Undo" }).click();
  await haveNodes(app, 1);
  await app.saved();
  await app.reload();
  await haveNodes(app, 1);
  assert.equal((await app.workflowIds()).length, 1);

  await update();
  await haveNodes(app, 2);
  await update();
  await app.page.locator(".toast", { hasText: "nothing has changed" }).waitFor();
});

/** All of the library: each workflow's name, and what its nodes are and show, by hash, in some order. */
async function everything(app) {
  const rows = await storedRows(app.page);
  const assets = new Map(rows.assets.map(({ value }) => JSON.parse(value.row)).map(({ id, hash }) => [id, hash]));
  const names = await app.workflows.locator(".name").allInnerTexts();
  const nodes = rows.nodes.map(({ key, value }) => {
    const ids = new Set([...value.text.matchAll(/[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}/g)].map(([id]) => id));
    return { workflow: key[0], hashes: [...ids].flatMap((id) => assets.get(id) ?? []).sort().join() };
  });
  const shown = (id) => nodes.filter(({ workflow }) => workflow === id).map(({ hashes }) => hashes).sort();
  const media = [...new Set(nodes.map(({ workflow }) => workflow))].map(shown).sort();
  return { names: names.sort(), media, hashes: [...assets.values()].sort(), edges: rows.edges.length };
}

test("all workflows are backed up in one file, and come back elsewhere", async (t) => {
  const here = await open(t);
  for (const pictures of [["red.png", "blue.png"], ["blue.png"], []]) {
    await here.newWorkflow();
    if (pictures.length > 0) await addMedia(here, pictures.map((name) => file(name, PICTURES[name])));
    await here.saved();
  }
  // Two of them have one name: they stay two, and keep it.
  const [one, other] = await here.workflowIds();
  const name = await here.page.locator(`[data-workflow-id="${other}"] .name`).innerText();
  await here.fromMenu(one, "Rename");
  await here.page.keyboard.press("ControlOrMeta+a");
  await here.page.keyboard.type(name);
  await here.page.keyboard.press("Enter");
  await here.saved();
  const backUp = async () => {
    await here.button("Export").first().click();
    await here.page.getByRole("dialog", { name: "Export" }).getByRole("button", { name: "Back up all workflows" }).click();
    const dialog = here.page.getByRole("dialog", { name: "Back up all workflows" });
    await dialog.locator('[data-backup-workflows="3"][data-export-assets="3"]').waitFor();
    const [download] = await Promise.all([
      here.page.waitForEvent("download"),
      dialog.getByRole("button", { name: "Save backup" }).click(),
    ]);
    await dialog.waitFor({ state: "detached" });
    assert.match(download.suggestedFilename(), /^Atelier \d{4}-\d\d-\d\d\.genaiw-backup\.zip$/);
    return readFile(await download.path());
  };
  const bytes = await backUp();
  assert.deepEqual(await backUp(), bytes, "the same workflows are the same bytes");

  // One of them is left out.
  await here.button("Export").first().click();
  await here.page.getByRole("dialog", { name: "Export" }).getByRole("button", { name: "Back up all workflows" }).click();
  const choosing = here.page.getByRole("dialog", { name: "Back up all workflows" });
  const boxes = choosing.getByRole("group", { name: "Workflows to back up" }).getByRole("checkbox");
  await boxes.nth(3).uncheck();
  await choosing.locator('[data-backup-workflows="2"]').waitFor();
  assert.equal(await boxes.first().isChecked(), false, "not all of them");
  const lines = await boxes.evaluateAll((all) => all.map((box) => box.getBoundingClientRect().left));
  assert.equal(new Set(lines).size, 1, "they stand below each other");
  await boxes.first().check();
  await choosing.locator('[data-backup-workflows="3"]').waitFor();
  await here.page.keyboard.press("Escape");

  const there = await open(t);
  await there.chooseFiles(packaged("mine.genaiw-backup.zip", bytes));
  const reports = await there.importReports(3);
  assert.deepEqual(reports.map(({ valid, nodes, assets }) => [valid, nodes, assets]).sort(), [[true, 0, 0], [true, 1, 1], [true, 2, 2]]);
  assert.deepEqual(await storedRows(there.page, "nodes"), [], "nothing is written before the button is pressed");
  await importButton(there).click();
  await there.workflows.nth(2).waitFor();
  await there.saved();
  assert.deepEqual(await everything(there), await everything(here));
  await there.reload();
  assert.deepEqual(await everything(there), await everything(here));

  // What they were, they are: by their ids too, so that restoring them once more makes nothing twice.
  assert.deepEqual((await there.workflowIds()).sort(), (await here.workflowIds()).sort());
  await there.chooseFiles(packaged("mine.genaiw-backup.zip", bytes));
  await there.importReports(3);
  assert.equal(await importButton(there).isDisabled(), true, "all of them are here, and nothing was chosen");
  const [first] = await there.importDialog.getByRole("radiogroup", { name: "This workflow is here already" }).all();
  assert.equal(await first.getByRole("radio", { name: /Leave yours/ }).isChecked(), true);
  await first.getByRole("radio", { name: /Import a copy/ }).check();
  await importButton(there).click();
  await there.workflows.nth(3).waitFor();
  assert.equal(await there.workflows.count(), 4);
  await there.saved();

  // One that was deleted meanwhile comes back.
  const [gone] = (await here.workflowIds()).filter((id) => id);
  await there.fromMenu(gone, "Delete");
  await there.page.locator(`[data-workflow-id="${gone}"]`).waitFor({ state: "detached" });
  await there.chooseFiles(packaged("mine.genaiw-backup.zip", bytes));
  await there.importReports(3);
  await importButton(there).click();
  await there.page.locator(`[data-workflow-id="${gone}"]`).waitFor();

  // One of them is damaged: it is named, and the others come in.
  const spoiled = Buffer.from(bytes);
  spoiled[spoiled.indexOf(PICTURES["red.png"]) + 40] ^= 1;
  const third = await open(t);
  await third.chooseFiles(packaged("spoiled.genaiw-backup.zip", spoiled));
  const found = await third.importReports(3);
  assert.deepEqual(found.filter(({ valid }) => !valid).map(({ reason }) => reason), ["entry-damaged"]);
  await importButton(third).click();
  await third.workflows.nth(1).waitFor();
  await third.saved();
  assert.equal((await storedRows(third.page, "assets")).length, 1);
  assert.deepEqual([...here.foreign, ...there.foreign], []);
});

test("what is in a backup and is no package is said", async (t) => {
  const app = await open(t);
  const entries = { "a.genaiw.zip": packageOf("A", []), "notes.txt": Buffer.from("x"), "list.csv": Buffer.from("y") };
  await app.chooseFiles(packaged("mine.genaiw-backup.zip", archive(entries)));
  assert.deepEqual((await app.importReports(1)).map(({ valid }) => valid), [true]);
  const ignored = app.importDialog.locator('[data-ignored="2"]');
  assert.match(await ignored.innerText(), /2 entries of mine\.genaiw-backup\.zip are ignored: .*notes\.txt/);
});

test("a node of another program shows its picture like one of ours", async (t) => {
  const app = await open(t);
  await withPictures(app);
  for (const { key, value } of await storedRows(app.page, "nodes")) {
    await writeRow(app.page, "nodes", key, { ...value, text: value.text.replace('"image-file"', '"comfy.LoadImage"') });
  }
  await app.reload();
  await app.page.locator('[data-node-type="comfy.LoadImage"] img[data-asset-id][data-loaded="true"]').nth(1).waitFor();
  await app.page.locator("[data-node-id] .media").first().dblclick();
  await app.page.getByRole("dialog").locator("img").first().waitFor();
});

test("what is damaged is refused with a reason, and leaves nothing", async (t) => {
  const here = await open(t);
  await withPictures(here);
  const { bytes } = await saved(here);
  const there = await open(t);
  const flipped = Buffer.from(bytes);
  const at = bytes.indexOf(PICTURES["red.png"]);
  assert.ok(at > 0, "a picture is in the package as it is");
  flipped[at + 40] ^= 1;
  const spoiled = {
    "flipped": flipped,
    "cut": bytes.subarray(0, bytes.length - 30),
    "noise": Buffer.from(Array.from({ length: 500 }, (_, index) => (index * 37 + 11) % 251)),
    "empty": Buffer.alloc(0),
    "prefixed": Buffer.concat([Buffer.from("#!/bin/sh\n"), bytes]),
    "followed": Buffer.concat([bytes, Buffer.from("more")]),
  };
  await there.button("Import").first().focus();
  for (const [name, buffer] of Object.entries(spoiled)) {
    const report = await lookedOver(there, `${name}.genaiw.zip`, buffer);
    assert.equal(report.valid, false, name);
    assert.match(report.reason, /^[a-z0-9]+(-[a-z0-9]+)*$/, name);
    assert.ok(await importButton(there).isDisabled(), name);
    await there.importDialog.getByRole("button", { name: "Cancel" }).click();
    await there.importDialog.waitFor({ state: "detached" });
  }
  assert.ok(await there.page.evaluate(() => document.activeElement !== document.body), "the focus is back where it was");
  for (const table of ["workflows", "nodes", "assets", "blobs"]) assert.deepEqual(await storedRows(there.page, table), [], table);
});

test("the sound part of a package with a damaged picture can come in", async (t) => {
  const here = await open(t);
  await withPictures(here);
  const { bytes } = await saved(here);
  const there = await open(t);
  bytes[bytes.indexOf(PICTURES["red.png"]) + 40] ^= 1;
  const report = await lookedOver(there, "flipped.genaiw.zip", bytes);
  assert.equal(report.valid, false);
  await there.importDialog.getByRole("button", { name: "Import without the damaged parts" }).click();
  await haveNodes(there, 2);
  await there.saved();
  assert.deepEqual(Object.values(await storedAssets(there.page)).map(({ bytes }) => bytes), [PICTURES["blue.png"].length]);
});

// A folder of packages, each beside `<name>.expect.json`, from another writer.
const FOLDER = process.env.ATELIER_PACKAGES;

test("packages of another writer are what they are said to be", { skip: FOLDER ? false : "ATELIER_PACKAGES names no folder" }, async (t) => {
  const packages = (await readdir(FOLDER)).filter((name) => name.endsWith(".genaiw.zip")).sort();
  assert.ok(packages.length > 0, "there is none");
  for (const name of packages) {
    await t.test(name, async (t) => {
      const expected = JSON.parse(await readFile(join(FOLDER, `${basename(name, ".genaiw.zip")}.expect.json`)));
      const app = await open(t);
      const report = await lookedOver(app, name, await readFile(join(FOLDER, name)));
      assert.equal(report.valid, expected.valid, report.text);
      if (!expected.valid) {
        assert.ok([expected.reason, ...expected.also].includes(report.reason), `${report.reason}: ${report.text}`);
        return;
      }
      const { workflow, assets } = expected;
      assert.equal(Number(report.nodes), workflow.nodes);
      assert.equal(Number(report.edges), workflow.edges);
      assert.equal(Number(report.assets), assets.embedded + assets.url);
      await importButton(app).click();
      await haveNodes(app, workflow.nodes);
      await app.saved();
      const rows = (await storedRows(app.page, "assets")).map(({ value }) => JSON.parse(value.row));
      assert.deepEqual(rows.map(({ hash }) => hash.replace("sha256-", "")).sort(), assets.sha256);
      assert.deepEqual(app.foreign, []);
    });
  }
});
