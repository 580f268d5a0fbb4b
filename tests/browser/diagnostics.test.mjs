// What the diagnostics show, that the report has nothing of the user's in it, and small things that were wrong once.

import assert from "node:assert/strict";
import { after, test } from "node:test";
import { App, address, open } from "./support/app.mjs";
import { closeBrowser, freshContext } from "./support/browser.mjs";
import { grid } from "./support/comfyui.mjs";
import { addMedia } from "./support/media.mjs";
import { pictures } from "./support/pictures.mjs";

after(closeBrowser);

const SECRET = "Seraphine";

/** The diagnostics, by way of the storage panel. */
async function diagnose(app) {
  await app.button("Storage").click();
  await app.page.getByRole("region", { name: "Storage" }).getByRole("button", { name: "Diagnostics" }).click();
  return app.page.getByRole("region", { name: "Diagnostics" });
}

const fact = (page, name) => page.locator(`[data-fact="${name}"]`).innerText();

test("the diagnostics say how it goes, and the report has nothing of the user's", async (t) => {
  const context = await freshContext(t);
  await context.grantPermissions(["clipboard-read", "clipboard-write"]);
  const app = await open(t, context);
  await app.importJson(`${SECRET}.json`, grid(6), 6);
  await app.newWorkflow();
  await addMedia(app, await pictures(app.page, 1, { prefix: SECRET }));
  const page = await diagnose(app);
  assert.equal(await fact(page, "Saving"), "saved");
  assert.equal(await fact(page, "Queue"), "0 changes");
  assert.equal(await fact(page, "Schema"), "1");
  assert.equal(await fact(page, "Workflows"), "2");
  assert.equal(await fact(page, "Nodes"), "7");
  for (const name of ["IndexedDB", "OPFS", "Workers", "Locks", "BroadcastChannel"]) assert.equal(await fact(page, name), "yes", name);
  await page.getByRole("list", { name: /Log/ }).getByText("opened", { exact: false }).first().waitFor();
  await page.getByRole("button", { name: "Copy report" }).click();
  await app.page.getByText("The report is in the clipboard").waitFor();
  const report = await app.page.evaluate(() => navigator.clipboard.readText());
  assert.match(report, /Saving: saved/);
  assert.match(report, /INFO storage::session: opened schema=1/);
  assert.doesNotMatch(report, new RegExp(SECRET, "i"));
  if (process.env.ATELIER_SHOTS) {
    for (const colorScheme of ["light", "dark"]) {
      await app.page.emulateMedia({ colorScheme });
      await app.page.screenshot({ path: `${process.env.ATELIER_SHOTS}/diagnostics-${colorScheme}.png` });
    }
  }
});

test("?log= has more of the log kept", async (t) => {
  const context = await freshContext(t);
  const app = new App(await context.newPage());
  await app.page.goto(`${address}?log=debug`);
  await app.ready();
  await app.newWorkflow();
  await app.saved();
  const page = await diagnose(app);
  await page.getByRole("list", { name: /Log/ }).getByText("DEBUG storage::writer: committed", { exact: false }).first().waitFor();
});

test("Escape closes the storage panel also when the button that was pressed is disabled by its own work", async (t) => {
  const app = await open(t);
  await app.newWorkflow();
  await addMedia(app, await pictures(app.page, 1));
  for (let round = 0; round < 5; round++) {
    await app.button("Storage").click();
    const panel = app.page.getByRole("region", { name: "Storage" });
    await panel.getByRole("button", { name: "Verify" }).click();
    // What the browser does, sooner or later, to what is disabled.
    await app.page.evaluate(() => document.activeElement.blur());
    await app.page.keyboard.press("Escape");
    await panel.waitFor({ state: "detached" });
  }
});

test("counts have singulars, and the mark of another tab is whole in a narrow library", async (t) => {
  const context = await freshContext(t);
  const here = await open(t, context);
  await here.importJson("one.json", grid(1), 1);
  await here.page.locator("[data-canvas]").focus();
  await here.page.keyboard.press("Escape");
  await here.inspector.getByText("1 node, 0 edges").waitFor();
  await here.importJson("many.json", grid(120), 120);
  await here.saved();
  const there = new App(await context.newPage());
  await there.visit();
  const mark = here.page.locator(".elsewhere");
  await mark.waitFor();
  const cut = await mark.evaluate((mark) => {
    const [box, row] = [mark.getBoundingClientRect(), mark.closest(".pick").getBoundingClientRect()];
    return { over: box.right - row.right, inner: mark.scrollWidth - mark.clientWidth };
  });
  assert.ok(cut.over <= 0 && cut.inner <= 0, JSON.stringify(cut));
});
