/**
 * AS numbers between old and new speakers (RFC 6793). Rule: inside the program every AS number has four octets; the
 * 2-octet form and AS4_* exist only in what an old speaker sends or is sent.
 */

import { readU32, Writer } from "../../base/bytes.ts";
import { encodeSegments, readSegments } from "./as-path.ts";
import { editAttributes, findAttribute } from "./block.ts";
import { AS_TRANS, ATTRIBUTE, CATEGORY, FLAG, SEGMENT } from "./codes.ts";
import type { AsPathSegment } from "./values.ts";

/** The value of a good 2-octet AS_PATH with 4-octet AS numbers. */
export function widenAsPath(bytes: Uint8Array, at: number, end: number): Uint8Array {
  const writer = new Writer(2 * (end - at) + 2);
  let i = at;
  while (i < end) {
    const count = bytes[i + 1]!;
    writer.u8(bytes[i]!).u8(count);
    i += 2;
    for (let n = 0; n < count; n++, i += 2) writer.u16(0).u8(bytes[i]!).u8(bytes[i + 1]!);
  }
  return writer.take();
}

/** The value of a good 2-octet AGGREGATOR with a 4-octet AS number. */
export function widenAggregator(bytes: Uint8Array, at: number): Uint8Array {
  const wide = new Uint8Array(8);
  wide.set(bytes.subarray(at, at + 6), 2);
  return wide;
}

/**
 * The path that AS_PATH and AS4_PATH of one UPDATE stand for, both given with 4-octet AS numbers (RFC 6793 §4.2.3):
 * AS4_PATH behind as many leading AS numbers of AS_PATH as it lacks; AS_PATH alone where AS4_PATH is the longer one.
 */
export function mergeAsPaths(asPath: Uint8Array, as4Path: Uint8Array): Uint8Array {
  const old = readSegments(asPath, 0, asPath.length);
  const real = readSegments(as4Path, 0, as4Path.length);
  const lacking = pathLength(old) - pathLength(real);
  if (lacking < 0) return asPath;
  const merged: AsPathSegment[] = leading(old, lacking);
  const [last, first] = [merged.at(-1), real[0]];
  if (last?.type === "sequence" && first?.type === "sequence") {
    merged[merged.length - 1] = { type: "sequence", asns: [...last.asns, ...first.asns] };
    real.shift();
  }
  return encodeSegments([...merged, ...real]);
}

/** RFC 4271 §9.1.2.2 a: a set counts as one. */
function pathLength(segments: readonly AsPathSegment[]): number {
  return segments.reduce((sum, { type, asns }) => sum + (type === "sequence" ? asns.length : 1), 0);
}

function leading(segments: readonly AsPathSegment[], count: number): AsPathSegment[] {
  const taken: AsPathSegment[] = [];
  let left = count;
  for (const segment of segments) {
    if (left === 0) break;
    if (segment.type === "sequence") {
      taken.push({ type: "sequence", asns: segment.asns.slice(0, left) });
      left -= Math.min(left, segment.asns.length);
    } else {
      taken.push(segment);
      left -= 1;
    }
  }
  return taken;
}

/**
 * A canonical block as an old speaker must be sent it: 2-octet AS_PATH and AGGREGATOR with AS_TRANS, and AS4_PATH and
 * AS4_AGGREGATOR where that lost something (RFC 6793 §4.2.2).
 */
export function narrowAsNumbers(block: Uint8Array): Uint8Array {
  const edits = new Map<number, { readonly flags: number; readonly value: Uint8Array }>();
  const path = findAttribute(block, 0, block.length, ATTRIBUTE.AS_PATH);
  if (path !== undefined) {
    const { value, lossy } = narrowAsPath(block, path.at, path.end);
    edits.set(ATTRIBUTE.AS_PATH, { flags: CATEGORY.WELL_KNOWN, value });
    const as4Path = { flags: CATEGORY.OPTIONAL_TRANSITIVE, value: block.slice(path.at, path.end) };
    if (lossy) edits.set(ATTRIBUTE.AS4_PATH, as4Path);
  }
  const aggregator = findAttribute(block, 0, block.length, ATTRIBUTE.AGGREGATOR);
  if (aggregator !== undefined) {
    const wide = block.slice(aggregator.at, aggregator.end);
    const asNumber = readU32(wide, 0);
    const partial = aggregator.flags & FLAG.PARTIAL;
    const flags = CATEGORY.OPTIONAL_TRANSITIVE | partial;
    const field = asNumber > 0xffff ? AS_TRANS : asNumber;
    edits.set(ATTRIBUTE.AGGREGATOR, { flags, value: Uint8Array.of(field >>> 8, field, ...wide.subarray(4)) });
    if (asNumber > 0xffff) edits.set(ATTRIBUTE.AS4_AGGREGATOR, { flags, value: wide });
  }
  return editAttributes(block, edits);
}

function narrowAsPath(bytes: Uint8Array, at: number, end: number): { value: Uint8Array; lossy: boolean } {
  const writer = new Writer(end - at);
  let lossy = false;
  let i = at;
  while (i < end) {
    const count = bytes[i + 1]!;
    writer.u8(bytes[i]! === SEGMENT.SET ? SEGMENT.SET : SEGMENT.SEQUENCE).u8(count);
    i += 2;
    for (let n = 0; n < count; n++, i += 4) {
      const asNumber = readU32(bytes, i);
      if (asNumber > 0xffff) lossy = true;
      writer.u16(asNumber > 0xffff ? AS_TRANS : asNumber);
    }
  }
  return { value: writer.take(), lossy };
}
