/**
 * What the tables have to know of an Established session: who it is as a source of paths, how its UPDATEs are read and
 * judged, and what it is told. Rule: everything here follows from the intent and the session's facts alone.
 */

import { parseAddress } from "../base/address.ts";
import { EMPTY } from "../base/bytes.ts";
import { Shared } from "../base/shared.ts";
import type { PeerIntent } from "../config/intent.ts";
import { FAMILIES } from "../messages/families.ts";
import type { FamilyRow } from "../messages/families.ts";
import { EXTENDED_MESSAGE_OCTETS_MAX, MESSAGE_OCTETS_MAX } from "../messages/header.ts";
import { compiledPolicy } from "../reflector/filters.ts";
import type { IngressSession } from "../reflector/ingress.ts";
import type { PeerKind } from "../reflector/reflection.ts";
import type { SessionRules } from "../reflector/session-rules.ts";
import { ExportTarget } from "../reflector/target.ts";
import type { PeerId } from "../rib/ids.ts";
import type { PeerFacts } from "../rib/peer-table.ts";
import type { SessionFacts } from "../transport/ports.ts";
import type { PeerHost } from "./host.ts";

/** Whether the session is internal. */
export function isIbgp(intent: PeerIntent): boolean {
  return intent.asNumber === intent.localAsNumber;
}

/** What the session is to reflection (RFC 4456). */
export function kindOf(intent: PeerIntent): PeerKind {
  if (!isIbgp(intent)) return "ebgp";
  return intent.routeReflectorClient ? "client" : "nonClient";
}

/** The session as a source of paths. */
export function peerFactsOf(name: string, intent: PeerIntent, facts: SessionFacts): PeerFacts {
  return {
    name, ebgp: !isIbgp(intent), own: false, client: kindOf(intent) === "client",
    clusterId: intent.clusterId, routerId: facts.remote.routerId,
    address: parseAddress(facts.remoteAddress.split("%")[0]!) ?? EMPTY, remotePort: facts.remotePort,
    localAs: intent.localAsNumber, asNumber: intent.asNumber,
  };
}

/** Whether paths learned under one set of facts may go on under the other. */
export function isSamePeer(a: PeerFacts, b: PeerFacts): boolean {
  return a.ebgp === b.ebgp && a.routerId === b.routerId && a.localAs === b.localAs && a.asNumber === b.asNumber;
}

const SHARED = new Shared<Pick<IngressSession, "context" | "negotiated" | "addPath" | "limits">>();

/** How the session's UPDATEs are read and judged. */
export function ingressSessionOf(
  peer: PeerId, intent: PeerIntent, facts: SessionFacts, host: PeerHost,
): IngressSession {
  const { negotiated } = facts;
  const has = (families: readonly string[]): boolean[] => FAMILIES.map(({ name }) => families.includes(name));
  const loopback = host.isLoopback(facts.localAddress);
  const ebgp = !isIbgp(intent);
  const key = (ebgp ? 1 : 0) | (negotiated.fourOctetAs ? 2 : 0) | (loopback ? 4 : 0);
  const shared = SHARED.of({
    context: {
      ebgp, fourOctetAs: negotiated.fourOctetAs, addPath: negotiated.addPathReceive,
      extendedNextHop: negotiated.extendedNextHop, loopback, families: negotiated.families,
    },
    negotiated: has(negotiated.families),
    addPath: has(negotiated.addPathReceive),
    limits: FAMILIES.map(({ name }) => intent.prefixLimit[name]),
  });
  return {
    peer, ...shared,
    contextKey: key | (negotiated.extendedNextHop.length > 0 ? 8 : 0),
    rules: rulesOf(intent, host),
    policy: compiledPolicy(intent.import, !ebgp),
  };
}

function rulesOf(intent: PeerIntent, host: PeerHost): SessionRules {
  return host.rules.of({
    ebgp: !isIbgp(intent), client: kindOf(intent) === "client",
    asNumber: intent.asNumber, localAsNumber: intent.localAsNumber,
    routerId: host.speaker.routerId, clusterIds: host.clusterIds, role: intent.role,
    enforceFirstAs: intent.enforceFirstAs, rejectAsSets: intent.rejectAsSets, allowOwnAs: intent.allowOwnAs,
    isOurs: (bytes, at, end) => host.isOurs(bytes, at, end),
  });
}

/** What the session is told of one family: the key of its update group. */
export function exportTargetOf(
  family: FamilyRow, intent: PeerIntent, facts: SessionFacts, host: PeerHost,
): ExportTarget {
  const kind = kindOf(intent);
  const { negotiated } = facts;
  const writesSelf = intent.nextHop === "self" || (intent.nextHop === "auto" && kind === "ebgp") ||
    host.originatesWithoutNextHop;
  return new ExportTarget({
    family, kind, localAsNumber: intent.localAsNumber, clusterId: kind === "client" ? intent.clusterId : 0,
    nextHop: intent.nextHop, selfAddress: writesSelf ? selfAddress(family, facts, negotiated.extendedNextHop) : EMPTY,
    role: intent.role, policy: compiledPolicy(intent.export, isIbgp(intent)),
    addPathMax: negotiated.addPathSend.includes(family.name) ? intent.addPathSendMax : 0,
    fourOctetAs: negotiated.fourOctetAs,
    messageOctetsMax: negotiated.extendedMessagesSend ? EXTENDED_MESSAGE_OCTETS_MAX : MESSAGE_OCTETS_MAX,
    extendedNextHop: negotiated.extendedNextHop.includes(family.name),
    longLived: !host.speaksLongLived || negotiated.longLivedGracefulRestart !== undefined ? "passed"
      : intent.advertiseToNonLlgrNeighbor === true && kind !== "ebgp" ? "depreferenced" : "kept back",
  });
}

/** Our address of the session where it fits the family, global addresses only (RFC 2545 §3). */
function selfAddress(family: FamilyRow, facts: SessionFacts, extendedNextHop: readonly string[]): Uint8Array {
  const address = facts.localAddress.includes("%") ? undefined : parseAddress(facts.localAddress);
  if (address === undefined) return EMPTY;
  const extended = address.length === 16 && extendedNextHop.includes(family.name);
  const fits = address.length === family.addressOctets || extended;
  return fits ? address : EMPTY;
}
