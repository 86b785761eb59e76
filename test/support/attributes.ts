/** Path attributes as octets, for tests that need them wrong. */

import type { AttributeContext, AttributeReading } from "../../src/messages/attributes/read.ts";
import { readAttributes } from "../../src/messages/attributes/read.ts";
import { fromHex } from "../../src/base/bytes.ts";

/** An iBGP session with everything negotiated. */
export const IBGP: AttributeContext = {
  ebgp: false, fourOctetAs: true, addPath: [], extendedNextHop: [], loopback: false,
  families: ["ipv4-unicast", "ipv6-unicast"],
};
/** The same to another AS. */
export const EBGP: AttributeContext = { ...IBGP, ebgp: true };
/** The same with an old speaker (RFC 6793). */
export const OLD: AttributeContext = { ...IBGP, fourOctetAs: false };

/** Octets of a hexadecimal text. */
export function hex(text: string): Uint8Array {
  const octets = fromHex(text);
  if (octets === undefined) throw new Error(`not hexadecimal: ${text}`);
  return octets;
}

/** One attribute; the length is the value's, in two octets where the flags say so. */
export function attribute(flags: number, code: number, value: Uint8Array | string): Uint8Array {
  const octets = typeof value === "string" ? hex(value) : value;
  const length = (flags & 0x10) !== 0 ? [octets.length >>> 8, octets.length & 255] : [octets.length];
  return Uint8Array.from([flags, code, ...length, ...octets]);
}

/** Octets one behind the other. */
export function join(...parts: readonly Uint8Array[]): Uint8Array {
  return Uint8Array.from(parts.flatMap((part) => [...part]));
}

/** readAttributes of a whole array. */
export function read(octets: Uint8Array, context: AttributeContext = IBGP): AttributeReading {
  return readAttributes(octets, 0, octets.length, context);
}
