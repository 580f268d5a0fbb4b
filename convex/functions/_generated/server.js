import { internalMutationGeneric, mutationGeneric, queryGeneric } from "convex/server";
export const query = queryGeneric;
export const mutation = mutationGeneric;
export const internalMutation = internalMutationGeneric;
