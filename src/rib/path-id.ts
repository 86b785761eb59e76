/**
 * The path identifiers that we send (RFC 7911 §3). Rule: the same path has the same one after a restart of ours, where
 * that can be: a receiver takes a route by another identifier for another route, and puts it into its kernel anew.
 */

import type { PathIndex } from "./ids.ts";
import { PEER_TAGS } from "./peer-table.ts";
import type { PeerTable } from "./peer-table.ts";
import type { Rib } from "./rib.ts";

/** Path identifiers of peers below that are part of those that we send; a bit tells the others apart. */
const RECEIVED_IDS = 2 ** 31 / PEER_TAGS;
const OWN_NUMBER = 2 ** 31;

/** Of a path, dead or alive: the peer's tag and what it sent, or the row, where that is too great a number. */
export function sentPathId(rib: Rib, peers: PeerTable, path: PathIndex): number {
  const received = rib.receivedPathIdOf(path);
  return received < RECEIVED_IDS ? peers.tagOf(rib.peerOf(path)) * RECEIVED_IDS + received : (OWN_NUMBER | path) >>> 0;
}
