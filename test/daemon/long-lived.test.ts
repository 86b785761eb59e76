/** Long-lived graceful restart (RFC 9494): what outlives its Restart Time, who hears of it, and when it ends. */

import { afterEach, describe, expect, it } from "vitest";
import { World } from "./world.ts";
import type { Router } from "./world.ts";

const STALE = "65535:6";
const NO_LLGR = "65535:7";
const NO_EXPORT = "65535:65281";
const neighbor = (n: number, more: object = {}): object => ({
  address: `192.0.2.${n}`, name: `c${n}`, routeReflectorClient: true, addPath: "off",
  gracefulRestart: { restartTimeSeconds: 120, longLivedSeconds: 3600 }, ...more,
});
const NEIGHBORS = [11, 12, 13, 14].map((n) => neighbor(n));

let world: World;
let one: Router;
let other: Router;
/** Speaks long-lived graceful restart; the bystander does not. */
let witness: Router;
let bystander: Router;
afterEach(async () => world.stop());

async function begin(neighbors: readonly object[] = NEIGHBORS): Promise<void> {
  world = await World.with({ neighbors });
  const graceful = { restartTimeSeconds: 10, longLivedSeconds: 100 };
  one = world.router("192.0.2.11", { graceful });
  other = world.router("192.0.2.12", { graceful });
  witness = world.router("192.0.2.13", { graceful });
  bystander = world.router("192.0.2.14", { graceful: {} });
  world.run(5);
  one.announce(["10.0.1.0/24", "10.0.2.0/24"], { localPref: 200, communities: ["64512:1"] });
  one.announce(["10.0.3.0/24"], { communities: [NO_LLGR] });
  one.endOfRib();
  other.announce(["10.0.2.0/24"], { localPref: 50 });
  other.endOfRib();
  world.run(2);
  for (const router of [witness, bystander]) {
    expect(router.prefixes).toEqual(["10.0.1.0/24", "10.0.2.0/24", "10.0.3.0/24"]);
    expect(router.table.get("10.0.2.0/24")!.localPref).toBe(200);
  }
}

function crash(router: Router, seconds: number): void {
  router.cut();
  router.session.stop({ quietly: true });
  world.run(seconds);
}

describe("after the Restart Time", () => {
  it("routes are told with LLGR_STALE to who speaks it, withdrawn from the others, and lose against any other",
    async () => {
      await begin();
      crash(one, 9);
      expect([witness.prefixes.length, bystander.prefixes.length]).toEqual([3, 3]);
      world.run(3);
      expect(witness.prefixes).toEqual(["10.0.1.0/24", "10.0.2.0/24"]);
      expect(witness.table.get("10.0.1.0/24")).toMatchObject({ localPref: 200, communities: ["64512:1", STALE] });
      expect(witness.table.get("10.0.2.0/24")).toMatchObject({ localPref: 50 });
      expect(bystander.prefixes).toEqual(["10.0.2.0/24"]);
      expect(bystander.table.get("10.0.2.0/24")).toMatchObject({ localPref: 50 });
      const explained = world.api.explain("10.0.1.0/24", "c14");
      expect("refused" in explained ? explained : explained.peers)
        .toMatchObject([{ sent: false, source: "RFC 9494 §4.3" }]);
    });

  it("who does not speak it is told all the same where that is wanted, as a last resort (RFC 9494 §4.6)", async () => {
    const partial = [...NEIGHBORS.slice(0, 3), neighbor(14, { advertiseToNonLlgrNeighbor: true })];
    await begin(partial);
    crash(one, 15);
    expect(witness.table.get("10.0.1.0/24")).toMatchObject({ localPref: 200, communities: ["64512:1", STALE] });
    expect(bystander.prefixes).toEqual(["10.0.1.0/24", "10.0.2.0/24"]);
    expect(bystander.table.get("10.0.1.0/24"))
      .toMatchObject({ localPref: 0, communities: ["64512:1", STALE, NO_EXPORT] });
    expect(bystander.table.get("10.0.2.0/24")).toMatchObject({ localPref: 50 });
    await world.reload({ neighbors: NEIGHBORS });
    expect([bystander.prefixes, bystander.ups]).toEqual([["10.0.2.0/24"], 1]);
    await world.reload({ neighbors: partial });
    expect([bystander.prefixes, bystander.ups]).toEqual([["10.0.1.0/24", "10.0.2.0/24"], 1]);
  });

  it("they go with the Long-Lived Stale Time", async () => {
    await begin();
    crash(one, 105);
    expect(witness.prefixes).toEqual(["10.0.1.0/24", "10.0.2.0/24"]);
    world.run(10);
    expect(witness.prefixes).toEqual(["10.0.2.0/24"]);
    expect(world.routes().map(({ prefix }) => prefix)).toEqual(["10.0.2.0/24"]);
  });

  it("a neighbour that is back makes them ordinary again; what it does not say goes with its End-of-RIB", async () => {
    await begin();
    crash(one, 15);
    one.session.start();
    world.run(5);
    expect([one.isUp, witness.table.get("10.0.1.0/24")!.communities]).toEqual([true, ["64512:1", STALE]]);
    one.announce(["10.0.2.0/24"], { localPref: 200, communities: ["64512:1"] });
    world.run(1);
    for (const router of [witness, bystander]) {
      expect(router.table.get("10.0.2.0/24")).toMatchObject({ localPref: 200, communities: ["64512:1"] });
    }
    one.endOfRib();
    world.run(1);
    expect([witness.prefixes, bystander.prefixes]).toEqual([["10.0.2.0/24"], ["10.0.2.0/24"]]);
  });

  it("soft reconfiguration of the neighbour that is back leaves what is still marked marked", async () => {
    await begin();
    crash(one, 15);
    one.session.start();
    world.run(5);
    expect(world.api.reset("c11", "in")).toEqual({ reset: ["c11"] });
    world.run(2);
    expect(witness.table.get("10.0.1.0/24")!.communities).toEqual(["64512:1", STALE]);
    expect(bystander.prefixes).toEqual(["10.0.2.0/24"]);
  });
});

it("a reload judges what is long-lived stale, too, and leaves it marked", async () => {
  await begin();
  crash(one, 15);
  const rules = [{ action: "Accept", cidr: "10.0.1.0/24", matchOperator: "Equal",
    operations: [{ addCommunity: { value: "64512:9" } }] }, { action: "Reject" }];
  const reload = (more: object): Promise<unknown> =>
    world.reload({ neighbors: [neighbor(11, more), ...NEIGHBORS.slice(1)] });
  for (const router of [witness, bystander]) router.news();
  expect(await reload({ import: { rules } })).toMatchObject({ refreshed: ["c11"] });
  expect(witness.table.get("10.0.1.0/24")!.communities).toEqual(["64512:1", "64512:9", STALE]);
  expect([witness.news(), bystander.news()]).toEqual([["+10.0.1.0/24"], []]);
  await reload({});
  expect(witness.table.get("10.0.1.0/24")!.communities).toEqual(["64512:1", STALE]);
  crash(other, 0.5);
  other.session.start();
  world.run(10);
  expect(witness.prefixes).toEqual(["10.0.1.0/24", "10.0.2.0/24"]);
});

it("where no neighbour is offered it, LLGR_STALE is passed on to everyone, and stops when one is", async () => {
  const plain = [11, 12, 13, 14].map((n) => neighbor(n, { gracefulRestart: {} }));
  await begin(plain);
  one.announce(["10.0.4.0/24"], { communities: [STALE] });
  world.run(1);
  expect(bystander.prefixes).toContain("10.0.4.0/24");
  await world.reload({ neighbors: [...plain, neighbor(15)] });
  expect([bystander.prefixes.includes("10.0.4.0/24"), bystander.ups]).toEqual([false, 1]);
});

it("nothing is left of it: attribute sets, paths and peers", async () => {
  await begin();
  crash(one, 15);
  crash(other, 130);
  expect([witness.prefixes, world.routes()]).toEqual([[], []]);
  world.run(10);
  expect(world.metric("reflectd_attribute_sets")).toBe(0);
  expect(world.metric("reflectd_paths", { family: "ipv4-unicast" })).toBe(0);
});
