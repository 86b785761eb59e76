/**
 * The short way through blocks of attributes that are canonical as they were sent: nearly all that BGP speakers send.
 * Rule: it asks the same rows as the full reader and gives up at anything unusual, so there is one set of rules.
 */

import { attributeLength } from "./block.ts";
import { ATTRIBUTE, FLAG } from "./codes.ts";
import type { AttributeContext } from "./row.ts";
import { BY_CODE } from "./table.ts";

/** Octets that one length octet can count: beyond them the extended form is the canonical one. */
const SHORT_OCTETS_MAX = 255;

/**
 * Whether readAttributes would keep the block [at, end) to the letter, without a fault and with what is mandatory:
 * NEXT_HOP in it where `classic`, not in it otherwise. The caller has seen that the attributes fill the block. Hot:
 * nothing is allocated.
 */
export function isCanonicalAsSent(
  bytes: Uint8Array, at: number, end: number, context: AttributeContext, classic: boolean,
): boolean {
  if (!context.fourOctetAs) return false;
  let mandatory = classic ? 3 : 2;
  let last = 0;
  for (let i = at; i < end;) {
    const code = bytes[i + 1]!;
    const length = attributeLength(bytes, i);
    const valueAt = i + (length > SHORT_OCTETS_MAX ? 4 : 3);
    if (code <= last || !isKept(bytes, i, code, valueAt, length, context, classic)) return false;
    if (code <= ATTRIBUTE.NEXT_HOP) mandatory--;
    last = code;
    i = valueAt + length;
  }
  return mandatory === 0;
}

/** One attribute: a known one, with just its flags, wanted, good, and not one that tells routes or old AS numbers. */
function isKept(
  bytes: Uint8Array, at: number, code: number, valueAt: number, length: number, context: AttributeContext,
  classic: boolean,
): boolean {
  const row = BY_CODE[code];
  if (row === undefined || (row.json === undefined && (code !== ATTRIBUTE.NEXT_HOP || !classic))) return false;
  if (bytes[at] !== (length > SHORT_OCTETS_MAX ? row.flags | FLAG.EXTENDED_LENGTH : row.flags)) return false;
  if (row.unwanted?.(context) !== undefined) return false;
  if (row.check(bytes, valueAt, valueAt + length, context) !== undefined) return false;
  return code !== ATTRIBUTE.NEXT_HOP || isOrdinary(bytes[valueAt]!);
}

/** Whether an IPv4 address with this first octet is a next hop on any session; the full reader judges the others. */
function isOrdinary(first: number): boolean {
  return first > 0 && first !== 127 && first < 224;
}
