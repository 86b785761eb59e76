/** NOTIFICATION (RFC 4271 §4.5), its names, and the text of an administrative shutdown (RFC 9003). */

import { EMPTY, toHex } from "../base/bytes.ts";
import type { Fault } from "./fault.ts";
import { badLength, finishMessage, MESSAGE, startMessage } from "./header.ts";
import { readText, writeText } from "./text.ts";

/** What a NOTIFICATION says. */
export interface Notification {
  readonly code: number;
  readonly subcode: number;
  readonly data: Uint8Array;
}

/** Cease subcodes (RFC 4486, RFC 8538, RFC 9384). */
export const CEASE = {
  MAXIMUM_PREFIXES: 1, ADMINISTRATIVE_SHUTDOWN: 2, PEER_DECONFIGURED: 3, ADMINISTRATIVE_RESET: 4,
  CONNECTION_REJECTED: 5, CONFIGURATION_CHANGE: 6, CONNECTION_COLLISION: 7, OUT_OF_RESOURCES: 8, HARD_RESET: 9,
  BFD_DOWN: 10,
} as const;

/** Names by code, then by subcode. Source: IANA BGP Error Codes and Subcodes. */
export const NOTIFICATION: Readonly<Record<number, { readonly name: string; readonly subcodes: readonly string[] }>> = {
  1: { name: "Message Header Error", subcodes: [
    "Unspecific", "Connection Not Synchronized", "Bad Message Length", "Bad Message Type"] },
  2: { name: "OPEN Message Error", subcodes: [
    "Unspecific", "Unsupported Version Number", "Bad Peer AS", "Bad BGP Identifier", "Unsupported Optional Parameter",
    "Authentication Failure", "Unacceptable Hold Time", "Unsupported Capability", "Subcode 8", "Subcode 9",
    "Subcode 10", "Role Mismatch"] },
  3: { name: "UPDATE Message Error", subcodes: [
    "Unspecific", "Malformed Attribute List", "Unrecognized Well-known Attribute", "Missing Well-known Attribute",
    "Attribute Flags Error", "Attribute Length Error", "Invalid ORIGIN Attribute", "AS Routing Loop",
    "Invalid NEXT_HOP Attribute", "Optional Attribute Error", "Invalid Network Field", "Malformed AS_PATH"] },
  4: { name: "Hold Timer Expired", subcodes: [] },
  5: { name: "Finite State Machine Error", subcodes: [
    "Unspecified Error", "Unexpected Message in OpenSent", "Unexpected Message in OpenConfirm",
    "Unexpected Message in Established"] },
  6: { name: "Cease", subcodes: [
    "Unspecific", "Maximum Number of Prefixes Reached", "Administrative Shutdown", "Peer De-configured",
    "Administrative Reset", "Connection Rejected", "Other Configuration Change", "Connection Collision Resolution",
    "Out of Resources", "Hard Reset", "BFD Down"] },
  7: { name: "ROUTE-REFRESH Message Error", subcodes: ["Unspecific", "Invalid Message Length"] },
  8: { name: "Send Hold Timer Expired", subcodes: [] },
};

/** What people call it, such as "Cease/Administrative Shutdown"; numbers where there is no name. */
export function notificationName(code: number, subcode: number): string {
  const row = Object.hasOwn(NOTIFICATION, code) ? NOTIFICATION[code] : undefined;
  if (row === undefined) return `Error ${code}/Subcode ${subcode}`;
  if (row.subcodes.length === 0 && subcode === 0) return row.name;
  return `${row.name}/${row.subcodes[subcode] ?? `Subcode ${subcode}`}`;
}

/** Reads a whole NOTIFICATION; a code that has no name is no fault. */
export function decodeNotification(message: Uint8Array): Notification | Fault {
  if (message.length < 21) return badLength(message.length, "NOTIFICATION");
  return { code: message[19]!, subcode: message[20]!, data: message.slice(21) };
}

/** Writes a NOTIFICATION; Data is cut to what an ordinary message holds. */
export function encodeNotification(notification: Omit<Notification, "data"> & { data?: Uint8Array }): Uint8Array {
  const { code, subcode, data = EMPTY } = notification;
  const writer = startMessage(MESSAGE.NOTIFICATION, 21 + data.length);
  return finishMessage(writer.u8(code).u8(subcode).bytes(data.subarray(0, 4096 - 21)));
}

/**
 * The text in the Data of Cease/Administrative Shutdown or Reset, fit to print; undefined where there is none or its
 * length octet lies. RFC 9003 §2.
 */
export function decodeShutdownCommunication(data: Uint8Array): string | undefined {
  const length = data[0] ?? 0;
  return length === 0 || length > data.length - 1 ? undefined : readText(data.subarray(1, 1 + length));
}

/** Data of a shutdown with a text of at most 255 octets, cut at a character; empty for an empty text. RFC 9003 §2. */
export function encodeShutdownCommunication(text: string): Uint8Array {
  if (text === "") return EMPTY;
  const octets = writeText(text, 255);
  const data = new Uint8Array(1 + octets.length);
  data[0] = octets.length;
  data.set(octets, 1);
  return data;
}

/** What a Cease/Hard Reset carries inside, or undefined where it is too short to say. RFC 8538 §3.1. */
export function decodeHardReset(data: Uint8Array): Notification | undefined {
  return data.length < 2 ? undefined : { code: data[0]!, subcode: data[1]!, data: data.slice(2) };
}

/** The JSON of a NOTIFICATION; `text` is its shutdown communication, of a Hard Reset that of the inner one. */
export function describeNotification(notification: Notification): Record<string, unknown> {
  const { code, subcode, data } = notification;
  const name = notificationName(code, subcode);
  const described: Record<string, unknown> = { code, subcode, name, data: toHex(data) };
  const inner = code === 6 && subcode === CEASE.HARD_RESET ? decodeHardReset(data) : undefined;
  if (inner !== undefined) described["inner"] = notificationName(inner.code, inner.subcode);
  const text = shutdownText(inner ?? notification);
  if (text !== undefined) described["text"] = text;
  return described;
}

/** The shutdown communication of a NOTIFICATION that may carry one. */
function shutdownText({ code, subcode, data }: Notification): string | undefined {
  const mayCarry = subcode === CEASE.ADMINISTRATIVE_SHUTDOWN || subcode === CEASE.ADMINISTRATIVE_RESET;
  return code === 6 && mayCarry ? decodeShutdownCommunication(data) : undefined;
}
