/** A prefix with very many paths: the same answers, without walks. */

import fc from "fast-check";
import { expect, it } from "vitest";
import { EMPTY } from "../../src/base/bytes.ts";
import { IPV4_UNICAST } from "../../src/messages/families.ts";
import { AttributeStore } from "../../src/rib/attribute-store.ts";
import { PATHS_OF_PEER_MAX } from "../../src/rib/crowd.ts";
import { NO_PATH } from "../../src/rib/ids.ts";
import { PeerTable } from "../../src/rib/peer-table.ts";
import { Rib } from "../../src/rib/rib.ts";
import { blockOf, peerOf } from "./build.ts";

const ALWAYS = (): boolean => true;

function world() {
  const store = new AttributeStore({ seed: 1 });
  const peers = new PeerTable();
  const rib = new Rib({ family: IPV4_UNICAST, seed: 1, attributes: store, peers });
  const block = blockOf({ nextHop: 1 });
  const attributes = store.intern(block, 0, block.length, EMPTY);
  store.retain(attributes);
  const two = [peers.add(peerOf({ name: "a" })), peers.add(peerOf({ name: "b", routerId: 2 }))] as const;
  const announce = (who: 0 | 1, pathId: number) =>
    rib.announce(two[who], rib.prefixes.intern(0x0a000000, 0, 0, 0, 8), pathId, attributes, attributes, 0, 0);
  const settle = (): void => {
    for (let dirty = rib.takeDirty(); dirty !== 0; dirty = rib.takeDirty()) {
      rib.decide(dirty);
      rib.bury(dirty);
    }
    while (rib.reap(ALWAYS, 10_000) > 0);
  };
  const pathIds = (who: 0 | 1): number[] => {
    const found: number[] = [];
    const prefix = rib.prefixes.find(0x0a000000, 0, 0, 0, 8);
    for (let path = prefix === 0 ? NO_PATH : rib.firstOfPrefix(prefix); path !== 0; path = rib.nextOfPrefix(path)) {
      if (rib.isLive(path) && rib.peerOf(path) === two[who]) found.push(rib.receivedPathIdOf(path));
    }
    return found.sort((a, b) => a - b);
  };
  return { rib, two, announce, settle, pathIds };
}

it("agrees with sets of path identifiers while a crowd gathers and goes", () => {
  const batch = fc.record({
    who: fc.constantFrom(0 as const, 1 as const), from: fc.nat(600), count: fc.nat(400), withdraw: fc.boolean(),
    settle: fc.boolean(),
  });
  fc.assert(fc.property(fc.array(batch, { maxLength: 12 }), (batches) => {
    const { rib, two, announce, settle, pathIds } = world();
    const model = [new Set<number>(), new Set<number>()] as const;
    for (const { who, from, count, withdraw, settle: now } of batches) {
      for (let pathId = from; pathId < from + count; pathId++) {
        if (!withdraw) announce(who, pathId);
        const prefix = rib.prefixes.find(0x0a000000, 0, 0, 0, 8);
        if (withdraw && prefix !== 0) expect(rib.withdraw(two[who], prefix, pathId)).toBe(model[who].has(pathId));
        if (withdraw) model[who].delete(pathId);
        else model[who].add(pathId);
      }
      if (now) settle();
    }
    for (const who of [0, 1] as const) expect(pathIds(who)).toEqual([...model[who]].sort((a, b) => a - b));
    rib.dropPeer(two[0], Infinity);
    rib.dropPeer(two[1], Infinity);
    settle();
    expect([rib.liveCount, rib.limboCount, rib.prefixes.size]).toEqual([0, 0, 0]);
  }), { numRuns: 60 });
});

it("bounds the paths of one peer and leaves the other's alone", () => {
  const { rib, announce } = world();
  for (let pathId = 0; pathId < PATHS_OF_PEER_MAX; pathId++) expect(announce(0, pathId)).not.toBe(0);
  expect(announce(0, PATHS_OF_PEER_MAX)).toBe(0);
  expect(announce(0, 7)).not.toBe(0);
  expect(announce(1, PATHS_OF_PEER_MAX)).not.toBe(0);
  expect(rib.liveCount).toBe(PATHS_OF_PEER_MAX + 1);
});
