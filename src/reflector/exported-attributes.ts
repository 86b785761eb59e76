/**
 * The attributes of a path as one group is told them. Rule: nothing stored is edited; the stored block is copied in
 * runs, and a row for each code that export can change writes its own between them. Nothing is allocated.
 */

import { copyOctets, writeU32 } from "../base/bytes.ts";
import { narrowAsNumbers } from "../messages/attributes/as4.ts";
import { addCommunity, attributeLength, prependAs, setAttribute } from "../messages/attributes/block.ts";
import { ATTRIBUTE, CATEGORY, COMMUNITY, FLAG } from "../messages/attributes/codes.ts";
import { encodeWords } from "../messages/attributes/row.ts";
import type { RoleName } from "../config/intent.ts";
import type { AttributeStore } from "../rib/attribute-store.ts";
import type { AttributesId } from "../rib/ids.ts";
import { LOCAL_PREF_DEFAULT, WELL_KNOWN } from "../messages/attributes/summary.ts";
import { isReflection } from "./reflection.ts";
import type { Source } from "./source.ts";
import type { ExportTarget } from "./target.ts";

/** One path to be written. */
export interface ExportedPath {
  readonly store: AttributeStore;
  readonly attributes: AttributesId;
  readonly source: Source;
}

/**
 * Whether routes with a next hop of so many octets travel in MP_REACH_NLRI in this group (RFC 4760; RFC 8950 for IPv4
 * over IPv6).
 */
export function usesMpReach(target: ExportTarget, nextHopOctets: number): boolean {
  return target.fields.family.addressOctets === 16 || nextHopOctets !== 4;
}

/** ORIGINATOR_ID as it will be sent: the received one, or the source's BGP Identifier; 0 where none is sent. */
export function originatorAsSent(path: ExportedPath, target: ExportTarget): number {
  if (!isReflection(path.source, target) || path.source.own) return 0;
  const received = path.store.originatorId(path.attributes);
  return received !== 0 ? received : path.source.routerId;
}

/** Octets that edits can add to a stored block, other than what is prepended to AS_PATH. */
const EDITS_OCTETS_MAX = 96;

/**
 * An upper bound on the octets of the exported attributes without MP_REACH_NLRI: cheap, so that only routes near the
 * limit are measured exactly.
 */
export function exportedOctetsMax(path: ExportedPath): number {
  return path.store.blockOctets(path.attributes) * 2 + EDITS_OCTETS_MAX;
}

/**
 * Writes the exported attributes without MP_REACH_NLRI at `at`; answers the offset after them. `out` must have room
 * for `exportedOctetsMax`. Hot, once for each set of a table that somebody is told: no view is made of what is stored.
 */
export function writeExported(out: Uint8Array, at: number, path: ExportedPath, target: ExportTarget): number {
  const { store, attributes } = path;
  if (target.kind !== "ebgp" && target.fields.fourOctetAs && !isDepreferenced(path, target)) {
    const blockAt = store.blockAt(attributes);
    return writeEdited(out, at, path, target, store.page(attributes), blockAt, blockAt + store.blockOctets(attributes));
  }
  const block = blockFor(path, target);
  return writeEdited(out, at, path, target, block, 0, block.length);
}

/** The block [blockAt, blockEnd) with its edits. */
function writeEdited(out: Uint8Array, at: number, path: ExportedPath, target: ExportTarget, block: Uint8Array,
  blockAt: number, blockEnd: number): number {
  let copied = blockAt;
  let place = blockAt;
  for (const edit of target.kind === "ebgp" ? TOWARDS_EBGP : TOWARDS_IBGP) {
    while (place < blockEnd && block[place + 1]! < edit.code) place = attributeEnd(block, place);
    const there = place < blockEnd && block[place + 1] === edit.code;
    if (edit.isLeft(path, target, there)) continue;
    copyOctets(block, copied, place, out, at);
    const end = there ? attributeEnd(block, place) : place;
    at = edit.write(out, at + place - copied, path, target, block, place, end);
    place = end;
    copied = end;
  }
  copyOctets(block, copied, blockEnd, out, at);
  return at + blockEnd - copied;
}

/** Whether the path is told to somebody who does not know what LLGR_STALE means (RFC 9494 §4.6). */
function isDepreferenced({ store, attributes }: ExportedPath, { fields }: ExportTarget): boolean {
  return fields.longLived === "depreferenced" && (store.flags(attributes) & WELL_KNOWN.LLGR_STALE) !== 0;
}

/** LOCAL_PREF 0 and NO_EXPORT (RFC 9494 §4.6). */
function depreferenced(block: Uint8Array): Uint8Array {
  const last = setAttribute(block, ATTRIBUTE.LOCAL_PREF, CATEGORY.WELL_KNOWN, encodeWords([0]));
  return addCommunity(last, [COMMUNITY.NO_EXPORT]);
}

/** The stored block, made a last resort, AS_PATH prepended towards eBGP, narrowed for an old speaker. */
function blockFor(path: ExportedPath, target: ExportTarget): Uint8Array {
  const block = path.store.block(path.attributes);
  const stored = isDepreferenced(path, target) ? depreferenced(block) : block;
  const extended = target.kind === "ebgp" ? prependAs(stored, [target.localAsNumber]) : stored;
  return target.fields.fourOctetAs ? extended : narrowAsNumbers(extended);
}

/** What export does to one attribute. */
interface Edit {
  readonly code: number;
  /** Whether the attribute goes out as stored, or stays absent; `there`: it is in the block. */
  isLeft(path: ExportedPath, target: ExportTarget, there: boolean): boolean;
  /** Writes it at `at`, or nothing; the offset behind. [place, end): it in the block, or where it belongs. */
  write(out: Uint8Array, at: number, path: ExportedPath, target: ExportTarget, block: Uint8Array,
    place: number, end: number): number;
}

const nothing: Edit["write"] = (_, at) => at;

/** An attribute that stays inside. */
function dropped(code: number): Edit {
  return { code, isLeft: (_path, _target, there) => !there, write: nothing };
}

/** What RFC 4456 §8 stamps on a path that is reflected. */
function stamped(code: number, write: Edit["write"]): Edit {
  return { code, isLeft: (path, target) => !isReflection(path.source, target) || path.source.own, write };
}

const NEXT_HOP_EDIT: Edit = {
  code: ATTRIBUTE.NEXT_HOP,
  isLeft: (path, target, there) => there && target.keepsNextHop(path.store, path.attributes, path.source) &&
    path.store.nextHopOctets(path.attributes) === 4 && target.fields.family.addressOctets === 4,
  write: writeNextHop,
};

/** Ascending by code, as the other table. */
const TOWARDS_IBGP: readonly Edit[] = [
  NEXT_HOP_EDIT,
  { // RFC 4271 §5.1.5
    code: ATTRIBUTE.LOCAL_PREF,
    isLeft: (_path, _target, there) => there,
    write: (out, at) => writeWord(out, at, ATTRIBUTE.LOCAL_PREF, CATEGORY.WELL_KNOWN, LOCAL_PREF_DEFAULT),
  },
  stamped(ATTRIBUTE.ORIGINATOR_ID, (out, at, path, target) =>
    writeWord(out, at, ATTRIBUTE.ORIGINATOR_ID, CATEGORY.OPTIONAL_NON_TRANSITIVE, originatorAsSent(path, target))),
  stamped(ATTRIBUTE.CLUSTER_LIST, writeClusterList),
];

const TOWARDS_EBGP: readonly Edit[] = [
  NEXT_HOP_EDIT,
  { // RFC 4271 §5.1.4
    code: ATTRIBUTE.MED,
    isLeft: (path, _, there) => !there || path.source.own,
    write: nothing,
  },
  dropped(ATTRIBUTE.LOCAL_PREF), // RFC 4271 §5.1.5
  dropped(ATTRIBUTE.ORIGINATOR_ID), // RFC 4456 §8
  dropped(ATTRIBUTE.CLUSTER_LIST),
  dropped(ATTRIBUTE.AIGP), // RFC 7311 §3.3
  { // RFC 9234 §5
    code: ATTRIBUTE.OTC,
    isLeft: (_, target, there) => there || !ADDS_OTC.includes(target.role),
    write: (out, at, _, target) =>
      writeWord(out, at, ATTRIBUTE.OTC, CATEGORY.OPTIONAL_TRANSITIVE, target.localAsNumber),
  },
];

/** Roles of ours that mark what they send (RFC 9234 §5). */
const ADDS_OTC: readonly (RoleName | undefined)[] = ["provider", "peer", "rs"];

function writeNextHop(out: Uint8Array, at: number, path: ExportedPath, target: ExportTarget): number {
  const nextHop = target.nextHopFor(path.store, path.attributes, path.source);
  if (usesMpReach(target, nextHop.length)) return at;
  at = writeHeader(out, at, ATTRIBUTE.NEXT_HOP, CATEGORY.WELL_KNOWN, nextHop.length);
  copyOctets(nextHop, 0, nextHop.length, out, at);
  return at + nextHop.length;
}

/** The source's cluster id, and before it the target's where they differ; then what was received. */
function writeClusterList(out: Uint8Array, at: number, path: ExportedPath, target: ExportTarget, block: Uint8Array,
  place: number, end: number): number {
  const received = end === place ? place : end - attributeLength(block, place);
  const from = path.source.clusterId;
  const to = target.fields.clusterId;
  const added = (to !== 0 ? 4 : 0) + (from !== 0 && from !== to ? 4 : 0);
  at = writeHeader(out, at, ATTRIBUTE.CLUSTER_LIST, CATEGORY.OPTIONAL_NON_TRANSITIVE, added + end - received);
  if (to !== 0) writeU32(out, at, to);
  if (from !== 0 && from !== to) writeU32(out, at + added - 4, from);
  copyOctets(block, received, end, out, at + added);
  return at + added + end - received;
}

function writeWord(out: Uint8Array, at: number, code: number, flags: number, value: number): number {
  at = writeHeader(out, at, code, flags, 4);
  writeU32(out, at, value);
  return at + 4;
}

function writeHeader(out: Uint8Array, at: number, code: number, flags: number, length: number): number {
  const wide = length > 255;
  out[at++] = wide ? flags | FLAG.EXTENDED_LENGTH : flags;
  out[at++] = code;
  if (wide) out[at++] = length >>> 8;
  out[at++] = length;
  return at;
}

function attributeEnd(block: Uint8Array, at: number): number {
  return at + ((block[at]! & FLAG.EXTENDED_LENGTH) === 0 ? 3 : 4) + attributeLength(block, at);
}
