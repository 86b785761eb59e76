/** `get`, `create`, `apply`, `replace`, `patch`, `delete`: calicoctl's verbs on the datastore that was chosen. */

import { printableText } from "../base/printable.ts";
import { EtcdWriter } from "../calico/datastore/etcd/writer.ts";
import { FilesWriter } from "../calico/datastore/files/writer.ts";
import type { Answer, ResourceReader, ResourceWriter } from "../calico/datastore/writer.ts";
import { kindOf, memberOf, nameOf, textOf } from "../calico/resources/raw.ts";
import { ResourceStore } from "../calico/store.ts";
import { clusterOf, kindOfResource, kindTyped } from "../calico/verbs/kinds.ts";
import type { Cluster, KindRow } from "../calico/verbs/kinds.ts";
import { exported } from "../calico/verbs/metadata.ts";
import { formatFault, printed } from "../calico/verbs/output.ts";
import type { Found } from "../calico/verbs/output.ts";
import { refusalText, report, unknownType, unsupportedKind } from "../calico/verbs/words.ts";
import { isJsonObject } from "../config/json.ts";
import type { JsonObject, JsonValue } from "../config/json.ts";
import { EXIT } from "../control/cli-io.ts";
import type { CliHandlers, CliIo, ResourceRequest } from "../control/cli-io.ts";
import { etcdSettings, openEtcd, openKubernetesReader, systemTimers } from "./calico-datastore.ts";
import { chosenDatastore } from "./datastore-choice.ts";
import type { DatastoreChoice } from "./datastore-choice.ts";
import { complain } from "./files.ts";
import { readManifests } from "./manifests.ts";
import { changed } from "./resource-changes.ts";
import type { Target } from "./resource-changes.ts";

/** Runs a verb on the datastore that is meant. */
export const resources: CliHandlers["resources"] = async (request, io) => {
  const choice = await chosenDatastore(request, io);
  if (typeof choice === "number") return choice;
  if (choice.datastore === "kubernetes") return onKubernetes(request, choice, io);
  const writer = writerOf(choice, io);
  if (typeof writer === "string") return fail(`${request.verb}: ${writer}`, io);
  return runVerb(request, writer, io);
};

/** Kubernetes is read here, and changed by kubectl. */
async function onKubernetes(request: ResourceRequest, { kubeconfig }: DatastoreChoice, io: CliIo): Promise<number> {
  if (request.verb !== "get") return fail(`${request.verb}: the datastore is Kubernetes (kubectl does this)`, io);
  const reader = openKubernetesReader(kubeconfig, io.env);
  const code = await runGet(request, reader, io);
  reader.close();
  return code;
}

/** The datastore's own writer, or why there is none and what to do. */
function writerOf({ datastore, files, etcd }: DatastoreChoice, { env }: CliIo): ResourceWriter | string {
  if (datastore === "files") {
    return files.length === 0 ? "no files are known (give --config FILE)" : new FilesWriter(files, systemTimers);
  }
  const settings = etcdSettings(etcd, env);
  if (settings.endpoints.length > 0) return new EtcdWriter(openEtcd(settings, undefined));
  return "no endpoints of etcd are known (calico.etcd.endpoints of --config FILE, or ETCD_ENDPOINTS)";
}

/** Runs a verb on a datastore; resolves with the exit code. */
export async function runVerb(request: ResourceRequest, writer: ResourceWriter, io: CliIo): Promise<number> {
  if (request.verb === "get") return runGet(request, writer, io);
  const targets = await targetsOf(request, io);
  if (typeof targets === "string") return fail(targets, io);
  if (typeof targets === "number") return targets;
  const errors: string[] = [];
  for (const target of targets) {
    const why = await changed(request.verb, target, request, writer);
    if (why !== undefined) errors.push(why);
  }
  const { out, err } = report({ verb: request.verb, kinds: targets.map(({ row }) => row.kind), errors });
  io.stdout.write(out);
  for (const line of err) say(line, io);
  complain(writer.unread, io);
  return errors.length === 0 ? EXIT.done : EXIT.failed;
}

async function runGet(request: ResourceRequest, reader: ResourceReader, io: CliIo): Promise<number> {
  const targets = await targetsOf(request, io);
  if (typeof targets === "string") return fail(targets, io);
  return typeof targets === "number" ? targets : show(targets, request, reader, io);
}

/** What a verb is to work on; a text says why it cannot, a number is the exit code after that was said. */
async function targetsOf(request: ResourceRequest, io: CliIo): Promise<readonly Target[] | string | number> {
  const { words, files, verb } = request;
  if (files.length === 0) return typedTargets(words, verb);
  const { documents, unread } = await readManifests(files, io, request.recursive);
  if (unread.length > 0) {
    complain(unread, io);
    return EXIT.failed;
  }
  if (documents.length === 0) {
    if (!request.skip.empty) return `No resources specified in ${files.join(", ")}`;
    io.stdout.write("No resources specified\n");
    return EXIT.done;
  }
  const targets: Target[] = [];
  for (const document of documents) {
    const target = targetOf(document);
    if (typeof target === "string") return `Failed to execute command: ${target}`;
    targets.push(target);
  }
  return targets;
}

function typedTargets([typed = "", ...names]: readonly string[], verb: ResourceRequest["verb"]):
  readonly Target[] | string {
  const row = kindTyped(typed);
  if (row === undefined) return `${verb === "get" ? "Failed to get resources: " : ""}${unsupportedKind(typed)}`;
  if (names.includes("")) return "resource name may not be empty";
  const all = verb === "get" && names.length === 0 ? [""] : names;
  return all.map((name) => ({ row, name, resource: undefined }));
}

function targetOf(document: JsonValue): Target | string {
  const row = isJsonObject(document) ? kindOfResource(document) : undefined;
  if (!isJsonObject(document) || row === undefined) {
    return unknownType(kindOf(document), textOf(document, "apiVersion"));
  }
  const name = nameOf(document);
  if (name !== "") return { row, name, resource: document };
  // YAML makes numbers and truths of names such as 7 and n.
  const given = memberOf(document, "metadata", "name") ?? "";
  return given === "" ? "resource name may not be empty"
    : `metadata.name ${JSON.stringify(given)} is no text (quote it)`;
}

/** `get`: what there is on standard output; what there is not, and what is wrong with what there is, beside it. */
async function show(
  targets: readonly Target[], request: ResourceRequest, reader: ResourceReader, io: CliIo,
): Promise<number> {
  const wrong = targets.map(({ row }) => formatFault(request.format, row)).find((fault) => fault !== undefined);
  if (wrong !== undefined) return fail(wrong, io);
  const found: Found[] = [];
  const missing: string[] = [];
  for (const { row, name } of targets) {
    const one = await findOne(row, name, reader);
    if (typeof one === "string") missing.push(one);
    else found.push(request.export && name !== "" ? { ...one, resources: one.resources.map(exported) } : one);
  }
  const cluster = await clusterFor(found, reader);
  if (found.length > 0 || missing.length === 0) io.stdout.write(printed(found, request.format, cluster));
  for (const why of missing) say(why, io);
  for (const line of faultLines(found.flatMap((one) => one.resources))) say(line, io);
  complain(reader.unread, io);
  return missing.length + reader.unread.length === 0 ? EXIT.done : EXIT.failed;
}

async function findOne(row: KindRow, name: string, reader: ResourceReader): Promise<Found | string> {
  const isList = name === "";
  const answer = isList ? await reader.list(row.kind) : alone(await reader.get(row.kind, name));
  return "done" in answer ? { row, resources: answer.done, isList } : refusalText(answer, row.kind, name);
}

function alone(answer: Answer<JsonObject>): Answer<readonly JsonObject[]> {
  return "done" in answer ? { done: [answer.done] } : answer;
}

/** Only nodes show something of the cluster. */
async function clusterFor(found: readonly Found[], reader: ResourceReader): Promise<Cluster> {
  if (!found.some(({ row }) => row.kind === "Node")) return clusterOf(undefined);
  const answer = await reader.get("BGPConfiguration", "default");
  return clusterOf("done" in answer ? answer.done : undefined);
}

/** Why the daemon leaves resources out, or parts of them. On standard error: tables are read by scripts. */
function faultLines(shown: readonly JsonObject[]): readonly string[] {
  return new ResourceStore().put(shown).map(({ kind, name, field, why, note }) => {
    const [mark, todo] = note === undefined
      ? ["", "correct it with patch or replace"] : ["note: ", "it counts as it is"];
    return `${kind} ${name}: ${field === "" ? "" : `${field}: `}${mark}${why} (${todo})`;
  });
}

function fail(why: string, io: CliIo): number {
  say(why, io);
  return EXIT.failed;
}

/** One line, whatever the resources hold. */
function say(line: string, io: CliIo): void {
  io.stderr.write(`reflectd: ${printableText(line)}\n`);
}
