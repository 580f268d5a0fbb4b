// The desktop app: what is made in its window is there again, however it ended.

import assert from "node:assert/strict";
import { readdir, readFile, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { test } from "node:test";
import { PROMPT, STEP } from "../browser/support/kinds.mjs";
import { begin, dataFolder, start } from "./support/window.mjs";

const node = (id) => `[data-node-id="${id}"]`;
const header = (id) => `${node(id)} [data-part="header"]`;
const port = (id, name) => `${node(id)} [data-port="${name}"]`;
const TEXT_FIELD = '[role="region"][aria-label="Inspector"] textarea';
const TEXT = "First light";

/** Makes a workflow of two connected nodes, one of them dragged, one with a text. Returns their ids. */
async function work(window) {
  await window.click('[aria-label="New workflow"]');
  await window.until(`document.querySelector('[data-canvas][data-node-count="0"]') !== null`);
  const prompt = await window.add(PROMPT.query, { x: 450, y: 250 });
  await window.fill(TEXT_FIELD, TEXT);
  const step = await window.add(STEP.query, { x: 820, y: 250 });
  await window.drag(await window.middle(port(prompt, PROMPT.output)), await window.middle(port(step, STEP.textInput)));
  await window.until(`document.querySelectorAll("[data-edge-id]").length === 1`);
  const grip = await window.middle(header(step));
  await window.drag(grip, { x: grip.x + 40, y: grip.y + 130 });
  return { prompt, step };
}

/** That it shows the same as `before`, and the text. */
async function assertSame(window, before, prompt) {
  await window.until(`document.querySelector('${node(prompt)}') !== null`);
  assert.deepEqual(await window.canvas(), before);
  await window.click(header(prompt));
  await window.until(`document.querySelector(${JSON.stringify(TEXT_FIELD)})?.value === ${JSON.stringify(TEXT)}`);
}

test("the first start shows an empty library", async (t) => {
  const folder = await dataFolder(t);
  const window = await start(t, folder);
  assert.equal(await window.ask(`document.querySelectorAll("[data-workflow-id]").length`), 0);
  assert.equal(await window.ask(`document.querySelector('nav[aria-label="Workflows"]') !== null`), true);
  assert.ok((await readdir(folder)).includes("atelier.db"), "everything lives in the data folder");
});

test("what was made is there after the window was closed and opened again", async (t) => {
  const folder = await dataFolder(t);
  let window = await start(t, folder);
  const { prompt, step } = await work(window);
  const before = await window.canvas();
  assert.deepEqual(Object.values(before.edges), [{ source: prompt, target: step }]);
  // At once, without waiting for anything to be saved: closing does that first.
  assert.equal(await window.close(), 0, window.log);
  window = await start(t, folder);
  await assertSame(window, before, prompt);
});

test("a drag that ends as the window is closed is kept", async (t) => {
  const folder = await dataFolder(t);
  let window = await start(t, folder);
  const { step } = await work(window);
  for (let round = 0; round < 3; round++) {
    const grip = await window.middle(header(step));
    await window.drag(grip, { x: grip.x + 20, y: grip.y - 25 });
    const { nodes } = await window.canvas();
    await window.close();
    window = await start(t, folder);
    await window.until(`document.querySelector('${node(step)}') !== null`);
    assert.deepEqual((await window.canvas()).nodes[step], nodes[step], `round ${round}`);
  }
});

test("what is called saved is there after kill -9", async (t) => {
  const folder = await dataFolder(t);
  let window = await start(t, folder);
  const { prompt, step } = await work(window);
  await window.saved();
  let before = await window.canvas();
  for (let round = 0; round < 4; round++) {
    await window.kill();
    window = await start(t, folder);
    await window.until(`document.querySelector('${node(prompt)}') !== null`);
    assert.deepEqual((await window.canvas()).nodes, before.nodes, `round ${round}`);
    const grip = await window.middle(header(step));
    await window.drag(grip, { x: grip.x - 15, y: grip.y + 10 });
    await window.saved();
    before = await window.canvas();
  }
  await window.kill();
  window = await start(t, folder);
  await assertSame(window, before, prompt);
});

test("typing as fast as keys repeat loses no letter", async (t) => {
  const window = await start(t, await dataFolder(t));
  await window.click('[aria-label="New workflow"]');
  await window.until(`document.querySelector('[data-canvas][data-node-count="0"]') !== null`);
  await window.add(PROMPT.query, { x: 450, y: 250 });
  await window.fill(TEXT_FIELD, "A lighthouse on a basalt headland", 30);
});

test("the window remembers its size", async (t) => {
  const folder = await dataFolder(t);
  let window = await start(t, folder);
  await window.resize(1010, 700);
  await window.close();
  window = await start(t, folder);
  assert.deepEqual(await window.size(), [1010, 700]);
});

test("an ordinary start and end writes no warning", async (t) => {
  const window = await start(t, await dataFolder(t));
  await window.close();
  assert.doesNotMatch(window.log, /\b(WARN|ERROR|panicked)\b/);
});

test("what the user writes is in the data folder and nowhere else", async (t) => {
  const [folder, home] = [await dataFolder(t), await dataFolder(t)];
  const elsewhere = { HOME: home, XDG_DATA_HOME: "", XDG_CACHE_HOME: "", XDG_CONFIG_HOME: "" };
  const window = await start(t, folder, elsewhere);
  await work(window);
  await window.close();
  assert.ok(await holds(folder, TEXT), "it is in the data folder");
  assert.ok(!(await holds(home, TEXT)), "it is nowhere in the home folder");
});

/** Whether a file of the folder holds the text. */
async function holds(folder, text) {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true });
  const files = entries.filter((entry) => entry.isFile()).map((entry) => join(entry.path, entry.name));
  const found = await Promise.all(files.map(async (file) => (await readFile(file)).includes(text)));
  return found.includes(true);
}

test("a damaged database is said, set aside when the user says so, and what can be read of it opens", async (t) => {
  const folder = await dataFolder(t);
  let window = await start(t, folder);
  await work(window);
  assert.equal(await window.close(), 0, window.log);
  const file = join(folder, "atelier.db");
  const bytes = await readFile(file);
  // What every page of the tables hangs on.
  bytes.fill(0xa5, 0, 100);
  await writeFile(file, bytes);
  // The log may hold the same page, whole.
  for (const log of ["-wal", "-shm"]) await rm(`${file}${log}`, { force: true });

  window = begin(t, folder);
  await window.until(`document.documentElement.dataset.atelier === "failed"`);
  assert.match(await window.ask("document.body.innerText"), /can’t open your work.*The database is damaged/s);
  assert.deepEqual(await readFile(file), bytes, "nothing is changed before the user says so");
  await window.shown();
  await window.click(".screen .btn.primary");
  await window.until(`document.documentElement.dataset.atelier === "ready"`);
  assert.match(await window.ask("document.body.innerText"), /The damaged database is now .*atelier\.db\.damaged-1/s);
  assert.deepEqual(await readFile(join(folder, "atelier.db.damaged-1")), bytes);
  // Nothing of this one could be read; there is room for new work.
  assert.equal(await window.ask(`document.querySelectorAll("[data-workflow-id]").length`), 0);
  await window.click('[aria-label="New workflow"]');
  await window.until(`document.querySelector('[data-canvas][data-node-count="0"]') !== null`);
  assert.equal(await window.close(), 0, window.log);
});
