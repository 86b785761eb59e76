/**
 * Whether we accept what a readable OPEN says (RFC 4271 §6.2). Rule: decoding and judging stay apart; each check is one
 * row, in the order in which they answer.
 */

import { formatIpv4 } from "../base/address.ts";
import { EMPTY, Writer } from "../base/bytes.ts";
import { AS_TRANS } from "./attributes/codes.ts";
import type { Role } from "./capabilities.ts";
import { allCapabilities, encodeCapability } from "./capabilities.ts";
import type { Family } from "./families.ts";
import { familyRow } from "./families.ts";
import type { Fault } from "./fault.ts";
import { resetFault } from "./fault.ts";
import { offersFamily } from "./negotiation.ts";
import type { OpenMessage } from "./open.ts";

/** What we expect of a neighbour's OPEN. */
export interface ExpectedOpen {
  /** The neighbour's configured AS number. */
  readonly asNumber: number;
  readonly localRouterId: number;
  /** Our AS number in this session; equal to `asNumber` means iBGP. */
  readonly localAsNumber: number;
  /** The families we offer; at least one must be offered back. Absent: not asked. */
  readonly families?: readonly Family[];
  /** The shortest Hold Time other than 0 that we accept; 3 where absent, and never less. */
  readonly minHoldTimeSeconds?: number;
  /** Our own Role (RFC 9234); judged in eBGP only. */
  readonly role?: Role;
  /** The neighbour must say its Role. */
  readonly roleStrict?: boolean;
}

/** What an OPEN's own values get wrong, whoever sent it: 2/2, 2/3, 2/6. */
export function checkOpenValues(open: OpenMessage, minHoldTimeSeconds = 3): Fault | undefined {
  const realNumbers = allCapabilities(open.capabilities, "fourOctetAs");
  if (open.asNumber === 0 || open.asField === 0) return resetFault(2, 2, EMPTY, "AS 0 (RFC 7607)");
  for (const { asNumber } of realNumbers) {
    if (asNumber === open.asField || (open.asField === AS_TRANS && asNumber === open.asNumber)) continue;
    return resetFault(2, 2, EMPTY, `AS ${open.asField} in the field, ${asNumber} in the capability`);
  }
  if (open.routerId === 0) return resetFault(2, 3, EMPTY, "BGP Identifier 0.0.0.0");
  const hold = open.holdTimeSeconds;
  if (hold === 0 || hold >= Math.max(3, minHoldTimeSeconds)) return undefined;
  return resetFault(2, 6, EMPTY, `Hold Time of ${hold} s`);
}

/** The first reason to refuse a neighbour's OPEN, or undefined: 2/2, 2/3, 2/6, 2/7, 2/11. */
export function validateOpen(open: OpenMessage, expected: ExpectedOpen): Fault | undefined {
  return checkOpenValues(open, expected.minHoldTimeSeconds) ?? checkIdentity(open, expected)
    ?? checkFamilies(open, expected.families) ?? checkRole(open, expected);
}

/** RFC 4271 §6.2 and RFC 6286 §2.1: within one AS an Identifier is unique. */
function checkIdentity(open: OpenMessage, expected: ExpectedOpen): Fault | undefined {
  if (open.asNumber !== expected.asNumber) {
    return resetFault(2, 2, EMPTY, `AS ${open.asNumber} where ${expected.asNumber} is configured`);
  }
  const internal = expected.asNumber === expected.localAsNumber;
  if (!internal || open.routerId !== expected.localRouterId) return undefined;
  return resetFault(2, 3, EMPTY, `BGP Identifier ${formatIpv4(open.routerId)} is our own`);
}

/** RFC 5492 §3: Data lists the capabilities that we miss. */
function checkFamilies(open: OpenMessage, families: readonly Family[] | undefined): Fault | undefined {
  if (families === undefined || families.length === 0) return undefined;
  if (families.some((family) => offersFamily(open, familyRow(family)))) return undefined;
  const missing = new Writer();
  for (const family of families) {
    const { afi, safi } = familyRow(family);
    encodeCapability({ name: "multiprotocol", afi, safi }, missing);
  }
  return resetFault(2, 7, missing.take(), `none of ${families.join(", ")} is offered`);
}

/** What the other side must be, by what we are (RFC 9234 §4.2, table 2). */
const COUNTERPART: Readonly<Record<Role, Role>> = {
  provider: "customer", customer: "provider", rs: "rs-client", "rs-client": "rs", peer: "peer",
};

/** RFC 9234 §4.2. */
function checkRole(open: OpenMessage, expected: ExpectedOpen): Fault | undefined {
  if (expected.asNumber === expected.localAsNumber) return undefined;
  const roles = new Set(allCapabilities(open.capabilities, "role").map(({ role }) => role));
  if (roles.size > 1) return resetFault(2, 11, EMPTY, "two different roles");
  if (expected.role === undefined) return undefined;
  const [role] = roles;
  if (role === undefined) {
    return expected.roleStrict === true ? resetFault(2, 11, EMPTY, "no role, and one is required") : undefined;
  }
  if (role === COUNTERPART[expected.role]) return undefined;
  return resetFault(2, 11, EMPTY, `role ${role} towards our role ${expected.role}`);
}
