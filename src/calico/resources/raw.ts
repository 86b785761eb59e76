/** A resource, or what else comes as JSON, as it was written: single members, who it is, its metadata. */

import { isJsonObject } from "../../config/json.ts";
import type { JsonObject, JsonValue } from "../../config/json.ts";

/** The value below keys, one after the other; undefined where one of them is missing. */
export function memberOf(value: JsonValue | undefined, ...keys: readonly string[]): JsonValue | undefined {
  let found = value;
  for (const key of keys) found = isJsonObject(found) && Object.hasOwn(found, key) ? found[key] : undefined;
  return found;
}

/** The text below keys; empty where there is none. */
export function textOf(value: JsonValue | undefined, ...keys: readonly string[]): string {
  const found = memberOf(value, ...keys);
  return typeof found === "string" ? found : "";
}

/** The list below keys; empty where there is none. */
export function listOf(value: JsonValue | undefined, ...keys: readonly string[]): readonly JsonValue[] {
  const found = memberOf(value, ...keys);
  return Array.isArray(found) ? found as readonly JsonValue[] : [];
}

/** The object below keys; an empty one where there is none. */
export function objectOf(value: JsonValue | undefined, ...keys: readonly string[]): JsonObject {
  const found = memberOf(value, ...keys);
  return isJsonObject(found) ? found : {};
}

/** `kind`; empty where there is none. */
export function kindOf(resource: JsonValue): string {
  return textOf(resource, "kind");
}

/** `metadata.name`; empty where there is none. */
export function nameOf(resource: JsonValue): string {
  return textOf(resource, "metadata", "name");
}

/** Kubernetes' Services and Secrets are named within their namespace, everything of Calico's in the cluster: "". */
export function qualifiedName({ namespace, name }: { readonly namespace: string; readonly name: string }): string {
  return namespace === "" ? name : `${namespace}/${name}`;
}

/** The same of a resource; undefined where it has no name. */
export function qualifiedNameOf(resource: JsonValue): string | undefined {
  const name = nameOf(resource);
  return name === "" ? undefined : qualifiedName({ namespace: textOf(resource, "metadata", "namespace"), name });
}

/** `metadata.resourceVersion`; undefined where there is none. */
export function versionOf(resource: JsonValue): string | undefined {
  const version = textOf(resource, "metadata", "resourceVersion");
  return version === "" ? undefined : version;
}

/** Members to set; undefined takes one away. */
export type MetadataChange = Readonly<Record<string, JsonValue | undefined>>;

/** The resource with changed metadata. Keys keep their places. */
export function withMetadata(resource: JsonObject, change: MetadataChange): JsonObject {
  const members: MetadataChange = { ...objectOf(resource, "metadata"), ...change };
  const metadata = Object.fromEntries(Object.entries(members).flatMap(([name, value]) =>
    (value === undefined ? [] : [[name, value] as const])));
  return { ...resource, metadata };
}
