/** UPDATEs as an attacker writes them: octet by octet, true or not. */

import { finishMessage, MESSAGE, startMessage } from "../../src/messages/header.ts";

/** One attribute: flags, code, value; the length is written as the flags ask unless `length` lies. */
export function attribute(
  flags: number, code: number, value: readonly number[] | Uint8Array, length: number = value.length,
): number[] {
  const wide = (flags & 0x10) !== 0;
  return [flags, code, ...(wide ? [length >>> 8] : []), length & 0xff, ...value];
}

export const ORIGIN: readonly number[] = attribute(0x40, 1, [0]);
export const AS_PATH: readonly number[] = attribute(0x40, 2, []);
export const NEXT_HOP: readonly number[] = attribute(0x40, 3, [10, 9, 9, 9]);
export const LOCAL_PREF: readonly number[] = attribute(0x40, 5, [0, 0, 0, 100]);
/** What an ordinary internal route carries. */
export const ORDINARY: readonly number[] = [...ORIGIN, ...AS_PATH, ...NEXT_HOP, ...LOCAL_PREF];

/** The four octets of a number. */
export function word(value: number): number[] {
  return [value >>> 24, (value >>> 16) & 0xff, (value >>> 8) & 0xff, value & 0xff];
}

/** An UPDATE of these three sections. */
export function update(
  withdrawn: readonly number[] | Uint8Array, attributes: readonly number[] | Uint8Array,
  nlri: readonly number[] | Uint8Array,
): Uint8Array {
  const writer = startMessage(MESSAGE.UPDATE, 32 + withdrawn.length + attributes.length + nlri.length);
  writer.u16(withdrawn.length).bytes(Uint8Array.from(withdrawn));
  writer.u16(attributes.length).bytes(Uint8Array.from(attributes));
  return finishMessage(writer.bytes(Uint8Array.from(nlri)));
}

/** What an ordinary announcement says. Prefixes are octets: their number times eight is the length. */
export interface Announced {
  readonly prefixes: readonly (readonly number[])[];
  /** One per prefix with ADD-PATH. */
  readonly pathIds?: readonly number[];
  /** Attributes beside, or instead of, the ordinary ones. */
  readonly attributes?: readonly number[];
}

/** An ordinary announcement. */
export function announcement({ prefixes, pathIds, attributes = ORDINARY }: Announced): Uint8Array {
  return update([], attributes, nlri(prefixes, pathIds));
}

/** A withdrawal of prefixes. */
export function withdrawal({ prefixes, pathIds }: Announced): Uint8Array {
  return update(nlri(prefixes, pathIds), [], []);
}

function nlri(prefixes: readonly (readonly number[])[], pathIds?: readonly number[]): number[] {
  return prefixes.flatMap((octets, i) => [
    ...(pathIds === undefined ? [] : word(pathIds[i] ?? 0)), octets.length * 8, ...octets,
  ]);
}

/** Announcements, or withdrawals, of 700 /32 per message, all different, from the `first` of 2^24 on. */
export function hostRoutes(first: number, messages: number, withdraw = false): Uint8Array {
  const perMessage = 700;
  const all: Uint8Array[] = [];
  for (let m = 0, at = first; m < messages; m++, at += perMessage) {
    const block = new Uint8Array(perMessage * 5);
    for (let i = 0; i < perMessage; i++) {
      block[i * 5] = 32;
      block.set(word(0x14000000 + at + i), i * 5 + 1);
    }
    all.push(withdraw ? update(block, [], []) : update([], ORDINARY, block));
  }
  return joined(all);
}

/** Octets one after the other. */
export function joined(parts: readonly Uint8Array[]): Uint8Array {
  const all = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0));
  let at = 0;
  for (const part of parts) {
    all.set(part, at);
    at += part.length;
  }
  return all;
}
