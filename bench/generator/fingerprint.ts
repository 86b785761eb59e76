/**
 * 32 bits that tell attribute sets apart without keeping them. Rule: neither the order of attributes nor that of
 * communities matters, nor how a length is written; daemons may choose all three.
 */

import { ATTRIBUTE, u32At } from "./wire.ts";

/** Octets of a member of a list without an order; every other value is one member. */
const MEMBER_OCTETS: Readonly<Record<number, number>> = {
  [ATTRIBUTE.COMMUNITIES]: 4, [ATTRIBUTE.EXTENDED_COMMUNITIES]: 8, [ATTRIBUTE.LARGE_COMMUNITIES]: 12,
};
/** What a version, a source and reflection make of a route: not of its set. */
const OTHERS: ReadonlySet<number> = new Set([ATTRIBUTE.NEXT_HOP, ATTRIBUTE.MED, ATTRIBUTE.MP_REACH,
  ATTRIBUTE.MP_UNREACH, ATTRIBUTE.ORIGINATOR_ID, ATTRIBUTE.CLUSTER_LIST]);

/** Part of an attribute in the sum of its set; its value is at `from` .. `end` - 1. Hot: once per attribute. */
export function attributePrint(code: number, bytes: Uint8Array, from: number, end: number): number {
  if (OTHERS.has(code)) return 0;
  const step = MEMBER_OCTETS[code] ?? end - from;
  if (step === 0) return Math.imul(code, 0x9e37_79b1);
  let sum = 0;
  for (let at = from; at < end; at += step) sum += memberPrint(code, bytes, at, Math.min(end, at + step));
  return sum | 0;
}

function memberPrint(code: number, bytes: Uint8Array, from: number, end: number): number {
  let mixed = Math.imul(code, 0x9e37_79b1);
  let at = from;
  for (; at + 4 <= end; at += 4) {
    mixed = Math.imul(mixed ^ u32At(bytes, at), 0x85eb_ca6b);
    mixed ^= mixed >>> 13;
  }
  for (; at < end; at++) mixed = Math.imul(mixed ^ bytes[at]!, 0xc2b2_ae35);
  return mixed ^ (mixed >>> 15);
}

/** The sum over a run of attributes. */
export function setPrint(attributes: Uint8Array): number {
  let sum = 0;
  for (let at = 0; at < attributes.length;) {
    const isLong = (attributes[at]! & 0x10) !== 0;
    const value = at + (isLong ? 4 : 3);
    const end = value + (isLong ? (attributes[at + 2]! << 8) | attributes[at + 3]! : attributes[at + 2]!);
    sum = (sum + attributePrint(attributes[at + 1]!, attributes, value, end)) | 0;
    at = end;
  }
  return sum;
}

/** Of a route: its set's sum and its source; never 0. */
export function routePrint(set: number, source: number): number {
  return (Math.imul(set ^ Math.imul(source + 1, 0xc2b2_ae35), 0x9e37_79b1) >>> 0) || 1;
}
