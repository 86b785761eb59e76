/** Ranges: members come with their connections and go with them, and nothing of them stays behind. */

import { afterEach, expect, it } from "vitest";
import type { PeerId } from "../../src/rib/ids.ts";
import { World } from "./world.ts";

const NODES = { range: "192.0.2.0/24", name: "nodes", routeReflectorClient: true, addPath: "off", limit: 3 };
let world: World;

afterEach(async () => world.stop());

const names = (): string[] => [...world.api.peers()].map(({ name }) => name).sort();

it("make a neighbour of each source address, up to their limit", async () => {
  world = await World.with({ neighbors: [NODES] });
  const routers = [11, 12, 13, 14].map((n) => world.router(`192.0.2.${n}`));
  world.run(10);
  const up = routers.filter(({ isUp }) => isUp);
  expect(up).toHaveLength(3);
  expect(names()).toHaveLength(3);
  expect(world.metric("reflectd_connections_refused_total", { reason: "rangeFull" })).toBeGreaterThan(0);
  expect(world.view("192.0.2.11")).toMatchObject({
    passive: true, routeReflectorClient: true, state: "Established", name: "192.0.2.11",
  });
  up[0]!.session.stop();
  world.run(10);
  expect(routers.filter(({ isUp }) => isUp)).toHaveLength(3);
});

it("close a connection from elsewhere at once, and count it", async () => {
  world = await World.with({ neighbors: [NODES] });
  const stranger = world.router("203.0.113.5");
  world.run(10);
  expect(stranger.ups).toBe(0);
  expect(names()).toEqual([]);
  expect(world.metric("reflectd_connections_refused_total", { reason: "unknownSource" })).toBeGreaterThan(0);
});

it("give way to a neighbour with the address, and of two the longer one counts", async () => {
  world = await World.with({ neighbors: [
    { range: "192.0.0.0/16", name: "wide", description: "wide" },
    { range: "192.0.2.64/26", name: "narrow", description: "narrow" },
    { address: "192.0.2.70", name: "exact", description: "exact", passive: true },
  ] });
  for (const address of ["192.0.2.11", "192.0.2.69", "192.0.2.70"]) world.router(address);
  world.run(10);
  const peers = [...world.api.peers()];
  expect(peers.map(({ name, description, state }) => `${name} ${description} ${state}`).sort()).toEqual([
    "192.0.2.11 wide Established", "192.0.2.69 narrow Established", "exact exact Established",
  ]);
});

it("forget a member that has gone, with its routes; the same one may come back as another router", async () => {
  world = await World.with({ neighbors: [NODES] });
  const witness = world.router("192.0.2.99");
  const first = world.router("192.0.2.11", { routerId: "10.0.0.1" });
  world.run(5);
  first.announce(["10.1.0.0/16", "10.2.0.0/16"]);
  world.run(1);
  first.session.stop();
  world.run(1);
  expect(names()).toEqual(["192.0.2.99"]);
  expect(witness.prefixes).toEqual([]);
  const again = world.router("192.0.2.11", { routerId: "10.0.0.2" });
  world.run(5);
  again.announce(["10.2.0.0/16"]);
  world.run(1);
  expect(witness.prefixes).toEqual(["10.2.0.0/16"]);
  expect(witness.table.get("10.2.0.0/16")!.originatorId).toBe("10.0.0.2");
});

it("do not keep a member for a connection that never becomes a session", async () => {
  world = await World.with({ neighbors: [NODES] });
  const wrongAs = world.router("192.0.2.11", { asNumber: 65009, daemonAsNumber: 64512, retrySeconds: 3000 });
  world.run(5);
  wrongAs.session.stop();
  world.run(600);
  expect(wrongAs.ups).toBe(0);
  expect(names()).toEqual([]);
});

it("give every id back after 1,000 comings and goings with ever other routers", async () => {
  world = await World.with({ neighbors: [{ ...NODES, limit: 50 }] });
  const witness = world.router("192.0.2.200");
  world.run(3);
  for (let round = 0; round < 50; round++) {
    const guests = Array.from({ length: 20 }, (_, i) =>
      world.router(`192.0.2.${20 + i}`, { routerId: `10.${round}.0.${i + 1}` }));
    world.run(2);
    for (const [i, guest] of guests.entries()) {
      guest.announce([`10.${i}.0.0/16`, `10.${round}.${i}.0/24`], { med: round });
    }
    world.run(0.2);
    for (const guest of guests) {
      if (round % 2 === 0) guest.cut();
      guest.session.stop();
    }
    world.run(0.2);
  }
  world.run(30);
  expect(names()).toEqual(["192.0.2.200"]);
  expect(witness.prefixes).toEqual([]);
  expect(witness.heard.filter((item) => item.startsWith("never"))).toEqual([]);
  expect(witness.heard.filter((item) => item.startsWith("+")).length).toBeGreaterThan(1000);
  for (const metric of ["reflectd_prefixes", "reflectd_paths", "reflectd_attribute_sets"]) {
    expect(world.metric(metric), metric).toBe(0);
  }
  const { peers, sources } = world.tables;
  expect(peers.size, "we ourselves and the witness").toBe(2);
  expect(peers.idsMax).toBeLessThan(100);
  for (let id = 2; id <= peers.idsMax; id++) {
    expect(sources.refersTo(id as PeerId), `source ${id}`).toBe(peers.isLive(id as PeerId));
  }
}, 60_000);

it("keep no member that could not have a session, as its range waits for a password", async () => {
  world = await World.with({ neighbors: [{ ...NODES, limit: 1, passwordFile: "/none" }] });
  for (const n of [11, 12]) world.router(`192.0.2.${n}`);
  world.run(60);
  expect(new Set(world.events("waiting").map(({ peer }) => peer)).size).toBe(2);
  expect(names()).toEqual([]);
  expect(world.metric("reflectd_connections_refused_total", { reason: "rangeFull" }) ?? 0).toBe(0);
});
