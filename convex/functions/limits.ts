// What one call, one entity and one user may ask for. Convex's own limits per transaction are 16 MiB read and written,
// 4,096 index ranges, 32,000 documents read, 16,000 written and a second of computing; a document has at most 1 MiB.
// A replaced document is read a second time, so each entity counts twice in what follows.

export const KIB = 1024;
export const MIB = 1024 * KIB;
export const MINUTE = 60 * 1000;
export const DAY = 24 * 60 * MINUTE;

/** How far ahead of the server's clock a stamp may be. */
export const CLOCK_AHEAD = DAY;

/** Ops in one call. */
export const BATCH_OPS = 200;
/** Entities in one op. */
export const OP_ENTITIES = 100;
/** Bytes of one op. Clients cut at 256 KiB; one register that is larger cannot be cut. */
export const OP_BYTES = MIB;
/** Bytes of one stored entity. */
export const ENTITY_BYTES = 900 * KIB;
/** Registers of one stored entity: an array in Convex has at most 8,192 elements. */
export const ENTITY_REGISTERS = 4096;
/** Bytes of a register's name. */
export const NAME_BYTES = KIB;
/** References to contents that are kept account of: of one entity, and new ones of one op. */
export const ENTITY_ASSETS = 64;
export const OP_ASSETS = 1000;

/** Bytes of entities that one transaction reads or answers with. */
export const TRANSACTION_BYTES = 6 * MIB;
/** Index ranges of one transaction. */
export const TRANSACTION_RANGES = 3600;
/** Documents that one transaction writes. */
export const TRANSACTION_WRITES = 8000;

/** Entities in one page of changes. */
export const PAGE_ENTITIES = 500;
/** After so many bytes a page of changes ends. */
export const PAGE_BYTES = 4 * MIB;

/** Entities of one workflow, tombstones included. */
export const WORKFLOW_ENTITIES = 100_000;
/** Workflows that one user owns; and, apart from these, in which one is a member. */
export const USER_WORKFLOWS = 1000;
/** Members of one workflow, its owner included. */
export const WORKFLOW_MEMBERS = 100;

/** Hashes in one call. */
export const BATCH_HASHES = 200;
/** Bytes of how a content looks: a thumbnail has at most 8 KiB, and the rest is a name and figures. */
export const LOOK_BYTES = 12 * KIB;
/** Bytes of one content. */
export const ASSET_BYTES = 4 * 1024 * MIB;

/** How long a tombstone, the id of an op that was stored, and a content that nothing refers to are kept. */
export const RETENTION = 30 * DAY;
/** A content that was not asked after for so long is no longer promised; asking for an upload address renews it. */
export const PROMISE = 20 * DAY;
/** How long an upload may wait for its commit. */
export const UPLOAD = DAY;
