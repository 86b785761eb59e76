/** What is told after a start while the kernel is still to be read, and by whose routes it forwarded before. */

import { afterEach, describe, expect, it } from "vitest";
import { decodeRestartState, encodeRestartState } from "../../src/daemon/restart-state.ts";
import { findCapability } from "../../src/messages/capabilities.ts";
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

describe("the F bits", () => {
  const LONG_LIVED = NEIGHBORS.map((one) =>
    ({ ...one, gracefulRestart: { restartTimeSeconds: 120, longLivedSeconds: 9 } }));
  const bitsOf = ({ facts }: Router): unknown[] => {
    const capabilities = facts!.remote.capabilities;
    const graceful = findCapability(capabilities, "gracefulRestart")!;
    const longLived = findCapability(capabilities, "longLivedGracefulRestart")!;
    return [graceful.restarting, ...[graceful, longLived].map(({ families }) => families[0]!.forwarding)];
  };
  /** A daemon with a route in the kernel, both neighbours known to it. */
  const begun = async (onStop: string): Promise<Router> => {
    world = await KernelWorld.of({ neighbors: LONG_LIVED }, { onStop },
      (made) => { made.state = { text: undefined }; });
    const [one, two] = ["192.0.2.11", "192.0.2.12"].map((address) =>
      world!.router(address, { graceful: { notification: true, longLivedSeconds: 9 } })) as [Router, Router];
    await world.pass(5);
    one.announce(["10.1.0.0/26"], { nextHop: "10.9.0.2" });
    for (const router of [one, two]) router.endOfRib();
    await world.pass(3);
    expect([world.programmed.length, bitsOf(one)]).toEqual([1, [false, true, true]]);
    return one;
  };
  const startAgain = async (): Promise<void> => {
    world!.crash();
    await world!.start();
    await world!.pass(5);
  };

  it("of the first OPEN after a stop that removed our routes are not set, and of no other", async () => {
    const one = await begun("remove");
    await world!.until(world!.daemon.stop("back soon"));
    expect(world!.programmed).toEqual([]);
    await startAgain();
    expect(bitsOf(one)).toEqual([true, false, false]);
    one.cut();
    await world!.pass(5);
    expect(bitsOf(one)).toEqual([false, true, true]);
    one.endOfRib();
    world!.routers[1]!.endOfRib();
    await world!.pass(5);
    expect(decodeRestartState(world!.state!.text!)).toMatchObject({ forwarding: true });
  });

  it("of one that is stopped before everybody had their say are not set at the next start either", async () => {
    const one = await begun("remove");
    await startAgain();
    expect(bitsOf(one)).toEqual([true, true, true]);
    await world!.until(world!.daemon.stop("back soon"));
    await startAgain();
    expect(bitsOf(one)).toEqual([true, false, false]);
  });

  it("are set after all stops that kept them, and where the kernel is ours no more", async () => {
    const one = await begun("keep");
    await world!.until(world!.daemon.stop("back soon"));
    await startAgain();
    expect(bitsOf(one)).toEqual([true, true, true]);
    for (const router of world!.routers) router.endOfRib();
    await world!.pass(5);
    const state = decodeRestartState(world!.state!.text!);
    world!.crash();
    if (typeof state === "string") throw new Error(state);
    world!.state = { text: encodeRestartState({ ...state, forwarding: false }) };
    world!.kernel = undefined;
    await world!.start();
    await world!.pass(5);
    expect(bitsOf(one)).toEqual([true, true, true]);
  });
});
