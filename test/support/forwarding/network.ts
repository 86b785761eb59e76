/**
 * Hosts with pods, as Calico wires them: each host a namespace with a cable to the underlay and one to the "tunnel",
 * each pod a namespace behind a `cali` interface with a /32 route of protocol 80, as Felix writes it. Outside is a host
 * that knows one thing: the pod networks are behind the third host. A kernel without an ipip module has no tunnel:
 * `tunl0` is a cable to a bridge of its own, on which every host answers for all its addresses.
 */

import { batch, inside } from "../lab/lab.ts";
import type { Lab, LabNode } from "../lab/lab.ts";
import { must } from "../lab/processes.ts";
import type { TrafficPlace } from "../traffic/traffic.ts";

/** The pools: one without encapsulation, one of VXLAN (Felix programs it), one of IPIP. */
export const POOLS = { plain: "10.244.0.0/16", vxlan: "10.245.0.0/16", ipip: "10.246.0.0/16" } as const;
/** The one pool of IPv6, without encapsulation. */
export const POOL_IPV6 = "fd00:10:244::/48";
/** Metric of routes to pods (Calico's normal route priority). */
export const POD_METRIC = 1024;

/** A pod, which is an end of the traffic. */
export interface Pod extends TrafficPlace {
  readonly host: ForwardingHost;
  /** Its cable's end on the host. */
  readonly hostInterface: string;
  /** The host routes it; no traffic uses it. */
  readonly ipv6: string;
}

/** A host of the cluster. */
export interface ForwardingHost {
  readonly node: LabNode;
  /** Own blocks of IPv4, and the one of IPv6. */
  readonly blocks: readonly string[];
  readonly blockIpv6: string;
}

/** The whole lab. */
export interface ForwardingNetwork {
  readonly lab: Lab;
  /** The third is the reflector, and where outside sends. */
  readonly hosts: readonly [ForwardingHost, ForwardingHost, ForwardingHost];
  readonly outside: LabNode;
  readonly pods: readonly Pod[];
  /** Pods and outside. */
  readonly ends: readonly TrafficPlace[];
}

/** Pods by host: `a2` and `c2` have borrowed addresses, of each other's hosts' blocks; `b2` is behind the tunnel. */
const PODS = [
  ["a1", 0, "10.244.1.2", "fd00:10:244:1::2"], ["a2", 0, "10.244.3.40", "fd00:10:244:3::20"],
  ["b1", 1, "10.244.2.2", "fd00:10:244:2::2"], ["b2", 1, "10.246.2.2", "fd00:10:244:2::3"],
  ["c1", 2, "10.244.3.2", "fd00:10:244:3::2"], ["c2", 2, "10.244.1.40", "fd00:10:244:1::20"],
] as const;

/** The address that pods have as their gateway, and the hardware address behind it: Calico's. */
const GATEWAY = "169.254.1.1";
const GATEWAY_HARDWARE = "ee:ee:ee:ee:ee:ee";

/** Builds it; nobody speaks BGP yet, so only pods of one host reach each other. */
export async function forwardingNetwork(lab: Lab): Promise<ForwardingNetwork> {
  await batch(lab.hubNamespace, ["link add br1 type bridge", "link set br1 up"]);
  const hosts = [await addHost(lab, 1), await addHost(lab, 2), await addHost(lab, 3)] as const;
  const outside = await lab.node("out");
  await sysctl(outside.namespace, "conf.all.accept_redirects=0", "conf.eth0.accept_redirects=0");
  await batch(outside.namespace, Object.values(POOLS).map((pool) => `route add ${pool} via ${hosts[2].node.v4}`));
  const pods: Pod[] = [];
  for (const [name, host, address, ipv6] of PODS) pods.push(await addPod(lab, hosts[host], { name, address, ipv6 }));
  return { lab, hosts, outside, pods,
    ends: [...pods, { name: "outside", namespace: outside.namespace, address: outside.v4 }] };
}

/** Writes a pod's routes, as Felix does when its interface comes up. */
export async function routeToPod({ address, ipv6, host, hostInterface }: Pod): Promise<void> {
  await batch(host.node.namespace, [
    `route replace ${address}/32 dev ${hostInterface} proto 80 scope link metric ${POD_METRIC}`,
    `route replace ${ipv6}/128 dev ${hostInterface} proto 80 metric ${POD_METRIC}`,
  ]);
}

async function addHost(lab: Lab, number: number): Promise<ForwardingHost> {
  const node = await lab.node(`h${number}`);
  await batch(lab.hubNamespace, [`link add t${number} type veth peer name tunl0 netns ${node.namespace}`,
    `link set t${number} master br1 up`]);
  await batch(node.namespace, ["link set tunl0 mtu 1480 up"]);
  // The host between outside and the other hosts sees both on one link: without this it would tell outside to go round.
  await sysctl(node.namespace, "ip_forward=1", "conf.all.rp_filter=0", "conf.default.rp_filter=0",
    "conf.all.send_redirects=0", "conf.default.send_redirects=0", "conf.eth0.send_redirects=0");
  // An interface that goes down and comes back keeps its IPv4 addresses; so that it keeps the others, too:
  await must(inside(node.namespace, ["sysctl", "-qw", "net.ipv6.conf.all.keep_addr_on_down=1",
    "net.ipv6.conf.eth0.keep_addr_on_down=1"]));
  const vxlan = number === 1 ? [`10.245.${number}.0/26`] : [];
  return { node, blocks: [`10.244.${number}.0/26`, ...vxlan, `10.246.${number}.0/26`],
    blockIpv6: `fd00:10:244:${number}::/122` };
}

async function addPod(lab: Lab, host: ForwardingHost, who: Pick<Pod, "name" | "address" | "ipv6">): Promise<Pod> {
  const { name, address } = who;
  const namespace = await lab.namespace(name);
  const hostInterface = `cali${name}`;
  await batch(host.node.namespace, [
    `link add name ${hostInterface} address ${GATEWAY_HARDWARE} type veth peer name eth0 netns ${namespace}`,
    `link set ${hostInterface} up`,
  ]);
  await batch(namespace, [
    "link set eth0 up", `addr add ${address}/32 dev eth0`, `route add ${GATEWAY} dev eth0 scope link`,
    `neigh replace ${GATEWAY} lladdr ${GATEWAY_HARDWARE} dev eth0 nud permanent`, `route add default via ${GATEWAY}`,
  ]);
  const pod = { ...who, namespace, host, hostInterface };
  await routeToPod(pod);
  return pod;
}

async function sysctl(namespace: string, ...settings: string[]): Promise<void> {
  await must(inside(namespace, ["sysctl", "-qw", ...settings.map((setting) => `net.ipv4.${setting}`)]));
}
