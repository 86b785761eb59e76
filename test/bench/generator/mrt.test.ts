/** Table dumps of a few prefixes, written by hand. */

import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { dumpFault, mrtLoad } from "../../../bench/generator/mrt.ts";
import { decodeMessage } from "../../../src/messages/decode.ts";
import { mrtRecord, octets } from "../../support/captures.ts";

const { be16, be32 } = octets;
const TABLE_DUMP_V2 = 13;

interface Entry { readonly peer: number; readonly attributes?: readonly number[]; readonly pathId?: number }
const path = (...asns: readonly number[]): number[] =>
  [0x40, 1, 1, 0, 0x40, 2, 2 + 4 * asns.length, 2, asns.length, ...asns.flatMap(be32)];
const nextHop = [0x40, 3, 4, 192, 0, 2, 1];
const med = [0x80, 4, 4, 0, 0, 0, 9];

/** A RIB record of a subtype; `prefix` is its length and octets, after AFI and SAFI in a generic one. */
function rib(subtype: number, prefix: readonly number[], entries: readonly Entry[]): Uint8Array {
  return mrtRecord(TABLE_DUMP_V2, subtype, [...be32(0), ...prefix, ...be16(entries.length),
    ...entries.flatMap(({ peer, pathId, attributes = path(65_001) }) => [...be16(peer), ...be32(1_700_000_000),
      ...(pathId === undefined ? [] : be32(pathId)), ...be16(attributes.length), ...attributes])]);
}
const PEERS = mrtRecord(TABLE_DUMP_V2, 1, [...be32(1), ...be16(0), ...be16(0)]);
const net = (third: number): number[] => [24, 198, 51, third];
const net6 = (last: number): number[] => [48, 0x20, 1, 0xd, 0xb8, 0, last];

let folder = "";
beforeAll(() => { folder = mkdtempSync(join(tmpdir(), "reflectd-mrt-")); });
afterAll(() => rmSync(folder, { recursive: true }));
function fileOf(records: readonly Uint8Array[], gzip = false): string {
  const file = join(folder, gzip ? "rib.gz" : "rib");
  const bytes = Buffer.concat(records);
  writeFileSync(file, gzip ? gzipSync(bytes) : bytes);
  return file;
}

const BOTH = [
  PEERS,
  rib(2, net(1), [{ peer: 3 }, { peer: 7, attributes: path(65_001, 65_002) }, { peer: 9 }]),
  rib(2, net(2), [{ peer: 3, attributes: [...path(65_001), ...nextHop, ...med] }, { peer: 7 }]),
  rib(2, net(3), [{ peer: 7 }]),
  rib(4, net6(1), [{ peer: 3 }, { peer: 7 }]),
];

describe("a load from a table dump", () => {
  it.each([["plain", false], ["gzip", true]])("takes the peers with the largest tables: %s", async (_, gzip) => {
    const load = await mrtLoad({ file: fileOf(BOTH, gzip), addPath: false, sources: 2 });
    expect(load.family).toBe("ipv4");
    expect(load.prefixes).toBe(3);
    expect(load.sources.map(({ prefixes }) => prefixes.length)).toEqual([3, 2]);
    expect(load.owners).toBeUndefined();
    expect(load.notes).toEqual(["of the dump: 3 prefixes, 5 routes",
      "left out of the dump, 1 ×: a peer with a smaller table"]);
  });
  it("announces paths as they are, with NEXT_HOP and MED of its own", async () => {
    const load = await mrtLoad({ file: fileOf(BOTH), addPath: false, sources: 1 });
    expect(decodeMessage(load.change(0, 0, 5), { ebgp: false, fourOctetAs: true, addPath: [] })).toMatchObject({
      announced: [{ prefix: "198.51.1.0/24", nextHop: "10.1.0.1" }],
      attributes: { origin: "igp", asPath: [{ asns: [65_001, 65_002] }], med: 5, localPref: 100 }, faults: [],
    });
  });
  it("gives entries that differ in NEXT_HOP and MED only one attribute set", async () => {
    const load = await mrtLoad({ file: fileOf([...BOTH, rib(2, net(4), [{ peer: 3 }])]), addPath: false, sources: 2 });
    const sets = load.sources[0]!.sets;
    expect(sets[0]).toBe(sets[1]);
    expect(load.sources[0]!.last).toBe(3);
  });
  it("reads IPv6 where it is asked for or prevails", async () => {
    const load = await mrtLoad({ file: fileOf(BOTH), addPath: false, sources: 2, family: "ipv6" });
    expect([load.family, load.prefixes]).toEqual(["ipv6", 1]);
    const only = await mrtLoad({ file: fileOf([PEERS, BOTH[4]!]), addPath: false, sources: 2 });
    expect(only.family).toBe("ipv6");
  });
  it.each([
    ["IPv4", 8, net(1), "ipv4"], ["IPv6", 10, net6(1), "ipv6"],
    ["generic IPv4", 12, [...be16(1), 1, ...net(1)], "ipv4"], ["generic IPv6", 12, [...be16(2), 1, ...net6(1)], "ipv6"],
  ] as const)("deals paths of an ADD-PATH dump to different sources: %s", async (_name, subtype, prefix, family) => {
    const entries = [1, 2, 3].map((pathId) => ({ peer: 0, pathId, attributes: path(65_000 + pathId) }));
    const load = await mrtLoad({ file: fileOf([PEERS, rib(subtype, prefix, entries)]), addPath: true, sources: 2 });
    expect([load.family, load.prefixes]).toEqual([family, 1]);
    expect(load.sources.map(({ prefixes }) => prefixes.length)).toEqual([1, 1]);
    expect(load.notes.slice(1)).toEqual(["left out of the dump, 1 ×: more paths than sources"]);
  });
  it("reads a generic record without ADD-PATH, passes over what is not unicast", async () => {
    const generic = (safi: number): Uint8Array => rib(6, [...be16(1), safi, ...net(safi)], [{ peer: 0 }]);
    const records = [generic(1), generic(2), rib(3, net(3), [{ peer: 0 }]), mrtRecord(16, 4, be16(0))];
    expect((await mrtLoad({ file: fileOf(records), addPath: false, sources: 1 })).prefixes).toBe(1);
  });
  it("deals a peer's attribute sets to several sources where there are few peers", async () => {
    const records = Array.from({ length: 8 }, (_, i) => rib(2, net(i), [{ peer: 0, attributes: path(65_000 + i) }]));
    const load = await mrtLoad({ file: fileOf(records), addPath: false, sources: 4 });
    expect(load.sources.map(({ prefixes }) => prefixes.length)).toEqual([2, 2, 2, 2]);
    expect(load.owners).toBeDefined();
  });
  it.each([
    ["an AS_PATH that is not all AS_SEQUENCE", net(1), [0x40, 1, 1, 0, 0x40, 2, 6, 1, 1, ...be32(65_001)]],
    ["AS 64512 in AS_PATH", net(1), path(65_001, 64_512)],
    ["no ORIGIN or AS_PATH", net(1), nextHop],
    ["attributes that cannot be delimited", net(1), [...path(65_001), 0x40, 3, 9, 0]],
    ["a prefix that daemons do not agree on", [8, 10], path(65_001)],
    ["a prefix that daemons do not agree on", [6, 8], path(65_001)],
    ["a prefix that daemons do not agree on", [0], path(65_001)],
    ["a prefix that daemons do not agree on", [4, 224], path(65_001)],
  ])("leaves out %s", async (why, prefix, attributes) => {
    const records = [rib(2, net(9), [{ peer: 0 }]), rib(2, prefix, [{ peer: 0, attributes }])];
    const load = await mrtLoad({ file: fileOf(records), addPath: false, sources: 1 });
    expect(load.prefixes).toBe(1);
    expect(load.notes.slice(1)).toEqual([`left out of the dump, 1 ×: ${why}`]);
  });
  it("drops communities that a daemon acts on, keeps the others", async () => {
    const values = [0xffff_ff01, 0xfc00_029a, 0x0001_0002].flatMap(be32);
    const attributes = [...path(65_001), 0xc0, 8, values.length, ...values];
    const file = fileOf([rib(2, net(1), [{ peer: 0, attributes }])]);
    const load = await mrtLoad({ file, addPath: false, sources: 1 });
    expect(decodeMessage(load.announcements(0, 1), { ebgp: false, fourOctetAs: true, addPath: [] }))
      .toMatchObject({ attributes: { communities: ["1:2"] } });
  });
  it.each([
    ["no entries", [PEERS], /no ipv4 unicast entries/],
    ["a cut record", [PEERS.subarray(0, 15)], /ends inside a record/],
    ["something else", [Buffer.alloc(64, 0x7f)], /no MRT file/],
    ["bzip2", [Buffer.from("BZh91AY")], /bzip2/],
    ["nothing of use", [rib(2, [8, 10], [{ peer: 0 }])], /nothing that can be announced; .* do not agree on/],
  ])("refuses a file: %s", async (_name, records, message) => {
    await expect(mrtLoad({ file: fileOf(records), addPath: false, sources: 1 })).rejects.toThrow(message);
  });
  it("finds nothing wrong with a dump of one family", async () => {
    expect(await dumpFault(fileOf([PEERS, BOTH[4]!]))).toBeUndefined();
  });
  it.each([
    ["missing", () => join(folder, "none"), "no such file or directory"],
    ["a folder", () => folder, "not a file"],
    ["empty", () => fileOf([]), "no unicast entries of TABLE_DUMP_V2"],
    ["of another type", () => fileOf([mrtRecord(16, 4, be16(0))]), "no unicast entries of TABLE_DUMP_V2"],
    ["cut", () => fileOf([BOTH[1]!.subarray(0, 40)]), "it ends inside a record"],
    ["cut gzip", () => {
      const file = fileOf(BOTH, true);
      writeFileSync(file, readFileSync(file).subarray(0, -12));
      return file;
    }, "unexpected end of file"],
  ])("says before anything is run, with its name, that a file is %s", async (_name, fileAt, words) => {
    const file = fileAt();
    expect(await dumpFault(file)).toBe(`${file}: ${words}`);
  });
});
