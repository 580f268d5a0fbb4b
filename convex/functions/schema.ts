import { defineSchema, defineTable } from "convex/server";
import { v } from "convex/values";

import { kind, register, role } from "./shapes.js";

export default defineSchema({
  /** One row per workflow. It is all that a subscription reads. */
  heads: defineTable({
    workflowId: v.string(),
    /** The user who created it. */
    owner: v.string(),
    /** The last number given to a change of an entity. */
    seq: v.number(),
    /** The highest `seq` of a tombstone that was swept: who has seen less must read everything again. */
    gcSeq: v.number(),
    /** How many entities there are, tombstones included. */
    entities: v.number(),
    /** Deleted for good. The row stays, so that the workflow does not come back from a device that was away. */
    deleted: v.boolean(),
    name: v.optional(v.string()),
  }).index("by_workflow", ["workflowId"]),

  /** The newest state of each entity. */
  entities: defineTable({
    workflowId: v.string(),
    kind,
    entityId: v.string(),
    fields: v.array(register),
    seq: v.number(),
    /** The hashes for which there is a row in `uses`. */
    assets: v.array(v.string()),
    /** When the deleted entity last changed; absent while it is not deleted. Who has seen that much needs its tombstone no more. */
    deletedAt: v.optional(v.number()),
  })
    .index("by_entity", ["workflowId", "kind", "entityId"])
    .index("by_workflow_seq", ["workflowId", "seq"])
    .index("by_deleted_at", ["deletedAt"]),

  /** The ops that were stored, so that one sent again is known. */
  appliedOps: defineTable({
    workflowId: v.string(),
    /** Of the sender. An op id can be guessed by whoever has seen others of that device: nobody takes another's away. */
    user: v.string(),
    opId: v.string(),
    seq: v.number(),
    at: v.number(),
  })
    .index("by_op", ["workflowId", "user", "opId"])
    .index("by_at", ["at"]),

  members: defineTable({ workflowId: v.string(), user: v.string(), role })
    .index("by_workflow_user", ["workflowId", "user"])
    .index("by_user_role", ["user", "role"]),

  /** One row per content and user. */
  assets: defineTable({
    owner: v.string(),
    /** 64 hex digits. */
    sha256: v.string(),
    size: v.number(),
    mime: v.string(),
    /** How it looks, and its name: a JSON text of the client's, with a thumbnail. */
    look: v.optional(v.string()),
    storageId: v.id("_storage"),
    /** When somebody last asked for it to be kept, or the sweep last found it in use. */
    wantedAt: v.number(),
  })
    .index("by_owner_sha", ["owner", "sha256"])
    .index("by_sha", ["sha256"])
    .index("by_storage", ["storageId"])
    .index("by_wanted_at", ["wantedAt"]),

  /** Which entity refers, or lately referred, to which content. */
  uses: defineTable({
    workflowId: v.string(),
    kind,
    entityId: v.string(),
    sha256: v.string(),
    /** Who wrote the reference. */
    user: v.string(),
  })
    .index("by_workflow_sha", ["workflowId", "sha256"])
    .index("by_entity", ["workflowId", "kind", "entityId", "sha256"])
    .index("by_sha", ["sha256"]),
});
