/**
 * Routes as `show routes` tells them, one after the other. Rule: the tables may change between two routes, so a walk
 * goes by prefix id and never holds a path across a yield.
 */

import { addressWords, formatAddress, parseAddress } from "../base/address.ts";
import type { Prefix } from "../base/prefix.ts";
import { hasCommunity, removeAttribute } from "../messages/attributes/block.ts";
import { ATTRIBUTE } from "../messages/attributes/codes.ts";
import { describeAttributes } from "../messages/describe.ts";
import { FAMILIES, familyRow } from "../messages/families.ts";
import type { Family, FamilyRow } from "../messages/families.ts";
import type { AttributesId, PathIndex, PeerId, PrefixId } from "../rib/ids.ts";
import { PATH_FLAGS } from "../rib/rib.ts";
import { sentPathId } from "../rib/path-id.ts";
import type { Rib } from "../rib/rib.ts";
import type { Scheduler } from "../transport/ports.ts";
import type { Refusal, RouteCount, RouteQuery, RouteView } from "./api.ts";
import type { Peer } from "./peer.ts";
import type { Speaker } from "./speaker.ts";
import { invalid, only, typedCommunity, typedPrefix } from "./typed.ts";

/** Why a path in Adj-RIB-In is not used; the first that holds is shown. */
const REJECTIONS: readonly (readonly [flag: number, why: string])[] = [
  [PATH_FLAGS.LOOP, "loop: our own AS, BGP Identifier or cluster id"],
  [PATH_FLAGS.OWN_NEXT_HOP, "the next hop is an address of ours"],
  [PATH_FLAGS.LEAK, "route leak (RFC 9234)"],
  [PATH_FLAGS.FILTERED, "rejected by the import policy"],
];

const NO_IMPORT_POLICY = "no import policy (RFC 8212)";

/** Prefixes looked at in one go before others have their turn. */
const PREFIXES_PER_TURN = 4096;
/** The same where no more than the best path is looked at: some milliseconds. */
const BEST_PATHS_PER_TURN = 65_536;

/** A query that was read: what to walk, and what to show of it. */
export interface Walk {
  readonly families: readonly FamilyRow[];
  /** One prefix, its more specifics, or all. */
  readonly exact: Prefix | undefined;
  readonly within: Prefix | undefined;
  readonly longestFor: Uint8Array | undefined;
  readonly peer: Peer | undefined;
  readonly direction: "in" | "out" | undefined;
  readonly community: readonly number[] | undefined;
}

/** Reads a query, or says in one line what is wrong with it. */
export function readQuery(query: RouteQuery, speaker: Speaker): Walk | Refusal {
  const prefix = query.prefix === undefined ? undefined : typedPrefix(query.prefix);
  if (prefix !== undefined && "refused" in prefix) return prefix;
  const address = query.for === undefined ? undefined : parseAddress(query.for);
  if (query.for !== undefined && address === undefined) {
    return invalid(`"${query.for}" is no address (write it like 10.0.0.1 or 2001:db8::1)`);
  }
  const community = query.community === undefined ? undefined : typedCommunity(query.community);
  if (community !== undefined && "refused" in community) return community;
  if (query.direction !== undefined && query.peer === undefined) return invalid("a direction needs a peer");
  const peer = query.peer === undefined ? undefined : only(speaker.neighbours.select(query.peer), query.peer);
  if (peer !== undefined && "refused" in peer) return peer;
  const octets = (prefix?.address ?? address)?.length;
  const families = FAMILIES.filter(({ name, addressOctets }) =>
    (query.family === undefined || query.family === name) && (octets === undefined || octets === addressOctets));
  return {
    families, exact: query.longer === true ? undefined : prefix, within: query.longer === true ? prefix : undefined,
    longestFor: address, peer, direction: query.direction, community,
  };
}

/** The views of a walk, lazily; undefined after a stretch of the table that may have held none. */
export function* walkRoutes(walk: Walk, speaker: Speaker): Generator<RouteView | undefined> {
  for (const family of walk.families) {
    const rib = speaker.tables.ribs[family.index]!;
    for (const prefix of prefixesOf(walk, family, rib)) {
      if (prefix === 0) yield undefined;
      else yield* viewsOf(prefix, walk, family, speaker);
    }
  }
}

/** Prefixes and paths that a query means, without building views; others have their turns in between. */
export async function countRoutes(query: RouteQuery, speaker: Speaker, scheduler: Scheduler):
  Promise<RouteCount | Refusal> {
  const walk = readQuery(query, speaker);
  if ("refused" in walk) return walk;
  let prefixes = 0;
  let paths = 0;
  for (const family of walk.families) {
    const rib = speaker.tables.ribs[family.index]!;
    for (const prefix of prefixesOf(walk, family, rib)) {
      if (prefix === 0) {
        await turn(scheduler);
        continue;
      }
      const found = walk.direction === "out" ? toldSlots(prefix, walk, family, speaker).length
        : pathsOf(prefix, walk, speaker, rib).length;
      paths += found;
      if (found > 0) prefixes++;
    }
  }
  return { prefixes, paths };
}

/** Best paths by the name of the neighbour they are from, without those of our own; with turns for others as well. */
export async function countBestPaths(family: Family, { tables }: Speaker, scheduler: Scheduler):
  Promise<ReadonlyMap<string, number>> {
  const rib = tables.ribs[familyRow(family).index]!;
  const counts = new Map<PeerId, number>();
  for (let id = 1; id <= rib.prefixes.idsMax; id++) {
    if (id % BEST_PATHS_PER_TURN === 0) await turn(scheduler);
    const path = rib.prefixes.isLive(id as PrefixId) ? rib.best(id as PrefixId) : 0;
    if (path === 0) continue;
    const peer = rib.peerOf(path);
    counts.set(peer, (counts.get(peer) ?? 0) + 1);
  }
  const named = new Map<string, number>();
  for (const [peer, count] of counts) {
    if (tables.peers.isLive(peer) && !tables.peers.get(peer).own) named.set(tables.peers.get(peer).name, count);
  }
  return named;
}

function turn(scheduler: Scheduler): Promise<void> {
  return new Promise((resolve) => { scheduler.soon(resolve); });
}

/** The prefixes of a walk; 0 after each stretch of ids. */
function* prefixesOf(walk: Walk, family: FamilyRow, rib: Rib): Generator<PrefixId> {
  const { prefixes } = rib;
  if (walk.exact !== undefined) {
    const found = findPrefix(rib, walk.exact);
    if (found !== 0) yield found;
    return;
  }
  if (walk.longestFor !== undefined) {
    const found = prefixes.longestMatch(...addressWords(walk.longestFor), (id) => rib.best(id) !== 0);
    if (found !== 0) yield found;
    return;
  }
  for (let id = 1; id <= prefixes.idsMax; id++) {
    if (id % PREFIXES_PER_TURN === 0) yield 0 as PrefixId;
    if (!prefixes.isLive(id as PrefixId)) continue;
    if (walk.within === undefined || isWithin(rib, id as PrefixId, walk.within, family)) yield id as PrefixId;
  }
}

function viewsOf(prefix: PrefixId, walk: Walk, family: FamilyRow, speaker: Speaker): RouteView[] {
  const rib = speaker.tables.ribs[family.index]!;
  if (walk.direction === "out") {
    return toldSlots(prefix, walk, family, speaker).map((slot) => outView(slot, walk.peer!, family, speaker));
  }
  return pathsOf(prefix, walk, speaker, rib).map((path) => pathView(path, family, speaker, walk.direction === "in"));
}

/** The paths of a prefix that a walk shows: candidates of Loc-RIB, or everything that a peer sent. */
function pathsOf(prefix: PrefixId, walk: Walk, speaker: Speaker, rib: Rib): PathIndex[] {
  const found: PathIndex[] = [];
  for (let path = rib.firstOfPrefix(prefix); path !== 0; path = rib.nextOfPrefix(path)) {
    if (walk.peer !== undefined && rib.peerOf(path) !== walk.peer.id) continue;
    if (walk.direction === "in" ? !rib.isLive(path) : !rib.isCandidate(path)) continue;
    if (walk.community !== undefined && !carries(rib.attributesInOf(path), walk.community, speaker)) continue;
    found.push(path);
  }
  return found;
}

function carries(attributes: AttributesId, community: readonly number[], speaker: Speaker): boolean {
  const block = speaker.tables.store.block(attributes);
  return hasCommunity(block, 0, block.length, community);
}

/** The slots of a prefix that a peer was told. */
function toldSlots(prefix: PrefixId, walk: Walk, family: FamilyRow, speaker: Speaker): number[] {
  const rib = speaker.tables.ribs[family.index]!;
  const member = walk.peer?.member(family);
  if (member === undefined) return [];
  const { group } = member;
  const slots: number[] = [];
  if (!group.addPath) slots.push(prefix);
  else for (let path = rib.firstOfPrefix(prefix); path !== 0; path = rib.nextOfPrefix(path)) slots.push(path);
  return slots.filter((slot) => {
    const told = group.told(slot);
    if (told === 0 || group.exports.excludes(told, member.peer, member.routerId)) return false;
    return walk.community === undefined || carries(group.exports.attributes(told), walk.community, speaker);
  });
}

/** One path of Loc-RIB or Adj-RIB-In. */
export function pathView(path: PathIndex, family: FamilyRow, speaker: Speaker, asReceived: boolean): RouteView {
  const { store } = speaker.tables;
  const rib = speaker.tables.ribs[family.index]!;
  const prefix = rib.prefixOf(path);
  const after = rib.attributesOf(path);
  const attributes = asReceived || after === 0 ? rib.attributesInOf(path) : after;
  const flags = rib.flagsOf(path);
  const rejected = rejectionOf(flags, rib.peerOf(path), speaker);
  return {
    prefix: rib.prefixes.format(prefix), family: family.name, pathId: rib.receivedPathIdOf(path),
    best: rib.best(prefix) === path, from: fromOf(rib.peerOf(path), speaker),
    ...describeAttributes(removeAttribute(store.block(attributes), ATTRIBUTE.NEXT_HOP), store.nextHop(attributes)),
    stale: (flags & (PATH_FLAGS.STALE | PATH_FLAGS.LLGR_STALE)) !== 0,
    ...(rejected === undefined ? {} : { rejected }), since: new Date(rib.sinceOf(path) * 1000).toISOString(),
  };
}

/** Why a path is not used, or undefined. */
function rejectionOf(flags: number, peer: PeerId, speaker: Speaker): string | undefined {
  const found = REJECTIONS.find(([flag]) => (flags & flag) !== 0);
  if (found?.[0] !== PATH_FLAGS.FILTERED) return found?.[1];
  return speaker.ownerOf(peer)?.intent.import.missing === true ? NO_IMPORT_POLICY : found[1];
}

/** One route as a peer was told it. */
function outView(slot: number, peer: Peer, family: FamilyRow, speaker: Speaker): RouteView {
  const rib = speaker.tables.ribs[family.index]!;
  const { group } = peer.member(family)!;
  const { store } = speaker.tables;
  const told = group.told(slot);
  const prefix = group.prefixOf(slot);
  const attributes = group.exports.attributes(told);
  const source = group.exports.source(told);
  const best = rib.best(prefix);
  const path = group.addPath ? (slot as PathIndex) : best;
  return {
    prefix: rib.prefixes.format(prefix), family: family.name,
    pathId: group.addPath ? sentPathId(rib, speaker.tables.peers, slot as PathIndex) : 0,
    best: group.addPath ? best === slot : true, from: fromOf(source.peer, speaker),
    ...describeAttributes(removeAttribute(group.packer.encode(told), ATTRIBUTE.NEXT_HOP),
      group.target.nextHopFor(store, attributes, source)),
    stale: false, since: new Date((path === 0 ? 0 : rib.sinceOf(path)) * 1000).toISOString(),
  };
}

function fromOf(peer: PeerId, { tables }: Speaker): { name: string; address: string } {
  if (!tables.peers.isLive(peer)) return { name: "", address: "" };
  const { own, name, address } = tables.peers.get(peer);
  return own ? { name: "local", address: "" } : { name, address: formatAddress(address) };
}

/** The id of a prefix, or 0. */
export function findPrefix(rib: Rib, prefix: Prefix): PrefixId {
  if (prefix.address.length !== rib.family.addressOctets) return 0 as PrefixId;
  return rib.prefixes.find(...addressWords(prefix.address), prefix.length);
}

function isWithin(rib: Rib, id: PrefixId, outer: Prefix, family: FamilyRow): boolean {
  const { prefixes } = rib;
  if (prefixes.lengthOf(id) < outer.length) return false;
  const have = [prefixes.w0(id), prefixes.w1(id), prefixes.w2(id), prefixes.w3(id)];
  return addressWords(outer.address).slice(0, family.addressOctets / 4).every((word, i) => {
    const bits = Math.min(Math.max(outer.length - 32 * i, 0), 32);
    const mask = bits === 0 ? 0 : (-1 << (32 - bits)) >>> 0;
    return ((have[i]! ^ word) & mask) === 0;
  });
}
