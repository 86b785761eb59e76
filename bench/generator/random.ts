/** Chance that repeats: the same seed, the same load, on every machine. */

/** A generator of numbers: mulberry32, 2^32 states. */
export class SeededRandom {
  #state: number;

  constructor(seed: number) {
    this.#state = seed | 0;
  }

  /** 0 .. below 1. */
  fraction(): number {
    this.#state = (this.#state + 0x6d2b_79f5) | 0;
    let mixed = Math.imul(this.#state ^ (this.#state >>> 15), this.#state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  }

  /** 0 .. limit - 1. */
  below(limit: number): number {
    return Math.floor(this.fraction() * limit);
  }

  chance(probability: number): boolean {
    return this.fraction() < probability;
  }

  /** 1 .. most, at least k with probability k^-exponent: many small, few large. */
  skewed(exponent: number, most: number): number {
    return Math.min(most, Math.floor((1 - this.fraction()) ** (-1 / exponent)));
  }

  /** 0 .. limit - 1, the lower ones far more often: the popularity of networks. */
  popular(limit: number): number {
    return Math.min(limit - 1, Math.floor(limit ** this.fraction()) - 1);
  }
}

/** Values with shares that add up to anything. */
export class Distribution {
  readonly #values: readonly number[];
  readonly #sums: readonly number[];

  constructor(shares: Readonly<Record<number, number>>) {
    let sum = 0;
    this.#values = Object.keys(shares).map(Number);
    this.#sums = Object.values(shares).map((share) => (sum += share));
  }

  draw(random: SeededRandom): number {
    const at = random.fraction() * this.#sums.at(-1)!;
    return this.#values[this.#sums.findIndex((sum) => at < sum)]!;
  }
}
