/** The path identifiers that we send: one for each path of a prefix, and the same in another run. */

import { expect, it } from "vitest";
import { EMPTY } from "../../src/base/bytes.ts";
import { IPV4_UNICAST } from "../../src/messages/families.ts";
import { AttributeStore } from "../../src/rib/attribute-store.ts";
import { OWN_PEER } from "../../src/rib/ids.ts";
import type { PeerId } from "../../src/rib/ids.ts";
import { sentPathId } from "../../src/rib/path-id.ts";
import { PEER_TAGS, PeerTable } from "../../src/rib/peer-table.ts";
import { Rib } from "../../src/rib/rib.ts";
import { blockOf, peerOf } from "./build.ts";

/** What is sent for paths of one prefix, announced in this order as "peer received". */
function sent(peersInOrder: readonly string[], paths: readonly string[]): ReadonlyMap<string, number> {
  const store = new AttributeStore({ seed: 1 });
  const peers = new PeerTable();
  const rib = new Rib({ family: IPV4_UNICAST, seed: 2, attributes: store, peers });
  const ids = new Map<string, PeerId>(peersInOrder.map((name) => [name, peers.add(peerOf({ name, routerId: 1 }))]));
  const block = blockOf({});
  const set = store.intern(block, 0, block.length, EMPTY);
  return new Map(paths.map((text) => {
    const [name = "", received] = text.split(" ");
    const prefix = rib.prefixes.intern(0x0a000000, 0, 0, 0, 24);
    const path = rib.announce(ids.get(name) ?? OWN_PEER, prefix, Number(received), set, set, 0, 1);
    return [text, sentPathId(rib, peers, path)];
  }));
}

const PATHS = ["ourselves 0", "a 0", "a 1", "a 4095", "a 4096", "a 4294967295", "b 0", "b 4095", "c 7"];

it("no two paths of a prefix have the same, and all fit 32 bits", () => {
  const ids = [...sent(["a", "b", "c"], PATHS).values()];
  expect(new Set(ids).size).toBe(PATHS.length);
  for (const id of ids) expect(id).toBe(id >>> 0);
  expect(ids).not.toContain(0);
});

it("they are the same whoever comes first and whoever is new, where peers number theirs as BIRD does", () => {
  const paths = PATHS.filter((text) => Number(text.split(" ")[1]) < 4096);
  const before = sent(["a", "b", "c"], paths);
  const after = sent(["new", "c", "b", "a"], ["new 0", ...paths.toReversed()]);
  for (const text of paths) expect([text, after.get(text)]).toEqual([text, before.get(text)]);
});

it("peers have tags of their own, also where names fall together, and give them back", () => {
  const peers = new PeerTable();
  const names = Array.from({ length: 5000 }, (_, n) => `10.${n >> 8}.${n & 255}.1`);
  const ids = names.map((name) => peers.add(peerOf({ name, routerId: 1 })));
  const tags = ids.map((id) => peers.tagOf(id));
  expect(new Set([...tags, peers.tagOf(OWN_PEER)]).size).toBe(5001);
  expect(Math.max(...tags)).toBeLessThan(PEER_TAGS);
  for (const id of ids) peers.release(id);
  const again = names.map((name) => peers.tagOf(peers.add(peerOf({ name, routerId: 1 }))));
  expect(again).toEqual(tags);
});
