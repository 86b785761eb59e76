/** Writes UPDATEs one after the other into one buffer. Rule: a message is filled before the next one starts. */

import type { Family } from "../daemons/daemon.ts";
import type { Prefixes } from "./prefixes.ts";
import { AFI, ATTRIBUTE, HEADER_OCTETS, MESSAGE, MESSAGE_OCTETS_MAX, nextHop } from "./wire.ts";

/** Routes of one attribute set: numbers `from` .. `to` - 1 of `prefixes`. */
export interface Run {
  readonly head: Uint8Array;
  readonly tail: Uint8Array;
  readonly version: number;
  readonly prefixes: Uint32Array;
  readonly from: number;
  readonly to: number;
}

/** Path identifier, length octet and 64 bits: the longest NLRI. */
const NLRI_OCTETS_MAX = 13;
const FIRST_OCTETS = 2 * MESSAGE_OCTETS_MAX;

/** UPDATEs of one source. */
export class UpdateWriter {
  readonly #family: Family;
  readonly #addPath: boolean;
  readonly #numbers: Prefixes;
  readonly #nextHop: readonly number[];
  #bytes: Buffer = Buffer.allocUnsafe(FIRST_OCTETS);
  #at = 0;
  #start = 0;

  constructor(family: Family, addPath: boolean, numbers: Prefixes, source: number) {
    this.#family = family;
    this.#addPath = addPath;
    this.#numbers = numbers;
    this.#nextHop = nextHop(family, source);
  }

  /** One message of a run; answers which route of it is next. */
  announce(run: Run): number {
    this.#begin();
    this.#u16(0);
    const lengthAt = this.#skip(2);
    let next: number;
    if (this.#family === "ipv4") {
      this.#attributes(run);
      this.#setU16(lengthAt, this.#at - lengthAt - 2);
      next = this.#nlri(run.prefixes, run.from, run.to, 0);
    } else {
      // RFC 7606 §5.1: MP_REACH_NLRI comes first.
      const valueAt = this.#mpStart(ATTRIBUTE.MP_REACH);
      this.#octets([this.#nextHop.length, ...this.#nextHop, 0]);
      next = this.#nlri(run.prefixes, run.from, run.to, run.head.length + run.tail.length + 7);
      this.#setU16(valueAt - 2, this.#at - valueAt);
      this.#attributes(run);
      this.#setU16(lengthAt, this.#at - lengthAt - 2);
    }
    this.#end();
    return next;
  }

  /** One message that withdraws `prefixes` from..to-1, as many as fit; answers which is next. */
  withdraw(prefixes: Uint32Array, from: number, to: number): number {
    this.#begin();
    const lengthAt = this.#skip(2);
    let next: number;
    if (this.#family === "ipv4") {
      next = this.#nlri(prefixes, from, to, 2);
      this.#setU16(lengthAt, this.#at - lengthAt - 2);
      this.#u16(0);
    } else {
      this.#setU16(lengthAt, 0);
      const attributesAt = this.#skip(2);
      const valueAt = this.#mpStart(ATTRIBUTE.MP_UNREACH);
      next = this.#nlri(prefixes, from, to, 0);
      this.#setU16(valueAt - 2, this.#at - valueAt);
      this.#setU16(attributesAt, this.#at - attributesAt - 2);
    }
    this.#end();
    return next;
  }

  /** Everything written, without the unused rest: a load keeps thousands of these. */
  finish(): Buffer {
    return Buffer.from(this.#bytes.subarray(0, this.#at));
  }

  #begin(): void {
    if (this.#at + MESSAGE_OCTETS_MAX > this.#bytes.length) {
      const longer = Buffer.allocUnsafe(2 * this.#bytes.length);
      this.#bytes.copy(longer, 0, 0, this.#at);
      this.#bytes = longer;
    }
    this.#start = this.#at;
    this.#bytes.fill(0xff, this.#at, this.#at + 16);
    this.#at += HEADER_OCTETS;
    this.#bytes[this.#at - 1] = MESSAGE.UPDATE;
  }

  #end(): void {
    this.#setU16(this.#start + 16, this.#at - this.#start);
  }

  /** Hot: once per route of every load. Leaves `reserve` octets of the message for what follows. */
  #nlri(prefixes: Uint32Array, from: number, to: number, reserve: number): number {
    const bytes = this.#bytes;
    const full = this.#start + MESSAGE_OCTETS_MAX - reserve - NLRI_OCTETS_MAX;
    let at = this.#at;
    let route = from;
    for (; route < to && at <= full; route++) {
      if (this.#addPath) {
        bytes[at] = bytes[at + 1] = bytes[at + 2] = 0;
        bytes[at + 3] = 1;
        at += 4;
      }
      at = this.#numbers.write(prefixes[route]!, bytes, at);
    }
    this.#at = at;
    return route;
  }

  #attributes({ head, tail, version }: Run): void {
    this.#octets(head);
    if (this.#family === "ipv4") this.#octets([0x40, ATTRIBUTE.NEXT_HOP, 4, ...this.#nextHop]);
    this.#octets([0x80, ATTRIBUTE.MED, 4, 0, 0, version >>> 8, version & 255]);
    this.#octets(tail);
  }

  /** Header of MP_REACH_NLRI or MP_UNREACH_NLRI with AFI and SAFI; answers where its value starts. */
  #mpStart(code: number): number {
    this.#octets([0x90, code, 0, 0, 0, AFI[this.#family], 1]);
    return this.#at - 3;
  }

  #octets(value: ArrayLike<number>): void {
    this.#bytes.set(value, this.#at);
    this.#at += value.length;
  }

  #u16(value: number): void {
    this.#setU16(this.#skip(2), value);
  }

  #setU16(at: number, value: number): void {
    this.#bytes[at] = value >>> 8;
    this.#bytes[at + 1] = value;
  }

  #skip(octets: number): number {
    this.#at += octets;
    return this.#at - octets;
  }
}
