/** Linux's options as octets: struct tcp_md5sig, and what a saved SYN tells. */

import { describe, expect, it } from "vitest";
import { fromHex, toHex } from "../../src/base/bytes.ts";
import { parsePrefix } from "../../src/base/prefix.ts";
import {
  minTtlOption, minTtlOf, passwordOption, readSyn, SAVE_SYN, sendTtlOption,
} from "../../src/transport/socket-options.ts";

const key = new TextEncoder().encode("secret");
const hexOf = (prefix: string, password = key): string => toHex(passwordOption(parsePrefix(prefix)!, password).value);
const intIn = ({ value }: { readonly value: Uint8Array }): number => new DataView(value.buffer).getInt32(0, true);

describe("struct tcp_md5sig", () => {
  it("names an IPv4 network, its length, the key's and the key", () => {
    const hex = hexOf("10.1.0.0/16");
    expect(hex.length).toBe(216 * 2);
    expect(hex.slice(0, 16)).toBe("020000000a010000");
    expect(hex.slice(128 * 2, 136 * 2 + 14)).toBe(`01100600${"00000000"}${toHex(key)}00`);
  });
  it("names an IPv6 address past its flow", () => {
    const hex = hexOf("2001:db8::2/128");
    expect(hex.slice(0, 48)).toBe("0a0000000000000020010db8000000000000000000000002");
    expect(hex.slice(128 * 2, 132 * 2)).toBe("01800600");
  });
  it("takes a key back with an empty one", () => {
    expect(hexOf("10.0.0.1/32", new Uint8Array()).slice(128 * 2, 136 * 2)).toBe("0120000000000000");
  });
});

it("TTL security counts hops as Calico does: 1 is on the link", () => {
  expect([1, 2, 254].map(minTtlOf)).toEqual([255, 254, 2]);
  const options = [minTtlOption(4, 1), sendTtlOption(4), minTtlOption(16, 1), sendTtlOption(16)];
  expect(options.map(({ level, name }) => `${level}/${name}`)).toEqual(["0/21", "0/2", "41/73", "41/16"]);
  expect([minTtlOption(16, 3), sendTtlOption(4), SAVE_SYN].map(intIn)).toEqual([253, 255, 1]);
});

describe("a saved SYN", () => {
  const SIGNED = "45000048cf0b4000ff06aea17f0000017f0000019ddf97fd0beffaed00000000d002ffd7fe3c0000"
    + "01011312ff2848fbd7970fc9dd1a9d746ed52b500204ffd7010104020103030a";
  const PLAIN = "4500003ccf0b40004006aea17f0000017f0000019ddf97fd0beffaed00000000a002ffd7fe300000"
    + "0204ffd70402080a12345678000000000103030a";
  const factsOf = (hex: string): unknown => readSyn(fromHex(hex)!);

  it("tells the TTL, and whether it was signed", () => {
    expect([SIGNED, PLAIN].map(factsOf)).toEqual([{ ttl: 255, isSigned: true }, { ttl: 64, isSigned: false }]);
  });
  it("tells the hop limit of IPv6", () => {
    expect(factsOf(`600000000034063f${"00".repeat(32)}${SIGNED.slice(40)}`)).toEqual({ ttl: 63, isSigned: true });
  });
  it("takes no option's content for an option, and ends with a bad one", () => {
    const withOptions = (options: string): string => PLAIN.slice(0, 80) + options.padEnd(40, "00");
    expect(factsOf(withOptions("1e0413130013"))).toEqual({ ttl: 64, isSigned: false });
    expect(factsOf(withOptions("1e00131200"))).toEqual({ ttl: 64, isSigned: true });
  });
  it("cut anywhere is nothing known", () => {
    for (let octets = 0; octets < SIGNED.length / 2; octets++) {
      expect(factsOf(SIGNED.slice(0, octets * 2))).toBeUndefined();
    }
    expect(factsOf(`600000000034003f${"00".repeat(32)}${SIGNED.slice(40)}`), "extension headers").toBeUndefined();
  });
});
