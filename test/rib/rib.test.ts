/** The Rib: what the model test cannot see. Ports, bounded slices, and that memory comes back. */

import { describe, expect, it } from "vitest";
import { EMPTY } from "../../src/base/bytes.ts";
import { IPV4_UNICAST, IPV6_UNICAST } from "../../src/messages/families.ts";
import { AttributeStore } from "../../src/rib/attribute-store.ts";
import type { NextHops } from "../../src/rib/candidates.ts";
import { OWN_PEER } from "../../src/rib/ids.ts";
import type { AttributesId, PathIndex, PeerId, PrefixId } from "../../src/rib/ids.ts";
import { PeerTable } from "../../src/rib/peer-table.ts";
import { PATH_FLAGS, Rib } from "../../src/rib/rib.ts";
import { blockOf, peerOf } from "./build.ts";
import type { BlockFields } from "./build.ts";

interface Lab { rib: Rib; store: AttributeStore; peers: PeerTable; a: PeerId; b: PeerId }

function lab(nextHops?: NextHops): Lab {
  const store = new AttributeStore({ seed: 1 });
  const peers = new PeerTable();
  const ports = nextHops === undefined ? {} : { nextHops };
  const rib = new Rib({ family: IPV4_UNICAST, seed: 2, attributes: store, peers, ...ports });
  const a = peers.add(peerOf({ name: "a", routerId: 1 }));
  return { rib, store, peers, a, b: peers.add(peerOf({ name: "b", routerId: 2 })) };
}

function setOf({ store }: Lab, fields: BlockFields = {}): AttributesId {
  const block = blockOf(fields);
  return store.intern(block, 0, block.length, EMPTY);
}

function announce({ rib }: Lab, peer: PeerId, prefix: number, set: AttributesId): PathIndex {
  return rib.announce(peer, rib.prefixes.intern(prefix * 256, 0, 0, 0, 24), 0, set, set, 0, 1);
}

function settle({ rib }: Lab): void {
  for (let prefix = rib.takeDirty(); prefix !== 0; prefix = rib.takeDirty()) {
    rib.decide(prefix);
    rib.bury(prefix);
  }
}

describe("Rib", () => {
  it("prefers own routes to learned ones, and elevated peers to both", () => {
    const setup = lab();
    const { rib, peers, a } = setup;
    const learned = announce(setup, a, 1, setOf(setup, { localPref: 999 }));
    const own = announce(setup, OWN_PEER, 1, setOf(setup, { localPref: 1 }));
    const prefix = rib.prefixOf(own);
    expect(rib.decide(prefix)).toBe(own);
    peers.update(a, { ...peers.get(a), preference: 2 });
    expect(rib.decide(prefix)).toBe(learned);
    expect(rib.explain(prefix).map(({ candidate, removedBy }) => [candidate.path, removedBy?.reason]))
      .toEqual([[learned, undefined], [own, "preference"]]);
  });

  it("asks its port for next hops; an unresolvable path is best where there is no other", () => {
    const bad = new Set<AttributesId>();
    const costs = new Map<AttributesId, number>();
    const setup = lab({ isResolvable: (id) => !bad.has(id), interiorCost: (id) => costs.get(id) ?? 0 });
    const sets = [1, 2, 3].map((nextHop) => setOf(setup, { nextHop }));
    const c = setup.peers.add(peerOf({ name: "c", routerId: 3 }));
    const paths = [setup.a, setup.b, c].map((peer, i) => announce(setup, peer, 1, sets[i]!));
    const prefix = setup.rib.prefixOf(paths[0]!);
    expect(setup.rib.decide(prefix)).toBe(paths[0]);
    costs.set(sets[0]!, 10);
    expect(setup.rib.decide(prefix)).toBe(paths[1]);
    bad.add(sets[1]!);
    expect(setup.rib.decide(prefix)).toBe(paths[2]);
    for (const set of sets) bad.add(set);
    expect(setup.rib.decide(prefix)).toBe(paths[1]);
  });

  it("takes dirty prefixes in the order in which they changed, each once", () => {
    const setup = lab();
    const set = setOf(setup);
    for (const prefix of [3, 1, 2, 3, 1]) announce(setup, setup.a, prefix, set);
    setup.rib.withdraw(setup.a, setup.rib.prefixes.find(3 * 256, 0, 0, 0, 24), 0);
    const taken: string[] = [];
    const { rib } = setup;
    for (let id = rib.takeDirty(); id !== 0; id = rib.takeDirty()) taken.push(rib.prefixes.format(id));
    expect(taken).toEqual(["0.0.3.0/24", "0.0.1.0/24", "0.0.2.0/24"]);
  });

  it("does not touch a prefix for what changes neither decision nor export", () => {
    const setup = lab();
    const [one, two] = [setOf(setup, { med: 1 }), setOf(setup, { med: 2 })];
    const { rib, a } = setup;
    const path = announce(setup, a, 1, one);
    const prefix = rib.prefixOf(path);
    settle(setup);
    rib.markStale(a);
    announce(setup, a, 1, one);
    rib.announce(a, prefix, 0, two, one, 0, 9);
    rib.announce(a, prefix, 7, two, 0 as AttributesId, PATH_FLAGS.FILTERED, 9);
    rib.announce(a, prefix, 8, two, two, PATH_FLAGS.LOOP, 9);
    expect([rib.dirtyCount, rib.sinceOf(path), rib.attributesInOf(path) === two]).toEqual([0, 9, true]);
    rib.announce(a, prefix, 0, two, one, PATH_FLAGS.NOT_REFLECTED, 10);
    expect(rib.dirtyCount).toBe(1);
  });

  it("sweeps in slices, also when the path that is next goes away or a new marking begins", () => {
    const setup = lab();
    const { rib, a } = setup;
    const set = setOf(setup);
    for (let prefix = 1; prefix <= 6; prefix++) announce(setup, a, prefix, set);
    rib.markStale(a);
    announce(setup, a, 2, set);
    expect([rib.sweepStale(a, 1), rib.received(a)]).toEqual([false, 5]);
    const next = rib.prefixes.find(2 * 256, 0, 0, 0, 24);
    rib.withdraw(a, next, 0);
    announce(setup, a, 7, set);
    expect([rib.sweepStale(a, 2), rib.received(a)]).toEqual([false, 3]);
    rib.markStale(a);
    announce(setup, a, 6, set);
    expect([rib.sweepStale(a, 2), rib.received(a)]).toEqual([false, 2]);
    expect([rib.sweepStale(a, 2), rib.received(a)]).toEqual([true, 1]);
    expect(rib.prefixes.format(rib.prefixOf(rib.firstOfPeer(a)))).toBe("0.0.6.0/24");
  });

  it("begins again where a new marking finds a sweep half done", () => {
    const setup = lab();
    const { rib, a } = setup;
    const set = setOf(setup);
    for (let prefix = 1; prefix <= 4; prefix++) announce(setup, a, prefix, set);
    rib.markStale(a);
    for (const prefix of [1, 2, 3]) announce(setup, a, prefix, set);
    expect([rib.sweepStale(a, 2), rib.received(a)]).toEqual([false, 4]);
    rib.markStale(a);
    announce(setup, a, 3, set);
    expect([rib.sweepStale(a, 9), rib.received(a)]).toEqual([true, 1]);
    expect(rib.prefixes.format(rib.prefixOf(rib.firstOfPeer(a)))).toBe("0.0.3.0/24");
  });

  it("never takes what is stale for fresh, however often the peer begins anew", () => {
    const setup = lab();
    const { rib, a } = setup;
    const set = setOf(setup);
    const path = announce(setup, a, 1, set);
    for (let times = 0; times < 2 ** 17; times++) {
      rib.markStale(a);
      if ((rib.flagsOf(path) & PATH_FLAGS.STALE) === 0) expect.fail(`fresh after ${times + 1} times`);
    }
    expect([rib.fresh(a), rib.received(a), rib.isCandidate(path)]).toEqual([0, 1, true]);
    announce(setup, a, 1, set);
    announce(setup, a, 2, set);
    expect([rib.fresh(a), rib.received(a), rib.sweepStale(a, 9), rib.fresh(a)]).toEqual([2, 2, true, 2]);
  });

  it("sweeps with exceptions, and from the first path again where it is told to", () => {
    const setup = lab();
    const { rib, a } = setup;
    const set = setOf(setup);
    const paths = [1, 2, 3, 4].map((prefix) => announce(setup, a, prefix, set));
    rib.markStale(a);
    const asked: PathIndex[] = [];
    const spares = (path: PathIndex): boolean => asked.push(path) > 0 && path === paths[1];
    expect([rib.sweepStale(a, 2, spares), rib.received(a)]).toEqual([false, 3]);
    rib.beginSweep(a);
    expect([rib.sweepStale(a, 9), rib.received(a), asked]).toEqual([true, 0, paths.slice(0, 2)]);
  });

  it("drops one peer's paths in slices and leaves the others", () => {
    const setup = lab();
    const { rib, a, b } = setup;
    const set = setOf(setup);
    for (let prefix = 1; prefix <= 5; prefix++) for (const peer of [a, b]) announce(setup, peer, prefix, set);
    expect([rib.dropPeer(a, 2), rib.received(a), rib.received(b)]).toEqual([false, 3, 5]);
    expect([rib.dropPeer(a, 3), rib.received(a), rib.liveCount]).toEqual([true, 0, 5]);
    expect([rib.dropPeer(a, 1), rib.refersTo(a)]).toEqual([true, true]);
    settle(setup);
    expect([rib.reap(() => true, Infinity), rib.refersTo(a), rib.refersTo(b)]).toEqual([5, false, true]);
  });

  it("keeps a path identifier while somebody may still know it, and the order of burial", () => {
    const setup = lab();
    const { rib, a } = setup;
    const set = setOf(setup);
    setup.store.retain(set);
    const paths = [1, 2].map((prefix) => announce(setup, a, prefix, set));
    settle(setup);
    rib.dropPeer(a, Infinity);
    settle(setup);
    expect(rib.reap((_prefix, path) => path !== paths[0], Infinity)).toBe(0);
    const third = announce(setup, a, 3, set);
    expect(paths).not.toContain(third);
    expect(announce(setup, a, 1, set)).toBe(paths[0]);
    settle(setup);
    expect(rib.reap(() => true, Infinity)).toBe(1);
    expect([rib.isLive(paths[0]!), rib.isLive(paths[1]!), rib.prefixes.size]).toEqual([true, false, 3]);
    expect([rib.reap(() => true, Infinity), rib.prefixes.size]).toEqual([1, 2]);
  });

  it("queues a path once, also when it came back and died again while it waited", () => {
    const setup = lab();
    const { rib, a } = setup;
    const set = setOf(setup);
    setup.store.retain(set);
    for (let life = 0; life < 3; life++) {
      announce(setup, a, 1, set);
      settle(setup);
      rib.dropPeer(a, Infinity);
      settle(setup);
      expect(rib.limboCount).toBe(1);
    }
    expect([rib.reap(() => true, 1), rib.limboCount, rib.refersTo(a)]).toEqual([1, 1, false]);
    expect([rib.reap(() => true, 9), rib.limboCount, rib.prefixes.size]).toEqual([1, 0, 0]);
  });

  it("frees a prefix that was interned and then not used", () => {
    const { rib } = lab();
    const prefix = rib.prefixes.intern(256, 0, 0, 0, 24);
    rib.bury(prefix);
    rib.bury(prefix);
    expect([rib.limboCount, rib.reap(() => true, 5), rib.prefixes.isLive(prefix)]).toEqual([1, 1, false]);
  });

  it("does not take what is unknown for a path", () => {
    const { rib } = lab();
    for (const path of [0, 1, 99_999_999]) expect(rib.isLive(path as PathIndex)).toBe(false);
  });

  it.each([IPV4_UNICAST, IPV6_UNICAST])("gives its memory back: $name", (family) => {
    const store = new AttributeStore({ seed: 1 });
    const peers = new PeerTable();
    const rib = new Rib({ family, seed: 2, attributes: store, peers });
    const peer = peers.add(peerOf());
    const setup: Lab = { rib, store, peers, a: peer, b: peer };
    const count = 40_000;
    const idle = 3 * 1024 * 1024;
    for (let round = 0; round < 2; round++) {
      for (let i = 0; i < count; i++) {
        const set = setOf(setup, { asPath: [i >>> 2] });
        const wide = family.addressOctets === 16;
        const prefix = wide ? rib.prefixes.intern(0x2001_0db8, i, 0, 0, 64) : rib.prefixes.intern(i << 8, 0, 0, 0, 24);
        rib.announce(peer, prefix, 0, set, set, 0, 1);
      }
      settle(setup);
      expect([rib.liveCount, store.size]).toEqual([count, count / 4]);
      expect(rib.octets / count).toBeLessThan(family.addressOctets === 16 ? 110 : 95);
      rib.dropPeer(peer, Infinity);
      settle(setup);
      while (rib.reap(() => true, 1_000) > 0);
      expect([store.size, rib.orphanCount]).toEqual([count / 4, count / 4]);
      rib.freeOrphans(1_000);
      expect([store.size, rib.orphanCount]).toEqual([count / 4 - 1_000, count / 4 - 1_000]);
      rib.freeOrphans(Infinity);
      expect([rib.liveCount, rib.prefixes.size, rib.limboCount, store.size]).toEqual([0, 0, 0, 0]);
      expect([rib.pathsMax, rib.prefixes.idsMax]).toEqual([0, 0]);
      expect(rib.octets).toBeLessThan(idle);
      expect(store.octets).toBeLessThan(idle);
    }
  });
});

describe("PeerTable", () => {
  it("has ourselves from the start, and uses ids again", () => {
    const peers = new PeerTable();
    expect([peers.get(OWN_PEER).own, peers.size]).toEqual([true, 1]);
    const id = peers.add(peerOf({ name: "x" }));
    expect([id, peers.isLive(id), peers.idsMax]).toEqual([2, true, 2]);
    peers.update(id, peerOf({ name: "y" }));
    expect(peers.get(id).name).toBe("y");
    peers.release(id);
    expect([peers.isLive(id), peers.size]).toEqual([false, 1]);
    expect(peers.add(peerOf())).toBe(id);
    expect(() => peers.get(9 as PeerId)).toThrow("bug");
    expect(() => peers.release(OWN_PEER)).toThrow("bug");
    expect(() => peers.update(9 as PeerId, peerOf())).toThrow("bug");
  });
});

describe("PrefixId", () => {
  it("is not live in another family's table because it is in this one", () => {
    const setup = lab();
    const path = announce(setup, setup.a, 1, setOf(setup));
    const other = new Rib({ family: IPV6_UNICAST, seed: 2, attributes: setup.store, peers: setup.peers });
    expect(other.prefixes.isLive(setup.rib.prefixOf(path) as PrefixId)).toBe(false);
  });
});
