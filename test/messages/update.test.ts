/** UPDATE: its sections, NLRI, End-of-RIB, and what is written for small speakers. */

import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { clearHostBits, formatPrefix, parsePrefix } from "../../src/base/prefix.ts";
import { readU32 } from "../../src/base/bytes.ts";
import { decodeMessage } from "../../src/messages/decode.ts";
import { encodeAttributes } from "../../src/messages/describe.ts";
import { checkNlri, isUnusable, NlriCursor, prefixOf, writeNlri } from "../../src/messages/nlri.ts";
import { encodeUpdate, endOfRib, isEndOfRib, newSections, splitUpdate } from "../../src/messages/update.ts";
import { framed } from "../support/arbitraries-messages.ts";
import { hex } from "../support/attributes.ts";

describe("the sections of an UPDATE", () => {
  it.each<[string, string]>([
    ["a withdrawn length that is too large", "0001 0000"],
    ["a withdrawn length of 65535 (CVE-2026-41643)", "ffff 0000"],
    ["withdrawn routes that leave one octet", "0001 00 00"],
    ["an attribute length that is too large", "0000 0001"],
    ["an attribute length of 65535", "0000 ffff 00"],
    ["both too large together", "0002 0800 0001"],
  ])("do not fit: %s", (_name, body) => {
    const message = framed(2, hex(body));
    expect(splitUpdate(message, newSections())).toMatchObject({ disposition: "reset", code: 3, subcode: 1 });
    expect(decodeMessage(message, { ebgp: false, fourOctetAs: true, addPath: [] })).toMatchObject({ type: "error" });
  });

  it("are found", () => {
    const sections = newSections();
    expect(splitUpdate(framed(2, hex("0002 080a 0003 400600 080b")), sections)).toBeUndefined();
    expect(sections).toEqual({ withdrawnAt: 21, withdrawnEnd: 23, attributesAt: 25, attributesEnd: 28, nlriAt: 28,
      nlriEnd: 30 });
  });
});

describe("End-of-RIB (RFC 4724 §2)", () => {
  it.each<[string, string, string | undefined]>([
    ["an empty UPDATE", "0000 0000", "ipv4-unicast"],
    ["an empty MP_UNREACH of IPv6", "0000 0006 800f03 000201", "ipv6-unicast"],
    ["an empty MP_UNREACH of IPv4", "0000 0006 800f03 000101", "ipv4-unicast"],
    ["one with extended length", "0000 0007 900f0003 000201", "ipv6-unicast"],
    ["one of a family that we do not speak", "0000 0006 800f03 194641", undefined],
    ["one with a route", "0000 0007 800f04 000201 00", undefined],
    ["one with wrong flags", "0000 0006 c00f03 000201", undefined],
    ["one whose length lies (CVE-2023-47234)", "0000 0006 800f04 000201", undefined],
    ["one with a huge length", "0000 0007 900f0103 000201", undefined],
    ["an empty MP_REACH", "0000 0006 800e03 000201", undefined],
    ["one with NLRI behind", "0000 0005 800f02 0002 00", undefined],
    ["a withdrawn default route", "0001 00 0000", undefined],
    ["withdrawn routes of the same size", "0006 080a080b080c 0000", undefined],
    ["one attribute and nothing else", "0000 0004 40010100", undefined],
  ])("is asked of %s", (_name, body, family) => {
    expect(isEndOfRib(framed(2, hex(body)))).toBe(family);
  });

  it.each(["ipv4-unicast", "ipv6-unicast"] as const)("of %s is what endOfRib writes", (family) => {
    expect(isEndOfRib(endOfRib(family))).toBe(family);
    const context = { ebgp: false, fourOctetAs: true, addPath: [] };
    expect(decodeMessage(endOfRib(family), context)).toMatchObject({ endOfRib: family, disposition: "ok",
      announced: [], withdrawn: [] });
  });
});

describe("NLRI", () => {
  it.each<[string, string, number, boolean, boolean]>([
    ["nothing", "", 4, false, true], ["a default route", "00", 4, false, true], ["/32", "20 0a000001", 4, false, true],
    ["/33", "21 0a00000100", 4, false, false], ["/255", "ff 00", 4, false, false],
    ["a cut /32", "20 0a0000", 4, false, false],
    ["a cut second one", "08 0a 09 0a", 4, false, false], ["/128", `80 ${"00".repeat(16)}`, 16, false, true],
    ["/129", `81 ${"00".repeat(17)}`, 16, false, false], ["a path id and /8", "00000001 08 0a", 4, true, true],
    ["a path id alone", "00000001", 4, true, false], ["a cut path id", "000000", 4, true, false],
    ["a path id and a length alone", "00000001 08", 4, true, false],
    ["a path id and a default route", "00000001 00", 4, true, true],
  ])("of %s", (_name, octets, addressOctets, addPath, good) => {
    const bytes = hex(`aa ${octets} bb`);
    expect(checkNlri(bytes, 1, bytes.length - 1, addressOctets, addPath)).toBe(good);
  });

  it("gives every prefix with its host bits cleared, and writes it back", () => {
    const one = fc.record({
      length: fc.integer({ min: 0, max: 128 }), address: fc.uint8Array({ minLength: 16, maxLength: 16 }),
        pathId: fc.integer({ min: 0, max: 0xffffffff }),
    });
    fc.assert(fc.property(fc.boolean(), fc.boolean(), fc.array(one, { maxLength: 5 }), (wide, addPath, drawn) => {
      const addressOctets = wide ? 16 : 4;
      const items = drawn.map((item) => ({ ...item, length: wide ? item.length : item.length % 33 }));
      const bytes = Uint8Array.from(items.flatMap(({ length, address, pathId }) => [
        ...(addPath ? [pathId >>> 24, pathId >>> 16, pathId >>> 8, pathId] : []), length,
          ...address.slice(0, Math.ceil(length / 8)),
      ]));
      expect(checkNlri(bytes, 0, bytes.length, addressOctets, addPath)).toBe(true);
      const cursor = new NlriCursor();
      cursor.reset(bytes, 0, bytes.length, addressOctets, addPath);
      for (const { length, address, pathId } of items) {
        expect(cursor.next()).toBe(true);
        const cleared = address.slice(0, addressOctets);
        clearHostBits(cleared, length);
        const words = wide ? [0, 4, 8, 12].map((at) => readU32(cleared, at)) : [readU32(cleared, 0), 0, 0, 0];
        expect([cursor.w0, cursor.w1, cursor.w2, cursor.w3]).toEqual(words);
        expect([cursor.length, cursor.pathId]).toEqual([length, addPath ? pathId : 0]);
        expect(prefixOf(cursor, addressOctets)).toEqual({ address: cleared, length });
        const into = new Uint8Array(24).fill(0xee);
        const end = writeNlri(into, 4, length, cursor.w0, cursor.w1, cursor.w2, cursor.w3);
        expect(into.slice(4, end)).toEqual(Uint8Array.from([length, ...cleared.slice(0, Math.ceil(length / 8))]));
        expect(into[end]).toBe(0xee);
        expect(readU32(into, 0)).toBe(0xeeeeeeee);
      }
      expect(cursor.next()).toBe(false);
    }), { numRuns: 300 });
  });

  it("may follow other NLRI in a used cursor", () => {
    const cursor = new NlriCursor();
    cursor.reset(hex("00000007 80 20010db8000000000000000000000001"), 0, 21, 16, true);
    expect(cursor.next()).toBe(true);
    cursor.reset(hex("08 0a"), 0, 2, 4, false);
    expect(cursor.next()).toBe(true);
    expect([cursor.pathId, cursor.length, cursor.w0, cursor.w1, cursor.w2, cursor.w3]).toEqual([0, 8, 0x0a000000, 0, 0,
      0]);
  });

  it.each<[string, boolean]>([
    ["0.0.0.0/0", false], ["240.0.0.0/4", false], ["255.255.255.255/32", false], ["224.0.0.0/3", false],
    ["224.0.0.0/4", true],
    ["239.1.1.1/32", true], ["127.0.0.0/8", true], ["127.0.0.1/32", true], ["126.0.0.0/7", false], ["0.0.0.0/1", false],
    ["::/0", false], ["::1/128", true], ["::/127", false], ["::2/128", false], ["ff00::/8", true],
    ["ff02::1/128", true],
    ["fe00::/7", false], ["fe80::/10", false], ["0:0:1::1/128", false],
  ])("%s is no unicast route: %s", (text, unusable) => {
    const { address, length } = parsePrefix(text)!;
    const words = [0, 4, 8, 12].map((at) => (at < address.length ? readU32(address, at) : 0));
    expect(isUnusable(words[0]!, words[1]!, words[2]!, words[3]!, length, address.length)).toBe(unusable);
  });

  it("that is no unicast route is ignored and the rest is taken", () => {
    const message = framed(2, hex("0000 0015 40010100 400200 400304 0a000001 40050400000064 04e0 080a"));
    const decoded = decodeMessage(message, { ebgp: false, fourOctetAs: true, addPath: [] });
    expect(decoded).toMatchObject({ disposition: "discard", announced: [{ prefix: "10.0.0.0/8" }] });
  });
});

describe("encodeUpdate", () => {
  const prefixes = (...texts: string[]): { prefix: NonNullable<ReturnType<typeof parsePrefix>>; pathId: number }[] => (
    texts.map((text, i) => ({ prefix: parsePrefix(text)!, pathId: i + 1 }))
  );
  const attributes = encodeAttributes({ origin: "igp", asPath: [{ type: "sequence", asns: [70000] }], med: 1 });

  it.each([true, false])("writes both families, ADD-PATH %s, and both sizes of AS numbers", (addPath) => {
    for (const family of ["ipv4-unicast", "ipv6-unicast"] as const) {
      for (const fourOctetAs of [true, false]) {
        const texts = family === "ipv4-unicast" ? ["10.0.0.0/26", "0.0.0.0/0"] : ["2001:db8::/64", "::/0"];
        const nextHop = family === "ipv4-unicast" ? hex("0a000001") : hex("20010db8000000000000000000000001");
        const message = encodeUpdate({
          family, announced: prefixes(...texts), withdrawn: prefixes(texts[0]!), attributes, nextHop, addPath,
            fourOctetAs,
        });
        const decoded = decodeMessage(message, { ebgp: true, fourOctetAs, addPath: addPath ? [family] : [] });
        const text = family === "ipv4-unicast" ? "10.0.0.1" : "2001:db8::1";
        const route = (prefix: string, i: number): object => ({ family, prefix,
          ...(addPath ? { pathId: i + 1 } : {}) });
        expect(decoded).toEqual({
          type: "update", disposition: "ok", faults: [], withdrawn: [route(texts[0]!, 0)],
          announced: texts.map((prefix, i) => ({ ...route(prefix, i), nextHop: text })),
          attributes: { origin: "igp", asPath: [{ type: "sequence", asns: [70000] }], med: 1 },
        });
      }
    }
  });

  it("puts MP_REACH first (RFC 7606 §5.1), also for IPv4 where asked", () => {
    const message = encodeUpdate({
      family: "ipv4-unicast", announced: prefixes("10.0.0.0/8"), attributes, nextHop: hex("0a000001"),
        multiprotocol: true,
    });
    expect(message[24]).toBe(14);
    expect(decodeMessage(message, { ebgp: true, fourOctetAs: true, addPath: [] })).toMatchObject({
      disposition: "ok", announced: [{ prefix: formatPrefix(parsePrefix("10.0.0.0/8")!), nextHop: "10.0.0.1" }],
    });
  });
});
