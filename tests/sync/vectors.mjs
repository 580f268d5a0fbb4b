// The merge's shared cases: written by the client's tests, read here.

import { existsSync, readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";

const FILE = fileURLToPath(new URL("vectors/merge.json", import.meta.url));

/** `[{name, left, right, merged}]`; the last three are lists of registers in the order of their names. */
export function mergeVectors() {
  if (!existsSync(FILE)) {
    throw new Error("tests/sync/vectors/merge.json is missing: the tests of packages/storage write it with ATELIER_WRITE_VECTORS=1");
  }
  const { cases } = JSON.parse(readFileSync(FILE, "utf8"));
  if (!Array.isArray(cases) || cases.length === 0) throw new Error("tests/sync/vectors/merge.json has no cases");
  for (const [at, one] of cases.entries()) {
    for (const part of ["left", "right", "merged"]) {
      const good = Array.isArray(one[part]) && one[part].every(({ k, v, h }) =>
        typeof k === "string" && (v === null || typeof v === "string") && typeof h === "string");
      if (!good) throw new Error(`tests/sync/vectors/merge.json, case ${at}: ${part} is no list of registers`);
    }
  }
  return cases;
}
