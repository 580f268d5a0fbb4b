// A disk that is full: how much an origin may keep, and what is more than that.

import assert from "node:assert/strict";
import { randomBytes } from "node:crypto";

/**
 * What sets how much room an origin has; without a number as much as before. Less than before has to be set before anything is written:
 * the engine asks for its share rarely, and writes what fits into the last answer.
 */
export async function allowance(page) {
  const devtools = await page.context().newCDPSession(page);
  return (origin, quotaSize) => devtools.send("Storage.overrideQuotaForOrigin", { origin, quotaSize });
}

/** The text of the node that is selected. */
export const textOf = (app) => app.inspector.getByRole("textbox", { name: "Text" });

/** Leaves no room on the disk, and writes into the node that is selected what would need some. Returns that text, which isn't stored. */
export async function fillUp(app) {
  const field = textOf(app);
  const failed = app.page.locator('[data-save-state="failed"]');
  for (let rounds = 0; (await failed.count()) === 0; rounds++) {
    assert.ok(rounds < 20, "the disk was never full");
    await app.page.evaluate(occupy);
    await field.fill(`${rounds} ${randomBytes(100_000).toString("base64")}`);
    await app.canvas.frames();
    await app.page.waitForFunction(() => !document.querySelector('[data-save-state="saving"]'), undefined, { timeout: 60_000 });
  }
  return field.inputValue();
}

/** In the page: stores in a database beside the app's until there is no room for more, in smaller and smaller pieces. */
async function occupy() {
  const settled = (target, ...events) =>
    new Promise((done) => {
      for (const event of events) target.addEventListener(event, () => done(event));
    });
  const request = indexedDB.open("filler");
  request.onupgradeneeded = () => request.result.createObjectStore("filler", { autoIncrement: true });
  await settled(request, "success", "error");
  const database = request.result;
  for (let bytes = 1_048_576; bytes >= 8_192; ) {
    const piece = new Uint8Array(bytes);
    for (let at = 0; at < bytes; at += 65_536) crypto.getRandomValues(piece.subarray(at, at + 65_536));
    const transaction = database.transaction("filler", "readwrite", { durability: "strict" });
    transaction.objectStore("filler").put(piece);
    if ((await settled(transaction, "complete", "abort")) === "abort") bytes /= 4;
  }
  database.close();
}
