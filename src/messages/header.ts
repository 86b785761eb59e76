/**
 * The message header (RFC 4271 §4.1). Rule: the bounds of a length are checked here, before anyone waits for the
 * octets it promises; framer.ts alone reads the length field.
 */

import type { Fault } from "./fault.ts";
import { resetFault } from "./fault.ts";
import { Writer } from "../base/bytes.ts";

/** Message types (RFC 4271 §4.1, RFC 2918 §3). */
export const MESSAGE = { OPEN: 1, UPDATE: 2, NOTIFICATION: 3, KEEPALIVE: 4, ROUTE_REFRESH: 5 } as const;

/** Octets of the header: marker, length, type. */
export const HEADER_OCTETS = 19;
/** Octets of the longest message before RFC 8654. */
export const MESSAGE_OCTETS_MAX = 4096;
/** Octets of the longest message where the receiver offered RFC 8654. */
export const EXTENDED_MESSAGE_OCTETS_MAX = 65535;

/** What is known of a message type before its body is read. */
interface TypeRow {
  readonly name: string;
  readonly octetsMin: number;
  readonly octetsMax: number;
}

/**
 * RFC 4271 §6.1 and RFC 8654 §4: OPEN and KEEPALIVE are never extended. A ROUTE-REFRESH that is too short is judged
 * by its decoder, because RFC 7313 §5 answers it by subtype.
 */
const TYPES: readonly (TypeRow | undefined)[] = [
  undefined,
  { name: "OPEN", octetsMin: 29, octetsMax: MESSAGE_OCTETS_MAX },
  { name: "UPDATE", octetsMin: 23, octetsMax: EXTENDED_MESSAGE_OCTETS_MAX },
  { name: "NOTIFICATION", octetsMin: 21, octetsMax: EXTENDED_MESSAGE_OCTETS_MAX },
  { name: "KEEPALIVE", octetsMin: HEADER_OCTETS, octetsMax: HEADER_OCTETS },
  { name: "ROUTE-REFRESH", octetsMin: HEADER_OCTETS, octetsMax: EXTENDED_MESSAGE_OCTETS_MAX },
];

/**
 * What is wrong with the header whose nineteen octets start at `at` and whose length field says `length`; undefined
 * where nothing is. `octetsMax` is 4096, or 65535 once both may use RFC 8654.
 */
export function checkHeader(bytes: Uint8Array, at: number, length: number, octetsMax: number): Fault | undefined {
  for (let i = at; i < at + 16; i++) {
    if (bytes[i] !== 0xff) return resetFault(1, 1, new Uint8Array(0), "the marker is not all ones");
  }
  if (length < HEADER_OCTETS || length > octetsMax) return badLength(length, "a message");
  const type = bytes[at + 18]!;
  const row = TYPES[type];
  if (row === undefined) return resetFault(1, 3, Uint8Array.of(type), `message type ${type} is unknown`);
  return length < row.octetsMin || length > row.octetsMax ? badLength(length, row.name) : undefined;
}

/** RFC 4271 §6.1 Bad Message Length: Data is the erroneous length field. */
export function badLength(length: number, what: string): Fault {
  return resetFault(1, 2, Uint8Array.of(length >>> 8, length), `${what} of ${length} octets`);
}

/** The type of a whole message: one of MESSAGE once the framer passed it. */
export function messageType(message: Uint8Array): number {
  return message[18] ?? 0;
}

/** A writer that holds a header of `type`; finishMessage fills in the length. */
export function startMessage(type: number, capacity = 64): Writer {
  const writer = new Writer(capacity);
  for (let i = 0; i < 4; i++) writer.u32(0xffffffff);
  return writer.u16(0).u8(type);
}

/** The whole message of a writer made by startMessage. The caller keeps it within the receiver's maximum. */
export function finishMessage(writer: Writer): Uint8Array {
  return writer.patchU16(16, writer.length).take();
}
