/**
 * One peer in an update group: what it was told and what it still needs. Rule: a member is either live (a cursor in
 * the group's log) or being fed; a member that falls too far behind drops its cursor and keeps one number, the stamp
 * up to which it knows everything, so a slow peer costs little memory and is told the newest state when it comes back.
 */

import { assert } from "../base/assert.ts";
import type { PeerId } from "../rib/ids.ts";
import { ChunkStream, Cursor } from "./chunk.ts";
import type { Chunk } from "./chunk.ts";
import type { UpdateGroup } from "./group.ts";
import type { Known, RingRider } from "./ring-feed.ts";

/** What an empty feed has to say at its end, in order: EoRR (RFC 7313), End-of-RIB (RFC 4724). */
export interface FeedMarks {
  readonly atStart: readonly Uint8Array[];
  readonly atEnd: readonly Uint8Array[];
}

/** Who a member is, and how its session is woken. */
export interface MemberIdentity {
  readonly peer: PeerId;
  readonly name: string;
  /** BGP Identifier. */
  readonly routerId: number;
  readonly wake: () => void;
}

/** Messages other than routes that a member has yet to be sent: at once, and after its feed. */
export interface OwedOctets {
  readonly now: readonly Uint8Array[];
  readonly atEnd: readonly Uint8Array[];
}

const NONE: readonly Uint8Array[] = [];
const NOTHING_OWED: OwedOctets = { now: NONE, atEnd: NONE };

/** One walk over all slots for what changed. */
interface Delta {
  readonly name: "delta";
  /** What was known before, from `next` on; and what is known after. */
  readonly since: Known[];
  readonly told: Known[];
  /** Whether the log was to be taken up afterwards. */
  readonly keepsLog: boolean;
  /** The next slot. */
  next: number;
  readonly stream: ChunkStream;
  readonly cursor: Cursor;
}

/** How a member gets what it lacks. */
type Phase =
  | { readonly name: "waiting" }
  | { readonly name: "ring"; readonly rider: RingRider; readonly isFirst: boolean }
  | Delta
  | { readonly name: "live"; readonly cursor: Cursor };

/** One peer of one family in its group. */
export class GroupMember implements MemberIdentity {
  readonly peer: PeerId;
  readonly name: string;
  readonly routerId: number;
  readonly group: UpdateGroup;
  /** Asks the session to pull. */
  readonly wake: () => void;
  #phase: Phase = { name: "waiting" };
  /** Everything stamped up to here is known, whatever the phase. */
  #known = 0;
  /** Slots that the member may hold from another group, to be withdrawn where this one tells nothing. */
  #held: Uint8Array | undefined;
  /** Whether the member was told nothing yet, so that only what changes from the feed's start on is news. */
  #fresh = true;
  /** Whether the whole table has to be told (again). */
  #needsAll = true;
  /** Whether the member ever had everything. */
  #settled = false;
  /** The stamp that the present delta brings the member to. */
  #deltaKnows = 0;
  /** Where the log can be taken up after the present feed, unless it has grown too long. */
  #resume: Chunk | undefined;
  /** Written ahead of routes; nearly always empty, and then no array of the member's own. */
  #outbox: readonly Uint8Array[];
  /** How many of them were taken. */
  #taken = 0;
  #atEnd: readonly Uint8Array[];
  /** Whether a table that was asked for is still being told, and what another request meanwhile is owed. */
  #telling = false;
  #again: FeedMarks | undefined;
  /** Times the member was detached. */
  detachments = 0;

  constructor(who: MemberIdentity, group: UpdateGroup, held?: Uint8Array, owed: OwedOctets = NOTHING_OWED) {
    this.peer = who.peer;
    this.name = who.name;
    this.routerId = who.routerId;
    this.group = group;
    this.wake = who.wake;
    this.#held = held;
    this.#outbox = owed.now;
    this.#atEnd = owed.atEnd;
    group.members.add(this);
  }

  /** What `show groups` calls it. */
  get state(): "live" | "joining" | "detached" {
    if (this.#phase.name === "live") return "live";
    return this.#settled ? "detached" : "joining";
  }

  /** Whether what is written to the log will be read by this member. */
  get readsLog(): boolean {
    return this.#phase.name === "live" || this.#resume !== undefined;
  }

  get lagOctets(): number {
    if (this.#phase.name === "live") return this.group.log.octets - this.#phase.cursor.position;
    return 0;
  }

  /** A bound of what the member lacks that costs nothing: 0 where it has all, else every slot of its group. */
  lagBound(): number {
    const current = this.#phase.name === "live" && this.#phase.cursor.atEnd;
    return current ? 0 : this.group.advertised;
  }

  /** Slots that changed and that the member does not know yet; walks the group's stamps, for views only. */
  lagPrefixes(): number {
    if (this.#phase.name === "live" && this.#phase.cursor.atEnd) return 0;
    const since = this.#oldestUnknownHere() - 1;
    let count = 0;
    for (let slot = 1; slot <= this.group.slotsMax; slot++) if (this.group.changedAt(slot) > since) count++;
    return count;
  }

  /** The smallest stamp of a change that this member may not have been told; Infinity when it knows all. */
  oldestUnknown(): number {
    return this.#held === undefined ? this.#oldestUnknownHere() : 0;
  }

  /** The same for what this group told; slots held from another group are apart. */
  #oldestUnknownHere(): number {
    if (this.#phase.name === "live") return this.#phase.cursor.atEnd ? Infinity : this.#phase.cursor.chunk.epoch;
    return this.#fresh ? Infinity : this.#known + 1;
  }

  /**
   * Tells the whole table again between two marks (RFC 2918, RFC 7313), or for the first time. However many requests
   * come while it is being told, it is told once more afterwards: a storm of them costs what its sender reads.
   */
  refresh(marks: FeedMarks): void {
    if (this.#telling) {
      this.#again = marks;
      return;
    }
    this.#telling = true;
    if (this.#phase.name === "live") this.#known = this.#liveKnows(this.#phase.cursor);
    this.#leaveRing();
    this.#settled = false;
    this.#needsAll = true;
    this.#resume = undefined;
    this.#phase = { name: "waiting" };
    this.#owe(marks.atStart);
    this.#atEnd = [...this.#atEnd, ...marks.atEnd];
    this.wake();
  }

  /** The next whole messages, or undefined while nothing waits. "later": others should have their turn first. */
  pull(gateOpen: boolean): Uint8Array | "later" | undefined {
    if (this.#outbox.length > 0) return this.#fromOutbox();
    if (!gateOpen || !this.group.populated) return undefined;
    for (;;) {
      const octets = this.#fromPhase();
      if (octets !== "next") return octets;
      if (this.#outbox.length > 0) return this.#fromOutbox();
    }
  }

  /** A log that is cut for one reader comes in thousands of views: taking one touches no other. */
  #fromOutbox(): Uint8Array | undefined {
    const first = this.#outbox[this.#taken++];
    if (this.#taken === this.#outbox.length) this.#owe(NONE);
    return first;
  }

  #owe(octets: readonly Uint8Array[]): void {
    this.#outbox = this.#taken === this.#outbox.length ? octets : [...this.#outbox.slice(this.#taken), ...octets];
    this.#taken = 0;
  }

  /**
   * Called after each flush: a member too far behind `tail`, where the log ended before it, keeps only its stamp
   * (ARCHITECTURE.md). Nobody is slow for not having taken what was written this moment, however much it is.
   */
  detachIfSlow(tail: number): void {
    const { lagOctetsMax } = this.group.limits;
    if (this.#phase.name === "live" && tail - this.#phase.cursor.position > lagOctetsMax) {
      this.#detach(this.#phase.cursor);
    } else if (this.#resume !== undefined && tail - this.#resume.base > lagOctetsMax) {
      this.#resume = undefined;
    }
  }

  /**
   * The stamp has to be of a border, or what has the same one would be told again: the octets up to there are kept,
   * unless they are too many.
   */
  #detach(cursor: Cursor): void {
    const { border } = cursor;
    if (border !== undefined && border.position - cursor.position <= this.group.limits.lagOctetsMax) {
      this.#owe(cursor.upTo(border.position, this));
      this.#known = border.epoch - 1;
    } else {
      this.#known = cursor.chunk.epoch - 1;
    }
    this.#phase = { name: "waiting" };
    this.detachments++;
  }

  /** Leaves the group. */
  leave(): void {
    this.#leaveRing();
    this.group.members.delete(this);
  }

  /**
   * The slots that some of these members of one group may hold of it, as one octet each, for the groups that they move
   * to: whatever they are told now, or changed since they last knew all. One walk and one answer for all of them: a
   * withdrawal of what one never held harms nobody.
   */
  static heldSlots(group: UpdateGroup, members: readonly GroupMember[]): Uint8Array {
    const held = new Uint8Array(group.slotsMax + 1);
    const unknown = Math.min(...members.map((member) => member.#oldestUnknownHere()));
    const before = new Set(members.map((member) => member.#held).filter((slots) => slots !== undefined));
    for (let slot = 1; slot <= group.slotsMax; slot++) {
      if (group.changedAt(slot) >= unknown || members.some((member) => member.#mayTell(slot))) held[slot] = 1;
    }
    for (const slots of before) for (let slot = 1; slot < slots.length; slot++) if (slots[slot] === 1) held[slot] = 1;
    return held;
  }

  /** The stamp up to which a live member was told everything. */
  #liveKnows(cursor: Cursor): number {
    return cursor.atEnd ? this.group.seal() : cursor.chunk.epoch - 1;
  }

  /** What is owed apart from routes, for the member that takes this one's place in another group. */
  takeOutbox(): OwedOctets {
    const { atStart = [], atEnd = [] } = this.#again ?? {};
    return { now: [...this.#outbox.slice(this.#taken), ...atStart], atEnd: [...this.#atEnd, ...atEnd] };
  }

  #leaveRing(): void {
    if (this.#phase.name === "ring") this.#phase.rider.leave();
  }

  #fromPhase(): Uint8Array | "later" | "next" | undefined {
    const phase = this.#phase;
    switch (phase.name) {
      case "waiting": return this.#begin();
      case "ring": return this.#fromRing(phase);
      case "delta": return this.#fromDelta(phase);
      case "live": return phase.cursor.next(this);
    }
  }

  #begin(): "next" {
    const isFirst = this.#fresh;
    if (isFirst) this.#known = this.group.seal();
    this.#fresh = false;
    if (this.#needsAll) {
      this.#needsAll = false;
      const rider = this.group.ring.board(this);
      this.#phase = { name: "ring", rider, isFirst };
      // It may be told what was true when others boarded.
      this.#known = Math.min(this.#known, rider.stamp);
    } else {
      this.#beginDelta([{ from: 1, stamp: this.#known }], true);
    }
    return "next";
  }

  #fromRing({ rider, isFirst }: Extract<Phase, { name: "ring" }>): Uint8Array | "later" | "next" {
    const octets = rider.next();
    if (octets !== "done") return octets;
    // The walk withdraws nothing: what was held before it may still be.
    this.#beginDelta(isFirst ? rider.known : [{ from: 1, stamp: this.#known }], true);
    return "next";
  }

  /**
   * What changed since what is known. `keepsLog`: from here on the log is kept for the member, and what changes from
   * now on is left to it.
   */
  #beginDelta(since: Known[], keepsLog: boolean): void {
    this.#deltaKnows = this.group.seal();
    this.#resume = keepsLog ? this.group.log.tail : undefined;
    const stream = new ChunkStream(0);
    const nothing = since.every(({ stamp }) => stamp >= this.#deltaKnows) && this.#held === undefined;
    this.#phase = {
      name: "delta", since, told: [{ from: 1, stamp: this.#deltaKnows }], keepsLog, next: nothing ? Infinity : 1,
      stream, cursor: new Cursor(stream.tail),
    };
  }

  #fromDelta(phase: Delta): Uint8Array | "later" | "next" {
    for (let steps = 0; ; steps++) {
      const octets = phase.cursor.next(this);
      if (octets !== undefined) return octets;
      if (phase.next > this.group.slotsMax) return this.#endDelta(phase);
      if (steps === this.group.limits.stepsPerCall) return "later";
      this.#stepDelta(phase);
    }
  }

  #stepDelta(phase: Delta): void {
    const { packer, slotsMax, limits } = this.group;
    assert(packer.size === 0, "feeds run between flushes");
    const { since, told } = phase;
    while (since.length > 1 && since[1]!.from <= phase.next) since.shift();
    const { stamp } = since[0]!;
    // Without the log whatever changed until now is told, or a slot that changes all the time would never be.
    const until = this.#resume === undefined ? this.group.seal() : this.#deltaKnows;
    if (told.at(-1)!.stamp !== until) told.push({ from: phase.next, stamp: until });
    const end = Math.min(phase.next + limits.deltaSlotsPerStep, since[1]?.from ?? Infinity, slotsMax + 1);
    let slot = phase.next;
    for (; slot < end && packer.size < limits.routesPerStep; slot++) {
      const changedAt = this.group.changedAt(slot);
      if (changedAt > stamp) this.#packSlot(slot, changedAt <= until);
      else if (this.#held?.[slot] === 1) this.#packSlot(slot, false);
    }
    phase.next = slot;
    packer.writeTo(phase.stream, true);
  }

  /**
   * The newest state of a slot for this member: a withdrawal of what it may hold, or an announcement. One that the log
   * will make is left to it; a withdrawal is not, for the log says it to those only who were told what was before.
   */
  #packSlot(slot: number, announces: boolean): void {
    if (!this.#mayTell(slot)) this.group.packer.withdrawFromAll(slot);
    else if (announces) this.group.packer.announce(slot, this.group.told(slot));
  }

  #mayTell(slot: number): boolean {
    const told = this.group.told(slot);
    return told !== 0 && !this.group.exports.excludes(told, this.peer, this.routerId);
  }

  /** Live where the log was kept; else once more for what changed meanwhile, without the log where it grew too long. */
  #endDelta({ told, keepsLog }: Delta): "next" {
    this.#held = undefined;
    const resume = this.#resume;
    this.#resume = undefined;
    if (resume === undefined) {
      this.#known = told[0]!.stamp;
      this.#beginDelta(told, !keepsLog);
      return "next";
    }
    this.#owe(this.#atEnd);
    this.#atEnd = NONE;
    this.#settled = true;
    this.#phase = { name: "live", cursor: new Cursor(resume) };
    this.#telling = false;
    const again = this.#again;
    this.#again = undefined;
    if (again !== undefined) this.refresh(again);
    return "next";
  }
}
