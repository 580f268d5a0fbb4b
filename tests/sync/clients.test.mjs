// The loopback deployment as the official npm clients see it.

import assert from "node:assert/strict";
import { after, before, beforeEach, test } from "node:test";

import { ConvexClient, ConvexHttpClient } from "convex/browser";
import { makeFunctionReference } from "convex/server";
import WebSocket from "ws";

import { startLoopback, tokenOf } from "./loopback/index.mjs";
import { id, op } from "./support.mjs";

const applyOps = makeFunctionReference("sync:applyOps");
const changesSince = makeFunctionReference("sync:changesSince");
const heads = makeFunctionReference("sync:heads");

let loopback;
const open = [];
before(async () => (loopback = await startLoopback()));
beforeEach(() => loopback.faults.clear());
after(async () => {
  for (const client of open) await client.close();
  await loopback.close();
});

function http(name) {
  const client = new ConvexHttpClient(loopback.url, { skipConvexDeploymentUrlCheck: true, logger: false });
  client.setAuth(tokenOf(name));
  return client;
}

function socket(name) {
  const client = new ConvexClient(loopback.url, {
    webSocketConstructor: WebSocket,
    skipConvexDeploymentUrlCheck: true,
    unsavedChangesWarning: false,
    logger: false,
  });
  client.setAuth(async () => tokenOf(name));
  open.push(client);
  return client;
}

/** What a subscription says, one after the other. */
function subscription(client, reference, args) {
  const seen = [];
  const waiting = [];
  const check = () => {
    for (const one of waiting.splice(0)) seen.some(one.is) ? one.resolve() : waiting.push(one);
  };
  client.onUpdate(reference, args, (value) => {
    seen.push(value);
    check();
  });
  return {
    seen,
    until: (is) => new Promise((resolve) => {
      waiting.push({ is, resolve });
      check();
    }),
  };
}

const args = (workflowId, ...ops) => ({ workflowId, deviceId: "official", ops });

test("both clients read and write the same data, and a subscription tells at once", async () => {
  const [web, rest] = [socket("alice"), http("alice")];
  const workflow = id();
  const node = id();
  const followed = subscription(web, heads, {});
  await followed.until((list) => list.length === 0);
  assert.equal((await web.mutation(applyOps, args(workflow, op({ id: node }, { title: "web" })))).head, 1);
  assert.equal((await rest.mutation(applyOps, args(workflow, op({ id: node }, { size: 5 })))).head, 2);
  await followed.until((list) => list[0]?.seq === 2);

  const state = { workflowId: workflow, cursor: 0 };
  const [byWeb, byRest] = [await web.query(changesSince, state), await rest.query(changesSince, state)];
  assert.deepEqual(byWeb.entities, byRest.entities);
  assert.deepEqual(byRest.entities[0].fields.map(({ k, v }) => [k, v]), [["size", "5"], ["title", '"web"']]);
});

test("a mutation whose answer is lost runs once over the WebSocket, and twice over HTTP, where its id makes it harmless", async () => {
  const [web, rest] = [socket("bob"), http("bob")];
  const workflow = id();
  loopback.faults.add({ fault: "cut", path: "sync:applyOps", over: "socket" });
  const calls = loopback.counters.calls("sync:applyOps");
  const one = op({ id: id() }, { title: 1 });
  const answer = await web.mutation(applyOps, args(workflow, one));
  assert.equal(answer.results[0].status, "applied");
  assert.equal(loopback.counters.calls("sync:applyOps"), calls + 1);

  loopback.faults.add({ fault: "cut", path: "sync:applyOps", over: "http" });
  const two = op({ id: id() }, { title: 2 });
  await assert.rejects(rest.mutation(applyOps, args(workflow, two)));
  assert.deepEqual((await rest.mutation(applyOps, args(workflow, two))).results, [{ opId: two.opId, status: "duplicate", seq: 2 }]);
});

test("what a subscription sends may come in pieces", async () => {
  const web = socket("carol");
  const workflow = id();
  const followed = subscription(web, heads, {});
  await followed.until((list) => list.length === 0);
  loopback.faults.add({ fault: "chunked", parts: 4, times: 0 });
  await web.mutation(applyOps, args(workflow, op({ kind: "workflow", id: workflow }, { name: "Grüße 😀" })));
  await followed.until((list) => list[0]?.name === "Grüße 😀");
  assert.ok(loopback.faults.done.chunked > 0);
});

test("a subscription goes on after its connection was cut, and misses nothing", async () => {
  const [web, rest] = [socket("dora"), http("dora")];
  const workflow = id();
  await rest.mutation(applyOps, args(workflow, op({ id: id() }, { title: 1 })));
  const followed = subscription(web, heads, {});
  await followed.until((list) => list[0]?.seq === 1);
  loopback.disconnect();
  await rest.mutation(applyOps, args(workflow, op({ id: id() }, { title: 2 })));
  await followed.until((list) => list[0]?.seq === 2);
});

test("a WebSocket that is refused is tried again", async () => {
  loopback.faults.add({ fault: "refuse", times: 2 });
  const web = socket("fay");
  await subscription(web, heads, {}).until((list) => list.length === 0);
  assert.ok(loopback.faults.done.refuse >= 1);
});

test("each user sees his own, and what fails comes with its code", async () => {
  const workflow = id();
  await http("alice").mutation(applyOps, args(workflow, op({ id: id() }, { title: 1 })));
  assert.deepEqual(await http("eve").query(heads, {}), []);
  const forbidden = (error) => error.data.code === "FORBIDDEN";
  await assert.rejects(http("eve").query(changesSince, { workflowId: workflow, cursor: 0 }), forbidden);
  await assert.rejects(socket("eve").query(changesSince, { workflowId: workflow, cursor: 0 }), forbidden);
  await assert.rejects(socket("eve").mutation(applyOps, { workflowId: "x", deviceId: "d", ops: [] }), (error) => error.data.code === "BAD_REQUEST");
});
