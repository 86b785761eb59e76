/** Which routes our node programs and how: Calico's kernel filter in its order. calico.md 4.5. */

import { formatPrefix } from "../../base/prefix.ts";
import type { CalicoResources, IpPool } from "../resources/model.ts";
import type { KernelFilterView } from "./view.ts";
import { poolsOf } from "./policies.ts";
import type { ServiceRoutes } from "./services.ts";
import { addressOf, compareText } from "./speaker.ts";
import type { CalicoFamily, Speaker } from "./speaker.ts";

const TUNNEL = "tunl0";

/** The kernel filter of a family. What no rule names is installed: routes from a ToR, even a default route. */
export function kernelFilter(
  resources: CalicoResources, speaker: Speaker, family: CalicoFamily, services: ServiceRoutes,
): readonly KernelFilterView[] {
  return [
    ...services.ranges.map((cidr): KernelFilterView => ({ step: "service range", action: "reject",
      cidr: formatPrefix(cidr) })),
    ...wireguardSteps(resources, speaker, family),
    ...poolSteps(resources, speaker, family),
  ];
}

/** Felix routes to nodes with WireGuard where we have it too. */
function wireguardSteps(
  resources: CalicoResources, { node }: Speaker, family: CalicoFamily,
): readonly KernelFilterView[] {
  if (!node.wireguard[family]) return [];
  const nextHops = [...resources.nodes.values()].filter((other) => other.wireguard[family] && other.name !== node.name)
    .map((other) => addressOf(other, family)?.address).filter((address) => address !== undefined).sort(compareText);
  return nextHops.length === 0 ? [] : [{ step: "WireGuard", action: "reject", nextHops }];
}

function poolSteps(
  resources: CalicoResources, { node, programs }: Speaker, family: CalicoFamily,
): readonly KernelFilterView[] {
  // Without our subnet nobody can say what needs a tunnel, and Calico leaves the IPv4 pools out.
  if (family === "ipv4" && node.ipv4 === undefined) return [];
  const step = (pool: IpPool): string => `IPPool ${pool.name}`;
  return poolsOf(resources, family).map((pool): KernelFilterView => {
    const cidr = formatPrefix(pool.cidr);
    const isIpip = pool.ipipMode !== "Never";
    const isOurs = pool.vxlanMode === "Never" && (isIpip ? programs.ipip : programs.plain);
    if (!isOurs) return { step: `${step(pool)}: Felix writes its routes`, action: "reject", cidr };
    if (!isIpip || family !== "ipv4") return { step: step(pool), action: "accept", cidr };
    const direct = pool.ipipMode === "CrossSubnet" && node.ipv4 !== undefined
      ? { directSubnet: formatPrefix(node.ipv4.network) } : {};
    return { step: step(pool), action: "accept", cidr, tunnel: TUNNEL, ...direct };
  });
}
