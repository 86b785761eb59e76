/**
 * The routes of one address family: Adj-RIB-In by peer, Loc-RIB by prefix. Rule: nothing here tells anybody. A change
 * marks its prefix dirty; the owner takes dirty prefixes, has them decided, tells its groups, buries what died, and
 * later reaps what nobody refers to any more.
 */

import type { FamilyRow } from "../messages/families.ts";
import type { AttributeStore } from "./attribute-store.ts";
import { Candidates } from "./candidates.ts";
import type { NextHops } from "./candidates.ts";
import type { Verdict } from "./decision.ts";
import { NO_ATTRIBUTES, NO_PATH, NO_PREFIX } from "./ids.ts";
import type { AttributesId, PathIndex, PeerId, PrefixId } from "./ids.ts";
import { Limbo } from "./limbo.ts";
import {
  APART, BEST, EPOCH_SHIFT, FLAGS_MASK, INELIGIBLE, IN_LIMBO, PATH, PATH_FLAGS, PathTable, stamp, USED,
} from "./path-table.ts";
import type { PeerPaths } from "./path-table.ts";
import type { PeerTable } from "./peer-table.ts";
import { PREFIX_MARK, PrefixTable } from "./prefix-table.ts";
import { U32Queue } from "./u32-queue.ts";

export { INELIGIBLE, PATH_FLAGS } from "./path-table.ts";

/** What a Rib is made with. */
export interface RibOptions {
  readonly family: FamilyRow;
  /** The secret of the prefix table's hashes. */
  readonly seed: number;
  readonly attributes: AttributeStore;
  readonly peers: PeerTable;
  /** What is known of next hops; absent: all are resolvable at cost 0. */
  readonly nextHops?: NextHops;
}

/** Sets kept for `freeOrphans` at most; the oldest of more goes at once. */
const ORPHANS_MAX = 262_144;

/** The routes of one family. */
export class Rib {
  readonly family: FamilyRow;
  readonly prefixes: PrefixTable;
  readonly #paths: PathTable;
  readonly #store: AttributeStore;
  readonly #candidates: Candidates;
  readonly #dirty = new U32Queue();
  readonly #limbo: Limbo;
  /**
   * Attribute sets of withdrawn paths, each with a reference that `freeOrphans` gives back: to free them at once is a
   * fifth of the time in which a table is withdrawn.
   */
  readonly #orphans = new U32Queue();
  #lastOrphan: AttributesId = NO_ATTRIBUTES;
  /** What was decided last, which all groups ask for next. A best path is never freed, so it stays true. */
  #lastDecided: PrefixId = NO_PREFIX;
  #lastBest: PathIndex = NO_PATH;
  #live = 0;

  constructor(options: RibOptions) {
    this.family = options.family;
    this.prefixes = new PrefixTable(options.family.addressOctets === 16 ? 16 : 4, options.seed);
    this.#paths = new PathTable(this.prefixes);
    this.#store = options.attributes;
    this.#candidates = new Candidates(this.prefixes, this.#paths, options);
    this.#limbo = new Limbo(this.prefixes, this.#paths);
  }

  /** Paths alive, over all peers. */
  get liveCount(): number {
    return this.#live;
  }

  /** No path row is greater. */
  get pathsMax(): number {
    return this.#paths.rows.idsMax;
  }

  /** Dead rows and prefixes that wait to be reaped. */
  get limboCount(): number {
    return this.#limbo.length;
  }

  /** Attribute sets of withdrawn paths that wait for `freeOrphans`. */
  get orphanCount(): number {
    return this.#orphans.length;
  }

  /** Prefixes that wait to be decided. */
  get dirtyCount(): number {
    return this.#dirty.length;
  }

  /** Octets of the tables, without the attribute store. */
  get octets(): number {
    return this.prefixes.octets + this.#paths.octets + this.#dirty.octets + this.#limbo.octets + this.#orphans.octets;
  }

  /**
   * Adds a path or replaces it: `attributesIn` as received, `attributes` after import policy (0: filtered out). Its row
   * is that of (prefix, peer, received path id), taken back from the dead where there is one. An announcement equal to
   * what is held changes nothing, but for making it fresh. 0: the peer has too many paths of this prefix (crowd.ts).
   */
  announce(
    peer: PeerId, prefix: PrefixId, receivedPathId: number, attributesIn: AttributesId, attributes: AttributesId,
    flags: number, sinceSeconds: number,
  ): PathIndex {
    const of = this.#paths.ofPeer(peer);
    const path = this.#paths.find(prefix, peer, receivedPathId);
    if (path === NO_PATH) {
      const now = stamp(attributesIn === attributes ? 0 : APART, flags, of);
      const added = this.#paths.add(prefix, peer, receivedPathId, attributes, now, sinceSeconds, of);
      if (added !== NO_PATH) this.#entered(added, attributesIn, attributes, now, of);
      return added;
    }
    const { pages, shift, mask, stride } = this.#paths.rows;
    const page = pages[path >>> shift]!;
    const row = (path & mask) * stride;
    const old = page[row + PATH.FLAGS]!;
    const now = stamp(old, flags, of);
    if ((old & PATH_FLAGS.DEAD) !== 0 || old >>> EPOCH_SHIFT !== of.epoch) of.fresh++;
    if ((old & PATH_FLAGS.DEAD) !== 0) {
      this.#paths.linkToPeer(path, of);
      of.received++;
      this.#live++;
    } else if (page[row + PATH.ATTRIBUTES] === attributes && ((old ^ now) & FLAGS_MASK) === 0 &&
      ((old & APART) === 0 ? attributes : this.#paths.apart.get(path)) === attributesIn) {
      page[row + PATH.FLAGS] = now;
      return path;
    }
    this.#replace(path, attributesIn, attributes, now, of);
    page[row + PATH.SINCE] = sinceSeconds;
    return path;
  }

  /** Withdraws a path. False where the peer has none such. */
  withdraw(peer: PeerId, prefix: PrefixId, receivedPathId: number): boolean {
    const path = this.#paths.find(prefix, peer, receivedPathId);
    if (path === 0 || !this.isLive(path)) return false;
    this.#kill(path);
    return true;
  }

  /** Sets what import policy makes of a path that is held: for policy that changed. */
  setPolicyResult(path: PathIndex, attributes: AttributesId, flags: number): void {
    const old = this.#paths.rows.get(path, PATH.FLAGS);
    const now = ((old & ~FLAGS_MASK) | (flags & FLAGS_MASK & ~(PATH_FLAGS.STALE | PATH_FLAGS.DEAD))) >>> 0;
    if (this.attributesOf(path) === attributes && now === old) return;
    this.#replace(path, this.attributesInOf(path), attributes, now, this.#paths.ofPeer(this.peerOf(path)));
  }

  /** Withdraws up to `budget` paths of a peer, who announces nothing meanwhile, oldest first; true: none is left. */
  dropPeer(peer: PeerId, budget: number): boolean {
    const of = this.#paths.ofPeer(peer);
    for (let left = budget; left > 0 && of.first !== 0; left--) this.#kill(of.first);
    return of.first === 0;
  }

  /** Makes every path of a peer stale until it is announced again. */
  markStale(peer: PeerId): void {
    this.#paths.markStale(this.#paths.ofPeer(peer));
  }

  /** Has the next `sweepStale` begin with a peer's first path. */
  beginSweep(peer: PeerId): void {
    this.#paths.ofPeer(peer).sweepAt = NO_PATH;
  }

  /** Looks at up to `budget` paths of a peer and withdraws stale ones not spared; true when all were looked at. */
  sweepStale(peer: PeerId, budget: number, spares: (path: PathIndex) => boolean = () => false): boolean {
    const of = this.#paths.ofPeer(peer);
    if (of.sweepAt === 0) of.sweepAt = of.first;
    for (let left = budget; left > 0 && of.sweepAt !== 0; left--) {
      const path = of.sweepAt;
      of.sweepAt = this.nextOfPeer(path);
      if ((this.flagsOf(path) & PATH_FLAGS.STALE) !== 0 && !spares(path)) this.#kill(path);
    }
    return of.sweepAt === 0;
  }

  /** Enters a prefix into the dirty set; once is enough. */
  markDirty(prefix: PrefixId): void {
    if (this.prefixes.setMark(prefix, PREFIX_MARK.dirty)) this.#dirty.push(prefix);
  }

  /** Takes the prefix that is dirty for longest; 0 when there is none. */
  takeDirty(): PrefixId {
    const prefix = this.#dirty.shift() as PrefixId;
    if (prefix !== 0) this.prefixes.clearMark(prefix, PREFIX_MARK.dirty);
    return prefix;
  }

  /** The best path as last decided; 0 for none. */
  best(prefix: PrefixId): PathIndex {
    return prefix === this.#lastDecided ? this.#lastBest : this.#paths.best(prefix);
  }

  /** Decides a prefix: finds, stores and answers its best path; 0 for none. */
  decide(prefix: PrefixId): PathIndex {
    const old = this.#paths.best(prefix);
    const best = this.#candidates.best(prefix);
    if (old !== best) this.#paths.moveBest(old, best);
    this.#lastDecided = prefix;
    this.#lastBest = best;
    return best;
  }

  /** Fills `into` with up to `max` candidates of a prefix in the order of decision; answers how many. */
  rank(prefix: PrefixId, into: number[], max: number): number {
    return this.#candidates.rank(prefix, into, max);
  }

  /** What the decision makes of each candidate of a prefix, the best first. */
  explain(prefix: PrefixId): Verdict[] {
    return this.#candidates.explain(prefix);
  }

  /**
   * Called when all groups were told of a prefix: its dead paths, and the prefix itself where it has no path, are freed
   * once `reap` is allowed to. Answers how many rows the prefix has, dead ones too.
   */
  bury(prefix: PrefixId): number {
    return this.#limbo.bury(prefix);
  }

  /**
   * Frees what was buried, first come first, for up to `budget` entries while `mayFree` allows (path 0: the prefix
   * itself). What came alive again is passed over. Answers how many rows and prefixes were freed.
   */
  reap(mayFree: (prefix: PrefixId, path: PathIndex) => boolean, budget: number): number {
    return this.#limbo.reap(mayFree, budget);
  }

  /** Gives up to `budget` attribute sets of withdrawn paths back. */
  freeOrphans(budget: number): void {
    this.#lastOrphan = NO_ATTRIBUTES;
    for (let left = Math.min(budget, this.#orphans.length); left > 0; left--) {
      this.#store.release(this.#orphans.shift() as AttributesId);
    }
  }

  /** Whether the row is a path that is not withdrawn. Any number may be asked. */
  isLive(path: PathIndex): boolean {
    return path > 0 && (this.#paths.rows.peek(path, PATH.FLAGS) & (USED | PATH_FLAGS.DEAD)) === USED;
  }

  /** Whether a path of a prefix takes part in its decision. */
  isCandidate(path: PathIndex): boolean {
    return this.#candidates.includes(path);
  }

  peerOf(path: PathIndex): PeerId {
    return this.#paths.rows.get(path, PATH.PEER) as PeerId;
  }

  prefixOf(path: PathIndex): PrefixId {
    return this.#paths.rows.get(path, PATH.PREFIX) as PrefixId;
  }

  /** The path identifier that the peer sent; 0 without ADD-PATH. */
  receivedPathIdOf(path: PathIndex): number {
    return this.#paths.receivedId(path);
  }

  /** Attributes after import policy; 0 where it is filtered out or dead. */
  attributesOf(path: PathIndex): AttributesId {
    return this.#paths.rows.get(path, PATH.ATTRIBUTES) as AttributesId;
  }

  /** Attributes as received; 0 where it is dead. */
  attributesInOf(path: PathIndex): AttributesId {
    return this.#paths.attributesIn(path);
  }

  /** PATH_FLAGS. */
  flagsOf(path: PathIndex): number {
    const word = this.#paths.rows.get(path, PATH.FLAGS);
    const fresh = word >>> EPOCH_SHIFT === this.#paths.ofPeer(this.peerOf(path)).epoch;
    return (word & FLAGS_MASK) | (fresh || (word & PATH_FLAGS.DEAD) !== 0 ? 0 : PATH_FLAGS.STALE);
  }

  /** Whether a flag of PATH_FLAGS other than STALE is set. */
  hasFlag(path: PathIndex, flag: number): boolean {
    return (this.#paths.rows.get(path, PATH.FLAGS) & flag) !== 0;
  }

  /** When it was announced as it is now. */
  sinceOf(path: PathIndex): number {
    return this.#paths.rows.get(path, PATH.SINCE);
  }

  /** The first row of a prefix, dead ones too; 0 for none. */
  firstOfPrefix(prefix: PrefixId): PathIndex {
    return this.prefixes.firstPath(prefix);
  }

  nextOfPrefix(path: PathIndex): PathIndex {
    return this.#paths.rows.get(path, PATH.NEXT_OF_PREFIX) as PathIndex;
  }

  /** The first live path of a peer, in order of arrival; 0 for none. */
  firstOfPeer(peer: PeerId): PathIndex {
    return this.#paths.ofPeer(peer).first;
  }

  nextOfPeer(path: PathIndex): PathIndex {
    return this.#paths.rows.get(path, PATH.NEXT_OF_PEER) as PathIndex;
  }

  /** Live paths of a peer: its Adj-RIB-In. */
  received(peer: PeerId): number {
    return this.#paths.ofPeer(peer).received;
  }

  /** Live paths of a peer that are not stale. */
  fresh(peer: PeerId): number {
    return this.#paths.ofPeer(peer).fresh;
  }

  /** Paths of a peer that take part in decisions. */
  accepted(peer: PeerId): number {
    return this.#paths.ofPeer(peer).accepted;
  }

  /** Whether any row, dead ones too, is of this peer: then its id must not be used for another. */
  refersTo(peer: PeerId): boolean {
    return this.#paths.ofPeer(peer).rows > 0;
  }

  /** What follows from a row that was not there before: a first table is all of these. */
  #entered(path: PathIndex, attributesIn: AttributesId, attributes: AttributesId, flags: number, of: PeerPaths): void {
    this.#live++;
    if (attributesIn !== attributes) this.#setApart(path, attributesIn);
    if (attributes === 0) return;
    this.#store.retain(attributes);
    if ((flags & INELIGIBLE) !== 0) return;
    of.accepted++;
    this.markDirty(this.prefixOf(path));
  }

  /** Gives a live row its new attributes and flags. The prefix is dirty where its decision or export can change. */
  #replace(path: PathIndex, attributesIn: AttributesId, attributes: AttributesId, now: number, of: PeerPaths): void {
    const { pages, shift, mask, stride } = this.#paths.rows;
    const page = pages[path >>> shift]!;
    const row = (path & mask) * stride;
    const old = page[row + PATH.ATTRIBUTES]! as AttributesId;
    const was = old !== 0 && (page[row + PATH.FLAGS]! & INELIGIBLE) === 0;
    const is = attributes !== 0 && (now & INELIGIBLE) === 0;
    const changed = old !== attributes || ((page[row + PATH.FLAGS]! ^ now) & FLAGS_MASK) !== 0;
    const isApart = attributesIn !== attributes;
    const oldApart = (page[row + PATH.FLAGS]! & APART) === 0 ? NO_ATTRIBUTES : this.#setApart(path, NO_ATTRIBUTES);
    page[row + PATH.FLAGS] = isApart ? now | APART : now & ~APART;
    if (isApart) this.#setApart(path, attributesIn);
    if (old !== attributes) {
      page[row + PATH.ATTRIBUTES] = attributes;
      if (attributes !== 0) this.#store.retain(attributes);
      if (old !== 0) this.#store.release(old);
    }
    if (oldApart !== 0) this.#store.release(oldApart);
    of.accepted += Number(is) - Number(was);
    if (changed && (was || is)) this.markDirty(page[row + PATH.PREFIX]! as PrefixId);
  }

  /** Keeps other attributes as received beside a row, and retains them. Answers those to be released: kept before. */
  #setApart(path: PathIndex, attributesIn: AttributesId): AttributesId {
    const { apart } = this.#paths;
    const old = apart.get(path) as AttributesId;
    apart.set(path, attributesIn);
    if (attributesIn !== 0) this.#store.retain(attributesIn);
    return old;
  }

  /** Makes a live path a tombstone. */
  #kill(path: PathIndex): void {
    const { pages, shift, mask, stride } = this.#paths.rows;
    const page = pages[path >>> shift]!;
    const row = (path & mask) * stride;
    const of = this.#paths.ofPeer(page[row + PATH.PEER]! as PeerId);
    const attributes = page[row + PATH.ATTRIBUTES]! as AttributesId;
    const apart = (page[row + PATH.FLAGS]! & APART) === 0 ? NO_ATTRIBUTES : this.#setApart(path, NO_ATTRIBUTES);
    if (attributes !== 0 && (page[row + PATH.FLAGS]! & INELIGIBLE) === 0) of.accepted--;
    if (page[row + PATH.FLAGS]! >>> EPOCH_SHIFT === of.epoch) of.fresh--;
    page[row + PATH.ATTRIBUTES] = 0;
    page[row + PATH.FLAGS] = USED | PATH_FLAGS.DEAD | (page[row + PATH.FLAGS]! & (IN_LIMBO | BEST));
    this.#paths.unlinkFromPeer(path, of);
    of.received--;
    this.#live--;
    if (attributes !== 0) this.#orphan(attributes);
    if (apart !== 0) this.#store.release(apart);
    this.markDirty(page[row + PATH.PREFIX]! as PrefixId);
  }

  /** Takes over a reference until `freeOrphans`; of a run of paths with the same attributes one is enough. */
  #orphan(attributes: AttributesId): void {
    if (attributes === this.#lastOrphan) return this.#store.release(attributes);
    this.#lastOrphan = attributes;
    this.#orphans.push(attributes);
    if (this.#orphans.length > ORPHANS_MAX) this.#store.release(this.#orphans.shift() as AttributesId);
  }
}
