/** Canonical blocks: searching, editing, summing up, and AS numbers of old speakers. */

import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { narrowAsNumbers } from "../../src/messages/attributes/as4.ts";
import {
  addCommunity, asPathStartsWith, clusterListHas, countAsInPath, findAttribute, forEachAttribute, hasCommunity,
  prependAs, removeAttribute, setAttribute,
} from "../../src/messages/attributes/block.ts";
import { CodeSet } from "../../src/messages/attributes/code-set.ts";
import { ATTRIBUTE, COMMUNITY } from "../../src/messages/attributes/codes.ts";
import { newSummary, summarise, WELL_KNOWN } from "../../src/messages/attributes/summary.ts";
import type { RouteAttributes } from "../../src/messages/describe.ts";
import { describeAttributes, encodeAttributes } from "../../src/messages/describe.ts";
import * as arbitrary from "../support/arbitraries-messages.ts";
import { attribute, hex, join, OLD, read } from "../support/attributes.ts";

const sequence = (...asns: number[]): { type: "sequence"; asns: number[] } => ({ type: "sequence", asns });
const set = (...asns: number[]): { type: "set"; asns: number[] } => ({ type: "set", asns });
const block = (attributes: RouteAttributes): Uint8Array => encodeAttributes(attributes);
const json = (octets: Uint8Array): RouteAttributes => describeAttributes(octets);

describe("an edit", () => {
  const base: RouteAttributes = { origin: "igp", asPath: [sequence(1, 2)], communities: ["1:1"] };

  it("sets, replaces and removes, and keeps the order", () => {
    const before = block(base);
    const kept = before.slice();
    const after = setAttribute(before, ATTRIBUTE.MED, 0x80, hex("00000007"));
    expect(json(after)).toEqual({ ...base, med: 7 });
    expect(read(after).block).toEqual(after);
    expect(json(setAttribute(after, ATTRIBUTE.MED, 0x80, hex("00000008")))).toEqual({ ...base, med: 8 });
    expect(removeAttribute(after, ATTRIBUTE.MED)).toEqual(before);
    expect(json(removeAttribute(after, ATTRIBUTE.ORIGIN))).toEqual({ ...base, origin: undefined, med: 7 });
    expect(before).toEqual(kept); // never in place
  });

  it("writes a long value with two octets of length, and a short one with one", () => {
    const long = setAttribute(block(base), 99, 0xe0, new Uint8Array(256));
    expect(findAttribute(long, 0, long.length, 99)).toMatchObject({ flags: 0xf0 });
    const short = setAttribute(long, 99, 0xf0, new Uint8Array(255));
    expect(findAttribute(short, 0, short.length, 99)).toMatchObject({ flags: 0xe0 });
  });

  it.each<[string, RouteAttributes["asPath"], number[], RouteAttributes["asPath"]]>([
    ["nothing", [sequence(1)], [], [sequence(1)]],
    ["to a sequence", [sequence(1, 2)], [9], [sequence(9, 1, 2)]],
    ["twice", [sequence(1)], [9, 9], [sequence(9, 9, 1)]],
    ["to an empty path", [], [9], [sequence(9)]],
    ["to no path", undefined, [9], [sequence(9)]],
    ["to a set", [set(1, 2)], [9], [sequence(9), set(1, 2)]],
    ["to a full sequence", [sequence(...Array<number>(255).fill(1))], [9],
    [sequence(9), sequence(...Array<number>(255).fill(1))]],
    ["to one that becomes full", [sequence(...Array<number>(254).fill(1))], [9],
    [sequence(9, ...Array<number>(254).fill(1))]],
  ])("prepends AS numbers %s", (_name, asPath, asns, wanted) => {
    const before = block(asPath === undefined ? { origin: "igp" } : { origin: "igp", asPath });
    expect(json(prependAs(before, asns))).toEqual({ origin: "igp", asPath: wanted });
  });

  it("adds a community once, of each kind", () => {
    const before = block(base);
    expect(addCommunity(before, [1, 1])).toBe(before);
    const after = addCommunity(addCommunity(addCommunity(before, [65535, 65281]), [1, 2, 3]),
      [COMMUNITY.GRACEFUL_SHUTDOWN]);
    expect(json(after)).toEqual({ ...base, communities: ["1:1", "65535:65281", "65535:0"],
      largeCommunities: ["1:2:3"] });
    expect(addCommunity(after, [1, 2, 3])).toBe(after);
  });

  it("keeps Partial of what it adds to", () => {
    const partial = attribute(0xe0, 8, "00010001");
    expect(addCommunity(partial, [1, 2])).toEqual(attribute(0xe0, 8, "00010001 00010002"));
  });
});

describe("a question", () => {
  const octets = block({
    asPath: [sequence(1, 2, 1), set(1, 3)], clusterList: ["10.0.0.1", "10.0.0.2"], communities: ["1:2"],
      largeCommunities: ["1:2:3"],
  });
  const end = octets.length;

  it("about AS numbers", () => {
    expect([1, 2, 3, 4].map((asn) => countAsInPath(octets, 0, end, asn))).toEqual([3, 1, 1, 0]);
    expect(countAsInPath(hex(""), 0, 0, 1)).toBe(0);
  });

  it.each<[number[], boolean]>([[[], true], [[1], true], [[1, 2, 1], true], [[2], false], [[1, 2, 1, 1], false]])(
    "about the start %o of a path", (asns, yes) => {
      expect(asPathStartsWith(octets, 0, end, asns)).toBe(yes);
    });

  it("about the start of a path that spans segments or is absent", () => {
    const long = block({ asPath: [sequence(1), sequence(2)] });
    expect(asPathStartsWith(long, 0, long.length, [1, 2])).toBe(true);
    expect(asPathStartsWith(long, 0, long.length, [1, 2, 3])).toBe(false);
    expect(asPathStartsWith(hex(""), 0, 0, [1])).toBe(false);
  });

  it("about clusters and communities", () => {
    expect([0x0a000001, 0x0a000002, 0x0a000003].map((id) => clusterListHas(octets, 0, end, id))).toEqual([true, true,
      false]);
    expect(clusterListHas(hex(""), 0, 0, 1)).toBe(false);
    const asked: number[][] = [[1, 2], [0x00010002], [1, 3], [1, 2, 3], [1, 2, 4], [2, 3, 1]];
    expect(asked.map((numbers) => hasCommunity(octets, 0, end, numbers))).toEqual([true, true, false, true, false,
      false]);
  });

  it("about a block inside others' octets", () => {
    const around = join(attribute(0x40, 1, "00"), octets, attribute(0x80, 4, "00000001"));
    expect(countAsInPath(around, 4, 4 + end, 1)).toBe(3);
    expect(findAttribute(around, 4, 4 + end, ATTRIBUTE.MED)).toBeUndefined();
    const codes: number[] = [];
    forEachAttribute(around, 4, 4 + end, (code) => codes.push(code));
    expect(codes).toEqual([2, 8, 10, 32]);
  });
});

describe("the summary", () => {
  const of = (attributes: RouteAttributes): ReturnType<typeof newSummary> => {
    const octets = block(attributes);
    const summary = newSummary();
    summarise(join(hex("aa"), octets, hex("bb")), 1, 1 + octets.length, summary);
    return summary;
  };

  it("of nothing is the defaults, whatever was there before", () => {
    const used = newSummary();
    const other = block({ origin: "egp", asPath: [set(9)], med: 1, localPref: 1, originatorId: "1.1.1.1", otc: 1,
      clusterList: ["1.1.1.1"], communities: ["65535:0"] });
    summarise(other, 0, other.length, used);
    expect(used).not.toEqual(newSummary());
    summarise(other, 0, 0, used);
    expect(used).toEqual(newSummary());
  });

  it.each<[RouteAttributes, Partial<ReturnType<typeof newSummary>>]>([
    [{ origin: "igp" }, { origin: 0 }],
    [{ origin: "egp" }, { origin: 1 }],
    [{ asPath: [] }, { asPathLength: 0, firstAs: 0, hasAsSet: false }],
    [{ asPath: [sequence(7, 8), set(1, 2, 3), sequence(9)] },
      { asPathLength: 4, firstAs: 7, hasAsSet: true }],
    [{ asPath: [set(1, 2), sequence(9)] }, { asPathLength: 2, firstAs: 0, hasAsSet: true }],
    [{ asPath: [{ type: "confed-sequence", asns: [1, 2] }, sequence(9)] }, { asPathLength: 1, firstAs: 0 }],
    [{ asPath: [sequence(4294967295)] }, { asPathLength: 1, firstAs: 4294967295 }],
    [{ med: 0 }, { med: 0, hasMed: true }],
    [{ med: 4294967295 }, { med: 4294967295, hasMed: true }],
    [{ localPref: 0 }, { localPref: 0, hasLocalPref: true }],
    [{}, { localPref: 100, hasLocalPref: false, origin: 2, hasMed: false }],
    [{ originatorId: "255.0.0.1" }, { originatorId: 0xff000001, hasOriginatorId: true }],
    [{ clusterList: ["1.1.1.1", "2.2.2.2"] }, { clusterListLength: 2 }],
    [{ otc: 5 }, { otc: 5, hasOtc: true }],
    [{ communities: ["1:2", "65535:65281", "65535:65282"] },
      { wellKnown: WELL_KNOWN.NO_EXPORT | WELL_KNOWN.NO_ADVERTISE }],
    [{ communities: ["65535:65283", "65535:65284"] },
      { wellKnown: WELL_KNOWN.NO_EXPORT_SUBCONFED | WELL_KNOWN.NO_PEER }],
    [{ communities: ["65535:0", "65535:6", "65535:7"] },
      { wellKnown: WELL_KNOWN.GRACEFUL_SHUTDOWN | WELL_KNOWN.LLGR_STALE | WELL_KNOWN.NO_LLGR }],
    [{ communities: ["65535:1", "65535:666", "65535:8"] }, { wellKnown: WELL_KNOWN.ACCEPT_OWN | WELL_KNOWN.BLACKHOLE }],
  ])("of %o", (attributes, wanted) => {
    expect(of(attributes)).toEqual({ ...newSummary(), ...wanted });
  });

  it("takes a path of 10,000 AS numbers (CVE-2026-49943)", () => {
    const path = Array.from({ length: 10_000 }, (_, i) => i + 1);
    const octets = block({ asPath: [sequence(...path)] });
    const summary = newSummary();
    summarise(octets, 0, octets.length, summary);
    expect(summary).toMatchObject({ asPathLength: 10_000, firstAs: 1 });
    expect(countAsInPath(octets, 0, octets.length, 10_000)).toBe(1);
    expect(json(prependAs(octets, [7])).asPath?.flatMap(({ asns }) => asns)).toEqual([7, ...path]);
    expect(read(octets).block).toEqual(octets);
    const old = narrowAsNumbers(octets);
    expect(read(old, OLD).block).toEqual(octets);
  });
});

describe("an old speaker's UPDATE (RFC 6793 §4.2.3)", () => {
  const path2 = (value: string): Uint8Array => attribute(0x40, 2, value);
  const path4 = (value: string): Uint8Array => attribute(0xc0, 17, value);
  it.each<[string, Uint8Array, RouteAttributes]>([
    ["has wide numbers without AS4_PATH", path2("0202 0001 5ba0"), { asPath: [sequence(1, 23456)] }],
    ["takes AS4_PATH of the same length", join(path2("0202 5ba0 0002"), path4("0202 00010000 00000002")),
      { asPath: [sequence(65536, 2)] }],
    ["keeps leading numbers that AS4_PATH lacks", join(path2("0203 0009 5ba0 0002"), path4("0202 00010000 00000002")),
      { asPath: [sequence(9, 65536, 2)] }],
    ["takes AS4_PATH in front of AS_PATH (CVE-2026-37462)", join(path4("0201 00010000"), path2("0202 0009 5ba0")),
      { asPath: [sequence(9, 65536)] }],
    ["ignores an AS4_PATH that is longer", join(path2("0201 5ba0"), path4("0202 00010000 00000002")),
      { asPath: [sequence(23456)] }],
    ["counts a set as one", join(path2("0201 0009 0102 5ba0 0003"), path4("0102 00010000 00000003")),
      { asPath: [sequence(9), set(65536, 3)] }],
    ["keeps a leading set", join(path2("0101 0009 0201 5ba0"), path4("0201 00010000")),
      { asPath: [set(9), sequence(65536)] }],
    ["takes AS4_AGGREGATOR behind AS_TRANS", join(attribute(0xc0, 7, "5ba0 0a000001"),
      attribute(0xc0, 18, "00010000 0a000002")),
      { aggregator: { asn: 65536, address: "10.0.0.2" } }],
    ["ignores AS4_AGGREGATOR behind a real AS", join(attribute(0xc0, 7, "0009 0a000001"),
      attribute(0xc0, 18, "00010000 0a000002")),
      { aggregator: { asn: 9, address: "10.0.0.1" } }],
    ["then ignores AS4_PATH too",
      join(path2("0201 5ba0"), attribute(0xc0, 7, "0009 0a000001"), path4("0201 00010000"),
        attribute(0xc0, 18, "00010000 0a000002")),
      { asPath: [sequence(23456)], aggregator: { asn: 9, address: "10.0.0.1" } }],
    ["takes AS4_PATH beside an AGGREGATOR that needs no AS4_AGGREGATOR",
      join(path2("0201 5ba0"), attribute(0xc0, 7, "0009 0a000001"), path4("0201 00010000")),
      { asPath: [sequence(65536)], aggregator: { asn: 9, address: "10.0.0.1" } }],
    ["ignores AS4_AGGREGATOR alone", attribute(0xc0, 18, "00010000 0a000002"), {}],
    ["ignores AS4_PATH alone", path4("0201 00010000"), {}],
  ])("%s", (_name, octets, wanted) => {
    const reading = read(octets, OLD);
    expect(reading.faults).toEqual([]);
    expect(json(reading.block)).toEqual(wanted);
  });

  it.each<[string, string]>([
    ["of odd length", "0201 000100"], ["with AS 0", "0201 00000000"],
    ["with a confederation's segment", "0301 00010000"],
  ])("loses an AS4_PATH %s and nothing else (RFC 6793 §6)", (_name, value) => {
    const reading = read(join(path2("0201 5ba0"), path4(value)), OLD);
    expect(reading.disposition).toBe("discard");
    expect(json(reading.block)).toEqual({ asPath: [sequence(23456)] });
  });

  it("is what narrowAsNumbers writes", () => {
    fc.assert(fc.property(arbitrary.wholeAttributes, (attributes) => {
      const octets = block(attributes);
      const narrow = narrowAsNumbers(octets);
      const reading = read(narrow, OLD);
      expect(reading.faults).toEqual([]);
      expect(reading.block).toEqual(octets);
    }), { numRuns: 300 });
  });
});

describe("unknown attributes", () => {
  it.each([0xc0, 0xd0, 0xe0, 0xf0, 0xcf])("with flags %i pass byte for byte (Oct 2025, BIRD)", (flags) => {
    for (const length of [0, 1, 255, 256, 1024]) {
      if (length > 255 && (flags & 0x10) === 0) continue;
      const value = Uint8Array.from({ length }, (_, i) => i);
      const { block: octets, faults } = read(attribute(flags, 240, value));
      expect(faults).toEqual([]);
      expect(octets).toEqual(attribute(length > 255 ? 0xf0 : 0xe0, 240, value));
      expect(read(octets).block).toEqual(octets);
    }
  });

  it.each([28, 40, 128, 255])("of type %i pass even when empty (CVE-2019-5892, May 2025)", (code) => {
    expect(read(attribute(0xc0, code, "")).block).toEqual(attribute(0xe0, code, ""));
  });

  it("that are not transitive are dropped quietly", () => {
    expect(read(attribute(0x80, 99, "00"))).toMatchObject({ faults: [], block: hex("") });
  });

  it("twice are reported once", () => {
    const many = join(...Array.from({ length: 1000 }, () => attribute(0xc0, 99, "01")));
    const reading = read(many);
    expect(reading.faults).toHaveLength(1);
    expect(reading.block).toEqual(attribute(0xe0, 99, "01"));
  });
});

describe("a set of codes", () => {
  it("walks in ascending order", () => {
    fc.assert(fc.property(fc.uniqueArray(fc.integer({ min: 0, max: 255 }), { maxLength: 20 }), (codes) => {
      const set256 = new CodeSet();
      for (const code of codes) set256.add(code);
      const walked: number[] = [];
      for (let code = set256.next(0); code < 256; code = set256.next(code + 1)) walked.push(code);
      expect(walked).toEqual([...codes].sort((a, b) => a - b));
      expect(Array.from({ length: 256 }, (_, i) => i).filter((code) => set256.has(code))).toEqual(walked);
    }));
  });
});
