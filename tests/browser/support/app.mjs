// Atelier in a page: opening it, and what every test asks of it.

import assert from "node:assert/strict";
import { freshContext } from "./browser.mjs";
import { Canvas } from "./canvas.mjs";

export const address = process.env.ATELIER_URL ?? "http://127.0.0.1:8080/";

/** How long something that needs no computing may take to appear. Generous: the machine may be busy. */
export const patience = 15_000;

/** Opens the app in a fresh context. When the test ends, nothing may have gone wrong in the page meanwhile. */
export async function open(t, context) {
  const app = new App(await (context ?? (await freshContext(t))).newPage());
  t.after(() => app.assertNoProblems());
  await app.visit();
  return app;
}

/** A page with Atelier in it, or with what is to become it. */
export class App {
  constructor(page, home = address) {
    this.page = page;
    /** Where the app is. */
    this.home = home;
    this.canvas = new Canvas(page);
    /** What the page complained of. */
    this.problems = [];
    /** The address of each request and each WebSocket to another origin: of the page, its workers, and a service worker. */
    this.foreign = [];
    /** The hosts of which the user asks something in this test. No other may be asked (law 11). */
    this.asks = [];
    page.setDefaultTimeout(patience);
    page.on("console", (message) => {
      // What Playwright itself says in a context without service workers.
      if (message.text().startsWith("Service Worker registration blocked")) return;
      if (["error", "warning"].includes(message.type())) this.problems.push(`${message.type()}: ${message.text()}`);
    });
    page.on("pageerror", (error) => this.problems.push(`uncaught: ${error.message}`));
    const note = (request) => {
      const { protocol, origin, href } = new URL(request.url());
      if (!["blob:", "data:"].includes(protocol) && origin !== new URL(home).origin) this.foreign.push(href);
    };
    page.on("request", note);
    page.context().on("request", (request) => request.serviceWorker() && note(request));
    page.on("websocket", (socket) => this.foreign.push(socket.url()));
  }

  async visit() {
    await this.page.goto(this.home);
    await this.ready();
  }

  async reload() {
    await this.page.reload();
    await this.ready();
  }

  /** Waits until stored data is shown. */
  async ready() {
    await this.page.waitForSelector("html[data-atelier]", { state: "attached" });
    const html = this.page.locator("html");
    const state = await html.getAttribute("data-atelier");
    assert.equal(state, "ready", `the app did not start: ${await this.page.locator("body").innerText()}`);
  }

  /** Waits until everything is on the disk. */
  async saved() {
    await this.page.waitForSelector('[role="status"][data-save-state="saved"]', { state: "attached" });
  }

  assertNoProblems() {
    assert.deepEqual(this.problems, [], "the page complained");
    const unasked = this.foreign.filter((url) => !this.asks.includes(new URL(url).host));
    assert.deepEqual(unasked, [], "law 11: no request to another origin unasked");
  }

  /** The entries of the library. */
  get workflows() {
    return this.page.getByRole("navigation", { name: "Workflows" }).locator("[data-workflow-id]");
  }

  /** The button of this name. */
  button(name) {
    return this.page.getByRole("button", { name, exact: true });
  }

  get inspector() {
    return this.page.getByRole("region", { name: "Inspector" });
  }

  /** Makes a workflow and waits for its empty canvas. Returns its id. */
  async newWorkflow() {
    const before = await this.workflowIds();
    await this.button("New workflow").first().click();
    await this.workflows.nth(before.length).waitFor();
    await this.page.waitForSelector('[data-canvas][data-node-count="0"]');
    const ids = await this.workflowIds();
    return ids.find((id) => !before.includes(id));
  }

  workflowIds() {
    return this.workflows.evaluateAll((items) => items.map((item) => item.dataset.workflowId));
  }

  /** Chooses from a workflow's menu. */
  async fromMenu(workflow, name) {
    const item = this.page.locator(`[data-workflow-id="${workflow}"]`);
    await item.hover();
    await item.locator('[aria-haspopup="menu"]').click();
    await this.page.getByRole("menuitem", { name }).click();
  }

  /** Hands files to the import, as a user's choice does: paths, or `{ name, mimeType, buffer }`. */
  async chooseFiles(files) {
    await this.page.locator("input[type=file][data-import]").setInputFiles(files);
  }

  get importDialog() {
    return this.page.getByRole("dialog", { name: "Import" });
  }

  /** The reports of the import dialog, once there are `count`. */
  async importReports(count) {
    const reports = this.importDialog.locator("[data-import-report]");
    await reports.nth(count - 1).waitFor({ timeout: 60_000 });
    return reports.evaluateAll((all) =>
      all.map(({ dataset, innerText }) => ({
        valid: dataset.valid === "true",
        nodes: Number(dataset.nodes),
        edges: Number(dataset.edges),
        assets: Number(dataset.assets),
        reason: dataset.reason,
        text: innerText,
      })),
    );
  }

  /** Imports a workflow from JSON text and waits until it is open. */
  async importJson(name, json, nodes) {
    await this.chooseFiles({ name, mimeType: "application/json", buffer: Buffer.from(json) });
    await this.importReports(1);
    await this.importDialog.getByRole("button", { name: "Import", exact: true }).click();
    await this.page.waitForSelector(`[data-canvas][data-node-count="${nodes}"]`, { timeout: 60_000 });
  }
}
