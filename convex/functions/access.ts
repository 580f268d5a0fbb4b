// Who is asking, and what they may do.

import { ConvexError } from "convex/values";

import type { Doc } from "./_generated/dataModel.js";
import type { QueryCtx } from "./_generated/server.js";
import type { Role } from "./shapes.js";
import { isId } from "./text.js";

declare const process: { env: Record<string, string | undefined> };

/** The name of everybody who has no token, where that is allowed. No identity has it: theirs contain an issuer. */
export const ANONYMOUS = "anonymous";

export type Failure =
  | "UNAUTHENTICATED"
  | "FORBIDDEN"
  | "BAD_REQUEST"
  | "LIMIT"
  | "WORKFLOW_DELETED_FOR_GOOD";

/** An error that a client can tell by its code. Convex hides the text of every other error from clients. */
export function failure(code: Failure, message: string): ConvexError<{ code: Failure; message: string }> {
  return new ConvexError({ code, message });
}

/** The user who is calling. */
export async function caller(ctx: QueryCtx): Promise<string> {
  const identity = await ctx.auth.getUserIdentity();
  if (identity !== null) return identity.tokenIdentifier;
  if (process.env.ATELIER_ALLOW_ANONYMOUS === "true") return ANONYMOUS;
  throw failure("UNAUTHENTICATED", "sign in: this deployment allows no anonymous use");
}

/** Refuses what is no id of a workflow. */
export function checkWorkflowId(workflowId: string): void {
  if (!isId(workflowId)) throw failure("BAD_REQUEST", "workflowId is no lower-case UUID");
}

export async function headOf(ctx: QueryCtx, workflowId: string): Promise<Doc<"heads"> | null> {
  return await ctx.db
    .query("heads")
    .withIndex("by_workflow", (q) => q.eq("workflowId", workflowId))
    .unique();
}

export async function memberOf(ctx: QueryCtx, workflowId: string, user: string): Promise<Doc<"members"> | null> {
  return await ctx.db
    .query("members")
    .withIndex("by_workflow_user", (q) => q.eq("workflowId", workflowId).eq("user", user))
    .unique();
}

/** What the user may do in the workflow; fails if that is nothing. Does not tell a stranger whether the workflow exists. */
export async function roleIn(ctx: QueryCtx, workflowId: string, user: string): Promise<Role> {
  const member = await memberOf(ctx, workflowId, user);
  if (member === null) throw failure("FORBIDDEN", "you are no member of this workflow");
  return member.role;
}

/** Fails unless the user owns the workflow. */
export async function checkOwner(ctx: QueryCtx, workflowId: string, user: string): Promise<void> {
  if ((await roleIn(ctx, workflowId, user)) !== "owner") {
    throw failure("FORBIDDEN", "only the workflow's owner may do this");
  }
}
