/**
 * Calico's resources as the translation sees them: checked, defaults filled in, addresses in canonical text. Where a
 * resource came from (files, Kubernetes, etcd) and how it was written (projectcalico.org/v3, crd.projectcalico.org/v1,
 * core/v1 with annotations) is forgotten here. calico.md section 2.
 */

import type { Prefix } from "../../base/prefix.ts";
import type { FilterRule, ProgramClusterRoutes } from "../../config/intent.ts";
import type { FieldFault } from "./fields.ts";
import type { NodeAddress } from "./scalars.ts";
import type { Selector } from "../selector/selector.ts";

/** A resource, or a part of one, that was left out and why; or a note about one that counts. */
export interface ResourceFault extends FieldFault {
  readonly kind: string;
  readonly name: string;
}

/** A node as BGP sees it. */
export interface CalicoNode {
  readonly name: string;
  /** Effective labels: Calico's own under Kubernetes' (calico.md 1.3). */
  readonly labels: ReadonlyMap<string, string>;
  readonly ipv4: NodeAddress | undefined;
  readonly ipv6: NodeAddress | undefined;
  readonly asNumber: number | undefined;
  /** Dotted quad. */
  readonly routeReflectorClusterId: string | undefined;
  /** WireGuard's interface address of the family exists: kernel filter, calico.md 4.5. */
  readonly wireguard: { readonly ipv4: boolean; readonly ipv6: boolean };
  /** `spec.podCIDRs`, blocks of the node where USE_POD_CIDR is set. */
  readonly podCidrs: readonly Prefix[];
}

/** Where a BGPPeer's remote side is. */
export type PeerRemote =
  | { readonly by: "address"; readonly address: string; readonly port: number | undefined }
  | { readonly by: "selector"; readonly selector: Selector }
  | { readonly by: "workload"; readonly selector: Selector };

/** Which nodes are a BGPPeer's local side. */
export type PeerLocal =
  | { readonly by: "all" }
  | { readonly by: "node"; readonly node: string }
  | { readonly by: "selector"; readonly selector: Selector };

/** BGPPeer (calico.md 2.3). A selector that does not parse is one that matches nothing; its fault is reported. */
export interface BgpPeer {
  readonly name: string;
  readonly local: PeerLocal;
  readonly remote: PeerRemote;
  /** Undefined with a selector. */
  readonly asNumber: number | undefined;
  readonly localAsNumber: number | undefined;
  readonly nextHopMode: "auto" | "self" | "keep";
  /** The deprecated field: keep on eBGP sessions only. */
  readonly keepOriginalNextHop: boolean;
  readonly passwordSecret: SecretKey | undefined;
  readonly sourceAddress: "UseNodeIP" | "None";
  readonly maxRestartTimeSeconds: number | undefined;
  readonly keepaliveTimeSeconds: number | undefined;
  readonly numAllowedLocalAsNumbers: number;
  /** 0: off. */
  readonly ttlSecurityHops: number;
  readonly reachableBy: string | undefined;
  readonly filters: readonly string[];
  readonly reversePeering: "Auto" | "Manual";
}

/** Key of a Secret in the daemon's namespace. */
export interface SecretKey { readonly name: string; readonly key: string }

/** Communities for what lies in a network; the values are resolved against the same object's names. */
export interface PrefixAdvertisement { readonly cidr: Prefix; readonly communities: readonly string[] }

/** BGPConfiguration `default`, or what `node.NAME` may say: calico.md 2.2 says which fields count in which. */
export interface BgpConfiguration {
  readonly name: string;
  readonly logSeverityScreen: "trace" | "debug" | "info" | "warning" | "error" | "fatal" | undefined;
  readonly nodeToNodeMeshEnabled: boolean;
  /** 0 where what is said is none. */
  readonly asNumber: number | undefined;
  readonly listenPort: number | undefined;
  readonly bindMode: "None" | "NodeIP";
  readonly nodeMeshPassword: SecretKey | undefined;
  readonly nodeMeshMaxRestartTimeSeconds: number | undefined;
  /** Undefined where the object has none: `node.NAME`'s replace those of `default` as a whole. */
  readonly prefixAdvertisements: readonly PrefixAdvertisement[] | undefined;
  readonly serviceClusterIPs: readonly Prefix[];
  readonly serviceExternalIPs: readonly Prefix[];
  readonly serviceLoadBalancerIPs: readonly Prefix[];
  readonly serviceLoadBalancerAggregation: boolean;
  readonly ignoredInterfaces: readonly string[];
  readonly programClusterRoutes: ProgramClusterRoutes;
  readonly ipv4NormalRoutePriority: number;
  readonly ipv6NormalRoutePriority: number;
}

/** BGPFilter with its rules in the configuration's own terms (calico.md 5); import and export hold both families. */
export interface BgpFilter {
  readonly name: string;
  readonly import: readonly FilterRule[];
  readonly export: readonly FilterRule[];
}

/** IPPool (calico.md 2.5). */
export interface IpPool {
  readonly name: string;
  readonly cidr: Prefix;
  readonly ipipMode: "Never" | "Always" | "CrossSubnet";
  readonly vxlanMode: "Never" | "Always" | "CrossSubnet";
  readonly disableBgpExport: boolean;
  readonly disabled: boolean;
  readonly blockSize: number;
}

/** A block and whose it is (calico.md 2.6); deleted ones and those of type `virtual` do not get here. */
export interface BlockAffinity {
  readonly name: string;
  readonly cidr: Prefix;
  readonly node: string;
  readonly state: "confirmed" | "pending" | "pendingDeletion";
}

/** An IPAMBlock (calico.md 2.7): not for BGP, but for who wonders what is announced. */
export interface IpamBlock {
  readonly name: string;
  readonly cidr: Prefix;
  /** Whose it is; undefined: nobody's. */
  readonly node: string | undefined;
  /** How many addresses are in use on which nodes, by name. */
  readonly users: readonly { readonly node: string; readonly addresses: number }[];
}

/** IPAMConfiguration (calico.md 2.7). */
export interface IpamConfiguration {
  readonly name: string;
  /** No node takes an address from another's block. */
  readonly strictAffinity: boolean;
}

/** A Service, as far as calico.md 4.6 reads it. */
export interface CalicoService {
  /** namespace/name. */
  readonly name: string;
  readonly type: "ClusterIP" | "NodePort" | "LoadBalancer" | "ExternalName";
  readonly clusterIPs: readonly string[];
  readonly externalIPs: readonly string[];
  /** `spec.loadBalancerIP`. */
  readonly loadBalancerIP: string | undefined;
  /** `status.loadBalancer.ingress[].ip`. */
  readonly ingressIPs: readonly string[];
  readonly externalTrafficPolicy: "Cluster" | "Local";
  readonly ipFamilies: readonly ("IPv4" | "IPv6")[];
}

/** An EndpointSlice, as far as calico.md 4.6 reads it. */
export interface EndpointSlice {
  /** namespace/name. */
  readonly name: string;
  /** namespace/name of the Service, from the label kubernetes.io/service-name. */
  readonly service: string;
  readonly addressType: "IPv4" | "IPv6" | "FQDN";
  readonly endpoints: readonly { readonly nodeName: string | undefined; readonly ready: boolean }[];
}

/** What a CalicoNodeStatus may ask for. */
export const STATUS_CLASSES = ["Agent", "BGP", "Routes"] as const;
/** One of them. */
export type StatusClass = (typeof STATUS_CLASSES)[number];

/** CalicoNodeStatus: what a node is to report of itself (calico.md 8.4). */
export interface CalicoNodeStatus {
  readonly name: string;
  readonly node: string;
  readonly classes: readonly StatusClass[];
  /** 0: once. */
  readonly updatePeriodSeconds: number;
}

/** A Secret: texts by key. Never shown. */
export interface CalicoSecret {
  /** namespace/name, or the name alone. */
  readonly name: string;
  readonly texts: ReadonlyMap<string, string>;
}

/** A pod that a BGPPeer with localWorkloadSelector means (calico.md 3.8), from Felix' endpoint-status files. */
export interface WorkloadEndpoint {
  readonly bgpPeerName: string;
  readonly ipv4: string | undefined;
  readonly ipv6: string | undefined;
}

/** Everything the translation looks at, by name. A Map's order means nothing. */
export interface CalicoResources {
  readonly nodes: ReadonlyMap<string, CalicoNode>;
  readonly peers: ReadonlyMap<string, BgpPeer>;
  /** `default` and `node.NAME`. */
  readonly configurations: ReadonlyMap<string, BgpConfiguration>;
  readonly filters: ReadonlyMap<string, BgpFilter>;
  readonly pools: ReadonlyMap<string, IpPool>;
  readonly affinities: ReadonlyMap<string, BlockAffinity>;
  /** Where somebody reads them. */
  readonly ipamBlocks: ReadonlyMap<string, IpamBlock>;
  readonly ipamConfigurations: ReadonlyMap<string, IpamConfiguration>;
  readonly services: ReadonlyMap<string, CalicoService>;
  readonly endpointSlices: ReadonlyMap<string, EndpointSlice>;
  readonly statuses: ReadonlyMap<string, CalicoNodeStatus>;
  /** By namespace/name; those that are known, which are the ones that sessions need. */
  readonly secrets: ReadonlyMap<string, CalicoSecret>;
  /** Of the own host only; empty where nothing reads them. */
  readonly workloads: readonly WorkloadEndpoint[];
}
