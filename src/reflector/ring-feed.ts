/**
 * The feed of those who join: a walk in circles over the group's Adj-RIB-Out, encoded once for everyone who is on it.
 * A member gets on at the oldest stretch that is kept and has everything when the walk comes round to there; what
 * changed since that stretch was written it is told afterwards. Rule: the walk goes on only when its foremost member
 * asks for more, so a thousand who join together cost one round, however they are spread over it.
 */

import { assert } from "../base/assert.ts";
import { ChunkStream, Cursor } from "./chunk.ts";
import type { Reader } from "./chunk.ts";
import type { UpdateGroup } from "./group.ts";
import type { ReflectorLimits } from "./limits.ts";

/** How far the walk has come: whole rounds, and the next slot. */
interface Place {
  readonly lap: number;
  readonly slot: number;
}

/** Of the slots from here to the next of these, everything stamped up to `stamp` is known. */
export interface Known {
  readonly from: number;
  readonly stamp: number;
}

/** One step of the walk. */
interface Stretch {
  readonly from: Place;
  readonly to: Place;
  /** A reader that stands where its messages begin. */
  readonly start: Cursor;
  /** Octets of the stream up to its end. */
  readonly endOctets: number;
  /** Every change stamped up to here is in it, and no other. */
  readonly stamp: number;
  /** Octets of the group's log when it was written. */
  readonly logOctets: number;
  next: Stretch | undefined;
}

/** The walk over one group's Adj-RIB-Out. */
export class RingFeed {
  readonly #group: UpdateGroup;
  readonly #stream = new ChunkStream(0);
  readonly #riders = new Set<RingRider>();
  /** Stretches are kept for those who join later. */
  readonly #isShared: boolean;
  #place: Place;
  /** The oldest stretch that is kept, until `rest`. */
  #first: Stretch | undefined = undefined;
  #last: Stretch | undefined = undefined;
  #steps = 0;
  /** Riders that went on alone. */
  fallBacks = 0;

  constructor(group: UpdateGroup, place?: Place) {
    this.#group = group;
    this.#isShared = place === undefined;
    this.#place = place ?? { lap: 0, slot: 1 };
  }

  get limits(): ReflectorLimits {
    return this.#group.limits;
  }

  /** Octets that the walk has produced. */
  get octets(): number {
    return this.#stream.octets;
  }

  /** The smallest stamp of a change that whoever boards next may have to be told: it holds back freeing of slots. */
  oldestUnknown(): number {
    return this.#first === undefined ? Infinity : this.#first.stamp + 1;
  }

  /** Gets on at the oldest stretch that is kept; an empty walk starts from the beginning. */
  board(reader: Reader): RingRider {
    if (this.#first === undefined) this.#place = { lap: this.#place.lap, slot: 1 };
    const kept = this.#first;
    // More has changed since than was kept: the news would cost more than the table.
    const isWorthwhile = kept !== undefined && this.#group.log.octets - kept.logOctets <= this.octets - kept.endOctets;
    if (!isWorthwhile) this.#first = this.#append(this.#place, Cursor.atEndOf(this.#stream));
    const rider = new RingRider(this, this.#first!, reader);
    this.#riders.add(rider);
    return rider;
  }

  leave(rider: RingRider): void {
    this.#riders.delete(rider);
  }

  /** Forgets what is kept, unless somebody rides. Answers whether anything still is. */
  rest(): boolean {
    if (this.#riders.size === 0) this.#first = undefined;
    return this.#first !== undefined;
  }

  /** Moves a rider to a walk of its own that begins at `place`. */
  splitOff(rider: RingRider, place: Place): { ring: RingFeed; stretch: Stretch } {
    this.#riders.delete(rider);
    this.fallBacks++;
    const ring = new RingFeed(this.#group, place);
    ring.#riders.add(rider);
    return { ring, stretch: ring.#append(place, Cursor.atEndOf(ring.#stream)) };
  }

  /** Walks one step. */
  step(): void {
    const { packer, slotsMax, limits } = this.#group;
    assert(packer.size === 0, "feeds run between flushes");
    // Before the step: who asked for it stands at the end of the walk, and one step may be longer than the lag allowed.
    if (++this.#steps % limits.stepsPerLagCheck === 0) this.#dropLaggards();
    const from = this.#place;
    const end = Math.min(from.slot + limits.feedSlotsPerStep, slotsMax + 1, this.#nextBoarding(from.slot));
    let slot = from.slot;
    for (; slot < end && packer.size < limits.routesPerStep; slot++) {
      const told = this.#group.told(slot);
      if (told !== 0) packer.announce(slot, told);
    }
    const start = Cursor.atEndOf(this.#stream);
    packer.writeTo(this.#stream, true);
    this.#place = slot > slotsMax ? { lap: from.lap + 1, slot: 1 } : { lap: from.lap, slot };
    this.#append(from, start);
    this.#trim();
  }

  /** The next slot after this one at which a rider got on: a step ends there, where it has everything. */
  #nextBoarding(slot: number): number {
    let next = Infinity;
    for (const { boarded } of this.#riders) if (boarded.slot > slot && boarded.slot < next) next = boarded.slot;
    return next;
  }

  #append(from: Place, start: Cursor): Stretch {
    const stamp = this.#group.seal();
    const stretch: Stretch = {
      from, to: this.#place, start, endOctets: this.#stream.octets, stamp, logOctets: this.#group.log.octets,
      next: undefined,
    };
    if (this.#last !== undefined) this.#last.next = stretch;
    this.#last = stretch;
    return stretch;
  }

  /** Keeps one round at most, and no more octets than the bound. */
  #trim(): void {
    if (!this.#isShared) return;
    const least = this.octets - this.#group.limits.ringOctetsKept;
    while (this.#first !== undefined && (this.#first.endOctets < least || isRoundBehind(this.#first.to, this.#place))) {
      this.#first = this.#first.next;
    }
  }

  #dropLaggards(): void {
    for (const rider of this.#riders) rider.fallBack(this.octets - this.#group.limits.ringOctetsMax);
  }
}

/** Whether a walk that began at `from` has been everywhere at `to`. */
function isRoundBehind(from: Place, to: Place): boolean {
  const laps = to.lap - from.lap;
  return laps > 1 || (laps === 1 && to.slot >= from.slot);
}

/** Where a rider is. */
interface Seat {
  ring: RingFeed;
  stretch: Stretch;
  cursor: Cursor;
}

/** One member on a ring. */
export class RingRider {
  readonly #reader: Reader;
  /** Undefined when the walk has come round: what is walked after that is held for others only. */
  #seat: Seat | undefined;
  /** What is left of the stretch at which the rider went on alone. */
  #rest: Uint8Array[] = [];
  /** In the order of the walk. */
  readonly #passed: Known[] = [];
  readonly boarded: Place;
  /** Every change stamped up to here is in what the rider is told. */
  readonly stamp: number;

  constructor(ring: RingFeed, stretch: Stretch, reader: Reader) {
    this.#seat = { ring, stretch, cursor: stretch.start.copy() };
    this.#reader = reader;
    this.boarded = stretch.from;
    this.stamp = stretch.stamp;
  }

  /** What whoever rode all the way, and held nothing before, knows: from the first slot on. */
  get known(): Known[] {
    const first = this.#passed.findIndex(({ from }) => from === 1);
    return [...this.#passed.slice(first), ...this.#passed.slice(0, first)];
  }

  /** The next octets; "done" when the walk has come round; "later" when others should have their turn first. */
  next(): Uint8Array | "done" | "later" {
    const rest = this.#rest.shift();
    if (rest !== undefined) return rest;
    for (let steps = 0; this.#seat !== undefined;) {
      const seat = this.#seat;
      const octets = seat.cursor.next(this.#reader);
      const beyond = this.#passRead(seat);
      if (octets !== undefined && beyond === 0) return octets; // which others share
      if (octets !== undefined && octets.length > beyond) return octets.subarray(0, octets.length - beyond);
      if (octets !== undefined || this.#seat === undefined) continue;
      if (steps++ === seat.ring.limits.stepsPerCall) return "later";
      seat.ring.step();
    }
    return "done";
  }

  /** Goes on alone, with the stretch after the present one, when it has not read up to `octets` of the common walk. */
  fallBack(octets: number): void {
    const seat = this.#seat;
    if (seat === undefined || seat.cursor.position >= octets) return;
    this.#rest.push(...seat.cursor.upTo(seat.stretch.endOctets, this.#reader));
    this.#pass(seat.stretch);
    const { ring, stretch } = seat.ring.splitOff(this, seat.stretch.to);
    this.#seat = { ring, stretch, cursor: stretch.start.copy() };
  }

  /** Gets off, at the end or before. */
  leave(): void {
    this.#seat?.ring.leave(this);
    this.#seat = undefined;
  }

  /** Passes the stretches that were read. Answers how many octets were read of the next round. */
  #passRead(seat: Seat): number {
    while (seat.cursor.position >= seat.stretch.endOctets) {
      const { to, next, endOctets } = seat.stretch;
      const isRound = isRoundBehind(this.boarded, to);
      if (!isRound && next === undefined) return 0;
      this.#pass(seat.stretch);
      if (isRound) {
        this.leave();
        return seat.cursor.position - endOctets;
      }
      seat.stretch = next!;
    }
    return 0;
  }

  #pass({ from, to, stamp }: Stretch): void {
    const isEmpty = from.slot === to.slot && from.lap === to.lap;
    if (isEmpty || (from.slot !== 1 && this.#passed.at(-1)?.stamp === stamp)) return;
    this.#passed.push({ from: from.slot, stamp });
  }
}
