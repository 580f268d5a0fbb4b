// Who may do what, and anonymous use.

import assert from "node:assert/strict";
import { beforeEach, test } from "node:test";

import { userOf } from "./loopback/backend.mjs";
import { limits } from "./loopback/functions.mjs";
import { User, deployment, id, op } from "./support.mjs";

let backend, alice, bob, carol, nobody, workflow;
beforeEach(async () => {
  ({ backend, alice, bob, carol, nobody } = deployment("alice", "bob", "carol"));
  workflow = id();
  await alice.apply(workflow, op({ kind: "workflow", id: workflow }, { name: "One" }));
});

const invite = (user, role) => ["mutation", "members:invite", { workflowId: workflow, user, role }];
const remove = (user) => ["mutation", "members:remove", { workflowId: workflow, user }];

test("me is the text by which others invite", async () => {
  assert.deepEqual(await bob.query("members:me"), { user: userOf("bob"), anonymous: false });
  await nobody.refused("UNAUTHENTICATED", "query", "members:me");
});

test("the owner invites, changes roles and removes; each member sees the list", async () => {
  await alice.mutation(...invite(userOf("bob"), "viewer").slice(1));
  await alice.mutation(...invite(userOf("carol"), "editor").slice(1));
  await alice.mutation(...invite(userOf("bob"), "editor").slice(1));
  const list = [
    { user: userOf("alice"), role: "owner" },
    { user: userOf("bob"), role: "editor" },
    { user: userOf("carol"), role: "editor" },
  ];
  for (const user of [alice, bob, carol]) assert.deepEqual(await user.query("members:list", { workflowId: workflow }), list);
  await alice.mutation(...remove(userOf("carol")).slice(1));
  await alice.mutation(...remove(userOf("carol")).slice(1));
  await carol.refused("FORBIDDEN", "query", "members:list", { workflowId: workflow });
});

test("only the owner invites and removes others; everybody may leave", async () => {
  await alice.mutation(...invite(userOf("bob"), "editor").slice(1));
  await alice.mutation(...invite(userOf("carol"), "viewer").slice(1));
  for (const user of [bob, carol, new User(backend, "dave")]) {
    await user.refused("FORBIDDEN", ...invite(userOf("eve"), "viewer"));
    await user.refused("FORBIDDEN", ...remove(userOf("alice")));
  }
  await carol.refused("FORBIDDEN", ...remove(userOf("bob")));
  await carol.mutation(...remove(userOf("carol")).slice(1));
  await carol.refused("FORBIDDEN", "query", "members:list", { workflowId: workflow });
  await nobody.refused("UNAUTHENTICATED", ...invite(userOf("eve"), "viewer"));
  await nobody.refused("UNAUTHENTICATED", ...remove(userOf("bob")));
  await nobody.refused("UNAUTHENTICATED", "query", "members:list", { workflowId: workflow });
});

test("the owner stays, and nobody else becomes one", async () => {
  await alice.refused("BAD_REQUEST", ...invite(userOf("alice"), "viewer"));
  await alice.refused("BAD_REQUEST", ...remove(userOf("alice")));
  await alice.refused(undefined, ...invite(userOf("bob"), "owner"));
  await alice.refused("BAD_REQUEST", ...invite(" ", "viewer"));
  assert.deepEqual(await alice.query("members:list", { workflowId: workflow }), [{ user: userOf("alice"), role: "owner" }]);
});

test("LIMIT: members of a workflow, and workflows of a member", async () => {
  await backend.run(async (ctx) => {
    for (let at = 1; at < limits.WORKFLOW_MEMBERS; at++) {
      await ctx.db.insert("members", { workflowId: workflow, user: `u${at}`, role: "viewer" });
    }
    for (let at = 0; at < limits.USER_WORKFLOWS; at++) {
      await ctx.db.insert("members", { workflowId: id(), user: userOf("bob"), role: "viewer" });
    }
  });
  await alice.refused("LIMIT", ...invite(userOf("carol"), "viewer"));
  await alice.mutation(...remove("u1").slice(1));
  await alice.refused("LIMIT", ...invite(userOf("bob"), "viewer"));
  await alice.mutation(...invite(userOf("carol"), "viewer").slice(1));
  const { results } = await bob.apply(id(), op({ id: id() }, { title: 1 }));
  assert.equal(results[0].status, "applied", "invitations keep nobody from his own workflows");
});

test("without a token only where the deployment's owner allows it, and all without one are one user", async () => {
  process.env.ATELIER_ALLOW_ANONYMOUS = "true";
  try {
    assert.deepEqual(await nobody.query("members:me"), { user: "anonymous", anonymous: true });
    const shared = id();
    assert.equal((await nobody.apply(shared, op({ id: id() }, { title: 1 }))).results[0].status, "applied");
    assert.equal((await new User(backend).pull(shared)).entities.length, 1);
    assert.equal((await nobody.apply(workflow, op({ id: id() }, { title: 1 }))).results[0].code, "FORBIDDEN");
    process.env.ATELIER_ALLOW_ANONYMOUS = "no";
    await nobody.refused("UNAUTHENTICATED", "query", "sync:heads");
  } finally {
    delete process.env.ATELIER_ALLOW_ANONYMOUS;
  }
  await nobody.refused("UNAUTHENTICATED", "query", "sync:changesSince", { workflowId: id(), cursor: 0 });
});
