/** What a peer needs of the speaker that owns it. */

import type { Instant } from "../base/ports.ts";
import type { Shared } from "../base/shared.ts";
import type { SpeakerIntent } from "../config/intent.ts";
import type { FamilyRow } from "../messages/families.ts";
import type { SessionRules } from "../reflector/session-rules.ts";
import type { PeerId } from "../rib/ids.ts";
import type { Log } from "./log.ts";
import type { Peer } from "./peer.ts";
import type { Tables } from "./tables.ts";
import type { Work } from "./work.ts";

/** The speaker as its peers see it. */
export interface PeerHost {
  readonly tables: Tables;
  /** What is done to them in slices. */
  readonly work: Work;
  readonly log: Log;
  readonly speaker: SpeakerIntent;
  /** Every cluster id of ours (RFC 4456 §8). */
  readonly clusterIds: readonly number[];
  /** One object for the sessions with equal rules; its own, as they ask this speaker for its addresses. */
  readonly rules: Shared<SessionRules>;
  /** Some route of our own takes the session's local address as next hop. */
  readonly originatesWithoutNextHop: boolean;
  /** Some neighbour is offered long-lived graceful restart (RFC 9494 §4.3). */
  readonly speaksLongLived: boolean;
  /** Monotonic. */
  now(): Instant;
  /** Seconds since 1970, for `since`. */
  nowSeconds(): number;
  /** Whether the address [at, end) of 4 or 16 octets is one of ours. */
  isOurs(bytes: Uint8Array, at: number, end: number): boolean;
  isLoopback(address: string): boolean;
  /** A session has nothing more to send. */
  pulledDry(): void;
  /** An exception of ours while one peer's message was read. */
  bug(peer: Peer, error: unknown, message: Uint8Array): void;
  peerUp(peer: Peer): void;
  peerDown(peer: Peer): void;
  /** The peer has said everything that it has in a family (RFC 4724 §2). */
  endOfRib(peer: Peer, family: FamilyRow): void;
  /** Nothing is left of sessions that ended, and none is up. */
  nothingKept(peer: Peer): void;
  /** An id that no session uses any more: dropped, then released when nothing refers to it. */
  retire(id: PeerId): void;
  /** Marks every prefix that the peer has a path of. */
  markPaths(id: PeerId): void;
  /** Calls `run` after that time; the answer takes it back. */
  later(seconds: number, run: () => void): () => void;
}
