/** What is told after a start while the kernel is still to be read, or has routes of somebody who was there before. */

import { afterEach, expect, it } from "vitest";
import { route } from "../support/kernel/build.ts";
import { KernelWorld, LINKS } from "./kernel-world.ts";
import type { Router } from "./world.ts";

const graceful = { gracefulRestart: { restartTimeSeconds: 120 }, routeReflectorClient: true };
const NEIGHBORS = [
  { address: "192.0.2.11", name: "c1", ...graceful },
  { address: "192.0.2.12", name: "c2", ...graceful },
];

let world: KernelWorld | undefined;
afterEach(async () => {
  await world?.stop();
  world = undefined;
});

/** A first start, with two neighbours up that keep routes over restarts and have not said End-of-RIB. */
async function started(prepare: (world: KernelWorld) => void = () => {}): Promise<[KernelWorld, Router, Router]> {
  world = await KernelWorld.of({ neighbors: NEIGHBORS }, {}, (made) => {
    made.state = { text: undefined };
    prepare(made);
  });
  const routers = ["192.0.2.11", "192.0.2.12"].map((address) => world!.router(address, { graceful: {} }));
  await world.pass(5);
  expect(routers.map((router) => router.isUp)).toEqual([true, true]);
  return [world, ...routers] as [KernelWorld, Router, Router];
}

const isOver = ({ heard }: Router): boolean => heard.includes("eor ipv4-unicast");
const predecessors = (made: KernelWorld): void =>
  made.foreign("add", route("10.1.0.0/26", { via: "10.9.0.2", dev: LINKS.va }, { protocol: 12 }));

it("a first start says End-of-RIB as soon as the kernel was read", async () => {
  const [world, one, two] = await started();
  expect([isOver(one), isOver(two)]).toEqual([true, true]);
  expect(world.events("restart-recovered")).toEqual([]);
});

it("a first start with routes of a predecessor is a restart: all who may know it are waited for", async () => {
  const [world, one, two] = await started(predecessors);
  one.announce(["10.1.0.0/26"], { nextHop: "10.9.0.2" });
  one.endOfRib();
  await world.pass(1);
  expect([isOver(one), isOver(two)]).toEqual([false, false]);
  expect(world.api.ready().waitingFor).toEqual(["End-of-RIB of 1 neighbours after a restart"]);
  two.endOfRib();
  await world.pass(1);
  expect([isOver(one), isOver(two), two.prefixes]).toEqual([true, true, ["10.1.0.0/26"]]);
  expect(world.events("restart-recovered")).toHaveLength(1);
});

it("but not for ever", async () => {
  const [world, one] = await started(predecessors);
  await world.pass(11);
  expect(isOver(one)).toBe(true);
  expect(world.events("restart-recovery-incomplete")).toMatchObject([{ missing: 2, names: "c1,c2" }]);
});

it("while the kernel cannot be read nothing is told, but not for ever", async () => {
  const [world, one] = await started((made) => { made.memory.unreadable = "no such luck"; });
  expect([isOver(one), world.api.ready().waitingFor]).toEqual([false, ["the kernel's routes"]]);
  await world.pass(11);
  expect(isOver(one)).toBe(true);
  expect(world.events("restart-recovery-incomplete")[0]).toMatchObject({ names: expect.stringMatching(/^the kernel/) });
});

it("a kernel that another daemon has is not waited for", async () => {
  const [, one] = await started((made) => { made.occupant = "a BIRD answers"; });
  expect(isOver(one)).toBe(true);
});
