/**
 * IP addresses. Two shapes: octets (4 or 16) where the program works, canonical text (RFC 5952) at the edges and as a
 * key. Parsing is strict: what is not an address is undefined, never a guess.
 */

import { readU32, writeU32 } from "./bytes.ts";

/** The address of an IPv4 text as an unsigned 32-bit number, or undefined. */
export function parseIpv4(text: string): number | undefined {
  const parts = text.split(".");
  if (parts.length !== 4) return undefined;
  let value = 0;
  for (const part of parts) {
    if (!/^(0|[1-9][0-9]{0,2})$/.test(part) || Number(part) > 255) return undefined;
    value = value * 256 + Number(part);
  }
  return value;
}

/** Dotted quad of an unsigned 32-bit number. Also how a BGP Identifier and a cluster id are written. */
export function formatIpv4(value: number): string {
  return `${value >>> 24}.${(value >>> 16) & 255}.${(value >>> 8) & 255}.${value & 255}`;
}

/** The sixteen octets of an IPv6 text without zone, or undefined. */
export function parseIpv6(text: string): Uint8Array | undefined {
  const halves = text.split("::");
  if (halves.length > 2) return undefined;
  const head = groups(halves[0]!, halves.length === 1);
  const tail = halves.length === 2 ? groups(halves[1]!, true) : [];
  if (head === undefined || tail === undefined) return undefined;
  const missing = 8 - head.length - tail.length;
  if (halves.length === 1 ? missing !== 0 : missing < 1) return undefined;
  const bytes = new Uint8Array(16);
  [...head, ...new Array<number>(missing).fill(0), ...tail].forEach((group, i) => {
    bytes[2 * i] = group >>> 8;
    bytes[2 * i + 1] = group;
  });
  return bytes;
}

/** The 16-bit groups of one side of "::"; the last may be a dotted quad where that side ends the address. */
function groups(text: string, endsAddress: boolean): number[] | undefined {
  if (text === "") return [];
  const found: number[] = [];
  const parts = text.split(":");
  for (const [i, part] of parts.entries()) {
    if (part.includes(".")) {
      const quad = endsAddress && i === parts.length - 1 ? parseIpv4(part) : undefined;
      if (quad === undefined) return undefined;
      found.push(quad >>> 16, quad & 0xffff);
    } else {
      if (!/^[0-9a-fA-F]{1,4}$/.test(part)) return undefined;
      found.push(Number.parseInt(part, 16));
    }
  }
  return found;
}

/** RFC 5952 text of the sixteen octets at `at`. */
export function formatIpv6(bytes: Uint8Array, at = 0): string {
  const words: number[] = [];
  for (let i = 0; i < 16; i += 2) words.push((bytes[at + i]! << 8) | bytes[at + i + 1]!);
  if (isV4Mapped(words)) return `::ffff:${formatIpv4(readU32(bytes, at + 12))}`;
  const [start, length] = longestZeroRun(words);
  const hex = (part: number[]): string => part.map((word) => word.toString(16)).join(":");
  if (length < 2) return hex(words);
  return `${hex(words.slice(0, start))}::${hex(words.slice(start + length))}`;
}

function isV4Mapped(words: readonly number[]): boolean {
  return words[5] === 0xffff && words.slice(0, 5).every((word) => word === 0);
}

function longestZeroRun(words: readonly number[]): [start: number, length: number] {
  let best: [number, number] = [0, 0];
  for (let start = 0; start < 8; start++) {
    let length = 0;
    while (start + length < 8 && words[start + length] === 0) length++;
    if (length > best[1]) best = [start, length];
  }
  return best;
}

/** Octets (4 or 16) of an IPv4 or IPv6 text without zone, or undefined. */
export function parseAddress(text: string): Uint8Array | undefined {
  if (text.includes(":")) return parseIpv6(text);
  const value = parseIpv4(text);
  if (value === undefined) return undefined;
  const bytes = new Uint8Array(4);
  writeU32(bytes, 0, value);
  return bytes;
}

/** Canonical text of 4 or 16 octets. */
export function formatAddress(bytes: Uint8Array): string {
  return bytes.length === 4 ? formatIpv4(readU32(bytes, 0)) : formatIpv6(bytes);
}

/** An address as 32-bit words, the way the tables have it: an IPv4 address is the first, and the others are 0. */
export function addressWords(bytes: Uint8Array): [w0: number, w1: number, w2: number, w3: number] {
  if (bytes.length === 4) return [readU32(bytes, 0), 0, 0, 0];
  return [readU32(bytes, 0), readU32(bytes, 4), readU32(bytes, 8), readU32(bytes, 12)];
}

/** Octets compared from the left, a shorter address first: a total order over both families. */
export function compareAddresses(a: Uint8Array, b: Uint8Array): number {
  if (a.length !== b.length) return a.length - b.length;
  for (let i = 0; i < a.length; i++) if (a[i] !== b[i]) return a[i]! - b[i]!;
  return 0;
}

/** fe80::/10. */
export function isLinkLocal(bytes: Uint8Array): boolean {
  return bytes.length === 16 && bytes[0] === 0xfe && (bytes[1]! & 0xc0) === 0x80;
}

/**
 * Whether routers may tell each other of it: no address of a link, of a host itself, or of a group; the default route
 * is for all. In words, as `addressWords` has them: it is asked for every route.
 */
export function isForOthers(octets: number, w0: number, w1: number, w2: number, w3: number): boolean {
  const first = w0 >>> 24;
  if (octets === 4) return first !== 127 && w0 >>> 16 !== 0xa9fe && (first < 224 || first >= 240);
  return first !== 0xff && w0 >>> 22 !== 0xfe80 >>> 6 && !(w0 === 0 && w1 === 0 && w2 === 0 && w3 === 1);
}

/** 127.0.0.0/8 or ::1. */
export function isLoopback(bytes: Uint8Array): boolean {
  if (bytes.length === 4) return bytes[0] === 127;
  return bytes[15] === 1 && bytes.subarray(0, 15).every((octet) => octet === 0);
}
