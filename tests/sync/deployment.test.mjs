// What clients rely on, asked of a deployment over the network: of the one at ATELIER_CONVEX_URL, as the user of ATELIER_CONVEX_TOKEN or
// without a token, if that is set; otherwise of the loopback. It deletes its workflow, whose id the deployment remembers, and the contents
// of that user to which no workflow refers: he should be there for tests alone.

import assert from "node:assert/strict";
import { createHash, randomBytes } from "node:crypto";
import { after, before, test } from "node:test";

import { ConvexClient, ConvexHttpClient } from "convex/browser";
import { makeFunctionReference } from "convex/server";
import WebSocket from "ws";

import { setAnonymous, startLoopback } from "./loopback/index.mjs";
import { id, op, stamp } from "./support.mjs";

const token = process.env.ATELIER_CONVEX_TOKEN;
let url = process.env.ATELIER_CONVEX_URL?.replace(/\/$/, "");
let loopback, client, socket, workflow;

before(async () => {
  if (url === undefined) {
    setAnonymous(true);
    loopback = await startLoopback();
    url = loopback.url;
  }
  const options = { skipConvexDeploymentUrlCheck: true, logger: false };
  client = new ConvexHttpClient(url, options);
  socket = new ConvexClient(url, { ...options, webSocketConstructor: WebSocket, unsavedChangesWarning: false });
  if (token !== undefined) {
    client.setAuth(token);
    socket.setAuth(async () => token);
  }
  workflow = id();
});

after(async () => {
  while (!(await mutation("sync:deleteEverything", { workflowId: workflow })).done);
  for (let page = { done: false, after: "" }; !page.done; ) page = await mutation("assets:removeUnused", { after: page.after });
  await socket.close();
  await loopback?.close();
});

const query = (path, args = {}) => client.query(makeFunctionReference(path), args);
const mutation = (path, args = {}) => client.mutation(makeFunctionReference(path), args);
const apply = (...ops) => mutation("sync:applyOps", { workflowId: workflow, deviceId: "test", ops });

test("ops are stored once, merged, refused one by one, and read in pages", async () => {
  const [a, b] = [id(), id()];
  const name = op({ kind: "workflow", id: workflow }, { name: "A test's" });
  const [early, late] = [stamp(Date.now() - 5000), stamp()];
  const first = await apply(name, op({ id: a }, { title: "late" }, late), op({ id: b }, { title: "b" }));
  assert.deepEqual(first.results.map(({ status, seq }) => [status, seq]), [["applied", 1], ["applied", 2], ["applied", 3]]);
  const ahead = op({ id: a }, { title: "ahead" }, stamp(first.serverNow + 25 * 60 * 60 * 1000));
  const { results, serverNow } = await apply(name, op({ id: a }, { title: "early" }, early), ahead);
  assert.deepEqual(results.map(({ status, code }) => code ?? status), ["duplicate", "merged", "CLOCK_AHEAD"]);
  assert.equal(results[1].entities[0].fields[0].v, '"late"');
  assert.equal(results[2].serverNow, serverNow);

  const seen = [];
  for (let cursor = 0, done = false, gcSeq = undefined; !done; ) {
    const page = await query("sync:changesSince", { workflowId: workflow, cursor, limit: 2, ...(gcSeq === undefined ? {} : { gcSeq }) });
    seen.push(...page.entities.map((entity) => entity.id));
    ({ cursor, done, gcSeq } = page);
  }
  assert.deepEqual(seen, [workflow, a, b]);
});

test("the subscription tells what others do", async () => {
  const has = (seq) => new Promise((resolve) => {
    const stop = socket.onUpdate(makeFunctionReference("sync:heads"), {}, (heads) => {
      if (!heads.some((head) => head.workflowId === workflow && head.seq >= seq)) return;
      resolve();
      queueMicrotask(() => stop());
    });
  });
  const { head } = await apply(op({ id: id() }, { title: 1 }));
  await has(head);
  const next = has(head + 1);
  await apply(op({ id: id() }, { title: 2 }));
  await next;
});

test("a content goes up once, and comes back whole and in part", async () => {
  const bytes = randomBytes(50_000);
  const content = { sha256: createHash("sha256").update(bytes).digest("hex"), size: bytes.length, mime: "image/png" };
  await apply(op({ id: id() }, { result: { kind: "opfs", id: id(), hash: `sha256-${content.sha256}` } }));
  const { url: address } = await mutation("assets:uploadUrl", content);
  const sent = await fetch(address, { method: "POST", headers: { "content-type": content.mime }, body: bytes });
  const { storageId } = await sent.json();
  for (let at = 0; at < 2; at++) assert.deepEqual(await mutation("assets:commit", { ...content, storageId }), { known: true });
  assert.deepEqual(await query("assets:known", { hashes: [content.sha256] }), [content.sha256]);
  assert.deepEqual(await mutation("assets:uploadUrl", content), { known: true });
  const [file] = await query("assets:urls", { workflowId: workflow, hashes: [content.sha256] });
  assert.deepEqual({ ...file, url: "" }, { ...content, url: "" });
  const get = async (headers) => Buffer.from(await (await fetch(file.url, { headers })).arrayBuffer());
  assert.deepEqual(await get({}), bytes);
  assert.deepEqual(await get({ range: "bytes=49000-" }), bytes.subarray(49_000));
});

test("errors carry their code", async () => {
  const code = (wanted) => (error) => error.data?.code === wanted;
  await assert.rejects(query("sync:changesSince", { workflowId: "x", cursor: 0 }), code("BAD_REQUEST"));
  await assert.rejects(query("members:list", { workflowId: id() }), code("FORBIDDEN"));
  await assert.rejects(mutation("members:invite", { workflowId: workflow, user: " ", role: "viewer" }), code("BAD_REQUEST"));
});
