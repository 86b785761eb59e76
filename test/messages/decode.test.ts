/** The JSON of `decode` and of attributes, where the vectors do not reach. */

import { describe, expect, it } from "vitest";
import { decodeMessage } from "../../src/messages/decode.ts";
import { describeAttributes, describeNextHop, encodeAttributes } from "../../src/messages/describe.ts";
import { formatCommunity, parseCommunity } from "../../src/messages/attributes/communities.ts";
import { KEEPALIVE } from "../../src/messages/keepalive.ts";
import { attribute, hex, join } from "../support/attributes.ts";
import { framed } from "../support/arbitraries-messages.ts";

const CONTEXT = { ebgp: false, fourOctetAs: true, addPath: [] };
const error = (code: number, subcode: number): object => (
  { type: "error", disposition: "reset", faults: [{ disposition: "reset", code, subcode }] }
);

describe("octets that are no message", () => {
  it.each<[string, Uint8Array, number, number]>([
    ["nothing", hex(""), 1, 2],
    ["a cut header", KEEPALIVE.subarray(0, 18), 1, 2],
    ["a cut body", framed(2, new Uint8Array(4)).subarray(0, 22), 1, 2],
    ["two messages", join(KEEPALIVE, KEEPALIVE), 1, 2],
    ["a message and an octet", join(KEEPALIVE, hex("ff")), 1, 2],
    ["an unknown type", framed(9, hex("00")), 1, 3],
    ["an OPEN of another version", framed(1, hex("03 fc00 005a 0a000001 00")), 2, 1],
    ["a BoRR that is too long", framed(5, hex("0001 01 01 00")), 7, 1],
  ])("are an error: %s", (_name, octets, code, subcode) => {
    expect(decodeMessage(octets, CONTEXT)).toMatchObject(error(code, subcode));
  });
});

describe("an UPDATE with classic and multiprotocol routes", () => {
  it("lists all of them, and one fault is everyone's (RFC 7606 §2)", () => {
    const reach = attribute(0x80, 14, "0002 01 10 20010db8000000000000000000000001 00 20 20010db8");
    const unreach = attribute(0x80, 15, "0002 01 10 2002");
    const attributes = join(reach, attribute(0x40, 1, "09"), attribute(0x40, 2, ""), attribute(0x40, 3, "0a000001"),
      unreach);
    const body = join(hex("0002 080b"), Uint8Array.of(0, attributes.length), attributes, hex("08 0a"));
    expect(decodeMessage(framed(2, body), CONTEXT)).toMatchObject({
      disposition: "withdraw",
      withdrawn: [{ prefix: "11.0.0.0/8" }, { family: "ipv6-unicast", prefix: "2002::/16" }],
      announced: [{ prefix: "10.0.0.0/8", nextHop: "10.0.0.1" }, { prefix: "2001:db8::/32", nextHop: "2001:db8::1" }],
    });
  });

  it("passes over a family that we do not speak, whatever is in it", () => {
    const attributes = attribute(0x80, 15, "4004 47 ffffffff");
    const decoded = decodeMessage(framed(2, join(hex("0000 00"), Uint8Array.of(attributes.length), attributes)),
      CONTEXT);
    expect(decoded).toMatchObject({ disposition: "discard", withdrawn: [], announced: [] });
  });
});

describe("ROUTE-REFRESH", () => {
  it.each<[string, object]>([
    ["0001 00 01", { family: "ipv4-unicast", subtype: 0, meaning: "request" }],
    ["0001 02 01", { family: "ipv4-unicast", subtype: 2, meaning: "end" }],
    ["0001 00 80", { afi: 1, safi: 128, subtype: 0, meaning: "request" }],
    ["0001 07 01", { subtype: 7 }],
  ])("%s", (body, wanted) => {
    const decoded = decodeMessage(framed(5, hex(body)), CONTEXT);
    expect(decoded).toMatchObject(wanted);
    expect("family" in decoded).toBe("family" in wanted || body.endsWith("07 01"));
    expect("meaning" in decoded).toBe("meaning" in wanted);
  });
});

describe("extended communities", () => {
  it.each([
    ["0002fc0000000064", "rt:64512:100"], ["4002fc0000000064", "rt:64512:100"], ["01020a0000010007", "rt:10.0.0.1:7"],
    ["0202000100000007", "rt:65536:7"], ["0003fc0000000064", "ro:64512:100"], ["0005fc0000000064", "0x0005:64512:100"],
    ["8006000000000000", "0x8006:0x000000000000"], ["030c000000000008", "0x030c:0x000000000008"],
  ])("%s say %s", (octets, text) => {
    const block = attribute(0xc0, 16, octets);
    expect(describeAttributes(block)).toEqual({ extendedCommunities: [{ hex: octets, text }] });
    expect(encodeAttributes(describeAttributes(block))).toEqual(block);
  });
});

describe("communities", () => {
  it.each([["64512:100", 0xfc000064], ["65535:65535", 0xffffffff], ["0:0", 0]])("%s is %i", (text, value) => {
    expect(parseCommunity(text)).toBe(value);
    expect(formatCommunity(value)).toBe(text);
  });

  it.each(["", "1", "65536:0", "0:65536", "1:2:3", "a:b", "-1:0", " 1:2"])("%j is none", (text) => {
    expect(parseCommunity(text)).toBeUndefined();
  });
});

describe("a next hop", () => {
  it.each([
    ["0a000001", "10.0.0.1"], ["20010db8000000000000000000000001", "2001:db8::1"],
    ["20010db8000000000000000000000001fe800000000000000000000000000001", "2001:db8::1"],
  ])("%s is %s", (octets, text) => {
    expect(describeNextHop(hex(octets))).toBe(text);
    expect(describeAttributes(hex(""), hex(octets))).toEqual({ nextHop: text });
  });

  it("that is absent is no key", () => {
    expect(describeAttributes(hex(""), hex(""))).toEqual({});
  });
});

describe("an AIGP without a metric", () => {
  it("is carried and not shown", () => {
    expect(describeAttributes(attribute(0x80, 26, "02 0003"))).toEqual({});
  });
});
