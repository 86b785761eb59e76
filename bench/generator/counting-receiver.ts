/**
 * A receiver that counts. Where every prefix has one source it knows how many prefixes of each source came, by the
 * source of the first prefix of a message: all prefixes of a message have one next hop, and that names the source.
 */

import type { Diff, Expectation } from "./expectation.ts";
import { Receiver } from "./receiver.ts";

/** Complete when each source's prefixes came at least once by count, and its last prefix by itself. */
export class CountingReceiver extends Receiver {
  /** Prefixes that are still to come, by source. */
  readonly #left: Int16Array | Int32Array;
  /** 1 where a source's last prefix is still to come. */
  readonly #lastLeft: Uint8Array;
  #sourcesLeft = 0;
  #lastsLeft = 0;
  #announcedWanted = 0;
  #withdrawnWanted = 0;

  constructor(index: number, expectation: Expectation) {
    super(index, false, expectation);
    const { sources } = expectation.load;
    const isSmall = sources.every(({ prefixes }) => prefixes.length < 0x4000);
    this.#left = isSmall ? new Int16Array(sources.length) : new Int32Array(sources.length);
    this.#lastLeft = new Uint8Array(isSmall ? 0 : sources.length);
  }

  get complete(): boolean {
    return this.#sourcesLeft === 0 && this.#lastsLeft === 0 && this.announcedPrefixes >= this.#announcedWanted &&
      this.withdrawnPrefixes >= this.#withdrawnWanted;
  }

  get short(): string {
    return `${this.announcedPrefixes} of ${this.#announcedWanted} announced prefixes came, ${this.withdrawnPrefixes} ` +
      `of ${this.#withdrawnWanted} withdrawn ones; ${this.#sourcesLeft} sources are short`;
  }

  expect(diff: Diff): void {
    const { index } = this;
    const { load } = this.expectation;
    const own = diff.announcedOf[index] ?? 0;
    this.announcedPrefixes = 0;
    this.withdrawnPrefixes = 0;
    this.repeatedPrefixes = 0;
    this.#announcedWanted = diff.announced - own;
    this.#withdrawnWanted = diff.withdrawn - (diff.withdrawnOf[index] ?? 0);
    if (load.owners === undefined) return;
    this.#left.set(diff.announcedOf);
    this.#sourcesLeft = diff.sources - Number(own > 0);
    if (own > 0) this.#left[index] = 0;
    if (this.#lastLeft.length === 0) return;
    this.#lastLeft.set(diff.lastOf);
    if (index < this.#lastLeft.length) this.#lastLeft[index] = 0;
    this.#lastsLeft = this.#lastLeft.reduce((sum, left) => sum + left, 0);
  }

  /** Hot: once per UPDATE; constant where prefixes are of one length. */
  protected announced(bytes: Uint8Array, at: number, end: number): void {
    const { load } = this.expectation;
    const n = load.locate(bytes, load.addPath ? at + 4 : at);
    const count = this.#count(bytes, at, end);
    if (n === this.watched && this.watchedAt === 0) this.watchedAt = this.now;
    if (n < 0) {
      this.unknownPrefixes += count;
      return;
    }
    if (load.owners !== undefined) {
      const source = load.owners[n]!;
      if (source === this.index) {
        this.ownPrefixes += count;
        return;
      }
      const left = this.#left[source]!;
      if (left > 0) {
        this.#left[source] = left - count;
        if (left <= count) this.#sourcesLeft--;
      }
      if (left < count) this.repeatedPrefixes += count - Math.max(0, left);
      if (this.#lastLeft[source] === 1 && load.sources[source]!.last === n) {
        this.#lastLeft[source] = 0;
        this.#lastsLeft--;
      }
    }
    this.announcedPrefixes += count;
  }

  protected withdrawn(bytes: Uint8Array, at: number, end: number): void {
    const count = this.#count(bytes, at, end);
    this.withdrawnPrefixes += count;
    // With ADD-PATH a path may be replaced by another one under a new identifier.
    if (this.#withdrawnWanted === 0 && !this.expectation.load.addPath) this.repeatedPrefixes += count;
  }

  #count(bytes: Uint8Array, from: number, end: number): number {
    const { nlriOctets, addPath } = this.expectation.load;
    if (nlriOctets > 0) return (end - from) / nlriOctets;
    const skip = addPath ? 4 : 0;
    let count = 0;
    for (let at = from; at < end; at += 1 + ((bytes[at]! + 7) >>> 3)) {
      at += skip;
      count++;
    }
    return count;
  }
}
