/** The table engine against a model of maps, under random operations that collide. */

import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { EMPTY } from "../../src/base/bytes.ts";
import { IPV4_UNICAST } from "../../src/messages/families.ts";
import { AttributeStore } from "../../src/rib/attribute-store.ts";
import type { AttributesId, PathIndex, PeerId, PrefixId } from "../../src/rib/ids.ts";
import { PeerTable } from "../../src/rib/peer-table.ts";
import { INELIGIBLE, PATH_FLAGS, Rib } from "../../src/rib/rib.ts";
import { blockOf, peerOf } from "../rib/build.ts";
import type { BlockFields } from "../rib/build.ts";
import { NaiveRib, naiveBest } from "../support/naive-rib.ts";
import type { NaivePath, NaiveRoute } from "../support/naive-rib.ts";

const LLGR_STALE_COMMUNITY = 0xffff0006;
const SETS: readonly BlockFields[] = [
  { asPath: [1, 2], med: 1 }, { asPath: [1, 3], med: 0 }, { asPath: [2, 3], med: 2 }, { asPath: [2, 3], med: 1 },
  { asPath: [1, 2], originatorId: 2, clusterList: [9] }, { asPath: [1, 2], originatorId: 2, clusterList: [9, 8] },
  { asPath: [1, 2], localPref: 200, communities: [LLGR_STALE_COMMUNITY] }, { asPath: [1, 2], origin: 2 },
];
const PEERS = [
  peerOf({ routerId: 1, address: Uint8Array.of(10, 0, 0, 1) }),
  peerOf({ routerId: 2, address: Uint8Array.of(10, 0, 0, 2) }),
  peerOf({ routerId: 2, address: Uint8Array.of(10, 0, 0, 2), remotePort: 180 }),
  peerOf({ routerId: 3, address: Uint8Array.of(10, 0, 0, 3), ebgp: true }),
];
const FLAGS = [
  0, PATH_FLAGS.FILTERED, PATH_FLAGS.LOOP, PATH_FLAGS.LLGR_STALE, PATH_FLAGS.NOT_REFLECTED, PATH_FLAGS.OWN_NEXT_HOP,
  PATH_FLAGS.LEAK, PATH_FLAGS.STALE | PATH_FLAGS.DEAD,
];

const peer = fc.nat(PEERS.length - 1);
const prefix = fc.nat(1);
const receivedPathId = fc.nat(1);
const set = fc.nat(SETS.length - 1);
const flags = fc.oneof({ weight: 4, arbitrary: fc.constant(0) }, { weight: 1, arbitrary: fc.nat(FLAGS.length - 1) });
const budget = fc.constantFrom(1, 2, 3, Infinity);
const operation = fc.oneof(
  { weight: 8, arbitrary: fc.record({ do: fc.constant("announce" as const), peer, prefix, receivedPathId, set,
    attributes: fc.option(set, { freq: 6 }), flags }) },
  { weight: 4, arbitrary: fc.record({ do: fc.constant("withdraw" as const), peer, prefix, receivedPathId }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant("drop" as const), peer, budget }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant("stale" as const), peer }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant("sweep" as const), peer, budget }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant("policy" as const), peer, prefix, receivedPathId,
    attributes: fc.option(set), flags }) },
  { weight: 4, arbitrary: fc.record({ do: fc.constant("turn" as const), budget }) },
  { weight: 3, arbitrary: fc.record({ do: fc.constant("reap" as const), budget, held: fc.nat(6) }) },
);
type Operation = typeof operation extends fc.Arbitrary<infer O> ? O : never;

/** How often each thing that must happen happened, over all runs. */
const reached = new Map<string, number>();
const reach = (what: string): void => void reached.set(what, (reached.get(what) ?? 0) + 1);

/** As toEqual, which is too slow to be asked a hundred thousand times. */
function same(actual: unknown, expected: unknown): void {
  if (JSON.stringify(actual) !== JSON.stringify(expected)) expect(actual).toEqual(expected);
}

/** The table and its model, kept side by side. */
class Pair {
  readonly store = new AttributeStore({ seed: 7 });
  readonly peers = new PeerTable();
  readonly rib = new Rib({ family: IPV4_UNICAST, seed: 8, attributes: this.store, peers: this.peers });
  readonly model = new NaiveRib(INELIGIBLE);
  readonly sets: AttributesId[];
  readonly peerIds: PeerId[];
  /** Prefix number of each live id. */
  readonly numbers = new Map<number, number>();
  now = 0;

  constructor() {
    this.sets = SETS.map((fields) => {
      const block = blockOf(fields);
      const id = this.store.intern(block, 0, block.length, EMPTY);
      this.store.retain(id);
      return id;
    });
    this.peerIds = PEERS.map((facts) => this.peers.add(facts));
  }

  perform(op: Operation): void {
    this.now++;
    switch (op.do) {
      case "announce": return this.announce(op);
      case "withdraw": return this.withdraw(op);
      case "drop": {
        const paths = this.model.ofPeer(this.peerIds[op.peer]!).slice(0, op.budget);
        const done = this.rib.dropPeer(this.peerIds[op.peer]!, op.budget);
        for (const path of paths) this.model.withdraw(path);
        expect(done).toBe(this.model.ofPeer(this.peerIds[op.peer]!).length === 0);
        return;
      }
      case "stale":
        this.rib.markStale(this.peerIds[op.peer]!);
        for (const path of this.model.ofPeer(this.peerIds[op.peer]!)) path.stale = true;
        return;
      case "sweep": return this.sweep(op.peer, op.budget);
      case "policy": return this.policy(op);
      case "turn": return this.turn(op.budget);
      case "reap": return this.reap(op.budget, op.held);
    }
  }

  announce(op: Extract<Operation, { do: "announce" }>): void {
    const { rib, model } = this;
    const id = rib.prefixes.intern(op.prefix * 256, 0, 0, 0, 24);
    const known = [...this.numbers].find(([, number]) => number === op.prefix);
    if (known !== undefined) expect(id).toBe(known[0]);
    else expect(this.numbers.has(id)).toBe(false);
    this.numbers.set(id, op.prefix);
    model.prefixes.add(id);
    const peerId = this.peerIds[op.peer]!;
    const attributesIn = this.sets[op.set]!;
    const attributes = op.attributes === null ? 0 : this.sets[op.attributes]!;
    const old = model.find(id, peerId, op.receivedPathId);
    const path = rib.announce(
      peerId, id, op.receivedPathId, attributesIn, attributes as AttributesId, FLAGS[op.flags]!, this.now,
    );
    if (old !== undefined) expect(path).toBe(old.index);
    else for (const other of model.paths.values()) expect(other.index).not.toBe(path);
    if (old !== undefined && !old.alive) reach(old.inLimbo ? "revived from limbo" : "revived before burial");
    model.announce(id, peerId, op.receivedPathId, path, attributesIn, attributes, FLAGS[op.flags]!, this.now);
  }

  withdraw(op: { peer: number; prefix: number; receivedPathId: number }): void {
    const id = this.rib.prefixes.find(op.prefix * 256, 0, 0, 0, 24);
    expect(id !== 0).toBe([...this.numbers.values()].includes(op.prefix));
    if (id === 0) return;
    const path = this.model.find(id, this.peerIds[op.peer]!, op.receivedPathId);
    const done = this.rib.withdraw(this.peerIds[op.peer]!, id, op.receivedPathId);
    expect(done).toBe(path !== undefined && path.alive);
    if (path === undefined || !path.alive) return;
    if (path.inLimbo) reach("dead again in limbo");
    this.model.withdraw(path);
  }

  sweep(peerNumber: number, slice: number): void {
    const peerId = this.peerIds[peerNumber]!;
    let slices = 1;
    while (!this.rib.sweepStale(peerId, slice)) slices++;
    if (slices > 1) reach("swept in slices");
    for (const path of this.model.ofPeer(peerId).filter((candidate) => candidate.stale)) {
      reach("swept");
      this.model.withdraw(path);
    }
  }

  policy(op: Extract<Operation, { do: "policy" }>): void {
    const id = this.rib.prefixes.find(op.prefix * 256, 0, 0, 0, 24);
    const path = this.model.find(id, this.peerIds[op.peer]!, op.receivedPathId);
    if (path === undefined || !path.alive) return;
    const attributes = op.attributes === null ? 0 : this.sets[op.attributes]!;
    this.rib.setPolicyResult(path.index as PathIndex, attributes as AttributesId, FLAGS[op.flags]!);
    this.model.setPolicyResult(path, attributes, FLAGS[op.flags]!);
  }

  turn(count: number): void {
    const { rib, model } = this;
    for (let left = count; left > 0; left--) {
      const id = rib.takeDirty();
      expect(id !== 0).toBe(model.dirty.size > 0);
      if (id === 0) return;
      expect(id).toBe([...model.dirty][0]);
      model.dirty.delete(id);
      model.best.set(id, rib.decide(id));
      this.checkBest(id);
      rib.bury(id);
      model.bury(id);
    }
  }

  reap(count: number, held: number): void {
    const mayFree = (id: number, path: number): boolean => (id + path) % 7 !== held;
    const freed = this.rib.reap(mayFree, count);
    expect(freed).toBe(this.model.reap(mayFree, count));
    for (const id of this.numbers.keys()) {
      if (this.model.prefixes.has(id)) continue;
      reach("prefix freed");
      this.numbers.delete(id);
      expect(this.rib.prefixes.isLive(id as PrefixId)).toBe(false);
    }
  }

  routeOf(path: NaivePath): NaiveRoute & { index: number } {
    const fields = SETS[this.sets.indexOf(path.attributes as AttributesId)]!;
    const facts = this.peers.get(path.peer as PeerId);
    return {
      index: path.index, own: false, localPref: fields.localPref, asPath: fields.asPath ?? [],
      llgrStale: (path.flags & PATH_FLAGS.LLGR_STALE) !== 0 ||
        (fields.communities ?? []).includes(LLGR_STALE_COMMUNITY),
      origin: fields.origin ?? 0, med: fields.med, ebgp: facts.ebgp, originatorId: fields.originatorId,
      routerId: facts.routerId, clusterList: fields.clusterList ?? [], address: facts.address,
      remotePort: facts.remotePort, receivedPathId: path.receivedPathId,
    };
  }

  checkBest(id: PrefixId): void {
    const candidates = this.model.ofPrefix(id).filter((path) => this.model.isCandidate(path));
    reach(`decided among ${Math.min(candidates.length, 3)}`);
    const routes = candidates.map((path) => this.routeOf(path));
    expect(this.rib.best(id)).toBe(routes.length === 0 ? 0 : naiveBest(routes)[0]!.index);
    const ranked: number[] = [];
    this.rib.rank(id, ranked, Infinity);
    const expected: number[] = [];
    for (let left = routes; left.length > 0; left = left.filter((route) => route.index !== expected.at(-1))) {
      expected.push(naiveBest(left)[0]!.index);
    }
    expect(ranked).toEqual(expected);
  }

  check(): void {
    const { rib, model } = this;
    const paths = [...model.paths.values()];
    same(
      [rib.prefixes.size, rib.liveCount, rib.dirtyCount, rib.limboCount],
      [model.prefixes.size, paths.filter((path) => path.alive).length, model.dirty.size, model.limbo.length],
    );
    for (const path of paths) this.checkPath(path);
    for (const id of model.prefixes) this.checkChain(id as PrefixId);
    for (const peerId of this.peerIds) this.checkPeer(peerId);
    // A path whose attributes are those received holds them once.
    rib.freeOrphans(Infinity);
    const uses = paths.flatMap((path) => [...new Set([path.attributes, path.attributesIn])]);
    same(this.sets.map((id) => this.store.references(id)),
      this.sets.map((id) => 1 + uses.filter((used) => used === id).length));
  }

  checkPath(path: NaivePath): void {
    const row = path.index as PathIndex;
    const { rib } = this;
    const stale = path.alive && path.stale ? PATH_FLAGS.STALE : 0;
    same(
      [
        rib.isLive(row), rib.isCandidate(row), rib.prefixOf(row), rib.peerOf(row), rib.receivedPathIdOf(row),
        rib.attributesInOf(row), rib.attributesOf(row), rib.flagsOf(row), path.alive ? rib.sinceOf(row) : 0,
      ],
      [
        path.alive, this.model.isCandidate(path), path.prefix, path.peer, path.receivedPathId, path.attributesIn,
        path.attributes, path.alive ? path.flags | stale : PATH_FLAGS.DEAD, path.alive ? path.since : 0,
      ],
    );
  }

  checkChain(id: PrefixId): void {
    const rows: number[] = [];
    for (let row = this.rib.firstOfPrefix(id); row !== 0; row = this.rib.nextOfPrefix(row)) rows.push(row);
    same(rows, this.model.ofPrefix(id).map((path) => path.index).reverse());
  }

  checkPeer(peerId: PeerId): void {
    const rows: number[] = [];
    for (let row = this.rib.firstOfPeer(peerId); row !== 0; row = this.rib.nextOfPeer(row)) rows.push(row);
    const paths = this.model.ofPeer(peerId);
    const accepted = paths.filter((path) => this.model.isCandidate(path)).length;
    const anyRow = [...this.model.paths.values()].some((path) => path.peer === peerId);
    same(
      [rows, this.rib.received(peerId), this.rib.fresh(peerId), this.rib.accepted(peerId), this.rib.refersTo(peerId)],
      [paths.map((path) => path.index), paths.length, paths.filter(({ stale }) => !stale).length, accepted, anyRow],
    );
  }

  /** Withdraws everything: then nothing is left, neither rows nor references. */
  clear(): void {
    for (const peerId of this.peerIds) {
      this.rib.dropPeer(peerId, Infinity);
      for (const path of [...this.model.ofPeer(peerId)]) this.model.withdraw(path);
    }
    for (const id of this.numbers.keys()) this.rib.markDirty(id as PrefixId);
    for (const id of this.numbers.keys()) this.model.dirty.add(id);
    this.turn(Infinity);
    this.reap(Infinity, 7);
    this.reap(Infinity, 7);
    this.check();
    expect(this.rib.prefixes.size).toBe(0);
    expect(this.rib.limboCount).toBe(0);
    expect(this.rib.pathsMax).toBe(0);
  }
}

describe("Rib", () => {
  it("agrees with a model of maps under any operations", () => {
    fc.assert(fc.property(fc.array(operation, { minLength: 30, maxLength: 90, size: "max" }), (operations) => {
      const pair = new Pair();
      for (const op of operations) {
        pair.perform(op);
        pair.check();
      }
      pair.clear();
    }), { numRuns: 150 });
    for (const what of [
      "revived from limbo", "revived before burial", "dead again in limbo", "swept", "swept in slices", "prefix freed",
      "decided among 0", "decided among 1", "decided among 2", "decided among 3",
    ]) expect(reached.get(what) ?? 0, what).toBeGreaterThan(0);
  });
});
