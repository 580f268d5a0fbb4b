// Law 11 over a whole day: nothing is asked of any other origin, by the page, its worker, or the worker that keeps the app.

import assert from "node:assert/strict";
import { after, test } from "node:test";
import { address, open } from "./support/app.mjs";
import { closeBrowser, freshContext } from "./support/browser.mjs";
import { grid } from "./support/comfyui.mjs";
import { gateway } from "./support/gateway.mjs";
import { PICTURE, PROMPT } from "./support/kinds.mjs";
import { haveNodes } from "./support/media.mjs";
import { importButton, lookedOver, saved } from "./support/packages.mjs";
import { addMedia, pictures, seen } from "./support/pictures.mjs";
import { packageOf } from "./support/zip.mjs";

after(closeBrowser);

/** An address that nobody has. */
const ELSEWHERE = "http://elsewhere.invalid";

/** Pastes an address on the canvas, as what a browser copies of a picture: with the picture as HTML beside it. */
async function paste({ page, canvas }, url) {
  await page.evaluate(async (url) => {
    const item = (type, text) => [type, new Blob([text], { type })];
    await navigator.clipboard.write([new ClipboardItem(Object.fromEntries([item("text/plain", url), item("text/html", `<img src="${url}">`)]))]);
    window.pasted = new Promise((done) => document.addEventListener("paste", ({ clipboardData }) => done(clipboardData.getData("text")), { once: true }));
  }, url);
  await canvas.element.focus();
  await page.keyboard.press("Control+v");
  assert.equal(await page.evaluate(() => window.pasted), url);
}

/** A context that can do what `paste` does, and whose requests are seen. */
async function watched(t, options) {
  const { proxy, ...seen } = await gateway(t, address);
  const context = await freshContext(t, { proxy, ...options });
  await context.grantPermissions(["clipboard-read", "clipboard-write"]);
  return { context, ...seen };
}

test("in a whole session no request leaves the origin", { timeout: 180_000 }, async (t) => {
  const { context, passed, refused } = await watched(t, { serviceWorkers: "allow" });
  const asked = [];
  context.on("request", (request) => asked.push(request));
  const app = await open(t, context);
  const { page, canvas } = app;
  await page.waitForFunction(() => navigator.serviceWorker.controller !== null);

  // Made and edited, also with an address in it.
  await app.newWorkflow();
  await canvas.add(PROMPT.query);
  await app.inspector.getByRole("textbox", { name: "Text" }).fill(`A lighthouse as in ${ELSEWHERE}/a.png`);
  const picture = await canvas.add(PICTURE.query);
  await app.inspector.getByRole("textbox", { name: PICTURE.address }).fill(`${ELSEWHERE}/b.png`);
  await canvas.node(picture).getByRole("button", { name: "Load" }).waitFor();
  await paste(app, `${ELSEWHERE}/c.png`);
  await app.saved();

  // Imported: a text, a picture, and a package that links to pictures.
  await addMedia(app, await pictures(page, 1), 3);
  await seen(app, 1);
  await app.importJson("grid.json", grid(4), 4);
  const report = await lookedOver(app, "linked.genaiw.zip", packageOf("Linked", [`${ELSEWHERE}/d.png`]));
  assert.ok(report.valid, report.text);
  await importButton(app).click();
  await haveNodes(app, 1);
  await app.workflows.first().click();
  await addMedia(app, await pictures(page, 1, { prefix: "another" }), (await canvas.nodeCount()) + 1);
  await saved(app, 1);

  // Looked at.
  await app.button("Storage").click();
  const storage = page.getByRole("region", { name: "Storage" });
  await storage.locator("[data-storage-media]").waitFor();
  await storage.getByRole("button", { name: "Verify" }).click();
  await storage.locator("[data-report]").waitFor();
  await storage.getByRole("button", { name: "Diagnostics" }).click();
  const diagnostics = page.getByRole("region", { name: "Diagnostics" });
  await diagnostics.getByRole("button", { name: "Copy report" }).click();
  await page.getByText("The report is in the clipboard").waitFor();

  // And again, and beside.
  await app.reload();
  const there = await open(t, context);
  await there.newWorkflow();
  await there.saved();
  await app.workflows.nth(await there.workflows.count() - 1).waitFor();
  for (const one of [app, there]) await one.page.waitForLoadState("networkidle");

  const { origin } = new URL(address);
  const foreign = asked.map((request) => new URL(request.url())).filter(({ protocol, origin: of }) => protocol.startsWith("http") && of !== origin);
  assert.deepEqual(foreign.map(({ href }) => href), [], "what the browser says was asked");
  assert.deepEqual(refused, [], "what wanted to leave the machine");
  assert.ok(passed.length > 0 && asked.some((request) => request.serviceWorker()), "those of workers are among them");
});

test("an address that is pasted on the canvas is asked for nothing", async (t) => {
  const { context, refused } = await watched(t);
  const app = await open(t, context);
  await app.newWorkflow();
  await app.canvas.add(PROMPT.query);
  for (const url of ["https://example.com/a.png", `${ELSEWHERE}/a.png`]) await paste(app, url);
  await app.canvas.frames(4);
  await app.saved();
  await app.page.waitForLoadState("networkidle");
  assert.deepEqual(refused, []);
});
