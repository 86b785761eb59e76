/**
 * What a reader of captures yields. Rule of this folder: octets in, items out, lazily; a damaged capture costs what
 * is damaged and never throws; nothing passed over goes unmentioned.
 */

import type { Family } from "../families.ts";
import type { Fault } from "../fault.ts";

/** What decides the reading of one BGP message. */
export interface CaptureContext {
  readonly ebgp: boolean;
  readonly fourOctetAs: boolean;
  /** Families whose NLRI carry path identifiers in this direction (RFC 7911). */
  readonly addPath: readonly Family[];
}

/** How a message is read where nothing says more: iBGP, 4-octet AS numbers, no path identifiers. */
export const DEFAULT_CONTEXT: CaptureContext = { ebgp: false, fourOctetAs: true, addPath: [] };

/** Where and when a message was seen: written in front of the decoded message. */
export interface Sighting {
  /** ISO 8601. */
  readonly time?: string;
  /** `address:port` of the sender, or its address where the capture has no more. */
  readonly from?: string;
  readonly to?: string;
}

/** One thing found in a capture. */
export type CaptureItem =
  /** A BGP message; the octets are a view that is valid until the next item is asked for. */
  | { readonly kind: "message"; readonly message: Uint8Array; readonly context: CaptureContext;
      readonly sighting: Sighting }
  /** Octets of a BGP stream that no framer can read on; reading goes on at the next marker. */
  | { readonly kind: "fault"; readonly fault: Fault; readonly sighting: Sighting }
  /** A change of an FSM state that MRT recorded (RFC 6396 §4.4.1), in RFC 4271's names. */
  | { readonly kind: "state"; readonly before: string; readonly after: string; readonly sighting: Sighting }
  /** Something that is no BGP message we read, and why. */
  | { readonly kind: "passed-over"; readonly why: string; readonly sighting: Sighting };

/** ISO 8601 of milliseconds since 1970; undefined outside what a date can hold. */
export function isoTime(milliseconds: number): string | undefined {
  return Math.abs(milliseconds) <= 8.64e15 ? new Date(milliseconds).toISOString() : undefined;
}

/** `address:port`, IPv6 in brackets. */
export function endpoint(address: string, port: number): string {
  return address.includes(":") ? `[${address}]:${port}` : `${address}:${port}`;
}
