// The page's worker in the app: it is the app's own script, under any path; and what is said where there is none.

import assert from "node:assert/strict";
import { createServer, request } from "node:http";
import { after, test } from "node:test";
import { App, address } from "./support/app.mjs";
import { closeBrowser, freshContext } from "./support/browser.mjs";
import { storedRows } from "./support/stored.mjs";
import { endWorker, privateFiles, watchWorkers, withMuteWorkers, withoutBlobs, withoutFiles, withoutHandles, withoutWebp, withoutWorkers } from "./support/workers.mjs";

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
  assert.deepEqual(await databaseKeeps(app), ["Blob", "Blob"]);
});

test("a database that takes no blobs has their bytes", async (t) => {
  const app = await open(t, async (page) => {
    await withoutFiles(page);
    await withoutBlobs(page);
  });
  assert.deepEqual(await databaseKeeps(app), ["ArrayBuffer", "ArrayBuffer"]);
});

/** Adds two pictures where there are no files, and sees them again after a reload. Returns what the database has of each. */
async function databaseKeeps(app) {
  await add(app, 1);
  await add(app, 2);
  assert.equal(await notices(app, "Media are kept in the database").count(), 1);
  assert.equal(await notices(app, slow).count(), 0);
  await app.page.reload();
  await app.ready();
  await app.page.waitForFunction(() => document.querySelectorAll('[data-node-id] [data-asset-id][data-loaded="true"]').length === 2);
  await app.button("Storage").click();
  await app.page.getByRole("region", { name: "Storage" }).locator('[data-unused="0"]').waitFor();
  return app.page.evaluate(async () => {
    const result = (request) =>
      new Promise((done, failed) => {
        request.onsuccess = () => done(request.result);
        request.onerror = () => failed(request.error);
      });
    const database = await result(indexedDB.open("atelier"));
    const store = database.transaction("blobs").objectStore("blobs");
    const contents = (await result(store.getAll())).filter((stored) => typeof stored !== "string");
    database.close();
    return contents.map((stored) => stored.constructor.name);
  });
}

/** A picture with many shapes of many colours, over a ground or over nothing. */
async function shapes(app, name, ground) {
  const bytes = await app.page.evaluate(async (ground) => {
    const canvas = new OffscreenCanvas(1600, 1200);
    const context = canvas.getContext("2d");
    context.fillStyle = ground;
    context.fillRect(0, 0, 1600, 1200);
    for (let shape = 0; shape < 400; shape++) {
      context.fillStyle = `hsl(${shape * 47} 50% 50% / 0.4)`;
      context.beginPath();
      context.arc((shape * 389) % 1600, (shape * 571) % 1200, 20 + (shape % 90), 0, 7);
      context.fill();
    }
    const blob = await canvas.convertToBlob({ type: "image/png" });
    return [...new Uint8Array(await blob.arrayBuffer())];
  }, ground);
  return { name, mimeType: "image/png", buffer: Buffer.from(bytes) };
}

test("where no WebP can be written, a thumbnail is a JPEG and as large, unless something shines through it", async (t) => {
  const app = await open(t, async (page) => {
    await withoutFiles(page);
    await withoutWebp(page);
  });
  const files = [await shapes(app, "full.png", "teal"), await shapes(app, "clear.png", "transparent")];
  await app.page.locator("input[type=file][data-media]").setInputFiles(files);
  await app.page.waitForSelector('[data-canvas][data-node-count="2"]');
  await app.saved();
  const names = Object.fromEntries((await rows(app)).map(({ id, name }) => [`look:${id}`, name]));
  const looks = (await storedRows(app.page, "blobs")).filter(({ key }) => key in names);
  const thumbnails = await app.page.evaluate(
    (looks) =>
      Promise.all(
        looks.map(async ([name, url]) => {
          const image = Object.assign(new Image(), { src: url });
          await image.decode();
          return [name, { mime: url.slice(5, url.indexOf(";")), width: image.naturalWidth, isShort: url.length <= 8192 }];
        }),
      ),
    looks.map(({ key, value }) => [names[key], value]),
  );
  const { "full.png": full, "clear.png": clear } = Object.fromEntries(thumbnails);
  assert.deepEqual(full, { mime: "image/jpeg", width: 256, isShort: true });
  assert.deepEqual({ ...clear, width: undefined }, { mime: "image/png", width: undefined, isShort: true });
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
