/**
 * Path rows: one for each (prefix, peer, received path id), in a chain of the prefix and, while alive, in a chain of
 * the peer in order of arrival. Rule: this file keeps the chains right; what a change means is in rib.ts.
 */

import { Crowd } from "./crowd.ts";
import type { AttributesId, PathIndex, PeerId, PrefixId } from "./ids.ts";
import { NO_PATH } from "./ids.ts";
import type { PrefixTable } from "./prefix-table.ts";
import { U32Column } from "./pages.ts";
import { Rows } from "./rows.ts";

/** What is known of a path, as bits. */
export const PATH_FLAGS = {
  /** Withdrawn: a tombstone until everyone who was told of it has been told so. */
  DEAD: 1,
  /** Rejected by the import policy; kept for soft reconfiguration. */
  FILTERED: 2,
  /** Own AS, own ORIGINATOR_ID, or a loop of clusters; kept for soft reconfiguration. */
  LOOP: 4,
  /** Not announced again since `markStale` (RFC 7313, RFC 4724). Still used. */
  STALE: 8,
  /** Long-lived stale (RFC 9494): used when there is nothing better. */
  LLGR_STALE: 16,
  /** Carries our cluster id on the session of a non-client: used, never reflected (RFC 4456 §8). */
  NOT_REFLECTED: 32,
  /** The next hop is ourselves (RFC 4271 §5.1.3). */
  OWN_NEXT_HOP: 64,
  /** A leak by its OTC (RFC 9234 §5). */
  LEAK: 128,
} as const;

/** Any of these keeps a path out of the decision. */
export const INELIGIBLE: number =
  PATH_FLAGS.DEAD | PATH_FLAGS.FILTERED | PATH_FLAGS.LOOP | PATH_FLAGS.OWN_NEXT_HOP | PATH_FLAGS.LEAK;

/** Fields of a row: thirty-two octets for each path. What is 0 or the same for nearly all paths is in columns. */
export const PATH = {
  PREFIX: 0, PEER: 1,
  /** After import policy. */
  ATTRIBUTES: 2,
  /** PATH_FLAGS in the low octet (STALE is never stored), the bits below, and from bit 16 on the epoch of the peer. */
  FLAGS: 3,
  SINCE: 4, NEXT_OF_PREFIX: 5, NEXT_OF_PEER: 6, PREVIOUS_OF_PEER: 7,
} as const;
const STRIDE = 8;

/** PATH_FLAGS in the word of FLAGS. */
export const FLAGS_MASK = 0xff;
/** The row is a path, dead or alive. */
export const USED = 0x100;
/** A dead row that waits to be freed. */
export const IN_LIMBO = 0x200;
/** The attributes as received are others than those after import policy, and kept apart. */
export const APART = 0x400;
/** The best path of its prefix as last decided. */
export const BEST = 0x800;
/** Where the epoch of the peer starts in the word of FLAGS. */
export const EPOCH_SHIFT = 16;
/** Epochs are compared in these bits. */
const EPOCH_MASK = 0xffff;

/** Rows of a prefix that are walked; a longer chain gets a Crowd, and loses it when it is short again. */
const WALK_MAX = 256;
const CROWD_MIN = 64;

/** The paths of one peer. */
export interface PeerPaths {
  first: PathIndex;
  last: PathIndex;
  /** Counts `markStale`: a path of an earlier epoch is stale. */
  epoch: number;
  /** Where `sweepStale` goes on; 0: at the first. */
  sweepAt: PathIndex;
  /** Paths alive. */
  received: number;
  /** Of them those that are not stale. */
  fresh: number;
  /** Paths that take part in decisions. */
  accepted: number;
  /** Rows, dead ones too. */
  rows: number;
}

/** The rows and their chains. */
export class PathTable {
  /** The rows, for the hot loops of the Rib. */
  readonly rows: Rows = new Rows(STRIDE);
  /** Attributes as received, of rows that are APART. */
  readonly apart: U32Column = new U32Column();
  /** Path identifiers as received (RFC 7911); 0 without ADD-PATH. */
  readonly #receivedId = new U32Column();
  readonly #prefixes: PrefixTable;
  readonly #peers: (PeerPaths | undefined)[] = [];
  readonly #crowds = new Map<PrefixId, Crowd>();

  constructor(prefixes: PrefixTable) {
    this.#prefixes = prefixes;
  }

  /** The paths of a peer; made where there are none yet. */
  ofPeer(peer: PeerId): PeerPaths {
    return this.#peers[peer] ??= {
      first: NO_PATH, last: NO_PATH, epoch: 0, sweepAt: NO_PATH, received: 0, fresh: 0, accepted: 0, rows: 0,
    };
  }

  /** The row of (prefix, peer, received path id), dead or alive; 0 where there is none. Hot. */
  find(prefix: PrefixId, peer: PeerId, receivedPathId: number): PathIndex {
    const { pages, shift, mask } = this.rows;
    const receivedId = this.#receivedId;
    let walked = 0;
    for (let path: number = this.#prefixes.firstPath(prefix); path !== 0;) {
      if (++walked > WALK_MAX) return this.#crowdOf(prefix).find(peer, receivedPathId);
      const page = pages[path >>> shift]!;
      const row = (path & mask) * STRIDE;
      if (page[row + PATH.PEER] === peer && receivedId.get(path) === receivedPathId) return path as PathIndex;
      path = page[row + PATH.NEXT_OF_PREFIX]!;
    }
    return NO_PATH;
  }

  /**
   * A new row, alive and fresh, in the chains of its prefix and its peer; 0 where the peer has too many rows of this
   * prefix. The caller has looked for it, so a long chain has its Crowd. Hot: each word is written once.
   */
  add(
    prefix: PrefixId, peer: PeerId, receivedPathId: number, attributes: AttributesId, flags: number,
    sinceSeconds: number, of: PeerPaths,
  ): PathIndex {
    const crowd = this.#crowds.size === 0 ? undefined : this.#crowds.get(prefix);
    if (crowd?.isFull(peer) === true) return NO_PATH;
    const rows = this.rows;
    const path = rows.take() as PathIndex;
    const page = rows.pages[path >>> rows.shift]!;
    const row = (path & rows.mask) * STRIDE;
    page[row + PATH.PREFIX] = prefix;
    page[row + PATH.PEER] = peer;
    page[row + PATH.ATTRIBUTES] = attributes;
    page[row + PATH.FLAGS] = flags;
    page[row + PATH.SINCE] = sinceSeconds;
    if (receivedPathId !== 0) this.#receivedId.set(path, receivedPathId);
    const next = this.#prefixes.firstPath(prefix);
    page[row + PATH.NEXT_OF_PREFIX] = next;
    this.#prefixes.setFirstPath(prefix, path);
    crowd?.enter(path, peer, receivedPathId, next);
    this.linkToPeer(path, of);
    of.rows++;
    of.received++;
    of.fresh++;
    return path;
  }

  /** Appends a path to the chain of its peer. */
  linkToPeer(path: PathIndex, of: PeerPaths): void {
    const { pages, shift, mask } = this.rows;
    const page = pages[path >>> shift]!;
    const row = (path & mask) * STRIDE;
    page[row + PATH.NEXT_OF_PEER] = 0;
    page[row + PATH.PREVIOUS_OF_PEER] = of.last;
    if (of.last === 0) of.first = path;
    else pages[of.last >>> shift]![(of.last & mask) * STRIDE + PATH.NEXT_OF_PEER] = path;
    of.last = path;
  }

  /** Takes a path out of the chain of its peer. */
  unlinkFromPeer(path: PathIndex, of: PeerPaths): void {
    const rows = this.rows;
    const next = rows.get(path, PATH.NEXT_OF_PEER) as PathIndex;
    const previous = rows.get(path, PATH.PREVIOUS_OF_PEER) as PathIndex;
    if (previous === 0) of.first = next;
    else rows.set(previous, PATH.NEXT_OF_PEER, next);
    if (next === 0) of.last = previous;
    else rows.set(next, PATH.PREVIOUS_OF_PEER, previous);
    if (of.sweepAt === path) of.sweepAt = next;
  }

  /** Makes every path of a peer stale. Costs the same for one path and for a million, but where epochs begin anew. */
  markStale(of: PeerPaths): void {
    if (of.epoch === EPOCH_MASK) {
      for (let path = of.first; path !== 0; path = this.rows.get(path, PATH.NEXT_OF_PEER) as PathIndex) {
        this.rows.set(path, PATH.FLAGS, this.rows.get(path, PATH.FLAGS) & ~(EPOCH_MASK << EPOCH_SHIFT));
      }
      of.epoch = 0;
    }
    of.epoch++;
    of.fresh = 0;
    of.sweepAt = NO_PATH;
  }

  /** Frees a row that is in no chain of a peer any more. */
  free(path: PathIndex): void {
    const rows = this.rows;
    const prefix = rows.get(path, PATH.PREFIX) as PrefixId;
    const next = rows.get(path, PATH.NEXT_OF_PREFIX) as PathIndex;
    const before = this.#takeOut(path, prefix, next);
    if (before === NO_PATH) this.#prefixes.setFirstPath(prefix, next);
    else rows.set(before, PATH.NEXT_OF_PREFIX, next);
    this.ofPeer(rows.get(path, PATH.PEER) as PeerId).rows--;
    if (this.receivedId(path) !== 0) this.#receivedId.set(path, 0);
    rows.give(path);
  }

  /** The row in front of one that leaves the chain of its prefix; 0 where it is the first. */
  #takeOut(path: PathIndex, prefix: PrefixId, next: PathIndex): PathIndex {
    const { rows } = this;
    const crowd = this.#crowds.size === 0 ? undefined : this.#crowds.get(prefix);
    if (crowd !== undefined) {
      const peer = rows.get(path, PATH.PEER) as PeerId;
      const before = crowd.leave(path, peer, this.receivedId(path), next);
      if (crowd.size < CROWD_MIN) this.#crowds.delete(prefix);
      return before;
    }
    let before = NO_PATH;
    for (let at = this.#prefixes.firstPath(prefix); at !== path; at = rows.get(at, PATH.NEXT_OF_PREFIX) as PathIndex) {
      before = at;
    }
    return before;
  }

  /** The crowd of a prefix, made of its chain where there is none yet. */
  #crowdOf(prefix: PrefixId): Crowd {
    const known = this.#crowds.get(prefix);
    if (known !== undefined) return known;
    const crowd = new Crowd();
    const { rows } = this;
    const chain: PathIndex[] = [];
    for (let path = this.#prefixes.firstPath(prefix); path !== 0;) {
      chain.push(path);
      path = rows.get(path, PATH.NEXT_OF_PREFIX) as PathIndex;
    }
    let next = NO_PATH;
    for (const path of chain.reverse()) {
      crowd.enter(path, rows.get(path, PATH.PEER) as PeerId, this.receivedId(path), next);
      next = path;
    }
    this.#crowds.set(prefix, crowd);
    return crowd;
  }

  /** Octets of the rows and columns. */
  get octets(): number {
    return this.rows.octets + this.apart.octets + this.#receivedId.octets;
  }

  /** The path identifier that the peer sent; 0 without ADD-PATH. */
  receivedId(path: PathIndex): number {
    return this.#receivedId.get(path);
  }

  /** The best path of a prefix as last decided; 0 for none. Most prefixes have one path. */
  best(prefix: PrefixId): PathIndex {
    const { pages, shift, mask } = this.rows;
    for (let path: number = this.#prefixes.firstPath(prefix); path !== 0;) {
      const page = pages[path >>> shift]!;
      const row = (path & mask) * STRIDE;
      if ((page[row + PATH.FLAGS]! & BEST) !== 0) return path as PathIndex;
      path = page[row + PATH.NEXT_OF_PREFIX]!;
    }
    return NO_PATH;
  }

  /** Another path is best than was. 0: none. */
  moveBest(from: PathIndex, to: PathIndex): void {
    const rows = this.rows;
    if (from !== 0) rows.set(from, PATH.FLAGS, rows.get(from, PATH.FLAGS) & ~BEST);
    if (to !== 0) rows.set(to, PATH.FLAGS, rows.get(to, PATH.FLAGS) | BEST);
  }

  /** Attributes as received, 0 for none. */
  attributesIn(path: PathIndex): AttributesId {
    const isApart = (this.rows.get(path, PATH.FLAGS) & APART) !== 0;
    return (isApart ? this.apart.get(path) : this.rows.get(path, PATH.ATTRIBUTES)) as AttributesId;
  }

  /** Attributes after import policy, 0 for none. */
  attributes(path: PathIndex): AttributesId {
    return this.rows.get(path, PATH.ATTRIBUTES) as AttributesId;
  }
}

/** The word of flags of a live row: what the caller says, what is ours of the `old` word, and the epoch of its peer. */
export function stamp(old: number, flags: number, of: PeerPaths): number {
  const given = flags & FLAGS_MASK & ~(PATH_FLAGS.STALE | PATH_FLAGS.DEAD);
  return (given | USED | (old & (IN_LIMBO | APART | BEST)) | (of.epoch << EPOCH_SHIFT)) >>> 0;
}
