// What only the browser itself can do to a database: fill the disk, clear the data, run two tabs, kill one.

import assert from "node:assert/strict";
import { after, test } from "node:test";
import { closeBrowser, freshContext, kill, persistentContext, profileFolder } from "../support/browser.mjs";
import { address, openAs, openHarness, openTab, stored } from "./harness.mjs";

after(closeBrowser);

/** What cannot be compressed. */
const noise = (bytes) => {
  let text = "";
  while (text.length < bytes) text += Math.random().toString(36).slice(2);
  return text.slice(0, bytes);
};

const store = (page, nodes, text) => page.evaluate(([nodes, text]) => tab.store(nodes, text), [nodes, text]);

test("a full disk is said, leaves nothing of the commit, and heals when there is space again", async (t) => {
  const context = await freshContext(t);
  const page = await openHarness(context);
  const devtools = await context.newCDPSession(page);
  const { origin } = new URL(address);
  // Before anything is written: the engine asks for its share rarely, and writes what fits into the last answer.
  await devtools.send("Storage.overrideQuotaForOrigin", { origin, quotaSize: 1_000_000 });
  await openAs(page, "full");
  assert.equal(await store(page, 3, "small"), "ok");
  let before;
  let said = "ok";
  for (let rounds = 0; said === "ok" && rounds < 100; rounds++) {
    before = await stored(page);
    said = await store(page, 10, noise(30_000));
  }
  assert.match(said, /^Full\(/);
  assert.deepEqual(await stored(page), before);
  assert.match(await store(page, 10, noise(30_000)), /^Full\(/, "and again");
  assert.deepEqual(await stored(page), before);
  await devtools.send("Storage.overrideQuotaForOrigin", { origin });
  assert.equal(await store(page, 10, noise(30_000)), "ok");
  const now = await stored(page);
  assert.equal(now.operations, before.operations + 1);
  assert.equal(now.version, before.version + 1);
  page.assertNoProblems();
});

/** Clears the origin's data, as a user does in the browser's settings. */
async function clear(context, page) {
  const devtools = await context.newCDPSession(page);
  await devtools.send("Storage.clearDataForOrigin", { origin: new URL(address).origin, storageTypes: "indexeddb" });
}

/** The database is gone: it is not made again unasked, and takes everything when it is. */
async function heals(page) {
  assert.equal(await store(page, 5, "small"), "Deleted");
  assert.deepEqual(await page.evaluate(() => indexedDB.databases()), [], "it was made again");
  assert.equal(await page.evaluate(() => tab.recreate()), "ok");
  assert.equal(await store(page, 5, "small"), "ok");
  assert.deepEqual(await stored(page), { nodes: 5, counted: 5, registers: 2, title: null, version: 1, operations: 1 });
}

test("data cleared while nothing happens is noticed, and made again only when asked", async (t) => {
  const context = await freshContext(t);
  const page = await openTab(context, "cleared");
  assert.equal(await store(page, 5, "small"), "ok");
  await clear(context, page);
  await page.waitForFunction(() => tab.notices().length > 0);
  assert.match((await page.evaluate(() => tab.notices())).join(), /^(Closed|Displaced)$/);
  await heals(page);
  page.assertNoProblems();
});

test("data cleared during a commit is said, and made again only when asked", async (t) => {
  const context = await freshContext(t);
  const page = await openTab(context, "cleared");
  assert.equal(await store(page, 5, "small"), "ok");
  await page.evaluate(() => void (window.large = tab.store(20_000, "x".repeat(200))));
  await clear(context, page);
  // It was stored first, or it was not, or the browser still cleared when the connection was opened again.
  assert.match(await page.evaluate(() => large), /^(ok|Deleted|Disconnected\(.*\))$/);
  await heals(page);
  page.assertNoProblems();
});

test("two tabs at once lose no field, and agree", async (t) => {
  const context = await freshContext(t);
  const tabs = [await openTab(context, "shared", 1), await openTab(context, "shared", 2)];
  const said = await Promise.all(tabs.map((page, index) => page.evaluate((name) => tab.race(name, 50), `tab ${index}`)));
  assert.deepEqual(said, ["ok", "ok"]);
  const [left, right] = [await stored(tabs[0]), await stored(tabs[1])];
  assert.deepEqual(left, right);
  // The type, the title, and what each tab wrote.
  assert.equal(left.registers, 2 + 2 * 50);
  assert.equal(left.version, 2 * 50);
  assert.equal(left.title, "tab 1", "of two equal times the larger replica's counts");
  for (const page of tabs) page.assertNoProblems();
});

test("a tab that is closed blocks nobody", async (t) => {
  const context = await freshContext(t);
  const [first, second] = [await openTab(context, "closing", 1), await openTab(context, "closing", 2)];
  assert.equal(await store(first, 2, "first"), "ok");
  await first.close();
  assert.equal(await store(second, 3, "second"), "ok");
  await second.close();
  const page = await openHarness(context);
  const deleted = page.evaluate(
    () =>
      new Promise((done) => {
        const request = indexedDB.deleteDatabase("closing");
        request.onsuccess = () => done("deleted");
        request.onblocked = () => done("blocked");
      }),
  );
  assert.equal(await deleted, "deleted");
});

test("what was said to be stored outlives the browser's death", { timeout: 120_000 }, async (t) => {
  const folder = await profileFolder(t);
  let operations = 0;
  for (let round = 1; round <= 3; round++) {
    const context = await persistentContext(folder);
    t.after(() => context.close());
    const page = await openTab(context, "killed", round);
    if (round > 1) {
      const found = await stored(page);
      assert.equal(found.nodes, 200);
      assert.equal(found.counted, 200);
      assert(found.operations >= operations, `${found.operations} operations are left of ${operations}`);
      operations = found.operations;
    }
    for (let commit = 0; commit < 5; commit++) {
      assert.equal(await store(page, 200, `round ${round}`), "ok");
      operations++;
    }
    // One more is under way when the browser goes.
    await page.evaluate(() => void tab.store(200, "lost?"));
    await kill(context);
  }
});
