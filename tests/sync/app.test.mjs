// The app and the server's real functions: what one browser does comes to another, whatever happens on the way.

import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { after, before, beforeEach, test } from "node:test";

import { App } from "../browser/support/app.mjs";
import { closeBrowser, freshContext } from "../browser/support/browser.mjs";
import { PROMPT } from "../browser/support/kinds.mjs";
import { addMedia, pictures } from "../browser/support/pictures.mjs";
import { storedRows } from "../browser/support/stored.mjs";
import { startLoopback, userOf } from "./loopback/index.mjs";

/** How long a change may take to come from one browser to another: it is asked for every few seconds. */
const ARRIVAL = 30_000;
const TEXT = { name: Object.keys(PROMPT.fields)[0] };

let loopback;
/** Each test is somebody else's: what is on the server stays there. */
let users = 0;
const token = () => `test:user${users}`;
before(async () => (loopback = await startLoopback()));
beforeEach(() => {
  users += 1;
  return loopback.control({ clear: true, reset: true, anonymous: false, clockAhead: 0 });
});
after(async () => {
  await closeBrowser();
  await loopback.close();
});

/** The app in a browser of its own. Requests to the deployment are what the user asked for. */
async function device(t, context) {
  const app = new App(await (context ?? (await freshContext(t))).newPage());
  app.asks.push(new URL(loopback.url).host);
  await app.visit();
  return app;
}

async function panel(app) {
  const region = app.page.getByRole("region", { name: "Sync", exact: true });
  if ((await region.count()) === 0) await app.button("Sync").click();
  await region.waitFor();
  return region;
}

async function turnOn(app, own = token()) {
  const region = await panel(app);
  await region.getByLabel("Address").fill(loopback.url);
  await region.getByLabel("Token").fill(own);
  await region.getByRole("button", { name: "Turn sync on" }).click();
  return region;
}

/** Waits until the panel says so. */
const says = (app, state) =>
  app.page.locator(`[data-sync-state="${state}"]`).waitFor({ state: "attached", timeout: ARRIVAL });

async function synced(app) {
  await panel(app);
  await app.page.locator('[data-sync-state="up-to-date"][data-pending="0"]').waitFor({ timeout: ARRIVAL });
  await app.page.keyboard.press("Escape");
}

const item = (app, workflow) => app.page.locator(`[data-workflow-id="${workflow}"]`);

test("without sync nothing is asked of anybody", async (t) => {
  const app = await device(t);
  await app.newWorkflow();
  await app.saved();
  const region = await panel(app);
  await says(app, "off");
  assert.match(await region.innerText(), /Sync is off[\s\S]*nothing is sent/);
  assert.deepEqual(app.foreign, []);
  app.assertNoProblems();
});

test("what one browser makes and changes comes to another, and back", async (t) => {
  const [one, two] = [await device(t), await device(t)];
  const workflow = await one.newWorkflow();
  const node = await one.canvas.add(PROMPT.query, await one.canvas.emptyPlace());
  await one.saved();
  await turnOn(one);
  await synced(one);

  await turnOn(two);
  await item(two, workflow).waitFor({ timeout: ARRIVAL });
  await synced(two);
  await item(two, workflow).click();
  await two.page.locator(`[data-node-id="${node}"]`).waitFor();

  await two.page.locator(`[data-node-id="${node}"] [data-part="header"]`).click();
  await two.inspector.getByRole("textbox", TEXT).fill("At dawn");
  await two.saved();
  await one.page.locator(`[data-node-id="${node}"] [data-part="header"]`).click();
  await one.page.waitForFunction(
    (text) => [...document.querySelectorAll('[aria-label="Inspector"] textarea')].some((field) => field.value === text),
    "At dawn",
    { timeout: ARRIVAL },
  );
  // Only the deployment, and nobody else.
  const { host } = new URL(loopback.url);
  for (const app of [one, two]) assert.deepEqual([...new Set(app.foreign.map((url) => new URL(url).host))], [host]);
  one.assertNoProblems();
  two.assertNoProblems();
});

test("the server says what is new, and is asked only while it can't", async (t) => {
  const [one, two] = [await device(t), await device(t)];
  const told = (app, how) => app.page.locator(`[data-news="${how}"]`).waitFor({ timeout: ARRIVAL });
  const workflow = await one.newWorkflow();
  const node = await one.canvas.add(PROMPT.query, await one.canvas.emptyPlace());
  for (const app of [one, two]) {
    await turnOn(app);
    await told(app, "told");
    await synced(app);
  }
  await item(two, workflow).click();
  await showsText(two, node, "");
  const asked = async () => (await loopback.control({})).paths["http sync:heads"]?.calls ?? 0;
  assert.equal(await asked(), 0);

  const write = async (app, value) => {
    await app.page.locator(`[data-node-id="${node}"] [data-part="header"]`).click();
    await text(app).fill(value);
  };
  await loopback.control({ reset: true });
  await write(one, "At dawn");
  await showsText(two, node, "At dawn");
  await synced(one);
  const { paths } = await loopback.control({});
  assert.deepEqual(Object.keys(paths).filter((path) => path.startsWith("http")), ["http sync:applyOps", "http sync:changesSince"]);
  assert.equal(paths["http sync:applyOps"].calls, 1);

  await loopback.control({ faults: [{ fault: "refuse", times: 0 }], disconnect: true });
  for (const app of [one, two]) {
    const region = await panel(app);
    await told(app, "asked");
    assert.match(await region.locator("[data-news]").innerText(), /every 5 seconds, since the server can’t say so itself/);
    await app.page.keyboard.press("Escape");
  }
  await write(one, "At dusk");
  await showsText(two, node, "At dusk");
  assert(await asked() > 0);
  await loopback.control({ clear: true });
  await panel(two);
  await told(two, "told");
});

test("edits without a server wait, are said to, and go when it is back, also after a reload", async (t) => {
  const [one, two] = [await device(t), await device(t)];
  const workflow = await one.newWorkflow();
  await one.saved();
  await turnOn(one);
  await synced(one);
  await loopback.control({ faults: [{ fault: "status", status: 503, times: 0 }] });
  await one.canvas.add(PROMPT.query, await one.canvas.emptyPlace());
  await one.saved();
  await panel(one);
  await says(one, "offline");
  await one.reload();
  await loopback.control({ clear: true });
  await synced(one);
  await turnOn(two);
  await item(two, workflow).waitFor({ timeout: ARRIVAL });
  await synced(two);
  await item(two, workflow).click();
  await two.page.waitForSelector('[data-canvas][data-node-count="1"]', { timeout: ARRIVAL });
});

test("an address that is none is refused, and a token that isn't known is asked for again", async (t) => {
  const app = await device(t);
  const region = await panel(app);
  await region.getByLabel("Address").fill("quiet-otter");
  await region.getByRole("button", { name: "Turn sync on" }).click();
  await region.getByRole("alert").waitFor();
  assert.match(await region.getByRole("alert").innerText(), /https:\/\//);
  await turnOn(app, "");
  await says(app, "signed-out");
  await region.getByLabel("Token").fill(token());
  await region.getByRole("button", { name: "Use this server" }).click();
  await says(app, "up-to-date");
  await region.getByRole("button", { name: "Turn sync off" }).click();
  await says(app, "off");
});

test("of two tabs one syncs; when it is closed the other goes on", async (t) => {
  const context = await freshContext(t);
  const first = await device(t, context);
  const workflow = await first.newWorkflow();
  await first.saved();
  await turnOn(first);
  await synced(first);
  const second = await device(t, context);
  await panel(second);
  await says(second, "follower");
  await second.page.keyboard.press("Escape");
  // What the second does is sent by the first.
  await second.canvas.add(PROMPT.query, await second.canvas.emptyPlace());
  await second.saved();
  await synced(first);
  const entities = async () => {
    const { value } = await loopback.backend.call("query", "sync:changesSince", { workflowId: workflow, cursor: 0 }, token());
    return value.entities.filter(({ kind }) => kind === "node").length;
  };
  assert.equal(await entities(), 1);
  await first.page.close();
  await panel(second);
  await says(second, "up-to-date");
});

test("a picture that is dropped in one browser is seen in the other: sent once, fetched when it is looked at, and whole", async (t) => {
  const [one, two] = [await device(t), await device(t)];
  const workflow = await one.newWorkflow();
  await turnOn(one);
  await synced(one);
  // The server is busy for a while with each step of an upload, and one answer is lost.
  const busy = ["assets:urls", "assets:uploadUrl", "storage:upload", "assets:commit"];
  await loopback.control({
    faults: [...busy.map((path) => ({ fault: "status", status: 503, path, times: 1 })), { fault: "cut", path: "assets:commit", times: 1 }],
  });
  const [file] = await pictures(one.page, 1, { noisy: true });
  await addMedia(one, [file]);
  const region = await panel(one);
  await region.locator('[data-sent="1"][data-to-send="0"]').waitFor({ timeout: 60_000 });
  await one.page.keyboard.press("Escape");

  await turnOn(two);
  await item(two, workflow).waitFor({ timeout: ARRIVAL });
  await synced(two);
  await item(two, workflow).click();
  const card = two.page.locator("[data-node-id] [data-remote]");
  await two.page.locator('[data-remote="not-downloaded"] [data-thumbnail-of]').waitFor({ timeout: ARRIVAL });
  assert.match(await card.innerText(), /Not downloaded · \d/);

  // What isn't the picture is refused, and said to be.
  await two.page.route("**/api/storage/*", (route) =>
    route.fulfill({ body: "another picture", headers: { "access-control-allow-origin": "*" } }),
  );
  await card.getByRole("button", { name: "Download" }).click();
  await two.page.locator('[data-remote="failed"]').waitFor();
  assert.match(await card.innerText(), /its hash differs/);
  await two.page.unroute("**/api/storage/*");

  // Looked at, it comes.
  await card.dblclick();
  await two.page.locator('[data-shown-asset][data-loaded="true"]').waitFor({ timeout: ARRIVAL });
  const hash = createHash("sha256").update(file.buffer).digest("hex");
  const kept = JSON.stringify(await storedRows(two.page, "assets"));
  assert(kept.includes(`sha256-${hash}`), "it is kept as what it is");
  const width = await two.page.locator('[data-shown-asset] img[src^="blob:"]').evaluate((image) => image.naturalWidth);
  assert.equal(width, 640);
  const counts = await loopback.control({});
  assert.equal(counts.paths["http storage:upload"].calls, 1, JSON.stringify(counts.paths));
  assert.equal(counts.paths["http storage:get"].calls, 1);
});

test("with “Keep offline” originals come by themselves", async (t) => {
  const [one, two] = [await device(t), await device(t)];
  const workflow = await one.newWorkflow();
  await addMedia(one, await pictures(one.page, 2));
  await turnOn(one);
  await (await panel(one)).locator('[data-sent="2"][data-to-send="0"]').waitFor({ timeout: 60_000 });
  await turnOn(two);
  await (await panel(two)).getByLabel("Keep offline").check();
  await item(two, workflow).waitFor({ timeout: ARRIVAL });
  await two.page.waitForFunction(() => document.querySelector('[data-elsewhere="0"]') !== null);
  await two.page.keyboard.press("Escape");
  await item(two, workflow).click();
  await two.page.waitForFunction(
    () => document.querySelectorAll('[data-node-id] [data-asset-id][data-loaded="true"]').length === 2,
    undefined,
    { timeout: ARRIVAL },
  );
});

test("how many bytes of a picture have gone is said while it is sent", async (t) => {
  const app = await device(t);
  await app.newWorkflow();
  const region = await turnOn(app);
  await says(app, "up-to-date");
  await loopback.control({ faults: [{ fault: "slow", ms: 600_000, path: "storage:upload" }] });
  await app.page.keyboard.press("Escape");
  await addMedia(app, await pictures(app.page, 1, { noisy: true }));
  await panel(app);
  await region.locator('[data-under-way-bytes]:not([data-under-way-bytes="0"])').waitFor({ timeout: ARRIVAL });
  assert.match(await region.locator('[data-fact="to-send"]').innerText(), /^1 file · [\d.]+ .B of [\d.]+ .B$/);
  await loopback.control({ clear: true });
  await region.locator('[data-sent="1"][data-to-send="0"][data-under-way-bytes="0"]').waitFor({ timeout: ARRIVAL });
});

test("an original that one tab has fetched is shown in the other as it stands", async (t) => {
  const one = await device(t);
  const workflow = await one.newWorkflow();
  await turnOn(one);
  await synced(one);
  await addMedia(one, await pictures(one.page, 1));
  await (await panel(one)).locator('[data-sent="1"][data-to-send="0"]').waitFor({ timeout: 60_000 });

  const context = await freshContext(t);
  const [left, right] = [await device(t, context), await device(t, context)];
  await turnOn(left);
  await item(left, workflow).waitFor({ timeout: ARRIVAL });
  await synced(left);
  const card = (app) => app.page.locator('[data-node-id] [data-remote="not-downloaded"]');
  for (const app of [left, right]) {
    await item(app, workflow).click();
    await card(app).waitFor({ timeout: ARRIVAL });
  }
  await right.page.evaluate(() => (document.querySelector("[data-node-id]").itIsStillThis = true));
  await card(left).getByRole("button", { name: "Download" }).click();
  for (const app of [left, right]) {
    await app.page.locator('[data-node-id] [data-asset-id][data-loaded="true"]').waitFor({ timeout: ARRIVAL });
  }
  assert.equal(await right.page.evaluate(() => document.querySelector("[data-node-id]").itIsStillThis), true);
});

/** A node's text in the inspector, which shows it. */
const text = (app) => app.inspector.getByRole("textbox", TEXT);

async function showsText(app, node, expected) {
  await app.page.locator(`[data-node-id="${node}"] [data-part="header"]`).click();
  await app.page.waitForFunction(
    (text) => [...document.querySelectorAll('[aria-label="Inspector"] textarea')].some((field) => field.value === text),
    expected,
    { timeout: ARRIVAL },
  );
}

test("a text that was changed in both is listed where it lost, with both values, and can be restored", async (t) => {
  const [one, two] = [await device(t), await device(t)];
  const workflow = await one.newWorkflow();
  const node = await one.canvas.add(PROMPT.query, await one.canvas.emptyPlace());
  await turnOn(one);
  await synced(one);
  await one.page.waitForSelector('[data-save-state="saved"][data-synced="true"]');
  await turnOn(two);
  await item(two, workflow).waitFor({ timeout: ARRIVAL });
  await synced(two);
  await item(two, workflow).click();
  await two.page.locator(`[data-node-id="${node}"]`).waitFor();

  const write = async (app, value) => {
    await app.page.locator(`[data-node-id="${node}"] [data-part="header"]`).click();
    await text(app).fill(value);
    await app.saved();
  };
  await one.page.context().setOffline(true);
  await write(one, "At dawn");
  // The third dot is empty while the server lacks it.
  await one.page.waitForSelector('[data-save-state="saved"][data-synced="false"]');
  await write(two, "At dusk");
  await synced(two);
  await one.page.context().setOffline(false);
  const lost = (await panel(one)).locator('[data-kept]');
  await lost.waitFor({ timeout: ARRIVAL });
  assert.match(await lost.innerText(), /“At dawn”[\s\S]*“At dusk”/);
  await lost.getByRole("button", { name: "Restore" }).click();
  await lost.waitFor({ state: "detached" });
  await one.page.keyboard.press("Escape");
  await showsText(one, node, "At dawn");
  await showsText(two, node, "At dawn");
  assert.equal(await (await panel(two)).locator("[data-kept]").count(), 0, "what two had was replaced after it had arrived");
});

const YEAR = 365 * 24 * 3_600_000;

test("what a browser has done while its clock was a year ahead comes in as a copy, and its clock is right again", async (t) => {
  const context = await freshContext(t);
  await context.addInitScript(() => {
    const right = Date.now.bind(Date);
    window.clockAhead = 0;
    Date.now = () => right() + window.clockAhead;
  });
  const [one, two] = [await device(t, context), await device(t)];
  const set = (ahead) => one.page.evaluate((ahead) => (window.clockAhead = ahead), ahead);
  const workflow = await one.newWorkflow();
  const node = await one.canvas.add(PROMPT.query, await one.canvas.emptyPlace());
  const write = async (app, value) => {
    await app.page.locator(`[data-node-id="${node}"] [data-part="header"]`).click();
    await text(app).fill(value);
    await app.saved();
  };
  await write(one, "At dawn");
  await turnOn(one);
  await synced(one);
  await turnOn(two);
  await item(two, workflow).waitFor({ timeout: ARRIVAL });
  await synced(two);

  await set(YEAR);
  await write(one, "At dusk");
  const region = await panel(one);
  const said = region.locator("[data-clock-ahead]");
  await said.waitFor({ timeout: ARRIVAL });
  assert.match(await said.innerText(), /It still is, by 36[45] days. Set it right/);
  assert.equal(await said.getByRole("button").count(), 0, "a copy would be refused as well");
  await set(0);
  await said.getByRole("button", { name: "Bring in as a copy" }).click({ timeout: ARRIVAL });
  await said.waitFor({ state: "detached", timeout: ARRIVAL });
  await one.page.keyboard.press("Escape");
  await synced(one);
  // The original is what the server has, also where it is open; the copy has what waited, on both devices.
  await showsText(one, node, "At dawn");
  const copy = (app) => app.page.locator("[data-workflow-id]").filter({ hasText: "(copy)" });
  await copy(two).waitFor({ timeout: ARRIVAL });
  await synced(two);
  await copy(two).click();
  await two.page.locator(`[data-node-id]:not([data-node-id="${node}"])`).waitFor({ timeout: ARRIVAL });
  const copied = await two.page.locator("[data-node-id]").getAttribute("data-node-id");
  await showsText(two, copied, "At dusk");

  await item(two, workflow).click();
  await two.page.locator(`[data-node-id="${node}"]`).waitFor({ timeout: ARRIVAL });
  await write(one, "At noon");
  await showsText(two, node, "At noon");
  one.assertNoProblems();
});

test("what the server refuses is listed with the reason, and Retry sends it", async (t) => {
  const app = await device(t);
  await app.newWorkflow();
  await turnOn(app);
  await synced(app);
  await loopback.control({ faults: [{ fault: "status", status: 400, path: "sync:applyOps", times: 0 }] });
  await app.canvas.add(PROMPT.query, await app.canvas.emptyPlace());
  await app.saved();
  const region = await panel(app);
  const failed = region.locator('[data-op-state="failed"]').first();
  await failed.waitFor({ timeout: ARRIVAL });
  assert.match(await failed.innerText(), /Not sent: Fault/);
  await loopback.control({ clear: true });
  await failed.getByRole("button", { name: "Retry" }).click();
  await region.locator("[data-op-state]").first().waitFor({ state: "detached", timeout: ARRIVAL });
  await synced(app);
});

test("an owner invites another user and removes him again", async (t) => {
  const [owner, guest] = [await device(t), await device(t)];
  const workflow = await owner.newWorkflow();
  await turnOn(owner);
  await synced(owner);
  const name = `guest${users}`;
  await turnOn(guest, `test:${name}`);
  await says(guest, "up-to-date");
  const region = await panel(owner);
  await region.getByRole("button", { name: "Members" }).click();
  await region.locator('[data-member][data-role="owner"]').waitFor();
  assert.equal(await region.locator("[data-me]").getAttribute("data-me"), userOf(`user${users}`));
  await region.getByLabel("User", { exact: true }).fill(userOf(name));
  await region.getByRole("button", { name: "Invite" }).click();
  const row = region.locator(`[data-member="${userOf(name)}"]`);
  await row.waitFor();
  assert.equal(await row.getAttribute("data-role"), "editor");
  await item(guest, workflow).waitFor({ timeout: ARRIVAL });
  const theirs = await panel(guest);
  await theirs.getByRole("button", { name: "Members" }).click();
  await theirs.locator(`[data-member="${userOf(name)}"]`).getByRole("button", { name: "Leave" }).waitFor();
  assert.equal(await theirs.getByRole("button", { name: "Invite" }).count(), 0, "only the owner invites");

  await row.getByRole("combobox").selectOption("viewer");
  await region.locator(`[data-member="${userOf(name)}"][data-role="viewer"]`).waitFor();
  await row.getByRole("button", { name: "Remove" }).click();
  await row.waitFor({ state: "detached" });
  await theirs.getByText("no longer among yours").waitFor({ timeout: ARRIVAL });
  assert.equal(await item(guest, workflow).count(), 1, "what he has stays with him");
});
