/** The JSON Schema of the configuration file, made from the tables that read it: editors complete from it. */

import { configurationFile } from "./file.ts";
import type { Schema } from "./kind.ts";

/** The schema as the text of `reflectd.schema.json`. */
export function schemaText(): string {
  return `${JSON.stringify(configurationSchema(), schemaValue, 2)}\n`;
}

/** The schema (draft 7, which every editor knows). It cannot say everything: `reflectd check` does. */
export function configurationSchema(): Schema {
  return {
    $schema: "http://json-schema.org/draft-07/schema#",
    title: "Configuration of reflectd",
    ...configurationFile.schema,
    anyOf: [{ required: ["routerId"] }, { required: ["calico"] }],
  };
}

/** Defaults are our own values; a map of labels is an object in the file. */
function schemaValue(_key: string, value: unknown): unknown {
  return value instanceof Map ? Object.fromEntries(value) : value;
}
