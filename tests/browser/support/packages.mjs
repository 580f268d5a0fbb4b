// Workflows out as packages and in again, through the page.

import { readFile } from "node:fs/promises";
import { file, png } from "./files.mjs";
import { addMedia, haveNodes } from "./media.mjs";

export const PICTURES = { "red.png": png([200, 60, 60]), "blue.png": png([60, 60, 200], 200, 300) };

/** A package as `chooseFiles` takes it. */
export const packaged = (name, buffer) => ({ name, mimeType: "application/zip", buffer });
/** What brings in what was looked over. */
export const importButton = (app) => app.importDialog.getByRole("button", { name: "Import", exact: true });

/** A workflow with two pictures. */
export async function withPictures(app) {
  await app.newWorkflow();
  await addMedia(app, Object.entries(PICTURES).map(([name, bytes]) => file(name, bytes)));
  await haveNodes(app, 2);
  await app.saved();
}

/** Presses "Export", and waits until it is known what goes out. */
export async function exportDialog(app, assets = 2) {
  await app.page.getByRole("button", { name: "Export", exact: true }).click();
  const dialog = app.page.getByRole("dialog", { name: "Export" });
  await dialog.locator(`[data-export-assets="${assets}"]`).waitFor();
  return dialog;
}

/** Exports the open workflow, and gives what the browser saves. */
export async function saved(app, assets) {
  const dialog = await exportDialog(app, assets);
  const [download] = await Promise.all([
    app.page.waitForEvent("download"),
    dialog.getByRole("button", { name: "Save package" }).click(),
  ]);
  await dialog.waitFor({ state: "detached" });
  return { name: download.suggestedFilename(), bytes: await readFile(await download.path()) };
}

/** What the report of one file says. */
export async function lookedOver(app, name, bytes) {
  await app.chooseFiles(packaged(name, bytes));
  const report = app.importDialog.locator("[data-import-report]");
  await report.waitFor();
  const said = await report.evaluate(({ dataset, innerText }) => ({ ...dataset, text: innerText }));
  return { ...said, valid: said.valid === "true" };
}
