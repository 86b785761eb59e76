/** Resources as files have them: JSON, or YAML with several documents, each an object or a List of them. */

import type { FaultList } from "../config/fault.ts";
import { isJsonObject, valueOf } from "../config/json.ts";
import type { JsonObject, JsonValue } from "../config/json.ts";
import { readYaml } from "./yaml/read.ts";

/** A resource and where it stands in its document. */
export interface PlacedItem {
  readonly value: JsonValue;
  /** Keys and indexes from the document's root; empty where the document is the resource. */
  readonly path: readonly (string | number)[];
}

/** The resources of a text, those of lists one by one. Mistakes of syntax go to `faults`. */
export function readDocuments(text: string, faults: FaultList): readonly JsonValue[] {
  return readYaml(text, faults).flatMap((node) => itemsOf(valueOf(node))).map(({ value }) => value);
}

/**
 * The resources of one document: itself, the entries of a list, or the items of a List, which `kubectl get -o yaml` and
 * calicoctl print around several resources.
 */
export function itemsOf(value: JsonValue, path: PlacedItem["path"] = []): readonly PlacedItem[] {
  if (isList(value)) return value.map((item, at) => ({ value: item, path: [...path, at] }));
  if (!isJsonObject(value)) return [{ value, path }];
  const { kind, items } = value;
  if (typeof kind !== "string" || !kind.endsWith("List") || items === undefined || !isList(items)) {
    return [{ value, path }];
  }
  // Items of a kind's own list may leave out what the list says.
  const ofItem: JsonObject = kind === "List" ? {}
    : { apiVersion: value["apiVersion"] ?? "", kind: kind.slice(0, -"List".length) };
  return items.flatMap((item, at) => {
    const below = [...path, "items", at];
    return isJsonObject(item) ? itemsOf({ ...ofItem, ...item }, below) : [{ value: item, path: below }];
  });
}

function isList(value: JsonValue): value is readonly JsonValue[] {
  return Array.isArray(value);
}
