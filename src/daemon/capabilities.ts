/** What our OPEN offers a neighbour. */

import { Shared } from "../base/shared.ts";
import type { GracefulRestartIntent, PeerIntent } from "../config/intent.ts";
import type { Capability } from "../messages/capabilities.ts";
import { familyRow, IPV4_UNICAST, IPV6_UNICAST } from "../messages/families.ts";
import type { FamilyRow } from "../messages/families.ts";

const SHARED = new Shared<readonly Capability[]>();

/** Bits of our OPEN that say how our last restart went (RFC 4724 §3). */
export interface RestartBits {
  /** R: this is the first session since. */
  readonly restarting: boolean;
  /** F, of every family: what forwards by our routes did not notice; without it peers drop all that we told them. */
  readonly forwarding: boolean;
}

/** The capabilities of our OPEN, in ascending order of code. */
export function capabilitiesFor(intent: PeerIntent, bits: RestartBits): readonly Capability[] {
  const families = intent.families.map(familyRow);
  const { gracefulRestart } = intent;
  const offered: Capability[] = families.map(({ afi, safi }) => ({ name: "multiprotocol", afi, safi }));
  offered.push({ name: "routeRefresh" });
  if (families.includes(IPV4_UNICAST)) {
    const { afi, safi } = IPV4_UNICAST;
    offered.push({ name: "extendedNextHop", entries: [{ afi, safi, nextHopAfi: IPV6_UNICAST.afi }] });
  }
  offered.push({ name: "extendedMessage" });
  if (intent.role !== undefined) offered.push({ name: "role", role: intent.role });
  if (gracefulRestart !== undefined) offered.push(gracefulFor(gracefulRestart, families, bits));
  offered.push({ name: "fourOctetAs", asNumber: intent.localAsNumber });
  if (intent.addPath !== "off") {
    const receive = intent.addPath !== "send";
    const send = intent.addPath !== "receive";
    offered.push({ name: "addPath", families: families.map(({ afi, safi }) => ({ afi, safi, receive, send })) });
  }
  offered.push({ name: "enhancedRouteRefresh" });
  const staleTimeSeconds = gracefulRestart?.longLivedSeconds;
  if (staleTimeSeconds !== undefined) {
    const entries = families.map(({ afi, safi }) => ({ afi, safi, forwarding: bits.forwarding, staleTimeSeconds }));
    offered.push({ name: "longLivedGracefulRestart", families: entries });
  }
  return SHARED.of(offered);
}

/** Graceful restart, also after a NOTIFICATION (RFC 8538). */
function gracefulFor(
  { restartTimeSeconds }: GracefulRestartIntent, families: readonly FamilyRow[],
  { restarting, forwarding }: RestartBits,
): Capability {
  return {
    name: "gracefulRestart", restarting, notification: true, restartTimeSeconds,
    families: families.map(({ afi, safi }) => ({ afi, safi, forwarding })),
  };
}
