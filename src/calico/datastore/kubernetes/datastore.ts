/**
 * The Kubernetes API as a datastore: one list and one watch for each resource that is wanted. Rules: what is wrong
 * with one resource does not stop the others; nothing is "synced" before everything that decides about routes is
 * known; an outage of any length leaves what was told.
 */

import { isJsonObject } from "../../../config/json.ts";
import type { JsonObject, JsonValue } from "../../../config/json.ts";
import type { CalicoNode, ResourceFault } from "../../resources/model.ts";
import { memberOf, textOf } from "../../resources/raw.ts";
import { sameStatus } from "../node-status.ts";
import type { Datastore, DatastoreEvent, NodeWritten, Timers, Wanted } from "../datastore.ts";
import type { AccessSource } from "./access.ts";
import { annotationsOf } from "./annotations.ts";
import { askJson, HttpApi } from "./api.ts";
import { discoverApiGroup } from "./api-group.ts";
import type { Failure } from "./failure.ts";
import { ResourceWatcher } from "./resource-watcher.ts";
import type { WatcherHost } from "./resource-watcher.ts";
import { ALWAYS, listPath, NODE_STATUSES, NODES, rowName, secretRow, SERVICES } from "./resources.ts";
import type { ResourceRow } from "./resources.ts";

/** What the datastore is made of. */
export interface KubernetesOptions {
  readonly access: AccessSource;
  readonly timers: Timers;
  /** Of the Secrets. */
  readonly namespace: string;
  /** As apiGroupOf reads it from CALICO_API_GROUP; undefined: the server is asked. */
  readonly apiGroup: string | undefined;
  /** Nothing but Secrets: Calico's resources are elsewhere. */
  readonly isForSecrets?: boolean;
}

/** What became of a write: the object as it is now, or why not. Status 409: it has changed meanwhile. */
export type Written = { readonly value: JsonValue } | Failure;

interface Running { readonly watcher: ResourceWatcher; readonly stopping: AbortController }

/** The API's resources, by watchers that come and go with what is wanted. */
export class KubernetesDatastore implements Datastore {
  readonly #options: KubernetesOptions;
  readonly #api: HttpApi;
  readonly #stopping = new AbortController();
  readonly #running = new Map<string, Running>();
  /** Every loop that has not ended, of rows that are not wanted any more too. */
  readonly #loops = new Set<Promise<void>>();
  readonly #host: WatcherHost;
  #listener: ((event: DatastoreEvent) => void) | undefined;
  #wanted: Wanted = { services: false, statuses: false, secrets: new Set() };
  #group: Promise<string | Failure> | undefined;
  #isSynced = false;
  #faultsTold = "[]";
  /** Undefined until the server was reached or could not be. */
  #isUp: boolean | undefined;
  #whyDown = "";

  constructor(options: KubernetesOptions) {
    this.#options = options;
    this.#api = new HttpApi(options.access, options.timers);
    this.#host = {
      api: this.#api,
      timers: options.timers,
      groupOf: (row) => this.#groupOf(row),
      onMissing: (row) => {
        if (row.group === "calico") this.#group = undefined; // its resources may have moved to the other group
      },
      onEvent: (event) => this.#tell(event),
      onState: () => this.#review(),
    };
  }

  start(listener: (event: DatastoreEvent) => void): void {
    this.#listener = listener;
    this.#reconcile();
  }

  async stop(): Promise<void> {
    this.#listener = undefined;
    this.#stopping.abort();
    for (const { stopping } of this.#running.values()) stopping.abort();
    this.#running.clear();
    await Promise.all(this.#loops);
    this.#api.close();
  }

  want(wanted: Wanted): void {
    this.#wanted = wanted;
    if (this.#listener !== undefined) this.#reconcile();
  }

  /** A Node that is not there is none of ours to make: Kubernetes knows its own hosts. */
  async publishNode(node: CalicoNode): Promise<NodeWritten> {
    const path = `${listPath(NODES, NODES.group)}/${encodeURIComponent(node.name)}`;
    const read = await askJson(this.#api, { method: "GET", path, signal: this.#stopping.signal });
    if ("why" in read) return { why: read.why };
    const annotations = annotationsOf(node, read.value);
    if (Object.keys(annotations).length === 0) return "unchanged";
    // Of this version and no other: the annotation with the labels is what was read and more.
    const resourceVersion = textOf(read.value, "metadata", "resourceVersion");
    const written = await this.patchNodeStatus(node.name, { metadata: { resourceVersion, annotations } });
    return "why" in written ? { why: written.why } : "written";
  }

  /** Patches a Node's annotations and conditions; conditions are merged by their type (strategic merge patch). */
  patchNodeStatus(name: string, patch: JsonValue): Promise<Written> {
    return askJson(this.#api, {
      method: "PATCH", path: `${listPath(NODES, NODES.group)}/${encodeURIComponent(name)}/status`,
      body: { type: "application/strategic-merge-patch+json", value: patch },
      signal: this.#stopping.signal,
    });
  }

  /** The version that was read goes back with it, so that no other change is lost. */
  async writeNodeStatus(name: string, status: JsonObject): Promise<NodeWritten> {
    const group = await this.#groupOf(NODE_STATUSES);
    if (typeof group !== "string") return { why: group.why };
    const path = `${listPath(NODE_STATUSES, group)}/${encodeURIComponent(name)}`;
    const { signal } = this.#stopping;
    const read = await askJson(this.#api, { method: "GET", path, signal });
    if ("why" in read) return { why: read.why };
    if (!isJsonObject(read.value)) return { why: "the server answers no object" };
    if (sameStatus(memberOf(read.value, "status"), status)) return "unchanged";
    const body = { type: "application/json", value: { ...read.value, status } };
    const written = await askJson(this.#api, { method: "PUT", path: `${path}/status`, body, signal });
    return "why" in written ? { why: written.why } : "written";
  }

  #watchers(): readonly ResourceWatcher[] {
    return [...this.#running.values()].map(({ watcher }) => watcher);
  }

  /** Starts and stops watchers until they are the wanted ones. */
  #reconcile(): void {
    const { services, statuses, secrets } = this.#wanted;
    const ofCalico = [...ALWAYS, ...(services ? SERVICES : []), ...(statuses ? [NODE_STATUSES] : [])];
    const rows = new Map([
      ...(this.#options.isForSecrets === true ? [] : ofCalico),
      ...[...secrets].map((name) => secretRow(this.#options.namespace, name)),
    ].map((row) => [rowName(row), row] as const));
    for (const [name, { watcher, stopping }] of [...this.#running]) {
      if (rows.has(name)) continue;
      this.#running.delete(name);
      watcher.tellNone();
      stopping.abort();
    }
    for (const [name, row] of rows) if (!this.#running.has(name)) this.#begin(name, row);
    this.#review();
  }

  #begin(name: string, row: ResourceRow): void {
    const stopping = new AbortController();
    const watcher = new ResourceWatcher(row, this.#host, stopping.signal);
    this.#running.set(name, { watcher, stopping });
    const loop = watcher.run();
    this.#loops.add(loop);
    void loop.then(() => this.#loops.delete(loop));
  }

  async #groupOf({ group }: ResourceRow): Promise<string | Failure> {
    if (group !== "calico") return group;
    if (this.#options.apiGroup !== undefined) return this.#options.apiGroup;
    const asked = this.#group ??= discoverApiGroup(this.#api, this.#stopping.signal);
    const found = await asked;
    if (typeof found !== "string" && this.#group === asked) this.#group = undefined;
    return found;
  }

  #tell(event: DatastoreEvent): void {
    this.#listener?.(event);
  }

  /** Tells faults that are others than before, and "up", "down" and "synced" where they have come true. */
  #review(): void {
    const watchers = this.#watchers();
    const faults = watchers.flatMap(faultsOf);
    if (JSON.stringify(faults) !== this.#faultsTold) {
      this.#faultsTold = JSON.stringify(faults);
      this.#tell({ kind: "faults", faults });
    }
    const why = whyDown(watchers, this.#whyDown);
    if (why !== "" && (this.#isUp !== false || why !== this.#whyDown)) {
      this.#isUp = false;
      this.#whyDown = why;
      this.#tell({ kind: "down", why });
    } else if (why === "" && this.#isUp !== true && watchers.length > 0 && watchers.every(({ wasOpen }) => wasOpen)) {
      this.#isUp = true;
      this.#tell({ kind: "up" });
    }
    if (!this.#isSynced && watchers.length > 0 && watchers.every(({ isListed }) => isListed)) {
      this.#isSynced = true;
      this.#tell({ kind: "synced" });
    }
  }
}

/** What cannot be had of a resource by itself. */
function faultsOf({ row, trouble, tooLong }: ResourceWatcher): readonly ResourceFault[] {
  const { kind, only } = row;
  const fault = (why: string): ResourceFault => ({ kind, name: only?.name ?? "*", field: "", why });
  return [
    ...(trouble?.isOwn === true ? [fault(trouble.why)] : []),
    ...(tooLong === 0 ? [] : [fault(`objects too long to read, left out: ${tooLong}`)]),
  ];
}

/**
 * What is wrong, each thing once: of what several have, one is named, and the one that was `told` as long as it has it,
 * so that a server that is busy for all is not told anew with each.
 */
function whyDown(watchers: readonly ResourceWatcher[], told: string): string {
  const words = new Map<string, string>();
  for (const { row, trouble } of watchers) {
    if (trouble === undefined || trouble.countsAsEmpty) continue;
    const { why, isOwn, isOfResource } = trouble;
    const named = isOfResource ? `${rowName(row)}: ${why}` : why;
    const key = isOwn ? named : why;
    if (!words.has(key) || told.includes(named)) words.set(key, named);
  }
  return [...words.values()].join("; ");
}
