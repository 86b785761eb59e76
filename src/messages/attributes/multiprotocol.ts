/**
 * MP_REACH_NLRI and MP_UNREACH_NLRI (RFC 4760 §3, §4). Rule: a mistake that hides which routes are meant resets the
 * session (RFC 7606 §5.3); one that only spoils the next hop withdraws them; a family that was not negotiated is
 * passed over unread (RFC 4760 §8).
 */

import type { Family, FamilyRow } from "../families.ts";
import { familyOf } from "../families.ts";
import { checkNlri } from "../nlri.ts";
import { nextHopTrouble } from "./basic.ts";
import { ATTRIBUTE, CATEGORY } from "./codes.ts";
import type { AttributeContext, AttributeRow, Wrong } from "./row.ts";

/** Routes that MP_REACH_NLRI announces. */
export interface MpReach {
  readonly afi: number;
  readonly safi: number;
  /** Undefined where it was not negotiated: the NLRI are then not checked and must be ignored. */
  readonly family: Family | undefined;
  /** 4, 16 or 32 octets; a view of the message. */
  readonly nextHop: Uint8Array;
  readonly nlriAt: number;
  readonly nlriEnd: number;
}

/** Routes that MP_UNREACH_NLRI withdraws. */
export type MpUnreach = Omit<MpReach, "nextHop">;

/** Row of MP_REACH_NLRI. */
export const mpReach: AttributeRow = {
  code: ATTRIBUTE.MP_REACH_NLRI, name: "MP_REACH_NLRI", source: "RFC 4760 §3, RFC 7606 §5.3, §7.11, RFC 8950 §3",
  flags: CATEGORY.OPTIONAL_NON_TRANSITIVE, onMalformed: "reset", onWrongFlags: "reset",
  check(bytes, at, end, context) {
    if (end - at < 5) return optionalError(`length ${end - at}`);
    const nlriAt = at + 5 + bytes[at + 3]!; // AFI, SAFI, length of the next hop, the next hop, a reserved octet
    if (nlriAt > end) return optionalError("the next hop passes the end");
    const row = negotiated(bytes, at, context);
    if (row === undefined) return undefined;
    if (!acceptsNextHop(row, bytes[at + 3]!, context)) return optionalError(`a next hop of ${bytes[at + 3]} octets`);
    return checkRoutes(bytes, nlriAt, end, row, context);
  },
};

/** Row of MP_UNREACH_NLRI. */
export const mpUnreach: AttributeRow = {
  code: ATTRIBUTE.MP_UNREACH_NLRI, name: "MP_UNREACH_NLRI", source: "RFC 4760 §4, RFC 7606 §5.3",
  flags: CATEGORY.OPTIONAL_NON_TRANSITIVE, onMalformed: "reset", onWrongFlags: "reset",
  check(bytes, at, end, context) {
    if (end - at < 3) return optionalError(`length ${end - at}`);
    const row = negotiated(bytes, at, context);
    return row === undefined ? undefined : checkRoutes(bytes, at + 3, end, row, context);
  },
};

/** What a good MP_REACH_NLRI value says. */
export function readMpReach(bytes: Uint8Array, at: number, end: number, context: AttributeContext): MpReach {
  const nextHopEnd = at + 4 + bytes[at + 3]!;
  return {
    ...readMpUnreach(bytes, at, end, context),
    nextHop: bytes.subarray(at + 4, nextHopEnd), nlriAt: nextHopEnd + 1,
  };
}

/** What a good MP_UNREACH_NLRI value says. */
export function readMpUnreach(bytes: Uint8Array, at: number, end: number, context: AttributeContext): MpUnreach {
  return {
    afi: (bytes[at]! << 8) | bytes[at + 1]!, safi: bytes[at + 2]!, family: negotiated(bytes, at, context)?.name,
    nlriAt: at + 3, nlriEnd: end,
  };
}

/**
 * Why the next hop [at, end) of legal length leads nowhere; undefined where it may. RFC 4271 §6.3 by analogy, RFC 2545
 * §3. Nothing is allocated.
 */
export function mpNextHopTrouble(
  bytes: Uint8Array, at: number, end: number, context: AttributeContext,
): string | undefined {
  const first = bytes[at]!;
  if (end - at === 4) return nextHopTrouble(first, context.loopback);
  if (first === 0xff) return "next hop is multicast";
  if (first === 0 && isZero(bytes, at, at + 15)) {
    if (bytes[at + 15] === 0) return "next hop ::";
    if (bytes[at + 15] === 1 && !context.loopback) return "next hop ::1";
  }
  return undefined;
}

function isZero(bytes: Uint8Array, at: number, end: number): boolean {
  for (let i = at; i < end; i++) if (bytes[i] !== 0) return false;
  return true;
}

function negotiated(bytes: Uint8Array, at: number, context: AttributeContext): FamilyRow | undefined {
  const row = familyOf((bytes[at]! << 8) | bytes[at + 1]!, bytes[at + 2]!);
  return row !== undefined && context.families.includes(row.name) ? row : undefined;
}

/** Octets of a next hop: an address of the family, two of IPv6 (RFC 2545 §3), IPv6 for IPv4 (RFC 8950 §3). */
function acceptsNextHop(row: FamilyRow, octets: number, context: AttributeContext): boolean {
  const wide = row.addressOctets === 16 || context.extendedNextHop.includes(row.name);
  return octets === row.addressOctets || (wide && (octets === 16 || octets === 32));
}

function checkRoutes(
  bytes: Uint8Array, at: number, end: number, row: FamilyRow, context: AttributeContext,
): Wrong | undefined {
  const good = checkNlri(bytes, at, end, row.addressOctets, context.addPath.includes(row.name));
  return good ? undefined : optionalError("the NLRI cannot be delimited");
}

/** Optional Attribute Error (RFC 4271 §6.3). */
function optionalError(why: string): Wrong {
  return { subcode: 9, why };
}
