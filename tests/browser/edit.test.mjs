// Editing with the mouse and the keyboard, and that all of it is there after a reload.

import assert from "node:assert/strict";
import { after, test } from "node:test";
import { open } from "./support/app.mjs";
import { closeBrowser } from "./support/browser.mjs";
import { assertNear } from "./support/canvas.mjs";
import { PICTURE, PROMPT, STEP } from "./support/kinds.mjs";

after(closeBrowser);

/** A workflow with a prompt at the left and a step at the right, not joined yet. */
async function two(t) {
  const app = await open(t);
  const { canvas } = app;
  await app.newWorkflow();
  const { left, top, width, height } = await canvas.view();
  const prompt = await canvas.add(PROMPT.query, { x: left + width * 0.2, y: top + height * 0.3 });
  const step = await canvas.add(STEP.query, { x: left + width * 0.6, y: top + height * 0.3 });
  return { app, canvas, page: app.page, prompt, step };
}

test("a double click adds a node where it was made", async (t) => {
  const app = await open(t);
  await app.newWorkflow();
  const place = await app.canvas.emptyPlace(100);
  const world = await app.canvas.toWorld(place);
  const id = await app.canvas.add(PROMPT.query, place);
  const node = (await app.canvas.nodes())[id];
  assert.equal(node.type, PROMPT.type);
  assert.equal(node.status, "idle");
  assert.ok(
    world.x >= node.x - 5 && world.x <= node.x + node.width + 5 && world.y >= node.y - 5 && world.y <= node.y + node.height + 5,
    `the node ${JSON.stringify(node)} is at ${JSON.stringify(world)}`,
  );
});

test("Tab opens the search for a node, and Enter adds the first match", async (t) => {
  const app = await open(t);
  await app.newWorkflow();
  const id = await app.canvas.add(PROMPT.query);
  assert.equal((await app.canvas.nodes())[id].type, PROMPT.type);
});

test("a node follows the header that drags it, at every zoom", async (t) => {
  const { canvas, page, prompt } = await two(t);
  for (const wheel of [0, 120, -300]) {
    const { x, y } = await canvas.grip(prompt);
    await page.mouse.move(x, y);
    if (wheel) await page.mouse.wheel(0, wheel);
    await canvas.frames();
    const { zoom } = await canvas.view();
    const before = await canvas.position(prompt);
    await canvas.dragNode(prompt, 60, 45);
    const expected = { x: before.x + 60 / zoom, y: before.y + 45 / zoom };
    assertNear(await canvas.position(prompt), expected, `dragged at zoom ${zoom}`, 1.5 / zoom + 0.5);
  }
});

test("a node is resized by its corner and shows it", async (t) => {
  const { app, canvas, page, prompt } = await two(t);
  const before = (await canvas.nodes())[prompt];
  await canvas.header(prompt).click();
  const corner = await canvas.middle(canvas.node(prompt).locator('[data-part="resize"]'));
  await canvas.drag(corner, { x: corner.x + 70, y: corner.y + 50 });
  const after = (await canvas.nodes())[prompt];
  assertNear({ x: after.width, y: after.height }, { x: before.width + 70, y: before.height + 50 }, "the new size", 3);
  assertNear(after, before, "its place is what it was");
  await app.saved();
  await page.reload();
  await app.ready();
  const kept = (await canvas.nodes())[prompt];
  assertNear({ x: kept.width, y: kept.height }, { x: after.width, y: after.height }, "the size after a reload");
});

test("a drag from port to port connects them", async (t) => {
  const { canvas, prompt, step } = await two(t);
  await canvas.connect(prompt, PROMPT.output, step, STEP.textInput);
  assert.deepEqual(Object.values(await canvas.edges()), [{ source: prompt, target: step }]);
});

test("a drag from an input to an output connects them the same way round", async (t) => {
  const { canvas, prompt, step } = await two(t);
  await canvas.connect(step, STEP.textInput, prompt, PROMPT.output);
  assert.deepEqual(Object.values(await canvas.edges()), [{ source: prompt, target: step }]);
});

test("what does not fit is not connected", async (t) => {
  const { canvas, prompt, step } = await two(t);
  const { left, top, width, height } = await canvas.view();
  const picture = await canvas.add(PICTURE.query, { x: left + width * 0.2, y: top + height * 0.6 });
  const attempts = {
    "a picture is no text": [picture, PICTURE.output, step, STEP.textInput],
    "an output is no input": [prompt, PROMPT.output, step, STEP.output],
    "a node does not feed itself": [step, STEP.output, step, STEP.input],
  };
  for (const [why, ends] of Object.entries(attempts)) {
    await canvas.connect(...ends);
    await canvas.page.keyboard.press("Escape");
    assert.deepEqual(await canvas.edges(), {}, why);
  }
  await canvas.drag(await canvas.middle(canvas.port(prompt, PROMPT.output)), await canvas.emptyPlace(60));
  await canvas.page.keyboard.press("Escape");
  assert.deepEqual(await canvas.edges(), {}, "an edge needs two ends");
});

test("an edge is selected by a click and goes by Delete", async (t) => {
  const { canvas, page, prompt, step } = await two(t);
  await canvas.connect(prompt, PROMPT.output, step, STEP.textInput);
  const [from, to] = [await canvas.middle(canvas.port(prompt, PROMPT.output)), await canvas.middle(canvas.port(step, STEP.textInput))];
  await page.mouse.click((from.x + to.x) / 2, (from.y + to.y) / 2);
  await page.keyboard.press("Delete");
  await canvas.frames();
  assert.deepEqual(await canvas.edges(), {});
  assert.equal(await canvas.nodeCount(), 2, "the nodes stay");
});

test("a click selects one node, shift adds and removes, a marquee takes what it touches", async (t) => {
  const { canvas, page, prompt, step } = await two(t);
  await canvas.header(prompt).click();
  assert.deepEqual(await canvas.selected(), [prompt]);
  await canvas.header(step).click();
  assert.deepEqual(await canvas.selected(), [step]);
  await canvas.header(prompt).click({ modifiers: ["Shift"] });
  assert.deepEqual(await canvas.selected(), [prompt, step].sort());
  await canvas.header(step).click({ modifiers: ["Shift"] });
  assert.deepEqual(await canvas.selected(), [prompt]);
  const { x, y } = await canvas.emptyPlace();
  await page.mouse.click(x, y);
  assert.deepEqual(await canvas.selected(), []);
  await marquee(canvas, [prompt, step]);
  assert.deepEqual(await canvas.selected(), [prompt, step].sort());
});

/** Draws a rectangle around nodes with Shift held. */
async function marquee(canvas, ids) {
  const boxes = await Promise.all(ids.map((id) => canvas.node(id).boundingBox()));
  const from = { x: Math.min(...boxes.map((box) => box.x)) - 25, y: Math.min(...boxes.map((box) => box.y)) - 25 };
  const to = { x: Math.max(...boxes.map((box) => box.x + box.width)) + 15, y: Math.max(...boxes.map((box) => box.y + box.height)) + 15 };
  await canvas.page.keyboard.down("Shift");
  await canvas.drag(from, to);
  await canvas.page.keyboard.up("Shift");
}

test("selected nodes move together", async (t) => {
  const { canvas, prompt, step } = await two(t);
  await marquee(canvas, [prompt, step]);
  const [one, other] = [await canvas.position(prompt), await canvas.position(step)];
  const { zoom } = await canvas.view();
  await canvas.dragNode(prompt, 40, 60);
  assertNear(await canvas.position(prompt), { x: one.x + 40 / zoom, y: one.y + 60 / zoom }, "the one under the hand");
  assertNear(await canvas.position(step), { x: other.x + 40 / zoom, y: other.y + 60 / zoom }, "the other");
});

test("arrows nudge what is selected", async (t) => {
  const { canvas, page, prompt } = await two(t);
  await canvas.header(prompt).click();
  const before = await canvas.position(prompt);
  await page.keyboard.press("ArrowRight");
  await page.keyboard.press("ArrowDown");
  await canvas.frames();
  const after = await canvas.position(prompt);
  assert.ok(after.x > before.x && after.y > before.y, `${JSON.stringify(before)} to ${JSON.stringify(after)}`);
});

test("Delete removes nodes with their edges, and they stay away", async (t) => {
  const { app, canvas, page, prompt, step } = await two(t);
  await canvas.connect(prompt, PROMPT.output, step, STEP.textInput);
  await canvas.header(prompt).click();
  await page.keyboard.press("Delete");
  await page.waitForSelector('[data-canvas][data-node-count="1"]');
  assert.deepEqual(Object.keys(await canvas.nodes()), [step]);
  assert.deepEqual(await canvas.edges(), {});
  await canvas.header(step).click();
  await page.keyboard.press("Backspace");
  await page.waitForSelector('[data-canvas][data-node-count="0"]');
  await app.saved();
  await app.reload();
  assert.equal(await canvas.nodeCount(), 0);
});

test("settings are edited in the inspector and kept", async (t) => {
  const { app, canvas, prompt, step } = await two(t);
  const entered = {};
  for (const [id, kind] of [[prompt, PROMPT], [step, STEP]]) {
    await canvas.header(id).click();
    for (const [label, field] of Object.entries(kind.fields)) entered[`${id} ${label}`] = await fill(app, label, field);
  }
  await app.saved();
  await app.reload();
  for (const [id, kind] of [[prompt, PROMPT], [step, STEP]]) {
    await canvas.header(id).click();
    for (const [label, field] of Object.entries(kind.fields)) {
      assert.equal(await shown(app, label, field), entered[`${id} ${label}`], `${label} after a reload`);
    }
  }
});

/** Enters something new into a field of the inspector, and returns what it then shows. */
async function fill(app, label, { role, value }) {
  const field = app.inspector.getByRole(role, { name: label, exact: true });
  const before = await shown(app, label, { role });
  if (role === "switch" || role === "checkbox") {
    await field.click();
  } else if (role === "combobox") {
    const options = await field.locator("option").evaluateAll((all) => all.map((option) => option.value));
    await field.selectOption(options.find((option) => option !== before));
  } else {
    await field.fill(value);
    await field.press("Tab");
  }
  await app.canvas.frames();
  const after = await shown(app, label, { role });
  assert.notEqual(after, before, `${label} takes what is entered`);
  return after;
}

/** What a field of the inspector shows. */
async function shown(app, label, { role }) {
  const field = app.inspector.getByRole(role, { name: label, exact: true });
  await field.waitFor();
  return role === "switch" || role === "checkbox" ? String(await field.isChecked()) : field.inputValue();
}

test("a workflow is renamed in place, duplicated, and deleted with a way back", async (t) => {
  const { app, canvas, page, prompt, step } = await two(t);
  await canvas.connect(prompt, PROMPT.output, step, STEP.textInput);
  const [original] = await app.workflowIds();
  const item = (id) => page.locator(`[data-workflow-id="${id}"]`);

  await app.fromMenu(original, "Rename");
  const name = item(original).getByRole("textbox");
  await name.fill("First light");
  await name.press("Enter");
  await item(original).getByText("First light").waitFor();

  await app.fromMenu(original, "Duplicate");
  await app.workflows.nth(1).waitFor();
  const copy = (await app.workflowIds()).find((id) => id !== original);
  await item(copy).click();
  await page.waitForSelector('[data-canvas][data-node-count="2"]');
  const nodes = Object.keys(await canvas.nodes());
  assert.ok(!nodes.includes(prompt) && !nodes.includes(step), "a copy has nodes of its own");
  assert.equal(Object.keys(await canvas.edges()).length, 1);

  await app.fromMenu(copy, "Delete");
  await item(copy).waitFor({ state: "detached" });
  await page.getByRole("region", { name: "Notifications" }).getByRole("button", { name: "Undo" }).click();
  await item(copy).waitFor();
  await app.fromMenu(copy, "Delete");
  await item(copy).waitFor({ state: "detached" });

  await app.saved();
  await app.reload();
  assert.deepEqual(await app.workflowIds(), [original], "what was deleted stays away, the original stays");
  await item(original).getByText("First light").waitFor();
});

test("Escape leaves a name as it was", async (t) => {
  const app = await open(t);
  const workflow = await app.newWorkflow();
  const item = app.page.locator(`[data-workflow-id="${workflow}"]`);
  const before = await item.innerText();
  await app.fromMenu(workflow, "Rename");
  await item.getByRole("textbox").fill("Never");
  await item.getByRole("textbox").press("Escape");
  await item.getByRole("textbox").waitFor({ state: "detached" });
  assert.equal(await item.innerText(), before);
});

test("a reload brings back nodes, edges and the view as they were", async (t) => {
  const { app, canvas, page, prompt, step } = await two(t);
  await canvas.connect(prompt, PROMPT.output, step, STEP.textInput);
  await canvas.dragNode(prompt, 33, -21);
  await canvas.dragNode(step, -17, 58);
  const place = await canvas.emptyPlace();
  await page.mouse.move(place.x, place.y);
  await page.mouse.wheel(0, 200);
  await canvas.drag(place, { x: place.x - 90, y: place.y - 35 });
  await app.saved();
  const before = { nodes: await canvas.nodes(), edges: await canvas.edges(), view: await canvas.view() };
  await app.reload();
  assert.deepEqual(await canvas.edges(), before.edges);
  assertNear(await canvas.view(), before.view, "the view", 0.01);
  const nodes = await canvas.nodes();
  assert.deepEqual(Object.keys(nodes).sort(), Object.keys(before.nodes).sort());
  for (const [id, node] of Object.entries(before.nodes)) {
    assert.equal(nodes[id].type, node.type);
    assertNear(nodes[id], node, `the node ${node.type}`, 0.01);
    assertNear({ x: nodes[id].width, y: nodes[id].height }, { x: node.width, y: node.height }, `the size of ${node.type}`);
  }
});

test("a reload opens the workflow that was open", async (t) => {
  const app = await open(t);
  const first = await app.newWorkflow();
  await app.canvas.add(PROMPT.query, await app.canvas.emptyPlace());
  await app.newWorkflow();
  await app.page.locator(`[data-workflow-id="${first}"]`).click();
  await app.page.waitForSelector('[data-canvas][data-node-count="1"]');
  await app.saved();
  await app.reload();
  assert.equal(await app.canvas.nodeCount(), 1);
});
