// Looking around: panning, zooming, fitting, and what is far away.

import assert from "node:assert/strict";
import { after, test } from "node:test";
import { open } from "./support/app.mjs";
import { closeBrowser } from "./support/browser.mjs";
import { assertNear } from "./support/canvas.mjs";
import { grid } from "./support/comfyui.mjs";
import { PROMPT } from "./support/kinds.mjs";

after(closeBrowser);

/** A workflow with one node. */
async function one(t) {
  const app = await open(t);
  await app.newWorkflow();
  const { left, top } = await app.canvas.view();
  const node = await app.canvas.add(PROMPT.query, { x: left + 200, y: top + 150 });
  return { app, canvas: app.canvas, page: app.page, node };
}

const ways = {
  "a drag of the background": { place: (canvas) => canvas.emptyPlace(130) },
  "a drag with the middle button": { place: (canvas, node) => canvas.grip(node), button: "middle" },
  "a drag with Space held": { place: (canvas, node) => canvas.grip(node), key: "Space" },
};

for (const [way, { place, button, key }] of Object.entries(ways)) {
  test(`${way} pans and moves no node`, async (t) => {
    const { canvas, page, node } = await one(t);
    const [view, position, from] = [await canvas.view(), await canvas.position(node), await place(canvas, node)];
    await page.mouse.move(from.x, from.y);
    if (key) await page.keyboard.down(key);
    await canvas.drag(from, { x: from.x - 120, y: from.y + 70 }, { button });
    if (key) await page.keyboard.up(key);
    assertNear(await canvas.view(), { x: view.x - 120, y: view.y + 70, zoom: view.zoom }, "the view");
    assert.deepEqual(await canvas.position(node), position, "no node moves");
  });
}

test("a pan goes on outside the window, and ends there", async (t) => {
  const { canvas, page } = await one(t);
  const view = await canvas.view();
  const from = { x: view.left + view.width / 2, y: view.top + view.height - 80 };
  await page.mouse.move(from.x, from.y);
  await page.mouse.down();
  await page.mouse.move(from.x - 30, from.y + 30);
  await page.mouse.move(from.x - 60, from.y + 200);
  await page.mouse.up();
  await canvas.frames();
  const there = { x: view.x - 60, y: view.y + 200 };
  assertNear(await canvas.view(), there, "the view follows");
  await page.mouse.move(from.x, from.y - 100);
  await canvas.frames();
  assertNear(await canvas.view(), there, "and stays when the pointer comes back");
});

test("the node is drawn where the view says that it is", async (t) => {
  const { canvas, page, node } = await one(t);
  for (const [wheel, dx] of [[0, 0], [240, 40], [-400, -60]]) {
    const place = await canvas.emptyPlace();
    await page.mouse.move(place.x, place.y);
    if (wheel) await page.mouse.wheel(0, wheel);
    await canvas.drag(place, { x: place.x + dx, y: place.y });
    const box = await canvas.node(node).boundingBox();
    assertNear(box, await canvas.toPage(await canvas.position(node)), "screen = world × zoom + (x, y)", 2);
  }
});

test("the wheel zooms, and the point under the cursor stays", async (t) => {
  const { canvas, page } = await one(t);
  for (const delta of [-240, 100, -50, 480]) {
    const { left, top, width, height } = await canvas.view();
    const place = { x: left + width * 0.7, y: top + height * 0.35 };
    const [before, world] = [await canvas.view(), await canvas.toWorld(place)];
    await page.mouse.move(place.x, place.y);
    await page.mouse.wheel(0, delta);
    await canvas.frames(3);
    const after = await canvas.view();
    assert.equal(Math.sign(before.zoom - after.zoom), Math.sign(delta), `${delta} zooms ${delta > 0 ? "out" : "in"}`);
    assertNear(await canvas.toPage(world), place, `after a wheel of ${delta}`, 1);
  }
});

test("two fingers on a track pad pan, and a pinch on it zooms to the cursor", async (t) => {
  const { canvas, page, node } = await one(t);
  const [view, position] = [await canvas.view(), await canvas.position(node)];
  const place = { x: view.left + view.width * 0.6, y: view.top + view.height * 0.4 };
  await page.mouse.move(place.x, place.y);
  // Track pads report small steps, and sideways ones; that is what tells them from a wheel.
  for (const [dx, dy] of [[6, 4], [30, 90], [4, -14]]) await page.mouse.wheel(dx, dy);
  await canvas.frames(3);
  assertNear(await canvas.view(), { x: view.x - 40, y: view.y - 80, zoom: view.zoom }, "the view");
  assert.deepEqual(await canvas.position(node), position, "no node moves");
  const world = await canvas.toWorld(place);
  await page.keyboard.down("Control"); // Browsers report a pinch as a wheel with Ctrl.
  for (let step = 0; step < 5; step++) await page.mouse.wheel(0, -10);
  await page.keyboard.up("Control");
  await canvas.frames(3);
  assert.ok((await canvas.view()).zoom > view.zoom * 1.2, "it zooms in");
  assertNear(await canvas.toPage(world), place, "to the cursor", 1);
});

test("on a touch screen one finger pans and two zoom about what is between them", async (t) => {
  const { canvas, page, node } = await one(t);
  const devtools = await page.context().newCDPSession(page);
  const [view, position, from] = [await canvas.view(), await canvas.position(node), await canvas.emptyPlace(130)];
  const touch = (type, ...fingers) =>
    devtools.send("Input.dispatchTouchEvent", { type, touchPoints: fingers.map(([x, y], id) => ({ x, y, id })) });
  const { x, y } = from;
  await touch("touchStart", [x, y]);
  for (let step = 1; step <= 5; step++) await touch("touchMove", [x - 10 * step, y + 6 * step]);
  await touch("touchEnd");
  await canvas.frames(3);
  assertNear(await canvas.view(), { x: view.x - 50, y: view.y + 30, zoom: view.zoom }, "the view", 8);

  const world = await canvas.toWorld({ x, y });
  await touch("touchStart", [x - 30, y]);
  await touch("touchStart", [x - 30, y], [x + 30, y]);
  for (let step = 1; step <= 5; step++) await touch("touchMove", [x - 30 - 6 * step, y], [x + 30 + 6 * step, y]);
  await touch("touchEnd");
  await canvas.frames(3);
  assertNear({ zoom: (await canvas.view()).zoom }, { zoom: view.zoom * 2 }, "twice as far apart", 0.05);
  assertNear(await canvas.toPage(world), { x, y }, "what was between the fingers stays", 3);
  assert.deepEqual(await canvas.position(node), position, "no node moves");
});

test("+ and − zoom, and 1 fits everything into the view", async (t) => {
  const { canvas, page, node } = await one(t);
  const place = await canvas.emptyPlace();
  await page.mouse.click(place.x, place.y);
  const { zoom } = await canvas.view();
  await page.keyboard.press("+");
  await canvas.frames(30);
  const larger = (await canvas.view()).zoom;
  assert.ok(larger > zoom, `+ from ${zoom} to ${larger}`);
  await page.keyboard.press("-");
  await page.keyboard.press("-");
  await canvas.frames(30);
  const smaller = (await canvas.view()).zoom;
  assert.ok(smaller < zoom, `− from ${larger} to ${smaller}`);
  const from = await canvas.emptyPlace();
  await canvas.drag(from, { x: from.x + 700, y: from.y + 500 });
  await page.keyboard.press("1");
  await canvas.frames(30);
  const [box, view] = [await canvas.node(node).boundingBox(), await canvas.view()];
  assert.ok(box, "the node is in the page");
  assert.ok(box.x >= view.left && box.x + box.width <= view.left + view.width, "and in view from left to right");
  assert.ok(box.y >= view.top && box.y + box.height <= view.top + view.height, "and from top to bottom");
});

test("far away, nodes are drawn together and come back when near", async (t) => {
  const app = await open(t);
  const { canvas, page } = app;
  await app.importJson("grid.json", grid(2500), 2500);
  await page.waitForSelector('[data-canvas][data-detail="far"]');
  assert.equal(await page.locator("[data-node-id]").filter({ visible: true }).count(), 0, "none is drawn by itself");
  const { left, top, width, height } = await canvas.view();
  await page.mouse.move(left + width / 2, top + height / 2);
  for (let i = 0; i < 60 && (await canvas.view()).zoom < 0.9; i++) await page.mouse.wheel(0, -120);
  await page.waitForSelector('[data-canvas]:not([data-detail="far"])');
  await page.waitForSelector("[data-node-id]");
  const shown = await page.locator("[data-node-id]").count();
  assert.ok(shown < 200, `${shown} of 2,500 nodes have elements`);
});

test("what comes into view is drawn, and what leaves may go", async (t) => {
  const app = await open(t);
  const { canvas, page } = app;
  await app.importJson("row.json", grid(60, 60), 60);
  const { left, top, width, height } = await canvas.view();
  await page.mouse.move(left + width / 2, top + height / 2);
  for (let i = 0; i < 60 && (await canvas.view()).zoom < 0.95; i++) await page.mouse.wheel(0, -120);
  const seen = new Set();
  for (let i = 0; i < 40; i++) {
    for (const node of Object.values(await canvas.nodes())) seen.add(Math.round(node.x / 260));
    const view = await canvas.view();
    if ((await canvas.toWorld({ x: view.left, y: view.top }, view)).x < -100) break;
    await page.mouse.move(left + 60, top + height * 0.9);
    await page.mouse.down({ button: "middle" });
    await page.mouse.move(left + width - 60, top + height * 0.9, { steps: 4 });
    await page.mouse.up({ button: "middle" });
    await canvas.frames();
  }
  for (let i = 0; i < 40 && seen.size < 60; i++) {
    for (const node of Object.values(await canvas.nodes())) seen.add(Math.round(node.x / 260));
    await page.mouse.move(left + width - 60, top + height * 0.9);
    await page.mouse.down({ button: "middle" });
    await page.mouse.move(left + 60, top + height * 0.9, { steps: 4 });
    await page.mouse.up({ button: "middle" });
    await canvas.frames();
  }
  assert.equal(seen.size, 60, "every node was seen on the way");
});
