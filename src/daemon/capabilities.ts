/** What our OPEN offers a neighbour. */

import { Shared } from "../base/shared.ts";
import type { GracefulRestartIntent, PeerIntent } from "../config/intent.ts";
import type { Capability } from "../messages/capabilities.ts";
import { familyRow, IPV4_UNICAST, IPV6_UNICAST } from "../messages/families.ts";
import type { FamilyRow } from "../messages/families.ts";

const SHARED = new Shared<readonly Capability[]>();

/** The capabilities of our OPEN, in ascending order of code. `restarting`: the R bit (RFC 4724 §3). */
export function capabilitiesFor(intent: PeerIntent, restarting: boolean): readonly Capability[] {
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
  if (gracefulRestart !== undefined) offered.push(gracefulFor(gracefulRestart, families, restarting));
  offered.push({ name: "fourOctetAs", asNumber: intent.localAsNumber });
  if (intent.addPath !== "off") {
    const receive = intent.addPath !== "send";
    const send = intent.addPath !== "receive";
    offered.push({ name: "addPath", families: families.map(({ afi, safi }) => ({ afi, safi, receive, send })) });
  }
  offered.push({ name: "enhancedRouteRefresh" });
  const staleTimeSeconds = gracefulRestart?.longLivedSeconds;
  if (staleTimeSeconds !== undefined) {
    const entries = families.map(({ afi, safi }) => ({ afi, safi, forwarding: true, staleTimeSeconds }));
    offered.push({ name: "longLivedGracefulRestart", families: entries });
  }
  return SHARED.of(offered);
}

/**
 * Graceful restart, also after a NOTIFICATION. The F bit is set for every family: out of the data path there is nothing
 * that a restart could lose, and kernel routes stay over one where `kernel.onStop` keeps them; without the bit peers
 * would drop all that we told them.
 */
function gracefulFor(
  { restartTimeSeconds }: GracefulRestartIntent, families: readonly FamilyRow[], restarting: boolean,
): Capability {
  return {
    name: "gracefulRestart", restarting, notification: true, restartTimeSeconds,
    families: families.map(({ afi, safi }) => ({ afi, safi, forwarding: true })),
  };
}
