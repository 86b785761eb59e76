/** States and errors of a session in BIRD 1.6's words, which tools search for (calico.md 8.1). */

import type { LastError, PeerView } from "../../daemon/api.ts";
import { problemOf, socketErrorText } from "../node-status.ts";
import { printable } from "../terminal.ts";

/** What decides the words. */
export type PeerCondition = Pick<PeerView, "state" | "enabled" | "passive" | "waiting" | "lastError">;
/** The fields of it. */
export const CONDITION_FIELDS: readonly (keyof PeerCondition)[] = [
  "state", "enabled", "passive", "waiting", "lastError",
];

/** NOTIFICATIONs by code, then by subcode. */
const NOTIFICATIONS: Readonly<Record<number, readonly string[]>> = {
  1: ["Invalid message header", "Connection not synchronized", "Bad message length", "Bad message type"],
  2: ["Invalid OPEN message", "Unsupported version number", "Bad peer AS", "Bad BGP identifier",
    "Unsupported optional parameter", "Authentication failure", "Unacceptable hold time",
    "Required capability missing", "No supported AFI/SAFI"],
  3: ["Invalid UPDATE message", "Malformed attribute list", "Unrecognized well-known attribute",
    "Missing mandatory attribute", "Invalid attribute flags", "Invalid attribute length", "Invalid ORIGIN attribute",
    "AS routing loop", "Invalid NEXT_HOP attribute", "Optional attribute error", "Invalid network field",
    "Malformed AS_PATH"],
  4: ["Hold timer expired"],
  5: ["Finite state machine error", "Unexpected message in OpenSent state", "Unexpected message in OpenConfirm state",
    "Unexpected message in Established state"],
  6: ["Cease", "Maximum number of prefixes reached", "Administrative shutdown", "Peer de-configured",
    "Administrative reset", "Connection rejected", "Other configuration change", "Connection collision resolution",
    "Out of Resources"],
  7: ["Invalid ROUTE-REFRESH message", "Invalid ROUTE-REFRESH message length"],
};

/** The columns of BIRD's info that the state takes. */
const STATE_COLUMNS = 14;

/** The state of the session: RFC 4271's, Passive for one that only listens, Down for one that is switched off. */
export function stateText({ enabled, state, passive }: PeerCondition): string {
  if (!enabled) return "Down";
  return passive && (state === "Idle" || state === "Active") ? "Passive" : state;
}

/**
 * The column `info`: the state and the last error. A session that an operator switched off has none: readiness probes
 * take a row without info for one that is not meant to be up.
 */
export function infoText(peer: PeerCondition): string {
  return peer.enabled ? stateText(peer).padEnd(STATE_COLUMNS) + problemText(peer) : problemText(peer);
}

/** What keeps it down with BIRD's class, such as "Received: Administrative shutdown"; "" where all is well. */
export function problemText(peer: PeerCondition): string {
  if (!peer.enabled) return peer.waiting?.startsWith("prefix limit") ? "Automatic shutdown: Route limit exceeded" : "";
  const problem = problemOf(peer);
  if (problem === null) return "";
  return typeof problem === "string" ? `Error: ${printable(problem, 200)}` : errorText(problem);
}

function errorText({ direction, code, subcode, name, text }: LastError): string {
  if (code !== 0) {
    const words = NOTIFICATIONS[code]?.[subcode] ?? laterWords(name) ?? `Unknown error ${code}.${subcode}`;
    return direction === "received" ? `Received: ${words}` : `BGP Error: ${words}`;
  }
  if (name === "connection replaced") return "Error: Graceful restart";
  const socket = socketErrorText(text);
  return socket === undefined ? `Error: ${printable(text, 200)}` : `Socket: ${socket}`;
}

/** Our own name for what BIRD 1.6 did not know yet, without its class; undefined where that is a number, too. */
function laterWords(name: string): string | undefined {
  const words = name.slice(name.indexOf("/") + 1);
  return /^(Error|Subcode) [0-9]+$/.test(words) ? undefined : printable(words, 100);
}
