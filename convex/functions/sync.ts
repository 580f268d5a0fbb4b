import { v } from "convex/values";

import { internal } from "./_generated/api.js";
import type { Doc } from "./_generated/dataModel.js";
import { type MutationCtx, mutation, query } from "./_generated/server.js";
import { caller, checkOwner, checkWorkflowId, failure, headOf, memberOf, roleIn } from "./access.js";
import { Batch, type Standing, sizeOf } from "./batch.js";
import * as limits from "./limits.js";
import { wipe } from "./removal.js";
import { entity, op, opResult, role } from "./shapes.js";

/** Stores a device's ops. Each gets its own answer, and none stops another. The first one makes the workflow, for its sender. */
export const applyOps = mutation({
  args: { workflowId: v.string(), deviceId: v.string(), ops: v.array(op) },
  returns: v.object({ head: v.number(), serverNow: v.number(), results: v.array(opResult) }),
  handler: async (ctx, { workflowId, ops }) => {
    const user = await caller(ctx);
    checkWorkflowId(workflowId);
    if (ops.length > limits.BATCH_OPS) throw failure("BAD_REQUEST", `more than ${limits.BATCH_OPS} ops in one call`);

    const serverNow = Date.now();
    const head = await headOf(ctx, workflowId);
    const may = await standing(ctx, user, workflowId, head);
    // A stranger learns nothing of the workflow, not even how much happens in it.
    const start = head === null || may === "stranger" ? { seq: 0, entities: 0 } : head;
    const batch = new Batch(ctx, workflowId, user, may, serverNow, start);
    for (const one of ops) {
      if (!(await batch.judge(one))) break;
    }
    const results = await batch.finish();

    const { seq, entities } = batch;
    const name = batch.name();
    if (head === null) {
      if (batch.hasStored()) {
        await ctx.db.insert("members", { workflowId, user, role: "owner" });
        const row = { workflowId, owner: user, seq, gcSeq: 0, entities, deleted: false };
        await ctx.db.insert("heads", name === undefined ? row : { ...row, name });
      }
    } else if (batch.hasStored()) {
      await ctx.db.patch(head._id, name === undefined ? { seq, entities } : { seq, entities, name });
    }
    return { head: seq, serverNow, results };
  },
});

async function standing(
  ctx: MutationCtx,
  user: string,
  workflowId: string,
  head: Doc<"heads"> | null,
): Promise<Standing> {
  if (head === null) {
    const owned = await ctx.db
      .query("members")
      .withIndex("by_user_role", (q) => q.eq("user", user).eq("role", "owner"))
      .take(limits.USER_WORKFLOWS);
    return owned.length < limits.USER_WORKFLOWS ? "write" : "full";
  }
  if (head.deleted) return "gone";
  const member = await memberOf(ctx, workflowId, user);
  if (member === null) return "stranger";
  return member.role === "viewer" ? "read" : "write";
}

/** The caller's workflows, and how far each has come. This is what clients subscribe to. */
export const heads = query({
  args: {},
  returns: v.array(
    v.object({ workflowId: v.string(), seq: v.number(), gcSeq: v.number(), role, name: v.optional(v.string()) }),
  ),
  handler: async (ctx) => {
    const user = await caller(ctx);
    const found = [];
    for (const role of ["owner", "editor", "viewer"] as const) {
      const members = await ctx.db
        .query("members")
        .withIndex("by_user_role", (q) => q.eq("user", user).eq("role", role))
        .take(limits.USER_WORKFLOWS);
      for (const { workflowId } of members) {
        const head = await headOf(ctx, workflowId);
        if (head === null || head.deleted) continue;
        const { seq, gcSeq, name } = head;
        found.push({ workflowId, seq, gcSeq, role, ...(name === undefined ? {} : { name }) });
      }
    }
    return found;
  },
});

/**
 * One page of the entities that changed after `cursor`, oldest change first. `reset`: tombstones that the client has not seen
 * were swept, so it has to read everything, from 0. The pages of that reading name the `gcSeq` that its first one answered: what was
 * swept before it began is no reason to begin again.
 */
export const changesSince = query({
  args: { workflowId: v.string(), cursor: v.number(), limit: v.optional(v.number()), gcSeq: v.optional(v.number()) },
  returns: v.object({
    reset: v.boolean(),
    entities: v.array(entity),
    cursor: v.number(),
    done: v.boolean(),
    gcSeq: v.number(),
    serverNow: v.number(),
  }),
  handler: async (ctx, { workflowId, cursor, limit = limits.PAGE_ENTITIES, gcSeq: known }) => {
    const user = await caller(ctx);
    checkWorkflowId(workflowId);
    if (!Number.isSafeInteger(cursor) || cursor < 0) throw failure("BAD_REQUEST", "cursor is no whole number");
    if (!Number.isSafeInteger(limit) || limit < 1 || limit > limits.PAGE_ENTITIES) {
      throw failure("BAD_REQUEST", `limit is no whole number from 1 to ${limits.PAGE_ENTITIES}`);
    }
    const serverNow = Date.now();
    const head = await headOf(ctx, workflowId);
    if (head === null) return { reset: false, entities: [], cursor: 0, done: true, gcSeq: 0, serverNow };
    if (head.deleted) throw failure("WORKFLOW_DELETED_FOR_GOOD", "the owner has deleted this workflow on the server");
    await roleIn(ctx, workflowId, user);

    // Of a deployment that was set back to an older state, a client may have seen more than there is now.
    const after = cursor > head.seq ? 0 : cursor;
    const { gcSeq } = head;
    if (after < gcSeq && after !== 0 && known !== gcSeq) {
      return { reset: true, entities: [], cursor: 0, done: false, gcSeq, serverNow };
    }
    const entities = [];
    let bytes = 0;
    const rows = ctx.db
      .query("entities")
      .withIndex("by_workflow_seq", (q) => q.eq("workflowId", workflowId).gt("seq", after));
    for await (const { kind, entityId, fields, seq } of rows) {
      if (entities.length === limit || bytes > limits.PAGE_BYTES) {
        return { reset: false, entities, cursor: entities.at(-1)?.seq ?? after, done: false, gcSeq, serverNow };
      }
      entities.push({ kind, id: entityId, fields, seq });
      bytes += sizeOf(fields);
    }
    return { reset: false, entities, cursor: head.seq, done: true, gcSeq, serverNow };
  },
});

/**
 * Deletes the workflow for good, a page per call: call again until `done`. From the first call on nobody reads it or writes to it.
 * Contents that no other workflow refers to follow with `assets:removeUnused`, or by themselves after the retention time.
 */
export const deleteEverything = mutation({
  args: { workflowId: v.string() },
  returns: v.object({ done: v.boolean() }),
  handler: async (ctx, { workflowId }) => {
    const user = await caller(ctx);
    checkWorkflowId(workflowId);
    const head = await headOf(ctx, workflowId);
    // Its members go with the first page, so it is the head that remembers whose it was.
    if (head?.deleted !== true || head.owner !== user) await checkOwner(ctx, workflowId, user);
    if (head === null || (await wipe(ctx, head))) return { done: true };
    // It ends also if nobody calls again.
    if (!head.deleted) await ctx.scheduler.runAfter(0, internal.gc.workflow, { workflowId });
    return { done: false };
  },
});
