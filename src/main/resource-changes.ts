/** What the verbs that change something do with one resource. */

import type { Answer, Refusal, ResourceWriter } from "../calico/datastore/writer.ts";
import { versionOf } from "../calico/resources/raw.ts";
import { faultsOf, identityFaults } from "../calico/verbs/check.ts";
import type { KindRow } from "../calico/verbs/kinds.ts";
import { forCreate, forUpdate } from "../calico/verbs/metadata.ts";
import { mergePatch } from "../calico/verbs/patch.ts";
import { faultText, refusalText } from "../calico/verbs/words.ts";
import type { ChangingVerb } from "../calico/verbs/words.ts";
import { readYaml } from "../calico/yaml/read.ts";
import { FaultList, formatFault } from "../config/fault.ts";
import { isJsonObject, valueOf } from "../config/json.ts";
import type { JsonObject } from "../config/json.ts";
import type { ResourceRequest } from "../control/cli-io.ts";

/** One resource that a verb works on. */
export interface Target {
  readonly row: KindRow;
  /** Empty: all of the kind. */
  readonly name: string;
  /** As the files say it; undefined where the command line names it. */
  readonly resource: JsonObject | undefined;
}

/** Somebody else may write between reading and writing: so often it is tried again, as calicoctl does. */
const ATTEMPTS = 5;

/** Why it was not done; undefined where it was. */
export async function changed(
  verb: ChangingVerb, target: Target, request: ResourceRequest, writer: ResourceWriter,
): Promise<string | undefined> {
  const answer = await ACTIONS[verb](target, writer, request);
  if (typeof answer === "string") return answer;
  if ("done" in answer) return undefined;
  const isSkipped = (answer.refused === "exists" && request.skip.existing)
    || (answer.refused === "absent" && request.skip.absent);
  return isSkipped ? undefined : refusalText(answer, target.row.kind, target.name);
}

/** What the datastore answered, or why it was not asked. */
type Done = Answer<string> | string;
type Action = (target: Target, writer: ResourceWriter, request: ResourceRequest) => Promise<Done>;

const ACTIONS: Readonly<Record<ChangingVerb, Action>> = {
  create: async (target, writer) => checked(target.resource, (resource) => writer.create(forCreate(resource))),
  apply: async (target, writer) => checked(target.resource, async (resource) => {
    const answer = await writer.create(forCreate(resource));
    const isThere = "refused" in answer && answer.refused === "exists";
    return isThere ? replaced(target, resource, writer) : answer;
  }),
  replace: async (target, writer) => checked(target.resource, (resource) => replaced(target, resource, writer)),
  patch: async (target, writer, request) => {
    const patch = patchOf(request.patch);
    return typeof patch === "string" ? patch : updated(target, writer, undefined, (stored) => patched(stored, patch));
  },
  delete: async ({ row, name, resource }, writer) =>
    writer.remove(row.kind, name, resource === undefined ? undefined : versionOf(resource)),
};

/** Does it unless the resource has a mistake. */
async function checked(
  resource: JsonObject | undefined, act: (resource: JsonObject) => Promise<Done>,
): Promise<Done> {
  if (resource === undefined) return "No resources specified";
  const faults = faultsOf(resource);
  return faults.length > 0 ? faultText(faults) : act(resource);
}

function replaced(target: Target, resource: JsonObject, writer: ResourceWriter): Promise<Done> {
  return updated(target, writer, versionOf(resource), (stored) => forUpdate(stored, resource));
}

/** Reads, makes the new one, writes; where no version was given, again after somebody else's change. */
async function updated(
  { row, name }: Target, writer: ResourceWriter, version: string | undefined,
  make: (stored: JsonObject) => JsonObject | string,
): Promise<Done> {
  let refusal: Refusal = { refused: "conflict" };
  for (let attempt = 0; attempt < ATTEMPTS; attempt++) {
    const stored = await writer.get(row.kind, name);
    if (!("done" in stored)) return stored;
    const wanted = make(stored.done);
    if (typeof wanted === "string") return wanted;
    const answer = await writer.update(wanted);
    if ("done" in answer || answer.refused !== "conflict" || version !== undefined) return answer;
    refusal = answer;
  }
  return refusal;
}

function patched(stored: JsonObject, patch: JsonObject): JsonObject | string {
  const wanted = mergePatch(stored, patch);
  if (!isJsonObject(wanted)) return "the patch leaves no resource";
  const identity = identityFaults(stored, wanted);
  const faults = identity.length > 0 ? identity : faultsOf(wanted, stored);
  return faults.length > 0 ? faultText(faults) : wanted;
}

/** The patch that was typed: JSON, or YAML. */
function patchOf(text: string): JsonObject | string {
  const faults = new FaultList("--patch", text);
  const [root, ...more] = readYaml(text, faults);
  const [fault] = faults.all();
  if (fault !== undefined) return formatFault(fault);
  const patch = root === undefined || more.length > 0 ? undefined : valueOf(root);
  return isJsonObject(patch) ? patch : "the patch is no object of JSON";
}
