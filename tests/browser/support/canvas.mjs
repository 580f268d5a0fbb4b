// The canvas as a hand sees it: world and screen, nodes, ports, edges, gestures.

import assert from "node:assert/strict";

/** How far a node may be from where it should be, in world units: what rounding to pixels explains. */
export const tolerance = 1.5;

/** The canvas of a page. */
export class Canvas {
  constructor(page) {
    this.page = page;
    this.mouse = page.mouse;
  }

  get element() {
    return this.page.locator("[data-canvas]");
  }

  /** `{ x, y, zoom, left, top, width, height }`: the view, and where the canvas lies in the page. */
  view() {
    return this.element.evaluate((canvas) => {
      const { left, top, width, height } = canvas.getBoundingClientRect();
      const { x, y, zoom } = canvas.dataset;
      return { x: Number(x), y: Number(y), zoom: Number(zoom), left, top, width, height };
    });
  }

  /** Where a point of the world is in the page. */
  async toPage(world, view) {
    const { x, y, zoom, left, top } = view ?? (await this.view());
    return { x: left + world.x * zoom + x, y: top + world.y * zoom + y };
  }

  /** Which point of the world is shown at a place of the page. */
  async toWorld(place, view) {
    const { x, y, zoom, left, top } = view ?? (await this.view());
    return { x: (place.x - left - x) / zoom, y: (place.y - top - y) / zoom };
  }

  async nodeCount() {
    return Number(await this.element.getAttribute("data-node-count"));
  }

  node(id) {
    return this.page.locator(`[data-node-id="${id}"]`);
  }

  header(id) {
    return this.node(id).locator('[data-part="header"]');
  }

  port(id, name) {
    return this.node(id).locator(`[data-port="${name}"]`);
  }

  /** The nodes in the page: `{ id: { type, status, x, y, width, height, selected } }`, sizes in world units. */
  async nodes() {
    const { zoom } = await this.view();
    const all = await this.page.locator("[data-node-id]").evaluateAll((nodes) =>
      nodes.map((node) => {
        const { width, height } = node.getBoundingClientRect();
        const { nodeId, nodeType, status, x, y } = node.dataset;
        return { id: nodeId, type: nodeType, status, x: Number(x), y: Number(y), width, height };
      }),
    );
    return Object.fromEntries(all.map(({ id, ...node }) => [id, { ...node, width: node.width / zoom, height: node.height / zoom }]));
  }

  async position(id) {
    return this.node(id).evaluate((node) => ({ x: Number(node.dataset.x), y: Number(node.dataset.y) }));
  }

  /** The edges in the page: `{ id: { source, target } }`. */
  async edges() {
    const all = await this.page
      .locator("[data-edge-id]")
      .evaluateAll((edges) => edges.map(({ dataset: { edgeId, source, target } }) => [edgeId, { source, target }]));
    return Object.fromEntries(all);
  }

  /** The ids of the selected nodes, sorted. */
  async selected() {
    const ids = await this.page
      .locator('[data-node-id][aria-selected="true"]')
      .evaluateAll((nodes) => nodes.map((node) => node.dataset.nodeId));
    return ids.sort();
  }

  /** A place of the page where the canvas shows nothing but itself, with `clearance` pixels around it. */
  async emptyPlace(clearance = 20) {
    const place = await this.element.evaluate((canvas, clearance) => {
      const { left, top, right, bottom } = canvas.getBoundingClientRect();
      const things = "[data-node-id],[data-edge-id],[data-port],button,a,input,select,textarea,[role=dialog],[role=toolbar]";
      const free = (x, y) => {
        const here = document.elementFromPoint(x, y);
        return here?.closest("[data-canvas]") === canvas && !here.closest(things);
      };
      const around = [[0, 0], [-1, -1], [1, -1], [-1, 1], [1, 1], [0, 1], [0, -1], [1, 0], [-1, 0]];
      for (let y = bottom - 60; y > top + 40; y -= 15) {
        for (let x = left + 80; x < right - 80; x += 15) {
          if (around.every(([dx, dy]) => free(x + dx * clearance, y + dy * clearance))) return { x, y };
        }
      }
      return null;
    }, clearance);
    assert.ok(place, "there is no empty place on the canvas");
    return place;
  }

  /** Where the middle of an element is in the page. */
  async middle(locator) {
    const box = await locator.boundingBox();
    assert.ok(box, `${locator} is not in the page`);
    return { x: box.x + box.width / 2, y: box.y + box.height / 2 };
  }

  /** Presses at `from`, moves to `to` and lets go. `hold` is what happens before letting go. */
  async drag(from, to, { button = "left", steps = 8, hold } = {}) {
    await this.mouse.move(from.x, from.y);
    await this.mouse.down({ button });
    await this.mouse.move(to.x, to.y, { steps });
    await hold?.();
    await this.mouse.up({ button });
    await this.frames();
  }

  /** Drags a node by its header, by so many pixels of the page. */
  async dragNode(id, dx, dy, options) {
    const from = await this.grip(id);
    await this.drag(from, { x: from.x + dx, y: from.y + dy }, options);
  }

  /** A place on a node's header that drags: left of its middle, where no button is. */
  async grip(id) {
    const box = await this.header(id).boundingBox();
    assert.ok(box, `the header of ${id} is not in the page`);
    return { x: box.x + box.width / 3, y: box.y + box.height / 2 };
  }

  /** Draws a connection from one port to another. */
  async connect(source, output, target, input, options) {
    await this.drag(await this.middle(this.port(source, output)), await this.middle(this.port(target, input)), options);
  }

  get search() {
    return this.page.locator("input").and(this.page.getByLabel("Add node", { exact: true }));
  }

  /** Adds the first node that `query` finds, at a place of the page or where the keyboard puts it. Returns its id. */
  async add(query, place) {
    const before = new Set(Object.keys(await this.nodes()));
    const count = await this.nodeCount();
    if (place) {
      await this.mouse.dblclick(place.x, place.y);
    } else {
      await this.element.focus();
      await this.page.keyboard.press("Tab");
    }
    await this.search.waitFor();
    await this.search.fill(query);
    await this.search.press("Enter");
    await this.page.waitForSelector(`[data-canvas][data-node-count="${count + 1}"]`);
    const id = Object.keys(await this.nodes()).find((id) => !before.has(id));
    assert.ok(id, "the new node is not in the page");
    return id;
  }

  /** Waits until the page has drawn what the last event changed. */
  async frames(count = 2) {
    await this.page.evaluate(async (count) => {
      for (let i = 0; i < count; i++) await new Promise((done) => requestAnimationFrame(done));
    }, count);
  }
}

/** Fails unless two places are the same but for rounding. */
export function assertNear(actual, expected, message, within = tolerance) {
  const near = ["x", "y", "zoom"].every((key) => !(key in expected) || Math.abs(actual[key] - expected[key]) <= within);
  assert.ok(near, `${message}: ${JSON.stringify(actual)} is not near ${JSON.stringify(expected)}`);
}
