/** The error table of UPDATE, one row per line: RFC 7606, RFC 4271 §6.3 and the RFCs of the attributes. */

import { describe, expect, it } from "vitest";
import type { AttributeContext } from "../../src/messages/attributes/read.ts";
import { checkMandatory } from "../../src/messages/attributes/read.ts";
import { strongest } from "../../src/messages/fault.ts";
import { attribute, EBGP, hex, IBGP, join, OLD, read } from "../support/attributes.ts";

const ORIGIN = attribute(0x40, 1, "00");
const AS_PATH = attribute(0x40, 2, "0201 0000fc00");
const NEXT_HOP = attribute(0x40, 3, "0a000001");
const GLOBAL = "20010db8000000000000000000000001";
const LINK_LOCAL = "fe800000000000000000000000000001";
const reach = (nextHop: string, nlri = "2020010db8", afi = "0002"): Uint8Array => {
  const octets = hex(nextHop);
  return attribute(0x80, 14, join(hex(`${afi}01`), Uint8Array.of(octets.length), octets, hex("00"), hex(nlri)));
};
const unreach = (value: string): Uint8Array => attribute(0x80, 15, value);
const LOOPBACK: AttributeContext = { ...IBGP, loopback: true };
const WIDE: AttributeContext = { ...IBGP, extendedNextHop: ["ipv4-unicast"] };
const ONLY_V4: AttributeContext = { ...IBGP, families: ["ipv4-unicast"] };
const ADD_PATH: AttributeContext = { ...IBGP, addPath: ["ipv6-unicast"] };

type Row = readonly [why: string, wrong: Uint8Array, context: AttributeContext, disposition: string,
  subcode: number | undefined];

/** Each joins a whole route with classic NLRI; subcode undefined where there is no fault. */
const ROWS: readonly Row[] = [
  ["ORIGIN 3", attribute(0x40, 1, "03"), IBGP, "withdraw", 6],
  ["ORIGIN of 2 octets", attribute(0x40, 1, "0000"), IBGP, "withdraw", 5],
  ["AS_PATH with segment type 0", attribute(0x40, 2, "0001 00000001"), IBGP, "withdraw", 11],
  ["AS_PATH with segment type 5", attribute(0x40, 2, "0501 00000001"), IBGP, "withdraw", 11],
  ["AS_PATH with an empty segment", attribute(0x40, 2, "0200"), IBGP, "withdraw", 11],
  ["AS_PATH that overruns", attribute(0x40, 2, "0202 00000001"), IBGP, "withdraw", 11],
  ["AS_PATH with one octet left", attribute(0x40, 2, "0201 00000001 02"), IBGP, "withdraw", 11],
  ["AS_PATH with AS 0", attribute(0x40, 2, "0202 00000001 00000000"), IBGP, "withdraw", 11],
  ["a confederation's sequence", attribute(0x40, 2, "0301 00000001"), IBGP, "withdraw", 11],
  ["a confederation's set", attribute(0x40, 2, "0401 00000001"), EBGP, "withdraw", 11],
  ["2-octet AS_PATH with AS 0", attribute(0x40, 2, "0201 0000"), OLD, "withdraw", 11],
  ["4-octet AS_PATH from an old speaker", attribute(0x40, 2, "0201 0000fc00"), OLD, "withdraw", 11],
  ["an empty AS_PATH", attribute(0x40, 2, ""), IBGP, "ok", undefined],
  ["NEXT_HOP of 3 octets", attribute(0x40, 3, "0a0000"), IBGP, "withdraw", 5],
  ["NEXT_HOP of 0 octets", attribute(0x40, 3, ""), IBGP, "withdraw", 5],
  ["NEXT_HOP of 5 octets", attribute(0x40, 3, "0a00000101"), IBGP, "withdraw", 5],
  ["NEXT_HOP of 16 octets (CVE-2026-30405)", attribute(0x40, 3, GLOBAL), IBGP, "withdraw", 5],
  ["NEXT_HOP 0.0.0.0", attribute(0x40, 3, "00000000"), IBGP, "withdraw", 8],
  ["NEXT_HOP 0.1.2.3", attribute(0x40, 3, "00010203"), IBGP, "withdraw", 8],
  ["NEXT_HOP 224.0.0.5", attribute(0x40, 3, "e0000005"), IBGP, "withdraw", 8],
  ["NEXT_HOP 240.0.0.1", attribute(0x40, 3, "f0000001"), IBGP, "withdraw", 8],
  ["NEXT_HOP 255.255.255.255", attribute(0x40, 3, "ffffffff"), IBGP, "withdraw", 8],
  ["NEXT_HOP 127.0.0.1", attribute(0x40, 3, "7f000001"), IBGP, "withdraw", 8],
  ["NEXT_HOP 127.0.0.1 over loopback", attribute(0x40, 3, "7f000001"), LOOPBACK, "ok", undefined],
  ["NEXT_HOP 0.0.0.0 over loopback", attribute(0x40, 3, "00000000"), LOOPBACK, "withdraw", 8],
  ["MED of 3 octets", attribute(0x80, 4, "000000"), IBGP, "withdraw", 5],
  ["LOCAL_PREF of 5 octets", attribute(0x40, 5, "0000000000"), IBGP, "withdraw", 5],
  ["LOCAL_PREF from outside", attribute(0x40, 5, "00000064"), EBGP, "discard", 9],
  ["ATOMIC_AGGREGATE with a value", attribute(0x40, 6, "00"), IBGP, "discard", 5],
  ["AGGREGATOR of 6 octets", attribute(0xc0, 7, "fc00 0a000001"), IBGP, "discard", 5],
  ["AGGREGATOR of 8 octets from an old speaker", attribute(0xc0, 7, "0000fc00 0a000001"), OLD, "discard", 5],
  ["AGGREGATOR of AS 0", attribute(0xc0, 7, "00000000 0a000001"), IBGP, "discard", 9],
  ["COMMUNITIES of 5 octets", attribute(0xc0, 8, "fc00006400"), IBGP, "withdraw", 5],
  ["COMMUNITIES of 0 octets", attribute(0xc0, 8, ""), IBGP, "withdraw", 5],
  ["ORIGINATOR_ID of 5 octets", attribute(0x80, 9, "0a00000100"), IBGP, "withdraw", 5],
  ["ORIGINATOR_ID from outside", attribute(0x80, 9, "0a000001"), EBGP, "discard", 9],
  ["CLUSTER_LIST of 0 octets", attribute(0x80, 10, ""), IBGP, "withdraw", 5],
  ["CLUSTER_LIST of 6 octets", attribute(0x80, 10, "0a0000010a00"), IBGP, "withdraw", 5],
  ["CLUSTER_LIST from outside", attribute(0x80, 10, "ff"), EBGP, "discard", 9],
  ["MP_REACH of 4 octets", attribute(0x80, 14, "00020100"), IBGP, "reset", 9],
  ["MP_REACH with a next hop that passes the end", attribute(0x80, 14, `000201 20 ${GLOBAL}00`), IBGP, "reset", 9],
  ["MP_REACH for IPv6 with a next hop of 4", reach("0a000001"), IBGP, "reset", 9],
  ["MP_REACH for IPv6 with a next hop of 0", reach(""), IBGP, "reset", 9],
  ["MP_REACH for IPv6 with a next hop of 24", reach(`${GLOBAL}0000000000000000`), IBGP, "reset", 9],
  ["MP_REACH for IPv4 with an IPv6 next hop", reach(GLOBAL, "180a0000", "0001"), IBGP, "reset", 9],
  ["the same with RFC 8950", reach(GLOBAL, "180a0000", "0001"), WIDE, "ok", undefined],
  ["the same with two addresses", reach(GLOBAL + LINK_LOCAL, "180a0000", "0001"), WIDE, "ok", undefined],
  ["MP_REACH for IPv4 with an IPv4 next hop", reach("0a000001", "180a0000", "0001"), IBGP, "ok", undefined],
  ["MP_REACH with a prefix of /129", reach(GLOBAL, `81${GLOBAL}00`), IBGP, "reset", 9],
  ["MP_REACH with a prefix that is cut", reach(GLOBAL, "2020010d"), IBGP, "reset", 9],
  ["MP_REACH without path ids where there must be", reach(GLOBAL), ADD_PATH, "reset", 9],
  ["MP_REACH with path ids", reach(GLOBAL, "00000001 20 20010db8"), ADD_PATH, "ok", undefined],
  ["MP_REACH with two next hops", reach(GLOBAL + LINK_LOCAL), IBGP, "ok", undefined],
  ["MP_REACH with next hop ::", reach("0".repeat(32)), IBGP, "withdraw", 8],
  ["MP_REACH with a multicast next hop", reach(`ff02${"0".repeat(28)}`), IBGP, "withdraw", 8],
  ["MP_REACH with next hop ::1", reach(`${"0".repeat(30)}01`), IBGP, "withdraw", 8],
  ["MP_REACH with next hop ::1 over loopback", reach(`${"0".repeat(30)}01`), LOOPBACK, "ok", undefined],
  ["a link-local next hop alone", reach(LINK_LOCAL), IBGP, "ok", undefined],
  ["a link-local next hop behind a global one", reach(GLOBAL + LINK_LOCAL), IBGP, "ok", undefined],
  ["MP_REACH of a family that is not negotiated", reach(GLOBAL), ONLY_V4, "discard", 9],
  ["MP_REACH of an unknown family, whatever is in it", reach("0a000001", "ffffff", "4004"), IBGP, "discard", 9],
  ["MP_REACH of an unknown family whose next hop takes the reserved octet", attribute(0x80, 14, "400401 04 0a000001"),
    IBGP, "reset", 9],
  ["MP_UNREACH of 2 octets", unreach("0002"), IBGP, "reset", 9],
  ["MP_UNREACH with a prefix of /129", unreach(`000201 81${GLOBAL}00`), IBGP, "reset", 9],
  ["MP_UNREACH of a family that is not negotiated", unreach("000201 ff"), ONLY_V4, "discard", 9],
  ["two MP_UNREACH", join(unreach("000201"), unreach("000201")), IBGP, "reset", 1],
  ["two MP_REACH", join(reach(GLOBAL), reach(GLOBAL)), IBGP, "reset", 1],
  ["EXTENDED COMMUNITIES of 7 octets", attribute(0xc0, 16, "00020000000000"), IBGP, "withdraw", 5],
  ["an unknown extended community", attribute(0xc0, 16, "ff02000000000000"), IBGP, "ok", undefined],
  ["IPv6 EXTENDED COMMUNITIES of 16 octets (CVE-2026-37461)", attribute(0xc0, 25, GLOBAL), IBGP, "withdraw", 5],
  ["LARGE_COMMUNITY of 8 octets", attribute(0xc0, 32, "0000000000000000"), IBGP, "withdraw", 5],
  ["AS4_PATH from a new speaker", attribute(0xc0, 17, "0201 0000fc00"), IBGP, "discard", 9],
  ["AS4_AGGREGATOR from a new speaker", attribute(0xc0, 18, "0000fc00 0a000001"), IBGP, "discard", 9],
  ["OTC of 3 octets", attribute(0xc0, 35, "00fc00"), IBGP, "withdraw", 5],
  ["OTC of 8 octets", attribute(0xc0, 35, "0000fc000000fc00"), IBGP, "withdraw", 5],
  ["AIGP with a TLV of length 2 (CVE-2023-38407)", attribute(0x80, 26, "01 0002"), IBGP, "discard", 9],
  ["AIGP with a TLV that ends inside its own head", attribute(0x80, 26, "02 0002 0003"), IBGP, "discard", 9],
  ["AIGP with a TLV that passes the end", attribute(0x80, 26, "01 000b 00"), IBGP, "discard", 9],
  ["AIGP with a metric of 4 octets", attribute(0x80, 26, "01 0007 00000001"), IBGP, "discard", 9],
  ["AIGP from outside", attribute(0x80, 26, "01 000b 0000000000000001"), EBGP, "discard", 9],
  ["AIGP that is transitive", attribute(0xc0, 26, "01 000b 0000000000000001"), IBGP, "discard", 4],
  ["an unknown well-known attribute", attribute(0x40, 99, "00"), IBGP, "reset", 2],
  ["an unknown attribute without any flag", attribute(0x00, 99, ""), IBGP, "reset", 2],
  ["an unknown optional transitive attribute", attribute(0xc0, 99, ""), IBGP, "ok", undefined],
  ["an unknown optional non-transitive attribute", attribute(0x80, 99, "00"), IBGP, "ok", undefined],
  ["one octet left", hex("40"), IBGP, "withdraw", 1],
  ["two octets left", hex("4063"), IBGP, "withdraw", 1],
  ["three octets left with extended length", hex("506300"), IBGP, "withdraw", 1],
];

describe("in a route with classic NLRI", () => {
  it.each(ROWS)("%s", (_why, wrong, context, disposition, subcode) => {
    const path = context.fourOctetAs ? AS_PATH : attribute(0x40, 2, "0201 fc00");
    const rest = [ORIGIN, path, NEXT_HOP].filter((good) => good[1] !== wrong[1]);
    const reading = read(join(...rest, wrong), context);
    const faults = [...reading.faults, ...checkMandatory(reading, { hasClassicNlri: true })];
    expect(faults.map((fault) => [fault.code, fault.subcode, fault.disposition])).toEqual(
      subcode === undefined ? [] : [[3, subcode, disposition]]);
    expect(strongest(faults)).toBe(disposition);
    if (disposition === "reset" || subcode === 1) return;
    for (const fault of faults) expect(fault.data).toEqual(wrong); // Data: the whole attribute (RFC 4271 §6.3)
  });
});

describe("mandatory attributes", () => {
  const names = (nlri: boolean, ...attributes: readonly Uint8Array[]): readonly (number | undefined)[] => {
    const reading = read(join(...attributes));
    expect(reading.faults).toEqual([]);
    const faults = checkMandatory(reading, { hasClassicNlri: nlri });
    for (const fault of faults) {
      expect(fault).toMatchObject({ disposition: "withdraw", code: 3, subcode: 3,
        data: Uint8Array.of(fault.attribute!) });
    }
    return faults.map((fault) => fault.attribute);
  };
  const MP = reach(GLOBAL);
  it.each<[string, boolean, readonly Uint8Array[], readonly number[]]>([
    ["NLRI with nothing (CVE-2023-41358)", true, [], [1, 2, 3]],
    ["NLRI without NEXT_HOP", true, [ORIGIN, AS_PATH], [3]],
    ["NLRI without AS_PATH", true, [ORIGIN, NEXT_HOP], [2]],
    ["NLRI without ORIGIN", true, [AS_PATH, NEXT_HOP], [1]],
    ["NLRI with all", true, [ORIGIN, AS_PATH, NEXT_HOP], []],
    ["NLRI with only an unknown attribute (CVE-2023-46753)", true, [attribute(0xc0, 99, "00")], [1, 2, 3]],
    ["NLRI and MP_UNREACH only (CVE-2023-47235)", true, [unreach("000201")], [1, 2, 3]],
    ["MP_REACH with nothing", false, [MP], [1, 2]],
    ["MP_REACH with all", false, [MP, ORIGIN, AS_PATH], []],
    ["MP_REACH and NLRI without NEXT_HOP", true, [MP, ORIGIN, AS_PATH], [3]],
    ["MP_REACH without routes", false, [reach(GLOBAL, "")], []],
    ["MP_UNREACH", false, [unreach("000201")], []],
    ["no NLRI and no attributes", false, [], []],
    ["no NLRI and one attribute (CVE-2023-38406)", false, [ORIGIN], []],
  ])("of %s", (_name, nlri, attributes, missing) => {
    expect(names(nlri, ...attributes)).toEqual(missing);
  });

  it("that are malformed are not missing", () => {
    const reading = read(join(attribute(0x40, 1, "09"), AS_PATH, NEXT_HOP));
    expect(checkMandatory(reading, { hasClassicNlri: true })).toEqual([]);
  });
});

describe("an error that should withdraw routes", () => {
  const wrong = attribute(0x40, 1, "09");
  it.each<[string, readonly Uint8Array[], boolean, string]>([
    ["withdraws classic NLRI", [wrong, AS_PATH, NEXT_HOP], true, "withdraw"],
    ["withdraws MP_REACH", [reach(GLOBAL), wrong, AS_PATH], false, "withdraw"],
    ["resets where nothing is announced (RFC 7606 §5.2)", [wrong, AS_PATH], false, "reset"],
    ["resets where MP_REACH announces nothing", [reach(GLOBAL, ""), wrong, AS_PATH], false, "reset"],
    ["resets beside MP_UNREACH alone", [unreach("000201"), wrong], false, "reset"],
    ["is weaker than one that resets (§3 h)", [attribute(0x40, 99, ""), wrong, AS_PATH, NEXT_HOP], true, "reset"],
  ])("%s", (_name, attributes, hasClassicNlri, disposition) => {
    const reading = read(join(...attributes));
    expect(strongest([...reading.faults, ...checkMandatory(reading, { hasClassicNlri })])).toBe(disposition);
  });

  it("that only discards never resets", () => {
    const reading = read(attribute(0x40, 6, "00"));
    expect(checkMandatory(reading, { hasClassicNlri: false })).toEqual([]);
    expect(reading.disposition).toBe("discard");
  });

  it("in NEXT_HOP is nothing where no classic NLRI needs it (RFC 4760 §3)", () => {
    const reading = read(join(reach(GLOBAL), ORIGIN, AS_PATH, attribute(0x40, 3, "00000000")));
    expect([...reading.faults, ...checkMandatory(reading, { hasClassicNlri: false })]).toEqual([]);
  });
});
