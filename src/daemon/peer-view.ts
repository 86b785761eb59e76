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

/** What a view is made of. */
interface Shown {
  readonly peer: Peer;
  readonly session: SessionView;
  readonly tables: Tables;
}

/** One row per field, so that what nobody asked for costs nothing. */
const FIELDS: { readonly [F in keyof PeerView]: (of: Shown) => PeerView[F] } = {
  name: ({ peer }) => peer.name,
  address: ({ peer }) => peer.address,
  port: ({ peer }) => peer.port,
  localAddress: ({ session }) => session.localAddress ?? null,
  asNumber: ({ peer }) => peer.intent.asNumber,
  localAsNumber: ({ peer }) => peer.intent.localAsNumber,
  routerId: ({ session }) => (session.remote === undefined ? null : formatIpv4(session.remote.routerId)),
  type: ({ peer }) => peer.intent.type,
  state: ({ session }) => session.state,
  enabled: ({ peer }) => peer.enabled,
  passive: ({ peer }) => peer.intent.passive,
  since: ({ session }) => new Date(session.since).toISOString(),
  upOrDownSince: ({ peer, session }) => new Date(upOrDownSince(peer, session)).toISOString(),
  description: ({ peer }) => peer.intent.description,
  routeReflectorClient: ({ peer }) => peer.intent.routeReflectorClient,
  clusterId: ({ peer }) => formatIpv4(peer.intent.clusterId),
  families: ({ peer, session }) => session.negotiated?.families ?? peer.intent.families,
  holdTimeSeconds: ({ session }) => session.holdTimeSeconds,
  keepaliveTimeSeconds: ({ session }) => session.keepaliveTimeSeconds,
  capabilities: ({ session }) => ({
    local: capabilitiesOf(session.local), remote: capabilitiesOf(session.remote),
    negotiated: session.negotiated === undefined ? null : describeNegotiated(session.negotiated),
  }),
  prefixes: ({ peer, tables }) => prefixCounts(peer, tables),
  messages: ({ peer }) => peer.session.traffic.snapshot().messages,
  bytes: ({ peer }) => peer.session.traffic.snapshot().bytes,
  flaps: ({ session }) => session.flaps,
  waiting: ({ peer, session }) => whyDown(peer.intent, peer.admin) ?? session.waiting ?? null,
  policy: ({ peer: { intent } }) =>
    ({ import: policyWord(intent.import.missing), export: policyWord(intent.export.missing) }),
  lastError: ({ session }) => lastErrorOf(session),
};

/** All fields of a view, in the order in which it shows them. */
export const PEER_FIELDS: readonly (keyof PeerView)[] = Object.keys(FIELDS) as (keyof PeerView)[];

/** The view of one session. Costs counters only, no walk over routes. */
export function peerView(peer: Peer, tables: Tables): PeerView {
  return partOfPeerView(peer, tables, PEER_FIELDS) as PeerView;
}

/** Only these fields of it. */
export function partOfPeerView(peer: Peer, tables: Tables, fields: readonly (keyof PeerView)[]): Partial<PeerView> {
  const of: Shown = { peer, session: peer.session.view(), tables };
  const view: Record<string, unknown> = {};
  for (const field of fields) view[field] = FIELDS[field](of);
  return view as Partial<PeerView>;
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
    const known = peer.id !== 0 && (peer.facts !== undefined || peer.keepsRoutes);
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
