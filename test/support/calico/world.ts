/** A small cluster written in few words, for tests of the translation. */

import { createHash } from "node:crypto";
import { formatPrefix, parsePrefix } from "../../../src/base/prefix.ts";
import type { Prefix } from "../../../src/base/prefix.ts";
import type {
  BgpConfiguration, BgpFilter, BgpPeer, BlockAffinity, CalicoNode, CalicoNodeStatus, CalicoResources, CalicoSecret,
  CalicoService, EndpointSlice, IpamBlock, IpamConfiguration, IpPool, WorkloadEndpoint,
} from "../../../src/calico/resources/model.ts";
import { nodeAddressOf } from "../../../src/calico/resources/scalars.ts";
import type { NodeAddress } from "../../../src/calico/resources/scalars.ts";
import { parseSelector } from "../../../src/calico/selector/selector.ts";
import type { Selector } from "../../../src/calico/selector/selector.ts";
import { NodeTranslation } from "../../../src/calico/translate/node.ts";
import type { NodePlan } from "../../../src/calico/translate/node.ts";
import type { HostFacts } from "../../../src/calico/translate/speaker.ts";
import type { SessionView } from "../../../src/calico/translate/view.ts";

/** A prefix that must parse. */
export const cidr = (text: string): Prefix => parsePrefix(text) ?? fail(text);
/** A selector that must parse. */
export function selector(text: string): Selector {
  const parsed = parseSelector(text);
  return "column" in parsed ? fail(text) : parsed;
}
function fail(text: string): never {
  throw new Error(`the test has a mistake: ${text}`);
}

/** `10.0.0.5/24`. */
const nodeAddress = (text: string): NodeAddress => nodeAddressOf(text) ?? fail(text);

interface NodeWords {
  readonly ipv4?: string;
  readonly ipv6?: string;
  readonly asNumber?: number;
  readonly cluster?: string;
  readonly labels?: Readonly<Record<string, string>>;
  readonly wireguard?: boolean;
  readonly podCidrs?: readonly string[];
}
/** A node. */
export function node(name: string, words: NodeWords): CalicoNode {
  const { ipv4, ipv6, asNumber, cluster, labels = {}, wireguard = false, podCidrs = [] } = words;
  return {
    name, asNumber, labels: new Map(Object.entries(labels)), routeReflectorClusterId: cluster,
    ipv4: ipv4 === undefined ? undefined : nodeAddress(ipv4), ipv6: ipv6 === undefined ? undefined : nodeAddress(ipv6),
    wireguard: { ipv4: wireguard, ipv6: wireguard }, podCidrs: podCidrs.map(cidr),
  };
}

interface PeerWords extends Partial<Omit<BgpPeer, "local" | "remote">> {
  readonly node?: string;
  readonly nodeSelector?: string;
  readonly peerSelector?: string;
  readonly localWorkloadSelector?: string;
  /** `10.0.0.1` or `10.0.0.1 1179`. */
  readonly peerIP?: string;
}
/** A BGPPeer. */
export function peer(name: string, words: PeerWords): BgpPeer {
  const { node: nodeName, nodeSelector, peerSelector, peerIP, localWorkloadSelector, ...rest } = words;
  const [address = "", port] = peerIP?.split(" ") ?? [];
  return {
    name,
    local: nodeName !== undefined ? { by: "node", node: nodeName }
      : nodeSelector !== undefined ? { by: "selector", selector: selector(nodeSelector) } : { by: "all" },
    remote: peerIP !== undefined ? { by: "address", address, port: port === undefined ? undefined : Number(port) }
      : localWorkloadSelector !== undefined ? { by: "workload", selector: selector(localWorkloadSelector) }
        : { by: "selector", selector: selector(peerSelector ?? "all()") },
    asNumber: undefined, localAsNumber: undefined, nextHopMode: "auto", keepOriginalNextHop: false,
    passwordSecret: undefined, sourceAddress: "UseNodeIP", maxRestartTimeSeconds: undefined,
    keepaliveTimeSeconds: undefined, numAllowedLocalAsNumbers: 0, ttlSecurityHops: 0, reachableBy: undefined,
    filters: [], reversePeering: "Auto", ...rest,
  };
}

/** A BGPConfiguration. */
export function configuration(name: string, words: Partial<BgpConfiguration> = {}): BgpConfiguration {
  return {
    name, logSeverityScreen: undefined, nodeToNodeMeshEnabled: true, asNumber: undefined, listenPort: undefined,
    bindMode: "None", nodeMeshPassword: undefined, nodeMeshMaxRestartTimeSeconds: undefined,
    prefixAdvertisements: undefined, serviceClusterIPs: [], serviceExternalIPs: [], serviceLoadBalancerIPs: [],
    serviceLoadBalancerAggregation: true, ignoredInterfaces: [], programClusterRoutes: "EnabledNoEncapOnly",
    ipv4NormalRoutePriority: 1024, ipv6NormalRoutePriority: 1024, ...words,
  };
}

/** An IPPool named after its CIDR. */
export function pool(text: string, words: Partial<IpPool> = {}): IpPool {
  return { name: `pool-${text}`, cidr: cidr(text), ipipMode: "Never", vxlanMode: "Never", disableBgpExport: false,
    disabled: false, blockSize: text.includes(":") ? 122 : 26, ...words };
}

/** A BlockAffinity. */
export function block(nodeName: string, text: string, state: BlockAffinity["state"] = "confirmed"): BlockAffinity {
  return { name: `${nodeName}-${text}`, cidr: cidr(text), node: nodeName, state };
}

/** Everything of a cluster, each list in any order. */
export interface WorldWords {
  readonly nodes?: readonly CalicoNode[];
  readonly peers?: readonly BgpPeer[];
  readonly configurations?: readonly BgpConfiguration[];
  readonly filters?: readonly BgpFilter[];
  readonly pools?: readonly IpPool[];
  readonly affinities?: readonly BlockAffinity[];
  readonly ipamBlocks?: readonly IpamBlock[];
  readonly ipamConfigurations?: readonly IpamConfiguration[];
  readonly services?: readonly CalicoService[];
  readonly endpointSlices?: readonly EndpointSlice[];
  readonly statuses?: readonly CalicoNodeStatus[];
  readonly secrets?: readonly CalicoSecret[];
  readonly workloads?: readonly WorkloadEndpoint[];
}
const byName = <T extends { readonly name: string }>(things: readonly T[] = []): ReadonlyMap<string, T> =>
  new Map(things.map((thing) => [thing.name, thing]));
/** The resources as the translation takes them. */
export function world(words: WorldWords): CalicoResources {
  return {
    nodes: byName(words.nodes), peers: byName(words.peers), configurations: byName(words.configurations),
    filters: byName(words.filters), pools: byName(words.pools), affinities: byName(words.affinities),
    ipamBlocks: byName(words.ipamBlocks), ipamConfigurations: byName(words.ipamConfigurations),
    services: byName(words.services), secrets: byName(words.secrets), statuses: byName(words.statuses),
    endpointSlices: byName(words.endpointSlices), workloads: words.workloads ?? [],
  };
}

/** The host that is called so. */
export function host(nodeName: string, facts: Partial<HostFacts> = {}): HostFacts {
  return { nodeName, kubernetesNodeName: nodeName, secretNamespace: "kube-system", usePodCidr: false,
    routerId: undefined, sha256: (text) => createHash("sha256").update(text).digest(), ...facts };
}

/** The plan of a node. */
export function planOf(words: WorldWords, nodeName: string, facts: Partial<HostFacts> = {}): NodePlan {
  return new NodeTranslation(host(nodeName, facts)).plan(world(words), []);
}

/** The sessions of a node in one family. */
export function sessionsOf(
  words: WorldWords, nodeName: string, family: "ipv4" | "ipv6" = "ipv4",
): readonly SessionView[] {
  return planOf(words, nodeName).view.families[family].peers;
}

/** Export rules in a line each: `accept In 10.0.0.0/26`. */
export function exportLines(words: WorldWords, nodeName: string, family: "ipv4" | "ipv6" = "ipv4"): string[] {
  const { families } = planOf(words, nodeName);
  const rules = families?.[family].policies.of([]).export.rules ?? [];
  return rules.filter((rule) => rule.interface === undefined).map((rule) => [
    rule.action, rule.matchOperator, rule.cidr === undefined ? undefined : formatPrefix(rule.cidr),
    rule.priorityBelow === undefined ? undefined : `below ${rule.priorityBelow}`,
    ...(rule.operations ?? []).map((operation) => operation.do === "addCommunity" ? operation.community.join(":") : ""),
  ].filter((word) => word !== undefined).join(" "));
}
