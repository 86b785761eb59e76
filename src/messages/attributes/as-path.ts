/** AS_PATH (RFC 4271 §5.1.2) and AS4_PATH, AS4_AGGREGATOR of old speakers (RFC 6793). */

import { readU32, Writer } from "../../base/bytes.ts";
import { ATTRIBUTE, CATEGORY, SEGMENT } from "./codes.ts";
import type { AttributeContext, AttributeRow, Wrong } from "./row.ts";
import { wrongLength } from "./row.ts";
import type { AsPathSegment } from "./values.ts";

const SEGMENT_NAMES: readonly AsPathSegment["type"][] = ["set", "sequence", "confed-sequence", "confed-set"];

/** Row of AS_PATH. We are in no confederation: its segments are a mistake here (RFC 5065 §5). */
export const asPath: AttributeRow = {
  code: ATTRIBUTE.AS_PATH, name: "AS_PATH", source: "RFC 4271 §5.1.2, RFC 7606 §7.2, RFC 7607 §2, RFC 5065 §5",
  flags: CATEGORY.WELL_KNOWN, onMalformed: "withdraw", onWrongFlags: "withdraw",
  check: (bytes, at, end, { fourOctetAs }) => checkSegments(bytes, at, end, fourOctetAs ? 4 : 2),
  json: {
    describe: (bytes, at, end) => ({ asPath: readSegments(bytes, at, end) }),
    encode: (a) => (a.asPath === undefined ? undefined : encodeSegments(a.asPath)),
  },
};

/** Row of AS4_PATH. */
export const as4Path: AttributeRow = {
  code: ATTRIBUTE.AS4_PATH, name: "AS4_PATH", source: "RFC 6793 §3, §4.1, §6",
  flags: CATEGORY.OPTIONAL_TRANSITIVE, onMalformed: "discard", onWrongFlags: "discard",
  unwanted: fromNewSpeaker,
  check: (bytes, at, end) => (end === at ? wrongLength(0) : checkSegments(bytes, at, end, 4)),
};

/** Row of AS4_AGGREGATOR. */
export const as4Aggregator: AttributeRow = {
  code: ATTRIBUTE.AS4_AGGREGATOR, name: "AS4_AGGREGATOR", source: "RFC 6793 §3, §4.1, §6, RFC 7607 §2",
  flags: CATEGORY.OPTIONAL_TRANSITIVE, onMalformed: "discard", onWrongFlags: "discard",
  unwanted: fromNewSpeaker,
  check(bytes, at, end) {
    if (end - at !== 8) return wrongLength(end - at);
    return readU32(bytes, at) === 0 ? { subcode: 9, why: "AS 0" } : undefined;
  },
};

/** RFC 6793 §4.1: AS4_* mean nothing between speakers of 4-octet AS numbers. */
function fromNewSpeaker({ fourOctetAs }: AttributeContext): string | undefined {
  return fourOctetAs ? "from a speaker of 4-octet AS numbers" : undefined;
}

/** Malformed AS_PATH (RFC 4271 §6.3), judged without allocating where all is well. */
function checkSegments(bytes: Uint8Array, at: number, end: number, asOctets: number): Wrong | undefined {
  let i = at;
  while (i < end) {
    if (end - i < 2) return malformed("one octet is left");
    const type = bytes[i]!;
    const count = bytes[i + 1]!;
    if (type === SEGMENT.CONFED_SEQUENCE || type === SEGMENT.CONFED_SET) return malformed("confederation segment");
    if (type !== SEGMENT.SEQUENCE && type !== SEGMENT.SET) return malformed(`segment type ${type}`);
    if (count === 0) return malformed("empty segment");
    const next = i + 2 + count * asOctets;
    if (next > end) return malformed("a segment passes the end");
    for (i += 2; i < next; i += asOctets) {
      if (bytes[i] === 0 && bytes[i + 1] === 0 && (asOctets === 2 || (bytes[i + 2] === 0 && bytes[i + 3] === 0))) {
        return malformed("AS 0");
      }
    }
  }
  return undefined;
}

function malformed(why: string): Wrong {
  return { subcode: 11, why };
}

/** The segments of an AS_PATH with 4-octet AS numbers. */
export function readSegments(bytes: Uint8Array, at: number, end: number): AsPathSegment[] {
  const segments: AsPathSegment[] = [];
  let i = at;
  while (i < end) {
    const type = SEGMENT_NAMES[bytes[i]! - 1] ?? "sequence";
    const next = i + 2 + 4 * bytes[i + 1]!;
    const asns: number[] = [];
    for (i += 2; i < next; i += 4) asns.push(readU32(bytes, i));
    segments.push({ type, asns });
  }
  return segments;
}

/** The value of AS_PATH with 4-octet AS numbers; a segment of more than 255 becomes several (RFC 4271 §5.1.2). */
export function encodeSegments(segments: readonly AsPathSegment[]): Uint8Array {
  const writer = new Writer();
  for (const { type, asns } of segments) {
    for (let from = 0; from < asns.length; from += 255) {
      const part = asns.slice(from, from + 255);
      writer.u8(SEGMENT_NAMES.indexOf(type) + 1).u8(part.length);
      for (const asn of part) writer.u32(asn);
    }
  }
  return writer.take();
}
