// The desktop's log and diagnostics: what is written down, and that nothing of the user's is.

import assert from "node:assert/strict";
import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { test } from "node:test";
import { PROMPT } from "../browser/support/kinds.mjs";
import { dataFolder, start } from "./support/window.mjs";

const SECRET = "Seraphine";

test("the log is in the data folder, the diagnostics show it, and nothing of the user's is in either", async (t) => {
  const folder = await dataFolder(t);
  const window = await start(t, folder);
  await window.click('[aria-label="New workflow"]');
  await window.until(`document.querySelector('[data-canvas][data-node-count="0"]') !== null`);
  await window.add(PROMPT.query, { x: 450, y: 250 });
  await window.fill('[role="region"][aria-label="Inspector"] textarea', SECRET);
  await window.saved();
  await window.click('[aria-label="Storage"]');
  const place = await window.until(`(() => {
    const button = [...document.querySelectorAll('[role="region"] .lrow .btn')].find((button) => button.innerText === "Diagnostics");
    button?.scrollIntoView();
    const box = button?.getBoundingClientRect();
    return box && { x: box.x + box.width / 2, y: box.y + box.height / 2 };
  })()`);
  await window.hand("mousemove", place.x, place.y, "click", 1);
  await window.until(`[...document.querySelectorAll('[role="region"] h2')].some((heading) => heading.innerText === "Diagnostics")`);
  assert.equal(await window.ask(`document.querySelector('[data-fact="Nodes"]').innerText`), "1");
  assert.match(await window.ask(`document.querySelector(".log").innerText`), /storage::session: opened schema=1/);
  await window.close();
  const [file, ...more] = await readdir(join(folder, "logs"));
  assert.match(file, /^atelier\.\d{4}-\d{2}-\d{2}\.log$/);
  assert.deepEqual(more, []);
  const log = await readFile(join(folder, "logs", file), "utf8");
  assert.match(log, /INFO storage::session: opened schema=1/);
  assert.doesNotMatch(log, new RegExp(SECRET));
});

test("ATELIER_LOG has more written", async (t) => {
  const window = await start(t, await dataFolder(t), { ATELIER_LOG: "storage=debug" });
  await window.click('[aria-label="New workflow"]');
  await window.saved();
  await window.close();
  assert.match(window.log, /commit.*storage::writer: committed/);
});
