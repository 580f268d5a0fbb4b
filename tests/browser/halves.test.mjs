// The app comes in two halves: what a start needs, and what follows. `xtask/src/split` says how.

import assert from "node:assert/strict";
import { after, test } from "node:test";
import { App, open } from "./support/app.mjs";
import { closeBrowser, freshContext } from "./support/browser.mjs";
import { file, png } from "./support/files.mjs";
import { PROMPT } from "./support/kinds.mjs";
import { addMedia } from "./support/media.mjs";

after(closeBrowser);

const REST = "**/*_rest.wasm";

/** A page of the context to which the second half comes only when it is wanted at once. `doors` are those through which it was. */
async function firstHalf(context) {
  const page = await context.newPage();
  const held = { doors: [], isAway: false };
  page.on("console", (message) => held.doors.push(...(message.text().match(/^Door (\d+) is used/)?.slice(1) ?? [])));
  await page.route(REST, (route) => {
    // What follows is fetched; what is wanted at once is asked for the old way.
    if (route.request().resourceType() !== "xhr") return undefined;
    return held.isAway ? route.abort("internetdisconnected") : route.continue();
  });
  const app = new App(page);
  await app.visit();
  return { app, held };
}

const storagePanel = (app) => app.page.getByRole("region", { name: "Storage" });

test("the first half opens a workflow, shows its media, and keeps what is edited", async (t) => {
  const context = await freshContext(t);
  const whole = await open(t, context);
  await whole.newWorkflow();
  await addMedia(whole, [file("red.png", png([200, 60, 60])), file("blue.png", png([60, 60, 200]))]);
  await whole.page.close();

  const { app, held } = await firstHalf(context);
  await app.page.waitForSelector('[data-canvas][data-node-count="2"]');
  await app.page.waitForSelector('[data-node-id] img[data-loaded="true"]');
  await app.canvas.drag(await app.canvas.emptyPlace(), await app.canvas.emptyPlace(60), { button: "middle" });
  await app.canvas.add(PROMPT.query, await app.canvas.emptyPlace());
  await app.saved();
  app.assertNoProblems();
  assert.deepEqual(held.doors, [], "target/site/release-code.doors says what is behind them");
});

test("what is wanted before it has come comes at once", async (t) => {
  const { app, held } = await firstHalf(await freshContext(t));
  await app.button("Storage").click();
  await storagePanel(app).locator("[data-storage-used]").waitFor();
  assert.equal(held.doors.length, 1);
  app.assertNoProblems();
});

test("without a connection the user is asked, and goes on when there is one again", async (t) => {
  const { app, held } = await firstHalf(await freshContext(t));
  held.isAway = true;
  const asked = [];
  app.page.on("dialog", (dialog) => {
    asked.push(dialog.message());
    held.isAway = asked.length < 2;
    void dialog.accept();
  });
  await app.button("Storage").click();
  await storagePanel(app).locator("[data-storage-used]").waitFor();
  assert.equal(asked.length, 2);
  assert.match(asked[0], /has not been loaded yet, and there is no connection/);
});

test("what follows is tried again until it has come", async (t) => {
  const page = await (await freshContext(t)).newPage();
  let tried = 0;
  await page.route(REST, (route) => {
    return ++tried === 1 ? route.abort("internetdisconnected") : route.continue();
  });
  const app = new App(page);
  await app.visit();
  await page.waitForFunction(() => performance.getEntriesByName("rest").length === 1);
  await app.button("Storage").click();
  await storagePanel(app).locator("[data-storage-used]").waitFor();
  assert.equal(tried, 2);
});

test("who gives up without a connection is told to load the page anew", async (t) => {
  const { app, held } = await firstHalf(await freshContext(t));
  held.isAway = true;
  const said = [];
  app.page.on("dialog", (dialog) => {
    said.push([dialog.type(), dialog.message()]);
    void dialog.dismiss();
  });
  const failed = app.page.waitForEvent("pageerror");
  await app.button("Storage").click();
  await failed;
  assert.deepEqual(said.map(([type]) => type), ["confirm", "alert"]);
  assert.match(said[1][1], /Reload the page: everything that was saved is kept/);
});
