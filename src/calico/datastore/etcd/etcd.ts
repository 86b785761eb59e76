/**
 * etcd v3 as a datastore of Calico's resources. Rule: one way back from every mishap. Whatever ends the connection (a
 * cut, a compaction, a certificate, a member without a leader), the next endpoint is asked for everything anew and
 * watched from that revision on; so nothing is missed, even where etcd came back from a backup with older revisions.
 */

import { sameValue } from "../../../base/same.ts";
import type { JsonObject, JsonValue } from "../../../config/json.ts";
import type { EtcdSettings } from "../../../config/settings.ts";
import type { CalicoNode } from "../../resources/model.ts";
import { objectOf } from "../../resources/raw.ts";
import type { Datastore, DatastoreEvent, NodeWritten, Timers, Wanted } from "../datastore.ts";
import { BackOff, pause } from "../back-off.ts";
import { sameStatus } from "../node-status.ts";
import { readAccess } from "./access.ts";
import { EtcdClient } from "./client.ts";
import { EtcdConnection } from "./connection.ts";
import { eventsOf, keyOf, prefixesOf, prefixOf, READ_KINDS, resourceOf } from "./keys.ts";
import type { Identity } from "./keys.ts";
import { nodeWith } from "./node.ts";
import { putResource, removeResource } from "./writes.ts";
import type { WriteResult } from "./writes.ts";

/** Between two attempts: at first 1 to 2 seconds. */
const PAUSE_MILLISECONDS = 2000;
/** A connection that held this long has made good for the failures before it. */
const STEADY_MILLISECONDS = 30_000;

const NODE_STATUS = "CalicoNodeStatus";

/** What the datastore is made with. */
export interface EtcdMeans {
  readonly settings: EtcdSettings;
  /** Whose block affinities are read; undefined: everybody's. */
  readonly nodeName: string | undefined;
  readonly timers: Timers;
  /** The time in ISO 8601, for resources that are created. */
  readonly now: () => string;
}

/** The datastore. Questions and changes need no start. */
export class EtcdDatastore implements Datastore {
  readonly #means: EtcdMeans;
  #wantsStatuses = false;
  /** Why CalicoNodeStatus cannot be read, as it was told. */
  #denied: string | undefined;
  #listener: (event: DatastoreEvent) => void = () => undefined;
  #running: Promise<void> = Promise.resolve();
  readonly #connections = new Set<EtcdConnection>();
  #endpointAt = 0;
  readonly #backOff: BackOff;
  #isSynced = false;
  /** Why each endpoint is none now, as it was told last. */
  readonly #whys = new Map<string, string>();
  readonly #stopping = new AbortController();

  constructor(means: EtcdMeans) {
    this.#means = means;
    this.#backOff = new BackOff(means.timers, PAUSE_MILLISECONDS);
  }

  start(listener: (event: DatastoreEvent) => void): void {
    this.#listener = listener;
    this.#running = this.#run();
  }

  /** Counts from the next connection on: it is said before the first. Services and Secrets are not in etcd. */
  want({ statuses }: Wanted): void {
    this.#wantsStatuses = statuses;
  }

  async stop(): Promise<void> {
    this.#stopping.abort();
    for (const connection of this.#connections) connection.close();
    await this.#running;
  }

  /**
   * Adds or replaces a resource. `expectedRevision` is the `metadata.resourceVersion` that it must have, "0" to add
   * only; without it the last one wins.
   */
  put(resource: JsonValue, expectedRevision?: string): Promise<WriteResult> {
    return this.#change((client) => putResource(client, resource, expectedRevision, this.#means.now()));
  }

  /** Removes a resource, where it has the expected revision. */
  remove(identity: Identity, expectedRevision?: string): Promise<WriteResult> {
    return this.#change((client) => removeResource(client, identity, expectedRevision));
  }

  /** Makes the Node where there is none: in etcd a host need not be one of Kubernetes'. */
  publishNode(node: CalicoNode): Promise<NodeWritten> {
    return this.#rewrite({ kind: "Node", name: node.name }, (before) => nodeWith(node, before));
  }

  writeNodeStatus(name: string, status: JsonObject): Promise<NodeWritten> {
    return this.#rewrite({ kind: NODE_STATUS, name }, (before) => {
      if (before === undefined) return { why: "it is gone" };
      return sameStatus(before["status"], status) ? before : { ...before, status };
    });
  }

  /** What `use` answers of the first endpoint that can; a text where none can, and why. */
  async ask<T>(use: (client: EtcdClient) => Promise<T | string>): Promise<T | string> {
    let why = "no endpoints";
    for (const endpoint of this.#means.settings.endpoints) {
      const answer = await this.#connected(endpoint, use);
      if (typeof answer !== "string") return answer;
      why = `${endpoint}: ${answer}`;
    }
    return why;
  }

  /** Makes of a resource what it should be, unless it is. */
  async #rewrite(
    identity: Identity, make: (before: JsonObject | undefined) => JsonObject | { readonly why: string },
  ): Promise<NodeWritten> {
    const key = keyOf(identity);
    if (key === undefined) return { why: `etcd has no place for ${identity.kind} ${identity.name}` };
    const entry = await this.ask((client) => client.read(key));
    if (typeof entry === "string") return { why: entry };
    const before = entry && objectOf(resourceOf(entry));
    const after = make(before);
    if (typeof after["why"] === "string") return { why: after["why"] };
    if (sameValue(before, after)) return "unchanged";
    const result = await this.put(after, entry?.modRevision ?? "0");
    if (result.kind === "written") return "written";
    return { why: "why" in result ? result.why : "somebody else has just changed it" };
  }

  async #run(): Promise<void> {
    const { timers } = this.#means;
    while (!this.#stopping.signal.aborted) {
      const { endpoints } = this.#means.settings;
      const endpoint = endpoints[this.#endpointAt++ % endpoints.length] ?? "";
      const why = await this.#connected(endpoint, (client) => this.#follow(client));
      if (why !== this.#whys.get(endpoint)) this.#tell({ kind: "down", why: `${endpoint}: ${why}` });
      this.#whys.set(endpoint, why);
      await pause(timers, this.#backOff.next(), this.#stopping.signal);
    }
  }

  /** Copies everything and what follows; resolves when that ends, with why. */
  async #follow(client: EtcdClient): Promise<string> {
    const kinds = await this.#wantedKinds(client);
    const prefixes = prefixesOf(this.#means.nodeName, kinds);
    const snapshot = await client.readAll(prefixes);
    if (typeof snapshot === "string") return snapshot;
    const resources = snapshot.entries.map(resourceOf).filter((resource) => resource !== undefined);
    this.#tell({ kind: "snapshot", kinds: [...READ_KINDS, ...kinds], resources });
    if (!this.#isSynced) this.#tell({ kind: "synced" });
    this.#isSynced = true;
    return this.#watch(client, prefixes, String(BigInt(snapshot.revision) + 1n));
  }

  /** What is read besides the usual. Where our user may not, nobody gets a status, and the rest goes on. */
  async #wantedKinds(client: EtcdClient): Promise<readonly string[]> {
    const prefix = prefixOf(NODE_STATUS);
    if (!this.#wantsStatuses || prefix === undefined) return [];
    const answer = await client.readAll([prefix]);
    const denied = typeof answer === "string" && answer.includes("permission denied") ? answer : undefined;
    if (denied !== this.#denied) {
      const faults = denied === undefined ? [] : [{ kind: NODE_STATUS, name: "*", field: "", why: denied }];
      this.#tell({ kind: "faults", faults });
    }
    this.#denied = denied;
    return denied === undefined ? [NODE_STATUS] : [];
  }

  async #watch(client: EtcdClient, prefixes: readonly string[], revision: string): Promise<string> {
    let awaited = prefixes.length;
    let unsettle = (): void => undefined;
    const ends = prefixes.map((prefix) => client.watch(prefix, revision, ({ isCreated, events }) => {
      if (isCreated && --awaited === 0) {
        this.#whys.clear();
        this.#tell({ kind: "up" });
        unsettle = this.#means.timers.after(STEADY_MILLISECONDS, () => this.#backOff.reset());
      }
      for (const event of eventsOf(events)) this.#tell(event);
    }));
    const why = await Promise.race(ends);
    unsettle();
    return why;
  }

  /** What `use` answers, with a connection that is closed after it; a text where there was none. */
  async #connected<T>(endpoint: string, use: (client: EtcdClient) => Promise<T>): Promise<T | string> {
    if (!/^https?:\/\//.test(endpoint) || !URL.canParse(endpoint)) return "no URL of an endpoint";
    const access = await readAccess(this.#means.settings);
    if (typeof access === "string") return access;
    const connection = new EtcdConnection(endpoint, access.secureContext, this.#means.timers);
    this.#connections.add(connection);
    const client = this.#stopping.signal.aborted ? "stopped" : await EtcdClient.open(connection, access.login);
    const answer = typeof client === "string" ? client : await use(client);
    connection.close();
    this.#connections.delete(connection);
    return answer;
  }

  async #change(use: (client: EtcdClient) => Promise<WriteResult>): Promise<WriteResult> {
    const answer = await this.ask(async (client) => {
      const result = await use(client);
      return result.kind === "unreachable" ? result.why : result;
    });
    return typeof answer === "string" ? { kind: "unreachable", why: answer } : answer;
  }

  #tell(event: DatastoreEvent): void {
    if (!this.#stopping.signal.aborted) this.#listener(event);
  }
}
