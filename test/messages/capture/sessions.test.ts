import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { fromHex, toHex } from "../../../src/base/bytes.ts";
import type { CaptureItem } from "../../../src/messages/capture/item.ts";
import { readPcap } from "../../../src/messages/capture/sessions.ts";
import type { Capability } from "../../../src/messages/capabilities.ts";
import { KEEPALIVE } from "../../../src/messages/keepalive.ts";
import { encodeOpen } from "../../../src/messages/open.ts";
import type { SegmentSpec } from "../../support/captures.ts";
import { ipPacket, LINK_LAYERS, pcapFile, pcapngFile } from "../../support/captures.ts";

const A = "192.0.2.1:40000";
const B = "192.0.2.2:179";
const EOR = fromHex("ffffffffffffffffffffffffffffffff0017020000 0000")!;

function open(asNumber: number, capabilities: readonly Capability[]): Uint8Array {
  return encodeOpen({ asNumber, holdTimeSeconds: 90, routerId: 1, capabilities });
}
const addPath = (send: boolean, receive: boolean): Capability =>
  ({ name: "addPath", families: [{ afi: 1, safi: 1, send, receive }] });
const fourOctetAs = (asNumber: number): Capability => ({ name: "fourOctetAs", asNumber });

/** What is seen of one connection: SYNs, then octets of each direction as segments of `size`. */
function conversation(fromA: Uint8Array, fromB: Uint8Array, size: number, a = A, b = B): SegmentSpec[] {
  const [isnA, isnB] = [0xffffff00, 1000]; // A's numbers wrap
  const segments: SegmentSpec[] = [
    { from: a, to: b, sequence: isnA, syn: true },
    { from: b, to: a, sequence: isnB, acknowledged: (isnA + 1) >>> 0, syn: true },
  ];
  const cut = (octets: Uint8Array, from: string, to: string, isn: number): void => {
    for (let at = 0; at < octets.length; at += size) {
      segments.push({ from, to, sequence: (isn + 1 + at) >>> 0, payload: octets.subarray(at, at + size) });
    }
  };
  cut(fromB, b, a, isnB);
  cut(fromA, a, b, isnA);
  return segments;
}
const raw = (segments: readonly SegmentSpec[]): Uint8Array => pcapFile(101, segments.map((s) => ipPacket(s)));
const join = (...parts: Uint8Array[]): Uint8Array => Uint8Array.from(parts.flatMap((part) => [...part]));

/** Messages by sender, as hex; views are copied while they are valid. */
function messagesOf(file: Uint8Array): { from: string; hex: string }[] {
  const found: { from: string; hex: string }[] = [];
  for (const item of readPcap(file)) {
    if (item.kind === "message") found.push({ from: item.sighting.from!, hex: toHex(item.message) });
  }
  return found;
}
const all = (file: Uint8Array): CaptureItem[] => [...readPcap(file)];

const OPEN_A = open(64512, [addPath(true, false), fourOctetAs(64512)]);
const OPEN_B = open(64512, [addPath(false, true), fourOctetAs(64512)]);
const FROM_A = join(OPEN_A, KEEPALIVE, EOR);
const FROM_B = join(OPEN_B, KEEPALIVE, EOR);
const EXPECTED_A = [OPEN_A, KEEPALIVE, EOR].map(toHex);
const EXPECTED_B = [OPEN_B, KEEPALIVE, EOR].map(toHex);

function expectBoth(file: Uint8Array, a = A, b = B): void {
  const found = messagesOf(file);
  expect(found.filter(({ from }) => from === a).map(({ hex }) => hex)).toEqual(EXPECTED_A);
  expect(found.filter(({ from }) => from === b).map(({ hex }) => hex)).toEqual(EXPECTED_B);
}

describe("a captured session", () => {
  const segments = conversation(FROM_A, FROM_B, 11);

  it.each(Object.entries(LINK_LAYERS))("reads over %s", (_name, { linkType, wrap }) => {
    expectBoth(pcapFile(linkType, segments.map((segment) => wrap(ipPacket(segment)))));
  });
  it.each([
    ["pcap, little endian", (frames: Uint8Array[]) => pcapFile(101, frames, { littleEndian: true })],
    ["pcap with nanoseconds", (frames: Uint8Array[]) => pcapFile(101, frames, { nanoseconds: true })],
    ["pcapng", (frames: Uint8Array[]) => pcapngFile(101, frames)],
    ["pcapng, little endian", (frames: Uint8Array[]) => pcapngFile(101, frames, true)],
  ])("reads from %s, with the time of the packet that completes a message", (_name, file) => {
    const octets = file(segments.map((segment) => ipPacket(segment)));
    expectBoth(octets);
    const first = all(octets)[0]!;
    const index = 2 + Math.ceil(OPEN_B.length / 11) - 1;
    expect(first.sighting.time).toBe(`2024-01-01T00:00:0${index}.500Z`);
  });
  it("reads IPv6 behind extension headers", () => {
    const [a, b] = ["2001:db8:0:0:0:0:0:1|40000", "2001:db8:0:0:0:0:0:2|179"];
    const frames = conversation(FROM_A, FROM_B, 30, a, b).map((segment) => ipPacket(segment, { extension: true }));
    expectBoth(pcapFile(229, frames), "[2001:db8::1]:40000", "[2001:db8::2]:179");
  });

  it("is the same however segments are cut, repeated, overlapped and put out of order", () => {
    fc.assert(fc.property(fc.integer({ min: 1, max: 40 }), fc.array(fc.nat(1000), { maxLength: 60 }),
      fc.array(fc.nat(1000), { maxLength: 8 }), (size, order, repeats) => {
        const [synA, synB, ...data] = conversation(FROM_A, FROM_B, size);
        for (const repeat of repeats) {
          const one = data[repeat % data.length]!;
          const drop = Math.min(repeat % 5, one.payload!.length - 1);
          data.push({ ...one, sequence: (one.sequence + drop) >>> 0, payload: one.payload!.subarray(drop) });
        }
        for (const [i, other] of order.entries()) {
          const [from, to] = [i % data.length, other % data.length];
          [data[from], data[to]] = [data[to]!, data[from]!];
        }
        expectBoth(raw([synA!, synB!, ...data]));
      }), { numRuns: 200 });
  });

  it("reads each direction as the OPENs of both agreed", () => {
    const items = all(raw(segments)).filter((item) => item.kind === "message");
    const context = (from: string): unknown => items.filter((item) => item.sighting.from === from).at(-1)!.context;
    expect(context(A)).toEqual({ ebgp: false, fourOctetAs: true, addPath: ["ipv4-unicast"] });
    expect(context(B)).toEqual({ ebgp: false, fourOctetAs: true, addPath: [] });
  });
  it("knows eBGP and two-octet speakers", () => {
    const file = raw(conversation(join(open(64513, []), EOR), join(open(64512, [fourOctetAs(64512)]), EOR), 500));
    const last = all(file).filter((item) => item.kind === "message").at(-1)!;
    expect(last.context).toEqual({ ebgp: true, fourOctetAs: false, addPath: [] });
  });
  it("starts anew when a port is used again", () => {
    const again = conversation(FROM_A, FROM_B, 50).map((segment) => {
      const moved = (segment.sequence + 5_000_000) >>> 0;
      return { ...segment, sequence: moved };
    });
    const found = messagesOf(raw([...segments, ...again]));
    expect(found.filter(({ from }) => from === A).map(({ hex }) => hex)).toEqual([...EXPECTED_A, ...EXPECTED_A]);
  });
});

describe("a capture that is not whole", () => {
  it("finds the next marker when it starts inside a session", () => {
    const stream = join(EOR.subarray(5), KEEPALIVE, EOR);
    const segments = conversation(stream, new Uint8Array(0), 9).slice(2);
    expect(messagesOf(raw(segments)).map(({ hex }) => hex)).toEqual([KEEPALIVE, EOR].map(toHex));
  });
  it("finds the next marker behind a lost segment, as soon as the receiver has acknowledged it", () => {
    const segments = conversation(join(OPEN_A, KEEPALIVE, EOR, KEEPALIVE), FROM_B, 20);
    const lost = segments.filter((s) => !(s.from === A && s.sequence === ((0xffffff00 + 1 + 20) >>> 0)));
    const end = (0xffffff00 + 1 + OPEN_A.length + 2 * KEEPALIVE.length + EOR.length) >>> 0;
    const file = raw([...lost, { from: B, to: A, sequence: 5000, acknowledged: end }]);
    const found = messagesOf(file).filter(({ from }) => from === A).map(({ hex }) => hex);
    expect(found.slice(-2)).toEqual([EOR, KEEPALIVE].map(toHex));
    expect(found).not.toContain(toHex(OPEN_A));
  });
  it("says where it ends inside a message", () => {
    const file = raw(conversation(join(OPEN_A, EOR.subarray(0, 20)), new Uint8Array(0), 10));
    expect(all(file).at(-1)).toMatchObject({ kind: "passed-over", why: "the capture ends 20 octets into a message" });
  });
  it("counts fragments instead of guessing", () => {
    const frames = conversation(FROM_A, FROM_B, 50).map((segment) => ipPacket(segment, { fragment: true }));
    expect(all(pcapFile(101, frames))).toEqual([
      { kind: "passed-over", why: `${frames.length} IP fragments are not put together`, sighting: {} }]);
  });
  it("shows what breaks a stream on the BGP port, and reads on at the next marker", () => {
    const garbage = join(OPEN_A, Uint8Array.from({ length: 30 }, () => 7));
    const segments = conversation(garbage, new Uint8Array(0), 500);
    const next = (0xffffff00 + 1 + garbage.length) >>> 0;
    const items = all(raw([...segments, { from: A, to: B, sequence: next, payload: join(KEEPALIVE, EOR) }]));
    expect(items.map((item) => item.kind)).toEqual(["message", "fault", "message", "message"]);
  });
  it("is silent about connections that are not BGP", () => {
    const web = new TextEncoder().encode("GET / HTTP/1.1\r\nHost: example\r\n\r\n");
    expect(all(raw(conversation(web, web, 7, "192.0.2.1:5", "192.0.2.2:80")))).toEqual([]);
  });
});

describe("a damaged file", () => {
  const whole = [raw(conversation(FROM_A, FROM_B, 25)),
    pcapngFile(101, conversation(FROM_A, FROM_B, 25).map((s) => ipPacket(s)))];

  it("yields what lies before the cut, at every octet", () => {
    for (const file of whole) {
      let before = 0;
      for (let cut = 0; cut <= file.length; cut++) {
        const found = messagesOf(file.subarray(0, cut)).length;
        expect(found).toBeGreaterThanOrEqual(before);
        before = found;
      }
      expect(before).toBe(6);
    }
  });
  it("never throws, whatever octets change", () => {
    fc.assert(fc.property(fc.constantFrom(...whole), fc.array(fc.tuple(fc.nat(5000), fc.nat(255)), { maxLength: 20 }),
      (file, edits) => {
        const edited = file.slice();
        for (const [at, value] of edits) edited[at % edited.length] = value;
        for (const item of readPcap(edited)) expect(item.kind).toBeTypeOf("string");
      }), { numRuns: 300 });
  });
  it("says that it is no capture", () => {
    expect(all(new Uint8Array(10))).toEqual([
      { kind: "passed-over", why: "this is neither pcap nor pcapng", sighting: {} }]);
  });
});
