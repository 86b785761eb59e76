/**
 * What the API server of the tests keeps: objects under versions that only grow, and the changes since the last
 * compaction, which watches go on from.
 */

import { randomUUID } from "node:crypto";
import { memberOf, objectOf, textOf } from "../../../src/calico/resources/raw.ts";
import { isJsonObject } from "../../../src/config/json.ts";
import type { JsonObject, JsonValue } from "../../../src/config/json.ts";
import type { ApiKind } from "./api-kinds.ts";

/** One change. */
export interface Change {
  readonly type: "ADDED" | "MODIFIED" | "DELETED";
  readonly version: number;
  readonly kind: ApiKind;
  readonly object: JsonObject;
}

/** The store. */
export class ApiStore {
  readonly #objects = new Map<ApiKind, Map<string, JsonObject>>();
  readonly #changes: Change[] = [];
  readonly #listeners = new Set<(change: Change) => void>();
  #version = 100;
  #compactedTo = 0;

  /** The version of the last change. */
  get version(): number {
    return this.#version;
  }

  /** Changes up to this version are not known any more. */
  get compactedTo(): number {
    return this.#compactedTo;
  }

  /** All objects of a kind, in order of namespace and name. */
  list(kind: ApiKind): readonly JsonObject[] {
    return [...this.#of(kind)].sort(([a], [b]) => (a < b ? -1 : 1)).map(([, object]) => object);
  }

  /** One object; `key` is namespace/name, or /name. */
  get(kind: ApiKind, key: string): JsonObject | undefined {
    return this.#of(kind).get(key);
  }

  /** Creates or replaces; answers the object with its new version. What is equal to what is there changes nothing. */
  put(kind: ApiKind, object: JsonObject): JsonObject {
    const key = keyOf(object);
    const before = this.#of(kind).get(key);
    const metadata: JsonObject = {
      ...objectOf(object, "metadata"),
      uid: memberOf(before, "metadata", "uid") ?? randomUUID(),
      creationTimestamp: memberOf(before, "metadata", "creationTimestamp") ?? "2026-01-01T00:00:00Z",
    };
    const whole: JsonObject = { ...object, apiVersion: kind.group, kind: kind.kind, metadata };
    if (before !== undefined && unversioned(before) === unversioned(whole)) return before;
    return this.#change(before === undefined ? "ADDED" : "MODIFIED", kind, key, whole);
  }

  /** Removes; answers what was there. */
  remove(kind: ApiKind, key: string): JsonObject | undefined {
    const before = this.#of(kind).get(key);
    return before === undefined ? undefined : this.#change("DELETED", kind, key, before);
  }

  /** Goes on without a change, as other kinds' changes do. */
  skip(): void {
    this.#version += 1;
  }

  /** Forgets what has changed so far. */
  compact(): void {
    this.#compactedTo = this.#version;
    this.#changes.length = 0;
  }

  /** The changes of a kind after a version that is not compacted. */
  since(kind: ApiKind, version: number): readonly Change[] {
    return this.#changes.filter((change) => change.kind === kind && change.version > version);
  }

  /** Hears every change; the answer ends that. */
  listen(listener: (change: Change) => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  #of(kind: ApiKind): Map<string, JsonObject> {
    const known = this.#objects.get(kind) ?? new Map<string, JsonObject>();
    this.#objects.set(kind, known);
    return known;
  }

  #change(type: Change["type"], kind: ApiKind, key: string, object: JsonObject): JsonObject {
    this.#version += 1;
    const metadata = { ...objectOf(object, "metadata"), resourceVersion: String(this.#version) };
    const changed: JsonObject = { ...object, metadata };
    if (type === "DELETED") this.#of(kind).delete(key);
    else this.#of(kind).set(key, changed);
    const change: Change = { type, version: this.#version, kind, object: changed };
    this.#changes.push(change);
    for (const listener of this.#listeners) listener(change);
    return changed;
  }
}

/** namespace/name, or /name. */
export function keyOf(object: JsonValue): string {
  return `${textOf(object, "metadata", "namespace")}/${textOf(object, "metadata", "name")}`;
}

function unversioned(object: JsonObject): string {
  const { resourceVersion: _, ...metadata } = objectOf(object, "metadata");
  return JSON.stringify(sorted({ ...object, metadata }));
}

function sorted(value: JsonValue): JsonValue {
  if (Array.isArray(value)) return (value as readonly JsonValue[]).map(sorted);
  if (!isJsonObject(value)) return value;
  return Object.fromEntries(Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([name, each]) => [name, sorted(each)]));
}
