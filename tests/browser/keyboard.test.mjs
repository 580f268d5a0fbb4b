// Without a mouse, and out of everything again.

import assert from "node:assert/strict";
import { after, test } from "node:test";
import { open } from "./support/app.mjs";
import { closeBrowser } from "./support/browser.mjs";
import { PROMPT, STEP } from "./support/kinds.mjs";

after(closeBrowser);

async function two(t) {
  const app = await open(t);
  await app.newWorkflow();
  const { left, top, width, height } = await app.canvas.view();
  const prompt = await app.canvas.add(PROMPT.query, { x: left + width * 0.2, y: top + height * 0.3 });
  const step = await app.canvas.add(STEP.query, { x: left + width * 0.6, y: top + height * 0.3 });
  return { app, canvas: app.canvas, page: app.page, prompt, step };
}

/** Presses a key until `found` holds for what has the focus; fails after going round. */
async function go(page, key, found, what) {
  for (let i = 0; i < 120; i++) {
    if (await page.evaluate(found)) return;
    await page.keyboard.press(key);
  }
  assert.fail(`${key} never reaches ${what}`);
}

// Tab on the canvas itself asks for a node to add, so the way in is from the tools, backwards.
test("nodes are reached by Tab in their order, and the focus is seen", async (t) => {
  const { canvas, page, prompt, step } = await two(t);
  await page.getByRole("toolbar", { name: "Tools" }).getByRole("button").first().focus();
  const onNode = () => document.activeElement?.hasAttribute("data-node-id") ?? false;
  const reached = [];
  for (let i = 0; i < 2; i++) {
    await page.keyboard.press("Shift+Tab");
    await go(page, "Shift+Tab", onNode, "another node");
    reached.push(await page.evaluate(() => document.activeElement.dataset.nodeId));
  }
  assert.deepEqual(reached, [step, prompt]);
  const { outlineStyle, boxShadow } = await canvas.node(prompt).evaluate((node) => {
    const { outlineStyle, boxShadow } = getComputedStyle(node);
    return { outlineStyle, boxShadow };
  });
  assert.ok(outlineStyle !== "none" || boxShadow !== "none", "what has the focus shows it");
  await page.keyboard.press("Tab");
  assert.equal(await page.evaluate(() => document.activeElement.dataset.nodeId), step, "and Tab goes on");
  await page.keyboard.press("Enter");
  assert.deepEqual(await canvas.selected(), [step], "Enter selects");
});

test("Escape ends the search for a node and gives the focus back", async (t) => {
  const { canvas, page } = await two(t);
  const place = await canvas.emptyPlace();
  await page.mouse.dblclick(place.x, place.y);
  await canvas.search.waitFor();
  await page.keyboard.press("Escape");
  await canvas.search.waitFor({ state: "detached" });
  assert.equal(await canvas.nodeCount(), 2);
  assert.ok(await page.evaluate(() => document.activeElement?.closest("[data-canvas]") !== null), "the canvas has the focus");
});

test("Escape during a drag puts the node back", async (t) => {
  const { app, canvas, page, prompt } = await two(t);
  const before = await canvas.position(prompt);
  await canvas.dragNode(prompt, 80, 40, { hold: () => page.keyboard.press("Escape") });
  assert.deepEqual(await canvas.position(prompt), before);
  await app.saved();
  await app.reload();
  assert.deepEqual(await canvas.position(prompt), before, "nor was anything stored");
});

test("Escape during a connection draws none", async (t) => {
  const { canvas, page, prompt, step } = await two(t);
  await canvas.connect(prompt, PROMPT.output, step, STEP.textInput, { hold: () => page.keyboard.press("Escape") });
  assert.deepEqual(await canvas.edges(), {});
});

test("Escape during a resize keeps the size", async (t) => {
  const { canvas, page, prompt } = await two(t);
  const before = (await canvas.nodes())[prompt];
  await canvas.header(prompt).click();
  const corner = await canvas.middle(canvas.node(prompt).locator('[data-part="resize"]'));
  await canvas.drag(corner, { x: corner.x + 60, y: corner.y + 60 }, { hold: () => page.keyboard.press("Escape") });
  assert.deepEqual((await canvas.nodes())[prompt], before);
});

test("a dialog keeps the focus and gives it back", async (t) => {
  const { app, page } = await two(t);
  await app.chooseFiles({ name: "broken.json", mimeType: "application/json", buffer: Buffer.from("{") });
  await app.importDialog.waitFor();
  for (let i = 0; i < 12; i++) {
    assert.ok(await page.evaluate(() => document.activeElement?.closest("[role=dialog],dialog") !== null), "Tab stays inside");
    await page.keyboard.press("Tab");
  }
  await page.keyboard.press("Escape");
  await app.importDialog.waitFor({ state: "detached" });
  assert.ok(await page.evaluate(() => document.activeElement !== document.body), "the focus is somewhere useful");
});

test("typing in a field does not command the canvas", async (t) => {
  const { app, canvas, page, prompt } = await two(t);
  await canvas.header(prompt).click();
  const [view, position] = [await canvas.view(), await canvas.position(prompt)];
  const field = app.inspector.getByRole("textbox").first();
  await field.click();
  await page.keyboard.type("1+-? ");
  for (const key of ["Backspace", "Delete", "ArrowLeft", "ArrowRight"]) await page.keyboard.press(key);
  assert.equal(await canvas.nodeCount(), 2, "nothing was deleted");
  assert.deepEqual(await canvas.view(), view, "nothing was zoomed");
  assert.deepEqual(await canvas.position(prompt), position, "nothing was nudged");
});

test("a menu opens, moves and closes by keys and gives the focus back", async (t) => {
  const { app, page } = await two(t);
  await app.button("New workflow").first().focus();
  await go(page, "Tab", () => document.activeElement?.getAttribute("aria-haspopup") === "menu", "a workflow's menu");
  await page.keyboard.press("Enter");
  await page.getByRole("menu").waitFor();
  await page.keyboard.press("ArrowDown");
  assert.equal(await page.evaluate(() => document.activeElement?.getAttribute("role")), "menuitem");
  await page.keyboard.press("Escape");
  await page.getByRole("menu").waitFor({ state: "detached" });
  assert.equal(await page.evaluate(() => document.activeElement?.getAttribute("aria-haspopup")), "menu");
});
