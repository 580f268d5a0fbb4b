// Nothing in a file can run or load anything from outside: on its card, in the viewer, and opened by its address.

import assert from "node:assert/strict";
import { createServer } from "node:http";
import { after, test } from "node:test";
import { open } from "./support/app.mjs";
import { closeBrowser } from "./support/browser.mjs";
import { file, hostileHtml, hostileSvg } from "./support/files.mjs";
import { addMedia, card, fit, view } from "./support/media.mjs";

after(closeBrowser);

/** A server of somebody else's, which notes what it is asked for and answers everything. */
async function outside(t) {
  const asked = [];
  const server = createServer((request, response) => {
    asked.push(request.url);
    response.writeHead(200, { "access-control-allow-origin": "*", "content-type": "text/plain" }).end("x");
  });
  await new Promise((done) => server.listen(0, "127.0.0.1", done));
  t.after(() => server.close());
  return { asked, address: `http://127.0.0.1:${server.address().port}/` };
}

/** An app whose pages, all of them, are watched for what must not happen. */
async function watched(t) {
  const app = await open(t);
  const said = [];
  const watch = (page) => page.on("dialog", (dialog) => (said.push(dialog.message()), dialog.dismiss()));
  watch(app.page);
  app.page.context().on("page", watch);
  /** What ran in a page, if anything did. */
  const assertNothingRan = async (page) => {
    // What would load or run at once has had its time after this.
    await page.evaluate(() => new Promise((done) => setTimeout(done, 300)));
    assert.deepEqual(said, []);
    assert.equal(await page.evaluate(() => window.pwned), undefined);
  };
  return { app, assertNothingRan };
}

/** Opens an address of the page's as a page of its own. `null`: the browser saved it instead. */
async function openAlone(app, url) {
  const context = app.page.context();
  const opened = context.waitForEvent("page");
  await app.page.evaluate((url) => void window.open(url), url);
  const page = await opened;
  const saved = page.waitForEvent("download", { timeout: 3000 }).catch(() => null);
  const loaded = page.waitForLoadState("load").then(() => page.url() !== "about:blank" && "loaded", () => null);
  const first = await Promise.race([saved, loaded.then((loaded) => loaded || saved)]);
  return first === "loaded" ? page : null;
}

test("a drawing that wants to run and to load is shown, and does neither", async (t) => {
  const { asked, address } = await outside(t);
  const { app, assertNothingRan } = await watched(t);
  await app.newWorkflow();
  await addMedia(app, [file("hostile.svg", hostileSvg(address), "image/svg+xml")]);
  await fit(app);
  const image = card(app, "hostile.svg").locator("img");
  await image.and(app.page.locator('[data-loaded="true"]')).waitFor();
  assert.ok(await image.evaluate((image) => image.naturalWidth > 0), "it is shown");
  await assertNothingRan(app.page);
  const viewer = await view(app, "hostile.svg");
  await viewer.locator('[data-shown-asset][data-loaded="true"]').waitFor();
  await assertNothingRan(app.page);
  const shown = await viewer.locator("[data-shown-asset] img").getAttribute("src");
  const saved = await viewer.getByRole("link", { name: "Download" }).getAttribute("href");
  for (const url of new Set([shown, saved])) {
    const page = await openAlone(app, url);
    if (page) await assertNothingRan(page);
  }
  assert.deepEqual(asked, []);
  assert.deepEqual(app.foreign, []);
});

test("a page that wants to run is kept as a file, and its address opens nothing", async (t) => {
  const { asked, address } = await outside(t);
  const { app, assertNothingRan } = await watched(t);
  await app.newWorkflow();
  // Whatever its name and its sender say.
  await addMedia(app, [file("hostile.html", hostileHtml(address), "text/html"), file("hostile.png", `${hostileHtml(address)} `, "image/png")]);
  await fit(app);
  for (const name of ["hostile.html", "hostile.png"]) {
    await card(app, name).waitFor();
    assert.equal(await card(app, name).locator("img, iframe, object, embed").count(), 0);
    const viewer = await view(app, name);
    await assertNothingRan(app.page);
    const url = await viewer.getByRole("link", { name: "Download" }).getAttribute("href");
    assert.equal(await openAlone(app, url), null, "the browser saves it");
    await app.page.keyboard.press("Escape");
  }
  assert.deepEqual(asked, []);
  assert.deepEqual(app.foreign, []);
});
