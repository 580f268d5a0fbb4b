// Judges the ops of one call, one after the other, and writes what came of them once at the end.

import type { Doc, Id } from "./_generated/dataModel.js";
import type { MutationCtx } from "./_generated/server.js";
import { Budget } from "./budget.js";
import * as limits from "./limits.js";
import { type Register, isDeleted, merge, valueOf } from "./merge.js";
import type { Code, Entity, Kind, Op, OpResult } from "./shapes.js";
import { hashesIn, isId, isJson, millisOf, stampOf, utf8Length } from "./text.js";

/** What a caller may do with a workflow's ops. */
export type Standing = "write" | "read" | "stranger" | "gone" | "full";

const REFUSALS: Record<Exclude<Standing, "write" | "read">, Code> = {
  stranger: "FORBIDDEN",
  gone: "WORKFLOW_DELETED_FOR_GOOD",
  full: "LIMIT",
};

/** An entity as the batch has made it so far. */
interface Row {
  kind: Kind;
  id: string;
  stored: Doc<"entities"> | null;
  fields: Register[];
  bytes: number;
  /** The contents to which it refers, and some to which it did. */
  assets: string[];
  /** 0: it does not exist. */
  seq: number;
  dirty: boolean;
  /** How many results will show it. */
  shown: number;
}

/** What is to be remembered of an op. */
interface Verdict {
  result: OpResult;
  /** What the result shows, in its final state. */
  shows: Row[];
  /** The op's row, of an op that was known and now did something again. */
  stored?: Id<"appliedOps"> | undefined;
}

/** An op that was stored before, maybe by this batch. */
interface Known {
  seq: number;
  stored: Id<"appliedOps"> | undefined;
}

export class Batch {
  readonly budget = new Budget();
  private readonly rows = new Map<string, Row>();
  private readonly verdicts: Verdict[] = [];
  private readonly known = new Map<string, Known>();
  /** Bytes of entities in the answer. */
  private answered = 0;
  seq: number;
  /** How many entities the workflow has. */
  entities: number;

  constructor(
    private readonly ctx: MutationCtx,
    private readonly workflowId: string,
    private readonly user: string,
    private readonly standing: Standing,
    private readonly now: number,
    head: { seq: number; entities: number },
  ) {
    this.seq = head.seq;
    this.entities = head.entities;
  }

  /** Judges one op. False: there was no room for it, and nothing came of it. The first one always has room. */
  async judge(op: Op): Promise<boolean> {
    const first = this.verdicts.length === 0;
    if (!first && this.budget.isSpent()) return false;
    if (this.standing !== "write" && this.standing !== "read") {
      this.reject(op, REFUSALS[this.standing]);
      return true;
    }

    const known = await this.find(op.opId);
    const refusal = this.refusalOf(op);
    // What was stored is not refused afterwards.
    if (known !== undefined && refusal !== undefined) return this.duplicate(op, known);
    if (op.entities.length > limits.OP_ENTITIES) {
      this.reject(op, refusal?.code ?? "TOO_LARGE");
      return true;
    }
    const rows = await this.load(op);
    if (rows === undefined) {
      if (!first) return false;
      if (known !== undefined) return this.duplicate(op, known);
      this.reject(op, refusal?.code ?? "TOO_LARGE");
      return true;
    }
    if (refusal !== undefined) return this.show(first, this.rejection(op, refusal), rows);

    const staged: { row: Row; fields: Register[]; bytes: number; assets: string[]; changed: boolean; lost: boolean }[] = [];
    let made = 0;
    let growth = 0;
    let added = 0;
    let evicted = 0;
    for (const [at, entity] of op.entities.entries()) {
      const row = rows[at] as Row;
      const merged = merge(row.fields, entity.fields);
      const bytes = sizeOf(merged.fields);
      if (bytes > limits.ENTITY_BYTES || merged.fields.length > limits.ENTITY_REGISTERS) {
        if (known !== undefined) return this.duplicate(op, known);
        return this.show(first, this.rejection(op, { code: "TOO_LARGE" }), rows);
      }
      if (row.seq === 0) made += 1;
      growth += row.shown * Math.max(0, bytes - row.bytes);
      const assets = assetsAfter(row.assets, entity.fields, merged.fields, limits.OP_ASSETS - added);
      const kept = row.assets.filter((one) => assets.includes(one)).length;
      added += assets.length - kept;
      evicted += row.assets.length - kept;
      staged.push({ row, fields: merged.fields, bytes, assets, changed: merged.changed, lost: merged.lost });
    }
    // A known op is merged all the same: an entity that was swept meanwhile needs all of it again. As a rule that changes nothing.
    if (known !== undefined && !staged.some((one) => one.changed)) return this.duplicate(op, known);
    if (this.entities + made > limits.WORKFLOW_ENTITIES) {
      if (known !== undefined) return this.duplicate(op, known);
      return this.show(first, this.rejection(op, { code: "LIMIT" }), rows);
    }
    const shows = staged.filter((one) => one.lost);
    const answer = this.answered + growth + shows.reduce((sum, one) => sum + one.bytes, 0);
    const ranges = this.budget.ranges + 2 * evicted;
    if (!first && (answer > limits.TRANSACTION_BYTES || ranges > limits.TRANSACTION_RANGES)) return false;

    this.entities += made;
    this.answered = answer;
    this.budget.ranges = ranges;
    this.budget.writes += 1 + staged.length + added + evicted;
    for (const { row, fields, bytes, assets, changed } of staged) {
      if (!changed) continue;
      this.seq += 1;
      this.budget.bytes += Math.max(0, bytes - row.bytes);
      Object.assign(row, { fields, bytes, assets, seq: this.seq, dirty: true });
    }
    for (const { row } of shows) row.shown += 1;
    const seq = Math.max(...staged.map((one) => one.row.seq));
    this.verdicts.push({
      result: { opId: op.opId, status: shows.length > 0 ? "merged" : "applied", seq },
      shows: shows.map((one) => one.row),
      stored: known?.stored,
    });
    this.known.set(op.opId, { seq, stored: known?.stored });
    return true;
  }

  /** Whether anything was stored. */
  hasStored(): boolean {
    return this.verdicts.some(({ result }) => result.status === "applied" || result.status === "merged");
  }

  /** The workflow's name, if the batch knows its row. */
  name(): string | undefined {
    const row = this.rows.get(keyOf("workflow", this.workflowId));
    const json = row === undefined ? undefined : valueOf(row.fields, "name");
    const name: unknown = json === undefined ? undefined : JSON.parse(json);
    return typeof name === "string" ? Array.from(name).slice(0, 200).join("") : undefined;
  }

  /** Writes the entities and the ids of the ops, and gives the answers. */
  async finish(): Promise<OpResult[]> {
    for (const row of this.rows.values()) {
      if (row.dirty) await this.write(row);
    }
    for (const { result, stored } of this.verdicts) {
      if (result.status !== "applied" && result.status !== "merged") continue;
      const { workflowId, user, now } = this;
      const { opId, seq } = result;
      if (stored === undefined) await this.ctx.db.insert("appliedOps", { workflowId, user, opId, seq, at: now });
      else await this.ctx.db.patch(stored, { seq, at: now });
    }
    return this.verdicts.map(({ result, shows }) => {
      const shown = shows.filter((row) => row.seq > 0).map(entityOf);
      // A rejected op's answer without entities says that there are none; that of an applied one says nothing.
      return result.entities === undefined && shows.length === 0 ? result : { ...result, entities: shown };
    });
  }

  private async write(row: Row): Promise<void> {
    const { workflowId, user } = this;
    const before = row.stored?.assets ?? [];
    for (const sha256 of row.assets) {
      if (before.includes(sha256)) continue;
      await this.ctx.db.insert("uses", { workflowId, kind: row.kind, entityId: row.id, sha256, user });
    }
    for (const sha256 of before) {
      if (row.assets.includes(sha256)) continue;
      const use = await this.ctx.db
        .query("uses")
        .withIndex("by_entity", (q) =>
          q.eq("workflowId", workflowId).eq("kind", row.kind).eq("entityId", row.id).eq("sha256", sha256),
        )
        .unique();
      if (use !== null) await this.ctx.db.delete(use._id);
    }
    const document = {
      workflowId,
      kind: row.kind,
      entityId: row.id,
      fields: row.fields,
      seq: row.seq,
      assets: row.assets,
      ...(isDeleted(row.fields) ? { deletedAt: this.now } : {}),
    };
    if (row.stored === null) await this.ctx.db.insert("entities", document);
    else await this.ctx.db.replace(row.stored._id, document);
  }

  private async find(opId: string): Promise<Known | undefined> {
    const here = this.known.get(opId);
    if (here !== undefined) return here;
    this.budget.ranges += 1;
    const { workflowId, user } = this;
    const stored = await this.ctx.db
      .query("appliedOps")
      .withIndex("by_op", (q) => q.eq("workflowId", workflowId).eq("user", user).eq("opId", opId))
      .unique();
    return stored === null ? undefined : { seq: stored.seq, stored: stored._id };
  }

  private duplicate(op: Op, { seq }: Known): true {
    this.verdicts.push({ result: { opId: op.opId, status: "duplicate", seq }, shows: [] });
    return true;
  }

  /** Why the op cannot be stored, as far as the op itself and its sender say. */
  private refusalOf(op: Op): { code: Code; serverNow?: number } | undefined {
    if (this.standing === "read") return { code: "FORBIDDEN" };
    if (op.entities.length > limits.OP_ENTITIES) return { code: "TOO_LARGE" };
    const stamp = stampOf(op.opId);
    if (stamp === undefined || op.entities.length === 0) return { code: "INVALID" };
    let bytes = 0;
    const keys = new Set<string>();
    for (const { kind, id, fields } of op.entities) {
      keys.add(keyOf(kind, id));
      bytes += sizeOf(fields);
      const names = new Set(fields.map((register) => register.k));
      if (names.size !== fields.length || fields.length === 0) return { code: "INVALID" };
      if (!isKind(kind) || !isId(id) || (kind === "workflow" && id !== this.workflowId)) return { code: "INVALID" };
      for (const { k, v, h } of fields) {
        if (utf8Length(k) > limits.NAME_BYTES) return { code: "TOO_LARGE" };
        if (k === "" || h !== stamp || (v !== null && !isJson(v))) return { code: "INVALID" };
      }
    }
    if (keys.size !== op.entities.length) return { code: "INVALID" };
    if (bytes > limits.OP_BYTES) return { code: "TOO_LARGE" };
    const { now } = this;
    if (millisOf(stamp) > now + limits.CLOCK_AHEAD) return { code: "CLOCK_AHEAD", serverNow: now };
    return undefined;
  }

  /** The rows of the op's entities, in their order, as far as they can be asked for. Undefined: they are too large. */
  private async load(op: Op): Promise<Row[] | undefined> {
    const rows: Row[] = [];
    for (const { kind, id } of op.entities) {
      if (!isKind(kind) || !isId(id)) continue;
      if (this.budget.bytes > limits.TRANSACTION_BYTES || this.budget.ranges > limits.TRANSACTION_RANGES) return undefined;
      rows.push(await this.row(kind, id));
    }
    return rows;
  }

  private async row(kind: Kind, id: string): Promise<Row> {
    const key = keyOf(kind, id);
    const here = this.rows.get(key);
    if (here !== undefined) return here;
    const { workflowId } = this;
    const stored = await this.ctx.db
      .query("entities")
      .withIndex("by_entity", (q) => q.eq("workflowId", workflowId).eq("kind", kind).eq("entityId", id))
      .unique();
    const fields = stored?.fields ?? [];
    const row: Row = {
      kind,
      id,
      stored,
      fields,
      bytes: sizeOf(fields),
      assets: stored?.assets ?? [],
      seq: stored?.seq ?? 0,
      dirty: false,
      shown: 0,
    };
    // Replacing a document reads it again.
    this.budget.ranges += 2;
    this.budget.bytes += row.bytes;
    this.rows.set(key, row);
    return row;
  }

  /** Answers without entities. */
  private reject(op: Op, code: Code): void {
    this.verdicts.push({ result: this.rejection(op, { code }), shows: [] });
  }

  private rejection(op: Op, why: { code: Code; serverNow?: number }): OpResult {
    return { opId: op.opId, status: "rejected", seq: this.seq, ...why };
  }

  /** Answers with all of the op's entities, if there is room. */
  private show(first: boolean, result: OpResult, all: Row[]): boolean {
    const rows = [...new Set(all)];
    const answer = this.answered + rows.reduce((sum, row) => sum + row.bytes, 0);
    if (!first && answer > limits.TRANSACTION_BYTES) return false;
    this.answered = answer;
    for (const row of rows) row.shown += 1;
    this.verdicts.push({ result: { ...result, entities: [] }, shows: rows });
    return true;
  }
}

function keyOf(kind: string, id: string): string {
  return `${kind} ${id}`;
}

function isKind(kind: string): kind is Kind {
  return kind === "workflow" || kind === "node" || kind === "edge";
}

function entityOf({ kind, id, fields, seq }: Row): Entity {
  return { kind, id, fields, seq };
}

/**
 * The contents of which account is kept for an entity, after a patch. What it has ceased to refer to stays, so that an undo finds it
 * (the sweep sees to the rest), until there is no room for a new one.
 */
function assetsAfter(before: string[], patch: Register[], after: Register[], room: number): string[] {
  const fresh = referredTo(patch).filter((one) => !before.includes(one)).slice(0, Math.min(room, limits.ENTITY_ASSETS));
  let surplus = before.length + fresh.length - limits.ENTITY_ASSETS;
  if (surplus <= 0) return fresh.length === 0 ? before : [...before, ...fresh];
  const current = new Set(referredTo(after));
  const kept = before.filter((one) => current.has(one) || surplus-- <= 0);
  return [...kept, ...fresh].slice(0, limits.ENTITY_ASSETS);
}

function referredTo(fields: readonly Register[]): string[] {
  return [...new Set(fields.flatMap((register) => (register.v === null ? [] : hashesIn(register.v))))];
}

/** Bytes of registers, with what a document needs around each. */
export function sizeOf(fields: readonly Register[]): number {
  return fields.reduce((sum, { k, v }) => sum + utf8Length(k) + (v === null ? 0 : utf8Length(v)) + 64, 0);
}
