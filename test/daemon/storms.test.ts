/** Sessions that fall and come back in the middle of everything: no route is lost, none stays, every id comes back. */

import { afterEach, describe, expect, it } from "vitest";
import { seededRandom } from "../sim/virtual-clock.ts";
import { World } from "./world.ts";
import type { Router } from "./world.ts";

let world: World;
afterEach(async () => world.stop());

/** Prefixes 10.B.C.0/24, distinct for distinct numbers below 65,536. */
const prefix = (n: number): string => `10.${n >> 8}.${n & 255}.0/24`;
const many = (from: number, count: number): string[] => Array.from({ length: count }, (_, i) => prefix(from + i));

/** Announces in messages that fit. */
function announce(router: Router, prefixes: readonly string[], med: number): void {
  for (let i = 0; i < prefixes.length; i += 800) router.announce(prefixes.slice(i, i + 800), { med });
}

function expectNothingLeft(): void {
  for (const metric of ["reflectd_prefixes", "reflectd_paths", "reflectd_attribute_sets"]) {
    expect(world.metric(metric, {}), metric).toBe(0);
  }
}

const client = (n: number, more: object = {}): object =>
  ({ address: `192.0.2.${n}`, name: `c${n}`, routeReflectorClient: true, addPath: "off", ...more });

describe("a large table whose session falls", () => {
  it("is withdrawn in slices, and what the session says again meanwhile is neither lost nor withdrawn", async () => {
    world = await World.with({ neighbors: [client(11), client(12), client(13)] });
    const big = world.router("192.0.2.11");
    const witness = world.router("192.0.2.12");
    world.run(5);
    const all = many(0, 50_000); // more than one slice of dropping
    announce(big, all, 1);
    world.run(5);
    expect(witness.table.size).toBe(50_000);
    let slices = 0;
    big.cut();
    world.clock.run(20, () => {
      if (world.metric("reflectd_paths", { family: "ipv4-unicast" })! > 0 && !world.view("c11").state.startsWith("E")) {
        slices++;
      }
      return false;
    });
    expect(slices).toBeGreaterThan(0);
    world.run(3);
    expect(big.ups).toBe(2);
    announce(big, all.slice(0, 30_000), 2);
    world.run(5);
    expect(witness.table.size).toBe(30_000);
    expect([...witness.table.values()].every(({ med }) => med === 2)).toBe(true);
    expect(witness.ups).toBe(1);
    big.session.stop();
    world.run(10);
    expect(witness.table.size).toBe(0);
    expectNothingLeft();
  }, 60_000);

  it.each([true, false])("that is back while it is still dropped has one table (same router: %s)", async (same) => {
    world = await World.with({ neighbors: [client(11, { idleHoldSeconds: [1, 1] }), client(12)] });
    const witness = world.router("192.0.2.12");
    const before = world.router("192.0.2.11", { routerId: "10.0.0.1" });
    world.run(5);
    announce(before, many(0, 40_000), 1);
    world.run(3);
    expect(witness.table.size).toBe(40_000);
    world.turnMilliseconds = 10_000; // so that dropping is under way when the session is back
    before.cut();
    before.session.stop();
    const after = world.router("192.0.2.11", { routerId: same ? "10.0.0.1" : "10.0.0.2" });
    world.run(4);
    expect(after.isUp).toBe(true);
    expect(world.metric("reflectd_paths", { family: "ipv4-unicast" })).toBeGreaterThan(0);
    announce(after, many(20_000, 30_000), 2);
    world.run(20);
    world.turnMilliseconds = 0;
    world.run(20);
    expect(witness.table.size).toBe(30_000);
    const originator = same ? "10.0.0.1" : "10.0.0.2";
    expect([...witness.table.values()].every(({ originatorId, med }) => originatorId === originator && med === 2))
      .toBe(true);
    expect(world.tables.peers.size).toBe(3);
  }, 60_000);
});

describe("soft reconfiguration of a large table", () => {
  const importing = (...nets: string[]): object => ({ import: {
    default: "accept", rules: nets.map((cidr) => ({ action: "Reject", cidr, matchOperator: "In" })),
  } });

  it("that changes again while it is under way ends as the last one says, also for who came or fell meanwhile",
    async () => {
      world = await World.with({ neighbors: [client(11), client(12), client(13)] });
      const [big, falls, witness] = [11, 12, 13].map((n) => world.router(`192.0.2.${n}`)) as [Router, Router, Router];
      world.run(5);
      announce(big, many(0, 40_000), 1);
      announce(falls, many(60_000, 1000), 1);
      world.run(3);
      expect(witness.table.size).toBe(41_000);
      world.turnMilliseconds = 1000;
      const apply = (...nets: string[]): Promise<unknown> => world.reload({
        neighbors: [client(11, importing(...nets)), client(12, importing(...nets)), client(13)],
      });
      await apply("10.0.0.0/12");
      await apply("10.128.0.0/12", "10.234.0.0/16"); // rows of a later slice
      const both = ["10.128.0.0/12", "10.234.0.0/16"];
      for (const other of ["172.16.0.0/12", "172.16.0.0/13", "172.16.0.0/14"]) {
        await world.reload({ neighbors: [
          client(11, importing(...both)), client(12, importing(...both)), client(13, importing(other)),
        ] });
      }
      falls.cut();
      big.announce(many(50_000, 10), { med: 2 });
      big.withdraw(many(39_990, 10));
      world.run(20);
      falls.announce(many(60_000, 10), { med: 3 }); // 10.234.96.0/24 and on: rejected now
      falls.announce(many(61_000, 10), { med: 3 }); // 10.238: accepted
      world.run(30);
      world.turnMilliseconds = 0;
      world.run(5);
      const rejected = (n: number): boolean => n >> 8 >= 128 && n >> 8 < 144;
      const wanted = [...Array(39_990).keys()].filter((n) => !rejected(n)).map(prefix);
      expect(witness.prefixes).toEqual([...wanted, ...many(50_000, 10), ...many(61_000, 10)].sort());
      expect(world.view("c11").prefixes["ipv4-unicast"]).toMatchObject({ received: 40_000, accepted: 40_000 - 4096 });
      expect([big.ups, witness.ups]).toEqual([1, 1]);
    }, 60_000);
});

describe("storms", () => {
  it("of cuts, resets and changes leave exactly what everybody says at the end, also with ADD-PATH", async () => {
    for (const seed of [1, 2, 3, 4, 5, 6]) await storm(seed);
  }, 120_000);
});

async function storm(seed: number): Promise<void> {
  const random = seededRandom(seed);
  const below = (n: number): number => Math.floor(random() * n);
  const addPath = seed % 2 === 0;
  const numbers = [11, 12, 13, 14];
  const neighbors = numbers.map((n) =>
    client(n, { addPath: addPath ? "both" : "off", idleHoldSeconds: [1, 1], connectRetrySeconds: 1 }));
  world = await World.with({ neighbors });
  const routers = numbers.map((n) => world.router(`192.0.2.${n}`, { addPath }));
  const said = routers.map(() => new Map<string, number>());
  const say = (i: number): void => {
    const chosen = many(below(40), 1 + below(20));
    const med = below(3);
    routers[i]!.announce(chosen, { med });
    for (const one of chosen) said[i]!.set(one, med);
  };
  const unsay = (i: number): void => {
    const chosen = [...said[i]!.keys()].filter(() => random() < 0.4);
    if (chosen.length === 0) return;
    routers[i]!.withdraw(chosen);
    for (const one of chosen) said[i]!.delete(one);
  };
  let fallen = 0;
  for (let round = 0; round < 120; round++) {
    const i = below(routers.length);
    const router = routers[i]!;
    if (!router.isUp) said[i]!.clear();
    const kind = below(10);
    if (kind < 5 && router.isUp) say(i);
    else if (kind < 7 && router.isUp) unsay(i);
    else if (kind === 7) router.cut();
    else if (kind === 8) world.api.reset(`c${numbers[i]!}`, ([undefined, "in", "out"] as const)[below(3)]);
    else if (router.isUp) router.refresh();
    world.turnMilliseconds = below(4) === 0 ? below(300) : 0;
    const ups = routers.map((one) => one.ups);
    world.clock.run(below(400));
    for (const [k, one] of routers.entries()) {
      if (one.isUp && one.ups === ups[k]) continue;
      said[k]!.clear();
      fallen++;
    }
  }
  world.turnMilliseconds = 0;
  world.run(30);
  // What a session that fell had said is gone; everybody says what they mean once more.
  for (const [i, router] of routers.entries()) {
    expect(router.isUp, `seed ${seed}`).toBe(true);
    router.withdraw(many(0, 60));
    said[i]!.clear();
    say(i);
    say(i);
  }
  world.run(10);
  expect(fallen, `seed ${seed}: sessions fell`).toBeGreaterThan(5);
  for (const [i, router] of routers.entries()) {
    expect(tableOf(router), `seed ${seed} c${numbers[i]!}`).toEqual(expected(said, i, addPath));
    expect(router.heard.filter((item) => item.startsWith("never")), `seed ${seed}`).toEqual([]);
  }
  for (const router of routers) router.session.stop();
  world.run(20);
  expectNothingLeft();
  await world.stop();
}

function tableOf(router: Router): string[] {
  return [...router.table].map(([key, { med, originatorId }]) => `${key.split(" ")[0]!} ${med} ${originatorId}`).sort();
}

/** By the decision: lowest MED within one neighbouring AS, then the lower Identifier. */
function expected(said: readonly ReadonlyMap<string, number>[], me: number, addPath: boolean): string[] {
  const found: string[] = [];
  for (const one of new Set(said.flatMap((map) => [...map.keys()]))) {
    const ranked = said.flatMap((map, i) => (map.has(one) ? [{ i, med: map.get(one)! }] : []))
      .sort((a, b) => a.med - b.med || a.i - b.i);
    for (const { i, med } of addPath ? ranked : ranked.slice(0, 1)) {
      if (i !== me) found.push(`${one} ${med} 192.0.2.${11 + i}`);
    }
  }
  return found.sort();
}
