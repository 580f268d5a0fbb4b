// A database of schema 1, as the first build wrote it: every later build opens it and finds everything. The desktop's is in
// packages/storage/tests/v1.rs.
//
// v1/indexed-db.json was written once, while the schema was 1: ATELIER_WRITE_FIXTURE=1 does it again, for a new schema alone and
// under a new name.

import assert from "node:assert/strict";
import { readFile, writeFile } from "node:fs/promises";
import { after, test } from "node:test";
import { address, open } from "./support/app.mjs";
import { closeBrowser, freshContext } from "./support/browser.mjs";
import { storedRows } from "./support/stored.mjs";

after(closeBrowser);

const FIXTURE = new URL("v1/indexed-db.json", import.meta.url);

/** In the page: the whole database as JSON. */
async function dump() {
  const plain = (value) => {
    if (value instanceof ArrayBuffer || ArrayBuffer.isView(value)) {
      return { $bytes: [...new Uint8Array(value.buffer ?? value)] };
    }
    return Array.isArray(value) ? value.map(plain) : value;
  };
  const result = (request) =>
    new Promise((done, failed) => {
      request.onsuccess = () => done(request.result);
      request.onerror = () => failed(request.error);
    });
  const database = await result(indexedDB.open("atelier"));
  const stores = [];
  for (const name of database.objectStoreNames) {
    const store = database.transaction([name]).objectStore(name);
    const indexes = [...store.indexNames].map((index) => {
      const { keyPath, unique, multiEntry } = store.index(index);
      return { name: index, keyPath, unique, multiEntry };
    });
    const [keys, values] = await Promise.all([result(store.getAllKeys()), result(store.getAll())]);
    const rows = keys.map((key, at) => [plain(key), plain(values[at])]);
    stores.push({ name, keyPath: store.keyPath, autoIncrement: store.autoIncrement, indexes, rows });
  }
  const { version } = database;
  database.close();
  return { version, stores };
}

/** In the page: a database that is what `dump` has given. */
async function restore({ version, stores }) {
  const real = (value) => {
    if (value?.$bytes) return new Uint8Array(value.$bytes).buffer;
    return Array.isArray(value) ? value.map(real) : value;
  };
  await new Promise((done, failed) => {
    const request = indexedDB.open("atelier", version);
    request.onerror = () => failed(request.error);
    request.onsuccess = () => done(request.result.close());
    request.onupgradeneeded = () => {
      for (const { name, keyPath, autoIncrement, indexes, rows } of stores) {
        const store = request.result.createObjectStore(name, { keyPath, autoIncrement });
        for (const index of indexes) store.createIndex(index.name, index.keyPath, index);
        for (const [key, value] of rows) keyPath === null ? store.put(real(value), real(key)) : store.put(real(value));
      }
    };
  });
}

/** What the library calls its workflows. */
async function names(app) {
  await app.workflows.first().waitFor();
  return (await app.workflows.allInnerTexts()).map((text) => text.split("\n")[0]);
}

/** What is on the canvas: independent of how a later build draws it. */
async function seen(app) {
  const nodes = Object.entries(await app.canvas.nodes()).map(([id, { type, x, y }]) => ({ id, type, x, y }));
  return { nodes, edges: await app.canvas.edges() };
}

test("a database of schema 1 opens with everything in it", async (t) => {
  const fixture = JSON.parse(await readFile(FIXTURE, "utf8"));
  const context = await freshContext(t);
  // A page of this origin that isn't Atelier.
  const other = await context.newPage();
  await other.goto(new URL("icon.svg", address).href);
  await other.evaluate(restore, fixture.database);
  await other.close();
  const app = await open(t, context);
  assert.deepEqual(await names(app), fixture.workflows);
  await app.page.locator(`[data-workflow-id="${fixture.open}"]`).click();
  await app.page.waitForSelector(`[data-canvas][data-node-count="${fixture.seen.nodes.length}"]`);
  assert.deepEqual(await seen(app), fixture.seen);
  for (const text of ["“Prompt” — 提示 🌊", "A lighthouse"]) await app.page.locator("[data-node-id]", { hasText: text }).waitFor();
  // And it is one that this build goes on with.
  await app.newWorkflow();
  await app.saved();
  const rows = await storedRows(app.page, "workflows");
  assert.equal(rows.length, fixture.database.stores.find((store) => store.name === "workflows").rows.length + 1);
});

test("the fixture is written anew", { skip: process.env.ATELIER_WRITE_FIXTURE !== "1" }, async (t) => {
  const app = await open(t);
  const graph = {
    nodes: [
      {
        id: 1,
        type: "CLIPTextEncode",
        pos: [80, 90],
        size: [300, 160],
        title: "“Prompt” — 提示 🌊",
        outputs: [{ name: "CONDITIONING", type: "CONDITIONING", links: [1] }],
        widgets_values: ["A lighthouse\n\tat “night”"],
      },
      {
        id: 2,
        type: "KSampler",
        pos: [480, 90],
        size: [300, 260],
        inputs: [{ name: "positive", type: "CONDITIONING", link: 1 }],
        widgets_values: [7, "randomize", 20, 8.5, "euler", "normal", 1],
      },
    ],
    links: [[1, 1, 0, 2, 0, "CONDITIONING"]],
    extra: { colour: "of a build to come" },
    version: 0.4,
  };
  await app.importJson("Nightfall.json", JSON.stringify(graph), 2);
  const [id] = await app.workflowIds();
  const shown = await seen(app);
  await app.newWorkflow();
  await app.saved();
  const workflows = await names(app);
  const fixture = { workflows, open: id, seen: shown, database: await app.page.evaluate(dump) };
  assert.equal(fixture.database.stores.find((store) => store.name === "kv").rows.find(([key]) => key === "schemaVersion")[1], 1);
  await writeFile(FIXTURE, `${JSON.stringify(fixture, null, 1)}\n`);
});
