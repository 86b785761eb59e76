/** Loads, read with the daemon's own decoder: they were written apart from it. */

import { describe, expect, it } from "vitest";
import { fixedPrefixes, PrefixTable } from "../../../bench/generator/prefixes.ts";
import { internetLoad } from "../../../bench/generator/internet.ts";
import { uniformLoad } from "../../../bench/generator/uniform.ts";
import type { Load } from "../../../bench/generator/load.ts";
import { decodeMessage } from "../../../src/messages/decode.ts";

interface Route { readonly prefix: string; readonly pathId?: number; readonly nextHop?: string }
interface Decoded {
  readonly announced: readonly Route[];
  readonly withdrawn: readonly Route[];
  readonly attributes: { readonly med?: number; readonly communities?: readonly string[];
    readonly asPath?: readonly { readonly asns: readonly number[] }[] };
  readonly faults: readonly unknown[];
}

/** Messages of a buffer, each checked for its length. */
function messagesOf(bytes: Buffer): Buffer[] {
  const found: Buffer[] = [];
  for (let at = 0; at < bytes.length; at += found.at(-1)!.length) {
    found.push(bytes.subarray(at, at + bytes.readUInt16BE(at + 16)));
    expect(found.at(-1)!.length).toBeLessThanOrEqual(4096);
  }
  return found;
}

function decoded(load: Load, bytes: Buffer): Decoded[] {
  const addPath = load.addPath ? [`${load.family}-unicast` as const] : [];
  const updates = messagesOf(bytes).map((message) =>
    decodeMessage(message, { ebgp: false, fourOctetAs: true, addPath }) as unknown as Decoded);
  expect(updates.flatMap(({ faults }) => faults)).toEqual([]);
  return updates;
}

const KINDS = (["ipv4", "ipv6"] as const).flatMap((family) => [true, false].map((addPath) => ({ family, addPath })));

describe("a uniform load", () => {
  it.each(KINDS)("announces and withdraws every prefix of a source once ($family, ADD-PATH $addPath)", (kind) => {
    const load = uniformLoad({ ...kind, sources: 3, each: 2_000, perSet: 1_500 });
    const updates = decoded(load, load.announcements(2, 77));
    const prefixes = updates.flatMap(({ announced }) => announced.map(({ prefix }) => prefix));
    expect(new Set(prefixes).size).toBe(2_000);
    expect(prefixes[0]).toBe(kind.family === "ipv4" ? "16.3.232.0/26" : "2001:db8:0:fa0::/64");
    expect(updates.every(({ attributes }) => attributes.med === 77)).toBe(true);
    expect(updates.flatMap(({ announced }) => announced).every(({ nextHop, pathId }) =>
      nextHop === (kind.family === "ipv4" ? "10.1.0.3" : "fd00::a01:3") && pathId === (kind.addPath ? 1 : undefined)))
      .toBe(true);
    const gone = decoded(load, load.withdrawals(2)).flatMap(({ withdrawn }) => withdrawn.map(({ prefix }) => prefix));
    expect(gone).toEqual(prefixes);
  });
  it("sends the last prefix of a large source alone, all of a small one in one message", () => {
    const large = uniformLoad({ family: "ipv4", addPath: false, sources: 2, each: 5_000, perSet: 5_000 });
    expect(decoded(large, large.announcements(0, 1)).at(-1)!.announced).toHaveLength(1);
    expect(large.sources[1]!.last).toBe(9_999);
    const small = uniformLoad({ family: "ipv4", addPath: false, sources: 2, each: 10, perSet: 10 });
    expect(decoded(small, small.announcements(1, 1)).map(({ announced }) => announced.length)).toEqual([10]);
    expect(small.sources[1]!.last).toBe(-1);
  });
  it("marks every n-th set with the community of the policies and no other", () => {
    const load = uniformLoad({ family: "ipv4", addPath: false, sources: 1, each: 3_000, perSet: 2, markedEvery: 3 });
    const marked = decoded(load, load.announcements(0, 1))
      .map(({ attributes }) => attributes.communities!.includes("64512:666"));
    expect(marked.slice(0, 4)).toEqual([true, false, false, true]);
    expect(load.isMarked(0, 1)).toBe(true);
    expect(load.isMarked(0, 2)).toBe(false);
  });
  it("changes one route in one message", () => {
    const load = uniformLoad({ family: "ipv6", addPath: false, sources: 1, each: 30, perSet: 10 });
    const [update] = decoded(load, load.change(0, 12, 9));
    expect(update!.announced.map(({ prefix }) => prefix)).toEqual(["2001:db8:0:c::/64"]);
    expect(update!.attributes.med).toBe(9);
  });
});

describe("an internet-like load", () => {
  const options = { addPath: false, sources: 3, prefixes: 6_000, seed: 5 } as const;
  it.each(["ipv4", "ipv6"] as const)("is the same for a seed and another for another (%s)", (family) => {
    const [first, again] = [internetLoad({ ...options, family }), internetLoad({ ...options, family })];
    expect(first.announcements(1, 3).equals(again.announcements(1, 3))).toBe(true);
    const other = internetLoad({ ...options, family, seed: 6 });
    expect(first.announcements(1, 3).equals(other.announcements(1, 3))).toBe(false);
  });
  it.each([["ipv4", 24, 0.605], ["ipv6", 48, 0.455]] as const)("has the shares of the real one (%s)",
    (family, commonest, share) => {
      const load = internetLoad({ ...options, family });
      const updates = load.sources.flatMap((_, source) => decoded(load, load.announcements(source, 1)));
      const prefixes = updates.flatMap(({ announced }) => announced.map(({ prefix }) => prefix));
      expect(new Set(prefixes).size).toBe(6_000);
      expect(load.owners).toBeDefined();
      const common = prefixes.filter((prefix) => prefix.endsWith(`/${commonest}`)).length / prefixes.length;
      expect(Math.abs(common - share)).toBeLessThan(0.03);
      const sets = load.sources.reduce((sum, { sets: of }) => sum + new Set(of).size, 0);
      expect(6_000 / sets).toBeGreaterThan(3); // 4.5 in a large table: one large set makes much of a small one
      expect(6_000 / sets).toBeLessThan(8);
      const hops = updates.map(({ attributes }) => attributes.asPath!.flatMap(({ asns }) => asns).length);
      const mean = hops.reduce((sum, length) => sum + length, 0) / hops.length;
      expect(mean).toBeGreaterThan(4);
      expect(mean).toBeLessThan(5);
      expect(prefixes.filter((prefix) => /^(0|10|127|22[4-9]|2[345]\d)\.|^fd/.test(prefix))).toEqual([]);
    });
});

describe("prefix numbers", () => {
  const bytes = new Uint8Array(32);
  it.each(["ipv4", "ipv6"] as const)("of a fixed length are found again, others are not (%s)", (family) => {
    const numbers = fixedPrefixes(family, 1_000_000);
    for (const n of [0, 1, 65_535, 999_999]) {
      numbers.write(n, bytes, 3);
      expect(numbers.locate(bytes, 3)).toBe(n);
    }
    numbers.write(1_000_000, bytes, 3);
    expect(numbers.locate(bytes, 3)).toBe(-1);
    numbers.write(5, bytes, 3);
    bytes[3]!--;
    expect(numbers.locate(bytes, 3)).toBe(-1);
  });
  it("of any length are found again through all growth, whatever follows them", () => {
    const table = new PrefixTable();
    for (let i = 0; i < 20_000; i++) expect(table.add((0x2000_0000 + i * 256) >>> 0, 0, 24)).toBe(i);
    const covering = table.add(0x2000_0000, 0, 16);
    const long = table.add(0x2000_0000, 0x8000_0000, 33);
    expect(table.add(0x2000_0000, 0, 24)).toBe(0);
    for (const n of [0, 4_095, 4_096, 19_999, covering, long]) {
      bytes.fill(0xff);
      table.write(n, bytes, 1);
      expect(table.locate(bytes, 1)).toBe(n);
      expect(table.write(n, bytes, 1)).toBe(2 + Math.ceil(bytes[1]! / 8));
    }
    expect(table.find(0x2000_0000, 0, 23)).toBe(-1);
  });
});
