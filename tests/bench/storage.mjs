// IndexedDB behind storage's contract beside Dexie 4, in one page, with the same 10,000 nodes.
//
// BENCH_URL serves the crate `bench` as a page (see src/web.rs). The profile is on the disk: an anonymous one keeps its database in
// memory, where durability costs nothing.
//
// Our commits are strict by design (law 6): `complete` means that the disk has it. Dexie is relaxed unless told otherwise, so its
// figures come twice: `strict` is the fair pairing and has the bar, `as it comes` tells what the promise costs.

import { createRequire } from "node:module";
import { persistentContext, profileFolder } from "../browser/support/browser.mjs";
import { rm } from "node:fs/promises";
import { report, takeTurns } from "./measure.mjs";

const ROUNDS = 7;
const EDITS = 200;
/** Milliseconds. */
const PAUSE = 1_000;
const address = process.env.BENCH_URL;
const dexie = createRequire(import.meta.url).resolve("dexie/dist/dexie.min.js");

/** The name of a figure, and what ours may be of Dexie's with the same durability. */
const FIGURES = {
  commit: ["commit of 10,000 new nodes", 1.3],
  load: ["load of 10,000 nodes", 1.0],
  together: [`${EDITS} edits at once`, 0.15],
  serial: [`${EDITS} edits one by one`, 0.95],
};

/** In the page: a fresh database of ours, and what each step takes. */
async function ours([round, edits]) {
  const { Bench } = window.harness;
  const bench = await Bench.open(`ours-${round}`);
  const figures = {};
  figures.commit = await bench.commit();
  figures.load = await bench.load();
  figures.serial = await bench.edit_one_by_one(edits);
  figures.together = await bench.edit_at_once(edits);
  await bench.close();
  await new Promise((done) => (indexedDB.deleteDatabase(`ours-${round}`).onsuccess = done));
  return figures;
}

/** In the page: the same with Dexie. It has no queue that gathers, so what is edited at once is edited one by one. */
async function peer([round, edits, durability]) {
  const { Bench } = window.harness;
  const { Dexie } = window;
  const source = await Bench.open("source");
  const workflowId = source.workflow();
  const nodes = JSON.parse(source.nodes()).map((node) => ({ ...node, workflowId }));
  await source.close();
  const name = `dexie-${round}`;
  const options = durability === "strict" ? { chromeTransactionDurability: "strict" } : {};
  const database = new Dexie(name, options);
  // The same key as ours, which is faster than an index beside a key.
  database.version(1).stores({ nodes: "[workflowId+id]" });
  await database.open();
  const time = async (work) => {
    const start = performance.now();
    await work();
    return performance.now() - start;
  };
  const figures = {};
  figures.commit = await time(() => database.nodes.bulkPut(nodes));
  figures.load = await time(async () => {
    const range = [[workflowId, Dexie.minKey], [workflowId, Dexie.maxKey]];
    const loaded = await database.nodes.where("[workflowId+id]").between(...range).toArray();
    if (loaded.length !== nodes.length) throw new Error("a load left rows out");
  });
  const edit = (node) =>
    database.transaction("rw", database.nodes, async () => {
      const row = await database.nodes.get([workflowId, node.id]);
      row.position.x += 1;
      row.version += 1;
      await database.nodes.put(row);
    });
  figures.serial = await time(async () => {
    for (const node of nodes.slice(0, edits)) await edit(node);
  });
  figures.together = await time(() => Promise.all(nodes.slice(0, edits).map(edit)));
  database.close();
  await Dexie.delete(name);
  return figures;
}

const folder = await profileFolder();
const context = await persistentContext(folder);
try {
  const page = await context.newPage();
  await page.goto(address);
  await page.waitForFunction(() => window.ready);
  await page.addScriptTag({ path: dexie });
  for (const durability of ["strict", "as it comes"]) {
    const run = async (who, round) => {
      // The engine clears away what the turn before has deleted.
      await page.waitForTimeout(PAUSE);
      return page.evaluate(who === "ours" ? ours : peer, [`${durability}-${round}`, EDITS, durability]);
    };
    const all = await takeTurns(ROUNDS, run);
    for (const [figure, [name, bar]] of Object.entries(FIGURES)) {
      const of = (who) => all[who].map((figures) => figures[figure]);
      report({ name: `IndexedDB: ${name}, Dexie ${durability}`, ours: of("ours"), peer: of("peer"), bar: durability === "strict" ? bar : null });
    }
  }
} finally {
  await context.close();
  await rm(folder, { recursive: true, force: true, maxRetries: 5 });
}
