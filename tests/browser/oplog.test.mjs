// Rows and oplog go together, all or nothing, also when a process dies (law 4).

import assert from "node:assert/strict";
import { createServer } from "node:http";
import { after, test } from "node:test";
import { App, address } from "./support/app.mjs";
import { Author, REGISTERS, layOut, shownNodes, storedNodes } from "./support/author.mjs";
import { closeBrowser, crash, kill, persistentContext, profileFolder } from "./support/browser.mjs";
import { assertAgree } from "./support/oplog.mjs";

after(closeBrowser);

const ROUNDS = process.env.ATELIER_FULL ? 10 : 2;
const EDITS = 60;

/** A server that never answers: everything that is to be sent stays in the oplog. */
async function silentServer(t) {
  const server = createServer(() => {}).on("upgrade", () => {});
  await new Promise((done) => server.listen(0, "127.0.0.1", done));
  t.after(() => {
    server.close();
    server.closeAllConnections();
  });
  return `http://127.0.0.1:${server.address().port}`;
}

/** Turns sync on, and waits until what is stored waits to be sent. */
async function turnOn(app, server) {
  await app.button("Sync").click();
  const panel = app.page.getByRole("region", { name: "Sync", exact: true });
  await panel.getByLabel("Address").fill(server);
  await panel.getByLabel("Token").fill("nobody’s");
  await panel.getByRole("button", { name: "Turn sync on" }).click();
  await panel.locator('[data-sync-workflow][data-pending]:not([data-pending="0"])').waitFor();
  await app.page.keyboard.press("Escape");
}

async function tab(context) {
  const app = new App(await context.newPage());
  await app.visit();
  return app;
}

/** What is stored before the app has seen it again: read in a page of this origin that isn't the app. */
async function untouched(context, read) {
  const page = await context.newPage();
  await page.goto(new URL("icon.svg", address).href);
  try {
    return await read(page);
  } finally {
    await page.close();
  }
}

test(`a renderer or a browser that dies leaves an oplog that tells what the rows are, ${ROUNDS} times each`, { timeout: 120_000 + ROUNDS * 120_000 }, async (t) => {
  const folder = await profileFolder(t);
  let context = await persistentContext(folder);
  t.after(() => context.close());
  const server = await silentServer(t);
  let [here, there] = [await tab(context), undefined];
  await layOut(here);
  await turnOn(here, server);
  there = await tab(context);
  const [one, other] = [new Author("A", REGISTERS.slice(0, 2)), new Author("B", REGISTERS.slice(2))];
  const sit = () => Promise.all([one.at(here), other.at(there)]);
  await sit();
  const newest = (records) => records.at(-1).id;
  let before = newest(await assertAgree(here.page, "once sync is on"));
  for (let round = 1; round <= ROUNDS; round++) {
    // One tab's process, while the other one writes on.
    await Promise.all([
      other.write(EDITS, 100 + round),
      one.interrupt(EDITS, 200 + round, async () => {
        await crash(here.page);
        await here.page.close();
        await assertAgree(there.page, `after the renderer has died, round ${round}`);
        here = await tab(context);
        await one.at(here);
        one.interrupted(await shownNodes(here));
      }),
    ]);
    // And the whole browser, with both tabs at work.
    await Promise.all([
      other.interrupt(EDITS * 4, 300 + round, () => {}),
      one.interrupt(EDITS, 400 + round, () => kill(context)),
    ]);
    context = await persistentContext(folder);
    const when = `after the browser has died, round ${round}`;
    const [nodes, agreed] = await untouched(context, async (page) => [await storedNodes(page), await assertAgree(page, when)]);
    for (const author of [one, other]) author.interrupted(nodes);
    assert.ok(newest(agreed) > before, "what was written was recorded");
    before = newest(agreed);
    [here, there] = [await tab(context), await tab(context)];
    await sit();
    assert.deepEqual(await shownNodes(here), nodes, when);
  }
  await assertAgree(here.page, "in the end");
});
