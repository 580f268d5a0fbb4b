// sync:heads, sync:changesSince and sync:deleteEverything.

import assert from "node:assert/strict";
import { before, test } from "node:test";

import { userOf } from "./loopback/backend.mjs";
import { limits } from "./loopback/functions.mjs";
import { deployment, id, op } from "./support.mjs";

let backend, alice, bob, carol, nobody;
before(() => ({ backend, alice, bob, carol, nobody } = deployment("alice", "bob", "carol")));

async function workflowWith(count) {
  const workflow = id();
  const nodes = Array.from({ length: count }, id);
  for (let at = 0; at < count; at += 100) {
    await alice.apply(workflow, ...nodes.slice(at, at + 100).map((node) => op({ id: node }, { title: node })));
  }
  return { workflow, nodes };
}

test("pages end between changes, and together hold each entity once", async () => {
  const { workflow, nodes } = await workflowWith(25);
  for (const limit of [1, 7, 25, 26, 500]) {
    const { entities, cursor, pages } = await alice.pull(workflow, 0, limit);
    assert.deepEqual(entities.map((entity) => entity.id), nodes);
    assert.deepEqual(entities.map(({ seq }) => seq), nodes.map((_, at) => at + 1));
    assert.equal(cursor, 25);
    assert.equal(pages, Math.ceil(25 / limit));
  }
});

test("only what changed after the cursor comes, in its newest state", async () => {
  const { workflow, nodes } = await workflowWith(5);
  for (let at = 0; at < 10; at++) await alice.apply(workflow, op({ id: nodes[2] }, { position: at }));
  const { entities, cursor } = await alice.pull(workflow, 5);
  assert.deepEqual(entities.map(({ id, seq }) => [id, seq]), [[nodes[2], 15]]);
  assert.equal(entities[0].fields[0].v, "9");
  assert.equal(cursor, 15);
  assert.deepEqual((await alice.pull(workflow, 15)).entities, []);
});

test("a workflow that is unknown is empty", async () => {
  const page = await alice.query("sync:changesSince", { workflowId: id(), cursor: 9 });
  assert.deepEqual({ ...page, serverNow: 0 }, { reset: false, entities: [], cursor: 0, done: true, gcSeq: 0, serverNow: 0 });
});

test("a cursor from before the deployment was set back reads everything", async () => {
  const { workflow, nodes } = await workflowWith(3);
  const page = await alice.query("sync:changesSince", { workflowId: workflow, cursor: 1000 });
  assert.equal(page.reset, false);
  assert.deepEqual(page.entities.map((entity) => entity.id), nodes);
  assert.equal(page.cursor, 3);
});

test("what is no cursor, limit or id is refused", async () => {
  const { workflow } = await workflowWith(1);
  const ask = (change) => ["query", "sync:changesSince", { workflowId: workflow, cursor: 0, ...change }];
  for (const cursor of [-1, 0.5, Number.NaN, 2 ** 60]) await alice.refused("BAD_REQUEST", ...ask({ cursor }));
  for (const limit of [0, 1.5, limits.PAGE_ENTITIES + 1]) await alice.refused("BAD_REQUEST", ...ask({ limit }));
  await alice.refused("BAD_REQUEST", ...ask({ workflowId: "x" }));
  await alice.refused(undefined, ...ask({ cursor: "0" }));
});

test("strangers and callers without a token get nothing", async () => {
  const { workflow } = await workflowWith(1);
  await bob.refused("FORBIDDEN", "query", "sync:changesSince", { workflowId: workflow, cursor: 0 });
  await nobody.refused("UNAUTHENTICATED", "query", "sync:changesSince", { workflowId: workflow, cursor: 0 });
  await nobody.refused("UNAUTHENTICATED", "query", "sync:heads");
  assert.deepEqual(await bob.query("sync:heads"), []);
});

test("each member sees the head with his own role", async () => {
  const { workflow } = await workflowWith(1);
  await alice.mutation("members:invite", { workflowId: workflow, user: userOf("carol"), role: "viewer" });
  assert.deepEqual(await carol.query("sync:heads"), [{ workflowId: workflow, seq: 1, gcSeq: 0, role: "viewer" }]);
  assert.equal((await carol.pull(workflow)).entities.length, 1);
  await alice.mutation("members:remove", { workflowId: workflow, user: userOf("carol") });
  assert.deepEqual(await carol.query("sync:heads"), []);
  await carol.refused("FORBIDDEN", "query", "sync:changesSince", { workflowId: workflow, cursor: 0 });
});

test("a workflow's name follows its register", async () => {
  const workflow = id();
  const name = async () => (await alice.query("sync:heads")).find(({ workflowId }) => workflowId === workflow)?.name;
  await alice.apply(workflow, op({ id: id() }, { title: 1 }));
  assert.equal(await name(), undefined);
  await alice.apply(workflow, op({ kind: "workflow", id: workflow }, { name: "A" }));
  assert.equal(await name(), "A");
  await alice.apply(workflow, op({ id: id() }, { title: 1 }));
  assert.equal(await name(), "A");
  await alice.apply(workflow, op({ kind: "workflow", id: workflow }, { name: "😀".repeat(300) }));
  assert.equal(await name(), "😀".repeat(200));
});

test("the owner deletes everything, page by page, and it does not come back", async () => {
  const { workflow, nodes } = await workflowWith(700);
  await alice.mutation("members:invite", { workflowId: workflow, user: userOf("carol"), role: "editor" });
  await carol.refused("FORBIDDEN", "mutation", "sync:deleteEverything", { workflowId: workflow });
  await bob.refused("FORBIDDEN", "mutation", "sync:deleteEverything", { workflowId: workflow });
  await nobody.refused("UNAUTHENTICATED", "mutation", "sync:deleteEverything", { workflowId: workflow });

  let calls = 1;
  while (!(await alice.mutation("sync:deleteEverything", { workflowId: workflow })).done) calls += 1;
  assert.ok(calls > 1);
  await backend.settled();
  await alice.mutation("sync:deleteEverything", { workflowId: workflow });
  for (const table of ["entities", "appliedOps", "members", "uses"]) {
    const rows = await backend.run((ctx) => ctx.db.query(table).collect());
    assert.equal(rows.filter(({ workflowId }) => workflowId === workflow).length, 0, table);
  }
  for (const user of [alice, carol]) {
    assert.equal((await user.query("sync:heads")).some(({ workflowId }) => workflowId === workflow), false);
    await user.refused("WORKFLOW_DELETED_FOR_GOOD", "query", "sync:changesSince", { workflowId: workflow, cursor: 0 });
    const { results } = await user.apply(workflow, op({ id: nodes[0] }, { title: "again" }));
    assert.equal(results[0].code, "WORKFLOW_DELETED_FOR_GOOD");
    assert.equal("entities" in results[0], false);
  }
  await bob.refused("FORBIDDEN", "mutation", "sync:deleteEverything", { workflowId: workflow });
});

test("a deletion that was begun ends also if nobody asks again", async () => {
  const { workflow } = await workflowWith(1200);
  assert.equal((await alice.mutation("sync:deleteEverything", { workflowId: workflow })).done, false);
  await backend.settled();
  const rows = await backend.run((ctx) => ctx.db.query("entities").collect());
  assert.equal(rows.filter(({ workflowId }) => workflowId === workflow).length, 0);
});
