/** One member's life: what it is sent and in which order, while it joins, asks again, lags, moves and waits. */

import { describe, expect, it } from "vitest";
import { IPV4_UNICAST, IPV6_UNICAST } from "../../src/messages/families.ts";
import { REFLECTOR_LIMITS } from "../../src/reflector/limits.ts";
import type { ReflectorLimits } from "../../src/reflector/limits.ts";
import { GroupMember } from "../../src/reflector/member.ts";
import type { PeerId } from "../../src/rib/ids.ts";
import { ACCEPT, Neighbour, OURS, TINY_LIMITS, World } from "../support/reflector-world.ts";
import type { Capabilities } from "../support/reflector-world.ts";
import type { NaiveAttributes, NaivePeer } from "../support/naive-exporter.ts";

const PLAIN: Capabilities = {
  fourOctetAs: true, addPathReceive: false, addPathSend: false, extendedMessages: false, extendedNextHop: false,
  enhancedRefresh: true, families: ["ipv4-unicast"],
};
const A: NaiveAttributes = { origin: 0, asPath: [], nextHop: "192.0.2.1" };
const BLOCKS = Array.from({ length: 12 }, (_, i) => `10.0.${i}.0/26`);

function client(i: number, change: Partial<NaivePeer> = {}): Neighbour {
  return new Neighbour({
    name: `n${i}`, kind: "client", clusterId: OURS.clusterIds[0], asn: OURS.asn, localAs: OURS.asn, routerId: i + 1,
    address: `10.0.0.${i + 1}`, imports: ACCEPT, exports: ACCEPT, nextHop: "auto", addPathMax: 0,
      extendedNextHop: false,
    self: { "ipv4-unicast": OURS.ipv4, "ipv6-unicast": OURS.ipv6 }, messageOctetsMax: 4096, ...change,
  });
}

function world(clients: number, limits: ReflectorLimits = TINY_LIMITS, capabilities: Capabilities = PLAIN): World {
  const made = new World(Array.from({ length: clients }, (_, i) => client(i)), limits, 1, {});
  for (const neighbour of made.neighbours) made.up(neighbour, capabilities);
  made.drain();
  return made;
}

function announce(to: World, i: number, prefixes: readonly string[], attributes: NaiveAttributes = A,
  receivedId = 0): void {
  for (const prefix of prefixes) {
    to.update(to.neighbours[i]!, IPV4_UNICAST, { announced: [prefix], withdrawn: [], receivedId, attributes });
  }
}

function withdraw(from: World, i: number, prefixes: readonly string[]): void {
  from.update(from.neighbours[i]!, IPV4_UNICAST, { announced: [], withdrawn: prefixes, receivedId: 0, attributes: A });
}

const marksOf = (of: World, i: number): readonly string[] => of.neighbours[i]!.session!.receiver.marks;
const memberOf = (of: World, i: number) => of.neighbours[i]!.session!.members[0]!;

describe("a member that joins", () => {
  it("is told the table, then End-of-RIB, once", () => {
    const made = world(2);
    announce(made, 0, BLOCKS);
    made.drain();
    made.down(made.neighbours[1]!);
    made.up(made.neighbours[1]!, PLAIN);
    const { receiver } = made.neighbours[1]!.session!;
    for (let had = 0; !receiver.marks.includes("eor ipv4-unicast"); had = receiver.table.size) {
      expect(had).toBeLessThanOrEqual(receiver.table.size);
      if (made.busy) made.pump();
      made.pull(made.neighbours[1]!, 1);
      made.deliver(made.neighbours[1]!, Infinity);
    }
    expect(receiver.table.size).toBe(BLOCKS.length);
    made.drain();
    expect(receiver.marks).toEqual(["eor ipv4-unicast"]);
  });

  it("is told nothing and no End-of-RIB while the gate is closed", () => {
    const closed = new World([client(0), client(1)], TINY_LIMITS, 1, {});
    closed.setGate(false);
    for (const neighbour of closed.neighbours) closed.up(neighbour, PLAIN);
    announce(closed, 0, BLOCKS);
    closed.settle();
    expect(marksOf(closed, 1)).toEqual([]);
    expect(closed.neighbours[1]!.session!.receiver.table.size).toBe(0);
    closed.drain();
    expect(marksOf(closed, 1)).toEqual(["eor ipv4-unicast"]);
    expect(closed.neighbours[1]!.session!.receiver.table.size).toBe(BLOCKS.length);
  });

  it("is told no End-of-RIB before what waits at the opening of the gate is decided", () => {
    const closed = new World([client(0), client(1)], TINY_LIMITS, 1, {});
    closed.setGate(false);
    for (const neighbour of closed.neighbours) closed.up(neighbour, PLAIN);
    closed.settle();
    announce(closed, 0, BLOCKS);
    closed.setGate(true);
    const { receiver } = closed.neighbours[1]!.session!;
    while (!receiver.marks.includes("eor ipv4-unicast")) {
      closed.pump();
      closed.pull(closed.neighbours[1]!, Infinity);
      closed.deliver(closed.neighbours[1]!, Infinity);
    }
    expect(receiver.table.size).toBe(BLOCKS.length);
    closed.drain();
    expect(marksOf(closed, 1)).toEqual(["eor ipv4-unicast"]);
  });

  it("leaves in the middle of its feed without a trace", () => {
    const made = world(3);
    announce(made, 0, BLOCKS);
    made.drain();
    made.down(made.neighbours[1]!);
    made.up(made.neighbours[1]!, PLAIN);
    made.pump();
    expect(made.pull(made.neighbours[1]!, 2)).toBe(2);
    made.down(made.neighbours[1]!);
    made.drain();
    made.checkEmpty();
  });
});

describe("a member that asks again", () => {
  it("is told the table between BoRR and EoRR, and End-of-RIB not again", () => {
    const made = world(2);
    announce(made, 0, BLOCKS);
    made.drain();
    made.refresh(made.neighbours[1]!, IPV4_UNICAST);
    made.drain();
    expect(marksOf(made, 1)).toEqual(["eor ipv4-unicast", "borr ipv4-unicast", "eorr ipv4-unicast"]);
  });

  it("is told no marks where it does not know them", () => {
    const made = world(2, TINY_LIMITS, { ...PLAIN, enhancedRefresh: false });
    announce(made, 0, BLOCKS);
    made.refresh(made.neighbours[1]!, IPV4_UNICAST);
    made.drain();
    expect(marksOf(made, 1)).toEqual(["eor ipv4-unicast"]);
  });

  it("in the middle of its first feed gets End-of-RIB and, once more, the table between marks", () => {
    const made = world(2);
    announce(made, 0, BLOCKS);
    made.drain();
    made.down(made.neighbours[1]!);
    made.up(made.neighbours[1]!, PLAIN);
    made.pump();
    made.pull(made.neighbours[1]!, 2);
    made.refresh(made.neighbours[1]!, IPV4_UNICAST);
    withdraw(made, 0, BLOCKS.slice(0, 3));
    made.drain();
    const marks = marksOf(made, 1);
    expect([...marks].sort()).toEqual(["borr ipv4-unicast", "eor ipv4-unicast", "eorr ipv4-unicast"]);
    expect(marks.indexOf("borr ipv4-unicast")).toBeLessThan(marks.indexOf("eorr ipv4-unicast"));
  });

  it("however often it asks, owes no more than it can be told", () => {
    const made = world(2);
    announce(made, 0, BLOCKS);
    made.drain();
    for (let i = 0; i < 1000; i++) made.refresh(made.neighbours[1]!, IPV4_UNICAST);
    made.drain();
    expect(marksOf(made, 1).length).toBeLessThan(10);
  });

  it("while detached is told everything", () => {
    const made = world(2);
    for (let i = 0; i < 5; i++) {
      announce(made, 0, BLOCKS, { ...A, med: i });
      while (made.busy) made.pump();
    }
    expect(memberOf(made, 1).state).toBe("detached");
    made.refresh(made.neighbours[1]!, IPV4_UNICAST);
    withdraw(made, 0, BLOCKS.slice(0, 5));
    made.drain();
    expect(marksOf(made, 1)).toEqual(["eor ipv4-unicast", "borr ipv4-unicast", "eorr ipv4-unicast"]);
  });
});

describe("a member that is slow", () => {
  it("is detached, costs the others nothing, and is told only the newest state", () => {
    const made = world(3);
    for (let i = 0; i < 20; i++) {
      announce(made, 0, BLOCKS, { ...A, med: i });
      while (made.busy) made.pump();
      made.pull(made.neighbours[2]!, 100);
      made.deliver(made.neighbours[2]!, Infinity);
    }
    expect(memberOf(made, 1).state).toBe("detached");
    expect(memberOf(made, 2).state).toBe("live");
    expect(memberOf(made, 1).lagPrefixes()).toBe(BLOCKS.length);
    const before = made.neighbours[1]!.session!.receiver;
    let octets = 0;
    for (let taken = 1; taken > 0;) {
      taken = made.pull(made.neighbours[1]!, 1);
      octets += made.neighbours[1]!.session!.wire.reduce((sum, piece) => sum + piece.length, 0);
      made.deliver(made.neighbours[1]!, Infinity);
    }
    expect(octets).toBeLessThan(12 * 90);
    expect([...before.table.values()].every((route) => route["med"] === 19)).toBe(true);
    made.drain();
    expect(memberOf(made, 1).state).toBe("live");
    expect(memberOf(made, 1).detachments).toBe(1);
  });

  it("is not detached by one flush, however long", () => {
    const made = world(2, { ...TINY_LIMITS, prefixesPerSlice: 100 });
    BLOCKS.forEach((prefix, i) => announce(made, 0, [prefix], { ...A, med: i }));
    made.pump();
    expect(memberOf(made, 1).lagOctets).toBeGreaterThan(TINY_LIMITS.lagOctetsMax);
    expect(memberOf(made, 1).detachments).toBe(0);
  });

  it("that had everything is withdrawn nothing of freed slots when it comes back", () => {
    const made = world(2);
    announce(made, 0, ["0.0.0.0/0", ...BLOCKS]);
    made.drain();
    withdraw(made, 0, BLOCKS.slice(0, 4));
    made.drain();
    for (let i = 0; i < 5; i++) made.reap();
    expect(made.tables.ribs[0]!.limboCount).toBe(0);
    for (let i = 0; i < 3; i++) {
      announce(made, 0, BLOCKS.slice(5), { ...A, med: i });
      while (made.busy) made.pump();
    }
    expect(memberOf(made, 1).state).toBe("detached");
    made.drain();
    expect(made.neighbours[1]!.session!.receiver.table.has("ipv4-unicast 0.0.0.0/0")).toBe(true);
  });
});

describe("a member that is owed thousands of views", () => {
  it("touches one of them when it takes one", () => {
    const views = Array.from({ length: 1000 }, () => new Uint8Array(23));
    let touched = 0;
    const counted = new Proxy(views, {
      get: (target, key) => {
        if (typeof key === "string" && /^[0-9]+$/.test(key)) touched++;
        return Reflect.get(target, key) as unknown;
      },
    });
    const made = world(1);
    const member = new GroupMember(
      { peer: 9 as PeerId, name: "n9", routerId: 9, wake: () => undefined }, memberOf(made, 0).group, undefined,
      { now: counted, atEnd: [] });
    for (let taken = 1; taken <= 5; taken++) {
      expect(member.pull(true)).toBe(views[taken - 1]);
      expect(touched).toBe(taken);
    }
    expect(member.takeOutbox().now).toEqual(views.slice(5));
    member.leave();
  });
});

describe("a route that is kept back", () => {
  it("says nothing of the next one whose attributes take its number", () => {
    const made = world(2, REFLECTOR_LIMITS);
    announce(made, 0, [BLOCKS[0]!], { ...A, communities: [0xffffff02] });
    made.drain();
    const rib = made.tables.ribs[0]!;
    const kept = rib.attributesInOf(rib.firstOfPeer(made.neighbours[0]!.id));
    withdraw(made, 0, [BLOCKS[0]!]);
    made.drain();
    rib.freeOrphans(1);
    announce(made, 0, [BLOCKS[1]!]);
    expect(rib.attributesInOf(rib.firstOfPeer(made.neighbours[0]!.id))).toBe(kept);
    made.drain();
    expect(made.neighbours[1]!.session!.receiver.table.size).toBe(1);
  });
});

describe("path identifiers", () => {
  const ADD_PATH: Capabilities = { ...PLAIN, addPathReceive: true, addPathSend: true };

  it("stay those of their paths while these change, come and go", () => {
    const made = world(3, REFLECTOR_LIMITS, ADD_PATH);
    announce(made, 0, ["10.1.0.0/26"], A, 1);
    announce(made, 0, ["10.1.0.0/26"], A, 2);
    announce(made, 1, ["10.1.0.0/26"], { ...A, localPref: 200 }, 1);
    made.drain();
    const { table } = made.neighbours[2]!.session!.receiver;
    const ids = [...table.keys()].sort();
    expect(ids).toHaveLength(3);
    announce(made, 0, ["10.1.0.0/26"], { ...A, med: 3 }, 1);
    made.drain();
    expect([...table.keys()].sort()).toEqual(ids);
    made.update(made.neighbours[0]!, IPV4_UNICAST,
      { announced: [], withdrawn: ["10.1.0.0/26"], receivedId: 2, attributes: A });
    made.pump();
    announce(made, 0, ["10.1.0.0/26"], A, 2);
    made.drain();
    expect([...table.keys()].sort()).toEqual(ids);
  });

  it("are the same for groups that differ", () => {
    const made = world(2, REFLECTOR_LIMITS, ADD_PATH);
    const other = client(7, { kind: "nonClient" });
    const all = new World([client(0), client(1), other], REFLECTOR_LIMITS, 1, {});
    for (const neighbour of all.neighbours) all.up(neighbour, ADD_PATH);
    announce(all, 0, BLOCKS, A, 3);
    all.drain();
    const keys = (i: number): string[] => [...all.neighbours[i]!.session!.receiver.table.keys()].sort();
    expect(keys(1)).toEqual(keys(2));
    expect(keys(1)).toHaveLength(BLOCKS.length);
    made.checkEmpty();
  });
});

describe("two families of one session", () => {
  it("each have their End-of-RIB", () => {
    const made = world(2, TINY_LIMITS, { ...PLAIN, families: ["ipv4-unicast", "ipv6-unicast"] });
    announce(made, 0, BLOCKS);
    made.update(made.neighbours[0]!, IPV6_UNICAST,
      { announced: ["2001:db8::/64"], withdrawn: [], receivedId: 0, attributes: { ...A, nextHop: "2001:db8::1" } });
    made.drain();
    expect([...marksOf(made, 1)].sort()).toEqual(["eor ipv4-unicast", "eor ipv6-unicast"]);
  });
});

describe("many members that are to be woken", () => {
  const limits: ReflectorLimits = { ...REFLECTOR_LIMITS, wakesPerLook: 1 };

  it("are woken one in each slice where its time is gone before", () => {
    const made = world(4, limits);
    announce(made, 0, BLOCKS);
    const sessions = made.neighbours.map(({ session }) => session!);
    const woken = Array.from({ length: 6 }, () => {
      for (const session of sessions) session.woken = false;
      for (const reflector of made.reflectors) reflector.pump(1, false, () => 1);
      return sessions.filter((session) => session.woken).length;
    });
    expect(woken).toEqual([1, 1, 1, 1, 0, 0]);
  });

  it("are woken though those come first in every slice who had their share of a feed", () => {
    const made = world(4, limits);
    const [reflector] = made.reflectors;
    announce(made, 0, BLOCKS);
    const sessions = made.neighbours.map(({ session }) => session!);
    const woken = new Set<number>();
    for (let slice = 0; slice < 4; slice++) {
      reflector!.wakeLater(memberOf(made, 1));
      for (const session of sessions) session.woken = false;
      reflector!.pump(1, false, () => 1);
      sessions.forEach((session, i) => { if (session.woken) woken.add(i); });
    }
    expect(woken.size).toBe(4);
  });
});

describe("members of a group with much to decide", () => {
  /** In which of so many slices a member is woken that nine prefixes of so many paths have to be told to. */
  function wokenIn(slices: number, bounds: Partial<ReflectorLimits>, paths = 1): number[] {
    const limits = { ...TINY_LIMITS, octetsPerSlice: 100_000, prefixesPerSlice: 2, ...bounds };
    const made = world(2, limits, { ...PLAIN, addPathSend: true });
    for (let id = 0; id < paths; id++) announce(made, 0, BLOCKS.slice(0, 9), A, id);
    const session = made.neighbours[1]!.session!;
    const woken: number[] = [];
    for (let slice = 1; slice <= slices; slice++) {
      session.woken = false;
      made.pump();
      if (session.woken) woken.push(slice);
    }
    made.drain();
    return woken;
  }

  it("are woken when enough was decided, or nothing is left", () => {
    const bounds = { prefixesPerWake: 6, octetsPerWake: Infinity, prefixesOfStream: Infinity };
    expect(wokenIn(6, bounds)).toEqual([3, 5]);
  });

  it("are woken no later where each prefix takes as long as several", () => {
    const bounds = { prefixesPerWake: 6, octetsPerWake: Infinity, prefixesOfStream: Infinity };
    expect(wokenIn(10, bounds, 16)).toEqual([2, 4, 6, 8, 9]);
  });

  it("are woken when there is as much to send as a write takes", () => {
    const bounds = { prefixesPerWake: Infinity, octetsPerWake: 1, prefixesOfStream: Infinity };
    expect(wokenIn(6, bounds)).toEqual([1, 2, 3, 4, 5]);
  });

  it("wait for two slices when as much came as of a stream", () => {
    const bounds = { prefixesPerSlice: 9, prefixesPerWake: 10, octetsPerWake: Infinity, prefixesOfStream: 9 };
    expect(wokenIn(6, bounds)).toEqual([3]);
    expect(wokenIn(6, { ...bounds, prefixesOfStream: 10 })).toEqual([1]);
  });
});
