// convex-test looks through all documents for each query. This gives its database an index for the equalities of a query, so that ten
// thousand entities take seconds and not minutes. What a query answers stays the same: the candidates are filtered and sorted as before.

import { createHash } from "node:crypto";
import { cpSync, existsSync, mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";

const PACKAGE = dirname(fileURLToPath(import.meta.resolve("convex-test")));
const CACHE = fileURLToPath(new URL("../node_modules/.atelier/", import.meta.url));
const CLASS = "\nclass DatabaseFake {";

/** Loads convex-test with its database's class. */
async function load() {
  const source = readFileSync(join(PACKAGE, "index.js"), "utf8");
  if (source.split(CLASS).length !== 2) throw new Error("convex-test has another database than loopback/database.mjs expects");
  const folder = join(CACHE, `convex-test.${createHash("sha256").update(source).digest("hex").slice(0, 16)}`);
  if (!existsSync(folder)) {
    mkdirSync(CACHE, { recursive: true });
    const staging = `${folder}.${process.pid}`;
    cpSync(PACKAGE, staging, { recursive: true });
    writeFileSync(join(staging, "index.js"), source.replace(CLASS, `\nexport${CLASS.replace("\n", " ")}`));
    writeFileSync(join(staging, "package.json"), '{"type":"module"}');
    try {
      renameSync(staging, folder);
    } catch (error) {
      // Another process was faster.
      if (!existsSync(folder)) throw error;
      rmSync(staging, { recursive: true });
    }
  }
  return await import(pathToFileURL(join(folder, "index.js")).href);
}

export const { convexTest, DatabaseFake } = await load();

/** The committed documents of one database: by table, and by the values of the fields that queries have compared. */
class Index {
  tables = new Map();
  #byFields = new Map();

  /** The ids of the table's documents whose `fields` have these values. */
  find(documents, table, fields, values) {
    const name = `${table}.${fields.join(",")}`;
    let here = this.#byFields.get(name);
    if (here === undefined) {
      here = { table, fields, ids: new Map() };
      this.#byFields.set(name, here);
      for (const id of this.tables.get(table) ?? []) enter(here, id, documents[id]);
    }
    return here.ids.get(keyOf(values)) ?? new Set();
  }

  change(id, table, before, after) {
    const ids = this.tables.get(table) ?? new Set();
    this.tables.set(table, ids);
    if (after === undefined) ids.delete(id);
    else ids.add(id);
    for (const one of this.#byFields.values()) {
      if (one.table !== table) continue;
      if (before !== undefined) one.ids.get(keyIn(one, before))?.delete(id);
      if (after !== undefined) enter(one, id, after);
    }
  }
}

function enter(index, id, document) {
  const key = keyIn(index, document);
  if (!index.ids.has(key)) index.ids.set(key, new Set());
  index.ids.get(key).add(id);
}

function keyIn({ fields }, document) {
  return keyOf(fields.map((field) => document[field]));
}

/** Only texts are told apart; everything else is left for the filter. */
function keyOf(values) {
  return JSON.stringify(values.map((value) => (typeof value === "string" ? value : null)));
}

function tableOf(id) {
  return id.replace(/^[0-9]+/, "");
}

const indexes = new WeakMap();

function indexOf(database) {
  let index = indexes.get(database);
  if (index === undefined) {
    index = new Index();
    indexes.set(database, index);
    for (const [id, document] of Object.entries(database._documents)) index.change(id, tableOf(id), undefined, document);
  }
  return index;
}

const { commit, _resolveQuerySource: resolve } = DatabaseFake.prototype;
/** The candidates of the query that is being resolved. */
let candidates;

DatabaseFake.prototype.commit = function (commitTs) {
  const index = indexOf(this);
  const ids = this._writes.length === 1 ? Object.keys(this._writes[0]) : [];
  const before = ids.map((id) => this._documents[id]);
  commit.call(this, commitTs);
  for (const [at, id] of ids.entries()) index.change(id, tableOf(id), before[at], this._documents[id]);
};

DatabaseFake.prototype._resolveQuerySource = function (query) {
  const { source } = query;
  candidates = undefined;
  if (source.type === "IndexRange") {
    const equal = source.range.filter(({ type, value, fieldPath }) =>
      type === "Eq" && typeof value === "string" && !fieldPath.startsWith("_") && !fieldPath.includes("."));
    const table = source.indexName.split(".")[0];
    if (equal.length > 0) {
      const fields = equal.map(({ fieldPath }) => fieldPath);
      candidates = indexOf(this).find(this._documents, table, fields, equal.map(({ value }) => value));
    }
  }
  try {
    return resolve.call(this, query);
  } finally {
    candidates = undefined;
  }
};

DatabaseFake.prototype._iterateDocs = function (table, callback) {
  const ids = new Set(candidates ?? indexOf(this).tables.get(table) ?? []);
  for (const writes of this._writes) {
    for (const id of Object.keys(writes)) {
      if (tableOf(id) === table) ids.add(id);
    }
  }
  for (const id of ids) {
    const document = this.get(table, id);
    if (document !== null) callback(document);
  }
};
