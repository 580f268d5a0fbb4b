import type { DataModelFromSchemaDefinition, DocumentByName } from "convex/server";
import type { GenericId } from "convex/values";
import type schema from "../schema.js";

export type DataModel = DataModelFromSchemaDefinition<typeof schema>;
export type TableNames = Exclude<keyof DataModel, "_storage" | "_scheduled_functions"> & string;
export type Doc<Table extends TableNames> = DocumentByName<DataModel, Table>;
export type Id<Table extends TableNames | "_storage"> = GenericId<Table>;
