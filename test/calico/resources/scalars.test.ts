/** Single values of Calico's resources: every way to write them that Calico takes, and what it does not take. */

import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { formatPrefix } from "../../../src/base/prefix.ts";
import { asNumberOf, durationSeconds, nodeAddressOf, peerAddressOf } from "../../../src/calico/resources/scalars.ts";
import { parseCommunity } from "../../../src/config/scalars.ts";

describe("an AS number", () => {
  it.each<readonly [number | string, number]>([
    [64512, 64512], [0, 0], [4294967295, 4294967295], ["64512", 64512], ["0", 0], ["4294967295", 4294967295],
    ["1.0", 65536], ["0.1", 1], ["65535.65535", 4294967295], ["64512.10", 64512 * 65536 + 10], ["064512", 64512],
    ["01.002", 65538],
  ])("%j is %j", (given, expected) => {
    expect(asNumberOf(given)).toBe(expected);
  });
  it.each([-1, 1.5, 4294967296, Number.NaN, Infinity, 1e21, "", " 1", "-1", "+1", "1e3", "0x10", "4294967296", "1.2.3",
    "65536.0", "0.65536", ".1", "1.", "1.-2", "a", "99999999999"])("%j is none", (given) => {
    expect(asNumberOf(given)).toBeUndefined();
  });
});

describe("a duration", () => {
  it.each([
    ["0", 0], ["+0", 0], ["0s", 0], ["120s", 120], ["1m30s", 90], ["1h2m3s", 3723], ["1.5h", 5400], [".5m", 30],
    ["1.m", 60], ["499ms", 0], ["500ms", 1], ["1499ms", 1], ["1500ms", 2], ["1.1s400ms", 2], ["1.1s399ms", 1],
    ["2s499999999ns", 2], ["2s500000000ns", 3], ["500000us", 1], ["500000\u00b5s", 1],
    ["500000\u03bcs", 1],
    ["30s1m", 90], ["+5s", 5], ["2562047h47m16.854775807s", 9223372037],
  ])("%s is %j seconds", (text, expected) => {
    expect(durationSeconds(text)).toBe(expected);
  });
  it.each(["", "1", "s", ".s", ".", "+", "-1s", "--1s", "1 s", " 1s", "1s ", "1S", "1d", "1m30", "1,5s", "1e3s",
    "1..5s", "2562047h47m16.854775808s", "00", `${"1".repeat(1e6)}s`])("%j is none", (text) => {
    expect(durationSeconds(text)).toBeUndefined();
  });
  it("adds up whatever its parts are", () => {
    const parts = fc.record({ h: fc.nat(99), m: fc.nat(99), s: fc.nat(9999), ms: fc.nat(99_999) });
    fc.assert(fc.property(parts, ({ h, m, s, ms }) => {
      const milliseconds = ((h * 60 + m) * 60 + s) * 1000 + ms;
      expect(durationSeconds(`${h}h${m}m${s}s${ms}ms`)).toBe(Math.floor((milliseconds + 500) / 1000));
      expect(durationSeconds(`${milliseconds / 1000}s`)).toBe(Math.floor((milliseconds + 500) / 1000));
    }));
  });
});

describe("peerIP", () => {
  it.each<readonly [string, string, number | undefined]>([
    ["192.0.2.1", "192.0.2.1", undefined], ["192.0.2.1:1179", "192.0.2.1", 1179],
    ["192.0.2.1:65535", "192.0.2.1", 65535], ["2001:DB8:0::1", "2001:db8::1", undefined],
    ["[2001:db8::1]:179", "2001:db8::1", 179], ["::1:179", "::1:179", undefined],
  ])("%s is %s with port %j", (text, address, port) => {
    expect(peerAddressOf(text)).toEqual({ address, port });
  });
  it.each(["", "host", "192.0.2.1:0", "192.0.2.1:65536", "192.0.2.1:", "192.0.2.1:1179:1", "192.0.2.1/32",
    "[192.0.2.1]:179", "[2001:db8::1]", "[2001:db8::1]:", "[2001:db8::1]:0", "2001:db8::1%eth0", " 192.0.2.1",
    "192.0.2.256", "[]:1", "192.0.2.1:-1", "192.0.2.1:0x50"])("%j is none", (text) => {
    expect(peerAddressOf(text)).toBeUndefined();
  });
});

describe("the address of a node", () => {
  it.each([
    ["10.0.0.5/24", "10.0.0.5", "10.0.0.0/24"], ["10.0.0.5", "10.0.0.5", "10.0.0.5/32"],
    ["2001:DB8::5/64", "2001:db8::5", "2001:db8::/64"], ["2001:db8::5", "2001:db8::5", "2001:db8::5/128"],
    ["10.0.0.5/0", "10.0.0.5", "0.0.0.0/0"],
  ])("%s is %s in %s", (text, address, network) => {
    const found = nodeAddressOf(text)!;
    expect([found.address, formatPrefix(found.network)]).toEqual([address, network]);
  });
  it.each(["", "/24", "10.0.0.5/", "10.0.0.5/33", "10.0.0.5/024", "10.0.0.5/24/24", "10.0.0.5/-1", "2001:db8::5/129",
    "none", "autodetect"])("%j is none", (text) => {
    expect(nodeAddressOf(text)).toBeUndefined();
  });
});

describe("the value of a community", () => {
  it.each([
    ["0:0", [0, 0]], ["65535:65535", [65535, 65535]], ["4294967295:0:1", [4294967295, 0, 1]],
  ])("%s", (text, expected) => {
    expect(parseCommunity(text)).toEqual(expected);
  });
  it.each(["", "1", "1:2:3:4", "65536:1", "1:65536", "4294967296:1:1", "1:-1", "a:b", "1:",
    "no-export"])("%j is none", (text) => {
    expect(parseCommunity(text)).toBeUndefined();
  });
});
