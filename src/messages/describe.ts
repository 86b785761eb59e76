/** Canonical blocks ↔ JSON, by the rows of the attribute table. */

import { formatAddress } from "../base/address.ts";
import { fromHex, toHex, Writer } from "../base/bytes.ts";
import { appendAttribute, editAttributes, forEachAttribute } from "./attributes/block.ts";
import { ATTRIBUTES, BY_CODE } from "./attributes/table.ts";
import type { RouteAttributes, UnknownAttribute } from "./attributes/values.ts";

export type {
  AsPathSegment, ExtendedCommunity, OriginName, RouteAttributes, UnknownAttribute,
} from "./attributes/values.ts";

/** The JSON of a canonical block; `nextHop` is 4, 16 or 32 octets, empty or absent where there is none. */
export function describeAttributes(block: Uint8Array, nextHop?: Uint8Array): RouteAttributes {
  const described: Record<string, unknown> = {};
  if (nextHop !== undefined && nextHop.length > 0) described["nextHop"] = describeNextHop(nextHop);
  const unknown: UnknownAttribute[] = [];
  forEachAttribute(block, 0, block.length, (code, { at, end, flags }) => {
    const row = BY_CODE[code];
    if (row?.json !== undefined) Object.assign(described, row.json.describe(block, at, end));
    else if (row === undefined) unknown.push({ type: code, flags, hex: toHex(block.subarray(at, end)) });
  });
  if (unknown.length > 0) described["unknownAttributes"] = unknown;
  return described;
}

/** The text of a next hop: of two IPv6 addresses the global one, which is the first (RFC 2545 §3). */
export function describeNextHop(nextHop: Uint8Array): string {
  return formatAddress(nextHop.length === 32 ? nextHop.subarray(0, 16) : nextHop);
}

/** The canonical block of a JSON; `nextHop` is no part of it. The texts are our own and therefore well-formed. */
export function encodeAttributes(attributes: RouteAttributes): Uint8Array {
  const writer = new Writer();
  for (const row of ATTRIBUTES) {
    const value = row.json?.encode(attributes);
    if (value !== undefined) appendAttribute(writer, row.code, row.flags, value);
  }
  const unknown = (attributes.unknownAttributes ?? []).map(({ type, flags, hex }) => (
    [type, { flags, value: fromHex(hex) ?? new Uint8Array(0) }] as const
  ));
  return editAttributes(writer.view(), new Map(unknown));
}
