// The daily sweep, and what it means for a device that was away.

import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { afterEach, beforeEach, test } from "node:test";

import { setClockAhead } from "./loopback/backend.mjs";
import { limits, modules } from "./loopback/functions.mjs";
import { deployment, id, op } from "./support.mjs";

const DAY = 24 * 60 * 60 * 1000;
let backend, alice, workflow;
beforeEach(async () => {
  ({ backend, alice } = deployment("alice"));
  workflow = id();
  await alice.apply(workflow, op({ kind: "workflow", id: workflow }, { name: "One" }));
});
afterEach(() => setClockAhead(0));

const head = async () => (await alice.query("sync:heads"))[0];
const rows = (table) => backend.run((ctx) => ctx.db.query(table).collect());

test("every sweep is in the timetable", async () => {
  const crons = (await modules["./functions/crons.ts"]()).default;
  const planned = Object.values(crons.crons).map(({ name }) => name).sort();
  assert.deepEqual(planned, ["gc:appliedOps", "gc:assets", "gc:tombstones", "gc:uploads"]);
});

test("a tombstone goes after 30 days, and who has not seen it reads everything anew", async () => {
  const [kept, gone, back] = [id(), id(), id()];
  await alice.apply(workflow, op({ id: kept }, { title: 1 }), op({ id: gone }, { title: 1 }), op({ id: back }, { title: 1 }));
  const before = (await alice.pull(workflow)).cursor;
  await alice.apply(workflow, op({ id: gone }, { deleted: true }), op({ id: back }, { deleted: true }), op({ id: back }, { deleted: false }));
  const seen = (await alice.pull(workflow, before)).cursor;

  setClockAhead(29 * DAY);
  assert.equal(await backend.internal("gc:tombstones"), 0);
  setClockAhead(31 * DAY);
  assert.equal(await backend.internal("gc:tombstones"), 1);
  assert.equal(await backend.internal("gc:tombstones"), 0);
  assert.equal((await head()).gcSeq, 5);

  assert.deepEqual(await alice.pull(workflow, before), { reset: true });
  assert.deepEqual((await alice.pull(workflow, seen)).entities, [], "who has seen it goes on");
  for (const limit of [1, 2, 500]) {
    const { entities } = await alice.pull(workflow, 0, limit);
    assert.deepEqual(entities.map((entity) => entity.id), [workflow, kept, back], "also over pages below the sweep");
  }
});

test("an edit of a tombstone lets it stay for another 30 days, so that nobody who was away for less reads everything anew", async () => {
  const node = id();
  await alice.apply(workflow, op({ id: node }, { deleted: true }));
  setClockAhead(20 * DAY);
  await alice.apply(workflow, op({ id: node }, { title: "late" }));
  setClockAhead(49 * DAY);
  assert.equal(await backend.internal("gc:tombstones"), 0);
  setClockAhead(51 * DAY);
  assert.equal(await backend.internal("gc:tombstones"), 1);
});

test("a reading during which the sweep comes begins again", async () => {
  const [first, second] = [id(), id()];
  await alice.apply(workflow, op({ id: first }, { title: 1 }), op({ id: second }, { deleted: true }));
  const page = await alice.query("sync:changesSince", { workflowId: workflow, cursor: 0, limit: 1 });
  assert.deepEqual([page.cursor, page.gcSeq], [1, 0]);
  setClockAhead(31 * DAY);
  await backend.internal("gc:tombstones");
  const { reset, gcSeq } = await alice.query("sync:changesSince", { workflowId: workflow, cursor: 1, gcSeq: page.gcSeq });
  assert.deepEqual([reset, gcSeq], [true, 3]);
});

test("what was swept comes back whole with the op that had made it, though its id is known", async () => {
  const node = id();
  const made = op({ id: node }, { title: "made", deleted: false });
  await alice.apply(workflow, made);
  await alice.apply(workflow, op({ id: node }, { deleted: true }));
  setClockAhead(29 * DAY);
  await alice.apply(workflow, op({ id: id() }, { title: "so that something is new" }));
  // As if the ids of ops were kept for longer than tombstones.
  await backend.run(async (ctx) => {
    const row = await ctx.db.query("entities").withIndex("by_entity", (q) => q.eq("workflowId", workflow).eq("kind", "node").eq("entityId", node)).unique();
    await ctx.db.patch(row._id, { deletedAt: 1 });
  });
  assert.equal(await backend.internal("gc:tombstones"), 1);
  const answers = [];
  for (let at = 0; at < 2; at++) answers.push((await alice.apply(workflow, made)).results[0].status);
  assert.deepEqual(answers, ["applied", "duplicate"]);
  assert.equal((await alice.pull(workflow)).entities.at(-1).id, node);
  const rows = await backend.run((ctx) => ctx.db.query("appliedOps").collect());
  assert.equal(rows.filter(({ opId }) => opId === made.opId).length, 1);
});

test("a late edit of something swept makes it known again", async () => {
  const node = id();
  await alice.apply(workflow, op({ id: node }, { deleted: true }));
  setClockAhead(31 * DAY);
  await backend.internal("gc:tombstones");
  assert.equal((await alice.apply(workflow, op({ id: node }, { title: "late" }))).results[0].status, "applied");
  assert.ok((await head()).seq > (await head()).gcSeq);
  const { entities } = await alice.pull(workflow);
  assert.equal(entities.at(-1).id, node);
});

test("many tombstones go in pages, with what they referred to", async () => {
  const nodes = Array.from({ length: 1300 }, id);
  const reference = { kind: "opfs", hash: `sha256-${"a".repeat(64)}` };
  for (let at = 0; at < nodes.length; at += 200) {
    const some = nodes.slice(at, at + 200);
    await alice.apply(workflow, ...some.map((node, index) => op({ id: node }, { deleted: true, ...(index % 10 ? {} : { "config.a": reference }) })));
  }
  assert.equal((await rows("uses")).length, 130);
  setClockAhead(31 * DAY);
  assert.ok((await backend.internal("gc:tombstones")) < nodes.length);
  assert.equal((await rows("entities")).length, 1);
  assert.equal((await rows("uses")).length, 0);
  assert.equal((await rows("heads"))[0].entities, 1);
  assert.equal((await head()).gcSeq, 1301);
});

test("a workflow goes as a whole 30 days after its own deletion", async () => {
  await alice.apply(workflow, op({ id: id() }, { title: 1 }), op({ kind: "workflow", id: workflow }, { deleted: true }));
  setClockAhead(31 * DAY);
  await backend.internal("gc:tombstones");
  assert.equal(await head(), undefined);
  for (const table of ["entities", "members", "appliedOps"]) assert.deepEqual(await rows(table), [], table);
  const { results } = await alice.apply(workflow, op({ id: id() }, { title: 1 }));
  assert.equal(results[0].code, "WORKFLOW_DELETED_FOR_GOOD");
});

test("ids of ops go after 30 days, and an op that comes then still changes nothing", async () => {
  const node = id();
  const [old, newer] = [op({ id: node }, { title: "old" }), op({ id: node }, { title: "newer" })];
  await alice.apply(workflow, old, newer);
  const state = await alice.pull(workflow);
  setClockAhead(29 * DAY);
  assert.equal(await backend.internal("gc:appliedOps"), 0);
  setClockAhead(31 * DAY);
  assert.equal(await backend.internal("gc:appliedOps"), 3);
  assert.deepEqual(await rows("appliedOps"), []);
  const { results } = await alice.apply(workflow, old, newer);
  assert.deepEqual(results.map(({ status }) => status), ["merged", "applied"]);
  assert.deepEqual((await alice.pull(workflow)).entities, state.entities);
});

test("many ids of ops go in pages", async () => {
  await backend.run(async (ctx) => {
    for (let at = 0; at < 2500; at++) {
      await ctx.db.insert("appliedOps", { workflowId: workflow, user: "u", opId: `${at}`, seq: 1, at: 1 });
    }
  });
  assert.equal(await backend.internal("gc:appliedOps"), 1000);
  assert.equal((await rows("appliedOps")).length, 1);
});

async function bring(text) {
  const sha256 = createHash("sha256").update(text).digest("hex");
  const content = { sha256, size: text.length, mime: "text/plain" };
  const { url } = await alice.mutation("assets:uploadUrl", content);
  const storageId = await backend.upload(new URL(url).searchParams.get("token"), Buffer.from(text), "text/plain");
  return { content, storageId, commit: () => alice.mutation("assets:commit", { ...content, storageId }) };
}

test("a content goes when nothing has referred to it for 30 days; one that is promised stays", async () => {
  const [used, unused, asked] = [await bring("used"), await bring("unused"), await bring("asked")];
  for (const one of [used, unused, asked]) await one.commit();
  await alice.apply(workflow, op({ id: id() }, { result: { hash: `sha256-${used.content.sha256}` } }));
  const known = () => alice.query("assets:known", { hashes: [used, unused, asked].map(({ content }) => content.sha256) });

  setClockAhead(21 * DAY);
  assert.deepEqual(await known(), [], "so near to the sweep nothing is promised without being renewed");
  assert.deepEqual(await alice.mutation("assets:uploadUrl", asked.content), { known: true });
  assert.deepEqual(await known(), [asked.content.sha256]);
  assert.equal(await backend.internal("gc:assets"), 0);
  setClockAhead(31 * DAY);
  assert.equal(await backend.internal("gc:assets"), 1);
  assert.deepEqual(await known(), [used, asked].map(({ content }) => content.sha256));
  assert.equal((await backend.run((ctx) => ctx.db.system.query("_storage").collect())).length, 2);
});

test("uploads that were never committed go after a day", async () => {
  await (await bring("committed")).commit();
  await bring("forgotten");
  assert.equal(await backend.internal("gc:uploads"), 0);
  setClockAhead(limits.UPLOAD + 60_000);
  assert.equal(await backend.internal("gc:uploads"), 1);
  assert.equal((await backend.run((ctx) => ctx.db.system.query("_storage").collect())).length, 1);
  assert.equal(await backend.internal("gc:uploads"), 0);
});

test("no client calls the sweep", async () => {
  for (const path of ["gc:tombstones", "gc:appliedOps", "gc:assets", "gc:uploads"]) {
    const answer = await backend.call("mutation", path, {}, "test:alice");
    assert.equal(answer.status, "error", path);
  }
});
