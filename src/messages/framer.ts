/**
 * Cuts a byte stream into messages. Rule: nobody else reads a message's length field, and it is checked before its
 * octets are waited for. Work is linear in the octets however the stream is cut; a whole message inside one chunk is
 * not copied, one that spans chunks is copied once.
 */

import { EMPTY } from "../base/bytes.ts";
import type { Fault } from "./fault.ts";
import { checkHeader, HEADER_OCTETS, MESSAGE_OCTETS_MAX } from "./header.ts";

/** One connection's input. A chunk must stay unchanged until `next` has answered undefined. */
export class Framer {
  /** The longest message that is accepted, in octets: 4096, or 65535 (RFC 8654) once OPENs were exchanged. */
  maxOctets: number = MESSAGE_OCTETS_MAX;

  readonly #chunks: Uint8Array[] = [];
  /** Where the unread part of the first chunk starts. */
  #at = 0;
  /** The start of a message that spans chunks: first a header's worth of octets, then the whole message. */
  #partial: Uint8Array = EMPTY;
  /** Octets that #partial holds so far. */
  #held = 0;
  #unread = 0;
  #fault: Fault | undefined;

  /** Octets that were pushed and not given out yet. */
  get bufferedOctets(): number {
    return this.#held + this.#unread;
  }

  /** Takes the next octets of the stream. After a fault they are dropped. */
  push(chunk: Uint8Array): void {
    if (this.#fault !== undefined || chunk.length === 0) return;
    this.#chunks.push(chunk);
    this.#unread += chunk.length;
  }

  /**
   * The next whole message with its header, as a view that is valid until the next push; undefined while octets are
   * missing; the fault of the header (1/1, 1/2, 1/3), and then that fault for ever.
   */
  next(): Uint8Array | Fault | undefined {
    if (this.#fault !== undefined) return this.#fault;
    if (this.#held > 0) return this.#nextFromPartial();
    const chunk = this.#chunks[0];
    if (chunk === undefined) return undefined;
    const at = this.#at;
    if (chunk.length - at < HEADER_OCTETS) return this.#nextFromPartial();
    const length = (chunk[at + 16]! << 8) | chunk[at + 17]!;
    const fault = checkHeader(chunk, at, length, this.maxOctets);
    if (fault !== undefined) return this.#fail(fault);
    if (chunk.length - at < length) return this.#nextFromPartial();
    this.#consume(length);
    return chunk.subarray(at, at + length);
  }

  /** Gathers one message from as many chunks as it takes. */
  #nextFromPartial(): Uint8Array | Fault | undefined {
    if (this.#held === 0) this.#partial = new Uint8Array(HEADER_OCTETS);
    if (this.#held < HEADER_OCTETS) {
      if (!this.#fill(HEADER_OCTETS)) return undefined;
    }
    const length = (this.#partial[16]! << 8) | this.#partial[17]!;
    if (this.#held === HEADER_OCTETS && this.#partial.length === HEADER_OCTETS) {
      const fault = checkHeader(this.#partial, 0, length, this.maxOctets);
      if (fault !== undefined) return this.#fail(fault);
      const header = this.#partial;
      this.#partial = new Uint8Array(length);
      this.#partial.set(header);
    }
    if (!this.#fill(length)) return undefined;
    const message = this.#partial; // given away for good: the next one gets memory of its own
    this.#partial = EMPTY;
    this.#held = 0;
    return message;
  }

  /** Copies from the chunks until #partial holds `octets`; false where they do not suffice. */
  #fill(octets: number): boolean {
    while (this.#held < octets) {
      const chunk = this.#chunks[0];
      if (chunk === undefined) return false;
      const take = Math.min(octets - this.#held, chunk.length - this.#at);
      this.#partial.set(chunk.subarray(this.#at, this.#at + take), this.#held);
      this.#held += take;
      this.#consume(take);
    }
    return true;
  }

  #consume(octets: number): void {
    this.#at += octets;
    this.#unread -= octets;
    if (this.#at < this.#chunks[0]!.length) return;
    this.#chunks.shift();
    this.#at = 0;
  }

  #fail(fault: Fault): Fault {
    this.#fault = fault;
    this.#chunks.length = 0;
    this.#at = 0;
    this.#partial = EMPTY;
    this.#held = 0;
    this.#unread = 0;
    return fault;
  }
}
