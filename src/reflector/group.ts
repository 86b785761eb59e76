/**
 * An update group: the peers of one family that are told the same, their common Adj-RIB-Out and the live log of
 * messages. Rule: a slot (a prefix, or a path with ADD-PATH) changes here once for all members; what a member does not
 * have yet is known from the stamp of the change and the member's own, never from a list per member.
 */

import { assert } from "../base/assert.ts";
import { U32Column } from "../rib/pages.ts";
import type { PathIndex, PrefixId } from "../rib/ids.ts";
import { PATH_FLAGS } from "../rib/rib.ts";
import { sentPathId } from "../rib/path-id.ts";
import type { PeerTable } from "../rib/peer-table.ts";
import type { Rib } from "../rib/rib.ts";
import type { AttributeStore } from "../rib/attribute-store.ts";
import type { AttributesId } from "../rib/ids.ts";
import { ChunkStream } from "./chunk.ts";
import { originatorAsSent } from "./exported-attributes.ts";
import { ExportStore } from "./export-store.ts";
import type { ExportId } from "./export-store.ts";
import { Packer } from "./packer.ts";
import { blockedBy } from "./reflection.ts";
import type { ReflectorLimits } from "./limits.ts";
import type { SourceId, Sources } from "./source.ts";
import type { ExportTarget } from "./target.ts";
import type { GroupMember } from "./member.ts";
import { RingFeed } from "./ring-feed.ts";

/** What a group needs of the speaker: one per family. */
export interface GroupTables {
  readonly rib: Rib;
  readonly peers: PeerTable;
  readonly store: AttributeStore;
  readonly sources: Sources;
}

/** Why a path is not told to a group: `reason` and the clause it comes from. */
export interface NotTold {
  readonly reason: string;
  readonly source: string;
}

/** One update group. */
export class UpdateGroup {
  readonly id: number;
  target: ExportTarget;
  readonly tables: GroupTables;
  readonly limits: ReflectorLimits;
  readonly addPath: boolean;
  readonly members: Set<GroupMember> = new Set();
  readonly log: ChunkStream;
  readonly ring: RingFeed;
  /** The newest stamp of a change. */
  epoch = 1;
  /** Whether any change carries the newest stamp yet. */
  #stamped = false;
  /** Octets of the log when the newest stamp began. */
  #epochOctets = 0;
  /** Adj-RIB-Out: the ExportId last told for each slot, and the stamp of its last change. */
  readonly #told = new U32Column();
  readonly #changedAt = new U32Column();
  readonly exports: ExportStore;
  #packer: Packer;
  /** Slots told now, and how many of them come from each peer. */
  advertised = 0;
  readonly #toldFrom: number[] = [];
  /** Routes whose attributes do not fit into a message, ever. */
  tooLong = 0;
  /** The next prefix to be evaluated because the group is new or its policy changed; Infinity when none is left. */
  #evaluateFrom = 1;
  readonly #ranked: number[] = [];
  // The verdict for the last (attributes, source): runs of prefixes share it.
  #lastAttributes = 0;
  #lastSource = 0;
  #lastExport: ExportId = 0 as ExportId;

  constructor(id: number, target: ExportTarget, tables: GroupTables, limits: ReflectorLimits) {
    this.id = id;
    this.target = target;
    this.tables = tables;
    this.limits = limits;
    this.addPath = target.fields.addPathMax > 0;
    this.log = new ChunkStream(this.epoch);
    this.exports = new ExportStore(tables.store, tables.sources);
    this.#packer = this.#newPacker();
    this.ring = new RingFeed(this);
  }

  /** Octets of the columns and of the packer. */
  get octets(): number {
    return this.#told.octets + this.#changedAt.octets + this.exports.octets + this.#packer.octets;
  }

  /** Whether every prefix was evaluated since the group was made or its policy changed. */
  get populated(): boolean {
    return this.#evaluateFrom === Infinity;
  }

  /** Slots are 1..slotsMax. */
  get slotsMax(): number {
    return this.addPath ? this.tables.rib.pathsMax : this.tables.rib.prefixes.idsMax;
  }

  told(slot: number): ExportId {
    return this.#told.get(slot) as ExportId;
  }

  changedAt(slot: number): number {
    return this.#changedAt.get(slot);
  }

  /** The slot is freed: whatever has its number next is another one. */
  forget(slot: number): void {
    if (this.changedAt(slot) !== 0) this.#changedAt.set(slot, 0);
  }

  prefixOf(slot: number): PrefixId {
    return this.addPath ? this.tables.rib.prefixOf(slot as PathIndex) : (slot as PrefixId);
  }

  #newPacker(): Packer {
    const names = {
      prefixes: this.tables.rib.prefixes,
      addPath: this.addPath,
      prefixOf: (slot: number): PrefixId => this.prefixOf(slot),
      pathIdOf: (slot: number): number => sentPathId(this.tables.rib, this.tables.peers, slot as PathIndex),
      told: (slot: number): number => this.told(slot),
    };
    return new Packer(this.tables.store, this.exports, this.target, names);
  }

  /** The packer: changes between `evaluate` and `flush`, and the feeds between flushes. */
  get packer(): Packer {
    return this.#packer;
  }

  /**
   * Every change up to now carries a stamp of at most the answer, every later one a greater stamp, and the log's tail
   * begins exactly here.
   */
  seal(): number {
    assert(this.#packer.size === 0, "what was gathered is written before anyone takes a stamp");
    if (this.#stamped || this.log.tail.used > 0) {
      this.#nextEpoch();
      this.log.start(this.epoch);
    }
    return this.epoch - 1;
  }

  #nextEpoch(): void {
    this.epoch++;
    this.#stamped = false;
    this.#epochOctets = this.log.octets;
  }

  /** Evaluates everything again: the policy changed. What members hold stays, differences are told. */
  reevaluate(target: ExportTarget): void {
    this.target = target;
    this.#packer = this.#newPacker();
    this.#forgetVerdict();
    this.#evaluateFrom = 1;
  }

  /** Evaluates at most `budget` prefixes of those that `reevaluate` or the group's creation left. True when done. */
  populate(budget: number): boolean {
    const { prefixes } = this.tables.rib;
    const end = Math.min(this.#evaluateFrom + budget, prefixes.idsMax + 1);
    if (!this.populated) this.beginFlush();
    for (let prefix = this.#evaluateFrom; prefix < end; prefix++) {
      if (prefixes.isLive(prefix as PrefixId) && this.#isDecided(prefix as PrefixId)) this.evaluate(prefix as PrefixId);
    }
    this.#evaluateFrom = end > prefixes.idsMax ? Infinity : end;
    return this.populated;
  }

  /** False where the best path died and the prefix waits for its decision, which will evaluate it. */
  #isDecided(prefix: PrefixId): boolean {
    const { rib } = this.tables;
    const best = rib.best(prefix);
    return best === 0 || rib.isCandidate(best);
  }

  /** Called before the evaluations of a flush: gives them their stamp. The chunk goes on, its older stamp holds. */
  beginFlush(): void {
    if (this.#packer.size > 0 || this.log.octets - this.#epochOctets <= this.limits.epochOctetsMax) return;
    this.#nextEpoch();
    this.log.enter(this.epoch);
  }

  /** Compares what the group is to be told of a prefix with what it was told, and gathers the differences. */
  evaluate(prefix: PrefixId): void {
    if (!this.addPath) {
      const { rib } = this.tables;
      const best = rib.best(prefix);
      this.#tell(prefix, best === 0 ? (0 as ExportId) : this.exportOf(best));
    } else if (this.target.fields.addPathMax === Infinity) {
      this.#evaluatePaths(prefix);
    } else {
      this.#evaluateRanked(prefix);
    }
  }

  #evaluatePaths(prefix: PrefixId): void {
    const { rib } = this.tables;
    for (let path = rib.firstOfPrefix(prefix); path !== 0; path = rib.nextOfPrefix(path)) {
      this.#tell(path, rib.isCandidate(path) ? this.exportOf(path) : (0 as ExportId));
    }
  }

  /** ADD-PATH with a bound: the first paths in the order of decision that pass the gates (RFC 7911 §5). */
  #evaluateRanked(prefix: PrefixId): void {
    const { rib } = this.tables;
    const ranked = this.#ranked;
    ranked.length = 0;
    rib.rank(prefix, ranked, Infinity);
    let left = this.target.fields.addPathMax;
    for (const path of ranked) {
      const now = left > 0 ? this.exportOf(path as PathIndex) : (0 as ExportId);
      if (now !== 0) left--;
      this.#tell(path, now);
    }
    for (let path = rib.firstOfPrefix(prefix); path !== 0; path = rib.nextOfPrefix(path)) {
      if (!rib.isCandidate(path)) this.#tell(path, 0 as ExportId);
    }
  }

  #tell(slot: number, now: ExportId): void {
    const old = this.told(slot);
    if (old === now) return;
    this.#count(old, -1);
    this.#count(now, 1);
    this.#told.set(slot, now);
    this.#changedAt.set(slot, this.epoch);
    this.#stamped = true;
    if (now !== 0) {
      this.exports.retain(now);
      this.#packer.announce(slot, now);
      if (old !== 0) this.#packer.withdrawFromSource(slot, old, now);
    } else {
      this.#packer.withdraw(slot, old);
    }
    if (old !== 0) this.#release(old);
  }

  #count(id: ExportId, by: number): void {
    if (id === 0) return;
    const { peer } = this.exports.source(id);
    this.#toldFrom[peer] = (this.#toldFrom[peer] ?? 0) + by;
    this.advertised += by;
  }

  /** Slots told to a member: all but its own (those that only its ORIGINATOR_ID bars are counted in). */
  advertisedTo(member: GroupMember): number {
    return this.advertised - (this.#toldFrom[member.peer] ?? 0);
  }

  /** The export of a path, or 0 where a gate, the policy or its size keeps it from the group. */
  exportOf(path: PathIndex): ExportId {
    const { rib, store, sources } = this.tables;
    const source = sources.of(rib.peerOf(path));
    const { policy } = this.target.fields;
    const own = rib.attributesOf(path);
    const attributes = policy.passesAll ? own : policy.apply(store, rib, path, sources.get(source));
    if (attributes === 0) return 0 as ExportId;
    // The verdict is shared by paths whose own attributes go out and of which nothing else is known.
    const shared = attributes === own && this.#plain(path);
    if (shared && this.#lastAttributes === attributes && this.#lastSource === source) return this.#lastExport;
    store.retain(attributes);
    const found = this.#judge(path, attributes, source);
    store.release(attributes);
    if (shared) {
      this.#lastAttributes = attributes;
      this.#lastSource = source;
      this.#lastExport = found;
    }
    return found;
  }

  /** Whether the verdict depends on attributes and source alone. */
  #plain(path: PathIndex): boolean {
    return !this.tables.rib.hasFlag(path, PATH_FLAGS.NOT_REFLECTED);
  }

  #judge(path: PathIndex, attributes: AttributesId, sourceId: SourceId): ExportId {
    const { store, sources } = this.tables;
    const source = sources.get(sourceId);
    const outgoing = { store, attributes, source, notReflected: !this.#plain(path) };
    if (blockedBy(outgoing, this.target)) return 0 as ExportId;
    const found = this.exports.find(attributes, sourceId);
    if (found !== 0) return found;
    const originator = originatorAsSent(outgoing, this.target);
    const added = this.exports.add(attributes, sourceId, originator);
    if (this.#packer.fits(added)) return added;
    this.exports.releaseUnused(added);
    this.tooLong++;
    return 0 as ExportId;
  }

  /** Why a path is not told to the group, or undefined where it is: the words of `explain`. */
  whyNot(path: PathIndex): NotTold | undefined {
    const { rib, store, sources } = this.tables;
    if (!rib.isCandidate(path)) return { reason: "not usable", source: "RFC 4271 §9.1.2" };
    const source = sources.get(sources.of(rib.peerOf(path)));
    const { policy } = this.target.fields;
    const attributes = policy.apply(store, rib, path, source);
    if (attributes === 0) {
      return { reason: policy.missing ? "no export policy" : "rejected by the export policy", source: policy.why };
    }
    store.retain(attributes);
    const gate = blockedBy({ store, attributes, source, notReflected: !this.#plain(path) }, this.target);
    store.release(attributes);
    if (gate !== undefined) return gate;
    const { tooLong } = this;
    const found = this.exportOf(path);
    this.#forgetVerdict();
    this.tooLong = tooLong; // asking why does not make it more
    if (found === 0) return { reason: "too long for a message of this session", source: "RFC 8654 §4" };
    this.exports.releaseUnused(found);
    return undefined;
  }

  /** Writes what was gathered to the log, unless no member reads it. Answers whether there was anything. */
  flush(): boolean {
    this.#forgetVerdict();
    if (this.#packer.size === 0) return false;
    if (this.#hasReader()) this.#packer.writeTo(this.log);
    else this.#packer.discard();
    return true;
  }

  #hasReader(): boolean {
    for (const member of this.members) if (member.readsLog) return true;
    return false;
  }

  /** The smallest stamp that some member may not have been told of yet, or Infinity: what reaping must respect. */
  oldestUnknown(): number {
    let oldest = this.ring.oldestUnknown();
    for (const member of this.members) oldest = Math.min(oldest, member.oldestUnknown());
    return oldest;
  }

  /** Forgets everything told: the group has no members left. */
  clear(): void {
    for (let slot = 1; slot <= this.slotsMax; slot++) {
      const told = this.told(slot);
      if (told !== 0) this.#release(told);
    }
    this.#told.trim(0);
    this.#changedAt.trim(0);
  }

  #release(id: ExportId): void {
    if (this.#lastExport === id) this.#forgetVerdict();
    this.exports.release(id);
  }

  /** The remembered verdict must not outlive its id. */
  #forgetVerdict(): void {
    this.#lastAttributes = 0;
    this.#lastSource = 0;
    this.#lastExport = 0 as ExportId;
  }
}
