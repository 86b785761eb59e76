import fc from "fast-check";
import { isIPv4, isIPv6 } from "node:net";
import { describe, expect, it } from "vitest";
import {
  addressWords, formatAddress, formatIpv4, formatIpv6, isForOthers, parseAddress, parseIpv4, parseIpv6,
} from "../../src/base/address.ts";

describe("IPv6 text (RFC 5952)", () => {
  it.each([
    ["2001:0DB8:0:0:0:0:0:1", "2001:db8::1"], // leading zeros and upper case, §4.1, §4.3
    ["2001:db8:0:1:1:1:1:1", "2001:db8:0:1:1:1:1:1"], // one group is not shortened, §4.2.2
    ["2001:0:0:1:0:0:0:1", "2001:0:0:1::1"], // the longest run, §4.2.3
    ["2001:db8:0:0:1:0:0:1", "2001:db8::1:0:0:1"], // the first of equal runs, §4.2.3
    ["::", "::"], ["::1", "::1"], ["1::", "1::"], ["0:0:0:0:0:0:0:0", "::"],
    ["::ffff:192.0.2.1", "::ffff:192.0.2.1"], ["::FFFF:C000:201", "::ffff:192.0.2.1"], // §5
    ["64:ff9b::192.0.2.33", "64:ff9b::c000:221"],
  ])("%s is written %s", (text, canonical) => {
    expect(formatIpv6(parseIpv6(text)!)).toBe(canonical);
  });
  it.each(["", ":", ":::", "1:2:3:4:5:6:7", "1:2:3:4:5:6:7:8:9", "1::2::3", "12345::", "g::", "::1%eth0",
    "1:2:3:4:5:6:7::8:9", "1.2.3.4::", "::1.2.3", "::1.2.3.256", "1:2:3:4:5:6:7:1.2.3.4", " ::1", "::1 ",
  ])("%j is none", (text) => {
    expect(parseIpv6(text)).toBeUndefined();
  });
  it("comes back", () => {
    fc.assert(fc.property(fc.uint8Array({ minLength: 16, maxLength: 16 }), (octets) => {
      const text = formatIpv6(octets);
      expect(isIPv6(text)).toBe(true);
      expect(parseIpv6(text)).toEqual(octets);
    }));
  });
  it("is accepted where node accepts it, but for zones", () => {
    const piece = fc.constantFrom("0", "1", "ab", ":", "::", ".", "1.2.3.4", "fffff", "%");
    fc.assert(fc.property(fc.array(piece, { maxLength: 10 }).map((pieces) => pieces.join("")), (text) => {
      expect(parseIpv6(text) !== undefined).toBe(isIPv6(text) && !text.includes("%"));
    }), { numRuns: 2000 });
  });
});

describe("IPv4 text", () => {
  it.each([["0.0.0.0", 0], ["255.255.255.255", 0xffffffff], ["192.0.2.1", 0xc0000201]])("%s is %i", (text, value) => {
    expect(parseIpv4(text)).toBe(value);
    expect(formatIpv4(value)).toBe(text);
  });
  it("is accepted where node accepts it", () => {
    const piece = fc.constantFrom("0", "00", "1", "255", "256", ".", " ", "-", "1.2.3");
    fc.assert(fc.property(fc.array(piece, { maxLength: 9 }).map((pieces) => pieces.join("")), (text) => {
      expect(parseIpv4(text) !== undefined).toBe(isIPv4(text));
    }), { numRuns: 2000 });
  });
  it("and IPv6 text are told apart", () => {
    expect(parseAddress("192.0.2.1")).toHaveLength(4);
    expect(parseAddress("::192.0.2.1")).toHaveLength(16);
    expect(parseAddress("host")).toBeUndefined();
    expect(formatAddress(parseAddress("2001:DB8::")!)).toBe("2001:db8::");
  });
});

it("addresses of links, hosts and groups are not for others", () => {
  const isTold = (text: string): boolean => {
    const address = parseAddress(text)!;
    return isForOthers(address.length, ...addressWords(address));
  };
  const not = ["127.0.0.1", "127.255.0.0", "169.254.0.1", "224.0.0.5", "239.9.9.9", "::1", "fe80::1", "febf::",
    "ff02::5", "ff00::"];
  const told = ["0.0.0.0", "126.0.0.1", "128.0.0.0", "169.253.0.1", "169.255.0.1", "223.0.0.1", "240.0.0.1", "::",
    "::2", "fe7f::1", "fec0::1", "fd00::1", "2001:db8::1", "::1:0:0:1"];
  expect([not.filter(isTold), told.filter((text) => !isTold(text))]).toEqual([[], []]);
});
