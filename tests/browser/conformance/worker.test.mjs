// The page's worker: what happens to media when it, its tab or the whole browser ends in the middle, and when there is none.

import assert from "node:assert/strict";
import { createHash, randomBytes } from "node:crypto";
import { open } from "node:fs/promises";
import { join } from "node:path";
import { after, test } from "node:test";
import { closeBrowser, freshContext, kill, persistentContext, profileFolder } from "../support/browser.mjs";
import { changeScript, endWorker, privateFiles, watchWorkers, withMuteWorkers, withoutHandles, withoutWorkers } from "../support/workers.mjs";
import { loadHarness, newPage } from "./harness.mjs";

after(closeBrowser);

const MIB = 1024 * 1024;

/** A file on the disk that repeats nowhere: its path and what its hash is. */
async function file(t, mebibytes) {
  const path = join(await profileFolder(t), "large.bin");
  const hash = createHash("sha256");
  const out = await open(path, "w");
  for (let count = 0; count < mebibytes; count++) {
    const piece = randomBytes(MIB);
    hash.update(piece);
    await out.write(piece);
  }
  await out.close();
  return { path, hash: `sha256-${hash.digest("hex")}`, bytes: mebibytes * MIB };
}

/** A page with media open in it, as `media`. `prepare` is called before there is anything in the page. */
async function openMedia(context, prepare = () => {}) {
  const page = await newPage(context);
  await watchWorkers(page);
  await prepare(page);
  await loadHarness(page);
  await page.evaluate(async () => void (window.media = await harness.Media.open("media")));
  return page;
}

/** Begins a put of that file. Its answer is `put` in the page. */
async function begin(page, file) {
  await page.evaluate(() => document.body.append(Object.assign(document.createElement("input"), { type: "file", id: "file" })));
  await page.locator("#file").setInputFiles(file.path);
  await page.evaluate(() => {
    const [file] = document.querySelector("#file").files;
    document.querySelector("#file").remove();
    window.put = media.put(file);
    window.put.catch(() => {});
  });
}

/** Waits until a part of the file is there, and makes sure that it is not all of it. */
async function inTheMiddle(page, file) {
  const done = await (await page.waitForFunction(() => media.done(), null, { polling: 5 })).jsonValue();
  assert(done > 0 && done < file.bytes, `${done} of ${file.bytes} bytes: that is not the middle`);
}

const finished = (page) => page.evaluate(() => put);
const call = (page, name) => page.evaluate((name) => media[name](), name);
const started = (page) => page.evaluate(() => workers.length);

/** Puts the file and compares all that is kept. */
async function works(page, file) {
  await begin(page, file);
  assert.equal(await finished(page), file.hash);
  assert.equal(await call(page, "count"), 1);
  assert.equal(await call(page, "damaged"), 0);
}

test("a worker writes and hashes, and nothing is said", async (t) => {
  const page = await openMedia(await freshContext(t));
  assert.equal(await started(page), 0, "it is started when there is something to do");
  await works(page, await file(t, 5));
  assert.equal(await started(page), 1);
  assert.deepEqual(await call(page, "notices"), []);
  assert.match((await privateFiles(page)).join(), /^media\/atelier\/assets\/other\/[0-9a-f-]{36}$/);
  page.assertNoProblems();
});

test("a worker that ends in the middle is started again, and the put is done again", async (t) => {
  const [page, large] = [await openMedia(await freshContext(t)), await file(t, 64)];
  await begin(page, large);
  await inTheMiddle(page, large);
  await endWorker(page);
  assert.equal(await finished(page), large.hash);
  assert.equal(await started(page), 2);
  assert.equal(await call(page, "damaged"), 0);
  assert.equal(await call(page, "sweep"), 0, "the first try has left nothing");
  assert.equal((await privateFiles(page)).length, 1);
  assert.deepEqual(await call(page, "notices"), []);
});

test("a worker that ends while it does nothing is started again", async (t) => {
  const [page, one, other] = [await openMedia(await freshContext(t)), await file(t, 1), await file(t, 2)];
  for (const file of [one, other]) {
    await begin(page, file);
    assert.equal(await finished(page), file.hash);
    await endWorker(page);
  }
  assert.equal(await call(page, "damaged"), 0);
  assert.equal(await started(page), 3);
  assert.deepEqual(await call(page, "notices"), []);
});

test("when two workers in a row end, the page does the work and says so once", async (t) => {
  const [page, large] = [await openMedia(await freshContext(t)), await file(t, 64)];
  await begin(page, large);
  for (let worker = 1; worker <= 2; worker++) {
    await page.waitForFunction((count) => workers.length === count, worker);
    await inTheMiddle(page, large);
    await endWorker(page);
  }
  assert.equal(await finished(page), large.hash);
  assert.equal(await call(page, "damaged"), 0);
  assert.equal(await started(page), 2, "no third one is tried");
  assert.deepEqual(await call(page, "notices"), ["SlowFiles"]);
});

for (const [what, prepare] of [
  ["without quick access to files", withoutHandles],
  ["without workers", withoutWorkers],
  ["with workers that never answer", withMuteWorkers],
]) {
  test(`${what} everything works and one notice says so`, async (t) => {
    const page = await openMedia(await freshContext(t), prepare);
    await works(page, await file(t, 5));
    assert.deepEqual(await call(page, "notices"), ["SlowFiles"]);
    assert.match((await privateFiles(page)).join(), /^media\/atelier\/assets\/other\/[0-9a-f-]{36}$/);
  });
}

test("without streams to files a worker still writes them", async (t) => {
  const prepare = (page) => changeScript(page, "delete globalThis.FileSystemFileHandle?.prototype.createWritable;");
  const page = await openMedia(await freshContext(t), prepare);
  await works(page, await file(t, 5));
  assert.deepEqual(await call(page, "notices"), []);
});

test("a put that is called off in the middle leaves nothing", async (t) => {
  const [page, large] = [await openMedia(await freshContext(t)), await file(t, 64)];
  await begin(page, large);
  await inTheMiddle(page, large);
  await call(page, "cancel");
  assert.equal(await page.evaluate(() => put.then(() => "kept", String)), "Cancelled");
  assert.deepEqual(await privateFiles(page), []);
  assert.equal(await call(page, "count"), 0);
  page.assertNoProblems();
});

/** Nothing of an interrupted put is seen; what is left of it goes, and the put can be done again. */
async function isClean(page, large) {
  const [left, ...more] = await privateFiles(page);
  assert.match(left, /^media\/atelier\/staging\/[0-9a-f-]{36}$/, "the middle leaves a temporary file");
  assert.deepEqual(more, []);
  assert.equal(await call(page, "count"), 0);
  assert(await call(page, "sweep"));
  assert.deepEqual(await privateFiles(page), []);
  await works(page, large);
}

test("a tab that is closed in the middle of a put leaves nothing that is seen", async (t) => {
  const [context, large] = [await freshContext(t), await file(t, 64)];
  const [page, other] = [await openMedia(context), await openMedia(context)];
  await begin(page, large);
  await inTheMiddle(page, large);
  assert.equal(await call(other, "sweep"), 0, "what is on its way in another tab stays");
  assert.equal((await privateFiles(other)).length, 1);
  await page.close();
  await isClean(other, large);
  other.assertNoProblems();
});

test("a browser that is killed in the middle of a put leaves nothing that is seen", { timeout: 120_000 }, async (t) => {
  const [folder, large] = [await profileFolder(t), await file(t, 256)];
  const context = await persistentContext(folder);
  const page = await openMedia(context);
  await begin(page, large);
  await inTheMiddle(page, large);
  await kill(context);
  const again = await persistentContext(folder);
  t.after(() => again.close());
  await isClean(await openMedia(again), large);
});

test("a large put takes no more of the worker's memory than a small one may", async (t) => {
  const prepare = (page) => changeScript(page, "", "globalThis.wasmBytes = () => wasm.memory.buffer.byteLength;");
  const [page, large] = [await openMedia(await freshContext(t), prepare), await file(t, 128)];
  await begin(page, large);
  await inTheMiddle(page, large);
  const taken = () => page.workers()[0].evaluate(() => wasmBytes());
  const middle = await taken();
  assert.equal(await finished(page), large.hash);
  for (const bytes of [middle, await taken()]) assert(bytes > 0 && bytes <= 8 * MIB, `${bytes} bytes`);
});
