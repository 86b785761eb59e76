/** SecretKeyRef: where a password is. */

import type { SecretKey } from "./model.ts";
import type { Fields } from "./fields.ts";

/**
 * `{name, key}` under a key; undefined where absent. Half of one is a fault, and the other half empty: whoever asks for
 * a password must not go without.
 */
export function readSecretKey(fields: Fields, key: string): SecretKey | undefined {
  if (!fields.has(key)) return undefined;
  const reference = fields.object(key);
  const { name = "", key: entry = "" } = { name: reference.text("name"), key: reference.text("key") };
  if (name === "" || entry === "") fields.fault(key, "needs name and key");
  return { name, key: entry };
}
