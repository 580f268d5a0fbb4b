// Atelier in a tab of any engine.

import assert from "node:assert/strict";

const address = process.env.ATELIER_URL ?? "http://127.0.0.1:8080/";

/** Where a node is, and what its card says. */
const seen = (id) => {
  const node = document.querySelector(`[data-node-id="${id}"]`);
  return node && { x: Number(node.dataset.x), y: Number(node.dataset.y), text: node.innerText };
};

export class Studio {
  constructor(page) {
    this.page = page;
  }

  /** Opens the app in a tab. */
  static async open(page) {
    const studio = new Studio(page);
    await page.goto(address);
    await studio.ready();
    return studio;
  }

  async reload() {
    await this.page.reload();
    await this.ready();
  }

  /** Waits until stored data is shown. */
  async ready() {
    const state = await this.page.waitFor(() => document.documentElement.dataset.atelier);
    assert.equal(state, "ready", await this.page.text());
  }

  /** Waits until everything is on the disk. */
  async saved() {
    await this.page.find('[role="status"][data-save-state="saved"]');
  }

  async haveNodes(count) {
    await this.page.find(`[data-canvas][data-node-count="${count}"]`);
  }

  async newWorkflow() {
    await this.page.click("button", "New workflow");
    await this.haveNodes(0);
  }

  /** Adds the node that the query finds first, with the keyboard. Returns its id. */
  async add(query) {
    const before = await this.nodes();
    await this.page.evaluate(() => document.querySelector("[data-canvas]").focus());
    await this.page.press("Tab");
    await this.page.type("input", query, "Add node");
    await this.page.press("Enter");
    await this.haveNodes(before.length + 1);
    return this.page.waitFor((before) => {
      const ids = [...document.querySelectorAll("[data-node-id]")].map((node) => node.dataset.nodeId);
      return ids.find((id) => !before.includes(id));
    }, before);
  }

  /** The ids of all nodes that are in the page. */
  nodes() {
    return this.page.evaluate(() => [...document.querySelectorAll("[data-node-id]")].map((node) => node.dataset.nodeId));
  }

  node(id) {
    return this.page.evaluate(seen, id);
  }

  /** Types into the text of the node that is selected. */
  async write(text) {
    await this.page.type('[role="region"][aria-label="Inspector"] textarea', text);
  }

  /** Drags a node by its header, by so many pixels. */
  async drag(id, dx, dy) {
    const from = await this.page.evaluate((id) => {
      const box = document.querySelector(`[data-node-id="${id}"] [data-part="header"]`).getBoundingClientRect();
      return { x: box.x + box.width / 3, y: box.y + box.height / 2 };
    }, id);
    await this.page.drag(from, { x: from.x + dx, y: from.y + dy });
  }

  /** Waits until this tab shows a node as another one does, or as it was. */
  async shows(id, { x, y, text }) {
    await this.page.waitFor(
      (id, x, y, text) => {
        const node = document.querySelector(`[data-node-id="${id}"]`);
        return node && Number(node.dataset.x) === x && Number(node.dataset.y) === y && node.innerText === text;
      },
      id,
      x,
      y,
      text,
    );
  }

  /** Shows all nodes. */
  async fit() {
    await this.page.evaluate(() => document.querySelector("[data-canvas]").focus());
    await this.page.press("1");
  }

  /** Waits for the one picture on its card, and looks at the original, which is so many pixels wide, in the viewer. */
  async showsPicture(width) {
    await this.page.find('[data-node-id] img[data-asset-id][data-loaded="true"]');
    await this.fit();
    await this.page.doubleClick("[data-node-id]:has(img) .foot");
    await this.page.waitFor((width) => [...document.querySelectorAll('[role="dialog"] img')].some((image) => image.naturalWidth === width), width);
    await this.page.press("Escape");
    await this.page.waitFor(() => document.querySelector('[role="dialog"]') === null);
  }

  /** What the diagnostics say, by name. */
  async facts() {
    await this.page.click("button", "Storage");
    await this.page.click('[role="region"] button', "Diagnostics");
    await this.page.find("[data-fact]");
    return this.page.evaluate(() => Object.fromEntries([...document.querySelectorAll("[data-fact]")].map((fact) => [fact.dataset.fact, fact.innerText])));
  }
}
