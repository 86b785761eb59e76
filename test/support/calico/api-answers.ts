/** How the API server of the tests words its answers: statuses, lists, and the tables that kubectl prints. */

import { objectOf, textOf } from "../../../src/calico/resources/raw.ts";
import type { JsonObject } from "../../../src/config/json.ts";
import type { ApiKind } from "./api-kinds.ts";

const REASONS: Readonly<Record<number, string>> = {
  400: "BadRequest", 401: "Unauthorized", 403: "Forbidden", 404: "NotFound", 405: "MethodNotAllowed", 409: "Conflict",
  410: "Expired", 415: "UnsupportedMediaType", 422: "Invalid", 429: "TooManyRequests", 500: "InternalError",
  503: "ServiceUnavailable", 504: "Timeout",
};

/** A Status that says no; also the object of a watch's ERROR. */
export function statusOf(code: number, message: string, reason: string = REASONS[code] ?? ""): JsonObject {
  return { kind: "Status", apiVersion: "v1", metadata: {}, status: "Failure", message, reason, code };
}

/** A list as servers give it: items of the built-in kinds do not say what they are. */
export function listOf(
  { group, kind }: ApiKind, objects: readonly JsonObject[], version: number, next: string, remaining: number,
): JsonObject {
  const isBuiltIn = !group.includes("projectcalico");
  const items = isBuiltIn ? objects.map(({ apiVersion: _, kind: __, ...rest }) => rest) : objects;
  const more: JsonObject = next === "" ? {} : { continue: next, remainingItemCount: remaining };
  return { kind: `${kind}List`, apiVersion: group, metadata: { resourceVersion: String(version), ...more }, items };
}

/** Whether kubectl asks for a table. */
export const wantsTable = (accept: string): boolean => accept.includes("as=Table");

/** Objects as a table for people. */
export function tableOf(objects: readonly JsonObject[], metadata: JsonObject): JsonObject {
  const column = (name: string, format: string): JsonObject =>
    ({ name, type: "string", format, description: "", priority: 0 });
  return {
    kind: "Table", apiVersion: "meta.k8s.io/v1", metadata,
    columnDefinitions: [column("Name", "name"), column("Created At", "")],
    rows: objects.map((object) => ({
      cells: [textOf(object, "metadata", "name"), textOf(object, "metadata", "creationTimestamp")],
      object: { kind: "PartialObjectMetadata", apiVersion: "meta.k8s.io/v1", metadata: objectOf(object, "metadata") },
    })),
  };
}

/** Selectors of fields (name and namespace) and of labels (equality and presence), as a test of an object. */
export function selectorOf(query: URLSearchParams): (object: JsonObject) => boolean {
  const clauses = (text: string | null): readonly string[] => (text ?? "").split(",").filter((clause) => clause !== "");
  const fields = clauses(query.get("fieldSelector")).map((clause) => clause.split(/==?/));
  const labels = clauses(query.get("labelSelector")).map((clause) => clause.split(/==?/));
  return (object) =>
    fields.every(([path = "", value = ""]) => textOf(object, ...path.split(".")) === value) &&
    labels.every(([name = "", value]) => {
      const label = objectOf(object, "metadata", "labels")[name];
      return value === undefined ? label !== undefined : label === value;
    });
}
