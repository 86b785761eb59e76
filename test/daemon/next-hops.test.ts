/** Next hops that are ours (RFC 4271 §6.3), whichever came first: the route or the address. */

import { afterEach, expect, it } from "vitest";
import { OwnAddresses } from "../../src/daemon/own-addresses.ts";
import { World } from "./world.ts";

const NEIGHBORS = [
  { address: "192.0.2.11", name: "c1", routeReflectorClient: true },
  { address: "192.0.2.12", name: "c2", routeReflectorClient: true },
  { address: "198.51.100.2", name: "far", localAddress: "198.51.100.1", routeReflectorClient: true },
];
let world: World | undefined;
afterEach(async () => world?.stop());

it("a route to an address that turns out to be ours is not used from then on, also when the session has gone",
  async () => {
    world = await World.with({ neighbors: NEIGHBORS, listen: [{ address: "192.0.2.1", port: 179 }] });
    const one = world.router("192.0.2.11");
    const two = world.router("192.0.2.12");
    world.run(5);
    one.announce(["10.0.1.0/24"], { nextHop: "198.51.100.1" });
    one.announce(["10.0.2.0/24"], { nextHop: "192.0.2.1" });
    world.run(1);
    expect(two.prefixes).toEqual(["10.0.1.0/24"]);
    const far = world.router("198.51.100.2", { daemonAddress: "198.51.100.1" });
    await world.reload({
      neighbors: NEIGHBORS, listen: [{ address: "192.0.2.1", port: 179 }, { address: "198.51.100.1", port: 179 }],
    });
    world.run(10);
    expect(far.isUp).toBe(true);
    expect(two.prefixes).toEqual([]);
    expect(world.routes({ peer: "c1", direction: "in" }).map(({ rejected }) => rejected))
      .toEqual([expect.stringMatching(/address of ours/), expect.stringMatching(/address of ours/)]);
    far.session.stop();
    world.run(5);
    expect(two.prefixes).toEqual([]);
  });

it("the set of them is bounded, forgets the oldest, and takes no wildcard for an address", () => {
  const own = new OwnAddresses();
  const four = (n: number): Uint8Array => Uint8Array.of(10, 0, n >> 8, n & 255);
  expect(own.listen(["0.0.0.0", "::", "192.0.2.1"])).toBe(true);
  expect(own.listen(["192.0.2.1", "0.0.0.0"])).toBe(false);
  expect([own.has(Uint8Array.of(192, 0, 2, 1)), own.has(Uint8Array.of(0, 0, 0, 0))]).toEqual([true, false]);
  for (let n = 0; n < 1000; n++) {
    expect(own.add(`10.0.${n >> 8}.${n & 255}`)).toBe(true);
    expect(own.add("10.9.9.9")).toBe(n === 0);
  }
  expect([own.has(four(0)), own.has(four(999)), own.has(Uint8Array.of(10, 9, 9, 9))]).toEqual([false, true, true]);
  expect(own.add("fe80::1%eth0")).toBe(false);
  expect(own.listen([])).toBe(true);
  expect(own.has(Uint8Array.of(192, 0, 2, 1))).toBe(false);
});

it("an address that is listened on no more is news, also where another one of ours takes its place", () => {
  const own = new OwnAddresses();
  expect(own.listen(["192.0.2.1"])).toBe(true);
  expect(own.add("192.0.2.2")).toBe(true);
  expect(own.listen(["192.0.2.2"])).toBe(true);
  expect(own.has(Uint8Array.of(192, 0, 2, 1))).toBe(false);
  expect(own.listen(["192.0.2.2"])).toBe(false);
});
