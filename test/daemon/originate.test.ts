/** Routes of our own: told with the session's own next hop, changed and withdrawn by difference, never left behind. */

import { afterEach, expect, it } from "vitest";
import { World } from "./world.ts";
import type { File } from "./world.ts";

const NEIGHBORS = [
  { address: "192.0.2.11", name: "inside", addPath: "off" },
  { address: "198.51.100.2", name: "outside", asNumber: 65001, localAddress: "198.51.100.1",
    import: { default: "accept" }, export: { default: "accept" } },
];
let world: World;

async function begin(originate: readonly object[]): Promise<{ inside: ReturnType<World["router"]>;
  outside: ReturnType<World["router"]> }> {
  world = await World.with({
    neighbors: NEIGHBORS, originate,
    listen: [{ address: "192.0.2.1", port: 179 }, { address: "198.51.100.1", port: 179 }],
  });
  const inside = world.router("192.0.2.11", { families: ["ipv4-unicast", "ipv6-unicast"] });
  const outside = world.router("198.51.100.2", { asNumber: 65001, daemonAddress: "198.51.100.1" });
  world.run(5);
  return { inside, outside };
}

const listen: File = { listen: [{ address: "192.0.2.1", port: 179 }, { address: "198.51.100.1", port: 179 }] };

afterEach(async () => world.stop());

it("are told with our address of each session where they have no next hop", async () => {
  const own = { prefix: "10.1.0.0/16", communities: ["64512:7"], med: 5, localPref: 200 };
  const { inside, outside } = await begin([own]);
  expect(inside.table.get("10.1.0.0/16")).toEqual({
    origin: "igp", asPath: [], nextHop: "192.0.2.1", med: 5, localPref: 200, communities: ["64512:7"],
  });
  expect(outside.table.get("10.1.0.0/16")).toMatchObject({
    asPath: [{ type: "sequence", asns: [64512] }], nextHop: "198.51.100.1", communities: ["64512:7"],
  });
  expect(outside.table.get("10.1.0.0/16")!.localPref).toBeUndefined();
});

it("change, come and go by reload; the others stay untouched, and no prefix is left behind", async () => {
  const kept = { prefix: "10.1.0.0/16", nextHop: "192.0.2.77" };
  const { inside, outside } = await begin([kept, { prefix: "10.2.0.0/16", nextHop: "192.0.2.77" }]);
  expect(inside.prefixes).toEqual(["10.1.0.0/16", "10.2.0.0/16"]);
  inside.news();
  await world.reload({ ...listen, neighbors: NEIGHBORS, originate: [
    kept, { prefix: "10.2.0.0/16", nextHop: "192.0.2.77", med: 9 }, { prefix: "10.3.0.0/16", nextHop: "192.0.2.77" },
  ] });
  expect(inside.news().sort()).toEqual(["+10.2.0.0/16", "+10.3.0.0/16"]);
  expect(inside.table.get("10.2.0.0/16")!.med).toBe(9);
  await world.reload({ ...listen, neighbors: NEIGHBORS, originate: [kept] });
  expect(inside.news().sort()).toEqual(["-10.2.0.0/16", "-10.3.0.0/16"]);
  expect(outside.prefixes).toEqual(["10.1.0.0/16"]);
  await world.reload({ ...listen, neighbors: NEIGHBORS });
  world.run(10);
  expect([inside.prefixes, outside.prefixes]).toEqual([[], []]);
  expect(world.metric("reflectd_prefixes", { family: "ipv4-unicast" })).toBe(0);
  expect(world.metric("reflectd_attribute_sets")).toBe(0);
  expect([inside.ups, outside.ups]).toEqual([1, 1]);
});

it("give the next hop up and take it back without a withdrawal", async () => {
  const { inside } = await begin([{ prefix: "10.1.0.0/16", nextHop: "192.0.2.77" }]);
  inside.news();
  await world.reload({ ...listen, neighbors: NEIGHBORS, originate: [{ prefix: "10.1.0.0/16" }] });
  expect(inside.table.get("10.1.0.0/16")!.nextHop).toBe("192.0.2.1");
  await world.reload({
    ...listen, neighbors: NEIGHBORS, originate: [{ prefix: "10.1.0.0/16", nextHop: "192.0.2.77" }],
  });
  expect(inside.table.get("10.1.0.0/16")!.nextHop).toBe("192.0.2.77");
  expect(inside.news().filter((item) => item.startsWith("-") || item.startsWith("never"))).toEqual([]);
});

it("may be IPv6 with a next hop of that family, and are kept back where the session has none to write", async () => {
  const { inside } = await begin([
    { prefix: "2001:db8:1::/48", nextHop: "2001:db8::7" }, { prefix: "2001:db8:2::/48" },
  ]);
  expect(inside.prefixes).toEqual(["2001:db8:1::/48"]);
  expect(inside.table.get("2001:db8:1::/48")!.nextHop).toBe("2001:db8::7");
  const explained = world.api.explain("2001:db8:2::/48", "inside");
  expect(explained).toMatchObject({ peers: [{ sent: false, reason: "no next hop that this session can carry" }] });
  await world.reload({ ...listen, neighbors: NEIGHBORS });
  world.run(5);
  expect(inside.prefixes).toEqual([]);
  expect(world.metric("reflectd_prefixes", { family: "ipv6-unicast" })).toBe(0);
});

it("win over a learned route of the same prefix and give way when they go", async () => {
  const { inside, outside } = await begin([{ prefix: "10.1.0.0/16" }]);
  inside.announce(["10.1.0.0/16"], { localPref: 900 });
  world.run(1);
  expect(outside.table.get("10.1.0.0/16")!.nextHop).toBe("198.51.100.1");
  expect(inside.prefixes).toEqual(["10.1.0.0/16"]);
  expect(world.routes({ prefix: "10.1.0.0/16" }).map(({ from, best }) => [from.name, best]))
    .toEqual(expect.arrayContaining([["local", true], ["inside", false]]));
  await world.reload({ ...listen, neighbors: NEIGHBORS });
  expect(inside.prefixes).toEqual([]);
  expect(outside.prefixes).toEqual(["10.1.0.0/16"]);
});
