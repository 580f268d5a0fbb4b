import type { ApiFromModules, FilterApi, FunctionReference } from "convex/server";
import type * as assets from "../assets.js";
import type * as gc from "../gc.js";
import type * as members from "../members.js";
import type * as sync from "../sync.js";

declare const fullApi: ApiFromModules<{
  assets: typeof assets;
  gc: typeof gc;
  members: typeof members;
  sync: typeof sync;
}>;
export declare const api: FilterApi<typeof fullApi, FunctionReference<any, "public">>;
export declare const internal: FilterApi<typeof fullApi, FunctionReference<any, "internal">>;
