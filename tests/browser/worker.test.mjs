// The page's worker in the app: it is the app's own script, under any path; and what is said where there is none.

import assert from "node:assert/strict";
import { createServer, request } from "node:http";
import { after, test } from "node:test";
import { App, address } from "./support/app.mjs";
import { closeBrowser, freshContext } from "./support/browser.mjs";
import { storedRows } from "./support/stored.mjs";
import { endWorker, privateFiles, watchWorkers, withMuteWorkers, withoutFiles, withoutHandles, withoutWorkers } from "./support/workers.mjs";

after(closeBrowser);

/** The app with a workflow in it. `prepare` is called before there is anything in the page. */
async function open(t, prepare = () => {}, at = address) {
  const app = new App(await (await freshContext(t)).newPage());
  await watchWorkers(app.page);
  await prepare(app.page);
  await app.page.goto(at);
  await app.ready();
  await app.newWorkflow();
  return app;
}

/** A picture that is another one for each number. */
async function picture(app, number) {
  const bytes = await app.page.evaluate(async (number) => {
    const canvas = new OffscreenCanvas(640, 480);
    const context = canvas.getContext("2d");
    context.fillStyle = `hsl(${number * 29} 60% 50%)`;
    context.fillRect(0, 0, 640, 480);
    return [...new Uint8Array(await (await canvas.convertToBlob({ type: "image/png" })).arrayBuffer())];
  }, number);
  return { name: `picture-${number}.png`, mimeType: "image/png", buffer: Buffer.from(bytes) };
}

/** Adds a picture as the `count`th and waits until it can be seen. */
async function add(app, count) {
  await app.page.locator("input[type=file][data-media]").setInputFiles([await picture(app, count)]);
  await app.page.waitForSelector(`[data-canvas][data-node-count="${count}"]`, { timeout: 60_000 });
  await app.saved();
  await app.canvas.element.press("1");
  const seen = (count) => document.querySelectorAll('[data-node-id] [data-asset-id][data-loaded="true"]').length === count;
  await app.page.waitForFunction(seen, count);
}

const started = (app) => app.page.evaluate(() => workers.length);
const rows = async (app) => (await storedRows(app.page, "assets")).map(({ value }) => JSON.parse(value.row));
const notices = (app, text) => app.page.getByRole("region", { name: "Notifications" }).getByText(text);
const slow = "Large files come in more slowly here";

test("pictures are written and looked at by a worker, and nothing is said of it", async (t) => {
  const app = await open(t);
  assert.equal(await started(app), 0, "a start has no use for one");
  await add(app, 1);
  await add(app, 2);
  assert.equal(await started(app), 1);
  assert.equal(app.page.workers().length, 1);
  const looks = Object.fromEntries((await storedRows(app.page, "blobs")).map(({ key, value }) => [key, value]));
  for (const { id, width, height } of await rows(app)) {
    assert.deepEqual([width, height], [640, 480]);
    assert.match(looks[`look:${id}`], /^data:image\//);
  }
  assert.equal((await privateFiles(app.page)).filter((path) => path.startsWith("atelier/assets/image/")).length, 2);
  assert.equal(await notices(app, slow).count(), 0);
  app.assertNoProblems();
});

test("a worker that ends is started again with the next picture", async (t) => {
  const app = await open(t);
  await add(app, 1);
  await endWorker(app.page);
  await add(app, 2);
  assert.equal(await started(app), 2);
  assert.equal(await notices(app, slow).count(), 0);
});

for (const [what, prepare] of [
  ["without quick access to files", withoutHandles],
  ["without workers", withoutWorkers],
  ["with workers that never answer", withMuteWorkers],
]) {
  test(`${what} pictures come in, and one notice says so`, async (t) => {
    const app = await open(t, prepare);
    await add(app, 1);
    assert.equal(await notices(app, slow).count(), 1);
    await add(app, 2);
    assert.equal(await notices(app, slow).count(), 1, "it was said once");
    assert.equal((await privateFiles(app.page)).filter((path) => path.startsWith("atelier/assets/image/")).length, 2);
    await app.button("Storage").click();
    await app.page.locator('[data-notice="SlowFiles"]').waitFor();
  });
}

test("without private files pictures are in the database, and one notice says so", async (t) => {
  const app = await open(t, withoutFiles);
  await add(app, 1);
  await add(app, 2);
  assert.equal(await notices(app, "Media are kept in the database").count(), 1);
  assert.equal(await notices(app, slow).count(), 0);
  const blobs = (await storedRows(app.page, "blobs")).filter(({ key }) => !key.startsWith("look:"));
  assert.equal(blobs.length, 2);
  await app.page.reload();
  await app.ready();
  await app.page.waitForFunction(() => document.querySelectorAll('[data-node-id] [data-asset-id][data-loaded="true"]').length === 2);
});

test("the worker starts below a path too", async (t) => {
  const { hostname, port } = new URL(address);
  const server = createServer((asked, answer) => {
    if (!asked.url.startsWith("/a/b/")) return answer.writeHead(404).end();
    const path = asked.url.slice("/a/b".length);
    request({ hostname, port, path, headers: asked.headers }, (found) => {
      answer.writeHead(found.statusCode, found.headers);
      found.pipe(answer);
    }).end();
  });
  await new Promise((listens) => server.listen(0, "127.0.0.1", listens));
  t.after(() => server.close());
  const app = await open(t, undefined, `http://127.0.0.1:${server.address().port}/a/b/`);
  await add(app, 1);
  assert.equal(await started(app), 1);
  assert.match(app.page.workers()[0].url(), /\/a\/b\/hashed\//);
  assert.equal(await notices(app, slow).count(), 0);
});
