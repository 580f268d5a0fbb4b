// The contents of workflows: uploads, addresses, who gets them, and their removal.

import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { after, beforeEach, test } from "node:test";

import { setClockAhead, userOf } from "./loopback/backend.mjs";
import { limits } from "./loopback/functions.mjs";
import { deployment, id, op } from "./support.mjs";

let backend, alice, bob, carol, nobody;
beforeEach(() => ({ backend, alice, bob, carol, nobody } = deployment("alice", "bob", "carol")));
after(() => setClockAhead(0));

const hashOf = (bytes) => createHash("sha256").update(bytes).digest("hex");
const contentOf = (bytes) => ({ sha256: hashOf(bytes), size: bytes.length, mime: "image/png" });
const reference = (bytes) => ({ result: { kind: "opfs", id: id(), hash: `sha256-${hashOf(bytes)}` } });

async function send(user, bytes) {
  const { url } = await user.mutation("assets:uploadUrl", contentOf(bytes));
  return await backend.upload(new URL(url).searchParams.get("token"), bytes, "image/png");
}

async function bring(user, bytes) {
  const storageId = await send(user, bytes);
  return await user.mutation("assets:commit", { ...contentOf(bytes), storageId });
}

const files = async () => (await backend.run((ctx) => ctx.db.system.query("_storage").collect())).length;
const urlsOf = (user, workflowId, bytes) => user.query("assets:urls", { workflowId, hashes: [hashOf(bytes)] });

async function sharedWorkflow(...editors) {
  const workflow = id();
  await alice.apply(workflow, op({ kind: "workflow", id: workflow }, { name: "One" }));
  for (const name of editors) await alice.mutation("members:invite", { workflowId: workflow, user: userOf(name), role: "editor" });
  return workflow;
}

test("a content is brought once, and known from then on to who brought it", async () => {
  const bytes = Buffer.from("a picture");
  const { sha256 } = contentOf(bytes);
  const hashes = [sha256, `sha256-${sha256}`, "0".repeat(64)];
  assert.deepEqual(await alice.query("assets:known", { hashes }), []);
  assert.deepEqual(await bring(alice, bytes), { known: true });
  assert.deepEqual(await alice.query("assets:known", { hashes }), hashes.slice(0, 2));
  assert.deepEqual(await bob.query("assets:known", { hashes }), []);
  assert.deepEqual(await alice.mutation("assets:uploadUrl", contentOf(bytes)), { known: true });
  assert.ok((await bob.mutation("assets:uploadUrl", contentOf(bytes))).url);
});

test("a commit that is repeated, or comes with a second upload, keeps one file", async () => {
  const bytes = Buffer.from("a picture");
  const [one, two] = [await send(alice, bytes), await send(alice, bytes)];
  for (const storageId of [one, one, two, one]) {
    assert.deepEqual(await alice.mutation("assets:commit", { ...contentOf(bytes), storageId }), { known: true });
  }
  assert.equal(await files(), 1);
});

test("bytes that are not what was said are removed", async () => {
  const bytes = Buffer.from("a picture");
  const wrong = { hash: { ...contentOf(bytes), sha256: hashOf("x") }, size: { ...contentOf(bytes), size: 3 } };
  for (const [name, content] of Object.entries(wrong)) {
    const storageId = await send(alice, bytes);
    assert.deepEqual(await alice.mutation("assets:commit", { ...content, storageId }), { known: false }, name);
    assert.equal(await files(), 0, name);
    assert.deepEqual(await alice.mutation("assets:commit", { ...content, storageId }), { known: false }, name);
  }
  assert.deepEqual(await alice.query("assets:known", { hashes: [hashOf(bytes), hashOf("x")] }), []);
});

test("nobody takes or removes another's file by naming it", async () => {
  const bytes = Buffer.from("a picture");
  const storageId = await send(alice, bytes);
  await alice.mutation("assets:commit", { ...contentOf(bytes), storageId });
  await bob.refused("FORBIDDEN", "mutation", "assets:commit", { ...contentOf(bytes), storageId });
  await bob.refused("FORBIDDEN", "mutation", "assets:commit", { ...contentOf(Buffer.from("x")), storageId });
  assert.equal(await files(), 1);
});

test("what is no content is refused", async () => {
  const good = contentOf(Buffer.from("x"));
  const bad = {
    BAD_REQUEST: [{ sha256: "x" }, { sha256: good.sha256.toUpperCase() }, { size: -1 }, { size: 0.5 }, { mime: "x".repeat(201) }],
    LIMIT: [{ size: limits.ASSET_BYTES + 1 }],
  };
  for (const [code, changes] of Object.entries(bad)) {
    for (const change of changes) {
      await alice.refused(code, "mutation", "assets:uploadUrl", { ...good, ...change });
      const storageId = await send(alice, Buffer.from("x"));
      await alice.refused(code, "mutation", "assets:commit", { ...good, storageId, ...change });
    }
  }
  await alice.refused("BAD_REQUEST", "mutation", "assets:commit", { ...good, storageId: "x" });
  const many = Array.from({ length: limits.BATCH_HASHES + 1 }, () => good.sha256);
  await alice.refused("BAD_REQUEST", "query", "assets:known", { hashes: many });
  const workflow = await sharedWorkflow();
  await alice.refused("BAD_REQUEST", "query", "assets:urls", { workflowId: workflow, hashes: many });
  await alice.refused("BAD_REQUEST", "query", "assets:urls", { workflowId: workflow, hashes: ["x"] });
});

test("without a token nothing is told or taken", async () => {
  const good = contentOf(Buffer.from("x"));
  await nobody.refused("UNAUTHENTICATED", "query", "assets:known", { hashes: [] });
  await nobody.refused("UNAUTHENTICATED", "query", "assets:urls", { workflowId: id(), hashes: [] });
  await nobody.refused("UNAUTHENTICATED", "mutation", "assets:uploadUrl", good);
  await nobody.refused("UNAUTHENTICATED", "mutation", "assets:commit", { ...good, storageId: "x" });
  await nobody.refused("UNAUTHENTICATED", "mutation", "assets:removeUnused", {});
});

test("a member gets the contents to which the workflow refers, and no others", async () => {
  const [shown, hidden] = [Buffer.from("shown"), Buffer.from("hidden")];
  await bring(alice, shown);
  await bring(alice, hidden);
  const workflow = await sharedWorkflow("bob");
  await alice.apply(workflow, op({ id: id() }, reference(shown)));

  const [content] = await urlsOf(bob, workflow, shown);
  assert.deepEqual({ ...content, url: "" }, { ...contentOf(shown), url: "" });
  assert.deepEqual((await backend.file(new URL(content.url).pathname.split("/").at(-1))).bytes, shown);
  assert.deepEqual(await urlsOf(bob, workflow, hidden), []);
  assert.equal((await urlsOf(alice, workflow, hidden)).length, 1, "one's own are always there");
  await carol.refused("FORBIDDEN", "query", "assets:urls", { workflowId: workflow, hashes: [hashOf(shown)] });
  await alice.mutation("members:remove", { workflowId: workflow, user: userOf("bob") });
  await bob.refused("FORBIDDEN", "query", "assets:urls", { workflowId: workflow, hashes: [hashOf(shown)] });
});

test("a reference opens nothing of somebody outside the workflow", async () => {
  const bytes = Buffer.from("carol's");
  await bring(carol, bytes);
  const workflow = await sharedWorkflow("bob");
  await bob.apply(workflow, op({ id: id() }, reference(bytes)));
  assert.deepEqual(await urlsOf(bob, workflow, bytes), []);
  assert.deepEqual(await urlsOf(alice, workflow, bytes), []);
});

test("what a member brought stays in the workflow when he leaves", async () => {
  const bytes = Buffer.from("bob's");
  await bring(bob, bytes);
  const workflow = await sharedWorkflow("bob", "carol");
  await bob.apply(workflow, op({ id: id() }, reference(bytes)));
  await bob.mutation("members:remove", { workflowId: workflow, user: userOf("bob") });
  assert.equal((await urlsOf(carol, workflow, bytes)).length, 1);
});

test("a node that goes through many results never runs out of places for the newest", async () => {
  const workflow = await sharedWorkflow("bob");
  const node = { id: id() };
  const results = Array.from({ length: limits.ENTITY_ASSETS + 30 }, (_, at) => Buffer.from(`result ${at}`));
  for (const bytes of results) await alice.apply(workflow, op(node, { ...reference(bytes), "config.first": undefined }));
  await bring(alice, results.at(-1));
  assert.equal((await urlsOf(bob, workflow, results.at(-1))).length, 1);
  const uses = await backend.run((ctx) => ctx.db.query("uses").collect());
  assert.equal(uses.length, limits.ENTITY_ASSETS);
});

test("the caller's unused contents go when he says so, used ones and others' stay", async () => {
  const [used, unused, replaced, other] = ["used", "unused", "replaced", "other"].map((text) => Buffer.from(text));
  for (const bytes of [used, unused, replaced]) await bring(alice, bytes);
  await bring(bob, other);
  const workflow = await sharedWorkflow("bob");
  const node = { id: id() };
  await alice.apply(workflow, op(node, reference(replaced)), op(node, reference(used)));
  assert.equal((await alice.mutation("assets:removeUnused", {})).done, true);
  const hashes = [used, unused, replaced].map(hashOf);
  assert.deepEqual(await alice.query("assets:known", { hashes }), [hashOf(used)]);
  assert.deepEqual(await bob.query("assets:known", { hashes: [hashOf(other)] }), [hashOf(other)]);
  assert.equal(await files(), 2);

  while (!(await alice.mutation("sync:deleteEverything", { workflowId: workflow })).done);
  await alice.mutation("assets:removeUnused", {});
  assert.equal(await files(), 1);
});

test("many unused contents go in pages", async () => {
  await backend.run(async (ctx) => {
    for (let at = 0; at < 1500; at++) {
      const storageId = await ctx.storage.store(new Blob([`${at}`]));
      const owner = userOf("alice");
      await ctx.db.insert("assets", { owner, sha256: hashOf(`${at}`), size: 1, mime: "", storageId, wantedAt: Date.now() });
    }
  });
  let pages = 0;
  for (let page = { done: false, after: "" }; !page.done; pages++) {
    page = await alice.mutation("assets:removeUnused", { after: page.after });
  }
  assert.ok(pages > 1);
  assert.equal(await files(), 0);
});

test("how a content looks goes with its address, and is small", async () => {
  const bytes = Buffer.from("a picture");
  const workflow = await sharedWorkflow();
  const look = JSON.stringify({ name: "dune.png", thumbnail: "data:image/webp;base64,AAAA" });
  const large = { ...contentOf(bytes), storageId: await send(alice, bytes), look: "x".repeat(limits.LOOK_BYTES + 1) };
  await alice.refused("BAD_REQUEST", "mutation", "assets:commit", large);
  await alice.mutation("assets:commit", { ...large, look });
  assert.equal((await urlsOf(alice, workflow, bytes))[0].look, look);
});
