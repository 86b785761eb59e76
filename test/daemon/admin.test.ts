/** What operators do to sessions: reset, disable with a text, enable; and how they name them. */

import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { World } from "./world.ts";
import type { Router } from "./world.ts";

const C1 = { address: "192.0.2.11", name: "c1", routeReflectorClient: true, addPath: "off" };
const NODES = { range: "192.0.2.128/25", name: "nodes", routeReflectorClient: true, addPath: "off" };
const V6 = { address: "2001:db8::7", name: "six", localAddress: "2001:db8::1" };
const NEIGHBORS = [C1, NODES, V6];
const LISTEN = [{ address: "192.0.2.1", port: 179 }, { address: "2001:db8::1", port: 179 }];

let world: World;
let one: Router;
let node: Router;

beforeEach(async () => {
  world = await World.with({ neighbors: NEIGHBORS, listen: LISTEN });
  one = world.router("192.0.2.11");
  node = world.router("192.0.2.130");
  world.router("2001:db8::7", { daemonAddress: "2001:db8::1", families: ["ipv6-unicast"] });
  world.run(5);
});
afterEach(async () => world.stop());

describe("disable", () => {
  it("ends the session with 6/2 and the text (RFC 9003), and it stays down", () => {
    expect(world.api.disable("c1", "maintenance of rack 7 – ü")).toEqual({ disabled: ["c1"] });
    world.run(1);
    expect(one.downs[0]).toMatchObject({
      direction: "received", code: 6, subcode: 2, text: "maintenance of rack 7 – ü",
    });
    expect(world.view("c1")).toMatchObject({
      enabled: false, state: "Idle", waiting: "disabled: maintenance of rack 7 – ü",
      lastError: { direction: "sent", name: "Cease/Administrative Shutdown", text: "maintenance of rack 7 – ü" },
    });
    world.run(300);
    expect(one.ups).toBe(1);
    expect(world.api.reset("c1")).toMatchObject({ what: "failed" });
    world.run(10);
    expect(one.ups).toBe(1);
  });

  it("outlives every reload that does not speak of it", async () => {
    world.api.disable("c1", "because");
    for (const change of [{}, { description: "x" }, { clusterId: "10.0.0.7" }, { holdTimeSeconds: 30 }]) {
      await world.reload({ listen: LISTEN, neighbors: [{ ...C1, ...change }, NODES, V6] });
      world.run(20);
      expect(one.ups).toBe(1);
      expect(world.view("c1")).toMatchObject({ enabled: false, waiting: "disabled: because" });
    }
    expect(world.api.enable("c1")).toEqual({ enabled: ["c1"] });
    world.run(5);
    expect(one.isUp).toBe(true);
  });

  it("ends where the file itself enables or disables the neighbour", async () => {
    world.api.disable("c1");
    await world.reload({ listen: LISTEN, neighbors: [{ ...C1, enabled: false }, NODES, V6] });
    await world.reload({ listen: LISTEN, neighbors: NEIGHBORS });
    world.run(10);
    expect(one.isUp).toBe(true);
  });

  it("is undone by enable also where the file disables the neighbour, over a reload that changes something else",
    async () => {
      const off = { ...C1, enabled: false };
      await world.reload({ listen: LISTEN, neighbors: [off, NODES, V6] });
      world.api.enable("c1");
      world.run(5);
      expect(one.isUp).toBe(true);
      await world.reload({ listen: LISTEN, neighbors: [{ ...off, description: "x" }, NODES, V6] });
      world.run(5);
      expect([one.isUp, one.ups]).toEqual([true, 2]);
      expect(world.view("c1")).toMatchObject({ enabled: true });
    });

  it("of one member of a range keeps that one out, and it is still shown", () => {
    const other = world.router("192.0.2.131");
    world.run(3);
    expect(world.api.disable("192.0.2.130", "bad node")).toEqual({ disabled: ["192.0.2.130"] });
    world.run(60);
    expect([node.isUp, node.ups, other.isUp]).toEqual([false, 1, true]);
    expect(world.view("192.0.2.130")).toMatchObject({ enabled: false });
    world.api.enable("192.0.2.130");
    world.run(30);
    expect(node.isUp).toBe(true);
  });

  it("of a member of a range outlives a reload that resets the range", async () => {
    world.api.disable("192.0.2.130");
    await world.reload({ listen: LISTEN, neighbors: [C1, { ...NODES, holdTimeSeconds: 60 }, V6] });
    world.run(60);
    expect([node.isUp, node.ups]).toEqual([false, 1]);
    world.api.enable("192.0.2.130");
    world.run(30);
    expect(node.isUp).toBe(true);
  });

  it("of a range keeps everybody of it out, whoever comes, until it is enabled", () => {
    expect(world.api.disable("nodes", "all of it")).toEqual({ disabled: ["nodes"] });
    const late = world.router("192.0.2.140");
    world.run(60);
    expect([node.downs[0]?.text, node.isUp, late.ups]).toEqual(["all of it", false, 0]);
    expect([...world.api.peers()].map(({ name }) => name)).toEqual(["c1", "six"]);
    expect(world.api.enable("nodes")).toEqual({ enabled: ["nodes"] });
    world.run(30);
    expect([node.isUp, late.isUp]).toEqual([true, true]);
  });
});

describe("reset", () => {
  it("ends the session with 6/4 and lets it come back", () => {
    expect(world.api.reset("c1")).toEqual({ reset: ["c1"] });
    world.run(10);
    expect(one.downs[0]).toMatchObject({ code: 6, subcode: 4 });
    expect(one.ups).toBe(2);
  });

  it("of a range resets each of its members; of an empty one nobody", () => {
    const other = world.router("192.0.2.131");
    world.run(3);
    const done = world.api.reset("nodes");
    expect("reset" in done && [...done.reset].sort()).toEqual(["192.0.2.130", "192.0.2.131"]);
    world.run(10);
    expect([node.ups, other.ups, one.ups]).toEqual([2, 2, 1]);
    for (const router of [node, other]) router.session.stop();
    world.run(1);
    expect(world.api.reset("nodes")).toEqual({ reset: [] });
  });
});

describe("a neighbour is named", () => {
  it.each([
    ["c1", ["c1"]], ["192.0.2.11", ["c1"]], ["192.0.2.11:179", ["c1"]], ["six", ["six"]], ["2001:db8::7", ["six"]],
    ["[2001:db8::7]:179", ["six"]], ["2001:DB8:0::7", ["six"]], ["192.0.2.130", ["192.0.2.130"]],
  ])("%s", (selector, names) => {
    expect(world.api.reset(selector)).toEqual({ reset: names });
  });

  it.each(["c9", "192.0.2.11:180", "192.0.2.99", "[2001:db8::7]:1", "", "constructor", "__proto__"])(
    "%s names nobody", (selector) => {
      for (const done of [world.api.reset(selector), world.api.disable(selector), world.api.enable(selector),
        world.api.peer(selector)]) {
        expect(done).toMatchObject({ what: "not-found" });
      }
      expect(one.isUp).toBe(true);
    });
});

describe("two neighbours with one address", () => {
  it("are told apart by the AS of the OPEN, have ports of their own, and one can be disabled alone", async () => {
    await world.stop();
    const twin = { address: "192.0.2.11", import: { default: "accept" }, export: { default: "accept" } };
    world = await World.with({ neighbors: [
      { ...twin, name: "first", asNumber: 65001, passive: true },
      { ...twin, name: "second", asNumber: 65002, port: 1179, passive: true },
    ] });
    const first = world.router("192.0.2.11", { asNumber: 65001, routerId: "10.0.0.1" });
    const second = world.router("192.0.2.11", { asNumber: 65002, routerId: "10.0.0.2", port: 1179 });
    world.run(10);
    expect([first.isUp, second.isUp]).toEqual([true, true]);
    first.announce(["10.1.0.0/16"]);
    world.run(1);
    expect(second.prefixes).toEqual(["10.1.0.0/16"]);
    expect(world.view("192.0.2.11:1179").name).toBe("second");
    expect(world.api.peer("192.0.2.11")).toMatchObject({ what: "invalid" });
    world.api.disable("192.0.2.11:179");
    world.run(20);
    expect([first.isUp, second.isUp, second.ups]).toEqual([false, true, 1]);
  });

  it("may be one router with one Identifier and a session per family, as bird and bird6", async () => {
    await world.stop();
    world = await World.with({ listen: LISTEN, neighbors: [
      { address: "192.0.2.11", name: "v4", families: ["ipv4-unicast"], routeReflectorClient: true },
      { address: "2001:db8::11", name: "v6", families: ["ipv6-unicast"], routeReflectorClient: true },
    ] });
    const v4 = world.router("192.0.2.11", { routerId: "10.0.0.1" });
    const v6 = world.router("2001:db8::11", {
      routerId: "10.0.0.1", daemonAddress: "2001:db8::1", families: ["ipv6-unicast"],
    });
    world.run(10);
    expect([v4.isUp, v6.isUp, v4.ups, v6.ups]).toEqual([true, true, 1, 1]);
    v6.announce(["2001:db8:5::/48"]);
    v4.announce(["10.5.0.0/16"]);
    world.run(1);
    expect(world.routes().map(({ prefix, from }) => `${prefix} ${from.name}`).sort())
      .toEqual(["10.5.0.0/16 v4", "2001:db8:5::/48 v6"]);
    v4.cut();
    world.run(1);
    expect(world.routes().map(({ prefix }) => prefix)).toEqual(["2001:db8:5::/48"]);
  });
});
