// The shapes that cross the wire and that the tables store.

import { v, type Infer } from "convex/values";

export const kind = v.union(v.literal("workflow"), v.literal("node"), v.literal("edge"));
export const role = v.union(v.literal("owner"), v.literal("editor"), v.literal("viewer"));
/** A role that can be given. */
export const givenRole = v.union(v.literal("editor"), v.literal("viewer"));

export const register = v.object({ k: v.string(), v: v.union(v.string(), v.null()), h: v.string() });

export const entity = v.object({ kind, id: v.string(), fields: v.array(register), seq: v.number() });

/** An op as it arrives. Its kind may be one of a newer client: that spoils this op and no other. */
export const op = v.object({
  opId: v.string(),
  entities: v.array(v.object({ kind: v.string(), id: v.string(), fields: v.array(register) })),
});

export const code = v.union(
  v.literal("CLOCK_AHEAD"),
  v.literal("TOO_LARGE"),
  v.literal("INVALID"),
  v.literal("FORBIDDEN"),
  v.literal("WORKFLOW_DELETED_FOR_GOOD"),
  v.literal("LIMIT"),
);

export const opResult = v.object({
  opId: v.string(),
  status: v.union(v.literal("applied"), v.literal("merged"), v.literal("duplicate"), v.literal("rejected")),
  code: v.optional(code),
  seq: v.number(),
  entities: v.optional(v.array(entity)),
  /** With CLOCK_AHEAD: what the clock should have said, in milliseconds. */
  serverNow: v.optional(v.number()),
});

export type Kind = Infer<typeof kind>;
export type Role = Infer<typeof role>;
export type Entity = Infer<typeof entity>;
export type Op = Infer<typeof op>;
export type Code = Infer<typeof code>;
export type OpResult = Infer<typeof opResult>;
