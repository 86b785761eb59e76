/** Routes of our own: paths of peer 1 (`originate`, by difference), or of another that is ourselves. */

import { addressWords } from "../base/address.ts";
import { EMPTY, Writer } from "../base/bytes.ts";
import { formatPrefix } from "../base/prefix.ts";
import type { Prefix } from "../base/prefix.ts";
import type { OriginatedRoute } from "../config/intent.ts";
import { appendAttribute } from "../messages/attributes/block.ts";
import { ATTRIBUTE, CATEGORY } from "../messages/attributes/codes.ts";
import { encodeWords } from "../messages/attributes/row.ts";
import { familyOfOctets } from "../messages/families.ts";
import { OWN_PEER } from "../rib/ids.ts";
import type { PeerId } from "../rib/ids.ts";
import type { Rib } from "../rib/rib.ts";
import type { Tables } from "./tables.ts";

const IGP = 0;

/** Makes the tables hold exactly `want` of our own. */
export function setOwnRoutes(tables: Tables, have: readonly OriginatedRoute[], want: readonly OriginatedRoute[],
  nowSeconds: number): void {
  const kept = new Set(want.map(({ prefix }) => formatPrefix(prefix)));
  for (const route of have) {
    if (!kept.has(formatPrefix(route.prefix))) withdrawOwn(tables, route.prefix, OWN_PEER);
  }
  for (const route of want) announceOwn(tables, route, nowSeconds, OWN_PEER);
}

/** Withdraws a route of ours. Looks the prefix up only: one that is not there must not come to be. */
export function withdrawOwn(tables: Tables, { address, length }: Prefix, peer: PeerId): void {
  const rib = ribOf(tables, address);
  const prefix = rib.prefixes.find(...addressWords(address), length);
  if (prefix !== 0) rib.withdraw(peer, prefix, 0);
}

/** Announces a route of ours, in the name of a peer that is ourselves. */
export function announceOwn(tables: Tables, route: OriginatedRoute, nowSeconds: number, peer: PeerId): void {
  const block = blockOf(route);
  const apart = route.nextHop !== undefined && route.nextHop.length !== 4 ? route.nextHop : EMPTY;
  const attributes = tables.store.intern(block, 0, block.length, apart);
  if (attributes === 0) return;
  tables.store.retain(attributes);
  const { address, length } = route.prefix;
  const rib = ribOf(tables, address);
  const prefix = rib.prefixes.intern(...addressWords(address), length);
  rib.announce(peer, prefix, 0, attributes, attributes, 0, nowSeconds);
  tables.store.release(attributes);
}

function ribOf(tables: Tables, address: Uint8Array): Rib {
  return tables.ribs[familyOfOctets(address.length).index]!;
}

/** The canonical block of an own route: ascending codes, an empty AS_PATH. */
function blockOf(route: OriginatedRoute): Uint8Array {
  const block = new Writer();
  const add = (code: number, flags: number, ...words: number[]): void =>
    appendAttribute(block, code, flags, encodeWords(words));
  appendAttribute(block, ATTRIBUTE.ORIGIN, CATEGORY.WELL_KNOWN, Uint8Array.of(IGP));
  add(ATTRIBUTE.AS_PATH, CATEGORY.WELL_KNOWN);
  if (route.nextHop?.length === 4) appendAttribute(block, ATTRIBUTE.NEXT_HOP, CATEGORY.WELL_KNOWN, route.nextHop);
  if (route.med !== undefined) add(ATTRIBUTE.MED, CATEGORY.OPTIONAL_NON_TRANSITIVE, route.med);
  if (route.localPref !== undefined) add(ATTRIBUTE.LOCAL_PREF, CATEGORY.WELL_KNOWN, route.localPref);
  if (route.communities.length > 0) add(ATTRIBUTE.COMMUNITIES, CATEGORY.OPTIONAL_TRANSITIVE, ...route.communities);
  if (route.largeCommunities.length > 0) {
    add(ATTRIBUTE.LARGE_COMMUNITIES, CATEGORY.OPTIONAL_TRANSITIVE, ...route.largeCommunities.flat());
  }
  return block.take();
}
