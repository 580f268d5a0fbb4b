// Law 2: one merge, the same on both sides.

import assert from "node:assert/strict";
import { test } from "node:test";

import { compareText, merge, text } from "./loopback/functions.mjs";
import { mergeVectors } from "./vectors.mjs";

test("the client's cases come out as they do there, in both directions", () => {
  for (const { name, left, right, merged } of mergeVectors()) {
    for (const [base, patch] of [[left, right], [right, left]]) {
      const once = merge(base, patch);
      assert.deepEqual(once.fields, merged, name);
      assert.equal(once.changed, JSON.stringify(base) !== JSON.stringify(merged), name);
      assert.equal(merge(once.fields, patch).changed, false, `${name}: the second time changes nothing`);
    }
  }
});

test("a register that gave way is told, an equal one is not", () => {
  const old = { k: "title", v: '"a"', h: "01977e2a-0000-7000-8000-000000000001" };
  const young = { k: "title", v: '"b"', h: "01977e2a-0000-7000-8000-000000000002" };
  assert.deepEqual(merge([young], [old]), { fields: [young], changed: false, lost: true });
  assert.deepEqual(merge([young], [young]), { fields: [young], changed: false, lost: false });
  assert.deepEqual(merge([old], [young]), { fields: [young], changed: true, lost: false });
});

test("texts sort by their UTF-8 bytes", () => {
  const units = ["", "a", "z", "\u007f", "é", "\u07ff", "\u0800", "\ud7ff", "\ue000", "\uffff", "\u{10000}", "\u{1f600}", "\u{1f601}", "\u{10ffff}"];
  const words = units.flatMap((a) => units.map((b) => a + b)).concat(units.map((a) => `x${a}y`));
  for (const a of words) {
    for (const b of words) {
      const bytes = Buffer.compare(Buffer.from(a), Buffer.from(b));
      assert.equal(Math.sign(compareText(a, b)), bytes, JSON.stringify([a, b]));
    }
    assert.equal(text.utf8Length(a), Buffer.byteLength(a), JSON.stringify(a));
  }
});

test("an op id is a stamp, alone or with a number of 32 bits", () => {
  const stamp = "01977e2a-0000-7000-8000-000000000001";
  for (const good of [stamp, `${stamp}#1`, `${stamp}#4294967295`]) assert.equal(text.stampOf(good), stamp);
  for (const bad of [
    "", "#1", `${stamp}#`, `${stamp}#0`, `${stamp}#01`, `${stamp}#4294967296`, `${stamp}#1#2`, ` ${stamp}`, `${stamp}\n`,
    stamp.toUpperCase(), stamp.replace("7000", "4000"), stamp.replace("8000", "c000"), stamp.replaceAll("-", ""),
  ]) {
    assert.equal(text.stampOf(bad), undefined, JSON.stringify(bad));
  }
  assert.equal(text.millisOf(stamp), 0x01977e2a0000);
});
