/** The attribute sets of a load: everything but NEXT_HOP, MED and MP_REACH_NLRI, which differ by source and version. */

import { setPrint } from "./fingerprint.ts";
import { copied } from "./prefixes.ts";
import { ATTRIBUTE, MARKED_COMMUNITY, octets } from "./wire.ts";

/** 64513:65535 */
const LONE_COMMUNITY = 0xfc01_ffff;

/** Attribute sets by number, in one run of octets. */
export class AttributeSets {
  #bytes: Uint8Array = new Uint8Array(1 << 16);
  #used = 0;
  /** Set n is at #ends[n - 1] .. #ends[n]; what goes before NEXT_HOP ends at #splits[n]. */
  readonly #splits: number[] = [];
  readonly #ends: number[] = [];
  readonly #marked = new Set<number>();

  get count(): number {
    return this.#ends.length;
  }

  /** Adds one: ORIGIN and AS_PATH, then what has a higher code than MED. */
  add(head: ArrayLike<number>, tail: ArrayLike<number>, marked: boolean = false): number {
    const end = this.#used + head.length + tail.length;
    if (end > this.#bytes.length) this.#bytes = copied(new Uint8Array(2 * end), this.#bytes);
    this.#bytes.set(head, this.#used);
    this.#bytes.set(tail, this.#used + head.length);
    this.#splits.push(this.#used + head.length);
    this.#ends.push(end);
    if (marked) this.#marked.add(this.#ends.length - 1);
    this.#used = end;
    return this.#ends.length - 1;
  }

  /** A set with the path of another and one community of its own: nothing else has the like. */
  lone(set: number): number {
    return this.add(this.head(set).slice(), [...LOCAL_PREF, ...communities([LONE_COMMUNITY])]);
  }

  /** Whether routes of a set carry MARKED_COMMUNITY. */
  isMarked(set: number): boolean {
    return this.#marked.has(set);
  }

  /** What tells its octets from others: `setPrint`. */
  print(set: number): number {
    return setPrint(this.#bytes.subarray(this.#start(set), this.#ends[set]));
  }

  /** ORIGIN and AS_PATH of a set. */
  head(set: number): Uint8Array {
    return this.#bytes.subarray(this.#start(set), this.#splits[set]);
  }

  /** LOCAL_PREF and what follows it. */
  tail(set: number): Uint8Array {
    return this.#bytes.subarray(this.#splits[set], this.#ends[set]);
  }

  #start(set: number): number {
    return set === 0 ? 0 : this.#ends[set - 1]!;
  }
}

/** A path attribute, its length in two octets where it needs them. */
export function attribute(flags: number, code: number, value: readonly number[]): readonly number[] {
  return value.length > 255
    ? [flags | 0x10, code, value.length >>> 8, value.length & 255, ...value]
    : [flags, code, value.length, ...value];
}

/** Members of a list that each stand there once: some daemons drop the second. */
export function distinct(members: readonly (readonly number[])[]): readonly number[] {
  return [...new Map(members.map((member) => [member.join(), member])).values()].flat();
}

/** ORIGIN. */
export const origin = (value: number): readonly number[] => attribute(0x40, ATTRIBUTE.ORIGIN, [value]);
/** AS_PATH of one AS_SEQUENCE of 4-octet numbers, or empty. */
export const asPath = (path: readonly number[]): readonly number[] =>
  attribute(0x40, ATTRIBUTE.AS_PATH, path.length === 0 ? [] : [2, path.length, ...path.flatMap(octets)]);
/** LOCAL_PREF 100. */
export const LOCAL_PREF: readonly number[] = attribute(0x40, ATTRIBUTE.LOCAL_PREF, octets(100));
/** COMMUNITIES; nothing where there are none. */
export const communities = (values: readonly number[]): readonly number[] =>
  (values.length === 0 ? [] : attribute(0xc0, ATTRIBUTE.COMMUNITIES, values.flatMap(octets)));
/** The community that policies of the benchmark look for, or nothing. */
export const mark = (marked: boolean): readonly number[] => (marked ? [MARKED_COMMUNITY] : []);
