/** Turns what a session said into the UPDATEs that take it back; done while nothing is measured. */

import type { Family } from "../daemons/daemon.ts";
import { ATTRIBUTE, HEADER_OCTETS, MESSAGE, MESSAGE_OCTETS_MAX, message } from "../generator/wire.ts";

/** How NLRI is written on all sessions. */
export interface NlriForm {
  readonly family: Family;
  /** Each prefix has a path identifier before it (RFC 7911). */
  readonly addPath: boolean;
}

const EXTENDED_LENGTH = 0x10;
/** MP_UNREACH_NLRI of IPv6 unicast: flags, type, two octets of length, AFI, SAFI. */
const MP_UNREACH_OCTETS = 7;
const NLRI_OCTETS_MAX = MESSAGE_OCTETS_MAX - HEADER_OCTETS - 4 - MP_UNREACH_OCTETS;

/** UPDATEs that withdraw every prefix that `pieces` (whole UPDATEs) announce; one that came twice goes twice. */
export function withdrawalsOf(pieces: readonly Buffer[], form: NlriForm): Buffer {
  const parts: Buffer[] = [];
  const nlri = Buffer.alloc(NLRI_OCTETS_MAX);
  let used = 0;
  const close = (): void => {
    if (used > 0) parts.push(withdraw(nlri.subarray(0, used), form));
    used = 0;
  };
  for (const piece of pieces) {
    for (let at = 0; at < piece.length; at += piece.readUInt16BE(at + 16)) {
      const block = announcedBy(piece.subarray(at, at + piece.readUInt16BE(at + 16)), form);
      for (let from = 0; from < block.length;) {
        const end = from + entryOctets(block, from, form);
        if (used + end - from > NLRI_OCTETS_MAX) close();
        used += block.copy(nlri, used, from, end);
        from = end;
      }
    }
  }
  close();
  return Buffer.concat(parts);
}

/** The NLRI that an UPDATE announces: its tail, or for IPv6 that of MP_REACH_NLRI (RFC 4760 §3). */
function announcedBy(update: Buffer, { family }: NlriForm): Buffer {
  const attributesAt = HEADER_OCTETS + 2 + update.readUInt16BE(HEADER_OCTETS) + 2;
  const attributesEnd = attributesAt + update.readUInt16BE(attributesAt - 2);
  if (family === "ipv4") return update.subarray(attributesEnd);
  for (let at = attributesAt; at < attributesEnd;) {
    const extended = ((update[at] ?? 0) & EXTENDED_LENGTH) !== 0;
    const valueAt = at + (extended ? 4 : 3);
    const end = valueAt + (extended ? update.readUInt16BE(at + 2) : update.readUInt8(at + 2));
    // AFI, SAFI, length of the next hop, next hop, a reserved octet.
    if (update[at + 1] === ATTRIBUTE.MP_REACH) return update.subarray(valueAt + 5 + update.readUInt8(valueAt + 3), end);
    at = end;
  }
  return update.subarray(0, 0);
}

function entryOctets(block: Buffer, at: number, { addPath }: NlriForm): number {
  const pathId = addPath ? 4 : 0;
  return pathId + 1 + ((block.readUInt8(at + pathId) + 7) >>> 3);
}

function withdraw(nlri: Buffer, { family }: NlriForm): Buffer {
  const length = (octets: number): Buffer => Buffer.from([octets >>> 8, octets & 255]);
  const body = family === "ipv4" ? [length(nlri.length), nlri, length(0)]
    : [length(0), length(MP_UNREACH_OCTETS + nlri.length), Buffer.from([0x90, 15]), length(3 + nlri.length),
      Buffer.from([0, 2, 1]), nlri];
  return message(MESSAGE.UPDATE, Buffer.concat(body));
}
