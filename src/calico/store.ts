/**
 * All resources of a cluster, kept up to date one object at a time. What is wrong with an object stays with it: it
 * counts as it was when it was good, is left out where it never was, or counts as it can, and everything else goes on.
 * An object that reads equal to what is there stays the same object, and a kind that did not change keeps its Map: a
 * node's heartbeat changes nothing.
 */

import { sameValue } from "../base/same.ts";
import type {
  BgpConfiguration, CalicoNode, CalicoResources, ResourceFault, WorkloadEndpoint,
} from "./resources/model.ts";
import { readBgpConfiguration } from "./resources/bgp-configuration.ts";
import { readBgpFilter } from "./resources/bgp-filter.ts";
import { readBgpPeer } from "./resources/bgp-peer.ts";
import { readEnvelope } from "./resources/envelope.ts";
import type { Envelope } from "./resources/envelope.ts";
import type { FieldFault } from "./resources/fields.ts";
import { readBlockAffinity, readIpPool } from "./resources/ip-pool.ts";
import { readIpamBlock, readIpamConfiguration } from "./resources/ipam.ts";
import { unknownFields } from "./resources/known-fields.ts";
import { readNode } from "./resources/node.ts";
import { readNodeStatus } from "./resources/node-status.ts";
import { qualifiedName } from "./resources/raw.ts";
import { readSecret } from "./resources/secret.ts";
import { readEndpointSlice, readService } from "./resources/service.ts";

type Named = { readonly name: string };
type KindKey = Exclude<keyof CalicoResources, "workloads">;
interface KindRow {
  readonly key: KindKey;
  /** `before`: the object of this name that counts now. */
  readonly read: (envelope: Envelope, before: Named | undefined) => Named | undefined;
}

/** The kinds that the translation reads. A new one is a row here. */
const KINDS: Readonly<Record<string, KindRow>> = {
  Node: { key: "nodes", read: (envelope, before) => readNode(envelope, before as CalicoNode | undefined) },
  BGPPeer: { key: "peers", read: readBgpPeer },
  BGPConfiguration: { key: "configurations",
    read: (envelope, before) => readBgpConfiguration(envelope, before as BgpConfiguration | undefined) },
  BGPFilter: { key: "filters", read: readBgpFilter },
  IPPool: { key: "pools", read: readIpPool },
  BlockAffinity: { key: "affinities", read: readBlockAffinity },
  IPAMBlock: { key: "ipamBlocks", read: readIpamBlock },
  IPAMConfig: { key: "ipamConfigurations", read: readIpamConfiguration },
  IPAMConfiguration: { key: "ipamConfigurations", read: readIpamConfiguration },
  Service: { key: "services", read: readService },
  CalicoNodeStatus: { key: "statuses", read: readNodeStatus },
  Secret: { key: "secrets", read: readSecret },
  EndpointSlice: { key: "endpointSlices", read: readEndpointSlice },
};

/** Kinds that stand among the others and mean nothing to BGP. */
const IGNORED: ReadonlySet<string> = new Set(["ClusterInformation", "FelixConfiguration"]);

type Maps = Pick<CalicoResources, KindKey>;
type Objects = ReadonlyMap<string, Named>;

const NOTHING: CalicoResources = {
  ...Object.fromEntries(Object.values(KINDS).map(({ key }) => [key, new Map()])) as unknown as Maps,
  workloads: [],
};

/** The store. */
export class ResourceStore {
  readonly #faults = new Map<string, readonly ResourceFault[]>();
  #resources: CalicoResources = NOTHING;

  /** Everything as it is now; it does not change any more, and it is the same object until something changes. */
  get resources(): CalicoResources {
    return this.#resources;
  }

  /** What was wrong, by kind and name. */
  get faults(): readonly ResourceFault[] {
    return [...this.#faults.values()].flat();
  }

  /** The pods of our host that are to peer with it are these now. */
  setWorkloads(workloads: readonly WorkloadEndpoint[]): void {
    this.#resources = { ...this.#resources, workloads };
  }

  /** Adds or replaces objects. Answers what is wrong with these. */
  put(values: readonly unknown[]): readonly ResourceFault[] {
    return this.replace([], values);
  }

  /** Adds or replaces objects, and removes all others of these kinds. Answers what is wrong with the ones given. */
  replace(kinds: readonly string[], values: readonly unknown[]): readonly ResourceFault[] {
    const change = new Change(this.#resources);
    const given = new Set<string>();
    const found = values.flatMap((value) => this.#putOne(value, change, given));
    for (const kind of kinds) this.#sweep(kind, given, change);
    this.#resources = change.result();
    return found;
  }

  /** Removes an object; one that is not there is no mistake. `name` is `namespace/name` for what has a namespace. */
  remove(kind: string, name: string): void {
    this.#faults.delete(`${kind} ${name}`);
    const row = rowOf(kind);
    if (row === undefined) return;
    const change = new Change(this.#resources);
    change.set(row.key, name, undefined);
    this.#resources = change.result();
  }

  #putOne(value: unknown, change: Change, given: Set<string>): readonly ResourceFault[] {
    const faults: FieldFault[] = [];
    const envelope = readEnvelope(value, faults);
    const kind = envelope?.kind ?? "";
    const name = envelope === undefined ? "" : qualifiedName(envelope);
    const row = rowOf(kind);
    if (row === undefined && !IGNORED.has(kind)) envelope?.root.fault("kind", "is no kind that BGP uses");
    if (envelope !== undefined && row !== undefined) readInto(change, row, name, envelope);
    const strange = unknownFields(kind, value).map((fault) => ({ ...fault, note: true as const }));
    const found = [...faults, ...strange].map((fault) => ({ kind, name, ...fault }));
    const key = `${kind} ${name}`;
    given.add(key);
    if (found.length === 0) this.#faults.delete(key);
    else this.#faults.set(key, found);
    return found;
  }

  #sweep(kind: string, given: ReadonlySet<string>, change: Change): void {
    const isGone = (key: string): boolean => key.startsWith(`${kind} `) && !given.has(key);
    for (const key of this.#faults.keys()) if (isGone(key)) this.#faults.delete(key);
    const row = rowOf(kind);
    if (row === undefined) return;
    const names = [...change.before(row.key).keys()];
    for (const name of names) if (isGone(`${kind} ${name}`)) change.set(row.key, name, undefined);
  }
}

/** What becomes of the resources; a Map is copied when the first of its objects changes. */
class Change {
  readonly #before: CalicoResources;
  readonly #after = new Map<KindKey, Map<string, Named>>();

  constructor(before: CalicoResources) {
    this.#before = before;
  }

  before(key: KindKey): Objects {
    return this.#before[key];
  }

  get(key: KindKey, name: string): Named | undefined {
    return (this.#after.get(key) ?? this.#before[key]).get(name);
  }

  /** Undefined: it does not exist. */
  set(key: KindKey, name: string, value: Named | undefined): void {
    if (sameValue(this.get(key, name), value)) return;
    const objects = this.#after.get(key) ?? new Map<string, Named>(this.#before[key]);
    this.#after.set(key, objects);
    if (value === undefined) objects.delete(name);
    else objects.set(name, value);
  }

  result(): CalicoResources {
    return this.#after.size === 0 ? this.#before : { ...this.#before, ...Object.fromEntries(this.#after) };
  }
}

/** A slip in an object that was good must not end its sessions, withdraw its routes or lift its filter. */
function readInto(change: Change, { key, read }: KindRow, name: string, envelope: Envelope): void {
  const { faults } = envelope.root;
  const from = faults.length;
  const before = change.get(key, name);
  const value = read(envelope, before);
  const at = faults.findLastIndex(({ note }, index) => index >= from && note === undefined);
  const last = faults[at];
  // Without a fault of its own an object that reads as nothing is meant to be none.
  if (value !== undefined || last === undefined || before === undefined) return change.set(key, name, value);
  faults[at] = { ...last, why: `${last.why}; its last good version counts` };
}

function rowOf(kind: string): KindRow | undefined {
  return Object.hasOwn(KINDS, kind) ? KINDS[kind] : undefined;
}
