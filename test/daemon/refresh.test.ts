/** Route refresh in both directions (RFC 2918, RFC 7313), soft reconfiguration, and End-of-RIB. */

import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { World } from "./world.ts";
import type { Router, RouterOptions } from "./world.ts";

const NEIGHBORS = [
  { address: "192.0.2.11", name: "c1", routeReflectorClient: true, addPath: "off" },
  { address: "192.0.2.12", name: "c2", routeReflectorClient: true, addPath: "off" },
];
let world: World;
let one: Router;
let two: Router;

async function begin(options: RouterOptions = {}): Promise<void> {
  world = await World.with({ neighbors: NEIGHBORS });
  one = world.router("192.0.2.11", options);
  two = world.router("192.0.2.12", { families: ["ipv4-unicast", "ipv6-unicast"] });
  world.run(5);
  one.announce(["10.0.1.0/24", "10.0.2.0/24", "10.0.3.0/24"]);
  two.announce(["10.9.0.0/16"]);
  world.run(2);
}

beforeEach(async () => begin());
afterEach(async () => world.stop());

describe("End-of-RIB", () => {
  it("follows the first table, once per family that is spoken, also where there is nothing to tell", () => {
    expect(one.heard.filter((item) => item.startsWith("eor"))).toEqual(["eor ipv4-unicast"]);
    expect(two.heard.filter((item) => item.startsWith("eor")).sort()).toEqual(["eor ipv4-unicast", "eor ipv6-unicast"]);
    const three = world.router("192.0.2.12");
    expect(three.heard).toEqual([]);
  });

  it("comes after the routes of a table that was there", () => {
    two.cut();
    world.run(10);
    const told = two.news().slice(-5);
    expect(told.indexOf("eor ipv4-unicast")).toBeGreaterThan(told.lastIndexOf("+10.0.3.0/24"));
    expect(two.prefixes).toEqual(["10.0.1.0/24", "10.0.2.0/24", "10.0.3.0/24"]);
  });
});

describe("a refresh that a peer asks for", () => {
  it("is the whole table between BoRR and EoRR, without an End-of-RIB", () => {
    two.news();
    two.refresh();
    world.run(1);
    const news = two.news();
    expect([news[0], news.at(-1)]).toEqual(["refresh 1", "refresh 2"]);
    expect(news.slice(1, -1).sort()).toEqual(["+10.0.1.0/24", "+10.0.2.0/24", "+10.0.3.0/24"]);
    expect(one.news().filter((item) => item.startsWith("refresh"))).toEqual([]);
  });

  it("has no marks where enhanced refresh was not negotiated", async () => {
    await world.stop();
    await begin({ enhancedRefresh: false });
    one.news();
    one.refresh();
    world.run(1);
    expect(one.news()).toEqual(["+10.9.0.0/16"]);
  });

  it("is also what `reset --soft out` does; `--soft in` asks nobody and tells only differences", () => {
    two.news();
    expect(world.api.reset("c2", "out")).toEqual({ reset: ["c2"] });
    world.run(1);
    expect(two.news().filter((item) => item.startsWith("+")).sort())
      .toEqual(["+10.0.1.0/24", "+10.0.2.0/24", "+10.0.3.0/24"]);
    expect(world.api.reset("c1", "in")).toEqual({ reset: ["c1"] });
    world.run(1);
    expect(two.news()).toEqual([]);
    expect(one.news()).not.toContain("refresh 0");
  });

  it("for another family, or of a subtype that nobody knows, is ignored and counted nowhere as an error", () => {
    one.news();
    one.refresh(0, "ipv6-unicast");
    one.refresh(9);
    world.run(1);
    expect(one.news()).toEqual([]);
    expect(one.isUp).toBe(true);
    expect(world.events("refresh-ignored")).toHaveLength(1);
  });

  it("while the first table is being told, many times, still ends in the right table and one answer more", () => {
    const prefixes = Array.from({ length: 3000 }, (_, i) => `10.${100 + (i >> 8)}.${i & 255}.0/24`);
    one.announce(prefixes.slice(0, 900));
    one.announce(prefixes.slice(900, 1800));
    one.announce(prefixes.slice(1800));
    world.run(2);
    two.cut();
    world.run(0.5);
    for (let i = 0; i < 200; i++) {
      if (two.isUp) two.refresh();
      world.clock.run(10);
    }
    world.run(5);
    expect(two.table.size).toBe(3003);
    expect(two.heard.filter((item) => item.startsWith("never"))).toEqual([]);
    const count = (item: string): number => two.heard.filter((heard) => heard === item).length;
    expect(count("refresh 2")).toBe(count("refresh 1"));
  });
});

describe("a refresh that a peer sends (RFC 7313 §4)", () => {
  const stale = (): string[] => world.routes({ peer: "c1", direction: "in" })
    .filter((route) => route.stale).map(({ prefix }) => prefix).sort();

  it("withdraws at EoRR what was not said again, and nothing before", () => {
    two.news();
    one.refresh(1);
    world.run(1);
    expect(stale()).toEqual(["10.0.1.0/24", "10.0.2.0/24", "10.0.3.0/24"]);
    one.announce(["10.0.1.0/24", "10.0.3.0/24"]);
    world.run(1);
    expect(stale()).toEqual(["10.0.2.0/24"]);
    expect(two.news()).toEqual([]);
    one.refresh(2);
    world.run(1);
    expect(two.news()).toEqual(["-10.0.2.0/24"]);
    expect(stale()).toEqual([]);
  });

  it("withdraws what is stale after six minutes where EoRR never comes", () => {
    one.refresh(1);
    one.announce(["10.0.1.0/24"]);
    world.run(350);
    expect(two.prefixes).toHaveLength(3);
    world.run(20);
    expect(two.prefixes).toEqual(["10.0.1.0/24"]);
    one.announce(["10.0.2.0/24"]);
    world.run(400);
    expect(two.prefixes).toEqual(["10.0.1.0/24", "10.0.2.0/24"]);
    expect(one.ups).toBe(1);
  });

  it("that begins again before it ended loses nothing that is said again", () => {
    two.news();
    world.turnMilliseconds = 500; // the sweep is not done when it begins again
    for (const subtype of [1, 2, 1]) one.refresh(subtype);
    world.run(2);
    world.turnMilliseconds = 0;
    one.announce(["10.0.1.0/24", "10.0.2.0/24", "10.0.3.0/24"]);
    one.refresh(2);
    world.run(1);
    expect(two.news()).toEqual([]);
    expect(two.prefixes).toEqual(["10.0.1.0/24", "10.0.2.0/24", "10.0.3.0/24"]);
    world.run(400);
    expect(two.prefixes).toHaveLength(3);
  });

  it("ends with the session: no stale route survives, and no timer of it hurts the next one", () => {
    one.refresh(1);
    world.run(100);
    one.cut();
    world.run(10);
    one.announce(["10.0.1.0/24"]);
    world.run(300);
    expect(two.prefixes).toEqual(["10.0.1.0/24"]);
    expect(stale()).toEqual([]);
  });

  it("counts only where it was negotiated; an EoRR alone ends nothing", async () => {
    one.refresh(2);
    world.run(1);
    expect(two.prefixes).toHaveLength(3);
    await world.stop();
    await begin({ enhancedRefresh: false });
    one.refresh(1);
    one.refresh(2);
    world.run(1);
    expect(two.prefixes).toHaveLength(3);
    expect(world.events("refresh-ignored")).toHaveLength(2);
    expect(one.isUp).toBe(true);
  });
});
