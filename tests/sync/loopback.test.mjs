// The loopback deployment itself: HTTP, files, tokens, faults and counters.

import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { createHash, randomBytes } from "node:crypto";
import { after, before, beforeEach, test } from "node:test";
import { fileURLToPath } from "node:url";

import { Backend } from "./loopback/backend.mjs";
import { startLoopback, tokenOf, userOf } from "./loopback/index.mjs";
import { id, op } from "./support.mjs";

let loopback;
before(async () => (loopback = await startLoopback()));
beforeEach(() => loopback.control({ clear: true, reset: true, anonymous: false, clockAhead: 0 }));
after(() => loopback.close());

async function post(kind, path, args, { token = "test:alice", url = loopback.url, headers = {}, body } = {}) {
  const response = await fetch(`${url}/api/${kind}`, {
    method: "POST",
    headers: {
      "content-type": "application/json",
      "convex-client": "atelier-0.1.0",
      ...(token === null ? {} : { authorization: `Bearer ${token}` }),
      ...headers,
    },
    body: body ?? JSON.stringify({ path, args: [args], format: "convex_encoded_json" }),
  });
  return { status: response.status, body: await response.json() };
}

const control = async (command) =>
  await (await fetch(`${loopback.url}/__loopback`, { method: "POST", body: JSON.stringify(command) })).json();
const push = (workflowId, one, options) => post("mutation", "sync:applyOps", { workflowId, deviceId: "d", ops: [one] }, options);

test("a call is answered as Convex answers", async () => {
  const { status, body } = await post("query", "sync:heads", {});
  assert.equal(status, 200);
  assert.deepEqual(body, { status: "success", value: [] });
  const failed = await post("query", "sync:changesSince", { workflowId: "x", cursor: 0 });
  assert.equal(failed.status, 200);
  assert.equal(failed.body.status, "error");
  assert.equal(failed.body.errorData.code, "BAD_REQUEST");
  const unknown = await post("query", "sync:nothing", {});
  assert.equal(unknown.body.status, "error");
  assert.equal("errorData" in unknown.body, false);
});

test("what is no call is refused before it runs", async () => {
  assert.equal((await post("query", "sync:heads", {}, { headers: { "content-type": "text/plain" } })).body.code, "BadJsonBody");
  assert.equal((await post("query", "sync:heads", {}, { body: "{" })).status, 400);
  assert.equal((await post("query", "sync:heads", {}, { headers: { "convex-client": "atelier" } })).body.code, "InvalidClientVersion");
  assert.equal((await post("query", "sync:heads", {}, { body: "x".repeat(17 * 1024 * 1024) })).status, 413);
  const gone = await fetch(`${loopback.url}/api/nothing`);
  assert.equal(gone.status, 404);
  assert.equal(loopback.counters.report().total.calls, 0);
});

test("a page of any origin may ask with any header", async () => {
  const response = await fetch(`${loopback.url}/api/mutation`, {
    method: "OPTIONS",
    headers: { origin: "https://a.example", "access-control-request-headers": "convex-client,authorization" },
  });
  assert.equal(response.headers.get("access-control-allow-origin"), "https://a.example");
  assert.equal(response.headers.get("access-control-allow-headers"), "convex-client,authorization");
});

test("tokens name users, until they expire", async () => {
  const me = async (token) => await post("query", "members:me", {}, { token });
  assert.equal((await me("test:alice")).body.value.user, userOf("alice"));
  assert.equal((await me(tokenOf("bob"))).body.value.user, userOf("bob"));
  for (const bad of ["alice", "test:", "a.b.c", tokenOf("bob", { seconds: -1 })]) assert.equal((await me(bad)).status, 401, bad);
  assert.equal((await post("query", "members:me", {}, { token: null, headers: { authorization: "Convex key" } })).status, 401);
  await control({ expire: "test:old" });
  assert.equal((await me("test:old")).status, 401);
  assert.equal((await me(null)).body.errorData.code, "UNAUTHENTICATED");
  await control({ anonymous: true });
  assert.equal((await me(null)).body.value.anonymous, true);
});

test("faults come when they are asked for, on the calls that are meant, as often as is said", async () => {
  const workflow = id();
  await control({ faults: [{ fault: "status", status: 503, path: "sync:applyOps", times: 2 }, { fault: "status", status: 401, path: "sync:heads" }] });
  const one = op({ id: id() }, { title: 1 });
  for (let at = 0; at < 2; at++) assert.equal((await push(workflow, one)).status, 503);
  assert.equal((await push(workflow, one)).body.value.results[0].status, "applied", "what was refused did not run");
  assert.equal((await post("query", "sync:heads", {})).status, 401);
  assert.equal((await post("query", "sync:heads", {})).status, 200);

  const two = op({ id: id() }, { title: 2 });
  await control({ faults: [{ fault: "drop", path: "sync:applyOps" }] });
  await assert.rejects(push(workflow, two));
  assert.equal((await push(workflow, two)).body.value.results[0].status, "applied", "what was dropped did not run");
  await control({ faults: [{ fault: "cut" }] });
  const three = op({ id: id() }, { title: 3 });
  await assert.rejects(push(workflow, three));
  assert.equal((await push(workflow, three)).body.value.results[0].status, "duplicate", "what was cut ran");

  await control({ faults: [{ fault: "slow", ms: 600_000, path: "sync:heads" }] });
  const pending = post("query", "sync:heads", {}).then(() => "the slow call");
  const other = await Promise.race([pending, post("query", "members:me", {}).then(() => "another call")]);
  assert.equal(other, "another call");
  await control({ clear: true });
  assert.equal(await pending, "the slow call");
  assert.equal((await fetch(`${loopback.url}/__loopback`, { method: "POST", body: '{"faults":[{"fault":"earthquake"}]}' })).status, 500);
});

test("calls and bytes are counted", async () => {
  const workflow = id();
  const body = JSON.stringify({ path: "sync:applyOps", args: [{ workflowId: workflow, deviceId: "d", ops: [op({ id: id() }, { title: "é" })] }] });
  const { body: answer } = await post("mutation", null, null, { body });
  const report = await (await fetch(`${loopback.url}/__loopback`)).json();
  assert.deepEqual(report.paths, {
    "http sync:applyOps": { calls: 1, received: Buffer.byteLength(body), sent: Buffer.byteLength(JSON.stringify(answer)) },
  });
  assert.equal(report.total.calls, 1);
});

async function uploadUrl(bytes) {
  const content = { sha256: createHash("sha256").update(bytes).digest("hex"), size: bytes.length, mime: "image/png" };
  const { body } = await post("mutation", "assets:uploadUrl", content);
  return { content, url: body.value.url };
}

test("a file is uploaded, committed and served, also in parts", async () => {
  const bytes = randomBytes(100_000);
  const { content, url } = await uploadUrl(bytes);
  const sent = await fetch(url, { method: "POST", headers: { "content-type": "image/png" }, body: bytes });
  const { storageId } = await sent.json();
  assert.equal((await fetch(url, { method: "POST", body: bytes })).status, 403, "an upload address is used once");
  const commit = await post("mutation", "assets:commit", { ...content, storageId });
  assert.deepEqual(commit.body.value, { known: true });

  const workflow = id();
  await push(workflow, op({ id: id() }, { title: 1 }));
  const { body } = await post("query", "assets:urls", { workflowId: workflow, hashes: [content.sha256] });
  const file = body.value[0].url;
  const get = async (range) => {
    const response = await fetch(file, { headers: range === undefined ? {} : { range } });
    return { status: response.status, range: response.headers.get("content-range"), bytes: Buffer.from(await response.arrayBuffer()) };
  };
  const whole = await fetch(file);
  assert.equal(whole.headers.get("content-type"), "image/png");
  assert.deepEqual(Buffer.from(await whole.arrayBuffer()), bytes);
  assert.deepEqual(await get("bytes=10-19"), { status: 206, range: "bytes 10-19/100000", bytes: bytes.subarray(10, 20) });
  assert.deepEqual(await get("bytes=99990-"), { status: 206, range: "bytes 99990-99999/100000", bytes: bytes.subarray(-10) });
  assert.deepEqual(await get("bytes=-5"), { status: 206, range: "bytes 99995-99999/100000", bytes: bytes.subarray(-5) });
  assert.equal((await get("bytes=100000-")).status, 416);
  assert.equal((await fetch(`${loopback.url}/api/storage/${"0".repeat(64)}`)).status, 404);

  await control({ faults: [{ fault: "cut", path: "storage:get" }] });
  await assert.rejects(get());
  assert.deepEqual((await get()).bytes, bytes);
});

test("an upload with another digest is refused", async () => {
  const { url } = await uploadUrl(randomBytes(10));
  const headers = { digest: `sha-256=${createHash("sha256").update("x").digest("base64")}` };
  assert.equal((await fetch(url, { method: "POST", headers, body: randomBytes(10) })).status, 400);
});

test("the database answers with its index as by looking through everything", async () => {
  const backend = new Backend();
  const pick = (list) => list[Math.floor(Math.random() * list.length)];
  const row = () => ({ workflowId: pick(["a", "b"]), user: pick(["x", "y", "z"]), opId: pick(["1", "2"]), seq: Math.floor(Math.random() * 5), at: 0 });
  const compare = async (ctx) => {
    const all = await ctx.db.query("appliedOps").collect();
    for (const workflowId of ["a", "b", "c"]) {
      for (const user of ["x", "y", "z"]) {
        const found = await ctx.db.query("appliedOps").withIndex("by_op", (q) => q.eq("workflowId", workflowId).eq("user", user).gt("opId", "1")).collect();
        const want = all.filter((one) => one.workflowId === workflowId && one.user === user && one.opId > "1");
        assert.deepEqual(found.map(({ _id }) => _id), want.map(({ _id }) => _id));
      }
    }
    return all;
  };
  for (let round = 0; round < 20; round++) {
    await backend.run(async (ctx) => {
      for (let at = 0; at < 10; at++) await ctx.db.insert("appliedOps", row());
      const all = await compare(ctx);
      for (let at = 0; at < 3; at++) await ctx.db.patch(pick(all)._id, { workflowId: pick(["a", "b", "c"]) });
      for (const one of new Set([pick(all), pick(all)])) await ctx.db.delete(one._id);
      await compare(ctx);
    });
    await backend.run(compare);
    await assert.rejects(backend.run(async (ctx) => {
      await ctx.db.insert("appliedOps", row());
      throw new Error("taken back");
    }), /taken back/);
    await backend.run(compare);
  }
});

test("the sweep and the clock are at hand", async () => {
  const workflow = id();
  await push(workflow, op({ id: id() }, { deleted: true }));
  await control({ clockAhead: 31 * 24 * 60 * 60 * 1000 });
  assert.equal((await control({ call: { path: "gc:tombstones" } })).value, 1);
});

test("it is a command too", async () => {
  const child = spawn(process.execPath, [fileURLToPath(new URL("loopback/main.mjs", import.meta.url)), "--anonymous"]);
  try {
    const url = await new Promise((resolve, reject) => {
      let text = "";
      child.stdout.on("data", (data) => (text += data).endsWith("\n") && resolve(text.trim()));
      child.once("exit", (code) => reject(new Error(`it ended with ${code}`)));
    });
    const { body } = await post("query", "members:me", {}, { token: null, url });
    assert.equal(body.value.user, "anonymous");
  } finally {
    child.kill();
  }
});
