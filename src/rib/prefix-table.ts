/**
 * The prefixes of one address family as dense ids. Rule: nothing is allocated per prefix but its row; the address is
 * four words with the bits past its length zero (IPv4: the first word only).
 */

import { formatIpv4, formatIpv6 } from "../base/address.ts";
import { writeU32 } from "../base/bytes.ts";
import { HashIndex } from "./hash-index.ts";
import { hashKey, hashWords } from "./hash.ts";
import type { HashKey } from "./hash.ts";
import { NO_PREFIX } from "./ids.ts";
import type { PathIndex, PrefixId } from "./ids.ts";
import { Rows } from "./rows.ts";

/** Fields of a row. The last three are there in tables of 16 octets only. */
const HASH = 0;
const NEXT = 1;
/** Length in bits 0-7, then LIVE, then the marks of the Rib. */
const META = 2;
const FIRST_PATH = 3;
const W0 = 4;
const W1 = 5;
const W2 = 6;
const W3 = 7;

const LENGTH_MASK = 0xff;
const LIVE = 0x100;

/** Marks that the Rib keeps on a prefix. */
export const PREFIX_MARK = { dirty: 0x200, inLimbo: 0x400 } as const;

/** The prefixes of one family, by id. */
export class PrefixTable {
  readonly #rows: Rows;
  readonly #index: HashIndex;
  readonly #key: HashKey;
  readonly #wide: boolean;
  /** Words and length of the run that was hashed last, and its hash. */
  readonly #run = new Int32Array(5).fill(-1);
  #runBase = 0;
  /** Live prefixes of each length, so that a longest match asks only for lengths that exist. */
  readonly #ofLength: number[] = new Array<number>(129).fill(0);

  /** `seed`: the secret of this process's hashes. */
  constructor(addressOctets: 4 | 16, seed: number) {
    this.#wide = addressOctets === 16;
    this.#rows = new Rows(this.#wide ? W3 + 1 : W0 + 1);
    this.#index = new HashIndex(this.#rows, HASH, NEXT);
    this.#key = hashKey(seed);
  }

  /** Live prefixes. */
  get size(): number {
    return this.#rows.size;
  }

  /** No live id is greater: ids are 1..idsMax. */
  get idsMax(): number {
    return this.#rows.idsMax;
  }

  get octets(): number {
    return this.#rows.octets + this.#index.octets;
  }

  /** The id of a prefix, added where absent. */
  intern(w0: number, w1: number, w2: number, w3: number, length: number): PrefixId {
    const hash = this.#hash(w0, w1, w2, w3, length);
    const found = this.#search(hash, w0, w1, w2, w3, length);
    return found !== 0 ? found : this.#add(hash, w0, w1, w2, w3, length);
  }

  /** The id of a prefix, or 0 where it is not in the table. */
  find(w0: number, w1: number, w2: number, w3: number, length: number): PrefixId {
    return this.#search(this.#hash(w0, w1, w2, w3, length), w0, w1, w2, w3, length);
  }

  /** Frees an id; the caller guarantees that nothing refers to it. */
  release(id: PrefixId): void {
    this.#ofLength[this.lengthOf(id)]!--;
    this.#index.remove(id);
    this.#rows.give(id);
  }

  isLive(id: PrefixId): boolean {
    return id > 0 && (this.#rows.peek(id, META) & LIVE) !== 0;
  }

  w0(id: PrefixId): number {
    return this.#rows.get(id, W0);
  }

  w1(id: PrefixId): number {
    return this.#wide ? this.#rows.get(id, W1) : 0;
  }

  w2(id: PrefixId): number {
    return this.#wide ? this.#rows.get(id, W2) : 0;
  }

  w3(id: PrefixId): number {
    return this.#wide ? this.#rows.get(id, W3) : 0;
  }

  lengthOf(id: PrefixId): number {
    return this.#rows.get(id, META) & LENGTH_MASK;
  }

  /** Octets that `writeNlri` writes. */
  nlriOctets(id: PrefixId): number {
    return 1 + ((this.lengthOf(id) + 7) >>> 3);
  }

  /**
   * Writes length and address as NLRI (RFC 4271 §4.3) at `at`; answers the offset behind it. Whole words are written:
   * `into` has room for the longest NLRI, whatever the length, and what is behind the answer means nothing.
   */
  writeNlri(id: PrefixId, into: Uint8Array, at: number): number {
    const rows = this.#rows;
    const page = rows.pages[id >>> rows.shift]!;
    const row = (id & rows.mask) * rows.stride;
    const length = page[row + META]! & LENGTH_MASK;
    into[at] = length;
    const end = at + 1 + ((length + 7) >>> 3);
    for (let i = at + 1, field = row + W0; i < end; i += 4, field++) writeU32(into, i, page[field]!);
    return end;
  }

  /** The text of a prefix, such as 10.0.0.0/26. */
  format(id: PrefixId): string {
    const length = this.lengthOf(id);
    if (!this.#wide) return `${formatIpv4(this.w0(id))}/${length}`;
    const bytes = new Uint8Array(16);
    for (let i = 0; i < 4; i++) writeU32(bytes, 4 * i, this.#rows.get(id, W0 + i));
    return `${formatIpv6(bytes)}/${length}`;
  }

  /** The longest prefix that covers an address and that `accept` takes; 0 for none. */
  longestMatch(w0: number, w1: number, w2: number, w3: number, accept: (id: PrefixId) => boolean): PrefixId {
    for (let length = this.#wide ? 128 : 32; length >= 0; length--) {
      if (this.#ofLength[length] === 0) continue;
      const id = this.find(
        w0 & maskOf(length), w1 & maskOf(length - 32), w2 & maskOf(length - 64), w3 & maskOf(length - 96), length,
      );
      if (id !== 0 && accept(id)) return id;
    }
    return NO_PREFIX;
  }

  /** The first path of a prefix; the Rib's column, kept in the same row. */
  firstPath(id: PrefixId): PathIndex {
    return this.#rows.get(id, FIRST_PATH) as PathIndex;
  }

  setFirstPath(id: PrefixId, path: PathIndex): void {
    this.#rows.set(id, FIRST_PATH, path);
  }

  hasMark(id: PrefixId, mark: number): boolean {
    return (this.#rows.get(id, META) & mark) !== 0;
  }

  /** Answers whether it had the mark not yet. */
  setMark(id: PrefixId, mark: number): boolean {
    const { pages, shift, stride, mask } = this.#rows;
    const page = pages[id >>> shift]!;
    const at = (id & mask) * stride + META;
    const before = page[at]!;
    page[at] = before | mark;
    return (before & mark) === 0;
  }

  clearMark(id: PrefixId, mark: number): void {
    this.#rows.set(id, META, this.#rows.get(id, META) & ~mark);
  }

  /**
   * Prefixes that differ in their last eight bits only have consecutive hashes, from a place that nobody can know: runs
   * of blocks, as peers announce them, then fall into buckets side by side (measured: a third off a new prefix).
   */
  #hash(w0: number, w1: number, w2: number, w3: number, length: number): number {
    const spare = 31 - ((length - 1) & 31);
    const mask = 0xff << spare;
    const at = (length - 1) >>> 5;
    const word = !this.#wide ? w0 : at === 1 ? w1 : at === 2 ? w2 : at === 3 ? w3 : w0;
    const upper = word & ~mask;
    return (this.#baseOf(upper, w0, w1, w2, w3, length, at) + ((word & mask) >>> spare)) | 0;
  }

  /** Where the run of a prefix starts. `upper`: the word at `at` without its last eight bits. The last one is kept. */
  #baseOf(upper: number, w0: number, w1: number, w2: number, w3: number, length: number, at: number): number {
    const run = this.#run;
    if (!this.#wide) {
      if (run[0] === upper && run[4] === length) return this.#runBase;
      run[0] = upper;
      run[4] = length;
      return (this.#runBase = hashWords(this.#key, upper, length, 0));
    }
    const a = at === 0 || length === 0 ? upper : w0 | 0;
    const b = at === 1 ? upper : w1 | 0;
    const c = at === 2 ? upper : w2 | 0;
    const d = at === 3 ? upper : w3 | 0;
    if (run[0] === a && run[1] === b && run[2] === c && run[3] === d && run[4] === length) return this.#runBase;
    run[0] = a;
    run[1] = b;
    run[2] = c;
    run[3] = d;
    run[4] = length;
    return (this.#runBase = hashWords(this.#key, c, d, hashWords(this.#key, a, b ^ length, 0)));
  }

  /** Hot: the page is fetched once for each row of the chain. */
  #search(hash: number, w0: number, w1: number, w2: number, w3: number, length: number): PrefixId {
    const rows = this.#rows;
    const { pages, shift, mask, stride } = rows;
    const wide = this.#wide;
    for (let id = this.#index.first(hash); id !== 0;) {
      const page = pages[id >>> shift]!;
      const row = (id & mask) * stride;
      if (
        (page[row + HASH]! | 0) === hash && page[row + W0] === w0 >>> 0 &&
        (page[row + META]! & LENGTH_MASK) === length &&
        (!wide || (page[row + W1] === w1 >>> 0 && page[row + W2] === w2 >>> 0 && page[row + W3] === w3 >>> 0))
      ) return id as PrefixId;
      id = page[row + NEXT]!;
    }
    return NO_PREFIX;
  }

  #add(hash: number, w0: number, w1: number, w2: number, w3: number, length: number): PrefixId {
    const rows = this.#rows;
    const id = rows.take();
    const page = rows.pages[id >>> rows.shift]!;
    const row = (id & rows.mask) * rows.stride;
    page[row + META] = length | LIVE;
    page[row + FIRST_PATH] = 0;
    page[row + W0] = w0;
    if (this.#wide) {
      page[row + W1] = w1;
      page[row + W2] = w2;
      page[row + W3] = w3;
    }
    this.#index.add(id, hash);
    this.#ofLength[length]!++;
    return id as PrefixId;
  }
}

/** The mask of the first `bits` bits of a word; bits below 0 count as 0, above 32 as 32. */
function maskOf(bits: number): number {
  return bits <= 0 ? 0 : bits >= 32 ? -1 : -1 << (32 - bits);
}
