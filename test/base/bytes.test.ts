import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { fromHex, Reader, sameBytes, toHex, Writer } from "../../src/base/bytes.ts";

describe("Reader", () => {
  it("never leaves its octets: a read past the end is zeros, sets `short` and empties it", () => {
    const bytes = Uint8Array.of(1, 2, 3, 4, 5);
    const reads: ((reader: Reader) => unknown)[] = [(r) => r.u16(), (r) => r.u24(), (r) => r.u32(), (r) => r.u64()];
    for (const read of reads) {
      const reader = new Reader(bytes, 4, 5);
      expect(Number(read(reader))).toBe(0);
      expect([reader.short, reader.left, reader.u8()]).toEqual([true, 0, 0]);
    }
  });
  it("keeps a window from its neighbour", () => {
    const reader = new Reader(Uint8Array.of(1, 2, 3, 4));
    const window = reader.window(2);
    expect([window.u32(), window.short, reader.short, reader.u16()]).toEqual([0, true, false, 0x0304]);
    expect([reader.window(1).left, reader.short]).toEqual([0, true]);
  });
  it("reads what a Writer wrote, wherever the octets lie", () => {
    const word = fc.nat(0xffffffff);
    fc.assert(fc.property(word, word, word, fc.bigInt({ min: 0n, max: 2n ** 64n - 1n }), fc.uint8Array(),
      (a, b, c, d, rest) => {
        const written = new Writer(1).u8(a & 255).u16(b & 0xffff).u32(c).u64(d).bytes(rest).take();
        const shifted = new Uint8Array(written.length + 6);
        shifted.set(written, 3);
        const reader = new Reader(shifted, 3, 3 + written.length);
        expect([reader.u8(), reader.u16(), reader.u32(), reader.u64()]).toEqual([a & 255, b & 0xffff, c, d]);
        expect(toHex(reader.rest())).toBe(toHex(rest));
        expect([reader.short, reader.left]).toEqual([false, 0]);
      }));
  });
  it("is not made outside its octets: that is our bug", () => {
    expect(() => new Reader(new Uint8Array(3), 2, 4)).toThrow();
    expect(() => new Reader(new Uint8Array(3), 2, 1)).toThrow();
  });
});

describe("Writer", () => {
  it("patches only what it has written, and forgets when cleared", () => {
    const writer = new Writer(1).u32(0).patchU16(1, 0xabcd).patchU8(3, 0xef);
    expect(toHex(writer.view())).toBe("00abcdef");
    expect(() => writer.patchU16(3, 1)).toThrow();
    expect(() => writer.patchU8(4, 1)).toThrow();
    expect(writer.clear().length).toBe(0);
  });
});

describe("hexadecimal", () => {
  it("comes back, colons and white space aside", () => {
    fc.assert(fc.property(fc.uint8Array(), (octets) => {
      expect(sameBytes(fromHex(toHex(octets))!, octets)).toBe(true);
    }));
    expect(fromHex("ff:0A 0b\n")).toEqual(Uint8Array.of(255, 10, 11));
  });
  it.each(["f", "0x12", "gg", "-1"])("is not %j", (text) => expect(fromHex(text)).toBeUndefined());
});
