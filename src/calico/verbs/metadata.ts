/** What of a resource's metadata the verbs take over: labels and annotations are the user's, the rest the store's. */

import { isJsonObject } from "../../config/json.ts";
import type { JsonObject, JsonValue } from "../../config/json.ts";
import { memberOf, nameOf, versionOf, withMetadata } from "../resources/raw.ts";
import type { MetadataChange } from "../resources/raw.ts";

/** A resource as it is created: of its metadata only name, labels and annotations. */
export function forCreate(resource: JsonObject): JsonObject {
  const bare = { ...resource, metadata: {} };
  return withMetadata(bare, {
    name: nameOf(resource), labels: memberOf(resource, "metadata", "labels"),
    annotations: memberOf(resource, "metadata", "annotations"),
  });
}

/**
 * A resource as it takes the place of a stored one: the stored metadata, with the new labels and annotations over the
 * stored ones (as calicoctl: apply takes no label away, patch does), and the version that was given, if any.
 */
export function forUpdate(stored: JsonObject, resource: JsonObject): JsonObject {
  const merged = (key: string): JsonValue | undefined => {
    const [old, given] = [memberOf(stored, "metadata", key), memberOf(resource, "metadata", key)];
    if (!isJsonObject(given)) return old;
    return { ...(isJsonObject(old) ? old : {}), ...given };
  };
  const change: MetadataChange = {
    labels: merged("labels"), annotations: merged("annotations"),
    resourceVersion: versionOf(resource) ?? versionOf(stored),
  };
  return withMetadata({ ...resource, metadata: memberOf(stored, "metadata") ?? {} }, change);
}

/** A resource without what belongs to one cluster: `get --export`. */
export function exported(resource: JsonObject): JsonObject {
  return withMetadata(resource, {
    namespace: undefined, uid: undefined, resourceVersion: undefined, creationTimestamp: undefined,
    deletionTimestamp: undefined, deletionGracePeriodSeconds: undefined, managedFields: undefined,
  });
}
