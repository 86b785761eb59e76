/** SecretKeyRef: where a password is. */

import type { SecretKey } from "./model.ts";
import type { Fields } from "./fields.ts";

/** `{name, key}` under a key; undefined where absent. Half of one is a fault. */
export function readSecretKey(fields: Fields, key: string): SecretKey | undefined {
  if (!fields.has(key)) return undefined;
  const reference = fields.object(key);
  const name = reference.text("name");
  const entry = reference.text("key");
  if (name !== undefined && entry !== undefined) return { name, key: entry };
  return fields.fault(key, "needs name and key");
}
