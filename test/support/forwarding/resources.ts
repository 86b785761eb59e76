/** The resources of the forwarding lab: what the BIRDs' configurations say, in Calico's words. */

import { LAB_AS } from "../lab/router.ts";
import type { ForwardingNetwork } from "./network.ts";
import { POOL_IPV6, POOLS } from "./network.ts";

/** One file of YAML; the third host is the reflector, with `clusterId`. */
export function calicoResources({ hosts }: ForwardingNetwork, clusterId: string): string {
  const reflector = hosts[2];
  const nodes = hosts.map((host) => `
apiVersion: projectcalico.org/v3
kind: Node
metadata:
  name: ${host.node.name}
  labels: {${host === reflector ? 'route-reflector: "true"' : ""}}
spec:
  bgp:
    ipv4Address: ${host.node.v4}/24
    ipv6Address: ${host.node.v6}/64
${host === reflector ? `    routeReflectorClusterID: ${clusterId}\n` : ""}`);
  const blocks = hosts.flatMap(({ node, blocks: own, blockIpv6 }) => [...own, blockIpv6].map((cidr) => `
apiVersion: projectcalico.org/v3
kind: BlockAffinity
metadata: {name: "${node.name}-${cidr.replaceAll(/[.:/]+/g, "-")}"}
spec: {cidr: "${cidr}", node: ${node.name}, state: confirmed}
`));
  const modes = { plain: "", vxlan: ", vxlanMode: Always", ipip: ", ipipMode: Always" } as const;
  const pools = Object.entries(POOLS).map(([name, cidr]) => `
apiVersion: projectcalico.org/v3
kind: IPPool
metadata: {name: ${name}}
spec: {cidr: ${cidr}, blockSize: 26${modes[name as keyof typeof POOLS]}}
`);
  return [...nodes, ...blocks, ...pools, `
apiVersion: projectcalico.org/v3
kind: IPPool
metadata: {name: plain-ipv6}
spec: {cidr: "${POOL_IPV6}", blockSize: 122}
`, `
apiVersion: projectcalico.org/v3
kind: BGPConfiguration
metadata: {name: default}
spec: {nodeToNodeMeshEnabled: false, asNumber: ${LAB_AS}, programClusterRoutes: Enabled}
`, `
apiVersion: projectcalico.org/v3
kind: BGPPeer
metadata: {name: peer-with-route-reflectors}
spec: {nodeSelector: all(), peerSelector: "route-reflector == 'true'"}
`].join("---");
}
