/** Prefix limits: warn, drop, restart, shutdown, and what undoes each. */

import { afterEach, describe, expect, it } from "vitest";
import { World } from "./world.ts";
import type { Router } from "./world.ts";

let world: World;
let one: Router;
let two: Router;

const limited = (limit?: object): object[] => [
  { address: "192.0.2.11", name: "c1", routeReflectorClient: true, addPath: "off",
    ...(limit === undefined ? {} : { prefixLimit: { "ipv4-unicast": limit } }) },
  { address: "192.0.2.12", name: "c2", routeReflectorClient: true, addPath: "off" },
];

async function begin(limit?: object): Promise<void> {
  world = await World.with({ neighbors: limited(limit) });
  one = world.router("192.0.2.11");
  two = world.router("192.0.2.12");
  world.run(5);
  one.announce(["10.0.1.0/24", "10.0.2.0/24"]);
  world.run(1);
  two.news();
}

afterEach(async () => world.stop());

describe("warn", () => {
  it("says so in the log when it is crossed, and changes nothing", async () => {
    await begin({ max: 2, action: "warn" });
    one.announce(["10.0.3.0/24"]);
    one.announce(["10.0.4.0/24"]);
    world.run(1);
    expect(two.prefixes).toHaveLength(4);
    expect(world.events("prefix-limit")).toEqual([
      expect.objectContaining({ level: "warn", peer: "c1", family: "ipv4-unicast", max: 2, action: "warn" }),
    ]);
  });
});

describe("drop", () => {
  it("refuses new prefixes and says so, lets those held change, and takes new ones when there is room", async () => {
    await begin({ max: 2, action: "drop" });
    one.announce(["10.0.1.0/24", "10.0.3.0/24"], { med: 7 });
    world.run(1);
    expect(two.prefixes).toEqual(["10.0.1.0/24", "10.0.2.0/24"]);
    expect(two.table.get("10.0.1.0/24")!.med).toBe(7);
    expect(world.events("prefix-limit")).toEqual([expect.objectContaining({ action: "drop", max: 2 })]);
    one.withdraw(["10.0.2.0/24"]);
    one.announce(["10.0.3.0/24"]);
    world.run(1);
    expect(two.prefixes).toEqual(["10.0.1.0/24", "10.0.3.0/24"]);
    world.run(3);
    expect(world.metric("reflectd_prefixes", { family: "ipv4-unicast" })).toBe(2);
  });

  it("asks for what it refused when the session's input is reset softly", async () => {
    await begin({ max: 2, action: "drop" });
    one.announce(["10.0.3.0/24"]);
    one.withdraw(["10.0.2.0/24"]);
    world.run(1);
    one.news();
    world.api.reset("c1", "in");
    world.run(1);
    expect(one.news()).toEqual(["refresh 0"]);
    one.announce(["10.0.1.0/24", "10.0.3.0/24"]);
    world.run(1);
    expect(two.prefixes).toEqual(["10.0.1.0/24", "10.0.3.0/24"]);
    world.api.reset("c2", "in");
    world.run(1);
    expect(two.news()).not.toContain("refresh 0");
  });

  it("fills the log no faster than a bounded number of lines a minute", async () => {
    await begin({ max: 2, action: "drop" });
    for (let i = 0; i < 100; i++) one.announce([`10.1.${i}.0/24`]);
    world.run(1);
    expect(world.events("prefix-limit")).toHaveLength(10);
    world.run(61);
    one.announce(["10.1.1.0/24"]);
    world.run(1);
    expect(world.events("prefix-limit").at(-1)).toMatchObject({ keptBack: 90 });
  });
});

describe("restart", () => {
  it("ends the session with 6/1, family and bound, and comes back after its time", async () => {
    await begin({ max: 2, action: "restart", restartSeconds: 60 });
    one.announce(["10.0.3.0/24"]);
    world.run(1);
    const end = one.downs[0]!;
    expect(end).toMatchObject({ direction: "received", code: 6, subcode: 1 });
    expect([...end.data!]).toEqual([0, 1, 1, 0, 0, 0, 2]);
    expect(two.prefixes).toEqual([]);
    expect(world.view("c1")).toMatchObject({ enabled: true, waiting: "prefix limit" });
    world.run(50);
    expect(one.ups).toBe(1);
    world.run(20);
    expect(one.ups).toBe(2);
    one.announce(["10.0.1.0/24"]);
    world.run(1);
    expect(two.prefixes).toEqual(["10.0.1.0/24"]);
    expect(world.metric("reflectd_notifications_total", { peer: "c1", direction: "out", code: "6", subcode: "1" }))
      .toBe(1);
  });

  it("counts what was received, also what the import policy rejects", async () => {
    world = await World.with({ neighbors: [
      { ...limited({ max: 2, action: "restart" })[0]!, import: { default: "reject" } },
    ] });
    one = world.router("192.0.2.11");
    world.run(5);
    one.announce(["10.0.1.0/24", "10.0.2.0/24", "10.0.3.0/24"]);
    world.run(1);
    expect(one.downs[0]).toMatchObject({ code: 6, subcode: 1 });
  });
});

describe("shutdown", () => {
  it("stays down over reset, reloads and time, until it is enabled", async () => {
    await begin({ max: 2, action: "shutdown" });
    one.announce(["10.0.3.0/24"]);
    world.run(1);
    expect(one.downs[0]).toMatchObject({ code: 6, subcode: 1 });
    const waiting = "prefix limit of ipv4-unicast: enable it to go on";
    expect(world.view("c1")).toMatchObject({ enabled: false, state: "Idle", waiting });
    world.run(4000);
    expect(world.api.reset("c1")).toMatchObject({ what: "failed", refused: expect.stringContaining("prefix limit") });
    await world.reload({ neighbors: [{ ...limited({ max: 2, action: "shutdown" })[0]!, description: "x" }] });
    world.run(60);
    await world.reload({ neighbors: [{ ...limited({ max: 2, action: "shutdown" })[0]!, holdTimeSeconds: 30 }] });
    world.run(60);
    expect(one.ups).toBe(1);
    expect(world.view("c1")).toMatchObject({ enabled: false, waiting });
    expect(world.api.enable("c1")).toEqual({ enabled: ["c1"] });
    world.run(5);
    expect(one.ups).toBe(2);
    expect(world.view("c1")).toMatchObject({ enabled: true, waiting: null, state: "Established" });
  });

  it("holds for a member of a range, too: its next connection is refused", async () => {
    world = await World.with({ neighbors: [{
      range: "192.0.2.0/24", name: "nodes", prefixLimit: { "ipv4-unicast": { max: 1, action: "shutdown" } },
    }] });
    one = world.router("192.0.2.11");
    world.run(5);
    one.announce(["10.0.1.0/24", "10.0.2.0/24"]);
    world.run(120);
    expect(one.ups).toBe(1);
    expect(world.view("192.0.2.11").enabled).toBe(false);
    world.api.enable("192.0.2.11");
    world.run(30);
    expect(one.ups).toBe(2);
  });
});

describe("a limit in a reload", () => {
  it("below what is held acts at once", async () => {
    await begin();
    await world.reload({ neighbors: limited({ max: 1, action: "restart", restartSeconds: 30 }) });
    expect(one.downs[0]).toMatchObject({ code: 6, subcode: 1 });
    expect(two.prefixes).toEqual([]);
    world.run(20);
    expect(one.ups).toBe(1);
    world.run(20);
    expect(one.ups).toBe(2);
  });

  it("that warns says so once", async () => {
    await begin();
    await world.reload({ neighbors: limited({ max: 1, action: "warn" }) });
    await world.reload({ neighbors: limited({ max: 1, action: "warn" }) });
    expect(world.events("prefix-limit")).toHaveLength(1);
    expect(one.ups).toBe(1);
  });
});

describe("routes that are kept of an earlier session (RFC 4724 §4.2)", () => {
  /** Two routes of a neighbour whose session was lost and is back. */
  async function returned(action: string): Promise<void> {
    const neighbors = limited({ max: 2, action }).map((neighbor) => ({ ...neighbor, gracefulRestart: {} }));
    world = await World.with({ neighbors });
    one = world.router("192.0.2.11", { graceful: {} });
    two = world.router("192.0.2.12");
    world.run(5);
    one.announce(["10.0.1.0/24", "10.0.2.0/24"]);
    one.endOfRib();
    world.run(1);
    one.cut();
    world.run(10);
    expect([one.ups, two.prefixes]).toEqual([2, ["10.0.1.0/24", "10.0.2.0/24"]]);
  }

  it.each(["restart", "drop"])("do not count for the limit of the one that is back: %s", async (action) => {
    await returned(action);
    one.announce(["10.0.2.0/24", "10.0.3.0/24"]);
    one.endOfRib();
    world.run(1);
    expect([one.isUp, two.prefixes]).toEqual([true, ["10.0.2.0/24", "10.0.3.0/24"]]);
    expect(world.events("prefix-limit")).toEqual([]);
    one.announce(["10.0.4.0/24"]);
    world.run(1);
    expect(world.events("prefix-limit")).toHaveLength(1);
  });

  it("are said again only as far as the limit goes", async () => {
    await returned("drop");
    one.announce(["10.0.3.0/24", "10.0.4.0/24", "10.0.1.0/24", "10.0.2.0/24"]);
    one.endOfRib();
    world.run(1);
    expect(two.prefixes).toEqual(["10.0.3.0/24", "10.0.4.0/24"]);
  });
});
