// What can stop a package on its way out or in: the user, a folder that has to be allowed, a server that isn't there.

import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { createServer } from "node:http";
import { after, test } from "node:test";
import { open, patience } from "./support/app.mjs";
import { closeBrowser, freshContext } from "./support/browser.mjs";
import { setPermission, withFolders } from "./support/folder.mjs";
import { png } from "./support/files.mjs";
import { haveNodes } from "./support/media.mjs";
import { exportDialog, importButton, lookedOver, saved, withPictures } from "./support/packages.mjs";
import { mediaOnDisk, storedRows } from "./support/stored.mjs";
import { changeScript } from "./support/workers.mjs";
import { packageOf } from "./support/zip.mjs";

after(closeBrowser);

/**
 * Puts a dialog for files into the page, which can't be pressed without a screen: it gives a file of the browser's own, or what
 * `window.chooses` says. It takes the keyboard, as a dialog does.
 */
const withSaveDialog = (context) =>
  context.addInitScript(() => {
    window.showSaveFilePicker = async ({ suggestedName }) => {
      if (!navigator.userActivation.isActive) throw new DOMException("played: no click", "SecurityError");
      window.dispatchEvent(new Event("blur"));
      if (window.chooses === "nothing") throw new DOMException("played: called off", "AbortError");
      const file = await (await navigator.storage.getDirectory()).getFileHandle(suggestedName, { create: true });
      const open = file.createWritable.bind(file);
      file.createWritable = async () => {
        const stream = await open();
        const write = stream.write.bind(stream);
        stream.write = async (piece) => {
          window.written = (window.written ?? 0) + 1;
          await window.mayWrite;
          return write(piece);
        };
        return stream;
      };
      return file;
    };
  });

/** The names of the files that a user's dialog made. */
const chosenFiles = async (page) => Object.keys(await mediaOnDisk(page)).filter((path) => path.endsWith(".zip") || path.includes(".crswap"));

test("where the browser has a dialog for files, a package goes where the user says", async (t) => {
  const context = await freshContext(t);
  const plain = await open(t, context);
  await withPictures(plain);
  const { name, bytes } = await saved(plain);
  await withSaveDialog(context);
  await plain.reload();

  const { page } = plain;
  await page.evaluate(() => (window.chooses = "nothing"));
  const dialog = await exportDialog(plain);
  await dialog.getByRole("button", { name: "Save package" }).click();
  await page.waitForFunction(() => !document.querySelector('[role="dialog"] .btn.primary').disabled);
  assert.deepEqual(await chosenFiles(page), [], "nothing was chosen, so nothing is saved, and it can be tried again");
  await page.evaluate(() => (window.chooses = "a file"));
  await dialog.getByRole("button", { name: "Save package" }).click();
  await dialog.waitFor({ state: "detached" });
  await page.getByText(`Saved as ${name}`).waitFor();
  const written = await page.evaluate(async (name) => {
    const file = await (await navigator.storage.getDirectory()).getFileHandle(name);
    return [...new Uint8Array(await (await file.getFile()).arrayBuffer())];
  }, name);
  assert.deepEqual(Buffer.from(written), bytes, "the same bytes as of a download");
});

test("an export that is called off in the middle leaves nothing", async (t) => {
  const context = await freshContext(t);
  await withSaveDialog(context);
  const app = await open(t, context);
  await withPictures(app);
  const { page } = app;
  const before = await storedRows(page);
  await page.evaluate(() => {
    window.mayWrite = new Promise((done) => (window.goOn = done));
  });
  const dialog = await exportDialog(app);
  await dialog.getByRole("button", { name: "Save package" }).click();
  await page.waitForFunction(() => window.written > 0);
  assert.equal((await chosenFiles(page)).length > 0, true, "the dialog has made a file");
  await dialog.getByRole("button", { name: "Cancel" }).click();
  await dialog.waitFor({ state: "detached" });
  await page.evaluate(() => window.goOn());
  for (const end = Date.now() + patience; (await chosenFiles(page)).length > 0; ) assert.ok(Date.now() < end, `left: ${await chosenFiles(page)}`);
  assert.deepEqual(await storedRows(page), before);
});

test("an import that is called off in the middle leaves nothing", async (t) => {
  const here = await open(t);
  await withPictures(here);
  const { name, bytes } = await saved(here);
  const context = await freshContext(t);
  const page = await context.newPage();
  // Every write in the worker takes its time, so that there is a middle.
  await changeScript(page, `
    const write = globalThis.FileSystemSyncAccessHandle?.prototype.write;
    if (typeof window === "undefined" && write) FileSystemSyncAccessHandle.prototype.write = function (...all) {
      for (const end = Date.now() + 1500; Date.now() < end; );
      return write.apply(this, all);
    };`);
  const there = await open(t, { newPage: () => page });
  const report = await lookedOver(there, name, bytes);
  assert.ok(report.valid, report.text);
  await importButton(there).click();
  await there.importDialog.getByRole("progressbar").waitFor();
  await there.importDialog.getByRole("button", { name: "Cancel" }).click();
  await there.importDialog.waitFor({ state: "detached" });
  for (const table of ["workflows", "nodes", "edges", "assets", "blobs"]) assert.deepEqual(await storedRows(page, table), [], table);
  for (const end = Date.now() + patience; Object.keys(await mediaOnDisk(page)).length > 0; ) {
    assert.ok(Date.now() < end, `left: ${Object.keys(await mediaOnDisk(page))}`);
  }
});

test("a folder that has to be allowed is asked for before an export", async (t) => {
  const context = await freshContext(t);
  await withFolders(context);
  const app = await open(t, context);
  await withPictures(app);
  const panel = app.page.getByRole("region", { name: "Storage" });
  await app.button("Storage").click();
  await panel.getByRole("button", { name: "Choose…" }).click();
  await panel.getByRole("button", { name: "Move media to it" }).click();
  await panel.getByText("All media are in your folder").waitFor();
  await setPermission(app.page, "prompt");
  await app.reload();
  const dialog = await exportDialog(app);
  await dialog.locator('[data-folder-state="needs-click"]').waitFor();
  const save = dialog.getByRole("button", { name: "Save package" });
  assert.ok(await save.isDisabled(), "without the folder it can't go out");
  await dialog.getByRole("button", { name: /^Allow access/ }).click();
  const [download] = await Promise.all([app.page.waitForEvent("download"), save.click()]);
  assert.match(download.suggestedFilename(), /\.genaiw\.zip$/);
});

test("originals go into the package when asked for, and one that can't be fetched stays a link and is said", async (t) => {
  const picture = png([20, 160, 90], 64, 64);
  const server = createServer((request, response) => {
    const there = request.url === "/there.png";
    response.writeHead(there ? 200 : 404, { "access-control-allow-origin": "*", "content-type": "image/png" }).end(there ? picture : "");
  });
  await new Promise((done) => server.listen(0, "127.0.0.1", done));
  t.after(() => server.close());
  const host = `http://127.0.0.1:${server.address().port}`;
  const app = await open(t);
  app.asks.push(new URL(host).host);
  const { page } = app;
  await lookedOver(app, "linked.genaiw.zip", packageOf("Linked", [`${host}/there.png`, `${host}/gone.png`]));
  await importButton(app).click();
  await haveNodes(app, 2);
  const dialog = await exportDialog(app, 0);
  await dialog.getByRole("checkbox", { name: /^Include originals/ }).check();
  const [download] = await Promise.all([page.waitForEvent("download"), dialog.getByRole("button", { name: "Save package" }).click()]);
  const said = page.getByRole("region", { name: "Notifications" }).getByText(`${host}/gone.png`);
  await said.waitFor();
  assert.match(await said.innerText(), /stay links.*404/);
  // The browser itself speaks of it, once.
  assert.match(app.problems.splice(0).join(), /^error: Failed to load resource[^,]*404[^,]*$/);
  const bytes = await readFile(await download.path());
  assert.ok(bytes.includes(picture), "what was there is in the package");
  const there = await open(t);
  const report = await lookedOver(there, "linked.genaiw.zip", bytes);
  assert.deepEqual([report.valid, report.nodes, report.assets], [true, "2", "2"], report.text);
  await importButton(there).click();
  await haveNodes(there, 2);
  const nodes = JSON.stringify(await storedRows(there.page, "nodes"));
  assert.ok(nodes.includes(`${host}/gone.png`) && !nodes.includes(`${host}/there.png`), nodes);
  assert.deepEqual(there.foreign, [], "nothing is fetched on the way in");
});
