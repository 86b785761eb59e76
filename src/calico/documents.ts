/** Resources as files have them: JSON, or YAML with several documents, each an object or a List of them. */

import type { FaultList } from "../config/fault.ts";
import { valueOf } from "../config/json.ts";
import type { JsonValue } from "../config/json.ts";
import { readYaml } from "./yaml/read.ts";

/** The resources of a text, those of lists one by one. Mistakes of syntax go to `faults`. */
export function readDocuments(text: string, faults: FaultList): readonly JsonValue[] {
  return readYaml(text, faults).map(valueOf).flatMap(itemsOf);
}

/** `kubectl get -o yaml` and calicoctl print a List, or a kind's own list, around several resources. */
function itemsOf(value: JsonValue): readonly JsonValue[] {
  if (Array.isArray(value)) return value as readonly JsonValue[];
  if (typeof value !== "object" || value === null) return [value];
  const { kind, items } = value as { readonly kind?: JsonValue; readonly items?: JsonValue };
  if (typeof kind !== "string" || !kind.endsWith("List") || !Array.isArray(items)) return [value];
  // Items of a kind's own list may leave out what the list says.
  const apiVersion = (value as { readonly apiVersion?: JsonValue }).apiVersion ?? "";
  const ofItem = kind === "List" ? {} : { apiVersion, kind: kind.slice(0, -"List".length) };
  return (items as readonly JsonValue[]).flatMap((item) => typeof item === "object" && item !== null
    && !Array.isArray(item) ? itemsOf({ ...ofItem, ...item }) : [item]);
}
