/**
 * All resources of a cluster, kept up to date one object at a time. What is wrong with an object stays with it: it is
 * left out, or counts as it can, and everything else goes on. A kind that did not change keeps its Map.
 */

import type { CalicoResources, ResourceFault, WorkloadEndpoint } from "./resources/model.ts";
import { readBgpConfiguration } from "./resources/bgp-configuration.ts";
import { readBgpFilter } from "./resources/bgp-filter.ts";
import { readBgpPeer } from "./resources/bgp-peer.ts";
import { readEnvelope } from "./resources/envelope.ts";
import type { Envelope } from "./resources/envelope.ts";
import type { FieldFault } from "./resources/fields.ts";
import { readBlockAffinity, readIpPool } from "./resources/ip-pool.ts";
import { readNode } from "./resources/node.ts";
import { readEndpointSlice, readService } from "./resources/service.ts";

type Named = { readonly name: string };
type KindKey = Exclude<keyof CalicoResources, "workloads">;
interface KindRow {
  readonly key: KindKey;
  readonly read: (envelope: Envelope) => Named | undefined;
}

/** The kinds that the translation reads. A new one is a row here. */
const KINDS: Readonly<Record<string, KindRow>> = {
  Node: { key: "nodes", read: readNode },
  BGPPeer: { key: "peers", read: readBgpPeer },
  BGPConfiguration: { key: "configurations", read: readBgpConfiguration },
  BGPFilter: { key: "filters", read: readBgpFilter },
  IPPool: { key: "pools", read: readIpPool },
  BlockAffinity: { key: "affinities", read: readBlockAffinity },
  Service: { key: "services", read: readService },
  EndpointSlice: { key: "endpointSlices", read: readEndpointSlice },
};

/** Kinds that stand among the others and mean nothing to BGP. */
const IGNORED: ReadonlySet<string> = new Set(["IPAMBlock", "IPAMConfig", "IPAMConfiguration", "Secret",
  "CalicoNodeStatus", "ClusterInformation", "FelixConfiguration"]);

interface Maps extends Record<KindKey, ReadonlyMap<string, never>> {}

/** The store. */
export class ResourceStore {
  readonly #faults = new Map<string, readonly ResourceFault[]>();
  #maps: Maps = Object.fromEntries(Object.values(KINDS).map(({ key }) => [key, new Map()])) as never;
  #workloads: readonly WorkloadEndpoint[] = [];

  /** Everything as it is now; it does not change any more. */
  get resources(): CalicoResources {
    return { ...this.#maps, workloads: this.#workloads };
  }

  /** What was wrong, by kind and name. */
  get faults(): readonly ResourceFault[] {
    return [...this.#faults.values()].flat();
  }

  /** Adds or replaces objects. Answers what is wrong with these. */
  put(values: readonly unknown[]): readonly ResourceFault[] {
    const changed = new Map<KindKey, Map<string, Named>>();
    const found: ResourceFault[] = [];
    for (const value of values) found.push(...this.#putOne(value, changed));
    this.#adopt(changed);
    return found;
  }

  /** Removes an object; one that is not there is no mistake. `name` is `namespace/name` for what has a namespace. */
  remove(kind: string, name: string): void {
    const row = rowOf(kind);
    this.#faults.delete(`${kind} ${name}`);
    if (row === undefined || !this.#maps[row.key].has(name)) return;
    const rest = new Map<string, Named>(this.#maps[row.key]);
    rest.delete(name);
    this.#adopt(new Map([[row.key, rest]]));
  }

  #putOne(value: unknown, changed: Map<KindKey, Map<string, Named>>): readonly ResourceFault[] {
    const faults: FieldFault[] = [];
    const envelope = readEnvelope(value, faults);
    const kind = envelope?.kind ?? "";
    const name = envelope === undefined ? "" : qualifiedName(envelope);
    const row = rowOf(kind);
    if (row === undefined && !IGNORED.has(kind)) envelope?.root.fault("kind", "is no kind that BGP uses");
    if (envelope !== undefined && row !== undefined) {
      const map = changed.get(row.key) ?? new Map<string, Named>(this.#maps[row.key]);
      changed.set(row.key, map);
      const read = row.read(envelope);
      if (read === undefined) map.delete(name);
      else map.set(name, read);
    }
    const found = faults.map((fault) => ({ kind, name, ...fault }));
    if (found.length === 0) this.#faults.delete(`${kind} ${name}`);
    else this.#faults.set(`${kind} ${name}`, found);
    return found;
  }

  #adopt(changed: ReadonlyMap<KindKey, ReadonlyMap<string, Named>>): void {
    this.#maps = { ...this.#maps, ...Object.fromEntries(changed) };
  }
}

function rowOf(kind: string): KindRow | undefined {
  return Object.hasOwn(KINDS, kind) ? KINDS[kind] : undefined;
}

/** Kubernetes' Services are named within their namespace, everything of Calico's in the cluster. */
function qualifiedName({ namespace, name }: Envelope): string {
  return namespace === "" ? name : `${namespace}/${name}`;
}
