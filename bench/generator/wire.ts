/**
 * The few BGP messages that a client of the benchmark and the floor say. Rule: written apart from src/, so that the
 * daemon is not measured with its own code.
 */

import type { Family } from "../daemons/daemon.ts";

/** RFC 4271 §4.1: octets of a header, and of a message at most. */
export const HEADER_OCTETS = 19;
/** See HEADER_OCTETS; extended messages (RFC 8654) are not offered. */
export const MESSAGE_OCTETS_MAX = 4_096;
/** Message types. */
export const MESSAGE = { OPEN: 1, UPDATE: 2, NOTIFICATION: 3, KEEPALIVE: 4, ROUTE_REFRESH: 5 } as const;
/** Path attribute codes that the generator writes or reads. */
export const ATTRIBUTE = { ORIGIN: 1, AS_PATH: 2, NEXT_HOP: 3, MED: 4, LOCAL_PREF: 5, ATOMIC_AGGREGATE: 6,
  AGGREGATOR: 7, COMMUNITIES: 8, ORIGINATOR_ID: 9, CLUSTER_LIST: 10, MP_REACH: 14, MP_UNREACH: 15,
  EXTENDED_COMMUNITIES: 16, LARGE_COMMUNITIES: 32 } as const;
/** Everybody's AS: every session is internal. */
export const AS_NUMBER = 64_512;
/** Routes that carry it are what a policy of the benchmark rejects: 64512:666. */
export const MARKED_COMMUNITY: number = 0xfc00_0000 + 666;

/** Address family numbers. */
export const AFI: Readonly<Record<Family, number>> = { ipv4: 1, ipv6: 2 };
/** NEXT_HOP of client 0: 10.1.0.1, or fd00::a01:1; client `index` has this + index. In a namespace its own address. */
const FIRST_NEXT_HOP = 0x0a01_0001;
const NEXT_HOP_IPV6: readonly number[] = [0xfd, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0];

/** A whole message with its header. */
export function message(type: number, body: ArrayLike<number>): Buffer {
  const whole = Buffer.alloc(HEADER_OCTETS + body.length, 0xff);
  whole.writeUInt16BE(whole.length, 16);
  whole[18] = type;
  whole.set(body, HEADER_OCTETS);
  return whole;
}

/** A KEEPALIVE. */
export const KEEPALIVE: Buffer = message(MESSAGE.KEEPALIVE, []);

/** The End-of-RIB marker of a family (RFC 4724 §2). */
export function endOfRib(family: Family): Buffer {
  const unreach = [0x80, ATTRIBUTE.MP_UNREACH, 3, 0, AFI[family], 1];
  return message(MESSAGE.UPDATE, family === "ipv4" ? [0, 0, 0, 0] : [0, 0, 0, unreach.length, ...unreach]);
}

/** What an OPEN says. */
export interface OpenOptions {
  readonly identifier: number;
  readonly family: Family;
  readonly addPath: boolean;
  readonly holdTimeSeconds: number;
}

/**
 * An OPEN: one family, 4-octet AS numbers, route refresh, ADD-PATH both ways where asked for; Graceful Restart without
 * a family, which says nothing but that End-of-RIB is understood (RFC 4724 §3).
 */
export function open({ identifier, family, addPath, holdTimeSeconds }: OpenOptions): Buffer {
  const afi = AFI[family];
  const capabilities = [
    1, 4, 0, afi, 0, 1, 2, 0, 64, 2, 0, 0, 65, 4, ...octets(AS_NUMBER),
    ...(addPath ? [69, 4, 0, afi, 1, 3] : []),
  ];
  return message(MESSAGE.OPEN, [4, AS_NUMBER >>> 8, AS_NUMBER & 255, holdTimeSeconds >>> 8, holdTimeSeconds & 255,
    ...octets(identifier), capabilities.length + 2, 2, capabilities.length, ...capabilities]);
}

/** The next hop of client `index`, 4 or 16 octets. */
export function nextHop(family: Family, index: number): readonly number[] {
  const last = octets(FIRST_NEXT_HOP + index);
  return family === "ipv4" ? last : [...NEXT_HOP_IPV6, ...last];
}

/** Which client a next hop is of, by its last four octets. */
export function clientOfNextHop(last: number): number {
  return last - FIRST_NEXT_HOP;
}

/** A number in four octets. */
export function octets(value: number): readonly number[] {
  return [value >>> 24, (value >>> 16) & 255, (value >>> 8) & 255, value & 255];
}

/** Four octets as a number, without a bound check: hot. */
export function u32At(bytes: Uint8Array, at: number): number {
  return ((bytes[at]! << 24) | (bytes[at + 1]! << 16) | (bytes[at + 2]! << 8) | bytes[at + 3]!) >>> 0;
}

/** Two octets as a number, without a bound check: hot. */
export function u16At(bytes: Uint8Array, at: number): number {
  return (bytes[at]! << 8) | bytes[at + 1]!;
}
