/**
 * Who we are by the resources: our node, AS, router id, cluster id and ports. calico.md 3.1 and 2.2. Everything is per
 * family, as Calico runs one BIRD for each.
 */

import type { Prefix } from "../../base/prefix.ts";
import { BGP_PORT, DEFAULT_AS_NUMBER } from "../../config/intent.ts";
import type { ProgramClusterRoutes } from "../../config/intent.ts";
import { NO_CONFIGURATION } from "../resources/bgp-configuration.ts";
import type { BgpConfiguration, CalicoNode, CalicoResources } from "../resources/model.ts";
import type { NodeAddress } from "../resources/scalars.ts";

/** The families by the word that Calico's status uses. */
export type CalicoFamily = "ipv4" | "ipv6";
/** Both, in the order in which they are shown. */
export const CALICO_FAMILIES: readonly CalicoFamily[] = ["ipv4", "ipv6"];

/** Octets of an address. */
export function octetsOf(family: CalicoFamily): 4 | 16 {
  return family === "ipv4" ? 4 : 16;
}

/** Byte order for what Calico compares as strings; names and addresses are ASCII. */
export function compareText(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}

/** What the host says and no resource does. */
export interface HostFacts {
  /** Name of our node. */
  readonly nodeName: string;
  /** Our name in Kubernetes' own objects: CALICO_K8S_NODE_REF, else the node's. */
  readonly kubernetesNodeName: string;
  /** Where the Secrets with the passwords are. */
  readonly secretNamespace: string;
  /** USE_POD_CIDR: the blocks are those of the Node's spec.podCIDRs. */
  readonly usePodCidr: boolean;
  /** CALICO_ROUTER_ID: a dotted quad, "hash", or undefined. */
  readonly routerId: string | undefined;
  /** CALICO_ADVERTISE_CLUSTER_IPS: goes before the serviceClusterIPs of the BGPConfiguration. */
  readonly serviceClusterIPs?: readonly Prefix[] | undefined;
  /** calico.programClusterRoutes: goes before that of the BGPConfiguration, which only Calico 3.32 and later has. */
  readonly programClusterRoutes?: ProgramClusterRoutes | undefined;
  /** SHA-256 of a text, for "hash". */
  readonly sha256: (text: string) => Uint8Array;
  /** calico.node: goes before the Node resource, or stands in for one where there is none. */
  readonly ownNode?: CalicoNode | undefined;
}

/** Our node in its cluster. */
export interface Speaker {
  readonly node: CalicoNode;
  /** 0 where it would be the cluster's, and that is not known. */
  readonly asNumber: number;
  /** Dotted quad; undefined where the node has no IPv4 address and nobody names one. */
  readonly routerId: string | undefined;
  /** Dotted quad; undefined: no reflector. */
  readonly clusterId: string | undefined;
  readonly meshEnabled: boolean;
  readonly listenPort: number;
  readonly bindToNode: boolean;
  /** There is a Node resource of our name: false where only calico.node says who we are. */
  readonly isNode: boolean;
  /** Whether routes of pools without encapsulation, and of IPIP pools, are ours to write, as BIRD's; else Felix's. */
  readonly programs: { readonly plain: boolean; readonly ipip: boolean };
}

/** BGPConfiguration `default`, or Calico's defaults where there is none. */
export function defaultConfiguration(resources: CalicoResources): BgpConfiguration {
  return resources.configurations.get("default") ?? NO_CONFIGURATION;
}

/** AS of the cluster; 0 where a BGPConfiguration names one that is none. */
export function clusterAsNumber(resources: CalicoResources): number {
  return defaultConfiguration(resources).asNumber ?? DEFAULT_AS_NUMBER;
}

/** The port a node is configured to listen on by itself; undefined where only the cluster's applies. */
export function ownListenPort(resources: CalicoResources, nodeName: string): number | undefined {
  return resources.configurations.get(`node.${nodeName}`)?.listenPort;
}

/** The port a node listens on and others dial; undefined where nobody names one, which means 179. */
export function listenPortOf(resources: CalicoResources, nodeName: string): number | undefined {
  return ownListenPort(resources, nodeName) ?? defaultConfiguration(resources).listenPort;
}

/**
 * Who we are: what the host says of itself, and the Node resource for the rest. Its labels win, as others see no other
 * ones. Undefined while there is neither.
 */
export function ourNodeOf(own: CalicoNode | undefined, found: CalicoNode | undefined): CalicoNode | undefined {
  if (own === undefined || found === undefined) return own ?? found;
  return {
    ...found,
    ipv4: own.ipv4 ?? found.ipv4, ipv6: own.ipv6 ?? found.ipv6, asNumber: own.asNumber ?? found.asNumber,
    routeReflectorClusterId: own.routeReflectorClusterId ?? found.routeReflectorClusterId,
    labels: new Map([...own.labels, ...found.labels]),
  };
}

/** Our node as a speaker. */
export function speakerOf(resources: CalicoResources, host: HostFacts, node: CalicoNode): Speaker {
  const configuration = defaultConfiguration(resources);
  const isNode = resources.nodes.has(node.name);
  const program = host.programClusterRoutes ?? configuration.programClusterRoutes;
  return {
    node,
    asNumber: node.asNumber ?? clusterAsNumber(resources),
    routerId: routerIdOf(node, host),
    clusterId: node.routeReflectorClusterId,
    // Other nodes know Nodes only: with a host that is none, nobody has a mesh session.
    meshEnabled: isNode && configuration.nodeToNodeMeshEnabled,
    listenPort: listenPortOf(resources, node.name) ?? BGP_PORT,
    bindToNode: configuration.bindMode === "NodeIP",
    isNode,
    programs: {
      plain: program === "Enabled" || program === "EnabledNoEncapOnly",
      ipip: program === "Enabled" || program === "EnabledIPIPOnly",
    },
  };
}

/** The node's address of a family. */
export function addressOf(node: CalicoNode, family: CalicoFamily): NodeAddress | undefined {
  return family === "ipv4" ? node.ipv4 : node.ipv6;
}

function routerIdOf(node: CalicoNode, host: HostFacts): string | undefined {
  if (host.routerId !== "hash") return host.routerId ?? node.ipv4?.address;
  const [first = 0, ...rest] = host.sha256(node.name).subarray(0, 4);
  return [first > 223 ? first - 32 : first, ...rest].join(".");
}
