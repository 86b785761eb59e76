import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { fromHex, toHex } from "../../../src/base/bytes.ts";
import type { CaptureItem } from "../../../src/messages/capture/item.ts";
import { readMrt } from "../../../src/messages/capture/mrt.ts";
import { KEEPALIVE } from "../../../src/messages/keepalive.ts";
import { mrtRecord, octets } from "../../support/captures.ts";

const { join, be16, be32 } = octets;
const all = (file: Uint8Array): CaptureItem[] => [...readMrt(file)];
const hex = (item: CaptureItem | undefined): string => (item?.kind === "message" ? toHex(item.message) : "");
const MARKER = "ff".repeat(16);

const PEERS = mrtRecord(13, 1, join(be32(0x0a000001), be16(4), [0x76, 0x69, 0x65, 0x77], be16(2),
  [2], be32(1), [192, 0, 2, 1], be32(64512),
  [3], be32(2), fromHex("20010db8000000000000000000000002")!, be32(64513)));
const ORIGIN_AND_PATH = fromHex("40010100 40020602010000fc01")!;
const NEXT_HOP = fromHex("400304c0000201")!;
const V6_NEXT_HOP = "20010db8000000000000000000000001";
const entry = (peer: number, attributes: Uint8Array, pathId: number[] = []): Uint8Array =>
  join(be16(peer), be32(1), pathId, be16(attributes.length), attributes);

describe("TABLE_DUMP_V2", () => {
  it("announces an IPv4 entry with its attributes as they are", () => {
    const attributes = join(ORIGIN_AND_PATH, NEXT_HOP);
    const rib = mrtRecord(13, 2, join(be32(0), [26, 10, 0, 0, 64], be16(1), entry(0, attributes)));
    const item = all(join(PEERS, rib))[0];
    expect(hex(item)).toBe(`${MARKER}0030020000${"0014"}${toHex(attributes)}1a0a000040`);
    expect(item).toMatchObject({ context: { ebgp: false, fourOctetAs: true, addPath: [] },
      sighting: { time: "2024-01-01T00:00:00.000Z", from: "192.0.2.1" } });
  });
  it.each([
    ["abbreviated", `800e1110${V6_NEXT_HOP}`],
    ["whole", `800e1a00020110${V6_NEXT_HOP}0020200db8ff`],
  ])("writes out MP_REACH, kept %s", (_name, kept) => {
    const attributes = join(ORIGIN_AND_PATH, fromHex(kept)!);
    const rib = mrtRecord(13, 4, join(be32(0), [32, 0x20, 1, 0xd, 0xb8], be16(1), entry(1, attributes)));
    const item = all(join(PEERS, rib))[0];
    const reach = `900e001a00020110${V6_NEXT_HOP}002020010db8`;
    expect(hex(item)).toBe(`${MARKER}0042020000002b${toHex(ORIGIN_AND_PATH)}${reach}`);
    expect(item).toMatchObject({ sighting: { from: "2001:db8::2" } });
  });
  it("reads path identifiers (RFC 8050) and the generic subtype", () => {
    const attributes = join(ORIGIN_AND_PATH, NEXT_HOP);
    const addPath = mrtRecord(13, 8, join(be32(0), [8, 10], be16(1), entry(0, attributes, be32(7))));
    const generic = mrtRecord(13, 6, join(be32(0), be16(1), [1], [8, 10], be16(1), entry(0, attributes)));
    const [first, second] = all(join(PEERS, addPath, generic));
    expect(hex(first).endsWith("00000007080a")).toBe(true);
    expect(first).toMatchObject({ context: { addPath: ["ipv4-unicast"] } });
    expect(hex(second).endsWith(`${toHex(NEXT_HOP)}080a`)).toBe(true);
  });
  it("puts back the flags that BIRD leaves out of what it set itself, and no others", () => {
    const bare = fromHex("00010100 40020602010000fc01 000304c0000201 00050400000064 00630101")!;
    const rib = mrtRecord(13, 2, join(be32(0), [8, 10], be16(1), entry(0, bare)));
    const whole = "40010100" + "40020602010000fc01" + "400304c0000201" + "40050400000064" + "00630101";
    expect(hex(all(join(PEERS, rib))[0])).toContain(`${whole}080a`);
  });
  it("passes over an IPv6 route that names no next hop, as BIRD dumps static ones", () => {
    const rib = mrtRecord(13, 4, join(be32(0), [32, 0x20, 1, 0xd, 0xb8], be16(1), entry(1, ORIGIN_AND_PATH)));
    expect(all(join(PEERS, rib))).toMatchObject([
      { kind: "passed-over", why: "a route of ipv6-unicast without MP_REACH_NLRI" }]);
  });
  it("passes over what it cannot read, and says so", () => {
    const multicast = mrtRecord(13, 3, []);
    const bad = mrtRecord(13, 2, join(be32(0), [33, 1, 2, 3, 4, 5], be16(1)));
    const short = mrtRecord(13, 2, join(be32(0), [8, 10], be16(1), [0, 0, 0]));
    const old = mrtRecord(12, 1, []);
    expect(all(join(multicast, bad, short, old)).map((item) => item.kind)).toEqual(new Array(4).fill("passed-over"));
  });
});

describe("BGP4MP", () => {
  const header = (octetsOfAs: 2 | 4, peerAs: number): Uint8Array => {
    const as = octetsOfAs === 2 ? be16 : be32;
    return join(as(peerAs), as(64512), be16(0), be16(1), [192, 0, 2, 1], [192, 0, 2, 2]);
  };
  it.each([
    [1, 2, { ebgp: true, fourOctetAs: false, addPath: [] }, "192.0.2.1"],
    [4, 4, { ebgp: true, fourOctetAs: true, addPath: [] }, "192.0.2.1"],
    [7, 4, { ebgp: true, fourOctetAs: true, addPath: [] }, "192.0.2.2"],
    [9, 4, { ebgp: true, fourOctetAs: true, addPath: ["ipv4-unicast", "ipv6-unicast"] }, "192.0.2.1"],
  ] as const)("reads subtype %i", (subtype, size, context, from) => {
    const record = mrtRecord(16, subtype, join(header(size, 64513), KEEPALIVE));
    expect(all(record)).toEqual([{ kind: "message", message: KEEPALIVE, context,
      sighting: { time: "2024-01-01T00:00:00.000Z", from, to: from === "192.0.2.1" ? "192.0.2.2" : "192.0.2.1" } }]);
  });
  it("reads microseconds of the extended type", () => {
    const record = mrtRecord(17, 4, join(be32(250_000), header(4, 64512), KEEPALIVE));
    expect(all(record)[0]).toMatchObject({ context: { ebgp: false }, sighting: { time: "2024-01-01T00:00:00.250Z" } });
  });
  it("names states", () => {
    const record = mrtRecord(16, 5, join(header(4, 64513), be16(5), be16(6)));
    expect(all(record)[0]).toMatchObject({ kind: "state", before: "OpenConfirm", after: "Established" });
  });
  it("gives the fault of a header, and goes on with the next record", () => {
    const bad = mrtRecord(16, 4, join(header(4, 64513), new Uint8Array(19)));
    const good = mrtRecord(16, 4, join(header(4, 64513), KEEPALIVE));
    expect(all(join(bad, good)).map((item) => item.kind)).toEqual(["fault", "message"]);
  });
});

describe("a damaged MRT file", () => {
  const file = join(PEERS,
    mrtRecord(13, 2, join(be32(0), [8, 10], be16(1), entry(0, join(ORIGIN_AND_PATH, NEXT_HOP)))),
    mrtRecord(13, 4, join(be32(0), [0], be16(1), entry(1, fromHex(`800e1110${V6_NEXT_HOP}`)!))),
    mrtRecord(16, 4, join(be32(1), be32(2), be16(0), be16(2), new Uint8Array(32), KEEPALIVE)));

  it("yields the records before the cut, at every octet", () => {
    let most = 0;
    for (let cut = 0; cut <= file.length; cut++) {
      const items = all(file.subarray(0, cut));
      most = Math.max(most, items.filter((item) => item.kind === "message").length);
      expect(items.filter((item) => item.kind === "passed-over").length).toBeLessThanOrEqual(1);
    }
    expect(most).toBe(3);
  });
  it("never throws, whatever octets change", () => {
    fc.assert(fc.property(fc.array(fc.tuple(fc.nat(500), fc.nat(255)), { maxLength: 12 }), (edits) => {
      const edited = file.slice();
      for (const [at, value] of edits) edited[at % edited.length] = value;
      for (const item of readMrt(edited)) expect(item.kind).toBeTypeOf("string");
    }), { numRuns: 300 });
  });
});
