import { v } from "convex/values";

import { mutation, query } from "./_generated/server.js";
import { ANONYMOUS, caller, checkOwner, checkWorkflowId, failure, memberOf, roleIn } from "./access.js";
import * as limits from "./limits.js";
import { givenRole, role } from "./shapes.js";

/** Who the caller is: the text by which others invite him. */
export const me = query({
  args: {},
  returns: v.object({ user: v.string(), anonymous: v.boolean() }),
  handler: async (ctx) => {
    const user = await caller(ctx);
    return { user, anonymous: user === ANONYMOUS };
  },
});

/** The members of a workflow, for each of them to see. */
export const list = query({
  args: { workflowId: v.string() },
  returns: v.array(v.object({ user: v.string(), role })),
  handler: async (ctx, { workflowId }) => {
    const user = await caller(ctx);
    checkWorkflowId(workflowId);
    await roleIn(ctx, workflowId, user);
    const members = await ctx.db
      .query("members")
      .withIndex("by_workflow_user", (q) => q.eq("workflowId", workflowId))
      .collect();
    return members.map(({ user, role }) => ({ user, role }));
  },
});

/** Makes a user a member, or gives a member another role. For the owner, whose own role stays. */
export const invite = mutation({
  args: { workflowId: v.string(), user: v.string(), role: givenRole },
  returns: v.null(),
  handler: async (ctx, { workflowId, user, role }) => {
    const owner = await caller(ctx);
    checkWorkflowId(workflowId);
    await checkOwner(ctx, workflowId, owner);
    if (user.trim() === "" || user.length > 500) throw failure("BAD_REQUEST", "user is empty or too long");
    if (user === owner) throw failure("BAD_REQUEST", "the owner's role cannot be changed");
    const member = await memberOf(ctx, workflowId, user);
    if (member?.role === role) return null;
    const others = await ctx.db
      .query("members")
      .withIndex("by_user_role", (q) => q.eq("user", user).eq("role", role))
      .take(limits.USER_WORKFLOWS);
    if (others.length >= limits.USER_WORKFLOWS) throw failure("LIMIT", "the user is a member of too many workflows");
    if (member !== null) {
      await ctx.db.patch(member._id, { role });
      return null;
    }
    const members = await ctx.db
      .query("members")
      .withIndex("by_workflow_user", (q) => q.eq("workflowId", workflowId))
      .take(limits.WORKFLOW_MEMBERS);
    if (members.length >= limits.WORKFLOW_MEMBERS) throw failure("LIMIT", "the workflow has too many members");
    await ctx.db.insert("members", { workflowId, user, role });
    return null;
  },
});

/** Ends a membership: the owner anybody's, everybody else his own. The owner stays. */
export const remove = mutation({
  args: { workflowId: v.string(), user: v.string() },
  returns: v.null(),
  handler: async (ctx, { workflowId, user }) => {
    const self = await caller(ctx);
    checkWorkflowId(workflowId);
    if (user !== self) await checkOwner(ctx, workflowId, self);
    const member = await memberOf(ctx, workflowId, user);
    if (member?.role === "owner") throw failure("BAD_REQUEST", "a workflow always has its owner");
    if (member !== null) await ctx.db.delete(member._id);
    return null;
  },
});
