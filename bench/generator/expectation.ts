/**
 * What every receiver must hold, by what the sources said. A slot is what a receiver can hold one route in: a prefix;
 * with ADD-PATH and prefixes that sources have in common, a prefix of a source.
 */

import type { Load } from "./load.ts";

/** Held in any version: sources announced the prefix in different ones, and which is best is the daemon's affair. */
export const ANY_VERSION = 0xffff;

/** Held, and not the path that is preferred: never right. */
export const OTHER_PATH = 0xfffe;

/** What a reflector adds to each route (RFC 4456 §8). */
export interface Reflection {
  /** BGP Identifier of client 0; client `index` has this + index, and is ORIGINATOR_ID of its routes. */
  readonly firstIdentifier: number;
  /** The only member of CLUSTER_LIST. */
  readonly clusterId: number;
}

/** What a receiver must be told at least for the tables to become right. */
export interface Diff {
  /** Slots that a receiver must be told anew, and those it must be told to withdraw. */
  readonly announced: number;
  readonly withdrawn: number;
  /** The same by source: its own routes, which it is not told. */
  readonly announcedOf: Int32Array;
  readonly withdrawnOf: Int32Array;
  /** How many entries of announcedOf are not 0. */
  readonly sources: number;
  /** By source: 1 where the last route is among them and `SourceLoad.last` names it. */
  readonly lastOf: Uint8Array;
}

/** The right table. */
export class Expectation {
  readonly load: Load;
  /** Slots of each prefix. */
  readonly lanes: number;
  /** Version by slot, 0 is none. */
  readonly slots: Uint16Array;
  /** Version by source and route, 0 where it is not announced. */
  readonly #versions: readonly Uint16Array[];
  /** `Load.preferred` where receivers are told one path of a prefix, by a daemon that chooses; else any is right. */
  readonly preferred: Uint16Array | undefined;
  /** Undefined for a daemon that adds nothing. */
  readonly reflection: Reflection | undefined;
  /** Whether the daemon may tell clients their own routes. */
  mayEcho = false;
  #rejectsMarked = false;

  constructor(load: Load, reflection?: Reflection) {
    this.load = load;
    this.reflection = reflection;
    this.lanes = load.addPath && load.owners === undefined ? load.sources.length : 1;
    this.preferred = reflection === undefined || this.lanes > 1 ? undefined : load.preferred;
    this.slots = new Uint16Array(load.prefixes * this.lanes);
    this.#versions = load.sources.map(({ prefixes }) => new Uint16Array(prefixes.length));
  }

  /** Where receivers hold a prefix of a source. */
  slotOf(source: number, prefix: number): number {
    return this.lanes === 1 ? prefix : prefix * this.lanes + source;
  }

  /** Sets the version of all routes of some sources, 0 withdraws them; answers what receivers must be told. */
  announce(sources: readonly number[], version: number): Diff {
    return this.#change(() => {
      for (const source of sources) this.#versions[source]!.fill(version);
    });
  }

  /** Routes that are marked are rejected or accepted from now on. */
  rejectMarked(rejects: boolean): Diff {
    return this.#change(() => { this.#rejectsMarked = rejects; });
  }

  /** What a receiver without any route must be told. */
  everything(): Diff {
    return this.#diff(new Uint16Array(this.slots.length));
  }

  /** Sets the version of one route that has a slot of its own. */
  change(source: number, route: number, version: number): void {
    this.#versions[source]![route] = version;
    this.slots[this.slotOf(source, this.load.sources[source]!.prefixes[route]!)] = version;
  }

  #change(act: () => void): Diff {
    const before = this.slots.slice();
    act();
    this.slots.fill(0);
    for (const [source, { prefixes }] of this.load.sources.entries()) {
      const versions = this.#versions[source]!;
      for (let route = 0; route < prefixes.length; route++) {
        const version = versions[route]!;
        if (version === 0 || (this.#rejectsMarked && this.load.isMarked(source, route))) continue;
        const slot = this.slotOf(source, prefixes[route]!);
        const other = this.slots[slot]!;
        this.slots[slot] = other === 0 || other === version ? version : ANY_VERSION;
      }
    }
    return this.#diff(before);
  }

  #diff(before: Uint16Array): Diff {
    const { sources } = this.load;
    const announcedOf = new Int32Array(sources.length);
    const withdrawnOf = new Int32Array(sources.length);
    const lastOf = new Uint8Array(sources.length);
    for (const [source, { prefixes, last }] of sources.entries()) {
      for (const prefix of prefixes) {
        const slot = this.slotOf(source, prefix);
        const kind = this.#kind(before, slot);
        if (kind === "announced") announcedOf[source]!++;
        if (kind === "withdrawn") withdrawnOf[source]!++;
        if (prefix === last && kind === "announced") lastOf[source] = 1;
      }
    }
    let [announced, withdrawn] = [0, 0];
    for (let slot = 0; slot < this.slots.length; slot++) {
      const kind = this.#kind(before, slot);
      if (kind === "announced") announced++;
      if (kind === "withdrawn") withdrawn++;
    }
    const count = announcedOf.reduce((total, of) => total + Number(of > 0), 0);
    return { announced, withdrawn, announcedOf, withdrawnOf, sources: count, lastOf };
  }

  #kind(before: Uint16Array, slot: number): "announced" | "withdrawn" | undefined {
    const [from, to] = [before[slot]!, this.slots[slot]!];
    if (from === to) return undefined;
    if (to === 0) return "withdrawn";
    // One of the versions of before may be what it is now: nobody needs to be told.
    return from === 0 || (from !== ANY_VERSION && to !== ANY_VERSION) ? "announced" : undefined;
  }
}
