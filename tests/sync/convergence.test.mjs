// Law 2, whole: whatever the order, and however often an op arrives, the same entities come of it.

import assert from "node:assert/strict";
import { test } from "node:test";

import { compareText, merge } from "./loopback/functions.mjs";
import { deployment, id, patch, stamp } from "./support.mjs";

/** Numbers from 0 to 1 that a seed decides (mulberry32). */
function random(seed) {
  return () => {
    seed = (seed + 0x6d2b79f5) | 0;
    let t = Math.imul(seed ^ (seed >>> 15), 1 | seed);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 0x100000000;
  };
}

const seeds = process.env.ATELIER_FULL ? 300 : 10;

test(`ops in any order and repetition give the same entities (${seeds} seeds)`, async () => {
  const { alice } = deployment("alice");
  for (let seed = 1; seed <= seeds; seed++) {
    const next = random(seed);
    const pick = (list) => list[Math.floor(next() * list.length)];
    const nodes = Array.from({ length: 4 }, id);
    const registers = ["title", "position", "deleted", "config.a", "config.é"];
    const values = [1, 2, "x", true, undefined, "\u{10000}", "\uffff"];
    // Two replicas whose clocks disagree by ten minutes; some stamps carry two values, as they never should.
    const ops = Array.from({ length: 30 }, (_, at) => {
      const h = stamp(Date.now() + pick([-600_000, 0, 600_000]));
      const touched = nodes.filter(() => next() < 0.4);
      const entities = (touched.length > 0 ? touched : [nodes[0]]).map((node) => {
        const chosen = registers.filter(() => next() < 0.5);
        return patch({ id: node }, Object.fromEntries((chosen.length > 0 ? chosen : ["title"]).map((k) => [k, pick(values)])), h);
      });
      return { opId: next() < 0.3 ? `${h}#${at + 1}` : h, entities };
    });
    const twins = ops.filter(() => next() < 0.2).map((op) => {
      const h = op.opId.slice(0, 36);
      return { opId: `${h}#999`, entities: op.entities.map((entity) => patch(entity, { [entity.fields[0].k]: pick(values) }, h)) };
    });
    const all = [...ops, ...twins];

    const expected = new Map();
    for (const { entities } of all) {
      for (const { id, fields } of entities) expected.set(id, merge(expected.get(id) ?? [], fields).fields);
    }
    const sorted = (entities) => entities.map(({ id, fields }) => [id, fields]).sort(([a], [b]) => compareText(a, b));
    const want = [...expected].sort(([a], [b]) => compareText(a, b));

    for (let round = 0; round < 3; round++) {
      const workflow = id();
      const sent = [...all, ...all.filter(() => next() < 0.5)];
      for (let at = sent.length - 1; at > 0; at--) {
        const other = Math.floor(next() * (at + 1));
        [sent[at], sent[other]] = [sent[other], sent[at]];
      }
      // A second device that pulls in between, a few at a time, and merges.
      const replica = new Map();
      let cursor = 0;
      const follow = async () => {
        const pulled = await alice.pull(workflow, cursor, 1 + Math.floor(next() * 3));
        cursor = pulled.cursor;
        for (const { id, fields } of pulled.entities) replica.set(id, merge(replica.get(id) ?? [], fields).fields);
      };
      while (sent.length > 0) {
        const { results } = await alice.apply(workflow, ...sent.splice(0, 1 + Math.floor(next() * 20)));
        assert.ok(results.every(({ status }) => status !== "rejected"), `seed ${seed}`);
        if (next() < 0.4) await follow();
      }
      await follow();
      assert.deepEqual(sorted((await alice.pull(workflow)).entities), want, `seed ${seed}: the server`);
      assert.deepEqual([...replica].sort(([a], [b]) => compareText(a, b)), want, `seed ${seed}: who followed`);
    }
  }
});
