/** What one row of the attribute table says. Rule: everything about an attribute is in its row and nowhere else. */

import { readU32, writeU32 } from "../../base/bytes.ts";
import type { Family } from "../families.ts";
import type { Disposition } from "../fault.ts";
import type { RouteAttributes } from "./values.ts";

/** What the reading of path attributes depends on beside their octets. */
export interface AttributeContext {
  readonly ebgp: boolean;
  /** AS numbers have four octets: both sides offered RFC 6793. */
  readonly fourOctetAs: boolean;
  /** Families in which the sender writes path identifiers. */
  readonly addPath: readonly Family[];
  /** Families of IPv4 NLRI that may have an IPv6 next hop (RFC 8950). */
  readonly extendedNextHop: readonly Family[];
  /** The session runs over a loopback address; only then may a next hop be one. */
  readonly loopback: boolean;
  /** Negotiated families; MP attributes of others are ignored (RFC 4760 §8). */
  readonly families: readonly Family[];
}

/** What is wrong with a value. */
export interface Wrong {
  /** UPDATE Message Error subcode (RFC 4271 §6.3). */
  readonly subcode: number;
  readonly why: string;
}

/** One path attribute. */
export interface AttributeRow {
  readonly code: number;
  /** The RFC's name. */
  readonly name: string;
  /** Where it is defined, and where its errors are. */
  readonly source: string;
  /** Optional and Transitive as they must be; one of CATEGORY. */
  readonly flags: number;
  /** What a malformed value costs. */
  readonly onMalformed: Disposition;
  /** What wrong flags cost: "withdraw" (RFC 7606 §3 c) unless the attribute's own RFC says otherwise. */
  readonly onWrongFlags: Disposition;
  /** Why the attribute means nothing in this session and is discarded unread; undefined where it is read. */
  unwanted?(context: AttributeContext): string | undefined;
  /** What is wrong with the value [at, end); undefined where nothing is. */
  check(bytes: Uint8Array, at: number, end: number, context: AttributeContext): Wrong | undefined;
  /** Its JSON, both ways; absent for what is never in a canonical block. */
  readonly json?: AttributeJson;
}

/** An attribute of a canonical block (4-octet AS numbers, value known to be good) and its JSON. */
export interface AttributeJson {
  describe(bytes: Uint8Array, at: number, end: number): RouteAttributes;
  /** The value of what `describe` gave; undefined where the attribute is absent. */
  encode(attributes: RouteAttributes): Uint8Array | undefined;
}

/** A wrong length: Attribute Length Error (RFC 4271 §6.3). */
export function wrongLength(octets: number): Wrong {
  return { subcode: 5, why: `length ${octets}` };
}

/** A check that the value has exactly `octets`. */
export function exactly(octets: number): AttributeRow["check"] {
  return (_bytes, at, end) => (end - at === octets ? undefined : wrongLength(end - at));
}

/** A check that the value is one or more items of `octets` each. */
export function itemsOf(octets: number): AttributeRow["check"] {
  return (_bytes, at, end) => (end > at && (end - at) % octets === 0 ? undefined : wrongLength(end - at));
}

/** The items of a value, each read by `read` at its offset. */
export function mapItems<T>(at: number, end: number, octets: number, read: (at: number) => T): T[] {
  const items: T[] = [];
  for (let i = at; i < end; i += octets) items.push(read(i));
  return items;
}

/** Unsigned 32-bit numbers as octets. */
export function encodeWords(words: readonly number[]): Uint8Array {
  const bytes = new Uint8Array(words.length * 4);
  words.forEach((word, i) => writeU32(bytes, 4 * i, word));
  return bytes;
}

/** JSON of an attribute that is one unsigned 32-bit number. */
export function wordJson<K extends "med" | "localPref" | "otc">(key: K): AttributeJson {
  return {
    describe: (bytes, at) => ({ [key]: readU32(bytes, at) }),
    encode: ({ [key]: value }) => (value === undefined ? undefined : encodeWords([value])),
  };
}
