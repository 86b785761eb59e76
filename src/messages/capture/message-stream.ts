/**
 * BGP messages of one direction of a connection. Rule: a stream seen from its start is framed from its first octet;
 * one that was joined midway, lost octets or broke is searched for the next marker with a believable header.
 */

import { EMPTY } from "../../base/bytes.ts";
import type { Fault } from "../fault.ts";
import { isFault } from "../fault.ts";
import { Framer } from "../framer.ts";
import { checkHeader, EXTENDED_MESSAGE_OCTETS_MAX, HEADER_OCTETS, MESSAGE_OCTETS_MAX } from "../header.ts";
import type { StreamChunk } from "./tcp-stream.ts";

/** Frames one direction and finds its way back in after a hole. */
export class MessageStream {
  #framer = new Framer();
  #found: boolean;
  #octetsMax: number;
  #tail: Uint8Array = EMPTY;

  /** `fromStart`: the first octet given is the first of the stream. */
  constructor(fromStart: boolean) {
    this.#found = fromStart;
    this.#octetsMax = fromStart ? MESSAGE_OCTETS_MAX : EXTENDED_MESSAGE_OCTETS_MAX;
    this.#framer.maxOctets = this.#octetsMax;
  }

  /** Octets of a message that has begun and not ended. */
  get unfinishedOctets(): number {
    return this.#framer.bufferedOctets;
  }

  /** Both OPENs are known: messages may be this long (RFC 8654). */
  limit(octetsMax: number): void {
    this.#octetsMax = octetsMax;
    this.#framer.maxOctets = octetsMax;
  }

  /** Messages, as views valid until the next one, and what broke the stream. */
  *push(chunk: StreamChunk): Generator<Uint8Array | Fault> {
    if (chunk.afterGap) this.#lose(this.#found && this.#framer.bufferedOctets === 0 && startsMessage(chunk.bytes));
    const bytes = this.#found ? chunk.bytes : this.#search(chunk.bytes);
    this.#framer.push(bytes);
    for (let next = this.#framer.next(); next !== undefined; next = this.#framer.next()) {
      if (isFault(next)) {
        yield next;
        return this.#lose(false);
      }
      yield next;
    }
  }

  #lose(stillFound: boolean): void {
    this.#found = stillFound;
    this.#tail = EMPTY;
    this.#framer = new Framer();
    this.#framer.maxOctets = this.#octetsMax;
  }

  /** The octets from the first believable header on; none, and the last few kept, where there is none yet. */
  #search(chunk: Uint8Array): Uint8Array {
    const bytes = new Uint8Array(this.#tail.length + chunk.length);
    bytes.set(this.#tail);
    bytes.set(chunk, this.#tail.length);
    for (let at = bytes.indexOf(0xff); at >= 0; at = bytes.indexOf(0xff, at + 1)) {
      if (!startsMessage(bytes.subarray(at))) continue;
      this.#found = true;
      this.#tail = EMPTY;
      return bytes.subarray(at);
    }
    this.#tail = bytes.slice(Math.max(0, bytes.length - HEADER_OCTETS + 1));
    return EMPTY;
  }
}

function startsMessage(bytes: Uint8Array): boolean {
  if (bytes.length < HEADER_OCTETS) return false;
  return checkHeader(bytes, 0, (bytes[16]! << 8) | bytes[17]!, EXTENDED_MESSAGE_OCTETS_MAX) === undefined;
}
