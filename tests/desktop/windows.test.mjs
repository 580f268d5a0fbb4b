// Several windows of one process, and several starts on one folder.

import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { mkdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { test } from "node:test";
import { PROMPT } from "../browser/support/kinds.mjs";
import { grid } from "../browser/support/comfyui.mjs";
import { begin, dataFolder, start, startAgain } from "./support/window.mjs";

const ITEMS = "[...document.querySelectorAll('[data-workflow-id]')]";
const ELSEWHERE = `${ITEMS}.filter((item) => item.dataset.elsewhere === "true").length`;
const NODES = `document.querySelectorAll("[data-node-id]").length`;

async function withNode(window) {
  await window.click('[aria-label="New workflow"]');
  await window.until(`document.querySelector('[data-canvas][data-node-count="0"]') !== null`);
  return window.add(PROMPT.query, { x: 450, y: 250 });
}

test("two windows show the same, each with its own selection, and closing one leaves the other", async (t) => {
  const folder = await dataFolder(t);
  let first = await start(t, folder);
  const id = await withNode(first);
  await first.saved();
  assert.equal(await first.ask(ELSEWHERE), 0);
  await first.hand("key", "ctrl+shift+n");
  const second = await first.another();
  await second.until(`${NODES} === 1`);
  await first.until(`${ELSEWHERE} === 1`);
  await second.until(`${ELSEWHERE} === 1`);
  assert.equal(await first.ask(`document.querySelector('.shell').classList.contains("show-inspector")`), true);
  assert.equal(await second.ask(`document.querySelector('.shell').classList.contains("show-inspector")`), false, "nothing is selected here");

  await second.front();
  const grip = await second.middle(`[data-node-id="${id}"] [data-part="header"]`);
  await second.drag(grip, { x: grip.x + 90, y: grip.y + 60 });
  const { x, y } = await second.ask(`(({ x, y }) => ({ x, y }))(document.querySelector('[data-node-id="${id}"]').dataset)`);
  await first.until(`(({ x, y }) => x === "${x}" && y === "${y}")(document.querySelector('[data-node-id="${id}"]').dataset)`);
  await second.add(PROMPT.query, { x: 700, y: 500 });
  await first.until(`${NODES} === 2`);

  await second.closeAlone();
  await first.until(`${ELSEWHERE} === 0`);
  await first.front();
  await first.add(PROMPT.query, { x: 500, y: 600 });
  assert.equal(await first.close(), 0, first.log);
  first = await start(t, folder);
  await first.until(`${NODES} === 3`);
});

test("a second start hands its file to the first and ends, also after the first of all was killed", async (t) => {
  const folder = await dataFolder(t);
  const file = join(folder, "handed over.json");
  await writeFile(file, grid(4));
  let first = await start(t, folder);
  for (const round of [0, 1]) {
    assert.equal(await startAgain(t, folder, file), 0);
    await first.until(`document.querySelector('[data-import-report][data-valid="true"][data-nodes="4"]') !== null`);
    await first.front();
    await first.hand("key", "Escape");
    await first.until(`document.querySelector("[data-import-report]") === null`);
    if (round === 0) {
      await first.kill();
      first = await start(t, folder);
    }
  }
  assert.equal(await startAgain(t, folder), 0);
  assert.equal((await first.ids()).length, 1, "it comes to the front");
  assert.equal(await startAgain(t, folder, "--new-window"), 0);
  await first.another();
});

test("a start with a file shows it for import", async (t) => {
  const folder = await dataFolder(t);
  const file = join(folder, "given.json");
  await writeFile(file, grid(3));
  const window = await start(t, folder, {}, [file]);
  await window.until(`document.querySelector('[data-import-report][data-valid="true"][data-nodes="3"]') !== null`);
});

test("a folder whose path is too long for a socket hands over all the same", async (t) => {
  const folder = join(await dataFolder(t), "long".repeat(40));
  await mkdir(folder);
  await start(t, folder);
  assert.equal(await startAgain(t, folder), 0);
});

test("a folder that somebody else holds and doesn't answer for is said so on a page", async (t) => {
  const folder = await dataFolder(t);
  const holder = spawn("flock", [join(folder, "atelier.lock"), "sleep", "60"], { detached: true });
  t.after(() => process.kill(-holder.pid, "SIGKILL"));
  for (let taken = false; !taken; ) taken = await readFile(join(folder, "atelier.lock")).then(() => true, () => false);
  const window = begin(t, folder);
  await window.until(`document.documentElement.dataset.atelier === "failed"`);
  const said = await window.ask(`document.querySelector('[role="alert"]').innerText`);
  assert.match(said, /in use by another program/);
  assert.match(said, /Close the other program/);
});
