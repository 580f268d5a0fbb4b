// Law 11: a picture by its address is fetched when the user asks for it, and not before.

import assert from "node:assert/strict";
import { createServer } from "node:http";
import { after, test } from "node:test";
import { open } from "./support/app.mjs";
import { closeBrowser } from "./support/browser.mjs";
import { file, png } from "./support/files.mjs";
import { PICTURE } from "./support/kinds.mjs";
import { addMedia, fit, storedAssets } from "./support/media.mjs";
import { storedRows, writeRow } from "./support/stored.mjs";

after(closeBrowser);

/** A red pixel. */
const PNG = Buffer.from("iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mP8z8DwHwAFAAH/q842iQAAAABJRU5ErkJggg==", "base64");

/** A server of pictures on another origin. Tells what it was asked for. */
async function gallery(t) {
  const asked = [];
  const server = createServer((request, response) => {
    asked.push({ path: request.url, referer: request.headers.referer, cookie: request.headers.cookie });
    const shares = request.url.startsWith("/shared/") ? { "access-control-allow-origin": "*" } : {};
    response.writeHead(200, { "content-type": "image/png", ...shares }).end(PNG);
  });
  await new Promise((done) => server.listen(0, "127.0.0.1", done));
  t.after(() => server.close());
  const host = `127.0.0.1:${server.address().port}`;
  return { asked, host, address: `http://${host}/picture.png` };
}

test("a picture by its address shows where it is, and loads when asked", async (t) => {
  const { asked, host, address } = await gallery(t);
  const app = await open(t);
  app.asks.push(host);
  const { canvas, page } = app;
  await app.newWorkflow();
  const { left, top } = await canvas.view();
  const node = await canvas.add(PICTURE.query, { x: left + 300, y: top + 150 });
  await canvas.header(node).click();
  const field = app.inspector.getByRole("textbox", { name: PICTURE.address });
  await field.fill(address);
  await field.press("Tab");
  await canvas.node(node).getByText(host).waitFor();
  await canvas.node(node).getByRole("button", { name: "Load" }).waitFor();
  await app.saved();
  await app.reload();
  await canvas.node(node).getByText(host).waitFor();
  await page.waitForLoadState("networkidle");
  assert.deepEqual([asked, app.foreign], [[], []], "nothing was asked of that host, not even after a reload");

  await canvas.node(node).getByRole("button", { name: "Load" }).click();
  await canvas.node(node).locator("img").waitFor();
  await page.waitForFunction((id) => document.querySelector(`[data-node-id="${id}"] img`)?.naturalWidth === 1, node);
  assert.equal(asked.length, 1);
  assert.equal(asked[0].referer, undefined, "the host does not learn where the picture is shown");

  await app.reload();
  await canvas.node(node).getByText(host).waitFor();
  await page.waitForLoadState("networkidle");
  assert.equal(asked.length, 1, "asked once is not asked for ever");
});

test("what is linked is downloaded and kept when asked, and stays a link where its server doesn't share it", async (t) => {
  const { asked, host } = await gallery(t);
  const app = await open(t);
  app.asks.push(host);
  const { page } = app;
  await app.newWorkflow();
  await addMedia(app, ["one", "two", "three"].map((name, index) => file(`${name}.png`, png([40 * index, 60, 60]))));
  // As a package brings them in whose media are linked.
  const paths = ["/shared/a.png", "/shared/b.png", "/kept-to-itself.png"];
  for (const [index, { key, value }] of (await storedRows(page, "nodes")).entries()) {
    const link = JSON.stringify({ kind: "url", url: `http://${host}${paths[index]}` });
    const text = value.text.replace(/\{[^{}]*"kind":"opfs"[^{}]*\}/, link);
    assert.notEqual(text, value.text, value.text);
    await writeRow(page, "nodes", key, { ...value, text });
  }
  await app.reload();
  await fit(app);
  const download = page.locator("[data-node-id]").getByRole("button", { name: "Download", exact: true });
  await download.nth(2).waitFor();
  assert.deepEqual(asked, [], "nothing is fetched unasked");

  await download.first().click();
  await page.locator('[data-node-id] img[data-asset-id][data-loaded="true"]').waitFor();
  assert.equal(asked.length, 1, "one, and no other");
  await page.locator("[data-node-id]").getByRole("button", { name: "Download all" }).first().click();
  const alert = page.getByRole("alert").filter({ hasText: "/kept-to-itself.png" });
  await alert.waitFor();
  assert.match(await alert.innerText(), /doesn.t let other sites read it/);
  await page.locator('[data-node-id] img[data-asset-id][data-loaded="true"]').nth(0).waitFor();
  assert.equal(await download.count(), 1, "one stays a link");
  assert.ok(asked.every(({ referer, cookie }) => !referer && !cookie));
  await app.saved();
  const [kept] = Object.values(await storedAssets(page)).filter(({ bytes }) => bytes === PNG.length);
  const texts = (await storedRows(page, "nodes")).map(({ value }) => value.text);
  assert.equal(texts.filter((text) => text.includes(kept.id)).length, 2, "the same content is kept once");
  assert.equal(texts.filter((text) => text.includes(host)).length, 1);

  const before = asked.length;
  await app.reload();
  await page.locator('[data-node-id] img[data-asset-id][data-loaded="true"]').nth(1).waitFor();
  assert.equal(asked.length, before, "what is kept needs no network");
  // The browser itself tells of what it didn't let the page read.
  const refused = app.problems.splice(0);
  assert.ok(refused.every((problem) => /kept-to-itself\.png|ERR_FAILED/.test(problem)), refused.join("\n"));
});
