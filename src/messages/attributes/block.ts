/**
 * Canonical blocks of path attributes: ascending order, each code once, 4-octet AS numbers, no NEXT_HOP or MP_* unless
 * put there. Rule: a block is never edited in place; an edit gives a new block that is canonical again.
 */

import { copyOctets, readU32, Writer } from "../../base/bytes.ts";
import { ATTRIBUTE, CATEGORY, FLAG, SEGMENT } from "./codes.ts";
import { encodeWords } from "./row.ts";

/** Where an attribute's value is, and its flags. */
export interface AttributePlace {
  readonly at: number;
  readonly end: number;
  readonly flags: number;
}

/** The value of an attribute in the block [at, end), or undefined. */
export function findAttribute(block: Uint8Array, at: number, end: number, code: number): AttributePlace | undefined {
  let i = at;
  while (i < end) {
    const flags = block[i]!;
    const found = block[i + 1]!;
    const valueAt = i + ((flags & FLAG.EXTENDED_LENGTH) === 0 ? 3 : 4);
    const valueEnd = valueAt + attributeLength(block, i);
    if (found === code) return { at: valueAt, end: valueEnd, flags };
    if (found > code) return undefined;
    i = valueEnd;
  }
  return undefined;
}

/** Calls `visit` for each attribute of the block [at, end) in ascending order. */
export function forEachAttribute(
  block: Uint8Array, at: number, end: number, visit: (code: number, place: AttributePlace) => void,
): void {
  let i = at;
  while (i < end) {
    const flags = block[i]!;
    const valueAt = i + ((flags & FLAG.EXTENDED_LENGTH) === 0 ? 3 : 4);
    const valueEnd = valueAt + attributeLength(block, i);
    visit(block[i + 1]!, { at: valueAt, end: valueEnd, flags });
    i = valueEnd;
  }
}

/** The length field of the attribute at `at`. */
export function attributeLength(block: Uint8Array, at: number): number {
  return (block[at]! & FLAG.EXTENDED_LENGTH) === 0 ? block[at + 2]! : (block[at + 2]! << 8) | block[at + 3]!;
}

/** Appends one attribute; the extended-length bit is set where the value needs it and only there. */
export function appendAttribute(into: Writer, code: number, flags: number, value: Uint8Array): void {
  appendRange(into, code, flags, value, 0, value.length);
}

/** appendAttribute of the octets [at, end) of others. */
export function appendRange(
  into: Writer, code: number, flags: number, bytes: Uint8Array, at: number, end: number,
): void {
  const length = end - at;
  const wide = length > 255;
  into.u8(wide ? flags | FLAG.EXTENDED_LENGTH : flags & ~FLAG.EXTENDED_LENGTH).u8(code);
  if (wide) into.u16(length);
  else into.u8(length);
  into.range(bytes, at, end);
}

/** A new block with some attributes replaced or added; undefined removes. */
export function editAttributes(
  block: Uint8Array, edits: ReadonlyMap<number, { readonly flags: number; readonly value: Uint8Array } | undefined>,
): Uint8Array {
  let edited = block;
  for (const [code, edit] of edits) {
    edited = edit === undefined ? removeAttribute(edited, code) : setAttribute(edited, code, edit.flags, edit.value);
  }
  return edited;
}

/** A new block in which `code` has this value. */
export function setAttribute(block: Uint8Array, code: number, flags: number, value: Uint8Array): Uint8Array {
  const at = placeOf(block, code);
  const rest = endOfCode(block, at, code);
  const wide = value.length > 255;
  const valueAt = at + (wide ? 4 : 3);
  const edited = new Uint8Array(block.length - (rest - at) + (valueAt - at) + value.length);
  copyOctets(block, 0, at, edited, 0);
  edited[at] = wide ? flags | FLAG.EXTENDED_LENGTH : flags & ~FLAG.EXTENDED_LENGTH;
  edited[at + 1] = code;
  if (wide) edited[at + 2] = value.length >>> 8;
  edited[valueAt - 1] = value.length;
  copyOctets(value, 0, value.length, edited, valueAt);
  copyOctets(block, rest, block.length, edited, valueAt + value.length);
  return edited;
}

/** Where an attribute of `code` is or belongs. */
function placeOf(block: Uint8Array, code: number): number {
  let at = 0;
  while (at < block.length && block[at + 1]! < code) at = attributeEnd(block, at);
  return at;
}

/** The end of the attribute at `at` if it has this code, else `at`. */
function endOfCode(block: Uint8Array, at: number, code: number): number {
  return at < block.length && block[at + 1] === code ? attributeEnd(block, at) : at;
}

function attributeEnd(block: Uint8Array, at: number): number {
  return at + ((block[at]! & FLAG.EXTENDED_LENGTH) === 0 ? 3 : 4) + attributeLength(block, at);
}

/** A block without this attribute: the same one where it is not there. */
export function removeAttribute(block: Uint8Array, code: number): Uint8Array {
  const at = placeOf(block, code);
  const rest = endOfCode(block, at, code);
  if (rest === at) return block;
  const edited = new Uint8Array(block.length - (rest - at));
  copyOctets(block, 0, at, edited, 0);
  copyOctets(block, rest, block.length, edited, at);
  return edited;
}

/** A new block whose AS_PATH starts with `asns` (RFC 4271 §5.1.2 b); one that has none gets one. */
export function prependAs(block: Uint8Array, asns: readonly number[]): Uint8Array {
  if (asns.length === 0) return block;
  const path = findAttribute(block, 0, block.length, ATTRIBUTE.AS_PATH);
  const old = path === undefined ? new Uint8Array(0) : block.subarray(path.at, path.end);
  const joins = old.length > 0 && old[0] === SEGMENT.SEQUENCE && old[1]! + asns.length <= 255;
  const writer = new Writer(old.length + 4 * asns.length + 4);
  if (joins) writer.u8(SEGMENT.SEQUENCE).u8(old[1]! + asns.length);
  for (const [i, asn] of asns.entries()) {
    if (!joins && i % 255 === 0) writer.u8(SEGMENT.SEQUENCE).u8(Math.min(255, asns.length - i));
    writer.u32(asn);
  }
  writer.bytes(joins ? old.subarray(2) : old);
  return setAttribute(block, ATTRIBUTE.AS_PATH, CATEGORY.WELL_KNOWN, writer.view());
}

/**
 * A new block with a community: `[asn, value]` is a standard one, `[number]` one as an unsigned 32-bit number, three
 * numbers a large one. Appended, once; the block itself where it is there already.
 */
export function addCommunity(block: Uint8Array, numbers: readonly number[]): Uint8Array {
  if (hasCommunity(block, 0, block.length, numbers)) return block;
  const words = communityWords(numbers);
  const code = words.length === 1 ? ATTRIBUTE.COMMUNITIES : ATTRIBUTE.LARGE_COMMUNITIES;
  const place = findAttribute(block, 0, block.length, code);
  const writer = new Writer(64);
  if (place !== undefined) writer.bytes(block.subarray(place.at, place.end));
  const partial = place === undefined ? 0 : place.flags & FLAG.PARTIAL;
  const value = writer.bytes(encodeWords(words)).view();
  return setAttribute(block, code, CATEGORY.OPTIONAL_TRANSITIVE | partial, value);
}

/** Whether the block [at, end) carries a community, given as for addCommunity. */
export function hasCommunity(block: Uint8Array, at: number, end: number, numbers: readonly number[]): boolean {
  const words = communityWords(numbers);
  const code = words.length === 1 ? ATTRIBUTE.COMMUNITIES : ATTRIBUTE.LARGE_COMMUNITIES;
  const place = findAttribute(block, at, end, code);
  if (place === undefined) return false;
  const octets = 4 * words.length;
  for (let i = place.at; i < place.end; i += octets) {
    if (words.every((word, n) => readU32(block, i + 4 * n) === word)) return true;
  }
  return false;
}

/** The 32-bit words of a community on the wire. */
function communityWords(numbers: readonly number[]): readonly number[] {
  return numbers.length === 2 ? [numbers[0]! * 65536 + numbers[1]!] : numbers;
}

/** How often an AS number is in the AS_PATH of the block [at, end); sets count too (RFC 4271 §9.1.2). */
export function countAsInPath(block: Uint8Array, at: number, end: number, asn: number): number {
  const path = findAttribute(block, at, end, ATTRIBUTE.AS_PATH);
  if (path === undefined) return 0;
  let count = 0;
  let i = path.at;
  while (i < path.end) {
    const next = i + 2 + 4 * block[i + 1]!;
    for (i += 2; i < next; i += 4) if (readU32(block, i) === asn) count++;
  }
  return count;
}

/** Whether the AS_PATH starts with these AS numbers, in sequence. */
export function asPathStartsWith(block: Uint8Array, at: number, end: number, asns: readonly number[]): boolean {
  const path = findAttribute(block, at, end, ATTRIBUTE.AS_PATH);
  if (path === undefined) return asns.length === 0;
  let i = path.at;
  let matched = 0;
  while (i < path.end && matched < asns.length) {
    if (block[i] !== SEGMENT.SEQUENCE) return false;
    const next = i + 2 + 4 * block[i + 1]!;
    for (i += 2; i < next && matched < asns.length; i += 4) if (readU32(block, i) !== asns[matched++]) return false;
    i = next;
  }
  return matched === asns.length;
}

/** Whether the CLUSTER_LIST of the block [at, end) holds a cluster id (RFC 4456 §8). */
export function clusterListHas(block: Uint8Array, at: number, end: number, clusterId: number): boolean {
  const place = findAttribute(block, at, end, ATTRIBUTE.CLUSTER_LIST);
  if (place === undefined) return false;
  for (let i = place.at; i < place.end; i += 4) if (readU32(block, i) === clusterId) return true;
  return false;
}
