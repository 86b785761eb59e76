/**
 * Finds MP_REACH_NLRI and MP_UNREACH_NLRI without reading anything else, so that the rest of the block can be looked up
 * as it is (design: decoding happens once per distinct raw block). Rule: no judgement; where the structure is damaged
 * the answer is false and readAttributes says what it costs.
 */

import { attributeLength } from "./block.ts";
import { ATTRIBUTE, FLAG } from "./codes.ts";

/** Where the MP attributes and NEXT_HOP are; mutable so that one record serves a connection. -1 where absent. */
export interface MpPlaces {
  /** The whole attribute, flags included. */
  reachAt: number;
  reachEnd: number;
  unreachAt: number;
  unreachEnd: number;
  /** The first value octet of NEXT_HOP. */
  nextHopAt: number;
  nextHopEnd: number;
}

/** A record for locateMultiprotocol to fill. */
export function newMpPlaces(): MpPlaces {
  return { reachAt: -1, reachEnd: -1, unreachAt: -1, unreachEnd: -1, nextHopAt: -1, nextHopEnd: -1 };
}

/** Fills `into` from the raw attributes [at, end); false where one passes the end or an MP attribute is repeated. */
export function locateMultiprotocol(bytes: Uint8Array, at: number, end: number, into: MpPlaces): boolean {
  into.reachAt = into.reachEnd = into.unreachAt = into.unreachEnd = into.nextHopAt = into.nextHopEnd = -1;
  let i = at;
  while (i < end) {
    const valueAt = i + ((bytes[i]! & FLAG.EXTENDED_LENGTH) === 0 ? 3 : 4);
    if (valueAt > end) return false;
    const next = valueAt + attributeLength(bytes, i);
    if (next > end || !note(bytes[i + 1]!, i, valueAt, next, into)) return false;
    i = next;
  }
  return true;
}

function note(code: number, at: number, valueAt: number, end: number, into: MpPlaces): boolean {
  if (code === ATTRIBUTE.MP_REACH_NLRI) {
    if (into.reachAt >= 0) return false;
    into.reachAt = at;
    into.reachEnd = end;
  } else if (code === ATTRIBUTE.MP_UNREACH_NLRI) {
    if (into.unreachAt >= 0) return false;
    into.unreachAt = at;
    into.unreachEnd = end;
  } else if (code === ATTRIBUTE.NEXT_HOP && into.nextHopAt < 0) {
    into.nextHopAt = valueAt;
    into.nextHopEnd = end;
  }
  return true;
}
