/**
 * The feed of those who join: a walk in circles over the group's Adj-RIB-Out, encoded once for everyone who is on it.
 * A member may get on at any point and has everything when the walk comes round to where it got on. Rule: the walk
 * goes on only when its foremost member asks for more, so it never runs ahead of what somebody can take.
 */

import { assert } from "../base/assert.ts";
import { ChunkStream, Cursor } from "./chunk.ts";
import type { Chunk, Reader } from "./chunk.ts";
import type { UpdateGroup } from "./group.ts";
import type { ReflectorLimits } from "./limits.ts";

/** How far the walk has come: whole rounds, and the next slot. */
interface Place {
  readonly lap: number;
  readonly slot: number;
}

/** One step of the walk. Its messages begin with a chunk of their own. */
interface Stretch {
  readonly from: Place;
  readonly to: Place;
  readonly first: Chunk;
  /** Octets of the stream up to its end. */
  readonly endOctets: number;
  next: Stretch | undefined;
}

/** The walk over one group's Adj-RIB-Out. */
export class RingFeed {
  readonly #group: UpdateGroup;
  readonly #stream = new ChunkStream(0);
  readonly #riders = new Set<RingRider>();
  #place: Place;
  #last: Stretch | undefined = undefined;
  #steps = 0;
  /** Riders that went on alone. */
  fallBacks = 0;

  constructor(group: UpdateGroup, place: Place = { lap: 0, slot: 1 }) {
    this.#group = group;
    this.#place = place;
  }

  get limits(): ReflectorLimits {
    return this.#group.limits;
  }

  /** Octets that the walk has produced. */
  get octets(): number {
    return this.#stream.octets;
  }

  /** Gets on where the walk stands now; an empty walk starts from the beginning. */
  board(): RingRider {
    if (this.#riders.size === 0) this.#place = { lap: this.#place.lap, slot: 1 };
    const rider = new RingRider(this, this.#append(this.#place, this.#freshChunk()), this.#place);
    this.#riders.add(rider);
    return rider;
  }

  leave(rider: RingRider): void {
    this.#riders.delete(rider);
  }

  /** Moves a rider to a walk of its own that begins at `place`. */
  splitOff(rider: RingRider, place: Place): { ring: RingFeed; stretch: Stretch } {
    this.#riders.delete(rider);
    this.fallBacks++;
    const ring = new RingFeed(this.#group, place);
    ring.#riders.add(rider);
    return { ring, stretch: ring.#append(place, ring.#freshChunk()) };
  }

  /** Walks one step. */
  step(): void {
    const { packer, slotsMax, limits } = this.#group;
    assert(packer.size === 0, "feeds run between flushes");
    // Before the step: who asked for it stands at the end of the walk, and one step may be longer than the lag allowed.
    if (++this.#steps % limits.stepsPerLagCheck === 0) this.#dropLaggards();
    const from = this.#place;
    const end = Math.min(from.slot + limits.feedSlotsPerStep, slotsMax + 1);
    let slot = from.slot;
    for (; slot < end && packer.size < limits.routesPerStep; slot++) {
      const told = this.#group.told(slot);
      if (told !== 0) packer.announce(slot, told);
    }
    const first = this.#freshChunk();
    packer.writeTo(this.#stream);
    this.#place = slot > slotsMax ? { lap: from.lap + 1, slot: 1 } : { lap: from.lap, slot };
    this.#append(from, first);
  }

  #append(from: Place, first: Chunk): Stretch {
    const stretch: Stretch = { from, to: this.#place, first, endOctets: this.#stream.octets, next: undefined };
    if (this.#last !== undefined) this.#last.next = stretch;
    this.#last = stretch;
    return stretch;
  }

  #freshChunk(): Chunk {
    return this.#stream.tail.used === 0 ? this.#stream.tail : this.#stream.start(this.#stream.tail.epoch + 1);
  }

  #dropLaggards(): void {
    for (const rider of this.#riders) rider.fallBack(this.octets - this.#group.limits.lagOctetsMax);
  }
}

/** One member on a ring. */
export class RingRider {
  #ring: RingFeed;
  #stretch: Stretch;
  #cursor: Cursor;
  readonly #boarded: Place;

  constructor(ring: RingFeed, stretch: Stretch, boarded: Place) {
    this.#ring = ring;
    this.#stretch = stretch;
    this.#cursor = new Cursor(stretch.first);
    this.#boarded = boarded;
  }

  /** The next octets; "done" when the walk has come round; "later" when others should have their turn first. */
  next(reader: Reader): Uint8Array | "done" | "later" {
    for (let steps = 0; ;) {
      const octets = this.#cursor.next(reader);
      if (octets !== undefined) return octets;
      while (this.#cursor.position >= this.#stretch.endOctets) {
        if (this.#cameRound(this.#stretch.to)) return this.#done();
        if (this.#stretch.next === undefined) {
          if (steps++ === this.#ring.limits.stepsPerCall) return "later";
          this.#ring.step();
        }
        this.#stretch = this.#stretch.next!;
      }
    }
  }

  /** Goes on alone when it has not read up to `octets` of the common walk. */
  fallBack(octets: number): void {
    if (this.#cursor.position >= octets) return;
    const { ring, stretch } = this.#ring.splitOff(this, this.#stretch.from);
    this.#ring = ring;
    this.#stretch = stretch;
    this.#cursor = new Cursor(stretch.first);
  }

  /** Gets off before the end. */
  leave(): void {
    this.#ring.leave(this);
  }

  #done(): "done" {
    this.#ring.leave(this);
    return "done";
  }

  #cameRound(to: Place): boolean {
    const laps = to.lap - this.#boarded.lap;
    return laps > 1 || (laps === 1 && to.slot >= this.#boarded.slot);
  }
}
