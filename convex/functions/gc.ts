// The daily sweep. Each function does a page and has itself called again while there is more. They answer how many rows went.

import { v } from "convex/values";

import { internal } from "./_generated/api.js";
import { internalMutation } from "./_generated/server.js";
import { headOf } from "./access.js";
import { Budget } from "./budget.js";
import * as limits from "./limits.js";
import { isPageFull, isUsed, removeAsset, removeEntity, wipe } from "./removal.js";

/** Entities that were deleted long ago. A device that has not seen their deletion is told to read everything again. */
export const tombstones = internalMutation({
  args: {},
  returns: v.number(),
  handler: async (ctx) => {
    const budget = new Budget();
    const swept = new Map<string, { rows: number; seq: number }>();
    let more = false;
    let count = 0;
    const rows = ctx.db
      .query("entities")
      .withIndex("by_deleted_at", (q) => q.gt("deletedAt", 0).lt("deletedAt", Date.now() - limits.RETENTION));
    for await (const row of rows) {
      if (isPageFull(budget)) {
        more = true;
        break;
      }
      await removeEntity(ctx, row, budget);
      const before = swept.get(row.workflowId) ?? { rows: 0, seq: 0 };
      swept.set(row.workflowId, { rows: before.rows + 1, seq: Math.max(before.seq, row.seq) });
      count += 1;
      if (row.kind === "workflow") await ctx.scheduler.runAfter(0, internal.gc.workflow, { workflowId: row.workflowId });
    }
    for (const [workflowId, { rows, seq }] of swept) {
      const head = await headOf(ctx, workflowId);
      if (head === null) continue;
      await ctx.db.patch(head._id, { gcSeq: Math.max(head.gcSeq, seq), entities: Math.max(0, head.entities - rows) });
    }
    if (more) await ctx.scheduler.runAfter(0, internal.gc.tombstones, {});
    return count;
  },
});

/** A whole workflow whose own tombstone was swept. */
export const workflow = internalMutation({
  args: { workflowId: v.string() },
  returns: v.null(),
  handler: async (ctx, { workflowId }) => {
    const head = await headOf(ctx, workflowId);
    if (head !== null && !(await wipe(ctx, head))) {
      await ctx.scheduler.runAfter(0, internal.gc.workflow, { workflowId });
    }
    return null;
  },
});

/** Ids of ops that were stored long ago. Should one come again all the same, its merge changes nothing. */
export const appliedOps = internalMutation({
  args: {},
  returns: v.number(),
  handler: async (ctx) => {
    const rows = await ctx.db
      .query("appliedOps")
      .withIndex("by_at", (q) => q.lt("at", Date.now() - limits.RETENTION))
      .take(1000);
    for (const row of rows) await ctx.db.delete(row._id);
    if (rows.length === 1000) await ctx.scheduler.runAfter(0, internal.gc.appliedOps, {});
    return rows.length;
  },
});

/** Contents to which nothing has referred for long. */
export const assets = internalMutation({
  args: {},
  returns: v.number(),
  handler: async (ctx) => {
    const budget = new Budget();
    let count = 0;
    const rows = ctx.db
      .query("assets")
      .withIndex("by_wanted_at", (q) => q.lt("wantedAt", Date.now() - limits.RETENTION));
    for await (const asset of rows) {
      if (isPageFull(budget)) {
        await ctx.scheduler.runAfter(0, internal.gc.assets, {});
        break;
      }
      budget.ranges += 4;
      budget.writes += 1;
      if (await isUsed(ctx, asset.sha256, budget)) {
        await ctx.db.patch(asset._id, { wantedAt: Date.now() });
      } else {
        await removeAsset(ctx, asset);
        count += 1;
      }
    }
    return count;
  },
});

/** Uploads that were never committed. Looks at those of the last days only, so that its cost does not grow with what is stored. */
export const uploads = internalMutation({
  args: { after: v.optional(v.number()) },
  returns: v.number(),
  handler: async (ctx, { after }) => {
    const now = Date.now();
    const files = await ctx.db.system
      .query("_storage")
      .withIndex("by_creation_time", (q) =>
        q.gt("_creationTime", after ?? now - 8 * limits.UPLOAD).lt("_creationTime", now - limits.UPLOAD),
      )
      .take(500);
    let count = 0;
    for (const file of files) {
      const asset = await ctx.db
        .query("assets")
        .withIndex("by_storage", (q) => q.eq("storageId", file._id))
        .first();
      if (asset !== null) continue;
      await ctx.storage.delete(file._id);
      count += 1;
    }
    const last = files.at(-1);
    if (last !== undefined && files.length === 500) {
      await ctx.scheduler.runAfter(0, internal.gc.uploads, { after: last._creationTime });
    }
    return count;
  },
});
