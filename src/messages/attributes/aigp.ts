/**
 * AIGP (RFC 7311): carried and shown inside the AS, no stage of the decision. Rule: what is wrong with it, or comes
 * from outside, is treated as an unrecognised non-transitive attribute (§3).
 */

import { Reader, Writer } from "../../base/bytes.ts";
import { ATTRIBUTE, CATEGORY } from "./codes.ts";
import type { AttributeRow, Wrong } from "./row.ts";
import { wrongLength } from "./row.ts";

/** TLV type of the metric, and its length: type and length octets, 64 bits. */
const METRIC = { type: 1, octets: 11 } as const;

/** Row of AIGP. */
export const aigp: AttributeRow = {
  code: ATTRIBUTE.AIGP, name: "AIGP", source: "RFC 7311 §3",
  flags: CATEGORY.OPTIONAL_NON_TRANSITIVE, onMalformed: "discard", onWrongFlags: "discard",
  unwanted: ({ ebgp }) => (ebgp ? "from an external peer" : undefined),
  check: checkTlvs,
  json: {
    describe(bytes, at, end) {
      const metric = findMetric(new Reader(bytes, at, end));
      return metric === undefined ? {} : { aigp: metric.toString() };
    },
    encode(a) {
      if (a.aigp === undefined) return undefined;
      return new Writer(METRIC.octets).u8(METRIC.type).u16(METRIC.octets).u64(BigInt(a.aigp)).take();
    },
  },
};

/** RFC 7311 §3: TLVs whose length counts their own three octets of head. */
function checkTlvs(bytes: Uint8Array, at: number, end: number): Wrong | undefined {
  if (at === end) return wrongLength(0);
  const reader = new Reader(bytes, at, end);
  while (reader.left > 0) {
    const type = reader.u8();
    const octets = reader.u16();
    if (octets < 3) return { subcode: 9, why: `a TLV of length ${octets}` };
    reader.skip(octets - 3);
    if (reader.short) return { subcode: 9, why: "a TLV passes the end" };
    if (type === METRIC.type && octets !== METRIC.octets) return { subcode: 9, why: `a metric of length ${octets}` };
  }
  return undefined;
}

/** The metric of the first TLV that has one (RFC 7311 §3: later ones are ignored). */
function findMetric(reader: Reader): bigint | undefined {
  while (reader.left > 0) {
    const type = reader.u8();
    const value = reader.window(reader.u16() - 3);
    if (type === METRIC.type) return value.u64();
  }
  return undefined;
}
