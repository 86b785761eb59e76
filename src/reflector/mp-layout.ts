/**
 * Where MP_REACH_NLRI and MP_UNREACH_NLRI lie among the attributes of an UPDATE, and the rest as one block: the key of
 * attributes met before. Rule: anything but the usual form is left to the full reader, which knows every fault.
 */

import { EMPTY, Writer } from "../base/bytes.ts";
import { ATTRIBUTE, CATEGORY, FLAG } from "../messages/attributes/codes.ts";
import { familyOf } from "../messages/families.ts";
import type { FamilyRow } from "../messages/families.ts";

/** One multiprotocol attribute; mutable, one record serves all messages. */
export interface MpPlace {
  present: boolean;
  /** Undefined where we do not speak it. */
  family: FamilyRow | undefined;
  nextHopAt: number;
  nextHopEnd: number;
  nlriAt: number;
  nlriEnd: number;
}

function absent(): MpPlace {
  return { present: false, family: undefined, nextHopAt: 0, nextHopEnd: 0, nlriAt: 0, nlriEnd: 0 };
}

/** Locates; one instance serves all messages, each `locate` replaces what the last found. */
export class MpLayout {
  readonly reach: MpPlace = absent();
  readonly unreach: MpPlace = absent();
  /** The attributes without the multiprotocol ones: a range of the message, or of a copy where they lay between. */
  block: Uint8Array = EMPTY;
  blockAt = 0;
  blockEnd = 0;
  /** Whether the last attributes had the usual form. */
  usable = false;
  readonly #joined = new Writer();

  /** Locates the multiprotocol attributes in [at, end); false where the form is unusual. */
  locate(message: Uint8Array, at: number, end: number): boolean {
    this.reach.present = false;
    this.unreach.present = false;
    this.usable = false;
    let firstMp = -1;
    let lastMpEnd = -1;
    for (let i = at; i < end;) {
      if (i + 4 > end) return i + 3 === end && this.#finishAfterEmpty(message, at, end, i, firstMp, lastMpEnd);
      const wide = (message[i]! & FLAG.EXTENDED_LENGTH) !== 0;
      const valueAt = i + (wide ? 4 : 3);
      const next = valueAt + (wide ? (message[i + 2]! << 8) | message[i + 3]! : message[i + 2]!);
      if (next > end) return false;
      const code = message[i + 1]!;
      if (code === ATTRIBUTE.MP_REACH_NLRI || code === ATTRIBUTE.MP_UNREACH_NLRI) {
        if (lastMpEnd >= 0 && lastMpEnd !== i) return false;
        if (!this.#take(message, message[i]!, code, valueAt, next)) return false;
        if (firstMp < 0) firstMp = i;
        lastMpEnd = next;
      }
      i = next;
    }
    this.#keep(message, at, end, firstMp, lastMpEnd);
    return true;
  }

  /** The last attribute is empty and takes three octets: legal, but never multiprotocol. */
  #finishAfterEmpty(message: Uint8Array, at: number, end: number, last: number, firstMp: number,
    lastMpEnd: number): boolean {
    if (message[last + 2] !== 0 || (message[last]! & FLAG.EXTENDED_LENGTH) !== 0) return false;
    const code = message[last + 1]!;
    if (code === ATTRIBUTE.MP_REACH_NLRI || code === ATTRIBUTE.MP_UNREACH_NLRI) return false;
    this.#keep(message, at, end, firstMp, lastMpEnd);
    return true;
  }

  #keep(message: Uint8Array, at: number, end: number, firstMp: number, lastMpEnd: number): void {
    this.usable = true;
    this.block = message;
    this.blockAt = firstMp === at ? lastMpEnd : at;
    this.blockEnd = firstMp > at ? firstMp : end;
    if (firstMp <= at || lastMpEnd === end) return;
    const copy = this.#joined.clear().range(message, at, firstMp).range(message, lastMpEnd, end);
    this.block = copy.view();
    this.blockAt = 0;
    this.blockEnd = copy.length;
  }

  #take(message: Uint8Array, flags: number, code: number, at: number, end: number): boolean {
    const reach = code === ATTRIBUTE.MP_REACH_NLRI;
    const place = reach ? this.reach : this.unreach;
    const fixed = (flags & CATEGORY.OPTIONAL_TRANSITIVE) === CATEGORY.OPTIONAL_NON_TRANSITIVE;
    if (place.present || !fixed || end - at < (reach ? 5 : 3)) return false;
    place.present = true;
    place.family = familyOf((message[at]! << 8) | message[at + 1]!, message[at + 2]!);
    place.nextHopAt = at + 4;
    place.nextHopEnd = reach ? at + 4 + message[at + 3]! : at + 4;
    place.nlriAt = reach ? place.nextHopEnd + 1 : at + 3;
    place.nlriEnd = end;
    return place.nlriAt <= end;
  }
}
