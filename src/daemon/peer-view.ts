/** One neighbour as `show peers` and the API tell it. */

import { formatIpv4 } from "../base/address.ts";
import { describeCapability } from "../messages/capabilities.ts";
import { FAMILIES } from "../messages/families.ts";
import type { Family } from "../messages/families.ts";
import type { OpenMessage } from "../messages/open.ts";
import type { Negotiated } from "../messages/negotiation.ts";
import type { SessionView } from "../transport/ports.ts";
import type { LastError, PeerView, PrefixCounts } from "./api.ts";
import { whyDown } from "./admin.ts";
import type { Peer } from "./peer.ts";
import type { Tables } from "./tables.ts";

/** The view of one session. Costs counters only, no walk over routes. */
export function peerView(peer: Peer, tables: Tables): PeerView {
  const { intent } = peer;
  const session = peer.session.view();
  return {
    name: peer.name, address: peer.address, port: peer.port, localAddress: session.localAddress ?? null,
    asNumber: intent.asNumber, localAsNumber: intent.localAsNumber,
    routerId: session.remote === undefined ? null : formatIpv4(session.remote.routerId),
    type: intent.type, state: session.state, enabled: peer.enabled, passive: intent.passive,
    since: new Date(session.since).toISOString(), upOrDownSince: new Date(upOrDownSince(peer, session)).toISOString(),
    description: intent.description,
    routeReflectorClient: intent.routeReflectorClient, clusterId: formatIpv4(intent.clusterId),
    families: session.negotiated?.families ?? intent.families,
    holdTimeSeconds: session.holdTimeSeconds, keepaliveTimeSeconds: session.keepaliveTimeSeconds,
    capabilities: {
      local: capabilitiesOf(session.local), remote: capabilitiesOf(session.remote),
      negotiated: session.negotiated === undefined ? null : describeNegotiated(session.negotiated),
    },
    prefixes: prefixCounts(peer, tables),
    messages: session.messages, bytes: session.bytes, flaps: session.flaps,
    waiting: whyDown(intent, peer.admin) ?? session.waiting ?? null,
    policy: { import: policyWord(intent.import.missing), export: policyWord(intent.export.missing) },
    lastError: lastErrorOf(session),
  };
}

/** A session that is up or disabled keeps its state; one that tries goes through several while it is down. */
function upOrDownSince(peer: Peer, session: SessionView): number {
  const settled = session.state === "Established" || !peer.enabled;
  return settled ? session.since : peer.downSinceSeconds * 1000;
}

/** Received, accepted and advertised prefixes by family, for every family that is offered. */
export function prefixCounts(peer: Peer, tables: Tables): { [F in Family]?: PrefixCounts } {
  const counts: { [F in Family]?: PrefixCounts } = {};
  for (const family of FAMILIES) {
    if (!peer.intent.families.includes(family.name)) continue;
    const rib = tables.ribs[family.index]!;
    const member = peer.member(family);
    const known = peer.id !== 0 && peer.facts !== undefined;
    counts[family.name] = {
      received: known ? rib.received(peer.id) : 0,
      accepted: known ? rib.accepted(peer.id) : 0,
      advertised: member?.group.advertisedTo(member) ?? 0,
    };
  }
  return counts;
}

function policyWord(missing: boolean): string {
  return missing ? "no policy (RFC 8212)" : "configured";
}

function capabilitiesOf(open: OpenMessage | undefined): object[] {
  return open?.capabilities.map(describeCapability) ?? [];
}

/** What both sides agreed on; what the peer sent of graceful restart is among its capabilities. */
function describeNegotiated(negotiated: Negotiated): Record<string, unknown> {
  const { gracefulRestart, longLivedGracefulRestart, ...same } = negotiated;
  return {
    ...same,
    gracefulRestart: gracefulRestart !== undefined,
    longLivedGracefulRestart: longLivedGracefulRestart !== undefined,
  };
}

function lastErrorOf({ lastError }: SessionView): LastError | null {
  if (lastError === undefined) return null;
  const { direction, code, subcode, name, text, at } = lastError;
  return { direction, code, subcode, name, text, at: new Date(at).toISOString() };
}
