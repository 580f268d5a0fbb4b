// A row that can't be read is named, the rest opens, and nothing is thrown away (law 10).

import assert from "node:assert/strict";
import { after, test } from "node:test";
import { open } from "./support/app.mjs";
import { closeBrowser } from "./support/browser.mjs";
import { grid } from "./support/comfyui.mjs";
import { storedRows, writeRow } from "./support/stored.mjs";

after(closeBrowser);

test("an unreadable node is said, the others are shown, and its row stays", async (t) => {
  const app = await open(t);
  await app.importJson("grid.json", grid(6), 6);
  await app.saved();
  const [{ key }] = await storedRows(app.page, "nodes");
  await writeRow(app.page, "nodes", key, "{ half a row");
  await app.reload();
  const message = app.page.getByRole("region", { name: "Notifications" }).getByRole("alert");
  assert.match(await message.innerText(), /1 node can’t be read/);
  assert.equal(await app.canvas.nodeCount(), 5);
  const rows = await storedRows(app.page, "nodes");
  assert.equal(rows.find((row) => String(row.key) === String(key)).value, "{ half a row");
});

test("an unreadable workflow is said, and the others are listed", async (t) => {
  const app = await open(t);
  const lost = await app.newWorkflow();
  const kept = await app.newWorkflow();
  await app.saved();
  await writeRow(app.page, "workflows", lost, "?");
  await app.reload();
  const message = app.page.getByRole("region", { name: "Notifications" }).getByRole("alert");
  assert.match(await message.innerText(), /1 workflow can’t be read/);
  assert.deepEqual(await app.workflowIds(), [kept]);
});
