// Media from the disk into private files, beside the plain JavaScript way: `createWritable`, and `crypto.subtle.digest` of the whole.
//
// BENCH_URL serves the crate `bench` as a page (see src/web_assets.rs). The profile is on the disk. Both start from files that the user has
// chosen and that are warm in memory. Ours ends when the disk has bytes, name and row (laws 6 and 8), knows duplicates, and takes the
// CRC-32 as well; the peer leaves its files to the system's mood, and has each of them whole in memory.

import { randomFillSync } from "node:crypto";
import { mkdir, open, rm } from "node:fs/promises";
import { join } from "node:path";
import { persistentContext, profileFolder } from "../browser/support/browser.mjs";
import { changeScript } from "../browser/support/workers.mjs";
import { report, takeTurns } from "./measure.mjs";

const ROUNDS = 5;
const MIB = 1024 * 1024;
const TOTAL = 256;
/** How many files are on their way at once, ours and the peer's: as in src/web_assets.rs and in the app. */
const AT_ONCE = 4;
/** What ours may take of the peer's time, and of memory in MiB. */
const BAR = 0.9;
const MEMORY = 8;
const address = process.env.BENCH_URL;

/** So many files that have 256 MB together, which repeat nowhere. */
async function files(folder, count) {
  await mkdir(folder);
  const paths = [];
  const piece = Buffer.alloc(MIB);
  for (let number = 0; number < count; number++) {
    paths.push(join(folder, `${number}.bin`));
    const file = await open(paths.at(-1), "w");
    for (let written = 0; written < TOTAL / count; written++) await file.write(randomFillSync(piece));
    await file.close();
  }
  return paths;
}

/** In the page: a folder and a database that are new. */
async function ours([name]) {
  const media = await window.harness.Media.open(name);
  const time = await media.put([...document.querySelector("#files").files]);
  await media.close();
  indexedDB.deleteDatabase(name);
  await (await navigator.storage.getDirectory()).removeEntry(name, { recursive: true });
  return time;
}

/** In the page: the same, as many files at once. */
async function peer([name, AT_ONCE]) {
  const root = await navigator.storage.getDirectory();
  const folder = await root.getDirectoryHandle(name, { create: true });
  const waiting = [...document.querySelector("#files").files].entries();
  const hashes = [];
  const work = async () => {
    for (const [number, file] of waiting) {
      const stream = await (await folder.getFileHandle(`${number}`, { create: true })).createWritable();
      await stream.write(file);
      await stream.close();
      hashes.push(await crypto.subtle.digest("SHA-256", await file.arrayBuffer()));
    }
  };
  const start = performance.now();
  await Promise.all(Array.from({ length: AT_ONCE }, work));
  const time = performance.now() - start;
  if (hashes.length !== document.querySelector("#files").files.length) throw new Error("a file was left out");
  await root.removeEntry(name, { recursive: true });
  return time;
}

const folder = await profileFolder();
const context = await persistentContext(folder);
try {
  for (const count of [1, 64]) {
    const page = await context.newPage();
    // Lets the worker say how much memory its wasm has, which never becomes less.
    await changeScript(page, "", "globalThis.wasmBytes = () => wasm.memory.buffer.byteLength;");
    await page.goto(address);
    await page.waitForFunction(() => window.ready);
    await page.evaluate(() => {
      document.body.append(Object.assign(document.createElement("input"), { type: "file", id: "files", multiple: true }));
    });
    await page.locator("#files").setInputFiles(await files(join(folder, `files-${count}`), count));
    const run = (who, round) => page.evaluate(who === "ours" ? ours : peer, [`${who}-${count}-${round}`, AT_ONCE]);
    const all = await takeTurns(ROUNDS, run);
    const name = `private files: 256 MB of media in ${count === 1 ? "one file" : `${count} files, ${AT_ONCE} at once`}`;
    report({ name: `${name}, createWritable and digest`, ...all, bar: BAR });
    const taken = (await page.workers()[0].evaluate(() => wasmBytes())) / MIB;
    console.log(JSON.stringify({ name: `${name}, the worker's wasm`, unit: "MiB", ours: Number(taken.toPrecision(4)), bar: MEMORY }));
    await page.close();
  }
} finally {
  await context.close();
  await rm(folder, { recursive: true, force: true, maxRetries: 5 });
}
