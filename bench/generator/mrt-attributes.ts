/**
 * Path attributes of a table dump as a source of the benchmark announces them. Rule: what makes a daemon refuse a
 * route or keep it to itself is not announced, or else no two daemons would agree on the table.
 */

import { attribute, distinct, LOCAL_PREF } from "./attribute-sets.ts";
import { AS_NUMBER, ATTRIBUTE, MARKED_COMMUNITY } from "./wire.ts";

/** What `AttributeSets.add` takes. */
export interface Announceable {
  readonly head: readonly number[];
  readonly tail: readonly number[];
}

/** Octets of one member of an attribute's value, and its flags; everything else of a dump is dropped. */
const KEPT: Readonly<Record<number, { readonly flags: number; readonly octets: number }>> = {
  [ATTRIBUTE.AGGREGATOR]: { flags: 0xc0, octets: 8 },
  [ATTRIBUTE.COMMUNITIES]: { flags: 0xc0, octets: 4 },
  [ATTRIBUTE.EXTENDED_COMMUNITIES]: { flags: 0xc0, octets: 8 },
  [ATTRIBUTE.LARGE_COMMUNITIES]: { flags: 0xc0, octets: 12 },
};
const AS_SEQUENCE = 2;
const OCTETS_MAX = 3_000;
/** Communities with a meaning of their own: the well-known ones, and those that a policy here looks for. */
const SPECIAL: ReadonlySet<number> = new Set([0xffff, MARKED_COMMUNITY >>> 16]);

/** Attributes of an entry without NEXT_HOP, MED and the like, or why its route is left out. */
export function announceable(bytes: Uint8Array): Announceable | string {
  const values = new Map<number, Uint8Array>();
  for (let at = 0; at + 3 <= bytes.length;) {
    const isLong = (bytes[at]! & 0x10) !== 0;
    const value = at + (isLong ? 4 : 3);
    const end = value + (isLong ? (bytes[at + 2]! << 8) | bytes[at + 3]! : bytes[at + 2]!);
    if (end > bytes.length) return "attributes that cannot be delimited";
    values.set(bytes[at + 1]!, bytes.subarray(value, end));
    at = end;
  }
  const [origin, path] = [values.get(ATTRIBUTE.ORIGIN), values.get(ATTRIBUTE.AS_PATH)];
  if (origin?.length !== 1 || path === undefined) return "no ORIGIN or AS_PATH";
  const wrong = pathFault(path);
  if (wrong !== undefined) return wrong;
  const head = [...attribute(0x40, ATTRIBUTE.ORIGIN, [...origin]), ...attribute(0x40, ATTRIBUTE.AS_PATH, [...path])];
  const atomic = values.has(ATTRIBUTE.ATOMIC_AGGREGATE) ? attribute(0x40, ATTRIBUTE.ATOMIC_AGGREGATE, []) : [];
  const tail = [...LOCAL_PREF, ...atomic, ...Object.keys(KEPT).flatMap((code) => kept(Number(code), values))];
  return head.length + tail.length > OCTETS_MAX ? `attributes of more than ${OCTETS_MAX} octets` : { head, tail };
}

/** AS_PATH as dumps have it: 4-octet numbers (RFC 6396 §4.3.4). */
function pathFault(path: Uint8Array): string | undefined {
  for (let at = 0; at < path.length;) {
    const end = at + 2 + path[at + 1]! * 4;
    if (path[at] !== AS_SEQUENCE) return "an AS_PATH that is not all AS_SEQUENCE";
    if (!(end <= path.length)) return "an AS_PATH that cannot be delimited";
    for (let i = at + 2; i < end; i += 4) {
      const number = new DataView(path.buffer, path.byteOffset).getUint32(i);
      if (number === 0 || number === AS_NUMBER) return `AS ${number} in AS_PATH`;
    }
    at = end;
  }
  return undefined;
}

function kept(code: number, values: ReadonlyMap<number, Uint8Array>): readonly number[] {
  const { flags, octets } = KEPT[code]!;
  const value = [...values.get(code) ?? []];
  if (value.length % octets !== 0 || (code === ATTRIBUTE.AGGREGATOR && value.length > octets)) return [];
  const plain = code !== ATTRIBUTE.COMMUNITIES ? value
    : value.filter((_, at) => !SPECIAL.has((value[at - at % 4]! << 8) | value[at - at % 4 + 1]!));
  const members = Array.from({ length: plain.length / octets }, (_, i) => plain.slice(i * octets, (i + 1) * octets));
  return plain.length === 0 ? [] : attribute(flags, code, distinct(members));
}
