/**
 * What an unquoted text means. Rule: as kubectl and calicoctl read it (go-yaml v2 behind sigs.k8s.io/yaml), so YAML 1.1
 * in its booleans and octal numbers and not in its base 60; a date stays a text. The text is kept beside the value.
 */

import type { JsonNode } from "../../config/json.ts";

const NULLS: ReadonlySet<string> = new Set(["", "~", "null", "Null", "NULL"]);
const BOOLEANS: ReadonlyMap<string, boolean> = new Map([
  ...["y", "Y", "yes", "Yes", "YES", "true", "True", "TRUE", "on", "On", "ON"].map((word) => [word, true] as const),
  ...["n", "N", "no", "No", "NO", "false", "False", "FALSE", "off", "Off", "OFF"].map((word) => [word, false] as const),
]);
const NOT_FINITE = /^(?:[-+]?\.(?:inf|Inf|INF)|\.(?:nan|NaN|NAN))$/;

interface NumberForm { readonly pattern: RegExp; readonly radix: number }
/** The first that matches, without underscores; a leading zero is octal unless a digit says otherwise. */
const NUMBERS: readonly NumberForm[] = [
  { pattern: /^([-+]?)0[xX]([0-9a-fA-F]+)$/, radix: 16 },
  { pattern: /^([-+]?)0[bB]([01]+)$/, radix: 2 },
  { pattern: /^([-+]?)0[oO]?([0-7]+)$/, radix: 8 },
  { pattern: /^([-+]?)((?:\.[0-9]+|[0-9]+(?:\.[0-9]*)?)(?:[eE][-+]?[0-9]+)?)$/, radix: 10 },
];

/** The node of an unquoted text; undefined for a number that JSON does not have (infinite, or none). */
export function resolve(text: string, offset: number): JsonNode | undefined {
  if (NULLS.has(text)) return { type: "null", offset, text };
  const boolean = BOOLEANS.get(text);
  if (boolean !== undefined) return { type: "boolean", offset, value: boolean, text };
  if (NOT_FINITE.test(text)) return undefined;
  const number = /^[-+.0-9]/.test(text) ? numberOf(text) : undefined;
  if (number !== undefined) return { type: "number", offset, value: number, text };
  return { type: "string", offset, value: text };
}

function numberOf(text: string): number | undefined {
  const plain = text.startsWith(".") ? text : text.replaceAll("_", "");
  for (const { pattern, radix } of NUMBERS) {
    const [, sign = "", digits = ""] = pattern.exec(plain) ?? [];
    if (digits === "") continue;
    const value = radix === 10 ? Number(digits) : Number.parseInt(digits, radix);
    if (Number.isFinite(value)) return sign === "-" ? -value : value;
  }
  return undefined;
}

/** Whether a text would mean something else without quotes, to go-yaml or to another reader of YAML 1.1. */
export function needsQuotes(text: string): boolean {
  const isDate = /^[0-9]{4}-[0-9]/.test(text);
  const isBase60 = /^[-+]?[0-9][0-9_]*(?::[0-5]?[0-9])+(?:\.[0-9_]*)?$/.test(text);
  return isDate || isBase60 || text === "<<" || text === "=" || resolve(text, 0)?.type !== "string";
}
