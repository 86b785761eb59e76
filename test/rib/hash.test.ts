/** The keyed hash: every octet and the key count. */

import { describe, expect, it } from "vitest";
import { EMPTY } from "../../src/base/bytes.ts";
import { hashBytes, hashKey, hashWords } from "../../src/rib/hash.ts";

const KEY = hashKey(42);

describe("hashBytes", () => {
  it("depends on every octet, on the lengths and on where the second run starts", () => {
    const bytes = Uint8Array.from({ length: 23 }, (_, i) => i);
    const hashes = new Set<number>();
    const add = (...parts: [Uint8Array, number, number, Uint8Array, number, number]): void =>
      void hashes.add(hashBytes(KEY, ...parts));
    add(bytes, 0, 23, EMPTY, 0, 0);
    for (let i = 0; i < 23; i++) add(bytes.with(i, 200), 0, 23, EMPTY, 0, 0);
    for (let cut = 0; cut < 23; cut++) add(bytes, 0, cut, bytes, cut, 23);
    for (let end = 1; end < 23; end++) add(bytes, 0, end, EMPTY, 0, 0);
    expect(hashes.size).toBe(1 + 23 + 23 + 22);
  });

  it("is the same wherever the octets lie", () => {
    const a = Uint8Array.of(9, 1, 2, 3, 4, 5, 9);
    const b = Uint8Array.of(1, 2, 3, 4, 5);
    expect(hashBytes(KEY, a, 1, 6, EMPTY, 0, 0)).toBe(hashBytes(KEY, b, 0, 5, EMPTY, 0, 0));
  });
});

describe("a key", () => {
  it("changes what collides: no pair of words has one hash under all of many keys", () => {
    const words = Array.from({ length: 40 }, (_, i) => i * 64);
    const low = (seed: number): number[] => words.map((word) => hashWords(hashKey(seed), word, 26, 0) & 7);
    const equalTo = (value: number, i: number, values: number[]): string[] =>
      values.flatMap((other, j) => (j > i && other === value ? [`${i}/${j}`] : []));
    const together = (values: number[]): string[] => values.flatMap(equalTo);
    let always = new Set(together(low(0)));
    expect(always.size).toBeGreaterThan(0);
    for (let seed = 1; seed < 20; seed++) {
      const now = new Set(together(low(seed)));
      always = new Set([...always].filter((pair) => now.has(pair)));
    }
    expect(always.size).toBe(0);
  });

  it("spreads runs of prefixes evenly", () => {
    const buckets = new Array<number>(64).fill(0);
    for (let i = 0; i < 6_400; i++) buckets[hashWords(KEY, i << 6, 26, 0) & 63]!++;
    expect(Math.max(...buckets)).toBeLessThan(160);
    expect(Math.min(...buckets)).toBeGreaterThan(50);
  });

  it("takes fractions and large numbers", () => {
    const keys = [0.25, 0.5, 1, 2 ** 32, 2 ** 33].map((seed) => JSON.stringify(hashKey(seed)));
    expect(new Set(keys).size).toBe(keys.length);
  });
});
