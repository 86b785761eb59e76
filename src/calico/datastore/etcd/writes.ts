/** Changes to resources in etcd: each compares the revision that it was made from; none is overwritten unseen. */

import { randomUUID } from "node:crypto";
import { parsedJson } from "../../../config/json.ts";
import type { JsonObject, JsonValue } from "../../../config/json.ts";
import { memberOf, objectOf } from "../../resources/raw.ts";
import type { EtcdClient } from "./client.ts";
import { keyOf } from "./keys.ts";
import type { Identity } from "./keys.ts";
import { base64, revisionOf } from "./messages.ts";
import type { Entry } from "./messages.ts";

/** What became of a change. */
export type WriteResult =
  /** The resource's revision from now on, decimal. */
  | { readonly kind: "written"; readonly revision: string }
  /** There is nothing to remove. */
  | { readonly kind: "absent" }
  /** It has changed: the revision that it has now, "0" where it is not there. */
  | { readonly kind: "conflict"; readonly revision: string }
  /** It has no place in etcd. */
  | { readonly kind: "refused"; readonly why: string }
  /** Nothing was changed. */
  | { readonly kind: "unreachable"; readonly why: string }
  /** It may have been changed, or not. */
  | { readonly kind: "failed"; readonly why: string };

const API_VERSIONS: ReadonlySet<JsonValue | undefined> =
  new Set([undefined, "projectcalico.org/v3", "crd.projectcalico.org/v1"]);
/** Others may be faster this often, where the caller does not mind who was first. */
const ATTEMPTS_MAX = 5;

/**
 * Adds or replaces a resource; `expected` is the revision that it must have, "0" to add only. Without it the last one
 * wins. `now` is ISO 8601, for the creation.
 */
export async function putResource(
  client: EtcdClient, resource: JsonValue, expected: string | undefined, now: string,
): Promise<WriteResult> {
  const whole = objectOf(resource);
  const { kind, apiVersion } = whole;
  const name = memberOf(whole, "metadata", "name");
  if (typeof kind !== "string" || typeof name !== "string") return { kind: "refused", why: "kind or name is missing" };
  if (!API_VERSIONS.has(apiVersion)) return { kind: "refused", why: `etcd has no ${kind} of ${String(apiVersion)}` };
  return change(client, { kind, name }, expected, (key, current) =>
    ({ request_put: { key, value: base64(JSON.stringify(stored(whole, current, now))) } }));
}

/** Removes a resource; `expected` is the revision that it must have. */
export async function removeResource(
  client: EtcdClient, identity: Identity, expected: string | undefined,
): Promise<WriteResult> {
  return change(client, identity, expected, (key, current) =>
    current === undefined ? undefined : { request_delete_range: { key } });
}

type Operation = (key: string, current: Entry | undefined) => JsonValue | undefined;

async function change(
  client: EtcdClient, identity: Identity, expected: string | undefined, operation: Operation,
): Promise<WriteResult> {
  const path = keyOf(identity);
  if (path === undefined) return { kind: "refused", why: `etcd has no place for ${identity.kind} ${identity.name}` };
  const key = base64(path);
  for (let attempt = 1; ; attempt++) {
    const current = await client.read(path);
    if (typeof current === "string") return { kind: "unreachable", why: current };
    const revision = current?.modRevision ?? "0";
    if ((expected ?? revision) !== revision || attempt > ATTEMPTS_MAX) return { kind: "conflict", revision };
    const wanted = operation(key, current);
    if (wanted === undefined) return { kind: "absent" };
    const compare = { key, target: "MOD", result: "EQUAL", mod_revision: revision };
    const answer = await client.call("/v3/kv/txn", { compare: [compare], success: [wanted] });
    if (typeof answer === "string") return { kind: "failed", why: answer };
    if (answer["succeeded"] === true) {
      return { kind: "written", revision: revisionOf(memberOf(answer, "header", "revision")) ?? "0" };
    }
  }
}

/** As Calico stores it: its own tools refuse to change what has no uid and no time of creation. */
function stored(resource: JsonObject, current: Entry | undefined, now: string): JsonObject {
  const { resourceVersion: _revision, ...given } = objectOf(resource, "metadata");
  const before = objectOf(parsedJson(current?.value ?? ""), "metadata");
  const uid = before["uid"] ?? given["uid"] ?? randomUUID();
  const creationTimestamp = before["creationTimestamp"] ?? given["creationTimestamp"] ?? now;
  return { ...resource, apiVersion: "projectcalico.org/v3", metadata: { ...given, uid, creationTimestamp } };
}
