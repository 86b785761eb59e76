/** ORIGIN, NEXT_HOP, MULTI_EXIT_DISC, LOCAL_PREF, ATOMIC_AGGREGATE and AGGREGATOR (RFC 4271 §5.1), OTC (RFC 9234). */

import { formatIpv4, parseIpv4 } from "../../base/address.ts";
import { EMPTY, readU32 } from "../../base/bytes.ts";
import { ATTRIBUTE, CATEGORY } from "./codes.ts";
import type { AttributeRow } from "./row.ts";
import { encodeWords, exactly, wordJson, wrongLength } from "./row.ts";
import { ORIGINS } from "./values.ts";

/** Row of ORIGIN. */
export const origin: AttributeRow = {
  code: ATTRIBUTE.ORIGIN, name: "ORIGIN", source: "RFC 4271 §5.1.1, RFC 7606 §7.1",
  flags: CATEGORY.WELL_KNOWN, onMalformed: "withdraw", onWrongFlags: "withdraw",
  check(bytes, at, end) {
    if (end - at !== 1) return wrongLength(end - at);
    return bytes[at]! > 2 ? { subcode: 6, why: `ORIGIN ${bytes[at]}` } : undefined;
  },
  json: {
    describe: (bytes, at) => ({ origin: ORIGINS[bytes[at]!] ?? "incomplete" }),
    encode: (a) => (a.origin === undefined ? undefined : Uint8Array.of(ORIGINS.indexOf(a.origin))),
  },
};

/** Row of NEXT_HOP. Its meaning is judged only where classic NLRI needs it: see nextHopTrouble. */
export const nextHop: AttributeRow = {
  code: ATTRIBUTE.NEXT_HOP, name: "NEXT_HOP", source: "RFC 4271 §5.1.3, RFC 7606 §7.3",
  flags: CATEGORY.WELL_KNOWN, onMalformed: "withdraw", onWrongFlags: "withdraw",
  check: exactly(4),
};

/** Row of MULTI_EXIT_DISC. */
export const med: AttributeRow = {
  code: ATTRIBUTE.MED, name: "MULTI_EXIT_DISC", source: "RFC 4271 §5.1.4, RFC 7606 §7.4",
  flags: CATEGORY.OPTIONAL_NON_TRANSITIVE, onMalformed: "withdraw", onWrongFlags: "withdraw",
  check: exactly(4),
  json: wordJson("med"),
};

/** Row of LOCAL_PREF. */
export const localPref: AttributeRow = {
  code: ATTRIBUTE.LOCAL_PREF, name: "LOCAL_PREF", source: "RFC 4271 §5.1.5, RFC 7606 §7.5",
  flags: CATEGORY.WELL_KNOWN, onMalformed: "withdraw", onWrongFlags: "withdraw",
  unwanted: ({ ebgp }) => (ebgp ? "from an external peer" : undefined),
  check: exactly(4),
  json: wordJson("localPref"),
};

/** Row of ATOMIC_AGGREGATE. */
export const atomicAggregate: AttributeRow = {
  code: ATTRIBUTE.ATOMIC_AGGREGATE, name: "ATOMIC_AGGREGATE", source: "RFC 4271 §5.1.6, RFC 7606 §7.6",
  flags: CATEGORY.WELL_KNOWN, onMalformed: "discard", onWrongFlags: "withdraw",
  check: exactly(0),
  json: {
    describe: () => ({ atomicAggregate: true }),
    encode: (a) => (a.atomicAggregate === undefined ? undefined : EMPTY),
  },
};

/** Row of AGGREGATOR. */
export const aggregator: AttributeRow = {
  code: ATTRIBUTE.AGGREGATOR, name: "AGGREGATOR", source: "RFC 4271 §5.1.7, RFC 6793 §3, RFC 7606 §7.7, RFC 7607 §2",
  flags: CATEGORY.OPTIONAL_TRANSITIVE, onMalformed: "discard", onWrongFlags: "withdraw",
  check(bytes, at, end, { fourOctetAs }) {
    if (end - at !== (fourOctetAs ? 8 : 6)) return wrongLength(end - at);
    const asNumber = fourOctetAs ? readU32(bytes, at) : (bytes[at]! << 8) | bytes[at + 1]!;
    return asNumber === 0 ? { subcode: 9, why: "AS 0" } : undefined;
  },
  json: {
    describe: (bytes, at) => ({
      aggregator: { asn: readU32(bytes, at), address: formatIpv4(readU32(bytes, at + 4)) },
    }),
    encode: ({ aggregator: value }) => (
      value === undefined ? undefined : encodeWords([value.asn, parseIpv4(value.address) ?? 0])
    ),
  },
};

/** Row of Only to Customer. */
export const otc: AttributeRow = {
  code: ATTRIBUTE.OTC, name: "OTC", source: "RFC 9234 §5",
  flags: CATEGORY.OPTIONAL_TRANSITIVE, onMalformed: "withdraw", onWrongFlags: "withdraw",
  check: exactly(4),
  json: wordJson("otc"),
};

/** Why an IPv4 address with this first octet cannot be a next hop; undefined where it can (RFC 4271 §6.3). */
export function nextHopTrouble(first: number, loopback: boolean): string | undefined {
  if (first === 0) return "next hop in 0.0.0.0/8";
  if (first >= 224) return "next hop is multicast or reserved";
  return first === 127 && !loopback ? "next hop is a loopback address" : undefined;
}
