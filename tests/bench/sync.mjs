// Sync beside the official client: the same changes are sent to the same server and read from it. BENCH is the native program.
//
// Ours keeps everything on its disk before it is sent and after it has come; the official client keeps nothing. Each sends to a
// server of its own that has nothing yet. Of a server's time no watch on Convex's limits is a part.

import { spawn } from "node:child_process";
import { randomUUID } from "node:crypto";
import { createRequire } from "node:module";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";

import { absolute, report } from "./measure.mjs";

const sync = (path) => fileURLToPath(new URL(`../sync/${path}`, import.meta.url));
const load = createRequire(sync("package.json"));
const { ConvexClient } = load("convex/browser");
const { makeFunctionReference } = load("convex/server");
const WebSocket = load("ws");

const TOKEN = "test:bench";
const PAGE = 500;
/** What an idle engine may take of the processors in ten seconds, in milliseconds: a tick of the clock that counts them is ten. */
const IDLE = 20;

/** A program that says something with each line. */
function program(command, words) {
  const child = spawn(command, words, { stdio: ["pipe", "pipe", "inherit"] });
  const lines = createInterface(child.stdout)[Symbol.asyncIterator]();
  return {
    child,
    async next() {
      const { value, done } = await lines.next();
      if (done) throw new Error(`${command} has ended`);
      return value;
    },
  };
}

/** A server that has nothing. */
async function server() {
  const { child, next } = program(process.execPath, [sync("loopback/main.mjs"), "--unlimited"]);
  const url = await next();
  const control = async (command) => {
    const response = await fetch(`${url}/__loopback`, { method: "POST", body: JSON.stringify(command) });
    return await response.json();
  };
  return {
    url,
    control,
    /** Calls and bytes since this was asked last. */
    async counted() {
      const { total } = await control({});
      await control({ reset: true });
      return { calls: total.calls, bytes: total.received + total.sent };
    },
    close: () => child.kill(),
  };
}

async function client(url) {
  const client = new ConvexClient(url, {
    webSocketConstructor: WebSocket,
    skipConvexDeploymentUrlCheck: true,
    unsavedChangesWarning: false,
    logger: false,
  });
  client.setAuth(async () => TOKEN);
  return client;
}

/** Sends so many changes, each by a call of its own, all at once. */
async function push(client, count) {
  const workflowId = randomUUID();
  const applyOps = makeFunctionReference("sync:applyOps");
  const text = (value) => JSON.stringify(value);
  const change = (number) => {
    const time = Date.now().toString(16).padStart(12, "0");
    const opId = `${time.slice(0, 8)}-${time.slice(8)}-7000-8000-${number.toString(16).padStart(12, "0")}`;
    const field = (k, value) => ({ k, v: text(value), h: opId });
    const fields = [field("type", "prompt"), field("title", "Scene"), field("config.text", "A lighthouse on a basalt headland")];
    const entity =
      number === 0
        ? { kind: "workflow", id: workflowId, fields: [field("name", "Dunes")] }
        : { kind: "node", id: randomUUID(), fields };
    return { opId, entities: [entity] };
  };
  const begun = performance.now();
  const answers = await Promise.all(
    Array.from({ length: count }, (_, number) =>
      client.mutation(applyOps, { workflowId, deviceId: "bench", ops: [change(number)] }),
    ),
  );
  const millis = performance.now() - begun;
  if (!answers.every(({ results }) => results[0].status === "applied")) throw new Error("not everything was stored");
  return millis;
}

/** Reads a workflow, page by page. */
async function pull(client, workflowId) {
  const changesSince = makeFunctionReference("sync:changesSince");
  const entities = new Map();
  const begun = performance.now();
  for (let cursor = 0, gcSeq; ; ) {
    const page = await client.query(changesSince, { workflowId, cursor, limit: PAGE, ...(gcSeq === undefined ? {} : { gcSeq }) });
    gcSeq ??= page.gcSeq;
    cursor = page.cursor;
    for (const entity of page.entities) entities.set(entity.id, entity);
    if (page.done) return { millis: performance.now() - begun, changes: entities.size };
  }
}

const [own, theirs] = [await server(), await server()];
const device = program(process.env.BENCH, ["sync", own.url]);
const official = await client(theirs.url);
const onOurs = await client(own.url);
try {
  const step = async () => JSON.parse(await device.next());
  const goOn = () => device.child.stdin.write("\n");

  await step();
  await own.counted();
  goOn();
  const sent = await step();
  const ours = await own.counted();

  const peer = { millis: await push(official, sent.edits), ...(await theirs.counted()) };
  const changes = sent.edits.toLocaleString("en");
  report({ name: `sync: ${changes} changes sent, npm's convex`, ours: [sent.millis], peer: [peer.millis], bar: 1 });
  report({ name: "sync: calls for them", unit: "calls", ours: [ours.calls], peer: [peer.calls], bar: 0.5 });
  report({ name: "sync: bytes for one of them", unit: "bytes", ours: [ours.bytes / sent.edits], peer: [peer.bytes / sent.edits] });

  goOn();
  const idle = await step();
  absolute({ name: `sync: processor time when idle, in ${idle.seconds} s`, ours: idle.millis, bar: IDLE });
  absolute({ name: "sync: calls when idle", unit: "calls", ours: (await own.counted()).calls, bar: 0 });

  goOn();
  const { workflow } = await step();
  await own.counted();
  goOn();
  const caught = await step();
  const read = await own.counted();
  const beside = { ...(await pull(onOurs, workflow)), ...(await own.counted()) };
  if (caught.changes !== beside.changes) throw new Error(`${caught.changes} changes have come, and not ${beside.changes}`);
  const all = caught.changes.toLocaleString("en");
  const name = `sync: catching up with ${all} changes, npm's convex, which stores nothing`;
  report({ name, ours: [caught.millis], peer: [beside.millis] });
  report({ name: "sync: bytes for one of them, read", unit: "bytes", ours: [read.bytes / caught.changes], peer: [beside.bytes / caught.changes] });
  goOn();
} finally {
  device.child.kill();
  await Promise.all([official.close(), onOurs.close()]);
  for (const one of [own, theirs]) one.close();
}
