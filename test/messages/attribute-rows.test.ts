/** What holds for every row of the attribute table: a new attribute is tested the moment it is listed. */

import { describe, expect, it } from "vitest";
import { ATTRIBUTE } from "../../src/messages/attributes/codes.ts";
import type { AttributeContext } from "../../src/messages/attributes/read.ts";
import { ATTRIBUTES, BY_CODE } from "../../src/messages/attributes/table.ts";
import { describeAttributes, encodeAttributes } from "../../src/messages/describe.ts";
import { attribute, EBGP, hex, IBGP, join, OLD, read } from "../support/attributes.ts";

/** A good value of each attribute; a row without one here fails. */
const GOOD: Readonly<Record<number, string>> = {
  [ATTRIBUTE.ORIGIN]: "01",
  [ATTRIBUTE.AS_PATH]: "02 02 0000fc00 fa56ea00 01 01 00000001",
  [ATTRIBUTE.NEXT_HOP]: "0a000001",
  [ATTRIBUTE.MED]: "00000064",
  [ATTRIBUTE.LOCAL_PREF]: "000000c8",
  [ATTRIBUTE.ATOMIC_AGGREGATE]: "",
  [ATTRIBUTE.AGGREGATOR]: "0000fc00 0a000001",
  [ATTRIBUTE.COMMUNITIES]: "fc000064 ffffff01",
  [ATTRIBUTE.ORIGINATOR_ID]: "0a000002",
  [ATTRIBUTE.CLUSTER_LIST]: "f4000001 0a000003",
  [ATTRIBUTE.MP_REACH_NLRI]: "0002 01 10 20010db8000000000000000000000001 00 20 20010db8",
  [ATTRIBUTE.MP_UNREACH_NLRI]: "0002 01 20 20010db8",
  [ATTRIBUTE.EXTENDED_COMMUNITIES]: "0002fc0000000064 0102 0a000001 0007 4302000000000000 8006000000000000",
  [ATTRIBUTE.AS4_PATH]: "02 01 fa56ea00",
  [ATTRIBUTE.AS4_AGGREGATOR]: "fa56ea00 0a000001",
  [ATTRIBUTE.IPV6_EXTENDED_COMMUNITIES]: "0002 20010db8000000000000000000000001 0064",
  [ATTRIBUTE.AIGP]: "01 000b 0000000000000064 02 0003",
  [ATTRIBUTE.LARGE_COMMUNITIES]: "0000fc00 00000001 00000002",
  [ATTRIBUTE.OTC]: "0000fdea",
};
/** AS4_* are read from old speakers only. */
const contextOf = (code: number): AttributeContext => (code === 17 || code === 18 ? OLD : IBGP);
const rows = ATTRIBUTES.map((row) => [row.name, row, hex(GOOD[row.code] ?? "zz")] as const);

describe("the table", () => {
  it("is in ascending order, without gaps in its index", () => {
    const codes = ATTRIBUTES.map(({ code }) => code);
    expect(codes).toEqual([...codes].sort((a, b) => a - b));
    expect(codes).toEqual(Object.values(ATTRIBUTE));
    for (const row of ATTRIBUTES) expect(BY_CODE[row.code]).toBe(row);
    expect(BY_CODE.filter((row) => row !== undefined)).toHaveLength(ATTRIBUTES.length);
  });
});

describe.each(rows)("%s", (_name, row, value) => {
  const context = contextOf(row.code);
  const whole = attribute(row.flags, row.code, value);

  it("is read without a fault", () => {
    expect(read(whole, context).faults).toEqual([]);
  });

  it("is the same with the extended-length bit, and written without", () => {
    const reading = read(attribute(row.flags | 0x10, row.code, value), context);
    expect(reading.faults).toEqual([]);
    expect(reading.block).toEqual(read(whole, context).block);
  });

  it("may have Partial and the unused flags set (RFC 4271 §4.3)", () => {
    expect(read(attribute(row.flags | 0x2f, row.code, value), context).faults).toEqual([]);
  });

  it("keeps Partial where it is optional and transitive, and only there", () => {
    const { block } = read(attribute(row.flags | 0x2f, row.code, value), context);
    if (row.json !== undefined) expect(block[0]).toBe(row.flags === 0xc0 ? 0xe0 : row.flags);
    else expect(block).toHaveLength(0);
  });

  it("with wrong flags costs what the row says (RFC 7606 §3 c)", () => {
    for (const category of [0x00, 0x40, 0x80, 0xc0].filter((flags) => flags !== row.flags)) {
      const wrong = attribute(category, row.code, value);
      const { faults, block, reach, unreach, nextHop } = read(wrong, context);
      const subcode = row.onWrongFlags === "reset" ? 9 : 4; // MP_*: RFC 4760 §7
      expect(faults).toMatchObject([{ disposition: row.onWrongFlags, code: 3, subcode, attribute: row.code,
        data: wrong }]);
      expect([block.length, reach, unreach, nextHop]).toEqual([0, undefined, undefined, undefined]);
    }
  });

  it("cut at any octet of its value is good or costs what the row says, and is never passed on", () => {
    for (let length = 0; length < value.length; length++) {
      const cut = attribute(row.flags, row.code, value.subarray(0, length));
      const { faults, block } = read(cut, context);
      if (faults.length === 0) continue;
      expect(faults).toMatchObject([{ disposition: row.onMalformed, code: 3, attribute: row.code, data: cut }]);
      expect(block).toHaveLength(0);
    }
  });

  it("that passes the end of the attributes withdraws, or resets where it names routes (RFC 7606 §3 j, §4)", () => {
    for (let length = 2; length < whole.length; length++) {
      const { faults, block } = read(whole.subarray(0, length), context);
      const disposition = row.code === 14 || row.code === 15 ? "reset" : "withdraw";
      expect(faults).toMatchObject([{ disposition, code: 3, subcode: 1, attribute: row.code }]);
      expect(block).toHaveLength(0);
    }
  });

  it("counts once; a second one costs what RFC 7606 §3 g says", () => {
    const { faults, block } = read(join(whole, attribute(row.flags, row.code, "ffffff"), whole), context);
    const names = row.code === 14 || row.code === 15;
    expect(faults).toMatchObject([{ disposition: names ? "reset" : "discard", code: 3, subcode: 1,
      attribute: row.code }]);
    expect(block).toEqual(read(whole, context).block);
  });

  if (row.json !== undefined) it("comes back from its JSON", () => {
    const { block } = read(whole, context);
    const again = encodeAttributes(describeAttributes(block));
    const expected = row.code === ATTRIBUTE.AIGP ? attribute(0x80, 26, "01 000b 0000000000000064") : block;
    expect(again).toEqual(expected);
  });

  it("of length zero is malformed, except where zero is its length (RFC 7606 §4)", () => {
    const { faults } = read(attribute(row.flags, row.code, ""), context);
    const mayBeEmpty = row.code === ATTRIBUTE.AS_PATH || row.code === ATTRIBUTE.ATOMIC_AGGREGATE;
    expect(faults.map(({ disposition }) => disposition)).toEqual(mayBeEmpty ? [] : [row.onMalformed]);
  });

  if (row.unwanted !== undefined) it("is discarded unread where it means nothing", () => {
    const unwelcome = row.code === 17 || row.code === 18 ? IBGP : EBGP;
    const { faults, block } = read(attribute(0x00, row.code, "ff"), unwelcome);
    expect(faults).toMatchObject([{ disposition: "discard", attribute: row.code }]);
    expect(block).toHaveLength(0);
  });
});

describe("all attributes together", () => {
  const all = rows.filter(([, row]) => row.code !== 17 && row.code !== 18).map(([, row, value]) => attribute(row.flags,
    row.code, value));
  it("are the same block in whatever order they come", () => {
    const { block, faults } = read(join(...all));
    expect(faults).toEqual([]);
    expect(read(join(...all.toReversed())).block).toEqual(block);
    expect(read(join(...all.slice(7), ...all.slice(0, 7))).block).toEqual(block);
    expect(read(block).block).toEqual(block);
  });
});
