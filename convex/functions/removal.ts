// Removing what is stored, in pages.

import type { Doc } from "./_generated/dataModel.js";
import type { MutationCtx } from "./_generated/server.js";
import { sizeOf } from "./batch.js";
import { Budget } from "./budget.js";
import * as limits from "./limits.js";
import { hashesIn } from "./text.js";

/** A page ends well below what a transaction may do. */
const PAGE = 1000;

/** Removes an entity, and what is kept of its references. */
export async function removeEntity(ctx: MutationCtx, row: Doc<"entities">, budget: Budget): Promise<void> {
  const uses = await ctx.db
    .query("uses")
    .withIndex("by_entity", (q) =>
      q.eq("workflowId", row.workflowId).eq("kind", row.kind).eq("entityId", row.entityId),
    )
    .collect();
  for (const use of uses) await ctx.db.delete(use._id);
  await ctx.db.delete(row._id);
  budget.ranges += 3 + uses.length;
  budget.writes += 1 + uses.length;
  budget.bytes += sizeOf(row.fields);
}

/** Whether one more page would ask too much of this transaction. */
export function isPageFull(budget: Budget): boolean {
  return budget.writes >= PAGE || budget.bytes > limits.PAGE_BYTES || budget.ranges > limits.TRANSACTION_RANGES / 2;
}

/** Removes a page of everything that a workflow has; its head stays and says so. Returns whether nothing is left. */
export async function wipe(ctx: MutationCtx, head: Doc<"heads">): Promise<boolean> {
  const { workflowId } = head;
  if (!head.deleted) await ctx.db.patch(head._id, { deleted: true, name: undefined });
  const budget = new Budget();

  const members = await ctx.db
    .query("members")
    .withIndex("by_workflow_user", (q) => q.eq("workflowId", workflowId))
    .collect();
  for (const member of members) await ctx.db.delete(member._id);
  budget.writes += members.length;

  const entities = ctx.db.query("entities").withIndex("by_workflow_seq", (q) => q.eq("workflowId", workflowId));
  for await (const row of entities) {
    if (isPageFull(budget)) return false;
    await removeEntity(ctx, row, budget);
  }
  const ops = ctx.db.query("appliedOps").withIndex("by_op", (q) => q.eq("workflowId", workflowId));
  for await (const row of ops) {
    if (isPageFull(budget)) return false;
    await ctx.db.delete(row._id);
    budget.writes += 1;
  }
  await ctx.db.patch(head._id, { entities: 0 });
  return true;
}

/** Whether any workflow refers to the content. Removes what is kept of references that are no more. */
export async function isUsed(ctx: MutationCtx, sha256: string, budget: Budget): Promise<boolean> {
  const uses = ctx.db.query("uses").withIndex("by_sha", (q) => q.eq("sha256", sha256));
  for await (const use of uses) {
    budget.ranges += 2;
    // Rather keep it than ask too much of this transaction.
    if (budget.isSpent()) return true;
    const entity = await ctx.db
      .query("entities")
      .withIndex("by_entity", (q) =>
        q.eq("workflowId", use.workflowId).eq("kind", use.kind).eq("entityId", use.entityId),
      )
      .unique();
    if (entity !== null) {
      budget.bytes += sizeOf(entity.fields);
      if (entity.fields.some((register) => register.v !== null && hashesIn(register.v).includes(sha256))) return true;
      await ctx.db.patch(entity._id, { assets: entity.assets.filter((one) => one !== sha256) });
      budget.writes += 1;
    }
    await ctx.db.delete(use._id);
    budget.writes += 1;
  }
  return false;
}

/** Removes a content: its row goes before its bytes go. */
export async function removeAsset(ctx: MutationCtx, asset: Doc<"assets">): Promise<void> {
  await ctx.db.delete(asset._id);
  // Nothing is wrong with bytes that are gone already.
  if ((await ctx.db.system.get(asset.storageId)) !== null) await ctx.storage.delete(asset.storageId);
}
