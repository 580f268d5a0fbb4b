// The oplog beside the rows: as long as no server has answered, both tell the same.

import assert from "node:assert/strict";
import { storedRows } from "./stored.mjs";

/** Fails unless every register of every row is the newest of those that the oplog has, and the other way round. Gives the oplog's records. */
export async function assertAgree(page, when) {
  // Of one transaction, so that nothing is stored in between.
  const { workflows, nodes, edges, oplog } = await storedRows(page);
  const rows = {};
  for (const { key, value } of [...workflows, ...nodes, ...edges]) rows[[key].flat().join(" ")] = registersOf(JSON.parse(value.text ?? value));
  const records = oplog.map(({ value }) => JSON.parse(value));
  const told = {};
  for (const { patches } of records) {
    for (const { workflow, node, edge, registers } of patches) {
      const known = (told[[workflow, node ?? edge ?? []].flat().join(" ")] ??= {});
      for (const [name, register] of Object.entries(registers)) {
        if (!known[name] || known[name].stamp < register.stamp) known[name] = register;
      }
    }
  }
  assert.deepEqual(told, rows, `what the oplog tells and what the rows are, ${when}`);
  return records;
}

/** Each register of a row with its own stamp. One that has a stamp and no value was removed. */
function registersOf({ stamp, fields, stamps = {} }) {
  const names = new Set([...Object.keys(fields), ...Object.keys(stamps)]);
  const register = (name) => ({ stamp: stamps[name] ?? stamp, ...(name in fields && { value: fields[name] }) });
  return Object.fromEntries([...names].map((name) => [name, register(name)]));
}
