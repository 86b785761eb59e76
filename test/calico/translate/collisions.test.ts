/** Resources that are each right, and not beside each other: one line for each, and what counts all the same. */

import { describe, expect, it } from "vitest";
import { block, cidr, node, peer, planOf, pool, sessionsOf } from "../../support/calico/world.ts";
import type { IpamBlock } from "../../../src/calico/resources/model.ts";
import type { WorldWords } from "../../support/calico/world.ts";

const ME = node("me", { ipv4: "10.0.0.1/24" });
const lines = (words: WorldWords): string[] => planOf({ ...words, nodes: [ME, ...words.nodes ?? []] }, "me")
  .collisions.map(({ kind, name, field, why }) => [kind, name, field, why].filter((word) => word !== "").join(" "));

describe("resources beside each other", () => {
  it("two nodes with one address, of either family: the lower name has it, and there is one session", () => {
    const nodes = [node("c", { ipv4: "10.0.0.2/24", ipv6: "fd00::2/64" }), node("a", { ipv4: "10.0.0.2/16" }),
      node("b", { ipv4: "10.0.0.2/32", ipv6: "fd00::2/128" })];
    expect(lines({ nodes })).toEqual([
      "Node b has the address of Node a, 10.0.0.2: there is one session with both",
      "Node c has the address of Node a, 10.0.0.2: there is one session with both",
      "Node c has the address of Node b, fd00::2: there is one session with both"]);
    expect(sessionsOf({ nodes: [ME, ...nodes] }, "me")).toHaveLength(1);
  });
  it("a node with our own address is named, and no session", () => {
    const nodes = [node("twin", { ipv4: "10.0.0.1/24" })];
    expect(lines({ nodes })).toEqual([expect.stringMatching(/^Node twin has the address of Node me/)]);
    expect(sessionsOf({ nodes: [ME, ...nodes] }, "me")).toEqual([]);
  });
  it("two pools with one cidr: the lower name counts", () => {
    const pools = [pool("10.1.0.0/16", { name: "b", disableBgpExport: true }), pool("10.1.0.0/16", { name: "a" }),
      pool("10.2.0.0/16")];
    expect(lines({ pools })).toEqual(["IPPool b has the cidr of IPPool a, 10.1.0.0/16, and that one counts"]);
    const steps = planOf({ nodes: [ME], pools }, "me").view.families.ipv4.exportFilter.map(({ step }) => step);
    expect(steps).not.toContain("1 disableBGPExport");
  });
  it("one block of two nodes, unless one of them lets it go", () => {
    const affinities = [block("b", "10.1.0.0/26"), block("a", "10.1.0.0/26"),
      block("a", "10.1.0.64/26"), block("b", "10.1.0.64/26", "pendingDeletion"),
      { ...block("a", "10.1.0.0/26"), name: "zz" }];
    expect(lines({ affinities })).toEqual([
      "BlockAffinity b-10.1.0.0/26 gives 10.1.0.0/26 to Node b, and a-10.1.0.0/26 to Node a"]);
  });
  it("a BGPFilter that is not there is passed over", () => {
    const words = { peers: [peer("p", { peerIP: "10.9.9.9", asNumber: 1, filters: ["f", "g"] })],
      filters: [{ name: "f", import: [], export: [] }] };
    expect(lines(words)).toEqual(["BGPPeer p spec.filters[1] there is no BGPFilter g: passed over"]);
    expect(sessionsOf({ ...words, nodes: [ME] }, "me")[0]?.importFilters).toEqual(["f"]);
  });
  it("5,000 nodes of which all but one are alone cost one line", () => {
    const nodes = Array.from({ length: 5000 }, (_, at) =>
      node(`n${at}`, { ipv4: `10.${64 + (at >> 8)}.${at & 255}.1/24` }));
    expect(lines({ nodes: [...nodes, node("twin", { ipv4: "10.64.7.1/24" })] })).toHaveLength(1);
  });
});

describe("notes of address management", () => {
  const ipam = (text: string, owner: string | undefined, users: Readonly<Record<string, number>> = {}): IpamBlock =>
    ({ name: text, cidr: cidr(text), node: owner,
      users: Object.entries(users).map(([node, addresses]) => ({ node, addresses })) });
  const affinities = [block("a", "10.1.0.0/26"), block("b", "10.1.0.64/26")];
  const ipamBlocks = [ipam("10.1.0.0/26", "a", { a: 2 }), ipam("10.1.0.64/26", "b", { b: 1 })];

  it("there are none without IPAMBlocks, nor where all is in order", () => {
    expect(lines({ affinities })).toEqual([]);
    expect(lines({ affinities, ipamBlocks })).toEqual([]);
  });
  it("a block that is announced and is none, one that is some node's and not announced", () => {
    expect(lines({ affinities: [...affinities, block("a", "10.1.0.128/26"), block("a", "10.1.0.192/26", "pending")],
      ipamBlocks: [...ipamBlocks, ipam("10.1.0.192/26", "a"), ipam("10.1.1.0/26", "unknown")] })).toEqual([
      "BlockAffinity a-10.1.0.128/26 Node a announces 10.1.0.128/26, and there is no such IPAMBlock",
      "IPAMBlock 10.1.0.192/26 is Node a's, which does not announce it: no BlockAffinity is confirmed"]);
  });
  it("addresses in use elsewhere, by block and node, and that they should not be", () => {
    const more = [ipam("10.1.0.0/26", "a", { a: 60, b: 2 }), ipam("10.1.0.64/26", "b"),
      ipam("10.2.0.0/26", undefined, { a: 1 })];
    expect(lines({ affinities, ipamBlocks: more })).toEqual([
      "IPAMBlock 10.1.0.0/26 is Node a's, and Node b has 2 of its addresses: a route for each",
      "IPAMBlock 10.2.0.0/26 is nobody's, and Node a has 1 of its addresses: a route for each"]);
    const strict = lines({ affinities, ipamBlocks: more,
      ipamConfigurations: [{ name: "default", strictAffinity: true }] });
    expect(strict.every((line) => line.endsWith("though strictAffinity is set"))).toBe(true);
  });
  it("of very many the first, and how many more", () => {
    const many = Array.from({ length: 250 }, (_, at) => ipam(`10.3.${at}.0/26`, "a", { b: 1 }));
    const said = lines({ ipamBlocks: many });
    expect([said.length, said.at(-1)]).toEqual([101, "IPAMBlock and 150 more such notes"]);
  });
});
