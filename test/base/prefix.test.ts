import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { clearHostBits, covers, formatPrefix, hostPrefix, parsePrefix } from "../../src/base/prefix.ts";
import type { Prefix } from "../../src/base/prefix.ts";

describe("a prefix", () => {
  it.each(["0.0.0.0/0", "10.0.0.64/26", "192.0.2.1/32", "::/0", "2001:db8::/33", "fd00::1/128"])(
    "%s comes back", (text) => expect(formatPrefix(parsePrefix(text)!)).toBe(text));
  it("without a length is a host", () => {
    expect(formatPrefix(parsePrefix("10.0.0.1")!)).toBe("10.0.0.1/32");
    expect(formatPrefix(parsePrefix("::1")!)).toBe("::1/128");
  });
  it("of a host has no zone, and is of an address only", () => {
    expect(["10.0.0.1", "fe80::1%eth0"].map((text) => formatPrefix(hostPrefix(text)!))).toEqual(
      ["10.0.0.1/32", "fe80::1/128"]);
    expect(["", "host", "10.0.0.0/8"].map(hostPrefix)).toEqual([undefined, undefined, undefined]);
  });
  it.each(["", "/8", "10.0.0.0/", "10.0.0.0/33", "10.0.0.1/31", "::/129", "2001:db8::1/64", "10.0.0.0/08",
    "10.0.0.0/-1", "10.0.0.0/8/8"])("%j is none", (text) => expect(parsePrefix(text)).toBeUndefined());
});

/** Few bits, so that prefixes meet. */
const small: fc.Arbitrary<Prefix> = fc.tuple(fc.constantFrom(4, 16), fc.nat(3), fc.nat(7))
  .map(([size, high, length]) => {
    const address = new Uint8Array(size);
    address[0] = high << 4;
    clearHostBits(address, length);
    return { address, length };
  });
const bits = ({ address, length }: Prefix): string =>
  [...address].map((octet) => octet.toString(2).padStart(8, "0")).join("").slice(0, length);

describe("covers", () => {
  it("is a common beginning of the bits, within one family", () => {
    let reached = 0;
    fc.assert(fc.property(small, small, (outer, inner) => {
      const same = outer.address.length === inner.address.length;
      const expected = same && bits(inner).startsWith(bits(outer));
      if (expected && outer.length < inner.length) reached++;
      expect(covers(outer, inner)).toBe(expected);
    }), { numRuns: 500 });
    expect(reached).toBeGreaterThan(0);
  });
});

describe("clearHostBits", () => {
  it("clears every bit past the length and no other", () => {
    fc.assert(fc.property(fc.uint8Array({ minLength: 16, maxLength: 16 }), fc.nat(128), (address, length) => {
      const cleared = address.slice();
      clearHostBits(cleared, length);
      expect(bits({ address: cleared, length })).toBe(bits({ address, length }));
      expect(bits({ address: cleared, length: 128 }).slice(length)).not.toContain("1");
    }));
  });
});
