/**
 * When the daemon is ready: its neighbours had their chance to come up, and who is up was told everything up to its
 * End-of-RIB. Rule: once ready it stays so until it stops; a neighbour that is lost later is no reason for a restart.
 */

import { FAMILIES } from "../messages/families.ts";
import type { Peer } from "./peer.ts";

/** How long a neighbour that is not up is waited for after the start. */
const STARTUP_SECONDS = 30;

/** Remembers whether it was reached. */
export class Readiness {
  #reached = false;

  /** Names of what is still awaited, `upSeconds` after the start; empty when ready. */
  waitingFor(peers: readonly Peer[], upSeconds: number): string[] {
    if (this.#reached) return [];
    const waiting = peers.filter((peer) =>
      (peer.facts === undefined ? isAwaited(peer, upSeconds) : isBeingFed(peer))).map(({ name }) => name);
    this.#reached = waiting.length === 0;
    return waiting;
  }
}

/** A neighbour that is dialled; nobody knows when one that dials us will. */
function isAwaited(peer: Peer, upSeconds: number): boolean {
  return peer.enabled && !peer.intent.passive && upSeconds < STARTUP_SECONDS;
}

/** Whether its first table is still on its way. */
function isBeingFed(peer: Peer): boolean {
  return FAMILIES.some((family) => peer.member(family)?.state === "joining");
}
