/** Best paths as routes of a kernel, and a kernel as what next hops are reached by. */

import { afterEach, describe, expect, it } from "vitest";
import type { Family } from "../../src/messages/families.ts";
import { route } from "../support/kernel/build.ts";
import { KernelWorld, LINKS } from "./kernel-world.ts";
import { World } from "./world.ts";
import type { Router } from "./world.ts";

const NEIGHBORS = [
  { address: "192.0.2.11", name: "c1", routeReflectorClient: true },
  { address: "192.0.2.12", name: "c2", routeReflectorClient: true },
];
let world: KernelWorld | undefined;
afterEach(async () => {
  await world?.stop();
  world = undefined;
});

/** A world whose two clients are up. */
async function started(
  kernel: object = {}, prepare?: (world: KernelWorld) => void, families: readonly Family[] = ["ipv4-unicast"],
): Promise<{ world: KernelWorld; one: Router; two: Router }> {
  world = await KernelWorld.of({ neighbors: NEIGHBORS }, { ...kernel }, prepare);
  const [one, two] = [world.router("192.0.2.11", { families }), world.router("192.0.2.12", { families })];
  await world.pass(5);
  return { world, one, two };
}

describe("best paths", () => {
  it("are programmed by what their next hops resolve to, and follow them", async () => {
    const { world, one } = await started();
    one.announce(["10.1.0.0/26"], { nextHop: "10.9.0.2" });
    one.announce(["10.1.0.64/26"], { nextHop: "10.8.0.2" });
    await world.pass(1);
    expect(world.programmed).toEqual([
      "10.1.0.0/26 via 10.9.0.2 dev va proto 12", "10.1.0.64/26 via 10.8.0.2 dev vb proto 12"]);
    one.announce(["10.1.0.0/26"], { nextHop: "10.8.0.2" });
    one.withdraw(["10.1.0.64/26"]);
    await world.pass(1);
    expect(world.programmed).toEqual(["10.1.0.0/26 via 10.8.0.2 dev vb proto 12"]);
    expect(world.api.kernel()).toMatchObject({ enabled: true, why: null, table: 254, protocol: 12, repaired: 0,
      routes: { wanted: 1, installed: 1, pending: 0, failed: 0, stale: 0 }, failures: [], leftOut: [] });
  });

  it("whose next hop nobody reaches lead nowhere, and say why, until there is a way", async () => {
    const { world, one, two } = await started();
    one.announce(["10.1.0.0/26"], { nextHop: "10.77.0.5" });
    await world.pass(1);
    const nowhere = ["unreachable 10.1.0.0/26 proto 12"];
    expect([world.programmed, two.prefixes]).toEqual([nowhere, ["10.1.0.0/26"]]);
    expect(world.api.kernel().leftOut)
      .toEqual([{ reason: "next hop 10.77.0.5: no route to it, written as unreachable", count: 1 }]);
    const way = route("10.77.0.0/16", { via: "10.9.0.7", dev: LINKS.va }, { protocol: 3 });
    world.foreign("add", way);
    await world.pass(1);
    expect(world.programmed).toEqual(["10.1.0.0/26 via 10.9.0.7 dev va proto 12"]);
    world.foreign("remove", way);
    await world.pass(1);
    expect(world.programmed).toEqual(nowhere);
    one.withdraw(["10.1.0.0/26"]);
    await world.pass(1);
    expect([world.programmed, world.api.kernel().leftOut]).toEqual([[], []]);
  });

  it("whose next hop nobody reaches are left out where that is wanted", async () => {
    const { world, one } = await started({ unresolved: "none" });
    one.announce(["10.1.0.0/26"], { nextHop: "10.77.0.5" });
    await world.pass(1);
    expect(world.programmed).toEqual([]);
    expect(world.api.kernel().leftOut).toEqual([{ reason: "next hop 10.77.0.5: no route to it", count: 1 }]);
  });

  it("name the source address that the host sends from", async () => {
    const { world, one } = await started({ preferredSource: ["10.9.0.1", "2001:db8::1"] });
    one.announce(["10.1.0.0/26"], { nextHop: "10.9.0.2" });
    await world.pass(1);
    expect(world.programmed).toEqual(["10.1.0.0/26 via 10.9.0.2 dev va proto 12 src 10.9.0.1"]);
  });

  it("to addresses of links are nobody's route, and told on", async () => {
    const { world, one, two } = await started();
    const told = ["169.254.0.0/16", "169.254.1.1/32"];
    one.announce(told, { nextHop: "10.9.0.2" });
    one.announce(["0.0.0.0/0", "0.0.0.0/1", "128.0.0.0/1", "169.253.0.0/16"], { nextHop: "10.9.0.2" });
    await world.pass(1);
    expect(world.programmed.map((text) => text.split(" ")[0])).toEqual(
      ["0.0.0.0/0", "0.0.0.0/1", "128.0.0.0/1", "169.253.0.0/16"]);
    expect(two.prefixes).toEqual(expect.arrayContaining(told));
    expect(world.api.kernel().leftOut).toEqual([
      { reason: "a prefix of links", count: told.length }]);
  });

  it("give way to those that can be reached", async () => {
    const { world, one, two } = await started();
    one.announce(["10.1.0.0/26"], { nextHop: "10.77.0.5", localPref: 900 });
    two.announce(["10.1.0.0/26"], { nextHop: "10.9.0.2", localPref: 100 });
    await world.pass(1);
    expect(world.programmed).toEqual(["10.1.0.0/26 via 10.9.0.2 dev va proto 12"]);
    world.foreign("add", route("10.77.0.0/16", { via: "10.9.0.7", dev: LINKS.va }, { protocol: 3 }));
    await world.pass(1);
    expect(world.programmed).toEqual(["10.1.0.0/26 via 10.9.0.7 dev va proto 12"]);
  });

  it("are several ways where they tie and that is wanted", async () => {
    const { world, one, two } = await started({ ecmp: true, metric: 7 });
    one.announce(["10.1.0.0/26"], { nextHop: "10.9.0.2" });
    two.announce(["10.1.0.0/26"], { nextHop: "10.8.0.2" });
    await world.pass(1);
    expect(world.programmed).toEqual(
      ["10.1.0.0/26 proto 12 metric 7 nexthop via 10.9.0.2 dev va weight 1 nexthop via 10.8.0.2 dev vb weight 1"]);
  });

  it("of our own are nobody's route", async () => {
    world = await KernelWorld.of({ neighbors: [], originate: [{ prefix: "10.5.0.0/24" }] });
    expect([world.programmed, world.api.kernel().leftOut]).toEqual([[], []]);
  });
});

describe("a foreign hand", () => {
  it("that changes or removes our routes is undone and counted; other owners' routes stay", async () => {
    const { world, one } = await started();
    one.announce(["10.1.0.0/26", "10.1.0.64/26"], { nextHop: "10.9.0.2" });
    await world.pass(1);
    const before = world.programmed;
    const felix = route("10.3.0.0/24", { dev: LINKS.va }, { protocol: 80 });
    world.foreign("add", felix);
    world.foreign("remove", route("10.1.0.0/26", { via: "10.9.0.2", dev: LINKS.va }));
    world.foreign("replace", route("10.1.0.64/26", { via: "10.9.0.9", dev: LINKS.va }));
    world.foreign("add", route("10.66.0.0/24", { via: "10.9.0.9", dev: LINKS.va }));
    await world.pass(5);
    expect(world.programmed).toEqual(before);
    expect(world.routesOf(80)).toEqual(["10.3.0.0/24 dev va proto 80"]);
    expect(world.api.kernel().repaired).toBe(3);
  });

  it.each([
    ["append", "10.1.0.0/26", "10.9.0.2"], ["prepend", "10.1.0.0/26", "10.9.0.2"],
    ["append", "2001:db8:a::/48", "2001:db8:9::2"],
  ] as const)("that puts another beside ours by %s %s has it for a moment", async (where, prefix, gateway) => {
    const { world, one } = await started({}, undefined, ["ipv4-unicast", "ipv6-unicast"]);
    one.announce([prefix], { nextHop: gateway });
    await world.pass(1);
    const before = world.programmed;
    const types = prefix.includes(":") ? ["blackhole"] as const : ["blackhole", "unicast"] as const;
    for (const type of types) {
      const twin = type === "unicast" ? route(prefix, { via: "10.9.0.9", dev: LINKS.va }) : route(prefix, [], { type });
      expect(world.memory.tables.putBeside(where, twin)).toBe(0);
      expect(world.programmed.length).toBe(2);
      await world.pass(1);
      expect(world.programmed).toEqual(before);
    }
    expect(world.api.kernel()).toMatchObject({ repaired: types.length, failures: [], errors: {} });
  });

  it("of another owner that puts one beside ours leaves ours where it is", async () => {
    const { world, one } = await started();
    one.announce(["10.1.0.0/26"], { nextHop: "10.9.0.2" });
    await world.pass(1);
    const before = world.programmed;
    const theirs = route("10.1.0.0/26", { via: "10.9.0.9", dev: LINKS.va }, { protocol: 4 });
    world.memory.tables.putBeside("append", theirs);
    await world.pass(2);
    expect(world.programmed).toEqual(before);
    expect(world.api.kernel()).toMatchObject({ repaired: 0, failures: [], errors: {}, routes: { installed: 1 } });
  });

  it("that nobody heard is found by the next scan", async () => {
    const { world, one } = await started({ scanSeconds: 5 });
    one.announce(["10.1.0.0/26"], { nextHop: "10.9.0.2" });
    await world.pass(1);
    const before = world.programmed;
    world.memory.setDeaf(true);
    world.foreign("remove", route("10.1.0.0/26", { via: "10.9.0.2", dev: LINKS.va }));
    await world.pass(1);
    expect(world.programmed).toEqual([]);
    await world.pass(6);
    expect([world.programmed, world.api.kernel().repaired]).toEqual([before, 1]);
  });

  it("that nobody heard while the kernel was read again is found by another reading", async () => {
    const { world, one } = await started({ scanSeconds: 60 });
    one.announce(["10.1.0.0/26"], { nextHop: "10.9.0.2" });
    const misses = (act: () => void): void => {
      world.memory.setDeaf(true);
      act();
      world.memory.setDeaf(false);
    };
    world.memory.holdsReadings = true;
    await world.pass(60);
    misses(() => undefined);
    await world.pass(1);
    world.memory.endReadings(); // it took a while: no other one is due before a pause
    world.memory.holdsReadings = true;
    await world.pass(1);
    misses(() => world.foreign("remove", route("10.1.0.0/26", { via: "10.9.0.2", dev: LINKS.va })));
    await world.pass(1);
    world.memory.endReadings();
    await world.pass(10);
    expect(world.programmed).toEqual(["10.1.0.0/26 via 10.9.0.2 dev va proto 12"]);
  });

  it("is looked for while best paths are programmed, and what was changed meanwhile is no such hand", async () => {
    const { world, one } = await started({ scanSeconds: 5 });
    one.announce(["10.1.0.0/26", "10.1.0.64/26", "10.1.0.128/26"], { nextHop: "10.9.0.2" });
    await world.pass(1);
    world.memory.holdsReadings = true;
    await world.pass(6);
    one.announce(["10.1.1.0/26"], { nextHop: "10.9.0.2" });
    one.announce(["10.1.0.64/26"], { nextHop: "10.8.0.2" });
    one.withdraw(["10.1.0.128/26"]);
    const expected = ["10.1.0.0/26 via 10.9.0.2 dev va proto 12", "10.1.0.64/26 via 10.8.0.2 dev vb proto 12",
      "10.1.1.0/26 via 10.9.0.2 dev va proto 12"];
    await world.pass(1);
    expect(world.programmed).toEqual(expected);
    world.memory.endReadings();
    await world.pass(1);
    expect(world.programmed).toEqual(expected);
    expect(world.api.kernel()).toMatchObject({ repaired: 0,
      routes: { wanted: 3, installed: 3, pending: 0, failed: 0, stale: 0 } });
  });

  it("that takes the place of a route of ours has it until it lets go", async () => {
    const { world, one } = await started();
    one.announce(["10.1.0.0/26"], { nextHop: "10.9.0.2" });
    await world.pass(1);
    const theirs = route("10.1.0.0/26", { via: "10.9.0.9", dev: LINKS.va }, { protocol: 4 });
    world.foreign("replace", theirs);
    await world.pass(1);
    expect(world.programmed).toEqual([]);
    expect(world.api.kernel().failures).toMatchObject([{ change: "add", errno: "EEXIST", count: 1 }]);
    world.foreign("remove", theirs);
    await world.pass(3);
    expect(world.programmed).toEqual(["10.1.0.0/26 via 10.9.0.2 dev va proto 12"]);
  });

  it("that had its place for a while, while the kernel was read, is not taken for one that has it", async () => {
    const { world, one } = await started({ scanSeconds: 5 });
    one.announce(["10.1.0.0/26"], { nextHop: "10.9.0.2" });
    await world.pass(1);
    world.memory.holdsReadings = true;
    await world.pass(5);
    const theirs = route("10.1.0.0/26", { via: "10.9.0.9", dev: LINKS.va }, { protocol: 4 });
    world.foreign("replace", theirs);
    await world.pass(1);
    world.foreign("remove", theirs);
    await world.pass(3);
    expect(world.api.kernel().routes).toMatchObject({ installed: 1, failed: 0 });
    world.memory.endReadings();
    await world.pass(1);
    expect(world.api.kernel()).toMatchObject({ routes: { installed: 1, failed: 0 }, failures: [] });
  });

  it("that puts a better metric beside ours leaves it unused, and is named as long as it does", async () => {
    const { world, one } = await started({ metric: 7 });
    one.announce(["10.1.0.0/26", "10.1.0.64/26", "10.1.0.128/26"], { nextHop: "10.9.0.2" });
    await world.pass(1);
    const before = world.programmed;
    const theirs = ["10.1.0.0/26", "10.1.0.64/26"].map((prefix, at) =>
      route(prefix, { via: "10.9.0.9", dev: LINKS.va }, { protocol: 4, metric: at === 0 ? 5 : 9 }));
    for (const one of theirs) world.foreign("add", one);
    await world.pass(1);
    expect(world.programmed).toEqual(before);
    expect(world.api.kernel()).toMatchObject({ routes: { installed: 3 }, failures: [], repaired: 0,
      overruled: [{ protocol: 4, count: 1, example: "10.1.0.0/26 via 10.9.0.2 dev va proto 12 metric 7" }] });
    world.foreign("remove", theirs[0]!);
    await world.pass(1);
    expect(world.api.kernel().overruled).toEqual([]);
  });

  it("that holds a key of ours is not overwritten, and named", async () => {
    const theirs = route("10.1.0.0/26", { via: "10.9.0.9", dev: LINKS.va }, { protocol: 4 });
    const { world, one } = await started({}, (prepared) => prepared.foreign("add", theirs));
    one.announce(["10.1.0.0/26", "10.1.0.64/26"], { nextHop: "10.9.0.2" });
    await world.pass(1);
    expect(world.routesOf(4)).toEqual(["10.1.0.0/26 via 10.9.0.9 dev va proto 4"]);
    expect(world.api.kernel().failures).toEqual([{ change: "add", errno: "EEXIST", text: "File exists", count: 1,
      example: "10.1.0.0/26 via 10.9.0.2 dev va proto 12" }]);
    expect(world.metric("reflectd_kernel_routes", { state: "failed" })).toBe(1);
    expect(world.metric("reflectd_kernel_errors_total", { errno: "EEXIST" })).toBeGreaterThanOrEqual(1);
    world.foreign("remove", theirs);
    await world.pass(35);
    expect(world.programmed).toEqual([
      "10.1.0.0/26 via 10.9.0.2 dev va proto 12", "10.1.0.64/26 via 10.9.0.2 dev va proto 12"]);
    expect(world.api.kernel().failures).toEqual([]);
  });
});

describe("links", () => {
  it("that go down take routes with them, and bring them back", async () => {
    const { world, one } = await started();
    one.announce(["10.1.0.0/26"], { nextHop: "10.8.0.2" });
    one.announce(["10.1.0.64/26"], { nextHop: "10.9.0.2" });
    await world.pass(1);
    const before = world.programmed;
    world.setLink("vb", false);
    await world.pass(1);
    expect(world.programmed).toEqual(
      ["10.1.0.64/26 via 10.9.0.2 dev va proto 12", "unreachable 10.1.0.0/26 proto 12"]);
    world.setLink("vb", true);
    await world.pass(1);
    expect(world.programmed).toEqual(before);
    world.setLink("vb", false);
    world.setLink("vb", true); // at once: the next hop is as before, and Linux says nothing of the routes
    await world.pass(1);
    expect(world.programmed).toEqual(before);
  });
});

describe("a start", () => {
  const old = [route("10.1.0.0/26", { via: "10.9.0.2", dev: LINKS.va }),
    route("10.9.9.0/26", { via: "10.9.0.2", dev: LINKS.va })];
  it("keeps the routes of a run before until the neighbours had their say", async () => {
    world = await KernelWorld.of({ neighbors: NEIGHBORS }, {}, (prepared) => {
      for (const one of old) prepared.foreign("add", one);
    });
    const one = world.router("192.0.2.11");
    world.router("192.0.2.12");
    await world.pass(1);
    expect(world.programmed.length).toBe(2);
    one.announce(["10.1.0.0/26"], { nextHop: "10.9.0.2" });
    await world.pass(20);
    expect(world.programmed).toEqual(["10.1.0.0/26 via 10.9.0.2 dev va proto 12"]);
    expect(world.api.kernel().repaired).toBe(0);
  });

  it("removes them in the end, however much changes all the time", async () => {
    const { world, one } = await started({}, (prepared) => {
      for (const route of old) prepared.foreign("add", route);
    });
    for (let i = 0; i < 45; i++) {
      one.announce(["10.1.0.0/26"], { nextHop: `10.9.0.${i % 2 + 2}` });
      await world.pass(1);
    }
    expect(world.programmed.length).toBe(1);
  });

  it("beside a BIRD programs nothing, says why, and begins when that is gone", async () => {
    const { world, one } = await started({}, (prepared) => { prepared.occupant = "a BIRD answers on /run/bird.ctl"; });
    one.announce(["10.1.0.0/26"], { nextHop: "10.9.0.2" });
    await world.pass(1);
    expect([world.programmed, world.opened]).toEqual([[], 0]);
    expect(world.api.kernel().why).toBe("a BIRD answers on /run/bird.ctl");
    expect(world.events("kernel-occupied").length).toBe(1);
    world.occupant = undefined;
    await world.pass(12);
    expect([world.programmed.length, world.opened, world.api.kernel().why]).toEqual([1, 1, null]);
  });
});

describe("changes that are lost with the process that writes", () => {
  it("are made before what follows them, whenever the kernel can be read again", async () => {
    const { world, one } = await started();
    world.memory.lostCalls = 1;
    world.memory.unreadable = "it was ended by SIGKILL";
    one.announce(["10.1.0.5/32"], { nextHop: "10.9.0.2" });
    await world.pass(1);
    one.announce(["10.1.0.0/26"], { nextHop: "10.8.0.2" });
    await world.pass(5);
    expect(world.programmed).toEqual([]);
    world.memory.unreadable = undefined;
    await world.pass(2);
    expect(world.programmed).toEqual([
      "10.1.0.0/26 via 10.8.0.2 dev vb proto 12", "10.1.0.5/32 via 10.9.0.2 dev va proto 12"]);
  });

  it("are made also at the end, where ours are to be removed", async () => {
    const { world, one } = await started({ onStop: "remove" });
    one.announce(["10.1.0.0/26"], { nextHop: "10.9.0.2" });
    await world.pass(1);
    world.memory.lostCalls = 1;
    await world.stop();
    expect(world.programmed).toEqual([]);
  });
});

describe("a stop", () => {
  it.each([["keep", 1], ["remove", 0]] as const)("that is to %s our routes does so", async (onStop, count) => {
    const theirs = route("10.3.0.0/24", { dev: LINKS.va }, { protocol: 80 });
    const { world, one } = await started({ onStop }, (prepared) => prepared.foreign("add", theirs));
    one.announce(["10.1.0.0/26"], { nextHop: "10.9.0.2" });
    await world.pass(1);
    await world.stop();
    expect([world.programmed.length, world.routesOf(80).length]).toEqual([count, 1]);
  });

  it("after which we come back keeps them in any case", async () => {
    const { world, one } = await started({ onStop: "remove" });
    one.announce(["10.1.0.0/26"], { nextHop: "10.9.0.2" });
    await world.pass(1);
    const stopped = world.api.restart();
    await world.pass(1);
    await stopped;
    expect(world.programmed.length).toBe(1);
  });
});

it("is off unless it is asked for", async () => {
  const off = await World.with({ neighbors: [] });
  expect(off.api.kernel()).toMatchObject({ enabled: false, why: "kernel.enabled is false in the configuration" });
  expect(off.metric("reflectd_kernel_routes", { state: "wanted" })).toBeUndefined();
  await off.stop();
});
