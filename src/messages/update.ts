/**
 * UPDATE (RFC 4271 §4.3). Rule: its three sections are located by its own two length fields before anything inside is
 * read (RFC 7606 §3 b).
 */

import { EMPTY, Writer } from "../base/bytes.ts";
import { narrowAsNumbers } from "./attributes/as4.ts";
import { appendAttribute, setAttribute } from "./attributes/block.ts";
import { ATTRIBUTE, CATEGORY } from "./attributes/codes.ts";
import type { Family } from "./families.ts";
import { familyOf, familyRow } from "./families.ts";
import type { Fault } from "./fault.ts";
import { resetFault } from "./fault.ts";
import { finishMessage, HEADER_OCTETS, MESSAGE, startMessage } from "./header.ts";
import type { NlriItem } from "./nlri.ts";
import { appendNlri } from "./nlri.ts";

/** Where the sections of an UPDATE are, as offsets into the message; mutable so that one record serves a connection. */
export interface UpdateSections {
  withdrawnAt: number;
  withdrawnEnd: number;
  attributesAt: number;
  attributesEnd: number;
  nlriAt: number;
  nlriEnd: number;
}

/** A record for splitUpdate to fill. */
export function newSections(): UpdateSections {
  return { withdrawnAt: 0, withdrawnEnd: 0, attributesAt: 0, attributesEnd: 0, nlriAt: 0, nlriEnd: 0 };
}

const BAD_LENGTHS: Fault = resetFault(3, 1, EMPTY, "the lengths inside the UPDATE exceed it");

/** Locates the sections of a whole UPDATE; 3/1 where its lengths do not fit (RFC 4271 §6.3). */
export function splitUpdate(message: Uint8Array, into: UpdateSections): Fault | undefined {
  const octets = message.length;
  if (octets < HEADER_OCTETS + 4) return BAD_LENGTHS;
  const withdrawnEnd = HEADER_OCTETS + 2 + ((message[19]! << 8) | message[20]!);
  if (withdrawnEnd + 2 > octets) return BAD_LENGTHS;
  const attributesAt = withdrawnEnd + 2;
  const attributesEnd = attributesAt + ((message[withdrawnEnd]! << 8) | message[withdrawnEnd + 1]!);
  if (attributesEnd > octets) return BAD_LENGTHS;
  into.withdrawnAt = HEADER_OCTETS + 2;
  into.withdrawnEnd = withdrawnEnd;
  into.attributesAt = attributesAt;
  into.attributesEnd = attributesEnd;
  into.nlriAt = attributesEnd;
  into.nlriEnd = octets;
  return undefined;
}

/** The End-of-RIB marker of a family (RFC 4724 §2): an empty UPDATE for IPv4 unicast, else an empty MP_UNREACH. */
export function endOfRib(family: Family): Uint8Array {
  const { afi, safi } = familyRow(family);
  const writer = startMessage(MESSAGE.UPDATE, 32).u16(0);
  if (family === "ipv4-unicast") return finishMessage(writer.u16(0));
  return finishMessage(writer.u16(6).u8(CATEGORY.OPTIONAL_NON_TRANSITIVE).u8(ATTRIBUTE.MP_UNREACH_NLRI).u8(3)
    .u16(afi).u8(safi));
}

/** The family whose End-of-RIB marker a whole UPDATE is, or undefined. Costs one comparison for nearly all UPDATEs. */
export function isEndOfRib(message: Uint8Array): Family | undefined {
  const octets = message.length;
  if (octets > 30 || octets < 23 || message[19] !== 0 || message[20] !== 0) return undefined;
  if (octets === 23) return message[21] === 0 && message[22] === 0 ? "ipv4-unicast" : undefined;
  const attributesOctets = (message[21]! << 8) | message[22]!;
  if (octets < 29 || attributesOctets !== octets - 23 || message[24] !== ATTRIBUTE.MP_UNREACH_NLRI) return undefined;
  const valueAt = octets - 3;
  const wide = (message[23]! & 0x10) !== 0;
  if ((message[23]! & 0xc0) !== CATEGORY.OPTIONAL_NON_TRANSITIVE || wide !== (octets === 30)) return undefined;
  if (message[valueAt - 1] !== 3 || (wide && message[valueAt - 2] !== 0)) return undefined;
  return familyOf((message[valueAt]! << 8) | message[valueAt + 1]!, message[valueAt + 2]!)?.name;
}

/** What encodeUpdate writes. */
export interface UpdateParts {
  readonly family: Family;
  readonly withdrawn?: readonly NlriItem[];
  readonly announced?: readonly NlriItem[];
  /** A canonical block. */
  readonly attributes?: Uint8Array;
  /** 4, 16 or 32 octets; 4 for IPv4 writes classic NLRI, all else MP_REACH_NLRI. */
  readonly nextHop?: Uint8Array;
  /** Writes path identifiers (RFC 7911); false where absent. */
  readonly addPath?: boolean;
  /** False writes 2-octet AS numbers and AS4_* (RFC 6793); true where absent. */
  readonly fourOctetAs?: boolean;
  /** True uses MP_REACH_NLRI and MP_UNREACH_NLRI for IPv4 too. */
  readonly multiprotocol?: boolean;
}

/**
 * Writes one UPDATE; plain and unpacked, for small speakers, tools and tests. The caller keeps the message within the
 * receiver's maximum.
 */
export function encodeUpdate(parts: UpdateParts): Uint8Array {
  const { family, withdrawn = [], announced = [], nextHop = EMPTY, addPath = false } = parts;
  const block = attributeBlock(parts);
  const classic = family === "ipv4-unicast" && parts.multiprotocol !== true;
  const classicReach = classic && nextHop.length <= 4;
  const withdrawnNlri = nlri(classic ? withdrawn : [], addPath);
  const attributes = new Writer(64 + block.length);
  const { afi, safi } = familyRow(family);
  if (announced.length > 0 && !classicReach) {
    const value = new Writer().u16(afi).u8(safi).u8(nextHop.length).bytes(nextHop).u8(0);
    const reach = value.bytes(nlri(announced, addPath)).view();
    appendAttribute(attributes, ATTRIBUTE.MP_REACH_NLRI, CATEGORY.OPTIONAL_NON_TRANSITIVE, reach);
  }
  if (withdrawn.length > 0 && !classic) {
    const value = new Writer().u16(afi).u8(safi).bytes(nlri(withdrawn, addPath));
    appendAttribute(attributes, ATTRIBUTE.MP_UNREACH_NLRI, CATEGORY.OPTIONAL_NON_TRANSITIVE, value.view());
  }
  const withNextHop = announced.length > 0 && classicReach && nextHop.length === 4;
  attributes.bytes(withNextHop ? setAttribute(block, ATTRIBUTE.NEXT_HOP, CATEGORY.WELL_KNOWN, nextHop) : block);
  const writer = startMessage(MESSAGE.UPDATE, 64 + attributes.length + withdrawnNlri.length);
  writer.u16(withdrawnNlri.length).bytes(withdrawnNlri).u16(attributes.length).bytes(attributes.view());
  return finishMessage(writer.bytes(nlri(classicReach ? announced : [], addPath)));
}

function attributeBlock({ attributes = EMPTY, fourOctetAs = true }: UpdateParts): Uint8Array {
  return fourOctetAs ? attributes : narrowAsNumbers(attributes);
}

function nlri(items: readonly NlriItem[], addPath: boolean): Uint8Array {
  const writer = new Writer();
  appendNlri(writer, items, addPath);
  return writer.take();
}
