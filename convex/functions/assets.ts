import { v } from "convex/values";

import type { Doc, Id } from "./_generated/dataModel.js";
import { type MutationCtx, type QueryCtx, mutation, query } from "./_generated/server.js";
import { caller, checkWorkflowId, failure, memberOf, roleIn } from "./access.js";
import { Budget } from "./budget.js";
import * as limits from "./limits.js";
import { isPageFull, isUsed, removeAsset } from "./removal.js";
import { digitsOf, utf8Length } from "./text.js";

declare function btoa(bytes: string): string;

const content = { sha256: v.string(), size: v.number(), mime: v.string() };

function digits(hash: string): string {
  const found = digitsOf(hash);
  if (found === undefined) throw failure("BAD_REQUEST", "a hash is 64 lower-case hex digits");
  return found;
}

function checkHashes(hashes: string[]): void {
  if (hashes.length > limits.BATCH_HASHES) {
    throw failure("BAD_REQUEST", `more than ${limits.BATCH_HASHES} hashes in one call`);
  }
}

function checkContent({ size, mime }: { size: number; mime: string }): void {
  if (!Number.isSafeInteger(size) || size < 0) throw failure("BAD_REQUEST", "size is no whole number");
  if (mime.length > 200) throw failure("BAD_REQUEST", "mime is too long");
  if (size > limits.ASSET_BYTES) throw failure("LIMIT", `a content has at most ${limits.ASSET_BYTES} bytes`);
}

async function assetOf(ctx: QueryCtx, owner: string, sha256: string): Promise<Doc<"assets"> | null> {
  return await ctx.db
    .query("assets")
    .withIndex("by_owner_sha", (q) => q.eq("owner", owner).eq("sha256", sha256))
    .unique();
}

/** Which of the contents need no upload: the caller has brought them before. What others brought is not told. */
export const known = query({
  args: { hashes: v.array(v.string()) },
  returns: v.array(v.string()),
  handler: async (ctx, { hashes }) => {
    const user = await caller(ctx);
    checkHashes(hashes);
    const found = [];
    for (const hash of hashes) {
      const asset = await assetOf(ctx, user, digits(hash));
      // The sweep might be about to take an old one that nothing refers to.
      if (asset !== null && asset.wantedAt > Date.now() - limits.PROMISE) found.push(hash);
    }
    return found;
  },
});

/** Where to send a content's bytes, by POST and within an hour; or that they are here already, and stay. */
export const uploadUrl = mutation({
  args: content,
  returns: v.union(v.object({ url: v.string() }), v.object({ known: v.literal(true) })),
  handler: async (ctx, { sha256, size, mime }): Promise<{ url: string } | { known: true }> => {
    const user = await caller(ctx);
    checkContent({ size, mime });
    const asset = await assetOf(ctx, user, digits(sha256));
    if (asset === null) return { url: await ctx.storage.generateUploadUrl() };
    await ctx.db.patch(asset._id, { wantedAt: Date.now() });
    return { known: true };
  },
});

/** Takes uploaded bytes for what they are said to be. Otherwise they are removed, and the content is not known. */
export const commit = mutation({
  args: { ...content, storageId: v.string(), look: v.optional(v.string()) },
  returns: v.object({ known: v.boolean() }),
  handler: async (ctx, { sha256, size, mime, storageId, look }) => {
    const user = await caller(ctx);
    checkContent({ size, mime });
    if (look !== undefined && utf8Length(look) > limits.LOOK_BYTES) {
      throw failure("BAD_REQUEST", `a look has at most ${limits.LOOK_BYTES} bytes`);
    }
    const hash = digits(sha256);
    const id = ctx.db.system.normalizeId("_storage", storageId);
    if (id === null) throw failure("BAD_REQUEST", "storageId is none");

    const here = await assetOf(ctx, user, hash);
    if (here?.storageId === id) return { known: true };
    // Nobody makes another's bytes his own, or has them removed, by naming them.
    if (await isTaken(ctx, id)) throw failure("FORBIDDEN", "these bytes are somebody's already");
    const file = await ctx.db.system.get(id);
    if (file === null) return { known: here !== null };
    if (here !== null || file.size !== size || !isDigest(file.sha256, hash)) {
      await ctx.storage.delete(id);
      return { known: here !== null };
    }
    const row = { owner: user, sha256: hash, size, mime, storageId: id, wantedAt: Date.now() };
    await ctx.db.insert("assets", look === undefined ? row : { ...row, look });
    return { known: true };
  },
});

async function isTaken(ctx: MutationCtx, storageId: Id<"_storage">): Promise<boolean> {
  const asset = await ctx.db
    .query("assets")
    .withIndex("by_storage", (q) => q.eq("storageId", storageId))
    .first();
  return asset !== null;
}

/** Convex gives a file's hash in hexadecimal; in some versions, in Base64. */
function isDigest(stored: string, hash: string): boolean {
  if (stored.toLowerCase() === hash) return true;
  const bytes = Array.from({ length: 32 }, (_, at) => Number.parseInt(hash.slice(2 * at, 2 * at + 2), 16));
  return stored === btoa(String.fromCharCode(...bytes));
}

/**
 * Addresses of contents to which the workflow refers, or that are the caller's own; the others are left out. A reference alone opens
 * nothing: the content must have been brought by a member, or by whoever wrote a reference to it in this workflow.
 */
export const urls = query({
  args: { workflowId: v.string(), hashes: v.array(v.string()) },
  returns: v.array(v.object({ ...content, url: v.string(), look: v.optional(v.string()) })),
  handler: async (ctx, { workflowId, hashes }) => {
    const user = await caller(ctx);
    checkWorkflowId(workflowId);
    checkHashes(hashes);
    await roleIn(ctx, workflowId, user);
    const found = [];
    for (const hash of hashes) {
      const sha256 = digits(hash);
      const asset = (await assetOf(ctx, user, sha256)) ?? (await sharedAsset(ctx, workflowId, sha256));
      const url = asset === null ? null : await ctx.storage.getUrl(asset.storageId);
      if (asset === null || url === null) continue;
      const { size, mime, look } = asset;
      found.push({ sha256: hash, size, mime, url, ...(look === undefined ? {} : { look }) });
    }
    return found;
  },
});

async function sharedAsset(ctx: QueryCtx, workflowId: string, sha256: string): Promise<Doc<"assets"> | null> {
  // A few say enough: whoever brought it wrote the first.
  const uses = await ctx.db
    .query("uses")
    .withIndex("by_workflow_sha", (q) => q.eq("workflowId", workflowId).eq("sha256", sha256))
    .take(4);
  if (uses.length === 0) return null;
  for (const writer of new Set(uses.map((use) => use.user))) {
    const asset = await assetOf(ctx, writer, sha256);
    if (asset !== null) return asset;
  }
  const assets = await ctx.db
    .query("assets")
    .withIndex("by_sha", (q) => q.eq("sha256", sha256))
    .take(4);
  for (const asset of assets) {
    if ((await memberOf(ctx, workflowId, asset.owner)) !== null) return asset;
  }
  return null;
}

/** Removes the caller's contents to which no workflow refers, a page per call: call again with the answer's `after` until `done`. */
export const removeUnused = mutation({
  args: { after: v.optional(v.string()) },
  returns: v.object({ done: v.boolean(), after: v.string() }),
  handler: async (ctx, { after = "" }) => {
    const user = await caller(ctx);
    const budget = new Budget();
    let last = after;
    const assets = ctx.db.query("assets").withIndex("by_owner_sha", (q) => q.eq("owner", user).gt("sha256", after));
    for await (const asset of assets) {
      if (isPageFull(budget)) return { done: false, after: last };
      last = asset.sha256;
      budget.ranges += 4;
      budget.writes += 1;
      if (!(await isUsed(ctx, asset.sha256, budget))) await removeAsset(ctx, asset);
    }
    return { done: true, after: last };
  },
});
