// The app without a network, and new versions of it.

import assert from "node:assert/strict";
import { after, test } from "node:test";
import { App, patience } from "./support/app.mjs";
import { closeBrowser, freshContext } from "./support/browser.mjs";
import { allowance, fillUp, textOf } from "./support/disk.mjs";
import { PROMPT } from "./support/kinds.mjs";
import { host } from "./support/proxy.mjs";

after(closeBrowser);

/** Opens the app of a host, in a browser that keeps it. */
async function open(t, site) {
  const context = await freshContext(t, { serviceWorkers: "allow" });
  const app = await visit(await context.newPage(), site);
  return { app, context };
}

async function visit(page, site) {
  const app = new App(page, site.url);
  await app.visit();
  return app;
}

/** Waits until the page is looked after by a worker. */
const kept = (page) => page.waitForFunction(() => navigator.serviceWorker.controller !== null);

const version = (page) => page.locator("meta[name=test-version]").getAttribute("content");

/** What the window says about new versions. */
const news = (page, what) => page.locator(`[data-update="${what}"]`);

const askForNew = (page) =>
  page.evaluate(async () => {
    await (await navigator.serviceWorker.ready).update();
  });

test("after one visit the app starts, edits and keeps without a network, under any path", async (t) => {
  const site = await host(t);
  const { app, context } = await open(t, site);
  await kept(app.page);
  const workflow = await app.newWorkflow();
  await app.canvas.add(PROMPT.query, await app.canvas.emptyPlace());
  await app.saved();

  await site.stop();
  await app.page.close();
  const again = await visit(await context.newPage(), site);
  assert.deepEqual(await again.workflowIds(), [workflow]);
  await again.page.waitForSelector('[data-canvas][data-node-count="1"]');
  await again.canvas.add(PROMPT.query, await again.canvas.emptyPlace());
  await again.saved();
  // With a question behind the path, and once more.
  await again.page.goto(`${site.url}?log=storage=debug`);
  await again.ready();
  await again.page.waitForSelector('[data-canvas][data-node-count="2"]');
  again.assertNoProblems();
  await site.start();
});

test("a new version waits until the user agrees, and takes nothing with it", async (t) => {
  const site = await host(t);
  const { app, context } = await open(t, site);
  await kept(app.page);
  const workflow = await app.newWorkflow();
  const other = await visit(await context.newPage(), site);

  site.version = "2";
  await askForNew(app.page);
  await news(app.page, "waits").waitFor();
  // Until then nothing changes, also not by loading anew.
  await app.reload();
  assert.equal(await version(app.page), "");
  await news(app.page, "waits").waitFor();
  await app.canvas.add(PROMPT.query, await app.canvas.emptyPlace());

  await news(app.page, "waits").getByRole("button", { name: "Update" }).click();
  await app.page.locator('meta[name=test-version][content="2"]').waitFor({ state: "attached" });
  await app.ready();
  assert.deepEqual(await app.workflowIds(), [workflow]);
  await app.page.waitForSelector('[data-canvas][data-node-count="1"]');

  // The other tab is left alone: it goes on, is told, and chooses when.
  await news(other.page, "taken").waitFor();
  assert.equal(await version(other.page), "");
  await other.canvas.add(PROMPT.query, await other.canvas.emptyPlace());
  await other.saved();
  await app.page.waitForSelector('[data-canvas][data-node-count="2"]');
  await news(other.page, "taken").getByRole("button", { name: "Reload" }).click();
  await other.page.locator('meta[name=test-version][content="2"]').waitFor({ state: "attached" });
  await other.ready();
  for (const one of [app, other]) one.assertNoProblems();
});

test("nothing is updated while a change isn't stored, and that is said", { timeout: 180_000 }, async (t) => {
  const site = await host(t);
  const { origin } = new URL(site.url);
  const context = await freshContext(t, { serviceWorkers: "allow" });
  const page = await context.newPage();
  const allow = await allowance(page);
  // With room for two versions of the app, also of one that is built for development.
  await allow(origin, 60_000_000);
  const app = await visit(page, site);
  await kept(page);
  await app.newWorkflow();
  const node = await app.canvas.add(PROMPT.query, await app.canvas.emptyPlace());
  await app.saved();
  site.version = "2";
  await askForNew(page);
  await news(page, "waits").waitFor();

  const text = await fillUp(app);
  await page.evaluate(() => (window.isStillThis = true));
  await news(page, "waits").getByRole("button", { name: "Update" }).click();
  const said = page.getByRole("region", { name: "Notifications" }).getByRole("alert");
  await said.getByText("Your last changes aren’t stored yet, so nothing was updated.").waitFor();
  const isAsBefore = async () => [await page.evaluate(() => window.isStillThis), await version(page), await textOf(app).inputValue()];
  assert.deepEqual(await isAsBefore(), [true, "", text]);

  await allow(origin);
  // By itself, after a while.
  await page.waitForSelector('[data-save-state="saved"]', { timeout: 60_000 });
  assert.deepEqual(await isAsBefore(), [true, "", text], "nor once it is stored, unless asked again");
  await news(page, "waits").getByRole("button", { name: "Update" }).click();
  await page.locator('meta[name=test-version][content="2"]').waitFor({ state: "attached" });
  await app.ready();
  await app.canvas.header(node).click();
  assert.equal(await textOf(app).inputValue(), text);
  app.assertNoProblems();
});

test("a site of which a part is missing is not taken", async (t) => {
  const site = await host(t);
  const { app } = await open(t, site);
  await kept(app.page);
  site.version = "2";
  site.missing.add("icon.svg");
  await askForNew(app.page).catch(() => {});
  await app.page.waitForFunction(async () => {
    const { installing, waiting } = await navigator.serviceWorker.ready;
    return !installing && !waiting;
  });
  assert.equal(await news(app.page, "waits").count(), 0);
  site.missing.clear();
  await askForNew(app.page);
  await news(app.page, "waits").waitFor({ timeout: patience });
});

test("the app can be installed", async (t) => {
  const site = await host(t);
  const { app, context } = await open(t, site);
  await kept(app.page);
  const session = await context.newCDPSession(app.page);
  const { errors } = await session.send("Page.getAppManifest");
  assert.deepEqual(errors, []);
  const { installabilityErrors } = await session.send("Page.getInstallabilityErrors");
  // A context that forgets everything is what Chromium calls incognito; nothing else may stand in the way.
  assert.deepEqual(installabilityErrors.filter(({ errorId }) => errorId !== "in-incognito"), []);
});
