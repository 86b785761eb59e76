/**
 * What a node does in BGP by the resources of its cluster: the answer of `calico sessions`, and what becomes the
 * daemon's intent. Names are interface promises (issue 4, demand 1). calico.md sections 3 to 5.
 */

import type { ResourceFault, SecretKey } from "../resources/model.ts";

/** A session of the node in one family (calico.md 3). */
export interface SessionView {
  /** calico.md 3.9: `Mesh_10_0_0_2`, `Global_…`, `Node_…`, `Local_Workload_…`. */
  readonly name: string;
  readonly type: "mesh" | "global" | "node" | "local";
  readonly address: string;
  readonly port: number;
  readonly remoteAs: number;
  readonly localAs: number;
  readonly routeReflectorClient: boolean;
  /** Ours, dotted quad; null where we reflect nothing. */
  readonly clusterId: string | null;
  readonly passive: boolean;
  readonly passwordSecret: SecretKey | null;
  readonly sourceAddress: string | null;
  readonly nextHopMode: "auto" | "self" | "keep";
  /** Hops; 0: off. */
  readonly ttlSecurity: number;
  /** Null: a third of the hold time. */
  readonly keepaliveSeconds: number | null;
  readonly restartSeconds: number;
  readonly allowOwnAs: number;
  readonly reachableBy: string | null;
  /** Names of the BGPFilters that exist, in order. */
  readonly importFilters: readonly string[];
  readonly exportFilters: readonly string[];
}

/** A route the node announces as its own (calico.md 4.3, 4.6). */
export interface OriginatedView {
  readonly prefix: string;
  readonly kind: "block" | "service-range" | "service-address";
  /** For example `BlockAffinity node1-10-0-0-0-26`. */
  readonly reason: string;
}

/** One rule of Calico's export filter (calico.md 4.5, steps 1 to 8) in a BGPFilter's words, in order. */
export interface ExportFilterView {
  /** Number and words of the step. */
  readonly step: string;
  /** `continue`: adds its communities and goes on. */
  readonly action: "accept" | "reject" | "continue";
  readonly cidr?: string;
  readonly matchOperator?: string;
  readonly interface?: string;
  readonly peerType?: string;
  /** The route is more urgent than this priority. */
  readonly priorityBelow?: number;
  readonly communities?: readonly string[];
}

/** One rule of Calico's kernel filter (calico.md 4.5), in order; the first that applies decides, else accept. */
export interface KernelFilterView {
  readonly step: string;
  readonly action: "accept" | "reject";
  readonly cidr?: string;
  /** Applies to routes with one of these next hops. */
  readonly nextHops?: readonly string[];
  /** Device of the route, `tunl0`; unless the next hop is in `directSubnet`. */
  readonly tunnel?: string;
  readonly directSubnet?: string;
}

/** One family of a node. */
export interface FamilyView {
  /** False: the node has no address of the family, so no session. */
  readonly enabled: boolean;
  readonly routerId: string | null;
  readonly localAs: number;
  readonly listen: { readonly address: string; readonly port: number };
  readonly mesh: boolean;
  readonly peers: readonly SessionView[];
  readonly originated: readonly OriginatedView[];
  readonly aggregates: readonly { readonly prefix: string; readonly state: string }[];
  readonly exportFilter: readonly ExportFilterView[];
  readonly kernelFilter: readonly KernelFilterView[];
}

/** `calico sessions --node NAME -o json`. */
export interface NodeView {
  readonly node: string;
  readonly families: { readonly ipv4: FamilyView; readonly ipv6: FamilyView };
  readonly faults: readonly ResourceFault[];
}

/** `GET /v1/calico`: where the resources come from, how it stands with them, and what is wrong with which. */
export interface CalicoStatus {
  /** Name of our node. */
  readonly node: string;
  readonly datastore: {
    readonly kind: DatastoreKind;
    /** Absolute paths of what is read; only where that is files. */
    readonly files?: readonly string[];
    readonly up: boolean;
    /** ISO 8601: when it came up or went down. */
    readonly since: string;
    /** Why it is down; null while it is up. */
    readonly why: string | null;
  };
  /** Why the resources as they are now mean no sessions (yet); null where they do. `sessions` are kept meanwhile. */
  readonly waiting: string | null;
  /** Node resources that are known. */
  readonly nodes: number;
  /** Sessions that the resources ask for, or asked for last. */
  readonly sessions: number;
  readonly faults: readonly ResourceFault[];
}

/** What a CalicoNodeStatus asks for: a word of the resources, for those who see views only. */
export type { StatusClass } from "../resources/model.ts";

/** Where Calico's resources are. */
export type DatastoreKind = "kubernetes" | "etcd" | "files";
