// Import: a guest that is looked over before it comes in (law 9).

import assert from "node:assert/strict";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";
import { open } from "./support/app.mjs";
import { closeBrowser } from "./support/browser.mjs";
import { assertNear } from "./support/canvas.mjs";
import { grid, template } from "./support/comfyui.mjs";
import { storedRows } from "./support/stored.mjs";

after(closeBrowser);

/** Real templates, none of them with subgraphs: how many nodes and edges come in is then plain to see in the file. */
const TEMPLATES = ["image_omnigen2_image_edit", "video_wan2.1_fun_camera_v1.1_1.3B", "audio_ace_step_1_m2m_editing"];

const json = (name, text) => ({ name, mimeType: "application/json", buffer: Buffer.from(text) });
const importButton = (app) => app.importDialog.getByRole("button", { name: "Import", exact: true });

for (const name of TEMPLATES) {
  test(`${name} comes in whole and stays`, async (t) => {
    const app = await open(t);
    const text = await template(name);
    const { nodes, links } = JSON.parse(text);
    await app.chooseFiles(json(`${name}.json`, text));
    const [report] = await app.importReports(1);
    assert.deepEqual([report.valid, report.nodes, report.edges], [true, nodes.length, links.length], report.text);
    assert.deepEqual(await storedRows(app.page, "nodes"), [], "nothing is written before the button is pressed");
    await importButton(app).click();
    await app.page.waitForSelector(`[data-canvas][data-node-count="${nodes.length}"]`);
    await app.importDialog.waitFor({ state: "detached" });
    await app.saved();
    const [workflow] = await app.workflowIds();
    const entry = app.page.locator(`[data-workflow-id="${workflow}"]`);
    assert.match(await entry.innerText(), new RegExp(`\\b${nodes.length}\\b`), "the library says how many nodes");
    assert.equal((await storedRows(app.page, "nodes")).length, nodes.length);
    assert.equal((await storedRows(app.page, "edges")).length, links.length);
    await app.reload();
    assert.equal(await app.canvas.nodeCount(), nodes.length);
    assert.equal((await app.workflowIds()).length, 1);
    assert.deepEqual(app.foreign, [], "law 11: a workflow names models and pictures elsewhere; none is fetched");
  });
}

test("nodes keep the place, the size and the kind that the file gives them", async (t) => {
  const app = await open(t);
  await app.importJson("grid.json", grid(6, 3), 6);
  const nodes = Object.values(await app.canvas.nodes()).sort((a, b) => a.y - b.y || a.x - b.x);
  assert.equal(nodes.length, 6, "an imported workflow is fitted into the view");
  const [first] = nodes;
  nodes.forEach((node, index) => {
    assert.equal(node.type, "comfy.ImageScaleBy");
    assert.equal(node.status, "idle");
    const expected = { x: first.x + (index % 3) * 260, y: first.y + Math.floor(index / 3) * 160 };
    assertNear(node, expected, `node ${index}`, 0.01);
  });
  const edges = Object.values(await app.canvas.edges());
  assert.equal(edges.length, 5);
});

test("a file dropped anywhere is looked over like a chosen one", async (t) => {
  const app = await open(t);
  const [file] = await files(t, { "dropped.json": grid(4) });
  await drop(app, [file]);
  const [report] = await app.importReports(1);
  assert.deepEqual([report.valid, report.nodes, report.edges], [true, 4, 3]);
  await importButton(app).click();
  await app.page.waitForSelector('[data-canvas][data-node-count="4"]');
});

test("two files at once get a report each, and the last one is opened", async (t) => {
  const app = await open(t);
  await app.chooseFiles([json("three.json", grid(3)), json("five.json", grid(5))]);
  const reports = await app.importReports(2);
  assert.deepEqual(reports.map(({ valid, nodes, edges }) => [valid, nodes, edges]), [[true, 3, 2], [true, 5, 4]]);
  await importButton(app).click();
  await app.page.waitForSelector('[data-canvas][data-node-count="5"]');
  await app.workflows.nth(1).waitFor();
  assert.equal((await app.workflowIds()).length, 2);
});

test("a good file comes in although the one beside it is broken", async (t) => {
  const app = await open(t);
  await app.chooseFiles([json("broken.json", '{"nodes": ['), json("good.json", grid(3))]);
  const reports = await app.importReports(2);
  assert.deepEqual(reports.map(({ valid }) => valid), [false, true]);
  await importButton(app).click();
  await app.page.waitForSelector('[data-canvas][data-node-count="3"]');
  assert.equal((await app.workflowIds()).length, 1);
});

const broken = {
  "no JSON": ['{"nodes": [', /JSON/],
  "no workflow": ['{"hello": "world"}', /workflow/],
  "an empty file": ["", /./],
  "random bytes": [Buffer.from(Array.from({ length: 2000 }, (_, i) => (i * 7919) % 251)), /./],
  "nodes that are no list": ['{"nodes": {}, "links": []}', /nodes/i],
};

for (const [what, [content, says]] of Object.entries(broken)) {
  test(`${what} is refused with a reason, and storage is as before`, async (t) => {
    const app = await open(t);
    const workflow = await app.newWorkflow();
    await app.saved();
    const before = await storedRows(app.page);
    await app.chooseFiles({ name: "broken file.json", mimeType: "application/json", buffer: Buffer.from(content) });
    const [report] = await app.importReports(1);
    assert.equal(report.valid, false, `${what} was accepted: ${report.text}`);
    assert.match(report.reason, /^[a-z0-9]+(-[a-z0-9]+)*$/, "a short code in kebab case");
    assert.match(report.text, /broken file\.json/, "which file");
    assert.match(report.text, says, "what is wrong with it");
    const button = importButton(app);
    assert.ok((await button.count()) === 0 || (await button.isDisabled()), "there is nothing to import");
    await app.importDialog.getByRole("button", { name: "Cancel", exact: true }).click();
    await app.importDialog.waitFor({ state: "detached" });
    assert.deepEqual(await storedRows(app.page), before, "storage is as before");
    assert.deepEqual(await app.workflowIds(), [workflow]);
  });
}

test("a link to a node that is not there is left out, and the report says so", async (t) => {
  const app = await open(t);
  const dangling = JSON.stringify({ ...JSON.parse(grid(2)), links: [[1, 1, 0, 99, 0, "IMAGE"]] });
  await app.chooseFiles(json("dangling.json", dangling));
  const [report] = await app.importReports(1);
  assert.deepEqual([report.valid, report.nodes, report.edges], [true, 2, 0]);
  assert.match(report.text, /\b99\b/, "which node is missing");
  await importButton(app).click();
  await app.page.waitForSelector('[data-canvas][data-node-count="2"]');
  assert.deepEqual(await app.canvas.edges(), {});
});

test("Cancel brings nothing in, and the same file can be chosen again", async (t) => {
  const app = await open(t);
  await app.chooseFiles(json("grid.json", grid(4)));
  await app.importReports(1);
  await app.importDialog.getByRole("button", { name: "Cancel", exact: true }).click();
  await app.importDialog.waitFor({ state: "detached" });
  assert.deepEqual(await app.workflowIds(), []);
  await app.importJson("grid.json", grid(4), 4);
  assert.equal((await app.workflowIds()).length, 1);
});

test("an import never replaces the open workflow, nor an earlier import of the same file", async (t) => {
  const app = await open(t);
  const workflow = await app.newWorkflow();
  await app.importJson("grid.json", grid(4), 4);
  await app.importJson("grid.json", grid(4), 4);
  await app.workflows.nth(2).waitFor();
  assert.ok((await app.workflowIds()).includes(workflow));
  await app.page.locator(`[data-workflow-id="${workflow}"]`).click();
  await app.page.waitForSelector('[data-canvas][data-node-count="0"]');
});

test("what a file says is shown as text, never run", async (t) => {
  const app = await open(t);
  const hostile = '<img src=x onerror="window.ran = true"><script>window.ran = true</script>';
  const workflow = JSON.parse(grid(2));
  workflow.nodes[0].title = hostile;
  workflow.nodes[0].widgets_values = [hostile];
  await app.importJson(`${hostile.replaceAll("/", "")}.json`, JSON.stringify(workflow), 2);
  await app.canvas.frames(4);
  assert.equal(await app.page.evaluate(() => window.ran), undefined);
  assert.equal(await app.page.locator("[data-canvas] img[src=x]").count(), 0);
});

test("10,000 nodes come in, are counted and are there after a reload", { timeout: 120_000 }, async (t) => {
  const app = await open(t);
  await app.importJson("large.json", grid(10_000), 10_000);
  await app.page.waitForSelector('[role="status"][data-save-state="saved"]', { state: "attached", timeout: 60_000 });
  await app.reload();
  assert.equal(await app.canvas.nodeCount(), 10_000);
});

/** Files of a folder that goes when the test ends: `{ name: content }` to paths. */
async function files(t, contents) {
  const folder = await mkdtemp(join(tmpdir(), "atelier-import-"));
  t.after(() => rm(folder, { recursive: true, force: true }));
  const all = Object.entries(contents).map(async ([name, content]) => {
    await writeFile(join(folder, name), content);
    return join(folder, name);
  });
  return Promise.all(all);
}

/** Drops files onto the middle of the page, as the system does. */
async function drop(app, paths) {
  const devtools = await app.page.context().newCDPSession(app.page);
  const data = { items: [], files: paths, dragOperationsMask: 1 };
  for (const type of ["dragEnter", "dragOver", "drop"]) {
    await devtools.send("Input.dispatchDragEvent", { type, x: 640, y: 400, data });
  }
  await devtools.detach();
}
