/** What decision and export ask of a canonical block, read in one pass without allocating. */

import { readU32 } from "../../base/bytes.ts";
import { attributeLength } from "./block.ts";
import { ATTRIBUTE, COMMUNITY, FLAG, SEGMENT } from "./codes.ts";

/** Bits of `wellKnown`: communities that change what we do. */
export const WELL_KNOWN = {
  NO_EXPORT: 1, NO_ADVERTISE: 2, NO_EXPORT_SUBCONFED: 4, NO_PEER: 8, GRACEFUL_SHUTDOWN: 16, LLGR_STALE: 32,
  NO_LLGR: 64, ACCEPT_OWN: 128, BLACKHOLE: 256,
} as const;

/** Where LOCAL_PREF is absent (RFC 4271 §5.1.5 leaves the value to us; all others use this one). */
export const LOCAL_PREF_DEFAULT = 100;

/** One block's answers; mutable so that one record serves a whole run. */
export interface AttributeSummary {
  /** 0 IGP, 1 EGP, 2 INCOMPLETE; 2 where absent. */
  origin: number;
  /** RFC 4271 §9.1.2.2 a: a set counts as one, confederation segments as none. */
  asPathLength: number;
  /** Leftmost AS number where the path starts with a sequence, else 0. MED compares within it (§9.1.2.2 c). */
  firstAs: number;
  /** A set, ordinary or of a confederation (RFC 9774). */
  hasAsSet: boolean;
  /** 0 where absent. */
  med: number;
  hasMed: boolean;
  /** 100 where absent. */
  localPref: number;
  hasLocalPref: boolean;
  /** 0 where absent. */
  originatorId: number;
  hasOriginatorId: boolean;
  /** Cluster ids. */
  clusterListLength: number;
  /** Bits of WELL_KNOWN. */
  wellKnown: number;
  /** 0 where absent. */
  otc: number;
  hasOtc: boolean;
  /** Where the value of NEXT_HOP is, and its octets; 0 where absent. */
  nextHopAt: number;
  nextHopOctets: number;
}

/** A record for summarise to fill. */
export function newSummary(): AttributeSummary {
  return {
    origin: 2, asPathLength: 0, firstAs: 0, hasAsSet: false, med: 0, hasMed: false,
    localPref: LOCAL_PREF_DEFAULT, hasLocalPref: false, originatorId: 0, hasOriginatorId: false, clusterListLength: 0,
    wellKnown: 0, otc: 0, hasOtc: false, nextHopAt: 0, nextHopOctets: 0,
  };
}

/** Fills `into` from the canonical block [at, end). Hot: one pass, nothing allocated. */
export function summarise(block: Uint8Array, at: number, end: number, into: AttributeSummary): void {
  clear(into);
  let i = at;
  while (i < end) {
    const valueAt = i + ((block[i]! & FLAG.EXTENDED_LENGTH) === 0 ? 3 : 4);
    const valueEnd = valueAt + attributeLength(block, i);
    take(block, block[i + 1]!, valueAt, valueEnd, into);
    i = valueEnd;
  }
}

function clear(into: AttributeSummary): void {
  into.origin = 2;
  into.asPathLength = into.firstAs = into.med = into.originatorId = into.clusterListLength = 0;
  into.wellKnown = into.otc = into.nextHopAt = into.nextHopOctets = 0;
  into.localPref = LOCAL_PREF_DEFAULT;
  into.hasAsSet = into.hasMed = into.hasLocalPref = into.hasOriginatorId = into.hasOtc = false;
}

function take(block: Uint8Array, code: number, at: number, end: number, into: AttributeSummary): void {
  switch (code) {
    case ATTRIBUTE.ORIGIN:
      into.origin = block[at]!;
      return;
    case ATTRIBUTE.AS_PATH:
      takeAsPath(block, at, end, into);
      return;
    case ATTRIBUTE.NEXT_HOP:
      into.nextHopAt = at;
      into.nextHopOctets = end - at;
      return;
    case ATTRIBUTE.MED:
      into.med = readU32(block, at);
      into.hasMed = true;
      return;
    case ATTRIBUTE.LOCAL_PREF:
      into.localPref = readU32(block, at);
      into.hasLocalPref = true;
      return;
    case ATTRIBUTE.COMMUNITIES:
      for (let i = at; i < end; i += 4) {
        const community = readU32(block, i);
        if (community >= COMMUNITY.GRACEFUL_SHUTDOWN) into.wellKnown |= wellKnownBit(community); // hardly any
      }
      return;
    case ATTRIBUTE.ORIGINATOR_ID:
      into.originatorId = readU32(block, at);
      into.hasOriginatorId = true;
      return;
    case ATTRIBUTE.CLUSTER_LIST:
      into.clusterListLength = (end - at) >>> 2;
      return;
    case ATTRIBUTE.OTC:
      into.otc = readU32(block, at);
      into.hasOtc = true;
      return;
    default: // the other attributes decide nothing
  }
}

function takeAsPath(block: Uint8Array, at: number, end: number, into: AttributeSummary): void {
  if (at < end && block[at] === SEGMENT.SEQUENCE) into.firstAs = readU32(block, at + 2);
  for (let i = at; i < end; i += 2 + 4 * block[i + 1]!) {
    const type = block[i]!;
    if (type === SEGMENT.SEQUENCE) into.asPathLength += block[i + 1]!;
    else if (type === SEGMENT.SET) into.asPathLength += 1;
    if (type === SEGMENT.SET || type === SEGMENT.CONFED_SET) into.hasAsSet = true;
  }
}

function wellKnownBit(community: number): number {
  switch (community) {
    case COMMUNITY.NO_EXPORT: return WELL_KNOWN.NO_EXPORT;
    case COMMUNITY.NO_ADVERTISE: return WELL_KNOWN.NO_ADVERTISE;
    case COMMUNITY.NO_EXPORT_SUBCONFED: return WELL_KNOWN.NO_EXPORT_SUBCONFED;
    case COMMUNITY.NO_PEER: return WELL_KNOWN.NO_PEER;
    case COMMUNITY.GRACEFUL_SHUTDOWN: return WELL_KNOWN.GRACEFUL_SHUTDOWN;
    case COMMUNITY.LLGR_STALE: return WELL_KNOWN.LLGR_STALE;
    case COMMUNITY.NO_LLGR: return WELL_KNOWN.NO_LLGR;
    case COMMUNITY.ACCEPT_OWN: return WELL_KNOWN.ACCEPT_OWN;
    case COMMUNITY.BLACKHOLE: return WELL_KNOWN.BLACKHOLE;
    default: return 0;
  }
}
