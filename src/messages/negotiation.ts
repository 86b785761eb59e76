/** What two OPENs make of a session. Rule: a feature is used where both sides offered it, by the clause of its RFC. */

import { Shared } from "../base/shared.ts";
import type { Capability, CapabilityNamed, Role } from "./capabilities.ts";
import { allCapabilities, findCapability } from "./capabilities.ts";
import type { Family, FamilyRow } from "./families.ts";
import { FAMILIES, IPV4_UNICAST } from "./families.ts";
import type { OpenMessage } from "./open.ts";

/** The features of one session. */
export interface Negotiated {
  readonly families: readonly Family[];
  /** AS numbers in UPDATEs have four octets (RFC 6793 §4.1). */
  readonly fourOctetAs: boolean;
  /** Families in which the peer writes path identifiers: we offered to receive, it offered to send (RFC 7911 §4). */
  readonly addPathReceive: readonly Family[];
  /** Families in which we write path identifiers. */
  readonly addPathSend: readonly Family[];
  /** We may send up to 65535 octets: the peer offered it (RFC 8654 §4). */
  readonly extendedMessagesSend: boolean;
  /** We must accept up to 65535 octets: we offered it, and the peer need not have (RFC 8654 §4, §5). */
  readonly extendedMessagesReceive: boolean;
  /** Families of IPv4 NLRI whose next hop may be IPv6 (RFC 8950 §4). */
  readonly extendedNextHop: readonly Family[];
  readonly routeRefresh: boolean;
  readonly enhancedRouteRefresh: boolean;
  readonly remoteRole: Role | undefined;
  /** The smaller of both; 0 is no keepalives (RFC 4271 §4.2). */
  readonly holdTimeSeconds: number;
  /** As the peer sent it, whether or not we offered it. */
  readonly gracefulRestart: CapabilityNamed<"gracefulRestart"> | undefined;
  /** As the peer sent it; ignored without graceful restart (RFC 9494 §3.1). */
  readonly longLivedGracefulRestart: CapabilityNamed<"longLivedGracefulRestart"> | undefined;
  /** Host name and domain, fit to print. */
  readonly remoteFqdn?: string;
}

const SHARED = new Shared<Negotiated>();

/** The features of the session that starts with these two OPENs; sessions that are alike share one answer. */
export function negotiate(local: OpenMessage, remote: OpenMessage): Negotiated {
  const rows = FAMILIES.filter((row) => offersFamily(local, row) && offersFamily(remote, row));
  const named = (use: (row: FamilyRow) => boolean): Family[] => rows.filter(use).map((row) => row.name);
  const both = (name: Capability["name"]): boolean => offers(local, name) && offers(remote, name);
  const gracefulRestart = findCapability(remote.capabilities, "gracefulRestart");
  const longLived = findCapability(remote.capabilities, "longLivedGracefulRestart");
  const role = findCapability(remote.capabilities, "role")?.role;
  const fqdn = findCapability(remote.capabilities, "fqdn");
  return SHARED.of({
    families: named(() => true),
    fourOctetAs: both("fourOctetAs"),
    addPathReceive: named((row) => addPathOf(local, row).receive && addPathOf(remote, row).send),
    addPathSend: named((row) => addPathOf(local, row).send && addPathOf(remote, row).receive),
    extendedMessagesSend: offers(remote, "extendedMessage"),
    extendedMessagesReceive: offers(local, "extendedMessage"),
    extendedNextHop: named((row) => takesIpv6NextHop(local, row) && takesIpv6NextHop(remote, row)),
    routeRefresh: both("routeRefresh"),
    enhancedRouteRefresh: both("enhancedRouteRefresh"),
    remoteRole: typeof role === "number" ? undefined : role,
    holdTimeSeconds: Math.min(local.holdTimeSeconds, remote.holdTimeSeconds),
    gracefulRestart,
    longLivedGracefulRestart: gracefulRestart === undefined ? undefined : longLived,
    ...(fqdn === undefined ? {} : { remoteFqdn: fqdn.domain === "" ? fqdn.host : `${fqdn.host}.${fqdn.domain}` }),
  });
}

/** Whether an OPEN offers a family; without any multiprotocol capability that is IPv4 unicast (RFC 4760 §8). */
export function offersFamily(open: OpenMessage, row: FamilyRow): boolean {
  const offered = allCapabilities(open.capabilities, "multiprotocol");
  if (offered.length === 0) return row === IPV4_UNICAST;
  return offered.some(({ afi, safi }) => afi === row.afi && safi === row.safi);
}

function offers(open: OpenMessage, name: Capability["name"]): boolean {
  return open.capabilities.some((capability) => capability.name === name);
}

/** What an OPEN says of ADD-PATH in a family; of two entries the last one counts (RFC 7911 §4 leaves it open). */
function addPathOf(open: OpenMessage, row: FamilyRow): { readonly receive: boolean; readonly send: boolean } {
  const entries = allCapabilities(open.capabilities, "addPath").flatMap(({ families }) => families);
  return entries.findLast(({ afi, safi }) => afi === row.afi && safi === row.safi) ?? { receive: false, send: false };
}

function takesIpv6NextHop(open: OpenMessage, row: FamilyRow): boolean {
  const entries = allCapabilities(open.capabilities, "extendedNextHop").flatMap((capability) => capability.entries);
  return row.afi === 1 && entries.some((e) => e.afi === row.afi && e.safi === row.safi && e.nextHopAfi === 2);
}
