/** What the verbs say, in calicoctl's words: scripts look for them. */

import type { Refusal } from "../datastore/writer.ts";
import type { FieldFault } from "../resources/fields.ts";

/** The verbs that change something. */
export type ChangingVerb = "create" | "apply" | "replace" | "patch" | "delete";

/** What a verb did. */
export interface Outcome {
  readonly verb: ChangingVerb;
  /** The kind of each resource that was asked for, whether done or not. */
  readonly kinds: readonly string[];
  /** One for each that failed. */
  readonly errors: readonly string[];
}

/** What is said of it. */
export interface Report {
  /** For standard output, with its line break; empty where nothing is said. */
  readonly out: string;
  /** Lines for standard error. */
  readonly err: readonly string[];
}

const PAST: Readonly<Record<ChangingVerb, string>> = {
  create: "created", apply: "applied", replace: "replaced", patch: "patched", delete: "deleted",
};

/** The report of a verb. A kind is named where all resources are of it. */
export function report({ verb, kinds, errors }: Outcome): Report {
  const asked = kinds.length;
  const done = asked - errors.length;
  const kind = new Set(kinds).size === 1 ? `'${kinds[0] ?? ""}' ` : "";
  const success = done === 0 ? ""
    : `Successfully ${PAST[verb]} ${done} ${kind}${verb === "patch" ? "resource" : "resource(s)"}\n`;
  if (errors.length === 0) return { out: success, err: [] };
  if (verb === "delete") return { out: success, err: errors.map((why) => `Failed to delete ${kind}resource: ${why}`) };
  if (verb === "patch") return { out: success, err: errors.map((why) => `Hit error: ${why}`) };
  const all = `[${errors.join("; ")}]`;
  if (done > 0) {
    const first = `Partial success: ${PAST[verb]} the first ${done} out of ${asked} ${kind}resources:\n`;
    return { out: first, err: [`Hit error${verb === "apply" ? "(s)" : ""}: ${all}`] };
  }
  const what = asked === 1 ? `${kind}resource` : `any ${kind}resources`;
  return { out: "", err: [`Failed to ${verb} ${what}: ${all}`] };
}

/** Why a resource was not read or changed. */
export function refusalText(refusal: Refusal, kind: string, name: string): string {
  if (refusal.refused === "failed") return refusal.why;
  return `${REFUSED[refusal.refused]}: ${kind}(${name})`;
}

const REFUSED: Readonly<Record<"exists" | "absent" | "conflict", string>> = {
  exists: "resource already exists", absent: "resource does not exist", conflict: "update conflict",
};

/** Why a resource may not be written. */
export function faultText(faults: readonly FieldFault[]): string {
  const fields = faults.map(({ field, why }) => (field === "" ? why : `${field}: ${why}`));
  return fields.length === 1 ? `error with field ${fields[0] ?? ""}` : `error with the following fields: ${
    fields.join(", ")}`;
}

/** A document that is no resource the verbs know. */
export function unknownType(kind: string, apiVersion: string): string {
  return `Unknown resource type (${kind}) and/or version (${apiVersion})`;
}

/** A kind on the command line that is none. */
export function unsupportedKind(typed: string): string {
  return `resource type '${typed}' is not supported`;
}
