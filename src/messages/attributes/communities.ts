/** Communities of every size: RFC 1997, RFC 4360, RFC 5701, RFC 8092. Unknown types are fine (RFC 7606 §7.14). */

import { formatIpv4, formatIpv6 } from "../../base/address.ts";
import { fromHex, readU32, toHex } from "../../base/bytes.ts";
import { ATTRIBUTE, CATEGORY } from "./codes.ts";
import type { AttributeRow } from "./row.ts";
import { encodeWords, itemsOf, mapItems } from "./row.ts";
import type { ExtendedCommunity } from "./values.ts";

/** What all four rows share. */
const COMMON = { flags: CATEGORY.OPTIONAL_TRANSITIVE, onMalformed: "withdraw", onWrongFlags: "withdraw" } as const;

/** Row of COMMUNITIES. */
export const communities: AttributeRow = {
  ...COMMON, code: ATTRIBUTE.COMMUNITIES, name: "COMMUNITIES", source: "RFC 1997, RFC 7606 §7.8",
  check: itemsOf(4),
  json: {
    describe: (bytes, at, end) => ({ communities: mapItems(at, end, 4, (i) => formatCommunity(readU32(bytes, i))) }),
    encode: (a) => (
      a.communities === undefined ? undefined : encodeWords(a.communities.map((text) => parseCommunity(text) ?? 0))
    ),
  },
};

/** Row of EXTENDED COMMUNITIES. */
export const extendedCommunities: AttributeRow = {
  ...COMMON, code: ATTRIBUTE.EXTENDED_COMMUNITIES, name: "EXTENDED_COMMUNITIES", source: "RFC 4360, RFC 7606 §7.14",
  check: itemsOf(8),
  json: {
    describe: (bytes, at, end) => ({
      extendedCommunities: mapItems(at, end, 8, (i) => extended(bytes.subarray(i, i + 8), extendedText(bytes, i))),
    }),
    encode: (a) => fromHexes(a.extendedCommunities),
  },
};

/** Row of IPv6 Address Specific Extended Community. */
export const ipv6ExtendedCommunities: AttributeRow = {
  ...COMMON, code: ATTRIBUTE.IPV6_EXTENDED_COMMUNITIES, name: "IPV6_EXTENDED_COMMUNITIES",
  source: "RFC 5701, RFC 7606 §7.15",
  check: itemsOf(20),
  json: {
    describe: (bytes, at, end) => ({
      ipv6ExtendedCommunities: mapItems(at, end, 20, (i) => extended(bytes.subarray(i, i + 20), ipv6Text(bytes, i))),
    }),
    encode: (a) => fromHexes(a.ipv6ExtendedCommunities),
  },
};

/** Row of LARGE_COMMUNITY. */
export const largeCommunities: AttributeRow = {
  ...COMMON, code: ATTRIBUTE.LARGE_COMMUNITIES, name: "LARGE_COMMUNITIES", source: "RFC 8092 §3, §6",
  check: itemsOf(12),
  json: {
    describe: (bytes, at, end) => ({
      largeCommunities: mapItems(at, end, 12, (i) => (
        `${readU32(bytes, i)}:${readU32(bytes, i + 4)}:${readU32(bytes, i + 8)}`
      )),
    }),
    encode: (a) => (
      a.largeCommunities === undefined ? undefined : encodeWords(a.largeCommunities.flatMap(parseLargeCommunity))
    ),
  },
};

/** "64512:100" of an unsigned 32-bit number. */
export function formatCommunity(value: number): string {
  return `${value >>> 16}:${value & 0xffff}`;
}

/** The unsigned 32-bit number of "64512:100", or undefined. */
export function parseCommunity(text: string): number | undefined {
  const match = /^(\d{1,5}):(\d{1,5})$/.exec(text);
  if (match === null) return undefined;
  const [high, low] = [Number(match[1]), Number(match[2])];
  return high > 0xffff || low > 0xffff ? undefined : high * 65536 + low;
}

function parseLargeCommunity(text: string): number[] {
  const parts = text.split(":").map(Number);
  return [parts[0] ?? 0, parts[1] ?? 0, parts[2] ?? 0];
}

function extended(octets: Uint8Array, text: string): ExtendedCommunity {
  return { hex: toHex(octets), text };
}

function fromHexes(items: readonly ExtendedCommunity[] | undefined): Uint8Array | undefined {
  return items === undefined ? undefined : fromHex(items.map(({ hex }) => hex).join(""));
}

/** Names of sub-types that AS and address specific types share (RFC 4360 §4, §5). */
const SUBTYPES: ReadonlyMap<number, string> = new Map([[2, "rt"], [3, "ro"]]);

/** RFC 4360 §3, RFC 5668: by type, two or four octets of administrator and the rest is assigned by it. */
function extendedText(bytes: Uint8Array, at: number): string {
  const type = bytes[at]! & 0xbf; // without the transitive bit
  const subtype = SUBTYPES.get(bytes[at + 1]!) ?? `0x${toHex(bytes.subarray(at, at + 2))}`;
  const low = (bytes[at + 6]! << 8) | bytes[at + 7]!;
  if (type === 0) return `${subtype}:${(bytes[at + 2]! << 8) | bytes[at + 3]!}:${readU32(bytes, at + 4)}`;
  if (type === 1) return `${subtype}:${formatIpv4(readU32(bytes, at + 2))}:${low}`;
  if (type === 2) return `${subtype}:${readU32(bytes, at + 2)}:${low}`;
  return `0x${toHex(bytes.subarray(at, at + 2))}:0x${toHex(bytes.subarray(at + 2, at + 8))}`;
}

/** RFC 5701 §2. */
function ipv6Text(bytes: Uint8Array, at: number): string {
  const subtype = SUBTYPES.get(bytes[at + 1]!) ?? `0x${toHex(bytes.subarray(at, at + 2))}`;
  return `${subtype}:[${formatIpv6(bytes, at + 2)}]:${(bytes[at + 18]! << 8) | bytes[at + 19]!}`;
}
