// What the tests of the functions share.

import assert from "node:assert/strict";
import { randomBytes, randomUUID } from "node:crypto";

import { Backend } from "./loopback/backend.mjs";

let counter = 0;

/** A stamp: a UUID of version 7. Later ones are larger. */
export function stamp(millis = Date.now()) {
  counter = (counter + 1) & 0xfff;
  const time = Math.floor(millis).toString(16).padStart(12, "0");
  const rest = randomBytes(8);
  rest[0] = 0x80 | (rest[0] & 0x3f);
  const tail = rest.toString("hex");
  return `${time.slice(0, 8)}-${time.slice(8)}-7${counter.toString(16).padStart(3, "0")}-${tail.slice(0, 4)}-${tail.slice(4)}`;
}

export const id = () => randomUUID();

/** An op that sets registers of one entity. Values become JSON text; undefined removes. */
export function op(entity, values, at = stamp()) {
  return { opId: at, entities: [patch(entity, values, at)] };
}

export function patch({ kind = "node", id }, values, h) {
  const fields = Object.entries(values).map(([k, value]) => ({ k, v: value === undefined ? null : JSON.stringify(value), h }));
  return { kind, id, fields };
}

/** A deployment, and one user's calls to it. */
export class User {
  constructor(backend, name) {
    this.backend = backend;
    this.token = name === undefined ? undefined : `test:${name}`;
  }

  async #call(kind, path, args) {
    const answer = await this.backend.call(kind, path, args, this.token);
    if (answer.status === "success") return answer.value;
    const error = new Error(answer.errorMessage);
    error.code = answer.errorData?.code;
    throw error;
  }

  query(path, args = {}) {
    return this.#call("query", path, args);
  }

  mutation(path, args = {}) {
    return this.#call("mutation", path, args);
  }

  apply(workflowId, ...ops) {
    return this.mutation("sync:applyOps", { workflowId, deviceId: "test", ops });
  }

  /** Everything after a cursor, over as many pages as it takes. */
  async pull(workflowId, cursor = 0, limit = undefined) {
    let gcSeq = undefined;
    const whole = cursor === 0;
    const entities = [];
    for (let pages = 1; ; pages++) {
      const args = { workflowId, cursor, ...(gcSeq === undefined ? {} : { gcSeq }), ...(limit === undefined ? {} : { limit }) };
      const page = await this.query("sync:changesSince", args);
      if (page.reset) return { reset: true };
      if (whole) gcSeq ??= page.gcSeq;
      entities.push(...page.entities);
      cursor = page.cursor;
      if (page.done) return { reset: false, entities, cursor, pages };
    }
  }

  /** Fails with the code. */
  async refused(code, kind, path, args) {
    await assert.rejects(this[kind](path, args), (error) => {
      assert.equal(error.code, code, error.message);
      return true;
    });
  }
}

/** A deployment with these users, by name; `nobody` has no token. */
export function deployment(...names) {
  const backend = new Backend();
  const users = Object.fromEntries(names.map((name) => [name, new User(backend, name)]));
  return { backend, nobody: new User(backend), ...users };
}
