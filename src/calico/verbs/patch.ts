/** JSON merge patch, RFC 7396. For Calico's kinds calicoctl's strategic merge is the same: their lists are replaced. */

import { isJsonObject } from "../../config/json.ts";
import type { JsonValue } from "../../config/json.ts";

/** The value with the patch applied: null takes a member away, an object is merged, everything else replaces. */
export function mergePatch(target: JsonValue | undefined, patch: JsonValue): JsonValue {
  if (!isJsonObject(patch)) return patch;
  const merged = new Map<string, JsonValue>(Object.entries(isJsonObject(target) ? target : {}));
  for (const [name, value] of Object.entries(patch)) {
    if (value === null) merged.delete(name);
    else merged.set(name, mergePatch(merged.get(name), value));
  }
  return Object.fromEntries(merged);
}
