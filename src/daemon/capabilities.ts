/** What our OPEN offers a neighbour. Graceful restart is not offered before restarts have a meaning here. */

import { Shared } from "../base/shared.ts";
import type { PeerIntent } from "../config/intent.ts";
import type { Capability } from "../messages/capabilities.ts";
import { familyRow, IPV4_UNICAST, IPV6_UNICAST } from "../messages/families.ts";

const SHARED = new Shared<readonly Capability[]>();

/** The capabilities of our OPEN, in ascending order of code. */
export function capabilitiesFor(intent: PeerIntent): readonly Capability[] {
  const families = intent.families.map(familyRow);
  const offered: Capability[] = families.map(({ afi, safi }) => ({ name: "multiprotocol", afi, safi }));
  offered.push({ name: "routeRefresh" });
  if (families.includes(IPV4_UNICAST)) {
    const { afi, safi } = IPV4_UNICAST;
    offered.push({ name: "extendedNextHop", entries: [{ afi, safi, nextHopAfi: IPV6_UNICAST.afi }] });
  }
  offered.push({ name: "extendedMessage" });
  if (intent.role !== undefined) offered.push({ name: "role", role: intent.role });
  offered.push({ name: "fourOctetAs", asNumber: intent.localAsNumber });
  if (intent.addPath !== "off") {
    const receive = intent.addPath !== "send";
    const send = intent.addPath !== "receive";
    offered.push({ name: "addPath", families: families.map(({ afi, safi }) => ({ afi, safi, receive, send })) });
  }
  offered.push({ name: "enhancedRouteRefresh" });
  return SHARED.of(offered);
}
