/**
 * The rows of a prefix that has very many: found and unlinked without a walk. Rule: a prefix gets one only when its
 * chain is long, so that ordinary prefixes pay nothing, and nobody makes the others pay for a chain of his own.
 */

import { NO_PATH } from "./ids.ts";
import type { PathIndex, PeerId } from "./ids.ts";

/** Rows of one prefix that one peer may have. More than any reflector has clients; what is decided stays bounded. */
export const PATHS_OF_PEER_MAX = 16_384;

/** The rows of one prefix. */
export class Crowd {
  readonly #rows = new Map<number, PathIndex>();
  /** The row whose successor a row is; the first has none. */
  readonly #previous = new Map<PathIndex, PathIndex>();
  readonly #ofPeer = new Map<PeerId, number>();

  get size(): number {
    return this.#rows.size;
  }

  /** Whether the peer has as many rows of the prefix as it may. */
  isFull(peer: PeerId): boolean {
    return (this.#ofPeer.get(peer) ?? 0) >= PATHS_OF_PEER_MAX;
  }

  /** The row of (peer, received path id); 0 where there is none. */
  find(peer: PeerId, receivedPathId: number): PathIndex {
    return this.#rows.get(keyOf(peer, receivedPathId)) ?? NO_PATH;
  }

  /** A row in front of `next`, which is 0 where the chain was empty. */
  enter(path: PathIndex, peer: PeerId, receivedPathId: number, next: PathIndex): void {
    this.#rows.set(keyOf(peer, receivedPathId), path);
    this.#ofPeer.set(peer, (this.#ofPeer.get(peer) ?? 0) + 1);
    if (next !== NO_PATH) this.#previous.set(next, path);
  }

  /** Takes out a row that `next` follows. Answers the row before it, 0 where it was the first. */
  leave(path: PathIndex, peer: PeerId, receivedPathId: number, next: PathIndex): PathIndex {
    const before = this.#previous.get(path);
    this.#previous.delete(path);
    if (next !== NO_PATH) {
      if (before === undefined) this.#previous.delete(next);
      else this.#previous.set(next, before);
    }
    this.#rows.delete(keyOf(peer, receivedPathId));
    const left = this.#ofPeer.get(peer)! - 1;
    if (left === 0) this.#ofPeer.delete(peer);
    else this.#ofPeer.set(peer, left);
    return before ?? NO_PATH;
  }
}

/** One number for both: peers are dense, so this stays far below 2^53. */
function keyOf(peer: PeerId, receivedPathId: number): number {
  return peer * 2 ** 32 + receivedPathId;
}
