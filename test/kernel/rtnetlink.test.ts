/** Octets of Linux 6.18 read, cut and spoilt; what we write is what we read. */

import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { formatAddress } from "../../src/base/address.ts";
import { fromHex, toHex } from "../../src/base/bytes.ts";
import { formatPrefix } from "../../src/base/prefix.ts";
import { formatRoute } from "../../src/kernel/route.ts";
import type { KernelRoute } from "../../src/kernel/route.ts";
import { readDatagram } from "../../src/kernel/rtnetlink/read.ts";
import type { MessageBody } from "../../src/kernel/rtnetlink/read.ts";
import { dumpRequest, RouteBatch } from "../../src/kernel/rtnetlink/write.ts";
import { octets, route } from "../support/kernel/build.ts";
import { kernelRoutes } from "../support/kernel/arbitraries.ts";

/** Messages as Linux sent them. */
const SAMPLES: readonly (readonly [text: string, hex: string])[] = [
  ["10.1.0.0/24 via 10.9.0.2 dev 3 proto 12", `3c000000 18000006 2be3016b 8f160000 02180000 fe0c0001 00000000 08000f00
    fe000000 08000100 0a010000 08000500 0a090002 08000400 03000000`],
  ["blackhole 10.4.0.0/26 proto 12 metric 9", `34000000 18000006 2be3016b 90160000 021a0000 fe0c0006 00000000 08000f00
    fe000000 08000100 0a040000 08000600 09000000`],
  ["10.5.0.0/24 proto 12 nexthop via 10.9.0.2 dev 3 weight 1 nexthop via 10.9.1.2 dev 2 weight 5", `50000000 18000006
    2be3016b 91160000 02180000 fe0c0001 00000000 08000f00 fe000000 08000100 0a050000 24000900 10000000 03000000
    08000500 0a090002 10000004 02000000 08000500 0a090102`],
  ["10.0.0.5/32 dev 5 proto 80", `34000000 18000006 2be3016b 92160000 02200000 fe50fd01 00000000 08000f00 fe000000
    08000100 0a000005 08000400 05000000`],
  ["10.6.0.0/24 via fe80::1 dev 3 proto 12", `4c000000 18000006 2be3016b 9c160000 02180000 fe0c0001 00000000 08000f00
    fe000000 08000100 0a060000 16001200 0a00fe80 00000000 00000000 00000000 00010000 08000400 03000000`],
  ["10.7.0.0/24 via 10.9.0.2 dev 3 proto 12 src 10.9.0.1 table 5000", `44000000 18000006 2be3016b a2160000 02180000
    fc0c0001 00000000 08000f00 88130000 08000100 0a070000 08000700 0a090001 08000500 0a090002 08000400 03000000`],
  ["2001:db8:a::/48 via 2001:db8:9::2 dev 3 proto 12 metric 1024", `88000000 18000006 2be3016b 99160000 0a300000
    fe0c0001 00000000 08000f00 fe000000 14000100 20010db8 000a0000 00000000 00000000 08000600 00040000 14000500
    20010db8 00090000 00000000 00000002 08000400 03000000 24000c00 00000000 00000000 00000000 00000000 00000000
    00000000 00000000 00000000 05001400 00000000`],
  ["unreachable 2001:db8:e::/48 proto 12 metric 1024", `74000000 18000006 2be3016b 9b160000 0a300000 fe0c0007 00000000
    08000f00 fe000000 14000100 20010db8 000e0000 00000000 00000000 08000600 00040000 08000400 01000000 24000c00
    00000000 00000000 00000000 00000000 00000000 00000000 00000000 00000000 05001400 00000000`],
  ["- 10.1.0.0/24 via 10.9.0.2 dev 3 proto 12", `3c000000 19000006 2be3016b 8f160000 02180000 fe0c0001 00000000
    08000f00 fe000000 08000100 0a010000 08000500 0a090002 08000400 03000000`],
  ["address 10.9.1.1 10.9.1.2/32 link 2 scope 0", `4c000000 14000200 07000000 77160008 02208000 02000000 08000100
    0a090102 08000200 0a090101 07000300 76620000 08000800 80000000 14000600 ffffffff ffffffff 5a352600 5a352600`],
  ["address 2001:db8:9::1 2001:db8:9::/64 link 3 scope 0", `48000000 14000200 07000000 77160008 0a408200 03000000
    14000100 20010db8 00090000 00000000 00000001 14000600 ffffffff ffffffff 5a352600 5a352600 08000800 82000000`],
  ["link 3 va down", `28000000 10000000 00000000 00000000 00000100 03000000 02100000 01000000 07000300 76610000`],
  ["answer 17", `40000000 02000000 07000000 77160008 efffffff 2c000000 18000506 07000000 00000000 02180000 fe0c0001
    00000000 08000100 0a010000 08000500 0a090003`],
  ["answer 0", "24000000 02000001 07000000 77160008 00000000 2c000000 18000506 07000000 00000000"],
  ["answer 101 Nexthop has invalid gateway", `44000000 02000003 07000000 77160008 9bffffff 2c000000 18000506 07000000
    00000000 20000100 4e657874 686f7020 68617320 696e7661 6c696420 67617465 77617900`],
  ["done 0", "14000000 03000200 07000000 77160008 00000000"],
  ["overrun", "10000000 04000000 00000000 00000000"],
];

/** Messages that are no business of ours: a local route, a port of a bridge, a cache entry, a route by source. */
const STRANGERS: readonly string[] = [
  `3c000000 18000200 07000000 77160008 02200000 ff02fe02 00000000 08000f00 ff000000 08000100 0a090001 08000700 0a090001
    08000400 03000000`,
  "28000000 11000000 00000000 00000000 07000100 03000000 02100000 01000000 07000300 76610000",
  `34000000 18000006 2be3016b 92160000 02200000 fe50fd01 00020000 08000f00 fe000000 08000100 0a000005 08000400
    05000000`,
  `34000000 18000006 2be3016b 92160000 02202000 fe50fd01 00000000 08000f00 fe000000 08000100 0a000005 08000400
    05000000`,
  "30000000 68000506 2be3016b a4160000 02fd0c00 00000000 08000100 0a000000 08000500 03000000 08000600 0a090002",
];

describe("messages of Linux", () => {
  it.each(SAMPLES)("%s", (text, hex) => {
    expect(readDatagram(fromHex(hex)!).map(({ body }) => said(body))).toEqual([text]);
  });
  it("that are no business of ours are left out", () => {
    expect(STRANGERS.flatMap((hex) => readDatagram(fromHex(hex)!))).toEqual([]);
  });
  it("come several in a datagram, and keep the numbers of the requests", () => {
    const all = fromHex(SAMPLES.map(([, hex]) => hex).join(""))!;
    expect(readDatagram(all).map(({ body }) => said(body))).toEqual(SAMPLES.map(([text]) => text));
    expect(readDatagram(fromHex(SAMPLES[15]![1])!)[0]!.sequence).toBe(7);
  });
  it("say that a dump was interrupted", () => {
    const done = fromHex(SAMPLES[15]![1])!;
    done[6]! |= 0x10;
    expect(readDatagram(done)[0]!.interrupted).toBe(true);
    for (const hex of STRANGERS) {
      const stranger = fromHex(hex)!;
      stranger[6]! |= 0x10;
      expect(readDatagram(stranger)).toMatchObject([{ interrupted: true, body: { kind: "other" } }]);
    }
  });
  it("are copied: what a Buffer holds next does not change a route", () => {
    const buffer = Buffer.from(fromHex(SAMPLES[0]![1])!);
    const [message] = readDatagram(buffer);
    buffer.fill(0xff);
    expect(said(message!.body)).toBe(SAMPLES[0]![0]);
  });
  it("leave out hops whose link is down", () => {
    const multipath = fromHex(SAMPLES[2]![1])!;
    multipath[multipath.length - 32 + 2]! |= 0x11; // dead, linkdown
    expect(readDatagram(multipath).map(({ body }) => said(body)))
      .toEqual(["10.5.0.0/24 via 10.9.1.2 dev 2 proto 12"]);
  });
});

describe("octets that lie", () => {
  it("cut anywhere are malformed or nothing, never an exception", () => {
    for (const [, hex] of SAMPLES) {
      const whole = fromHex(hex)!;
      for (let end = 1; end < whole.length; end++) {
        expect(readDatagram(whole.subarray(0, end)).map(({ body }) => body.kind)).toEqual(["malformed"]);
        if (end < 4) continue;
        // The header says what is left: the cut is further in.
        const shorter = whole.slice(0, end);
        new DataView(shorter.buffer).setUint32(0, end, true);
        expect(readDatagram(shorter).length).toBeLessThan(2);
      }
    }
  });
  it("cost one message where its length is right", () => {
    const bad = fromHex(SAMPLES[0]![1])!;
    bad[28] = 3; // an attribute shorter than its header
    const good = fromHex(SAMPLES[1]![1])!;
    expect(readDatagram(Uint8Array.of(...bad, ...good)).map(({ body }) => said(body)))
      .toEqual(["malformed", SAMPLES[1]![0]]);
  });
  it("of every kind end", () => {
    const spoilt = fc.tuple(fc.constantFrom(...SAMPLES), fc.array(fc.tuple(fc.nat(200), fc.nat(255)), { maxLength: 4 }))
      .map(([[, hex], edits]) => {
        const some = fromHex(hex)!;
        for (const [at, value] of edits) some[at % some.length] = value;
        return some;
      });
    fc.assert(fc.property(fc.oneof(fc.uint8Array({ maxLength: 120 }), spoilt), (some) => {
      for (const { body } of readDatagram(some)) said(body);
    }));
  });
});

describe("what we write", () => {
  it("is what we read", () => {
    fc.assert(fc.property(kernelRoutes, fc.constantFrom("add", "replace"), fc.nat(), (one, change, sequence) => {
      const batch = new RouteBatch(4096);
      batch.push(change as "add", one, sequence);
      const [message, ...others] = readDatagram(batch.take());
      expect(others).toEqual([]);
      expect(message).toEqual({ sequence, interrupted: false,
        body: { kind: "route", gone: false, beside: false, route: one } });
    }));
  });
  it("asks for an answer to the last of a batch, and never to overwrite", () => {
    const batch = new RouteBatch();
    batch.push("add", route("10.1.0.0/24", "10.9.0.2"), 1);
    batch.push("replace", route("10.2.0.0/24"), 2);
    batch.push("remove", route("10.3.0.0/24", "10.9.0.2"), 3);
    expect(batch.count).toBe(3);
    const view = new DataView(batch.take().buffer);
    const headers: number[][] = [];
    for (let at = 0; at < view.byteLength; at += view.getUint32(at, true)) {
      headers.push([view.getUint16(at + 4, true), view.getUint16(at + 6, true), view.getUint32(at + 8, true)]);
    }
    expect(headers).toEqual([[24, 0x601, 1], [24, 0x501, 2], [25, 0x005, 3]]);
    expect([batch.count, batch.take().length]).toEqual([0, 0]);
  });
  it("stops where the datagram is full", () => {
    const batch = new RouteBatch(1024);
    let count = 0;
    while (batch.push("add", route(`10.0.${count}.0/24`, { via: "10.9.0.2", dev: 3 }), count)) count++;
    expect(count).toBeGreaterThan(10);
    expect(readDatagram(batch.take()).length).toBe(count);
    expect(batch.push("add", route("10.1.0.0/24"), 1)).toBe(true);
  });
  it("asks for dumps", () => {
    expect([...dumpRequest("ipv6 routes", 5)])
      .toEqual([28, 0, 0, 0, 26, 0, 1, 3, 5, ...new Array<number>(7).fill(0), 10, ...new Array<number>(11).fill(0)]);
  });
  it("names an interface index and a gateway as Linux's own tools do", () => {
    const batch = new RouteBatch();
    batch.push("add", route("10.1.0.0/24", { via: "10.9.0.2", dev: 3 }, { preferredSource: octets("10.9.0.1") }), 9);
    expect(toHex(batch.take())).toEqual(`3c000000 18000506 09000000 00000000 02180000 fe0c0001 00000000 08000100
      0a010000 08000700 0a090001 08000500 0a090002 08000400 03000000`.replace(/\s/g, ""));
  });
});

function said(body: MessageBody): string {
  switch (body.kind) {
    case "route": return `${body.gone ? "- " : ""}${lineOf(body.route)}`;
    case "address": {
      const { address, prefix, interfaceIndex, scope } = body.address;
      return `address ${formatAddress(address)} ${formatPrefix(prefix)} link ${interfaceIndex} scope ${scope}`;
    }
    case "link": return `link ${body.link.index} ${body.link.name} ${body.link.up ? "up" : "down"}`;
    case "answer": return `answer ${body.errno}${body.text === undefined ? "" : ` ${body.text}`}`;
    case "done": return `done ${body.errno}`;
    default: return body.kind;
  }
}

function lineOf(one: KernelRoute): string {
  return `${formatRoute(one, String)}${one.table === 254 ? "" : ` table ${one.table}`}`;
}
