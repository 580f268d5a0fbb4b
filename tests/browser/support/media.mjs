// What tests do with media: bring them in, and wait for their cards.

import { storedRows } from "./stored.mjs";

/** Gives files to "Add media": paths, or what `file` makes. */
export const addFiles = (app, files) => app.page.locator("input[type=file][data-media]").setInputFiles(files);

/** The same, and waits until the workflow has so many nodes, which are stored. Returns the ids of the new ones by their files' names. */
export async function addMedia(app, files) {
  const before = await app.canvas.nodeCount();
  await addFiles(app, files);
  await haveNodes(app, before + files.length);
}

/** Waits until the open workflow has so many nodes, and all of them are stored. */
export async function haveNodes(app, count) {
  await app.page.waitForSelector(`[data-canvas][data-node-count="${count}"]`, { timeout: 60_000 });
  await app.saved();
}

/** Shows all nodes. */
export async function fit(app) {
  await app.canvas.element.press("1");
  await app.canvas.frames();
}

/** The card of the file of this name. */
export const card = (app, name) =>
  app.page.locator("[data-node-id]").filter({ has: app.page.locator(".foot").getByText(name, { exact: true }) });

/** The assets that are stored, by their names. */
export async function storedAssets(page) {
  const rows = (await storedRows(page, "assets")).map(({ value }) => JSON.parse(value.row));
  return Object.fromEntries(rows.map((row) => [row.name, row]));
}

/** Opens what a card shows in the viewer. */
export async function view(app, name) {
  await card(app, name).locator(".foot").dblclick();
  const viewer = app.page.getByRole("dialog", { name: "Viewer" });
  await viewer.waitFor();
  return viewer;
}

/** Drops files and folders of the disk at a place of the page, as the system does. */
export async function dropPaths(app, place, paths) {
  const devtools = await app.page.context().newCDPSession(app.page);
  const data = { items: [], files: paths, dragOperationsMask: 1 };
  for (const type of ["dragEnter", "dragOver", "drop"]) {
    await devtools.send("Input.dispatchDragEvent", { type, ...place, data });
  }
  await devtools.detach();
}
