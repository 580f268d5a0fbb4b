// sync:applyOps: what is stored, what is answered, what is refused.

import assert from "node:assert/strict";
import { before, test } from "node:test";

import { limits } from "./loopback/functions.mjs";
import { User, deployment, id, op, patch, stamp } from "./support.mjs";

const DAY = 24 * 60 * 60 * 1000;
let backend, alice, bob, nobody;
before(() => ({ backend, alice, bob, nobody } = deployment("alice", "bob")));

const values = (entity) => Object.fromEntries(entity.fields.map(({ k, v }) => [k, v]));

/** A rejected op leaves nothing, and its answer shows the entity as the server has it. */
async function rejects(user, workflow, bad, code) {
  const earlier = await alice.pull(workflow);
  const { head, results } = await user.apply(workflow, bad);
  assert.equal(results[0].status, "rejected");
  assert.equal(results[0].code, code);
  assert.equal(results[0].opId, bad.opId);
  assert.deepEqual(await alice.pull(workflow), earlier);
  assert.equal(head, earlier.cursor);
  return results[0];
}

async function workflowOf(user) {
  const workflow = id();
  const made = op({ kind: "workflow", id: workflow }, { name: "One" });
  assert.equal((await user.apply(workflow, made)).results[0].status, "applied");
  return workflow;
}

test("the first op makes the workflow, and its sender the owner", async () => {
  const workflow = id();
  const { head, results, serverNow } = await alice.apply(workflow, op({ kind: "workflow", id: workflow }, { name: "Ünë" }));
  assert.equal(head, 1);
  assert.equal(results[0].status, "applied");
  assert.equal(results[0].seq, 1);
  assert.equal("entities" in results[0], false);
  assert.ok(Math.abs(serverNow - Date.now()) < 60_000);
  const head1 = (await alice.query("sync:heads")).find(({ workflowId }) => workflowId === workflow);
  assert.deepEqual(head1, { workflowId: workflow, seq: 1, gcSeq: 0, role: "owner", name: "Ünë" });
  assert.deepEqual(await alice.query("members:list", { workflowId: workflow }), [{ user: "https://loopback.invalid|alice", role: "owner" }]);
});

test("nothing makes a workflow but an op that is stored", async () => {
  const workflow = id();
  assert.deepEqual((await alice.apply(workflow)).results, []);
  assert.equal((await alice.apply(workflow, op({ id: "x" }, { title: 1 }))).results[0].code, "INVALID");
  assert.equal((await alice.query("sync:heads")).some(({ workflowId }) => workflowId === workflow), false);
  assert.equal((await bob.apply(workflow, op({ id: id() }, { title: 1 }))).results[0].status, "applied");
});

test("registers merge one by one, and who loses is told the entity", async () => {
  const workflow = await workflowOf(alice);
  const node = id();
  const [early, late] = [stamp(Date.now() - 1000), stamp()];
  await alice.apply(workflow, op({ id: node }, { position: { x: 1 }, title: "late" }, late));
  const { head, results } = await alice.apply(workflow, op({ id: node }, { "config.a": 5, title: "early" }, early));
  assert.equal(results[0].status, "merged");
  assert.equal(results[0].entities.length, 1);
  assert.deepEqual(values(results[0].entities[0]), { "config.a": "5", position: '{"x":1}', title: '"late"' });
  assert.equal(results[0].entities[0].seq, head);
  const { entities } = await alice.pull(workflow);
  assert.deepEqual(entities.find((entity) => entity.id === node), results[0].entities[0]);
});

test("a register that is removed keeps its stamp", async () => {
  const workflow = await workflowOf(alice);
  const node = id();
  const [first, second, third] = [stamp(), stamp(), stamp()];
  await alice.apply(workflow, op({ id: node }, { "config.a": 1 }, first), op({ id: node }, { "config.a": undefined }, third));
  const { results } = await alice.apply(workflow, op({ id: node }, { "config.a": 2 }, second));
  assert.equal(results[0].status, "merged");
  assert.deepEqual(results[0].entities[0].fields, [{ k: "config.a", v: null, h: third }]);
});

test("an op sent again is known, and changes nothing, also in the same call", async () => {
  const workflow = await workflowOf(alice);
  const one = op({ id: id() }, { title: "x" });
  const first = await alice.apply(workflow, one, one);
  assert.deepEqual(first.results.map(({ status }) => status), ["applied", "duplicate"]);
  const state = await alice.pull(workflow);
  const again = await alice.apply(workflow, one);
  assert.deepEqual(again.results, [{ opId: one.opId, status: "duplicate", seq: 2 }]);
  assert.deepEqual(await alice.pull(workflow), state);
  assert.equal(again.head, first.head);
});

test("a known op that would be refused now is known", async () => {
  const workflow = await workflowOf(alice);
  await alice.mutation("members:invite", { workflowId: workflow, user: "https://loopback.invalid|bob", role: "editor" });
  const one = op({ id: id() }, { title: "x" });
  await bob.apply(workflow, one);
  await alice.mutation("members:invite", { workflowId: workflow, user: "https://loopback.invalid|bob", role: "viewer" });
  assert.deepEqual((await bob.apply(workflow, one)).results, [{ opId: one.opId, status: "duplicate", seq: 2 }]);
});

test("nobody takes another's op ids away", async () => {
  const workflow = await workflowOf(alice);
  await alice.mutation("members:invite", { workflowId: workflow, user: "https://loopback.invalid|bob", role: "editor" });
  const at = stamp();
  const node = id();
  await bob.apply(workflow, op({ id: id() }, { title: "first" }, at));
  assert.equal((await alice.apply(workflow, op({ id: node }, { title: "hers" }, at))).results[0].status, "applied");
  assert.ok((await alice.pull(workflow)).entities.some((entity) => entity.id === node));
});

test("one bad op does not stop the others", async () => {
  const workflow = await workflowOf(alice);
  const [a, b] = [id(), id()];
  const bad = op({ id: a }, { title: "x" }, stamp(Date.now() + 2 * DAY));
  const { results, head } = await alice.apply(workflow, op({ id: a }, { title: "a" }), bad, op({ id: b }, { title: "b" }), op({ id: a }, { size: 1 }));
  assert.deepEqual(results.map(({ status }) => status), ["applied", "rejected", "applied", "applied"]);
  assert.deepEqual(values(results[1].entities[0]), { size: "1", title: '"a"' }, "as it is after the whole call");
  assert.equal(results[1].entities[0].seq, head);
});

test("a rejected op is judged again when it comes again", async () => {
  const workflow = await workflowOf(alice);
  const ahead = op({ id: id() }, { title: "x" }, stamp(Date.now() + 25 * 60 * 60 * 1000));
  assert.equal((await alice.apply(workflow, ahead)).results[0].code, "CLOCK_AHEAD");
  assert.equal((await alice.apply(workflow, ahead)).results[0].code, "CLOCK_AHEAD");
});

test("CLOCK_AHEAD: more than a day ahead of the server, and what time it is there", async () => {
  const workflow = await workflowOf(alice);
  const result = await rejects(alice, workflow, op({ id: id() }, { title: 1 }, stamp(Date.now() + DAY + 60_000)), "CLOCK_AHEAD");
  assert.ok(Math.abs(result.serverNow - Date.now()) < 60_000);
  assert.deepEqual(result.entities, [], "the node is not on the server");
  const near = op({ id: id() }, { title: 1 }, stamp(Date.now() + DAY - 60_000));
  assert.equal((await alice.apply(workflow, near)).results[0].status, "applied");
});

test("INVALID: whatever is not what it should be", async () => {
  const workflow = await workflowOf(alice);
  const h = stamp();
  const one = (change) => {
    const made = op({ id: id() }, { title: "x" }, h);
    change(made, made.entities[0], made.entities[0].fields[0]);
    return made;
  };
  const cases = {
    "an op id that is no stamp": one((made) => (made.opId = id())),
    "an op id with a bad number": one((made) => (made.opId += "#0")),
    "no entity": one((made) => (made.entities = [])),
    "no register": one((_, entity) => (entity.fields = [])),
    "a kind that is none": one((_, entity) => (entity.kind = "asset")),
    "an id that is none": one((_, entity) => (entity.id = "x")),
    "an id in upper case": one((_, entity) => (entity.id = id().toUpperCase().replace(/^./, "A"))),
    "another workflow": one((_, entity) => (entity.kind = "workflow")),
    "a stamp that is not the op's": one((_, __, field) => (field.h = stamp())),
    "a value that is no JSON": one((_, __, field) => (field.v = "{")),
    "no name": one((_, __, field) => (field.k = "")),
    "a register twice": one((_, entity, field) => entity.fields.push({ ...field })),
    "an entity twice": one((made, entity) => made.entities.push(structuredClone(entity))),
  };
  for (const [name, bad] of Object.entries(cases)) {
    await test(name, () => rejects(alice, workflow, bad, "INVALID"));
  }
});

test("TOO_LARGE: an op, a name, an entity", async () => {
  const workflow = await workflowOf(alice);
  const node = { id: id() };
  await rejects(alice, workflow, op(node, { title: "x".repeat(limits.OP_BYTES) }), "TOO_LARGE");
  await rejects(alice, workflow, op(node, { ["config." + "é".repeat(512)]: 1 }), "TOO_LARGE");
  const h = stamp();
  const many = Array.from({ length: limits.OP_ENTITIES + 1 }, () => patch({ id: id() }, { title: 1 }, h));
  const result = await rejects(alice, workflow, { opId: h, entities: many }, "TOO_LARGE");
  assert.equal("entities" in result, false);
  const half = "x".repeat(limits.ENTITY_BYTES / 2);
  assert.equal((await alice.apply(workflow, op(node, { "config.a": half }))).results[0].status, "applied");
  const full = await rejects(alice, workflow, op(node, { "config.b": half }), "TOO_LARGE");
  assert.equal(full.entities[0].id, node.id, "what there is is shown");
  const registers = Object.fromEntries(Array.from({ length: limits.ENTITY_REGISTERS }, (_, at) => [`config.${at}`, at]));
  await alice.apply(workflow, op({ id: node.id, kind: "edge" }, registers));
  await rejects(alice, workflow, op({ id: node.id, kind: "edge" }, { "config.x": 1 }), "TOO_LARGE");
});

test("a node and an edge may have the same id", async () => {
  const workflow = await workflowOf(alice);
  const same = id();
  await alice.apply(workflow, op({ id: same }, { title: 1 }), op({ id: same, kind: "edge" }, { ends: 2 }));
  const { entities } = await alice.pull(workflow);
  assert.deepEqual(entities.map(({ kind }) => kind), ["workflow", "node", "edge"]);
});

test("FORBIDDEN: a stranger learns nothing", async () => {
  const workflow = await workflowOf(alice);
  const node = id();
  await alice.apply(workflow, op({ id: node }, { title: 1 }));
  const { head, results } = await bob.apply(workflow, op({ id: node }, { title: 2 }));
  assert.equal(head, 0);
  assert.equal(results[0].code, "FORBIDDEN");
  assert.equal(results[0].seq, 0);
  assert.equal("entities" in results[0], false);
});

test("FORBIDDEN: a viewer's write, with the entity to return to", async () => {
  const workflow = await workflowOf(alice);
  const node = id();
  await alice.apply(workflow, op({ id: node }, { title: 1 }));
  await alice.mutation("members:invite", { workflowId: workflow, user: "https://loopback.invalid|bob", role: "viewer" });
  const result = await rejects(bob, workflow, op({ id: node }, { title: 2 }), "FORBIDDEN");
  assert.deepEqual(values(result.entities[0]), { title: "1" });
  await alice.mutation("members:invite", { workflowId: workflow, user: "https://loopback.invalid|bob", role: "editor" });
  assert.equal((await bob.apply(workflow, op({ id: node }, { title: 2 }))).results[0].status, "applied");
});

test("LIMIT: too many workflows", async () => {
  const carol = new User(backend, "carol");
  await backend.run(async (ctx) => {
    for (let at = 0; at < limits.USER_WORKFLOWS; at++) {
      await ctx.db.insert("members", { workflowId: id(), user: "https://loopback.invalid|carol", role: "owner" });
    }
  });
  const { results } = await carol.apply(id(), op({ id: id() }, { title: 1 }));
  assert.equal(results[0].code, "LIMIT");
  assert.equal("entities" in results[0], false);
});

test("LIMIT: too many entities in a workflow, while those that are there can be edited", async () => {
  const workflow = await workflowOf(alice);
  const node = id();
  await alice.apply(workflow, op({ id: node }, { title: 1 }));
  await backend.run(async (ctx) => {
    const head = await ctx.db.query("heads").withIndex("by_workflow", (q) => q.eq("workflowId", workflow)).unique();
    await ctx.db.patch(head._id, { entities: limits.WORKFLOW_ENTITIES });
  });
  await rejects(alice, workflow, op({ id: id() }, { title: 1 }), "LIMIT");
  assert.equal((await alice.apply(workflow, op({ id: node }, { title: 2 }))).results[0].status, "applied");
});

test("a call that is none at all is refused", async () => {
  const args = (change) => ({ workflowId: id(), deviceId: "d", ops: [], ...change });
  await nobody.refused("UNAUTHENTICATED", "mutation", "sync:applyOps", args({}));
  await alice.refused("BAD_REQUEST", "mutation", "sync:applyOps", args({ workflowId: "x" }));
  const ops = Array.from({ length: limits.BATCH_OPS + 1 }, () => op({ id: id() }, { title: 1 }));
  await alice.refused("BAD_REQUEST", "mutation", "sync:applyOps", args({ ops }));
  await alice.refused(undefined, "mutation", "sync:applyOps", args({ ops: [{ opId: 5 }] }));
  await alice.refused(undefined, "mutation", "sync:applyOps", { workflowId: id() });
});

test("what would ask too much of one transaction is left for the next call, and all of it arrives", async () => {
  const workflow = await workflowOf(alice);
  const big = () => op({ id: id() }, { "config.text": "x".repeat(600 * 1024) });
  const ops = Array.from({ length: 20 }, big);
  let calls = 0;
  for (let rest = ops; rest.length > 0; calls++) {
    const { results } = await alice.apply(workflow, ...rest);
    assert.ok(results.length > 0);
    assert.deepEqual(results.map(({ opId }) => opId), rest.slice(0, results.length).map(({ opId }) => opId));
    assert.ok(results.every(({ status }) => status === "applied"));
    rest = rest.slice(results.length);
  }
  assert.ok(calls > 1);
  const pulled = await alice.pull(workflow);
  assert.equal(pulled.entities.length, 21);
  assert.ok(pulled.pages > 1, "no page is too large");
});

test("full calls stay within Convex's limits", async () => {
  const workflow = await workflowOf(alice);
  // The most entities that a call can touch: the answer says how many ops there was room for.
  const wide = () => {
    const h = stamp();
    const entities = Array.from({ length: 100 }, () => patch({ id: id() }, { title: 1 }, h));
    return { opId: h, entities };
  };
  const { results } = await alice.apply(workflow, ...Array.from({ length: 42 }, wide));
  assert.ok(results.length >= 10 && results.length < 42, `${results.length}`);
  assert.ok(results.every(({ status }) => status === "applied"));
  // Answers that show a large entity again and again.
  const node = { id: id() };
  await alice.apply(workflow, op(node, { "config.text": "x".repeat(800 * 1024) }, stamp(Date.now() + 1000)));
  let rest = Array.from({ length: 30 }, () => op(node, { "config.text": "late" }));
  while (rest.length > 0) {
    const { results } = await alice.apply(workflow, ...rest);
    assert.ok(results.length > 0 && results.every(({ status }) => status === "merged"));
    rest = rest.slice(results.length);
  }
});

test("an answer that shows a growing entity again and again stays within Convex's limit", async () => {
  const workflow = await workflowOf(alice);
  const node = { id: id() };
  await alice.apply(workflow, op(node, { title: "newest" }, stamp(Date.now() + 1000)));
  const late = Array.from({ length: 30 }, () => op(node, { title: "late" }));
  const growth = op(node, { "config.text": "x".repeat(700 * 1024) });
  let rest = [...late, growth];
  while (rest.length > 0) {
    const answer = await alice.apply(workflow, ...rest);
    assert.ok(answer.results.length > 0);
    assert.ok(JSON.stringify(answer).length < 16 * 1024 * 1024);
    rest = rest.slice(answer.results.length);
  }
});

test("an op that needs more than a transaction has is refused, and what there is stays", async () => {
  const workflow = await workflowOf(alice);
  const nodes = Array.from({ length: 12 }, () => ({ id: id() }));
  for (const node of nodes) await alice.apply(workflow, op(node, { "config.text": "x".repeat(800 * 1024) }));
  const h = stamp();
  const all = { opId: h, entities: nodes.map((node) => patch(node, { title: 1 }, h)) };
  const result = await rejects(alice, workflow, all, "TOO_LARGE");
  assert.equal("entities" in result, false);
});
