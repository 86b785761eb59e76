/**
 * What the verbs ask of a datastore: whole resources in and out, as they were written. Rule: an implementation knows
 * nothing of fields, tables or words; that a resource may be written was checked before.
 */

import type { ConfigFault } from "../../config/fault.ts";
import type { JsonObject } from "../../config/json.ts";

/** Why a datastore did not do what it was asked. */
export type Refusal =
  | { readonly refused: "exists" | "absent" | "conflict" }
  /** It could not; one clause. */
  | { readonly refused: "failed"; readonly why: string };

/** What was asked for, or why it was not done. */
export type Answer<T> = { readonly done: T } | Refusal;

/**
 * A datastore as `get` sees it. Every resource that comes out has a `metadata.resourceVersion`, an opaque text that is
 * another one after every change.
 */
export interface ResourceReader {
  /** What could not be read during the last call: answers may lack what stands there. */
  readonly unread: readonly ConfigFault[];
  /** All of a kind, in order of their names. */
  list(kind: string): Promise<Answer<readonly JsonObject[]>>;
  /** Refused as absent where there is none. */
  get(kind: string, name: string): Promise<Answer<JsonObject>>;
}

/** A datastore that can be written to. */
export interface ResourceWriter extends ResourceReader {
  /** Answers its version. Refused where there is one of this kind and name. */
  create(resource: JsonObject): Promise<Answer<string>>;
  /**
   * Takes the place of the one of its kind and name, and answers its new version; refused as a conflict where it
   * carries another version.
   */
  update(resource: JsonObject): Promise<Answer<string>>;
  /** Answers its last version, or that of the removal; refused as a conflict where one is given and is another one. */
  remove(kind: string, name: string, resourceVersion: string | undefined): Promise<Answer<string>>;
}
