/** The Kubernetes datastore on an API server of the tests, in virtual time, and what a listener makes of its events. */

import { onTestFinished } from "vitest";
import type { DatastoreEvent } from "../../../src/calico/datastore/datastore.ts";
import type { AccessSource } from "../../../src/calico/datastore/kubernetes/access.ts";
import { KubernetesDatastore } from "../../../src/calico/datastore/kubernetes/datastore.ts";
import { qualifiedNameOf, textOf } from "../../../src/calico/resources/raw.ts";
import type { JsonObject, JsonValue } from "../../../src/config/json.ts";
import { apiKinds } from "./api-kinds.ts";
import { ApiServer } from "./api-server.ts";
import type { ApiServerOptions } from "./api-server.ts";
import { keyOf } from "./api-store.ts";
import { VirtualTimers } from "./timers.ts";

/** What always is read. */
export const KINDS = ["Node", "BGPPeer", "BGPConfiguration", "BGPFilter", "IPPool", "BlockAffinity"] as const;

/** Turns of the event loop in which nothing was seen; a request and its answer take about five. */
const QUIET_TURNS = 17;

interface WorldOptions extends ApiServerOptions {
  readonly apiGroup?: string;
  readonly isForSecrets?: boolean;
  /** Instead of plain HTTP without credentials. */
  readonly access?: (server: ApiServer) => AccessSource;
}

/** The world. */
export class KubernetesWorld {
  readonly server: ApiServer;
  readonly timers: VirtualTimers = new VirtualTimers();
  readonly datastore: KubernetesDatastore;
  readonly events: DatastoreEvent[] = [];
  /** What the events say there is: kind and name. */
  readonly known: Map<string, JsonValue> = new Map<string, JsonValue>();
  /** The faults that were told last: `KIND NAME: WHY`. */
  faults: readonly string[] = [];
  /** Hears every event after it was noted. */
  onEvent: (event: DatastoreEvent) => void = () => {};
  #isStopped = false;

  private constructor(server: ApiServer, { apiGroup, isForSecrets = false, access = httpAccess }: WorldOptions) {
    this.server = server;
    this.datastore = new KubernetesDatastore(
      { access: access(server), timers: this.timers, namespace: "kube-system", apiGroup, isForSecrets });
  }

  /** A server that listens, and a datastore that has not begun. */
  static async open(options: WorldOptions = {}): Promise<KubernetesWorld> {
    const server = new ApiServer(options);
    await server.listen();
    const world = new KubernetesWorld(server, options);
    onTestFinished(async () => {
      await world.stop();
      await server.close();
    });
    return world;
  }

  /** Begins to listen. */
  start(): void {
    this.datastore.start((event) => {
      this.events.push(event);
      this.#note(event);
      this.onEvent(event);
    });
  }

  /** Begins, and waits until everything is watched. */
  async sync(): Promise<void> {
    this.start();
    await this.until("synced", () => this.heard("synced") > 0 && this.heard("up") > 0);
    this.events.length = 0;
  }

  /** Ends the datastore. */
  async stop(): Promise<void> {
    if (this.#isStopped) return;
    this.#isStopped = true;
    await this.datastore.stop();
  }

  /** How often an event of a kind came. */
  heard(kind: DatastoreEvent["kind"]): number {
    return this.events.filter((event) => event.kind === kind).length;
  }

  /** The words of the last "down". */
  get whyDown(): string {
    return this.events.findLast((event) => event.kind === "down")?.why ?? "";
  }

  /** Waits in real time, for what comes over the network; the virtual time stands still. */
  async until(what: string, isTrue: () => boolean): Promise<void> {
    for (let tries = 0; tries < 5000; tries++) {
      if (isTrue()) return;
      await new Promise((resolve) => { setTimeout(resolve, 1); });
    }
    throw new Error(`never came: ${what}; ${JSON.stringify(this.events.slice(-3))}`);
  }

  /** Waits until nothing moves on the network: both ends are in this process, so its turns are what it takes. */
  async quiet(): Promise<void> {
    const state = (): string => `${this.events.length} ${this.server.seen.length} ${this.timers.waits.length}`;
    for (let before = "", still = 0; still < QUIET_TURNS; before = state()) {
      // A moment for what happens outside of the process, the kernel's part and files that are read, then turns alone.
      await new Promise((resolve) => { if (still % 8 === 0) setTimeout(resolve, 1); else setImmediate(resolve); });
      still = state() === before ? still + 1 : 0;
    }
  }

  /** Lets virtual time pass, with everything that it causes. */
  async pass(seconds: number): Promise<void> {
    const end = this.timers.now + seconds * 1000;
    do await this.quiet();
    while (this.timers.step(end));
    await this.quiet();
  }

  /** Waits until what is known is what the server has, of the kinds that are always read. */
  async agree(group = "crd.projectcalico.org/v1"): Promise<void> {
    const kinds = apiKinds([group]).filter(({ kind }) => (KINDS as readonly string[]).includes(kind));
    const wanted = (): string => {
      const names = kinds.flatMap((kind) => this.server.listOf(kind.group, kind.plural).map((object) =>
        `${kind.kind} ${keyOf(object)} ${textOf(object, "metadata", "resourceVersion")}`));
      return names.sort().join("\n");
    };
    const found = (): string => [...this.known.values()].map((object) =>
      `${textOf(object, "kind")} ${keyOf(object)} ${textOf(object, "metadata", "resourceVersion")}`).sort().join("\n");
    await this.until("the same on both sides", () => wanted() === found());
  }

  #note(event: DatastoreEvent): void {
    if (event.kind === "faults") this.faults = event.faults.map(({ kind, name, why }) => `${kind} ${name}: ${why}`);
    if (event.kind === "snapshot") {
      for (const key of [...this.known.keys()]) {
        if (event.kinds.some((kind) => key.startsWith(`${kind} `))) this.known.delete(key);
      }
    }
    if (event.kind === "snapshot" || event.kind === "put") {
      for (const object of event.resources) {
        this.known.set(`${textOf(object, "kind")} ${qualifiedNameOf(object) ?? ""}`, object);
      }
    }
    if (event.kind === "removed") this.known.delete(`${event.resourceKind} ${event.name}`);
  }
}

function httpAccess(server: ApiServer): AccessSource {
  const tls = { ca: undefined, certificate: undefined, key: undefined, serverName: undefined, isInsecure: false };
  return async () => ({ server: new URL(server.url), token: undefined, tls });
}

/** An object of Calico's in the v1 group. */
export function calico(kind: string, name: string, spec: JsonObject = {}): JsonObject {
  return { apiVersion: "crd.projectcalico.org/v1", kind, metadata: { name }, spec };
}

/** A Node with annotations. */
export function k8sNode(name: string, annotations: JsonObject = {}, rest: JsonObject = {}): JsonObject {
  return { apiVersion: "v1", kind: "Node", metadata: { name, annotations }, ...rest };
}
