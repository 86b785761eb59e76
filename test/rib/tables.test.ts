/** Pages, rows, slab and queue: what they hold, and that the memory comes back. */

import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { sameBytes } from "../../src/base/bytes.ts";
import { PAGE_OCTETS } from "../../src/rib/page.ts";
import { U32Column } from "../../src/rib/pages.ts";
import { Rows } from "../../src/rib/rows.ts";
import { Slab, SLAB_OCTETS_MAX } from "../../src/rib/slab.ts";
import { U32Queue } from "../../src/rib/u32-queue.ts";

const FAR = 5 * PAGE_OCTETS;

describe("U32Column", () => {
  it("reads 0 where nothing was written, and what was written where it was", () => {
    const column = new U32Column();
    expect([column.get(0), column.get(FAR), column.octets]).toEqual([0, 0, 0]);
    column.set(FAR, 0xffff_ffff);
    expect([column.get(FAR), column.get(FAR - 1), column.get(3), column.octets]).toEqual(
      [0xffff_ffff, 0, 0, PAGE_OCTETS]);
    column.set(7, 0);
    expect(column.octets).toBe(PAGE_OCTETS);
  });

  it("gives pages back whose entries are all 0, but for the one that emptied last", () => {
    const column = new U32Column();
    for (let i = 0; i < 4; i++) column.set(i * PAGE_OCTETS, 1);
    expect(column.octets).toBe(4 * PAGE_OCTETS);
    for (let i = 0; i < 4; i++) column.set(i * PAGE_OCTETS, 0);
    expect(column.octets).toBe(PAGE_OCTETS);
    column.set(2 * PAGE_OCTETS, 9);
    expect(column.get(2 * PAGE_OCTETS)).toBe(9);
    column.trim(0);
    expect([column.octets, column.get(2 * PAGE_OCTETS)]).toEqual([0, 0]);
  });

  it("trims from the middle of a page", () => {
    const column = new U32Column();
    for (const i of [0, 1, 2, FAR]) column.set(i, 5);
    column.trim(2);
    expect([0, 1, 2, FAR].map((i) => column.get(i))).toEqual([5, 5, 0, 0]);
    column.set(0, 0);
    column.set(1, 0);
    column.trim(1);
    expect(column.octets).toBe(0);
  });

  it("counts anew in a page that was trimmed while it was in use", () => {
    const column = new U32Column();
    for (const i of [0, 1, 2]) column.set(i, 5);
    column.trim(0);
    column.set(1, 6);
    expect([column.get(0), column.get(1)]).toEqual([0, 6]);
    column.set(1, 0);
    column.trim(FAR);
    expect(column.octets).toBe(0);
  });
});

describe("Rows", () => {
  it("gives ids from 1 on, the lowest free page first, and remembers every word", () => {
    const rows = new Rows(3);
    expect([rows.take(), rows.take(), rows.take(), rows.idsMax]).toEqual([1, 2, 3, 3]);
    rows.set(2, 1, 0xffff_ffff);
    rows.give(1);
    expect([rows.size, rows.get(2, 1), rows.take()]).toEqual([2, 0xffff_ffff, 1]);
    expect(rows.peek(1_000_000, 0)).toBe(0);
  });

  it("never gives one id twice, and takes memory back page by page", () => {
    const rows = new Rows(8);
    const perPage = rows.mask + 1;
    const held = Array.from({ length: 3 * perPage }, () => rows.take());
    expect(new Set(held).size).toBe(held.length);
    const full = rows.octets;
    for (const id of held.filter((one) => one < perPage || one >= 2 * perPage)) rows.give(id);
    expect(rows.octets).toBeLessThan(full);
    expect(rows.idsMax).toBe(2 * perPage - 1);
    const again = rows.take();
    expect(again).toBeLessThan(perPage);
    rows.set(again, 5, 77);
    expect([rows.get(again, 5), rows.size]).toEqual([77, perPage + 1]);
    rows.give(again);
    for (const id of held.filter((one) => one >= perPage && one < 2 * perPage)) rows.give(id);
    expect([rows.size, rows.idsMax, rows.octets]).toEqual([0, 0, 0]);
  });

  it("reads as zero where a page emptied and is used again", () => {
    const rows = new Rows(8);
    const ids = Array.from({ length: 2 * (rows.mask + 1) }, () => rows.take());
    for (const id of ids) for (let field = 0; field < 8; field++) rows.set(id, field, 9);
    for (const id of ids.slice(0, rows.mask)) rows.give(id);
    const id = rows.take();
    expect(Array.from({ length: 8 }, (_, field) => rows.get(id, field))).toEqual(new Array(8).fill(0));
  });

  it("refuses to free what is not there", () => {
    const rows = new Rows(2);
    expect(() => rows.give(1)).toThrow("bug");
  });
});

describe("Slab", () => {
  it("holds what a map holds, under any order of storing and freeing", () => {
    const length = fc.constantFrom(0, 1, 12, 13, 28, 60, 300, 5_000, 70_000);
    const step = fc.tuple(length, fc.nat(255), fc.boolean());
    fc.assert(fc.property(fc.array(step, { maxLength: 60 }), (steps) => {
      const slab = new Slab();
      const held = new Map<number, Uint8Array>();
      for (const [octets, value, frees] of steps) {
        const bytes = new Uint8Array(octets).fill(value);
        const handle = slab.store(bytes, 0, octets >>> 1, bytes, octets >>> 1);
        expect(handle).toBeGreaterThan(0);
        expect(held.has(handle)).toBe(false);
        held.set(handle, bytes);
        if (!frees) continue;
        const first = [...held.keys()][value % held.size]!;
        held.delete(first);
        slab.free(first);
      }
      for (const [handle, bytes] of held) {
        expect(slab.length(handle)).toBe(bytes.length);
        expect(sameBytes(slab.view(handle), bytes)).toBe(true);
        const at = slab.offset(handle);
        expect(sameBytes(slab.pageBytes(handle).subarray(at, at + bytes.length), bytes)).toBe(true);
        expect(slab.equals(handle, bytes, 0, bytes.length)).toBe(true);
        if (bytes.length > 0) expect(slab.equals(handle, bytes.map((octet) => octet ^ 1), 0, 1)).toBe(false);
      }
    }), { numRuns: 50 });
  });

  it("takes the longest string, and gives all memory back", () => {
    const slab = new Slab();
    const longest = new Uint8Array(SLAB_OCTETS_MAX);
    const handles = Array.from({ length: 9 }, () => slab.store(longest, 0, longest.length));
    expect(slab.octets).toBe(5 * PAGE_OCTETS);
    for (const handle of handles) slab.free(handle);
    expect(slab.octets).toBe(0);
    expect(() => slab.store(longest, 0, longest.length, Uint8Array.of(1))).toThrow("bug");
  });
});

describe("U32Queue", () => {
  it("is first in, first out over pages, and gives them back", () => {
    const queue = new U32Queue();
    expect([queue.shift(), queue.peek(), queue.length]).toEqual([0, 0, 0]);
    const count = PAGE_OCTETS;
    for (let i = 1; i <= count; i++) queue.push(i);
    expect([queue.length, queue.octets]).toEqual([count, 4 * PAGE_OCTETS]);
    let inOrder = true;
    for (let i = 1; i <= count; i++) inOrder &&= queue.peek() === i && queue.shift() === i;
    expect([inOrder, queue.length]).toEqual([true, 0]);
    expect(queue.octets).toBe(PAGE_OCTETS);
    queue.push(8);
    expect([queue.shift(), queue.shift()]).toEqual([8, 0]);
  });
});
