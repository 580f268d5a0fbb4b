// What a package brings is staged while the package is checked, so that it is read once only. Until the user has said "Import" it is nobody's.

import assert from "node:assert/strict";
import { randomBytes } from "node:crypto";
import { after, test } from "node:test";
import { address, open } from "./support/app.mjs";
import { closeBrowser, freshContext } from "./support/browser.mjs";
import { allowance } from "./support/disk.mjs";
import { png } from "./support/files.mjs";
import { haveNodes, storedAssets } from "./support/media.mjs";
import { importButton, lookedOver } from "./support/packages.mjs";
import { mediaOnDisk, storedRows } from "./support/stored.mjs";
import { privateFiles } from "./support/workers.mjs";
import { packageOf } from "./support/zip.mjs";

after(closeBrowser);

const MB = 1_000_000;
const { origin } = new URL(address);

/** Different pictures of so many bytes. A browser shows them, whatever follows their end. */
const photos = (count, bytes = 300_000) =>
  Array.from({ length: count }, (_, number) => Buffer.concat([png([10 * number, 90, 160]), randomBytes(bytes)]));

const staged = async (page) => (await privateFiles(page)).filter((path) => path.startsWith("atelier/staging/"));
const kept = async (page) => (await privateFiles(page)).filter((path) => path.startsWith("atelier/assets/"));

/** Waits until nothing is staged any more: what nobody wants goes beside everything else. */
async function unstaged(page) {
  for (let tries = 0; (await staged(page)).length > 0; tries++) {
    assert.ok(tries < 100, "what was staged stays");
    await page.waitForTimeout(50);
  }
}

/** All that came in is what it should be, and shown. */
async function shows(app, pictures) {
  await haveNodes(app, pictures.length);
  const assets = Object.values(await storedAssets(app.page));
  const files = await mediaOnDisk(app.page, assets.map(({ path }) => path));
  assert.deepEqual(assets.map(({ path, hash }) => files[path]?.hash === hash), pictures.map(() => true));
  assert.ok(assets.every(({ width, height }) => width === 320 && height === 240), "each was looked at");
  // Of many only shapes are drawn.
  if (pictures.length < 5) await app.page.locator('img[data-loaded="true"]').nth(pictures.length - 1).waitFor();
}

test("media are staged while a package is checked, and have no row before the user's word", async (t) => {
  const app = await open(t);
  const pictures = photos(3);
  const report = await lookedOver(app, "a.genaiw.zip", packageOf("Photos", pictures));
  assert.ok(report.valid, report.text);
  assert.equal((await staged(app.page)).length, 3);
  assert.deepEqual(await kept(app.page), []);
  assert.deepEqual(await storedRows(app.page, "assets"), []);

  await importButton(app).click();
  await shows(app, pictures);
  assert.equal((await kept(app.page)).length, 3);
  assert.deepEqual(await staged(app.page), [], "they were moved");
});

test("nothing stays of a package that doesn't come in", async (t) => {
  const app = await open(t);
  const bytes = packageOf("Photos", photos(3));
  assert.ok((await lookedOver(app, "a.genaiw.zip", bytes)).valid);
  await app.importDialog.getByRole("button", { name: "Cancel" }).click();
  await unstaged(app.page);
  assert.deepEqual(await privateFiles(app.page), []);

  // Of one that is refused nothing is left even while it is shown why.
  const broken = Buffer.from(bytes);
  broken[broken.length >> 1] ^= 1;
  const report = await lookedOver(app, "b.genaiw.zip", broken);
  assert.deepEqual([report.valid, report.reason], [false, "entry-damaged"], report.text);
  assert.deepEqual(await privateFiles(app.page), []);
  await app.importDialog.getByRole("button", { name: "Import without the damaged parts" }).click();
  await haveNodes(app, 3);
  assert.equal((await kept(app.page)).length, 2);
  await unstaged(app.page);
});

test("a long package is staged by two workers", async (t) => {
  const app = await open(t);
  const pictures = photos(9, 4 * MB);
  const report = await lookedOver(app, "a.genaiw.zip", packageOf("Photos", pictures));
  assert.ok(report.valid, report.text);
  assert.equal((await staged(app.page)).length, 9);
  await importButton(app).click();
  await shows(app, pictures);
  assert.deepEqual(await staged(app.page), []);
});

test("what is here already is not staged again", async (t) => {
  const app = await open(t);
  const pictures = photos(2);
  const bytes = packageOf("Photos", pictures);
  await lookedOver(app, "a.genaiw.zip", bytes);
  await importButton(app).click();
  await shows(app, pictures);
  const more = photos(3).slice(2);
  assert.ok((await lookedOver(app, "b.genaiw.zip", packageOf("More", [...pictures, ...more]))).valid);
  assert.equal((await staged(app.page)).length, 1);
  await importButton(app).click();
  await haveNodes(app, 3);
  assert.equal((await kept(app.page)).length, 3);
});

test("what was staged and is gone meanwhile comes from the package", async (t) => {
  const app = await open(t);
  const pictures = photos(3);
  assert.ok((await lookedOver(app, "a.genaiw.zip", packageOf("Photos", pictures))).valid);
  // As another tab does that sweeps.
  await app.page.evaluate(async (paths) => {
    const atelier = await (await navigator.storage.getDirectory()).getDirectoryHandle("atelier");
    const staging = await atelier.getDirectoryHandle("staging");
    for (const path of paths) await staging.removeEntry(path.split("/").at(-1));
  }, (await staged(app.page)).slice(1));
  await importButton(app).click();
  await shows(app, pictures);
});

test("where there is little room a package is checked without staging anything", async (t) => {
  const context = await freshContext(t);
  await context.addInitScript(() => {
    StorageManager.prototype.estimate = async () => ({ usage: 0, quota: 60_000_000 });
  });
  const app = await open(t, context);
  const pictures = photos(3);
  const report = await lookedOver(app, "a.genaiw.zip", packageOf("Photos", pictures));
  assert.ok(report.valid, report.text);
  assert.deepEqual(await privateFiles(app.page), []);
  await importButton(app).click();
  await shows(app, pictures);
});

test("a package for which there turns out to be no room is checked all the same, and takes none", async (t) => {
  const context = await freshContext(t);
  const app = await open(t, context);
  const allow = await allowance(app.page);
  await allow(origin, 10 * MB);
  const report = await lookedOver(app, "a.genaiw.zip", packageOf("Photos", photos(9, 4 * MB)));
  assert.ok(report.valid, report.text);
  assert.deepEqual(await privateFiles(app.page), []);
  await importButton(app).click();
  await app.page.getByRole("region", { name: "Notifications" }).getByText(/free some space/).waitFor();
  await allow(origin);
  assert.deepEqual(await storedRows(app.page, "assets"), []);
  assert.deepEqual(await storedRows(app.page, "nodes"), []);
});

test("a tab that dies while it asks leaves what the next start sweeps", async (t) => {
  const app = await open(t);
  assert.ok((await lookedOver(app, "a.genaiw.zip", packageOf("Photos", photos(3)))).valid);
  assert.equal((await staged(app.page)).length, 3);
  await app.reload();
  // It sweeps half a minute after its start.
  const deadline = Date.now() + 60_000;
  while ((await staged(app.page)).length > 0) {
    assert.ok(Date.now() < deadline, "what was staged stays");
    await app.page.waitForTimeout(1000);
  }
  assert.deepEqual(await privateFiles(app.page), []);
});
