/**
 * Two connections of one neighbour (RFC 4271 §6.8): which one stays. Both ends of a Calico session dial, so this is the
 * normal case. Rules:
 * - The connection that the dominant end dialled wins: the higher BGP Identifier, then the higher AS (RFC 6286 §2.3).
 * - Judged when an OPEN arrives, within one neighbour: only then are both Identifiers known.
 * - A KEEPALIVE that answers an OPEN can make the other end Established, and from then on neither may close that
 *   connection. So it is not sent on a connection that would lose while another may still win: it is held back for the
 *   rival's fate where there is a rival, and where the dominant end may have one on its way to us, for its KEEPALIVE
 *   and one look at what is waiting to be accepted. Both waits are bounded by the CollisionTimer.
 * - Our own dial that is not connected yet is abandoned before that KEEPALIVE, and nothing is dialled while another
 *   connection is in OpenConfirm or Established.
 */

import type { Negotiated } from "../messages/negotiation.ts";
import type { OpenMessage } from "../messages/open.ts";
import type { HeldBack, State } from "./events.ts";
import { isConnected } from "./events.ts";

/** What a valid OPEN means for its connection and the other one of the neighbour. */
export type Verdict =
  /** It goes on, and its KEEPALIVE waits where `heldBack` says for what. An unconnected dial is abandoned. */
  | { readonly keep: "this"; readonly other: "leave" | "dump" | "replace"; readonly heldBack: HeldBack }
  | { readonly keep: "other" };

const GO_ON: Extract<Verdict, { keep: "this" }> = { keep: "this", other: "leave", heldBack: undefined };

/** Whether we are the dominant end. */
export function isDominant(local: OpenMessage, remote: OpenMessage): boolean {
  if (local.routerId !== remote.routerId) return local.routerId > remote.routerId;
  return local.asNumber > remote.asNumber;
}

/** Whether a connection in that direction is the one that survives a collision. */
export function wins(local: OpenMessage, remote: OpenMessage, incoming: boolean): boolean {
  return isDominant(local, remote) !== incoming;
}

/** Judges the OPEN `remote` on a connection in the given direction against the neighbour's other connection. */
export function judgeOpen(local: OpenMessage, remote: OpenMessage, incoming: boolean, other: State): Verdict {
  if (other.name === "Established") return judgeNewcomer(remote, incoming, other);
  const winner = wins(local, remote, incoming);
  if (!isConnected(other)) return winner || incoming ? GO_ON : { ...GO_ON, heldBack: "peer" };
  if (winner) return { keep: "this", other: "dump", heldBack: undefined };
  return other.name === "OpenConfirm" ? { keep: "other" } : { ...GO_ON, heldBack: "rival" };
}

/**
 * A newcomer beside an Established connection replaces it only where the peer restarted under graceful restart and says
 * that it is the same one (RFC 4724 §5). Waiting for its valid OPEN is our deviation: a port probe kills no session.
 */
function judgeNewcomer(
  remote: OpenMessage, incoming: boolean, other: { readonly remote: OpenMessage; readonly negotiated: Negotiated },
): Verdict {
  const same = other.remote.asNumber === remote.asNumber && other.remote.routerId === remote.routerId;
  if (!incoming || !same || !admitsNewcomer(other)) return { keep: "other" };
  return { keep: "this", other: "replace", heldBack: undefined };
}

/** Whether an inbound connection beside this Established one is tracked until its OPEN. */
export function admitsNewcomer(established: { readonly negotiated: Negotiated }): boolean {
  return established.negotiated.gracefulRestart !== undefined;
}

/**
 * Whether a held-back connection must wait on for the other one although its own time is up: the rival has just been
 * accepted and has not had its time.
 */
export function findsRival(local: OpenMessage, state: State, other: State): boolean {
  if (state.name !== "OpenConfirm" || state.heldBack !== "peer" || !isConnected(other)) return false;
  return !wins(local, state.remote, state.incoming);
}
