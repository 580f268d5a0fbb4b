// The first visit, and what everybody can rely on finding.

import assert from "node:assert/strict";
import { after, test } from "node:test";
import { open } from "./support/app.mjs";
import { closeBrowser } from "./support/browser.mjs";
import { multiply } from "./support/stored.mjs";

after(closeBrowser);

test("the first visit shows an empty library and a canvas, and says that it is ready", async (t) => {
  const app = await open(t);
  assert.deepEqual(await app.workflowIds(), []);
  assert.equal(await app.page.title(), "Atelier");
  await app.button("New workflow").first().waitFor();
});

test("nothing leaves the machine", async (t) => {
  const app = await open(t);
  await app.newWorkflow();
  await app.saved();
  await app.page.waitForLoadState("networkidle");
  assert.deepEqual(app.foreign, [], "law 11: no request to another origin unasked");
});

test("what others find by name has its name", async (t) => {
  const app = await open(t);
  await app.newWorkflow();
  const { page } = app;
  await page.getByRole("navigation", { name: "Workflows" }).waitFor();
  for (const name of ["New workflow", "Import"]) await app.button(name).first().waitFor();
  await app.inspector.waitFor({ state: "attached" });
  await page.getByRole("region", { name: "Notifications" }).waitFor({ state: "attached" });
  await page.waitForSelector('[role="status"][data-save-state]');
  await page.waitForSelector("input[type=file][data-import]", { state: "attached" });
  const { x, y, zoom } = await app.canvas.view();
  assert.ok([x, y, zoom].every(Number.isFinite) && zoom > 0, "the canvas tells its view");
  assert.equal(await app.canvas.nodeCount(), 0);
});

test("every control has a name", async (t) => {
  const app = await open(t);
  await app.newWorkflow();
  await app.canvas.add("", await app.canvas.emptyPlace());
  const nameless = await app.page.evaluate(() => {
    const controls = document.querySelectorAll("button, a[href], input, select, textarea, [role=button], [role=menuitem], [tabindex='0']");
    const named = (element) =>
      element.ariaLabel || element.title || element.innerText?.trim() || element.getAttribute("aria-labelledby") || element.labels?.length;
    const hidden = (element) => element.closest("[hidden],[aria-hidden=true],[inert]") || element.type === "hidden";
    return [...controls].filter((element) => !hidden(element) && !named(element)).map((element) => element.outerHTML.slice(0, 120));
  });
  assert.deepEqual(nameless, []);
});

test("a library of hundreds begins with what a window shows, and has all of them a moment later", async (t) => {
  const app = await open(t);
  await app.newWorkflow();
  await app.saved();
  await multiply(app.page, 300);
  await app.page.addInitScript(() => {
    new MutationObserver(() => {
      window.atFirst ??= document.querySelectorAll("[data-workflow-id]").length || undefined;
    }).observe(document, { subtree: true, childList: true });
  });
  await app.reload();
  const first = await app.page.evaluate(() => window.atFirst);
  assert(first >= 20 && first < 300, `${first} of 300 workflows are there first`);
  await app.workflows.nth(299).waitFor({ state: "attached" });
  assert.equal(new Set(await app.workflowIds()).size, 300);
});

test("a reload starts again without a complaint", async (t) => {
  const app = await open(t);
  const workflow = await app.newWorkflow();
  await app.saved();
  await app.reload();
  assert.deepEqual(await app.workflowIds(), [workflow], "what is ready shows what is stored");
});

test("the app fits a narrow window, and one at 200 %", async (t) => {
  const app = await open(t);
  await app.newWorkflow();
  for (const size of [{ width: 640, height: 400 }, { width: 390, height: 780 }]) {
    await app.page.setViewportSize(size);
    await app.canvas.frames();
    const stickingOut = await app.page.evaluate(() => document.documentElement.scrollWidth - innerWidth);
    assert.ok(stickingOut <= 0, `${stickingOut} pixels stick out at ${size.width} × ${size.height}`);
    const { width, height } = await app.canvas.view();
    assert.ok(width > 200 && height > 150, `the canvas keeps room at ${size.width} × ${size.height}: ${width} × ${height}`);
  }
});
