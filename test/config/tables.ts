/** The tables of docs/configuration.md, made from the schema, so that the document cannot fall behind the reader. */

import type { Schema } from "../../src/config/kind.ts";

/** One object of the schema: where it is in a file and which keys it has. */
export interface ObjectSchema {
  readonly path: string;
  readonly properties: Readonly<Record<string, Schema>>;
  readonly required: readonly string[];
  readonly closed: boolean;
}

/** Every object with keys of its own, from the top down. */
export function* objectsOf(schema: Schema, path = "$"): Generator<ObjectSchema> {
  const properties = schema["properties"] as Record<string, Schema> | undefined;
  if (properties !== undefined) {
    const required = (schema["required"] as string[] | undefined) ?? [];
    yield { path, properties, required, closed: schema["additionalProperties"] === false };
    for (const [key, member] of Object.entries(properties)) yield* objectsOf(member, `${path}.${key}`);
  }
  if (schema["items"] !== undefined) yield* objectsOf(schema["items"] as Schema, `${path}[]`);
  for (const option of optionsOf(schema)) yield* objectsOf(option, path);
}

/** The table of one object, as Markdown. */
export function tableOf({ properties, required }: ObjectSchema): string {
  const rows = Object.entries(properties).map(([key, schema]) => {
    const [meaning = "", words] = String(schema["description"]).replace(/\.$/, "").split(". Default: ");
    const byDefault = required.includes(key) ? "needed" : words ?? code(schema["default"]);
    return `| \`${key}\` | ${typeOf(schema)} | ${byDefault} | ${meaning} |`;
  });
  return ["| key | type | default | meaning |", "|---|---|---|---|", ...rows].join("\n");
}

function typeOf(schema: Schema): string {
  const options = optionsOf(schema);
  const words = schema["enum"] as readonly string[] | undefined;
  if (words !== undefined) return words.map((word) => `\`${word}\``).join(", ");
  if (schema["const"] !== undefined) return `\`${String(schema["const"])}\``;
  if (schema["type"] === undefined) return options.map(typeOf).join(" or ");
  if (schema["type"] === "array") return `list of ${typeOf(schema["items"] as Schema)}`;
  if (schema["type"] === "integer") return range(schema["minimum"], schema["maximum"]);
  if (schema["type"] === "boolean") return "true, false";
  return schema["type"] === "string" ? "text" : "object";
}

function range(min: unknown, max: unknown): string {
  return max === undefined ? `${String(min)} or more` : `${String(min)} to ${String(max)}`;
}

function code(value: unknown): string {
  const isObject = typeof value === "object" && value !== null && !Array.isArray(value);
  return isObject ? "its defaults" : `\`${JSON.stringify(value)}\``;
}

function optionsOf(schema: Schema): readonly Schema[] {
  const options = (schema["anyOf"] as Schema[] | undefined) ?? [];
  return options.filter((option) => Object.keys(option).some((key) => key !== "required"));
}
