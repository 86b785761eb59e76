/** The three patches that a Kubernetes API server takes of kubectl, written as their definitions read. */

import { memberOf } from "../../../src/calico/resources/raw.ts";
import { isJsonObject } from "../../../src/config/json.ts";
import type { JsonValue } from "../../../src/config/json.ts";

/** JSON Merge Patch (RFC 7396). */
export function mergePatch(target: JsonValue | undefined, patch: JsonValue): JsonValue {
  if (!isJsonObject(patch)) return patch;
  const merged: Record<string, JsonValue> = isJsonObject(target) ? { ...target } : {};
  for (const [name, value] of Object.entries(patch)) {
    if (value === null) delete merged[name];
    else merged[name] = mergePatch(merged[name], value);
  }
  return merged;
}

/** Lists that are merged by a key, of the kinds that the tests have. */
const MERGE_KEYS: Readonly<Record<string, string>> = { conditions: "type", addresses: "type", taints: "key" };

/** Kubernetes' strategic merge patch: as above, but some lists are merged by a key, and `$patch: delete` removes. */
export function strategicPatch(target: JsonValue | undefined, patch: JsonValue): JsonValue {
  if (!isJsonObject(patch)) return patch;
  const merged: Record<string, JsonValue> = isJsonObject(target) ? { ...target } : {};
  for (const [name, value] of Object.entries(patch)) {
    if (name.startsWith("$")) continue;
    const key = MERGE_KEYS[name];
    if (value === null) delete merged[name];
    else if (key !== undefined && Array.isArray(value)) merged[name] = mergedList(merged[name], value, key);
    else merged[name] = strategicPatch(merged[name], value);
  }
  return merged;
}

function mergedList(target: JsonValue | undefined, patch: readonly JsonValue[], key: string): JsonValue {
  const keyOf = (item: JsonValue): JsonValue => (isJsonObject(item) ? item[key] ?? null : null);
  const merged: JsonValue[] = Array.isArray(target) ? [...target as readonly JsonValue[]] : [];
  for (const item of patch) {
    const at = merged.findIndex((existing) => keyOf(existing) === keyOf(item));
    const isDeletion = isJsonObject(item) && item["$patch"] === "delete";
    if (isDeletion && at >= 0) merged.splice(at, 1);
    else if (!isDeletion && at >= 0) merged[at] = strategicPatch(merged[at], item);
    else if (!isDeletion) merged.push(item);
  }
  return merged;
}

/** JSON Patch (RFC 6902) on objects: add, replace, remove and test. Undefined where a test fails. */
export function jsonPatch(target: JsonValue, patch: JsonValue): JsonValue | undefined {
  let patched: JsonValue | undefined = target;
  for (const operation of Array.isArray(patch) ? patch as readonly JsonValue[] : []) {
    if (!isJsonObject(operation) || patched === undefined) return undefined;
    const names = String(operation["path"]).split("/").slice(1).map((name) =>
      name.replaceAll("~1", "/").replaceAll("~0", "~"));
    const value = operation["value"] ?? null;
    if (operation["op"] === "test") {
      const found = memberOf(patched, ...names);
      if (JSON.stringify(found) !== JSON.stringify(value)) return undefined;
    } else {
      // On objects an addition is a merge patch with one member, and a removal one with null.
      const change = names.reduceRight<JsonValue>((below, name) => ({ [name]: below }),
        operation["op"] === "remove" ? null : value);
      patched = mergePatch(patched, change);
    }
  }
  return patched;
}
