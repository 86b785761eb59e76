/** The prefix table: against a map under collisions, and its text and octets. */

import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { parseAddress } from "../../src/base/address.ts";
import { readU32, toHex } from "../../src/base/bytes.ts";
import { HashIndex } from "../../src/rib/hash-index.ts";
import type { PrefixId } from "../../src/rib/ids.ts";
import { PrefixTable } from "../../src/rib/prefix-table.ts";
import { Rows } from "../../src/rib/rows.ts";

function internText(table: PrefixTable, text: string): PrefixId {
  const [address, length] = text.split("/");
  const bytes = parseAddress(address!)!;
  const words = [0, 4, 8, 12].map((at) => (at < bytes.length ? readU32(bytes, at) : 0));
  return table.intern(words[0]!, words[1]!, words[2]!, words[3]!, Number(length));
}

describe("PrefixTable", () => {
  it.each([
    [4, "0.0.0.0/0", "00"], [4, "10.0.0.0/8", "080a"], [4, "10.65.1.128/26", "1a0a410180"],
    [4, "255.255.255.255/32", "20ffffffff"], [4, "128.0.0.0/1", "0180"],
    [16, "::/0", "00"], [16, "2001:db8::/32", "2020010db8"], [16, "2001:db8:0:1::/64", "4020010db800000001"],
    [16, "ff02::1:2/128", "80ff020000000000000000000000010002"], [16, "8000::/1", "0180"],
  ] as const)("of %i octets writes %s", (octets, text, hex) => {
    const table = new PrefixTable(octets, 1);
    const id = internText(table, text);
    expect(id).toBe(1);
    expect(table.format(id)).toBe(text);
    const into = new Uint8Array(20).fill(0xee);
    const end = table.writeNlri(id, into, 2);
    expect(end - 2).toBe(table.nlriOctets(id));
    expect(toHex(into.subarray(2, end))).toBe(hex);
    expect([into[1], into[2 + 1 + octets]]).toEqual([0xee, 0xee]); // within the room of the longest NLRI
    expect([table.w0(id), table.w1(id), table.w2(id), table.w3(id)].every((word) => word >= 0)).toBe(true);
  });

  it.each([4, 16] as const)("of %i octets agrees with a map", (octets) => {
    const word = fc.constantFrom(0, 1, 0x8000_0000, 0xffff_ffff);
    const step = fc.record({
      words: fc.tuple(word, word, word, word), length: fc.constantFrom(0, 26, 32), releases: fc.boolean(),
    });
    fc.assert(fc.property(fc.array(step, { maxLength: 80 }), fc.nat(), (steps, seed) => {
      const table = new PrefixTable(octets, seed);
      const model = new Map<string, PrefixId>();
      for (const { words, length, releases } of steps) {
        const [w0, w1, w2, w3] = octets === 4 ? [words[0], 0, 0, 0] as const : words;
        const key = [w0, w1, w2, w3, length].join("/");
        const found = table.find(w0, w1, w2, w3, length);
        expect(found).toBe(model.get(key) ?? 0);
        if (releases && found !== 0) {
          table.release(found);
          model.delete(key);
          expect(table.isLive(found)).toBe(false);
          continue;
        }
        const id = table.intern(w0, w1, w2, w3, length);
        if (found === 0) expect([...model.values()]).not.toContain(id);
        else expect(id).toBe(found);
        model.set(key, id);
        expect([table.w0(id), table.w1(id), table.w2(id), table.w3(id), table.lengthOf(id)])
          .toEqual([w0, w1, w2, w3, length]);
      }
      expect(table.size).toBe(model.size);
      for (const id of model.values()) expect(table.isLive(id) && id <= table.idsMax).toBe(true);
    }), { numRuns: 100 });
  });

  it("grows and shrinks over many splits and merges, and its memory comes back", () => {
    const table = new PrefixTable(4, 99);
    const count = 150_000;
    const ids = Array.from({ length: count }, (_, i) => table.intern(i * 256, 0, 0, 0, 24));
    expect([table.size, table.idsMax]).toEqual([count, count]);
    const full = table.octets;
    expect(full / count).toBeLessThan(34);
    const all = (from: number): boolean =>
      ids.every((id, i) => table.find(i * 256, 0, 0, 0, 24) === (i < from ? 0 : id));
    expect(all(0)).toBe(true);
    for (let i = 0; i < 140_000; i++) table.release(ids[i]!);
    expect(all(140_000)).toBe(true);
    expect(table.octets).toBeLessThan(full / 2);
    for (let i = 140_000; i < count; i++) table.release(ids[i]!);
    expect([table.size, table.idsMax]).toEqual([0, 0]);
    expect(table.octets).toBeLessThanOrEqual(2 * 262_144);
    expect(table.intern(1, 0, 0, 0, 32)).toBe(1);
  });

  it("answers nothing for ids that were never given out", () => {
    const table = new PrefixTable(16, 1);
    for (const id of [0, 1, 5_000_000]) expect(table.isLive(id as PrefixId)).toBe(false);
  });

  it("finds the longest match that is accepted", () => {
    const table = new PrefixTable(16, 3);
    const [all, site, net] = ["::/0", "2001:db8::/32", "2001:db8:0:1::/64"].map((text) => internText(table, text));
    const host = internText(table, "2001:db8:0:1::5/128");
    const match = (accept: (id: PrefixId) => boolean): PrefixId =>
      table.longestMatch(0x2001_0db8, 1, 0, 5, accept);
    expect(match(() => true)).toBe(host);
    expect(match((id) => id !== host)).toBe(net);
    expect(match((id) => id === site || id === all)).toBe(site);
    expect(match((id) => id === all)).toBe(all);
    expect(match(() => false)).toBe(0);
    expect(new PrefixTable(4, 3).longestMatch(1, 0, 0, 0, () => true)).toBe(0);
  });
});

describe("HashIndex", () => {
  it("keeps every row findable when all hashes are equal", () => {
    const rows = new Rows(2);
    const index = new HashIndex(rows, 0, 1);
    const ids = Array.from({ length: 600 }, () => rows.take());
    for (const id of ids) index.add(id, 0xffff_ffff);
    const chain = (): number[] => {
      const found: number[] = [];
      for (let id = index.first(0xffff_ffff); id !== 0; id = rows.get(id, 1)) found.push(id);
      return found.sort((a, b) => a - b);
    };
    expect(chain()).toEqual(ids);
    for (const id of ids.slice(0, 590)) index.remove(id);
    expect(chain()).toEqual(ids.slice(590));
    expect([index.size, index.first(1)]).toEqual([10, 0]);
  });
});
