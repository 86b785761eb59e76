/** OPEN: RFC 4271 §6.2, RFC 5492, RFC 6286, RFC 6793, RFC 7607, RFC 9072, RFC 9234. Read before anyone is known. */

import { describe, expect, it } from "vitest";
import { fromHex } from "../../src/base/bytes.ts";
import type { Capability, Role } from "../../src/messages/capabilities.ts";
import { ROLES } from "../../src/messages/capabilities.ts";
import { isFault } from "../../src/messages/fault.ts";
import type { ExpectedOpen, OpenMessage } from "../../src/messages/open.ts";
import { decodeOpen, encodeOpen, validateOpen } from "../../src/messages/open.ts";
import { framed } from "../support/arbitraries-messages.ts";

/** An OPEN of AS 64512, 90 s, 10.0.0.1 with these octets from Opt Parm Len on. */
const openWith = (parameters: string): Uint8Array => (
  framed(1, Uint8Array.from([4, 0xfc, 0, 0, 90, 10, 0, 0, 1, ...fromHex(parameters)!]))
);
const fault = (code: number, subcode: number): object => ({ disposition: "reset", code, subcode });
const ofCapabilities = (hex: string): string => {
  const octets = hex.replaceAll(" ", "").length / 2;
  const byte = (n: number): string => n.toString(16).padStart(2, "0");
  return `${byte(octets + 2)} 02 ${byte(octets)} ${hex}`;
};

describe("an OPEN cannot be read", () => {
  it.each<[string, string, number, number]>([
    ["parameters longer than the message", "05 02 00", 2, 0],
    ["parameters shorter than the message", "02 02 00 ff", 2, 0],
    ["octets behind no parameters", "00 02", 2, 0],
    ["a message that ends at Opt Parm Len (CVE-2022-40318)", "ff", 2, 0],
    ["a parameter cut at its type", "01 02", 2, 0],
    ["a parameter longer than what is left", "02 02 06", 2, 0],
    ["a capability cut at its code", "03 02 01 01", 2, 0],
    ["a capability longer than its parameter", "04 02 02 01 04", 2, 0],
    ["authentication information", "02 01 00", 2, 4],
    ["an unknown parameter", "02 63 00", 2, 4],
    ["an extended form without its length (CVE-2022-40302)", "ff ff", 2, 0],
    ["an extended form with half its length", "ff ff 00", 2, 0],
    ["an extended form that says too much", "ff ff 00 05 02 00 00", 2, 0],
    ["an extended form that says too little", "ff ff 00 02 02 00 00", 2, 0],
    ["an extended parameter cut in its length (CVE-2022-43681)", "ff ff 00 02 02 00", 2, 0],
    ["an extended parameter of an unknown type", "ff ff 00 03 63 00 00", 2, 4],
    ["the extended marker inside the extended form", "ff ff 00 03 ff 00 00", 2, 4],
  ])("with %s", (_name, parameters, code, subcode) => {
    expect(decodeOpen(openWith(parameters))).toMatchObject(fault(code, subcode));
  });

  it.each<[string, string]>([
    ["multiprotocol of 3 octets", "01 03 000100"],
    ["multiprotocol of 5 octets", "01 05 0001000100"],
    ["route refresh with a value", "02 01 00"],
    ["extended next hop of 5 octets", "05 05 0001000100"],
    ["extended message with a value", "06 01 00"],
    ["role without a value", "09 00"],
    ["role of 2 octets", "09 02 0000"],
    ["graceful restart without a value", "40 00"],
    ["graceful restart with half a family", "40 04 00780001"],
    ["4-octet AS of 2 octets", "41 02 fc00"],
    ["ADD-PATH of 3 octets", "45 03 000101"],
    ["enhanced route refresh with a value", "46 01 00"],
    ["LLGR of 6 octets (CVE-2023-31489)", "47 06 000101000000"],
    ["FQDN without a value", "49 00"],
    ["FQDN whose host name lies", "49 03 ff6162"],
    ["FQDN whose domain lies (CVE-2026-5122)", "49 04 0161ff62"],
    ["FQDN with octets left over", "49 04 01610000"],
  ])("with %s", (_name, capability) => {
    expect(decodeOpen(openWith(ofCapabilities(capability)))).toMatchObject(fault(2, 0));
  });

  it("of another version; Data is the version we speak", () => {
    expect(decodeOpen(openWith("00").with(19, 5))).toMatchObject({ ...fault(2, 1), data: Uint8Array.of(0, 4) });
  });

  it("with more capabilities than anyone has", () => {
    const value = "8000".repeat(300);
    const wide = (n: number): string => n.toString(16).padStart(4, "0");
    expect(decodeOpen(openWith(`ff ff ${wide(603)} 02 ${wide(600)} ${value}`))).toMatchObject(fault(2, 0));
  });
});

describe("an OPEN can be read", () => {
  it.each<[string, string, number]>([
    ["no parameters", "00", 0],
    ["one parameter per capability", "0c 02 02 02 00 02 06 01 04 0001 00 01", 2],
    ["all capabilities in one parameter", "0a 02 08 02 00 01 04 0001 00 01", 2],
    ["an empty parameter", "02 02 00", 0],
    ["an unknown capability without a value (CVE-2025-43971)", "04 02 02 4b 00", 1],
    ["the extended form, though it is short", "07 ff 00 05 02 0002 0200", 1],
    ["the extended form with 255 in front", "ff ff 00 05 02 0002 0200", 1],
  ])("with %s", (_name, parameters, count) => {
    const open = decodeOpen(openWith(parameters));
    expect(isFault(open)).toBe(false);
    expect((open as OpenMessage).capabilities).toHaveLength(count);
  });

  it("with AS_TRANS in the field and the real number in the capability", () => {
    const octets = encodeOpen({
      asNumber: 4200000000, holdTimeSeconds: 90, routerId: 1,
        capabilities: [{ name: "fourOctetAs", asNumber: 4200000000 }],
    });
    expect(decodeOpen(octets)).toMatchObject({ asNumber: 4200000000, asField: 23456 });
  });

  it.each([[251, 253, false], [252, 254, true], [255, 257, true]])(
    "with a capability of %i octets, extended where 255 do not hold the parameter", (octets, length, extended) => {
      const capabilities: Capability[] = [{ name: "unknown", code: 128, value: new Uint8Array(octets).fill(7) }];
      const message = encodeOpen({ asNumber: 1, holdTimeSeconds: 90, routerId: 1, capabilities });
      expect([message[28], message[29] === 255]).toEqual([extended ? 255 : length + 2, extended]);
      expect(decodeOpen(message)).toMatchObject({ capabilities });
    });

  it("and ignores ADD-PATH directions that mean nothing", () => {
    const open = decodeOpen(openWith(ofCapabilities("45 0c 00010100 00010104 00020103"))) as OpenMessage;
    const families = [{ afi: 2, safi: 1, receive: true, send: true }];
    expect(open.capabilities).toEqual([{ name: "addPath", families }]);
  });

  it("and makes a host name fit to print", () => {
    const open = decodeOpen(openWith(ofCapabilities("49 08 05 610a1b8062 01 63"))) as OpenMessage;
    expect(open.capabilities).toEqual([{ name: "fqdn", host: "a\\u{a}\\u{1b}\ufffdb", domain: "c" }]);
  });
});

describe("every cut of a long OPEN", () => {
  const capabilities: Capability[] = Array.from({ length: 40 }, (_, i) => (
    { name: "unknown", code: 128 + i, value: new Uint8Array(6) }
  ));
  it.each([[3], [40]])("with %i capabilities is a fault", (count) => {
    const whole = encodeOpen({ asNumber: 1, holdTimeSeconds: 90, routerId: 1,
      capabilities: capabilities.slice(0, count) });
    expect(isFault(decodeOpen(whole))).toBe(false);
    for (let length = 19; length < whole.length; length++) {
      expect(isFault(decodeOpen(framed(1, whole.subarray(19, length)))), `cut at ${length}`).toBe(true);
    }
  });
});

const EXPECTED: ExpectedOpen = { asNumber: 65001, localAsNumber: 64512, localRouterId: 1 };
const GOOD: OpenMessage = {
  version: 4, asNumber: 65001, asField: 65001, holdTimeSeconds: 90, routerId: 2, capabilities: [],
};
const IBGP = { asNumber: 64512 };
const as4 = (asNumber: number): Capability => ({ name: "fourOctetAs", asNumber });
const role = (value: Role | number): Capability => ({ name: "role", role: value });
const family = (afi: number): Capability => ({ name: "multiprotocol", afi, safi: 1 });

describe("an OPEN is not accepted", () => {
  it.each<[string, Partial<OpenMessage>, Partial<ExpectedOpen>, number]>([
    ["another AS", { asNumber: 65002, asField: 65002 }, {}, 2],
    ["AS 0 in the field", { asNumber: 0, asField: 0 }, {}, 2],
    ["AS 0 in the capability", { asNumber: 0, asField: 65001, capabilities: [as4(0)] }, {}, 2],
    ["AS 0 in the field and an AS in the capability", { asField: 0, capabilities: [as4(65001)] }, {}, 2],
    ["field and capability that disagree", { asField: 65002, capabilities: [as4(65001)] }, {}, 2],
    ["two capabilities that disagree", { capabilities: [as4(65001), as4(65002)] }, {}, 2],
    ["two that disagree behind AS_TRANS", { asField: 23456, capabilities: [as4(65001), as4(65002)] }, {}, 2],
    ["BGP Identifier 0", { routerId: 0 }, {}, 3],
    ["our own BGP Identifier in our AS", { ...IBGP, asField: 64512, routerId: 1 }, IBGP, 3],
    ["Hold Time 1", { holdTimeSeconds: 1 }, {}, 6],
    ["Hold Time 2", { holdTimeSeconds: 2 }, {}, 6],
    ["a Hold Time below ours", { holdTimeSeconds: 19 }, { minHoldTimeSeconds: 20 }, 6],
    ["only families that we do not offer", { capabilities: [family(2)] }, { families: ["ipv4-unicast"] }, 7],
    ["no family at all where we want IPv6", {}, { families: ["ipv6-unicast"] }, 7],
    ["the same role", { capabilities: [role("provider")] }, { role: "provider" }, 11],
    ["a role that has no name", { capabilities: [role(7)] }, { role: "peer" }, 11],
    ["two different roles", { capabilities: [role("peer"), role("rs")] }, { role: "peer" }, 11],
    ["two different roles where we have none", { capabilities: [role("peer"), role("rs")] }, {}, 11],
    ["no role where one is required", {}, { role: "peer", roleStrict: true }, 11],
  ])("with %s", (_name, open, expected, subcode) => {
    expect(validateOpen({ ...GOOD, ...open }, { ...EXPECTED, ...expected })).toMatchObject(fault(2, subcode));
  });

  it("without a family of ours, and Data lists what is missing", () => {
    const refused = validateOpen({ ...GOOD, capabilities: [family(25)] },
      { ...EXPECTED, families: ["ipv4-unicast", "ipv6-unicast"] });
    expect(refused?.data).toEqual(fromHex("0104 0001 00 01 0104 0002 00 01"));
  });
});

describe("an OPEN is accepted", () => {
  it.each<[string, Partial<OpenMessage>, Partial<ExpectedOpen>]>([
    ["as expected", {}, {}],
    ["with Hold Time 0", { holdTimeSeconds: 0 }, { minHoldTimeSeconds: 20 }],
    ["with Hold Time 3", { holdTimeSeconds: 3 }, {}],
    ["with our BGP Identifier from another AS", { routerId: 1 }, {}],
    ["with AS_TRANS before a small AS", { asField: 23456, capabilities: [as4(65001)] }, {}],
    ["with one family of two", { capabilities: [family(2)] }, { families: ["ipv4-unicast", "ipv6-unicast"] }],
    ["without families where IPv4 is wanted", {}, { families: ["ipv4-unicast"] }],
    ["without a role where none is required", {}, { role: "peer" }],
    ["with a role that nobody asked for", { capabilities: [role("peer")] }, {}],
    ["with the same role twice", { capabilities: [role("peer"), role("peer")] }, { role: "peer" }],
    ["with any role inside the AS", { ...IBGP, asField: 64512, capabilities: [role("peer"), role("rs")] }, IBGP],
  ])("%s", (_name, open, expected) => {
    expect(validateOpen({ ...GOOD, ...open }, { ...EXPECTED, ...expected })).toBeUndefined();
  });

  it("in five pairs of roles and no other", () => {
    const pairs = ROLES.flatMap((local) => ROLES.map((remote) => [local, remote] as const)).filter(([local,
      remote]) => (
      validateOpen({ ...GOOD, capabilities: [role(remote)] }, { ...EXPECTED, role: local }) === undefined
    ));
    expect(pairs).toEqual([
      ["provider", "customer"], ["rs", "rs-client"], ["rs-client", "rs"], ["customer", "provider"], ["peer", "peer"],
    ]);
  });
});
