// Packages out of private files and in again, beside zip.js.
//
// BENCH_URL serves the crate `bench` as a page (see src/web_packages.rs). Both begin and end with files of the browser's private
// storage, on a disk and warm in memory: out, until the package is a file that is closed; in, until every content is a file and, for
// ours, has its row, and the graph is stored. zip.js has what makes it fastest (no workers, pieces of a MiB). On the way out it hashes
// nothing, and neither do we, who know hashes and checksums since a file came in. On the way in zip.js compares each entry's checksum
// (as we do), and `crypto.subtle` hashes what was written; ours checks the whole package before it stores the first byte.

import { randomFillSync } from "node:crypto";
import { readFile } from "node:fs/promises";
import { createRequire } from "node:module";
import { mkdir, rm, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { persistentContext, profileFolder } from "../browser/support/browser.mjs";
import { changeScript } from "../browser/support/workers.mjs";
import { absolute, report, takeTurns } from "./measure.mjs";

const ROUNDS = 5;
const MIB = 1 << 20;
/** What ours may take of the peer's time, out and in, and of memory in MiB. */
const LOADS = [
  { load: "64 files of 4 MB", count: 64, bytes: 4 * MIB, bars: { out: 0.25, in: 0.4 } },
  { load: "2,000 files of 8 KB", count: 2000, bytes: 8192, bars: { out: 0.6, in: 0.6 } },
];
const MEMORY = 8;
const address = process.env.BENCH_URL;
const zipJs = join(dirname(createRequire(import.meta.url).resolve("@zip.js/zip.js/package.json")), "dist/zip-fs.js");

async function files(folder, count, bytes) {
  await mkdir(folder);
  const paths = Array.from({ length: count }, (_, number) => join(folder, `${number}.bin`));
  for (const path of paths) await writeFile(path, randomFillSync(Buffer.alloc(bytes)));
  return paths;
}

/** In the page: both have the files, and a folder for what they make. */
async function prepare(load) {
  const chosen = [...document.querySelector("#files").files];
  window.mine = await window.harness.Packages.open(`mine-${load}`);
  await window.mine.fill(chosen);
  const root = await navigator.storage.getDirectory();
  window.theirs = await root.getDirectoryHandle(`theirs-${load}`, { create: true });
  for (const file of chosen) {
    const stream = await (await window.theirs.getFileHandle(file.name, { create: true })).createWritable();
    await stream.write(file);
    await stream.close();
  }
  window.made = await root.getDirectoryHandle(`made-${load}`, { create: true });
  zip.configure({ useWebWorkers: false, chunkSize: 1 << 20 });
}

async function out(who) {
  const target = await window.made.getFileHandle(`${who}.zip`, { create: true });
  const start = performance.now();
  const stream = await target.createWritable();
  if (who === "ours") {
    await stream.write(await window.mine.package());
    await stream.close();
  } else {
    const writer = new zip.ZipWriter(stream);
    for await (const [name, handle] of window.theirs.entries()) {
      await writer.add(`assets/${name}`, new zip.BlobReader(await handle.getFile()), { level: 0 });
    }
    await writer.close();
  }
  return performance.now() - start;
}

async function into([who, round]) {
  const file = await (await window.made.getFileHandle(`${who}.zip`)).getFile();
  const root = await navigator.storage.getDirectory();
  const name = `${who}-${round}-${file.size}`;
  if (who === "ours") {
    const store = await window.harness.Packages.open(name);
    const parts = await store.take(file);
    (window.parts ??= []).push(parts.map(Math.round).join(" + "));
    await store.close();
    indexedDB.deleteDatabase(name);
    await root.removeEntry(name, { recursive: true });
    return parts.reduce((sum, part) => sum + part);
  }
  const folder = await root.getDirectoryHandle(name, { create: true });
  const start = performance.now();
  const reader = new zip.ZipReader(new zip.BlobReader(file));
  const hashes = [];
  for await (const entry of reader.getEntriesGenerator()) {
    const handle = await folder.getFileHandle(entry.filename.split("/").at(-1), { create: true });
    await entry.getData(await handle.createWritable(), { checkSignature: true });
    hashes.push(await crypto.subtle.digest("SHA-256", await (await handle.getFile()).arrayBuffer()));
  }
  await reader.close();
  const time = performance.now() - start;
  if (hashes.length !== document.querySelector("#files").files.length) throw new Error("an entry was left out");
  await root.removeEntry(name, { recursive: true });
  return time;
}

const folder = await profileFolder();
const context = await persistentContext(folder);
try {
  const peer = await readFile(zipJs, "utf8");
  for (const { load, count, bytes, bars } of LOADS) {
    const page = await context.newPage();
    // Lets page and worker say how much memory their wasm has, which never becomes less.
    await changeScript(page, "", "globalThis.wasmBytes = () => wasm.memory.buffer.byteLength;");
    await page.goto(address);
    await page.waitForFunction(() => window.ready);
    await page.evaluate(peer);
    await page.evaluate(() => {
      document.body.append(Object.assign(document.createElement("input"), { type: "file", id: "files", multiple: true }));
    });
    await page.locator("#files").setInputFiles(await files(join(folder, `files-${count}`), count, bytes));
    await page.evaluate(prepare, load);
    report({ name: `packages: export of ${load}, zip.js`, ...(await takeTurns(ROUNDS, (who) => page.evaluate(out, who))), bar: bars.out });
    const taken = await takeTurns(ROUNDS, (who, round) => page.evaluate(into, [who, round]));
    report({ name: `packages: import of ${load}, zip.js and digest`, ...taken, bar: bars.in });
    console.error(`  ours, check + media + graph: ${await page.evaluate(() => parts.join(", "))} ms`);
    // What a worker starts is served as it is, and says nothing.
    const memory = [await page.evaluate(() => wasmBytes()), ...(await Promise.all(page.workers().map((worker) => worker.evaluate(() => globalThis.wasmBytes?.() ?? 0))))];
    console.error(`  wasm of the page and each worker: ${memory.map((bytes) => (bytes / MIB).toFixed(1)).join(", ")} MiB`);
    absolute({ name: `packages: ${load}, the wasm of page or worker`, unit: "MiB", ours: Math.max(...memory) / MIB, bar: MEMORY });
    await page.close();
  }
} finally {
  await context.close();
  await rm(folder, { recursive: true, force: true, maxRetries: 5 });
}
