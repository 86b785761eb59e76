/**
 * The attributes of a path as one group is told them. Rule: nothing stored is edited; a stored block and a list of
 * edits, both in ascending order of code, are merged into the message.
 */

import { writeU32 } from "../base/bytes.ts";
import { narrowAsNumbers } from "../messages/attributes/as4.ts";
import { findAttribute, prependAs } from "../messages/attributes/block.ts";
import { ATTRIBUTE, CATEGORY, FLAG } from "../messages/attributes/codes.ts";
import type { AttributeStore } from "../rib/attribute-store.ts";
import type { AttributesId } from "../rib/ids.ts";
import { LOCAL_PREF_DEFAULT } from "../messages/attributes/summary.ts";
import { isReflection } from "./reflection.ts";
import type { Source } from "./source.ts";
import type { ExportTarget } from "./target.ts";


/** One attribute written instead of the stored one, or where there is none; without a value it is left out. */
interface Edit {
  readonly code: number;
  readonly flags: number;
  readonly value: Uint8Array | undefined;
}

/** One path to be written. */
export interface ExportedPath {
  readonly store: AttributeStore;
  readonly attributes: AttributesId;
  readonly source: Source;
}

/** Whether routes with this next hop travel in MP_REACH_NLRI in this group (RFC 4760; RFC 8950 for IPv4 over IPv6). */
export function usesMpReach(target: ExportTarget, nextHop: Uint8Array): boolean {
  return target.fields.family.addressOctets === 16 || nextHop.length !== 4;
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
  return path.store.block(path.attributes).length * 2 + EDITS_OCTETS_MAX;
}

/**
 * Writes the exported attributes without MP_REACH_NLRI at `at`; answers the offset after them. `out` must have room
 * for `exportedOctetsMax`.
 */
export function writeExported(out: Uint8Array, at: number, path: ExportedPath, target: ExportTarget): number {
  const { block, edits } = editsFor(path, target);
  let next = 0;
  for (let i = 0; i < block.length;) {
    const code = block[i + 1]!;
    const extended = (block[i]! & FLAG.EXTENDED_LENGTH) !== 0;
    const length = extended ? (block[i + 2]! << 8) | block[i + 3]! : block[i + 2]!;
    const end = i + (extended ? 4 : 3) + length;
    while (next < edits.length && edits[next]!.code < code) at = writeEdit(out, at, edits[next++]!);
    if (next < edits.length && edits[next]!.code === code) {
      at = writeEdit(out, at, edits[next++]!);
    } else {
      out.set(block.subarray(i, end), at);
      at += end - i;
    }
    i = end;
  }
  while (next < edits.length) at = writeEdit(out, at, edits[next++]!);
  return at;
}

function writeEdit(out: Uint8Array, at: number, edit: Edit): number {
  const { value } = edit;
  if (value === undefined) return at;
  const extended = value.length > 255;
  out[at++] = edit.flags | (extended ? FLAG.EXTENDED_LENGTH : 0);
  out[at++] = edit.code;
  if (extended) out[at++] = value.length >>> 8;
  out[at++] = value.length & 255;
  out.set(value, at);
  return at + value.length;
}

/** The stored block (AS_PATH already prepended towards eBGP) and the edits, ascending by code. */
function editsFor(path: ExportedPath, target: ExportTarget): { block: Uint8Array; edits: Edit[] } {
  const stored = path.store.block(path.attributes);
  const external = target.kind === "ebgp";
  const extended = external ? prependAs(stored, [target.localAsNumber]) : stored;
  const block = target.fields.fourOctetAs ? extended : narrowAsNumbers(extended);
  const edits = external ? externalEdits(path, target) : internalEdits(path, target);
  edits.push(nextHopEdit(path, target));
  return { block, edits: edits.sort((a, b) => a.code - b.code) };
}

function nextHopEdit(path: ExportedPath, target: ExportTarget): Edit {
  const nextHop = target.nextHopFor(path.store, path.attributes, path.source);
  const value = usesMpReach(target, nextHop) ? undefined : nextHop;
  return { code: ATTRIBUTE.NEXT_HOP, flags: CATEGORY.WELL_KNOWN, value };
}

/** Towards iBGP: LOCAL_PREF always (RFC 4271 §5.1.5), and RFC 4456 §8 where the path is reflected. */
function internalEdits(path: ExportedPath, target: ExportTarget): Edit[] {
  const edits: Edit[] = [];
  if (!path.store.hasLocalPref(path.attributes)) {
    edits.push({ code: ATTRIBUTE.LOCAL_PREF, flags: CATEGORY.WELL_KNOWN, value: word(LOCAL_PREF_DEFAULT) });
  }
  if (isReflection(path.source, target) && !path.source.own) {
    const flags = CATEGORY.OPTIONAL_NON_TRANSITIVE;
    edits.push({ code: ATTRIBUTE.ORIGINATOR_ID, flags, value: word(originatorAsSent(path, target)) });
    edits.push({ code: ATTRIBUTE.CLUSTER_LIST, flags, value: clusterListAsSent(path, target) });
  }
  return edits;
}

/** The source's cluster id, and before it the target's where they differ; then what was received. */
function clusterListAsSent(path: ExportedPath, target: ExportTarget): Uint8Array {
  const block = path.store.block(path.attributes);
  const found = findAttribute(block, 0, block.length, ATTRIBUTE.CLUSTER_LIST);
  const received = found === undefined ? new Uint8Array(0) : block.subarray(found.at, found.end);
  const from = path.source.clusterId;
  const to = target.fields.clusterId;
  const added = [to, from].filter((id, i) => id !== 0 && !(i === 1 && id === to));
  const value = new Uint8Array(added.length * 4 + received.length);
  added.forEach((id, i) => writeU32(value, i * 4, id));
  value.set(received, added.length * 4);
  return value;
}

/** Towards eBGP: what may not leave stays (RFC 4271 §5.1.4, §5.1.5; RFC 4456 §8; RFC 7311 §3.3), OTC is added. */
function externalEdits(path: ExportedPath, target: ExportTarget): Edit[] {
  const stays = [ATTRIBUTE.LOCAL_PREF, ATTRIBUTE.ORIGINATOR_ID, ATTRIBUTE.CLUSTER_LIST, ATTRIBUTE.AIGP];
  const edits: Edit[] = stays.map((code) => ({ code, flags: 0, value: undefined }));
  if (!path.source.own) edits.push({ code: ATTRIBUTE.MED, flags: 0, value: undefined });
  const { role } = target.fields;
  const addsOtc = role === "provider" || role === "peer" || role === "rs";
  if (addsOtc && !path.store.hasOtc(path.attributes)) {
    edits.push({ code: ATTRIBUTE.OTC, flags: CATEGORY.OPTIONAL_TRANSITIVE, value: word(target.localAsNumber) });
  }
  return edits;
}

function word(value: number): Uint8Array {
  const bytes = new Uint8Array(4);
  writeU32(bytes, 0, value);
  return bytes;
}
