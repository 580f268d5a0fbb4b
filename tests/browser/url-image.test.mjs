// Law 11: a picture by its address is fetched when the user asks for it, and not before.

import assert from "node:assert/strict";
import { createServer } from "node:http";
import { after, test } from "node:test";
import { open } from "./support/app.mjs";
import { closeBrowser } from "./support/browser.mjs";
import { PICTURE } from "./support/kinds.mjs";

after(closeBrowser);

/** A red pixel. */
const PNG = Buffer.from("iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mP8z8DwHwAFAAH/q842iQAAAABJRU5ErkJggg==", "base64");

/** A server of pictures on another origin. Tells what it was asked for. */
async function gallery(t) {
  const asked = [];
  const server = createServer((request, response) => {
    asked.push({ path: request.url, referer: request.headers.referer, cookie: request.headers.cookie });
    response.writeHead(200, { "content-type": "image/png" }).end(PNG);
  });
  await new Promise((done) => server.listen(0, "127.0.0.1", done));
  t.after(() => server.close());
  const host = `127.0.0.1:${server.address().port}`;
  return { asked, host, address: `http://${host}/picture.png` };
}

test("a picture by its address shows where it is, and loads when asked", async (t) => {
  const { asked, host, address } = await gallery(t);
  const app = await open(t);
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
