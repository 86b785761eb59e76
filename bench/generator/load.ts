/**
 * What is announced: who announces which prefixes with which attributes, as messages ready to send. Rule: a source
 * announces a prefix once; the MED of a route is its version, the next hop names its source.
 */

import type { Family } from "../daemons/daemon.ts";
import type { AttributeSets } from "./attribute-sets.ts";
import { routePrint } from "./fingerprint.ts";
import type { Prefixes } from "./prefixes.ts";
import { UpdateWriter } from "./update-writer.ts";

/** The routes of one source in the order of sending: equal attribute sets are neighbours. */
export interface SourceLoad {
  /** Prefix number of each route. */
  readonly prefixes: Uint32Array;
  /** Its attribute set. */
  readonly sets: Uint32Array;
  /**
   * Number of the last prefix, where it is alone with its attribute set: nothing is packed with it, so whoever
   * receives it can tell from the start of a message. -1: the source has one attribute set only.
   */
  readonly last: number;
}

/** Highest version of a route. */
export const VERSION_MAX = 65_533;

/** What a load is made of. */
export interface LoadParts {
  readonly family: Family;
  readonly addPath: boolean;
  readonly numbers: Prefixes;
  readonly attributes: AttributeSets;
  readonly sources: readonly SourceLoad[];
  /** See `Load.preferred`. */
  readonly preferred?: Uint16Array;
  /** How much it is of what it was made from, and what was left out and why; one line each. */
  readonly notes: readonly string[];
}

/** A load. */
export class Load {
  readonly family: Family;
  readonly addPath: boolean;
  readonly sources: readonly SourceLoad[];
  readonly notes: readonly string[];
  /** Prefix numbers are 0 .. prefixes - 1. */
  readonly prefixes: number;
  /** Octets of one NLRI with its path identifier; 0 where they differ. */
  readonly nlriOctets: number;
  /** The only source of each prefix; undefined where sources have prefixes in common. */
  readonly owners: Uint16Array | undefined;
  /**
   * Where sources have prefixes in common and announce all of them: the source of the path that every reflector prefers
   * (RFC 4271 §9.1.2.2), by prefix. Undefined where prefixes have one source, or the choice is the daemon's affair.
   */
  readonly preferred: Uint16Array | undefined;
  /** `routePrint` of each prefix; of each prefix and source where they have prefixes in common. 0 is no route. */
  readonly #prints: Uint32Array;
  readonly #numbers: Prefixes;
  readonly #attributes: AttributeSets;

  constructor(parts: LoadParts) {
    this.family = parts.family;
    this.addPath = parts.addPath;
    this.sources = parts.sources;
    this.notes = parts.notes;
    this.preferred = parts.preferred;
    this.prefixes = parts.numbers.count;
    this.#numbers = parts.numbers;
    this.#attributes = parts.attributes;
    const fixed = parts.numbers.fixedOctets;
    this.nlriOctets = fixed === 0 ? 0 : fixed + (parts.addPath ? 4 : 0);
    this.owners = ownersOf(parts.sources, this.prefixes);
    this.#prints = this.#printed();
  }

  /** Whether a source announces a prefix, and (where a `routePrint` is given) with these attributes. Hot. */
  has(n: number, source: number, print: number | undefined): boolean {
    if (this.owners !== undefined) return print === undefined ? this.owners[n] === source : this.#prints[n] === print;
    if (source < 0 || source >= this.sources.length) return false;
    const known = this.#prints[n * this.sources.length + source]!;
    return print === undefined ? known !== 0 : known === print;
  }

  /** Number of the prefix whose length octet is at `at`, -1 where it is none of this load. */
  locate(bytes: Uint8Array, at: number): number {
    return this.#numbers.locate(bytes, at);
  }

  /** Whether a route carries the community that policies look for. */
  isMarked(source: number, route: number): boolean {
    return this.#attributes.isMarked(this.sources[source]!.sets[route]!);
  }

  /** UPDATEs that announce all of a source; `version` (1 .. VERSION_MAX) makes them new routes. */
  announcements(source: number, version: number): Buffer {
    return this.#announce(source, version, 0, this.sources[source]!.prefixes.length);
  }

  /** The UPDATE that announces one route of a source. */
  change(source: number, route: number, version: number): Buffer {
    return this.#announce(source, version, route, route + 1);
  }

  /** UPDATEs that withdraw all of a source. */
  withdrawals(source: number): Buffer {
    const writer = this.#writer(source);
    const { prefixes } = this.sources[source]!;
    for (let from = 0; from < prefixes.length;) from = writer.withdraw(prefixes, from, prefixes.length);
    return writer.finish();
  }

  #printed(): Uint32Array {
    const sets = Int32Array.from({ length: this.#attributes.count }, (_, set) => this.#attributes.print(set));
    const lanes = this.owners === undefined ? this.sources.length : 1;
    const prints = new Uint32Array(this.prefixes * lanes);
    for (const [source, { prefixes, sets: own }] of this.sources.entries()) {
      for (let route = 0; route < prefixes.length; route++) {
        prints[prefixes[route]! * lanes + (lanes === 1 ? 0 : source)] = routePrint(sets[own[route]!]!, source);
      }
    }
    return prints;
  }

  #announce(source: number, version: number, first: number, end: number): Buffer {
    const writer = this.#writer(source);
    const { prefixes, sets } = this.sources[source]!;
    for (let from = first; from < end;) {
      const set = sets[from]!;
      let to = from + 1;
      while (to < end && sets[to] === set) to++;
      const [head, tail] = [this.#attributes.head(set), this.#attributes.tail(set)];
      while (from < to) from = writer.announce({ head, tail, version, prefixes, from, to });
    }
    return writer.finish();
  }

  #writer(source: number): UpdateWriter {
    return new UpdateWriter(this.family, this.addPath, this.#numbers, source);
  }
}

function ownersOf(sources: readonly SourceLoad[], count: number): Uint16Array | undefined {
  const nobody = 0xffff;
  const owners = new Uint16Array(count).fill(nobody);
  for (const [source, { prefixes }] of sources.entries()) {
    for (const n of prefixes) {
      if (owners[n] !== nobody) return undefined;
      owners[n] = source;
    }
  }
  return owners;
}
