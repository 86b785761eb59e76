/**
 * TABLE_DUMP_V2 (RFC 6396 §4.3, RFC 8050 §4). Rule: every RIB entry becomes the UPDATE that would announce it, so
 * that one reader, the daemon's own, judges it. AS numbers have four octets here; next hops of MP families come
 * abbreviated and are written out.
 */

import type { Reader } from "../../base/bytes.ts";
import { EMPTY, Reader as OctetReader, Writer } from "../../base/bytes.ts";
import { formatAddress } from "../../base/address.ts";
import { CATEGORY } from "../attributes/codes.ts";
import { BY_CODE } from "../attributes/table.ts";
import type { FamilyRow } from "../families.ts";
import { familyOf, IPV4_UNICAST, IPV6_UNICAST } from "../families.ts";
import { EXTENDED_MESSAGE_OCTETS_MAX, finishMessage, MESSAGE, startMessage } from "../header.ts";
import type { CaptureItem, Sighting } from "./item.ts";
import { DEFAULT_CONTEXT } from "./item.ts";

/** One peer of a PEER_INDEX_TABLE: where its routes came from. */
export interface RibPeer { readonly address: string }

const MP_REACH = 14;
const EXTENDED_LENGTH = 0x10;

/** The peers of a PEER_INDEX_TABLE, in the order in which entries name them; those that can be read. */
export function readPeerIndex(body: Reader): RibPeer[] {
  body.skip(4); // collector's BGP Identifier
  body.skip(body.u16()); // view name
  const peers: RibPeer[] = [];
  for (let left = body.u16(); left > 0; left--) {
    const type = body.u8();
    body.skip(4); // BGP Identifier
    const address = body.view((type & 1) === 0 ? 4 : 16);
    body.skip((type & 2) === 0 ? 2 : 4); // AS number
    if (body.short) break;
    peers.push({ address: formatAddress(address) });
  }
  return peers;
}

/** What a RIB subtype holds; `generic` names its family itself. */
interface RibRow { readonly family: FamilyRow | "generic"; readonly addPath: boolean }
/** RIB subtypes of unicast (RFC 6396 §4.3.2, §4.3.3; RFC 8050 §4). */
const RIB_SUBTYPES: Readonly<Record<number, RibRow>> = {
  2: { family: IPV4_UNICAST, addPath: false },
  4: { family: IPV6_UNICAST, addPath: false },
  6: { family: "generic", addPath: false },
  8: { family: IPV4_UNICAST, addPath: true },
  10: { family: IPV6_UNICAST, addPath: true },
  12: { family: "generic", addPath: true },
};

/** The entries of one RIB record. */
export function* readRib(body: Reader, subtype: number, peers: readonly RibPeer[], when: Sighting):
Generator<CaptureItem> {
  const passedOver = (why: string): CaptureItem => ({ kind: "passed-over", why, sighting: when });
  const row = RIB_SUBTYPES[subtype];
  if (row === undefined) return yield passedOver(`TABLE_DUMP_V2 subtype ${subtype} is not unicast`);
  body.skip(4); // sequence number
  const family = row.family === "generic" ? familyOf(body.u16(), body.u8()) : row.family;
  if (family === undefined) return yield passedOver("a RIB of a family that is not unicast");
  const bits = body.u8();
  const prefix = body.view((bits + 7) >>> 3);
  if (body.short || bits > family.addressOctets * 8) return yield passedOver("a RIB record has no legal prefix");
  const nlri = Uint8Array.of(bits, ...prefix);
  for (let left = body.u16(); left > 0; left--) {
    const peer = peers[body.u16()];
    body.skip(4); // originated time
    const pathId = row.addPath ? body.u32() : undefined;
    const attributes = body.view(body.u16());
    if (body.short) return yield passedOver("a RIB record ends inside an entry");
    const message = announce(family, pathId, nlri, attributes);
    const sighting = peer === undefined ? when : { ...when, from: peer.address };
    const context = { ...DEFAULT_CONTEXT, addPath: row.addPath ? [family.name] : [] };
    if (typeof message === "string") yield { kind: "passed-over", why: message, sighting };
    else yield { kind: "message", message, context, sighting };
  }
}

/** The UPDATE that announces one RIB entry, or why none can. */
function announce(family: FamilyRow, pathId: number | undefined, nlri: Uint8Array, attributes: Uint8Array):
Uint8Array | string {
  const route = new Writer();
  if (pathId !== undefined) route.u32(pathId);
  route.bytes(nlri);
  const written = new Writer(attributes.length + 64);
  const multiprotocol = copyAttributes(attributes, family, route.view(), written);
  if (!multiprotocol && family !== IPV4_UNICAST) return `a route of ${family.name} without MP_REACH_NLRI`;
  const classic = multiprotocol ? EMPTY : route.view();
  const octets = 23 + written.length + classic.length;
  if (octets > EXTENDED_MESSAGE_OCTETS_MAX || written.length > 0xffff) return "a route too long for any message";
  return finishMessage(startMessage(MESSAGE.UPDATE, octets)
    .u16(0).u16(written.length).bytes(written.view()).bytes(classic));
}

/**
 * Copies path attributes, MP_REACH written out with its NLRI; true where there was one. What cannot be delimited is
 * copied as it is: the reader of the message says what is wrong with it.
 */
function copyAttributes(attributes: Uint8Array, family: FamilyRow, route: Uint8Array, into: Writer): boolean {
  const reader = new OctetReader(attributes);
  let multiprotocol = false;
  while (reader.left > 0) {
    const start = reader.at;
    const [flags, code] = [reader.u8(), reader.u8()];
    const value = reader.view((flags & EXTENDED_LENGTH) === 0 ? reader.u8() : reader.u16());
    if (reader.short) {
      into.bytes(attributes.subarray(start));
      break;
    }
    if (code === MP_REACH) writeMpReach(family, nextHopOf(value), route, into);
    else into.u8(flags | missingFlags(flags, code)).bytes(attributes.subarray(start + 1, reader.at));
    multiprotocol ||= code === MP_REACH;
  }
  return multiprotocol;
}

/** BIRD dumps what it set itself with neither Optional nor Transitive, which no message may say: put back by code. */
function missingFlags(flags: number, code: number): number {
  return (flags & CATEGORY.OPTIONAL_TRANSITIVE) === 0 ? BY_CODE[code]?.flags ?? 0 : 0;
}

/** RFC 6396 §4.3.4 keeps only length and address; writers that keep the whole attribute start with its AFI. */
function nextHopOf(value: Uint8Array): Uint8Array {
  const at = value[0] === 0 ? 3 : 0;
  const length = value[at] ?? 0;
  return value.subarray(at + 1, at + 1 + length);
}

function writeMpReach(family: FamilyRow, nextHop: Uint8Array, route: Uint8Array, into: Writer): void {
  into.u8(0x80 | EXTENDED_LENGTH).u8(MP_REACH).u16(5 + nextHop.length + route.length)
    .u16(family.afi).u8(family.safi).u8(nextHop.length).bytes(nextHop).u8(0).bytes(route);
}
