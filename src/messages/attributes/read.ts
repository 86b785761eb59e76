/**
 * Reads the path attributes of an UPDATE (RFC 4271 §5, RFC 7606). Rule: only what depends on the octets and the
 * session's context is judged here; what was judged malformed is never in the block.
 */

import { EMPTY, readU32, Writer } from "../../base/bytes.ts";
import type { Disposition, Fault } from "../fault.ts";
import { attributeFault, strongest } from "../fault.ts";
import { mergeAsPaths, widenAggregator, widenAsPath } from "./as4.ts";
import { nextHopTrouble } from "./basic.ts";
import { appendAttribute, appendRange } from "./block.ts";
import { CodeSet } from "./code-set.ts";
import { AS_TRANS, ATTRIBUTE, CATEGORY, FLAG } from "./codes.ts";
import type { MpReach, MpUnreach } from "./multiprotocol.ts";
import { mpNextHopTrouble, readMpReach, readMpUnreach } from "./multiprotocol.ts";
import type { AttributeContext, AttributeRow } from "./row.ts";
import { BY_CODE } from "./table.ts";

export type { AttributeContext } from "./row.ts";
export type { MpReach, MpUnreach } from "./multiprotocol.ts";

/** What the path attributes of one UPDATE say. */
export interface AttributeReading {
  readonly faults: readonly Fault[];
  /** The strongest of `faults`. */
  readonly disposition: Disposition | "ok";
  /**
   * The canonical block, a copy of its own, without NEXT_HOP and MP_*: ascending, each code once, 4-octet AS numbers,
   * Partial on unknown transitive attributes, nothing that was discarded or may not come from this peer.
   */
  readonly block: Uint8Array;
  /** The value of NEXT_HOP, a view of the message. */
  readonly nextHop: Uint8Array | undefined;
  /** Why classic NLRI cannot use `nextHop`; checkMandatory reports it where there are such NLRI. */
  readonly nextHopFault: Fault | undefined;
  readonly reach: MpReach | undefined;
  readonly unreach: MpUnreach | undefined;
  /** The type codes that were there, good or not. */
  readonly seen: CodeSet;
}

/** One attribute on the wire. */
interface Tlv {
  readonly code: number;
  readonly flags: number;
  /** The whole attribute. */
  readonly at: number;
  readonly valueAt: number;
  readonly end: number;
}

/** The reading while it grows. */
interface Draft {
  readonly bytes: Uint8Array;
  readonly context: AttributeContext;
  readonly faults: Fault[];
  readonly seen: CodeSet;
  readonly repeated: CodeSet;
  /** Codes that go into the block; NEXT_HOP, MP_* and AS4_* never do. */
  readonly kept: CodeSet;
  readonly tlvs: (Tlv | undefined)[];
}

/** Reads the attributes in [at, end). Any octets give a reading; its faults say what they cost. */
export function readAttributes(
  bytes: Uint8Array, at: number, end: number, context: AttributeContext,
): AttributeReading {
  const draft: Draft = {
    bytes, context, faults: [], seen: new CodeSet(), repeated: new CodeSet(), kept: new CodeSet(), tlvs: [],
  };
  walk(draft, at, end);
  const { reach, unreach } = readRoutes(draft);
  const nextHop = valueOf(draft, ATTRIBUTE.NEXT_HOP);
  const trouble = nextHop === undefined ? undefined : nextHopTrouble(nextHop[0]!, context.loopback);
  return {
    faults: draft.faults, disposition: strongest(draft.faults), block: writeBlock(draft), nextHop,
    nextHopFault: trouble === undefined ? undefined : badNextHop(draft, trouble), reach, unreach, seen: draft.seen,
  };
}

/** RFC 7606 §4: the attributes one behind the other; one that does not fit ends the walk. */
function walk(draft: Draft, start: number, end: number): void {
  const { bytes } = draft;
  let at = start;
  while (at < end) {
    const flags = bytes[at]!;
    const code = at + 1 < end ? bytes[at + 1]! : -1;
    const wide = (flags & FLAG.EXTENDED_LENGTH) !== 0;
    const valueAt = at + (wide ? 4 : 3);
    const length = valueAt > end ? 1 : wide ? (bytes[at + 2]! << 8) | bytes[at + 3]! : bytes[at + 2]!;
    if (valueAt + length > end) return cut(draft, code, at, end);
    take(draft, { code, flags, at, valueAt, end: valueAt + length });
    at = valueAt + length;
  }
}

/** An attribute that passes the end: routes can be withdrawn unless it would have named them (RFC 7606 §3 j, §4). */
function cut(draft: Draft, code: number, at: number, end: number): void {
  if (code >= 0) draft.seen.add(code);
  const why = "an attribute passes the end of the attributes";
  const { attribute: _, ...fault } = attributeFault("withdraw", 1, code, draft.bytes.subarray(at, end), why);
  const disposition = isMultiprotocol(code) ? "reset" : "withdraw";
  draft.faults.push({ ...fault, disposition, ...(code < 0 ? {} : { attribute: code }) });
}

/** Judges one attribute; what is good and stays is noted. */
function take(draft: Draft, tlv: Tlv): void {
  const { code, flags } = tlv;
  if (draft.seen.has(code)) return repeat(draft, tlv);
  draft.seen.add(code);
  const row = BY_CODE[code];
  if (row === undefined) return takeUnknown(draft, tlv);
  const unwanted = row.unwanted?.(draft.context);
  if (unwanted !== undefined) return complain(draft, tlv, "discard", 9, `${row.name} ${unwanted}`);
  if ((flags & CATEGORY.OPTIONAL_TRANSITIVE) !== row.flags) {
    // RFC 4760 §7: an incorrect MP_* is an Optional Attribute Error, whatever is wrong with it.
    const subcode = isMultiprotocol(code) ? 9 : 4;
    return complain(draft, tlv, row.onWrongFlags, subcode, `${row.name} with flags 0x${flags.toString(16)}`);
  }
  const wrong = row.check(draft.bytes, tlv.valueAt, tlv.end, draft.context);
  if (wrong !== undefined) return complain(draft, tlv, row.onMalformed, wrong.subcode, `${row.name}: ${wrong.why}`);
  draft.tlvs[code] = tlv;
  if (row.json !== undefined) draft.kept.add(code);
}

/** RFC 7606 §3 g: the first one counts; of those that name routes there may be one only. */
function repeat(draft: Draft, tlv: Tlv): void {
  if (draft.repeated.has(tlv.code)) return;
  draft.repeated.add(tlv.code);
  const disposition = isMultiprotocol(tlv.code) ? "reset" : "discard";
  complain(draft, tlv, disposition, 1, `${BY_CODE[tlv.code]?.name ?? `attribute ${tlv.code}`} is there twice`);
}

/** RFC 4271 §5, §6.3: pass on what is transitive, drop quietly what is not, refuse what everyone must know. */
function takeUnknown(draft: Draft, tlv: Tlv): void {
  if ((tlv.flags & FLAG.OPTIONAL) === 0) {
    return complain(draft, tlv, "reset", 2, `attribute ${tlv.code} is well-known and we do not know it`);
  }
  if ((tlv.flags & FLAG.TRANSITIVE) === 0) return;
  draft.tlvs[tlv.code] = tlv;
  draft.kept.add(tlv.code);
}

function complain(draft: Draft, tlv: Tlv, disposition: Disposition, subcode: number, why: string): void {
  const data = draft.bytes.subarray(tlv.at, tlv.end);
  draft.faults.push(attributeFault(disposition, subcode, tlv.code, data, why));
}

function isMultiprotocol(code: number): boolean {
  return code === ATTRIBUTE.MP_REACH_NLRI || code === ATTRIBUTE.MP_UNREACH_NLRI;
}

function valueOf(draft: Draft, code: number): Uint8Array | undefined {
  const tlv = draft.tlvs[code];
  return tlv === undefined ? undefined : draft.bytes.subarray(tlv.valueAt, tlv.end);
}

/** The routes of MP_*, and the faults that do not hide them. */
function readRoutes(draft: Draft): { reach: MpReach | undefined; unreach: MpUnreach | undefined } {
  const { bytes, context, tlvs } = draft;
  const reachTlv = tlvs[ATTRIBUTE.MP_REACH_NLRI];
  const unreachTlv = tlvs[ATTRIBUTE.MP_UNREACH_NLRI];
  const reach = reachTlv && readMpReach(bytes, reachTlv.valueAt, reachTlv.end, context);
  const unreach = unreachTlv && readMpUnreach(bytes, unreachTlv.valueAt, unreachTlv.end, context);
  for (const [tlv, routes] of [[reachTlv, reach], [unreachTlv, unreach]] as const) {
    if (tlv === undefined || routes === undefined || routes.family !== undefined) continue;
    const why = `AFI ${routes.afi} SAFI ${routes.safi} was not negotiated`; // RFC 4760 §8: ignored
    complain(draft, tlv, "discard", 9, why);
  }
  const trouble = reach?.family === undefined ? undefined
    : mpNextHopTrouble(reach.nextHop, 0, reach.nextHop.length, context);
  if (trouble !== undefined) complain(draft, reachTlv!, "withdraw", 8, trouble);
  return { reach, unreach };
}

function badNextHop(draft: Draft, why: string): Fault {
  const tlv = draft.tlvs[ATTRIBUTE.NEXT_HOP]!;
  return attributeFault("withdraw", 8, ATTRIBUTE.NEXT_HOP, draft.bytes.subarray(tlv.at, tlv.end), why);
}

/** Where blocks are written before they are copied out: one for all, nothing of it outlives writeBlock. */
const SCRATCH = new Writer(512);

/** Writes the canonical block of what was kept. */
function writeBlock(draft: Draft): Uint8Array {
  const { bytes, kept, tlvs } = draft;
  const rewritten = draft.context.fourOctetAs ? undefined : mergeOldSpeaker(draft);
  const writer = SCRATCH.clear();
  for (let code = kept.next(0); code < 256; code = kept.next(code + 1)) {
    const { flags, valueAt, end } = tlvs[code]!;
    const value = rewritten?.get(code);
    const category = canonicalFlags(BY_CODE[code], flags);
    if (value === undefined) appendRange(writer, code, category, bytes, valueAt, end);
    else appendAttribute(writer, code, category, value);
  }
  return writer.length === 0 ? EMPTY : writer.take();
}

/** RFC 4271 §5: Partial is set on what we do not know, stays on what is transitive, means nothing elsewhere. */
function canonicalFlags(row: AttributeRow | undefined, flags: number): number {
  if (row === undefined) return CATEGORY.OPTIONAL_TRANSITIVE | FLAG.PARTIAL;
  return row.flags === CATEGORY.OPTIONAL_TRANSITIVE ? row.flags | (flags & FLAG.PARTIAL) : row.flags;
}

/** RFC 6793 §4.2.3: the real values of AS_PATH and AGGREGATOR of an old speaker. */
function mergeOldSpeaker(draft: Draft): ReadonlyMap<number, Uint8Array> {
  const { bytes, tlvs } = draft;
  const values = new Map<number, Uint8Array>();
  const path = tlvs[ATTRIBUTE.AS_PATH];
  const aggregator = tlvs[ATTRIBUTE.AGGREGATOR];
  if (path !== undefined) values.set(ATTRIBUTE.AS_PATH, widenAsPath(bytes, path.valueAt, path.end));
  if (aggregator !== undefined) values.set(ATTRIBUTE.AGGREGATOR, widenAggregator(bytes, aggregator.valueAt));
  const wide = values.get(ATTRIBUTE.AGGREGATOR);
  const as4Aggregator = valueOf(draft, ATTRIBUTE.AS4_AGGREGATOR);
  const aggregatedSince = wide !== undefined && as4Aggregator !== undefined && readU32(wide, 0) !== AS_TRANS;
  if (aggregatedSince) return values; // by an old speaker: AS4_* tell of the path before that
  const as4Path = valueOf(draft, ATTRIBUTE.AS4_PATH);
  const narrow = values.get(ATTRIBUTE.AS_PATH);
  if (as4Path !== undefined && narrow !== undefined) values.set(ATTRIBUTE.AS_PATH, mergeAsPaths(narrow, as4Path));
  if (as4Aggregator !== undefined && wide !== undefined) values.set(ATTRIBUTE.AGGREGATOR, as4Aggregator);
  return values;
}

export type { MessageParts } from "./mandatory.ts";
export { checkMandatory } from "./mandatory.ts";
