/**
 * One direction of a TCP connection, put in order: retransmissions are dropped, overlaps cut, early segments held
 * back. Rule: memory is bounded; a hole that the capture never fills is skipped and said.
 */

/** Octets in order; `afterGap` where octets before them are missing. */
export interface StreamChunk { readonly bytes: Uint8Array; readonly afterGap: boolean }

interface Held { readonly sequence: number; readonly bytes: Uint8Array }

/** Octets held back for a missing segment before the hole is given up: several receive windows of a BGP speaker. */
const HELD_OCTETS_MAX = 8 * 1024 * 1024;

/** `a - b` in sequence space (RFC 9293 §3.4). */
const distance = (a: number, b: number): number => (a - b) | 0;

/** Puts the segments of one direction in order. */
export class TcpStream {
  #next: number | undefined;
  #held: Held[] = [];
  #heldOctets = 0;

  /** Starts where a SYN with this sequence number says. */
  start(sequence: number): void {
    this.#next = (sequence + 1) >>> 0;
    this.#held = [];
    this.#heldOctets = 0;
  }

  /** Whether this SYN is the one the stream started with, seen again, or the stream has taken nothing since. */
  startedAt(sequence: number): boolean {
    return this.#next === ((sequence + 1) >>> 0);
  }

  /** Takes one segment; what can be read in order now. Views into the segments given. */
  push(sequence: number, payload: Uint8Array): StreamChunk[] {
    if (payload.length === 0) return [];
    const first = this.#next === undefined;
    this.#next ??= sequence;
    this.#hold(sequence, payload);
    const ready = this.#ready(first);
    return this.#heldOctets > HELD_OCTETS_MAX ? [...ready, ...this.flush()] : ready;
  }

  /** The receiver has acknowledged up to here: what it has and we have not, the capture missed. */
  acknowledged(sequence: number): StreamChunk[] {
    const lowest = this.#held[0];
    if (lowest === undefined || distance(sequence, lowest.sequence + lowest.bytes.length) < 0) return [];
    return this.#skipHole(lowest);
  }

  /** Everything still held, holes skipped: at the end of the capture. */
  flush(): StreamChunk[] {
    const chunks: StreamChunk[] = [];
    for (let lowest = this.#held[0]; lowest !== undefined; lowest = this.#held[0]) {
      chunks.push(...this.#skipHole(lowest));
    }
    return chunks;
  }

  #skipHole(lowest: Held): StreamChunk[] {
    this.#next = lowest.sequence;
    return this.#ready(true);
  }

  #hold(sequence: number, bytes: Uint8Array): void {
    let at = this.#held.length;
    while (at > 0 && distance(this.#held[at - 1]!.sequence, sequence) > 0) at--;
    const before = this.#held[at - 1];
    const twin = before?.sequence === sequence;
    if (twin && before.bytes.length >= bytes.length) return;
    if (twin) this.#heldOctets -= before.bytes.length;
    this.#held.splice(twin ? at - 1 : at, twin ? 1 : 0, { sequence, bytes });
    this.#heldOctets += bytes.length;
  }

  #ready(afterGap: boolean): StreamChunk[] {
    const chunks: StreamChunk[] = [];
    let taken = 0;
    for (const { sequence, bytes } of this.#held) {
      const known = distance(this.#next ?? sequence, sequence);
      if (known < 0) break;
      taken++;
      this.#heldOctets -= bytes.length;
      if (known >= bytes.length) continue;
      chunks.push({ bytes: bytes.subarray(known), afterGap: afterGap && chunks.length === 0 });
      this.#next = (sequence + bytes.length) >>> 0;
    }
    this.#held.splice(0, taken);
    return chunks;
  }
}
