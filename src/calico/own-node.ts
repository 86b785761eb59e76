/** `calico.node` of the configuration as the Node resource that it stands in for. */

import { formatIpv4 } from "../base/address.ts";
import type { CalicoNodeSettings } from "../config/settings.ts";
import type { CalicoNode } from "./resources/model.ts";
import { nodeAddressOf } from "./resources/scalars.ts";

/** The node; its addresses were checked with the configuration. */
export function ownNodeOf(name: string, settings: CalicoNodeSettings): CalicoNode {
  const { ipv4Address, ipv6Address, asNumber, routeReflectorClusterID, labels } = settings;
  const addressOf = (text: string | undefined): CalicoNode["ipv4"] =>
    (text === undefined ? undefined : nodeAddressOf(text));
  return {
    name, labels, asNumber, ipv4: addressOf(ipv4Address), ipv6: addressOf(ipv6Address),
    routeReflectorClusterId: routeReflectorClusterID === undefined ? undefined : formatIpv4(routeReflectorClusterID),
    wireguard: { ipv4: false, ipv6: false }, podCidrs: [],
  };
}
