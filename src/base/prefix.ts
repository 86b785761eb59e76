/** IP prefixes at the edges of the program. In the tables a prefix is a PrefixId (rib/prefix-table.ts). */

import { formatAddress, parseAddress } from "./address.ts";

/** A prefix: 4 or 16 octets whose bits past `length` are zero, and its length in bits. */
export interface Prefix {
  readonly address: Uint8Array;
  readonly length: number;
}

/** A prefix of a text such as 10.0.0.0/26; undefined where it is none or has bits set past its length. */
export function parsePrefix(text: string): Prefix | undefined {
  const slash = text.indexOf("/");
  const address = parseAddress(slash < 0 ? text : text.slice(0, slash));
  if (address === undefined) return undefined;
  const lengthText = slash < 0 ? String(address.length * 8) : text.slice(slash + 1);
  if (!/^(0|[1-9][0-9]{0,2})$/.test(lengthText)) return undefined;
  const length = Number(lengthText);
  if (length > address.length * 8) return undefined;
  const prefix = { address, length };
  return hasHostBits(prefix) ? undefined : prefix;
}

/** An address alone as a prefix, without its zone (RFC 4007 §11), as no prefix has one; undefined where it is none. */
export function hostPrefix(text: string): Prefix | undefined {
  const address = parseAddress(text.replace(/%.*$/, ""));
  return address && { address, length: address.length * 8 };
}

/** The text of a prefix, such as 10.0.0.0/26 or 2001:db8::/64. */
export function formatPrefix(prefix: Prefix): string {
  return `${formatAddress(prefix.address)}/${prefix.length}`;
}

/** Whether `inner` is `outer` or more specific than it; never across families. */
export function covers(outer: Prefix, inner: Prefix): boolean {
  if (outer.address.length !== inner.address.length || inner.length < outer.length) return false;
  const whole = outer.length >>> 3;
  for (let i = 0; i < whole; i++) if (outer.address[i] !== inner.address[i]) return false;
  const bits = outer.length & 7;
  if (bits === 0) return true;
  const mask = (0xff << (8 - bits)) & 0xff;
  return (outer.address[whole]! & mask) === (inner.address[whole]! & mask);
}

/** Sets the bits past `length` to zero, in place. RFC 4271 §4.3: trailing bits of NLRI are irrelevant. */
export function clearHostBits(address: Uint8Array, length: number): void {
  for (let bit = length; bit < address.length * 8; bit += 8 - (bit & 7)) {
    address[bit >>> 3]! &= (0xff00 >>> (bit & 7)) & 0xff;
  }
}

function hasHostBits(prefix: Prefix): boolean {
  const cleared = prefix.address.slice();
  clearHostBits(cleared, prefix.length);
  return cleared.some((octet, i) => octet !== prefix.address[i]);
}
