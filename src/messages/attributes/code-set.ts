/** A set of attribute type codes as 256 bits: one per message read, without a hash. */

/** Type codes; walked in ascending order. */
export class CodeSet {
  /** Signed 32-bit words in a plain array: made for every message, and a typed array costs ten times as much. */
  readonly #words = [0, 0, 0, 0, 0, 0, 0, 0];

  has(code: number): boolean {
    return (this.#words[code >>> 5]! & (1 << (code & 31))) !== 0;
  }

  add(code: number): void {
    this.#words[code >>> 5] = this.#words[code >>> 5]! | (1 << (code & 31));
  }

  /** The smallest code in the set that is at least `from`; 256 where there is none. */
  next(from: number): number {
    for (let code = from; code < 256; code = (code | 31) + 1) {
      const rest = this.#words[code >>> 5]! >>> (code & 31);
      if (rest !== 0) return code + 31 - Math.clz32(rest & -rest);
    }
    return 256;
  }
}
