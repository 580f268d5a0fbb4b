// A browser or a tab that dies while a later build brings a database to its schema.

import assert from "node:assert/strict";
import { after, test } from "node:test";
import { closeBrowser, crash, kill, persistentContext, profileFolder } from "../support/browser.mjs";
import { openHarness, openTab } from "./harness.mjs";

after(closeBrowser);

/** In a page: the database's version and tables, and how many nodes it has. */
async function look() {
  const request = indexedDB.open("migrated");
  const database = await new Promise((done, failed) => {
    request.onsuccess = () => done(request.result);
    request.onerror = () => failed(request.error);
  });
  const count = database.transaction("nodes").objectStore("nodes").count();
  await new Promise((done) => (count.onsuccess = done));
  const found = { version: database.version, tables: [...database.objectStoreNames], nodes: count.result };
  database.close();
  return found;
}

for (const [dies, die] of [
  ["browser is killed", (context) => kill(context)],
  ["tab crashes", (context, page) => crash(page)],
]) {
  test(`a ${dies} in the middle of a step: the steps before are done, that one is not, and the next start does it`, async (t) => {
    const folder = await profileFolder(t);
    let context = await persistentContext(folder);
    t.after(() => context.close());
    const first = await openTab(context, "migrated");
    assert.equal(await first.evaluate(() => tab.store(40, "text")), "ok");
    await first.close();

    const dying = await openHarness(context);
    await dying.evaluate(() => void harness.migrate("migrated", true));
    await dying.waitForFunction(() => window.isHanging);
    await die(context, dying);
    if (dies.startsWith("browser")) context = await persistentContext(folder);

    const page = await openHarness(context);
    const halfway = await page.evaluate(look);
    assert.deepEqual([halfway.version, halfway.nodes], [2, 40]);
    const added = (found) => found.tables.filter((name) => name === "labels" || name.startsWith("backup"));
    assert.deepEqual(added(halfway), ["backup 1 kv"], "what was before the first step is kept, and nothing of the second is there");
    assert.equal(await page.evaluate(() => harness.migrate("migrated", false)), "ok");
    const whole = await page.evaluate(look);
    assert.deepEqual([whole.version, whole.nodes], [3, 40]);
    assert.deepEqual(added(whole), ["backup 1 kv", "backup 2 kv", "labels"]);
    page.assertNoProblems();
  });
}
