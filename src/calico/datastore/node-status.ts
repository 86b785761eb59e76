/** The status of a CalicoNodeStatus, where it is written. */

import { sameValue } from "../../base/same.ts";
import type { JsonObject, JsonValue } from "../../config/json.ts";
import { objectOf } from "../resources/raw.ts";

/** Whether both say the same; when they said it does not count. */
export function sameStatus(before: JsonValue | undefined, after: JsonObject): boolean {
  const { lastUpdated: _before, ...one } = objectOf(before);
  const { lastUpdated: _after, ...other } = after;
  return sameValue(one, other);
}
