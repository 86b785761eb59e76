/** Reload by difference: what each change costs, seen from the other end of the sessions. */

import { afterEach, describe, expect, it } from "vitest";
import type { ReloadResult } from "../../src/daemon/api.ts";
import { World } from "./world.ts";
import type { File, Router } from "./world.ts";

const CLIENT = { address: "192.0.2.11", name: "c1", routeReflectorClient: true, addPath: "off" };
const OTHER = { address: "192.0.2.12", name: "c2", routeReflectorClient: true, addPath: "off" };
const THIRD = { address: "192.0.2.13", name: "c3", routeReflectorClient: true, addPath: "off" };

let world: World;
let one: Router;
let two: Router;

async function begin(keys: File = {}): Promise<void> {
  world = await World.with({ neighbors: [CLIENT, OTHER], ...keys });
  one = world.router("192.0.2.11");
  two = world.router("192.0.2.12");
  world.run(5);
  one.announce(["10.0.1.0/24", "10.0.2.0/24"]);
  two.announce(["10.9.0.0/16"]);
  world.run(2);
  expect(two.prefixes).toEqual(["10.0.1.0/24", "10.0.2.0/24"]);
  expect(one.prefixes).toEqual(["10.9.0.0/16"]);
  for (const router of [one, two]) router.news();
}

async function reload(keys: File): Promise<ReloadResult> {
  const result = await world.reload(keys);
  if ("refused" in result) throw new Error(result.refused);
  return result;
}

afterEach(async () => world.stop());

describe("a change that costs nothing", () => {
  it("sends nothing and keeps the session: description, type, timers, passive, a limit above", async () => {
    await begin();
    const result = await reload({ neighbors: [
      {
        ...CLIENT, description: "rack 7", type: "mesh", connectRetrySeconds: 9, keepaliveTimeSeconds: 7, passive: true,
      },
      { ...OTHER, prefixLimit: { "ipv4-unicast": { max: 10 } } },
    ] });
    expect(result).toEqual({ added: [], removed: [], reset: [], refreshed: ["c2"], untouched: ["c1"] });
    expect([...one.news(), ...two.news()]).toEqual([]);
    expect([one.ups, two.ups]).toEqual([1, 1]);
    expect(world.view("c1")).toMatchObject({ description: "rack 7", type: "mesh", passive: true, flaps: 0 });
  });

  it("says untouched for a file that says the same", async () => {
    await begin();
    expect(await reload({ neighbors: [CLIENT, OTHER] }))
      .toEqual({ added: [], removed: [], reset: [], refreshed: [], untouched: ["c1", "c2"] });
    expect([...one.news(), ...two.news()]).toEqual([]);
  });
});

describe("the moment of the configuration in force", () => {
  it("is the start, then that of the last reload that was not refused", async () => {
    await begin();
    const { startedAt, configuredAt } = world.api.status();
    expect(configuredAt).toBe(startedAt);
    world.run(10);
    await reload({ neighbors: [CLIENT, OTHER] });
    const reloaded = world.api.status().configuredAt;
    expect(Date.parse(reloaded) - Date.parse(startedAt)).toBeGreaterThanOrEqual(10_000);
    world.run(10);
    expect(await world.reload({ neighbors: [CLIENT, CLIENT] })).toHaveProperty("refused");
    expect(world.api.status()).toMatchObject({ startedAt, configuredAt: reloaded });
  });
});

describe("an import policy", () => {
  const rejectTwo = { rules: [{ action: "Reject", cidr: "10.0.2.0/24", matchOperator: "Equal" }], default: "accept" };

  it("is applied to what the peer sent, without asking it; only differences go out", async () => {
    await begin();
    const result = await reload({ neighbors: [{ ...CLIENT, import: rejectTwo }, OTHER] });
    expect(result).toMatchObject({ refreshed: ["c1"], untouched: ["c2"], reset: [] });
    expect(one.news()).toEqual([]);
    expect(two.news()).toEqual(["-10.0.2.0/24"]);
    expect(world.view("c1").prefixes["ipv4-unicast"]).toEqual({ received: 2, accepted: 1, advertised: 1 });
    await reload({ neighbors: [CLIENT, OTHER] });
    expect(one.news()).toEqual([]);
    expect(two.news()).toEqual(["+10.0.2.0/24"]);
  });

  it("is applied to every member of a range", async () => {
    const range = { range: "192.0.2.0/24", name: "nodes", routeReflectorClient: true, addPath: "off" };
    await begin({ neighbors: [range] });
    const result = await reload({ neighbors: [{ ...range, import: rejectTwo }] });
    expect(result.refreshed).toEqual(["nodes"]);
    expect(two.news()).toEqual(["-10.0.2.0/24"]);
    expect(one.news()).toEqual([]);
    expect([...world.api.peers()].map(({ name }) => name).sort()).toEqual(["192.0.2.11", "192.0.2.12"]);
  });

  it("asks the peer only for routes that were never kept", async () => {
    await begin({ neighbors: [
      { ...CLIENT, prefixLimit: { "ipv4-unicast": { max: 2, action: "drop" } } }, OTHER,
    ] });
    one.announce(["10.0.3.0/24"]);
    world.run(1);
    expect(two.news()).toEqual([]);
    await reload({ neighbors: [{ ...CLIENT, prefixLimit: { "ipv4-unicast": { max: 5, action: "drop" } } }, OTHER] });
    expect(one.news()).toEqual(["refresh 0"]);
  });
});

describe("what a peer is told", () => {
  const POLICY = { rules: [{ action: "Reject", cidr: "10.0.1.0/24", matchOperator: "Equal" }], default: "accept" };

  it("follows another export policy without a reset or a needless message", async () => {
    await begin();
    const result = await reload({ neighbors: [CLIENT, { ...OTHER, export: POLICY }] });
    expect(result).toMatchObject({ refreshed: ["c2"], untouched: ["c1"] });
    expect(two.prefixes).toEqual(["10.0.2.0/24"]);
    const news = two.news();
    expect(news.filter((item) => item.startsWith("-"))).toEqual(["-10.0.1.0/24"]);
    expect(one.news()).toEqual([]);
    await reload({ neighbors: [CLIENT, OTHER] });
    expect(two.prefixes).toEqual(["10.0.1.0/24", "10.0.2.0/24"]);
    expect(two.news().filter((item) => !item.startsWith("+"))).toEqual([]);
    expect([one.ups, two.ups]).toEqual([1, 1]);
  });

  it("is taken along by a group that changes as a whole: one withdrawal and nothing else", async () => {
    await begin();
    await reload({ neighbors: [{ ...CLIENT, export: POLICY }, { ...OTHER, export: POLICY }] });
    expect(two.news()).toEqual(["-10.0.1.0/24"]);
    expect(one.news()).toEqual([]);
  });

  it("follows client, cluster id and next hop, with never a withdrawal of what stays", async () => {
    await begin();
    await reload({ neighbors: [CLIENT, { ...OTHER, clusterId: "10.99.99.99" }] });
    expect(two.table.get("10.0.1.0/24")!.clusterList).toEqual(["10.99.99.99", "192.0.2.1"]);
    expect(one.table.get("10.9.0.0/16")!.clusterList).toEqual(["192.0.2.1", "10.99.99.99"]);
    await reload({ neighbors: [CLIENT, { ...OTHER, nextHop: "self" }] });
    expect(two.table.get("10.0.1.0/24")!).toMatchObject({ nextHop: "192.0.2.1", clusterList: ["192.0.2.1"] });
    await reload({ neighbors: [CLIENT, { ...OTHER, routeReflectorClient: false }] });
    expect(two.table.get("10.0.1.0/24")!.nextHop).toBe("192.0.2.11");
    expect([...one.news(), ...two.news()].filter((item) => !item.startsWith("+"))).toEqual([]);
    expect(world.events("session-down")).toEqual([]);
  });

  it("ends with exactly the right table when client becomes non-client on both sides", async () => {
    await begin();
    const non = (peer: object): object => ({ ...peer, routeReflectorClient: false });
    await reload({ neighbors: [non(CLIENT), non(OTHER)] });
    expect(one.prefixes).toEqual([]);
    expect(two.prefixes).toEqual([]);
    await reload({ neighbors: [CLIENT, OTHER] });
    expect(one.prefixes).toEqual(["10.9.0.0/16"]);
    expect(two.prefixes).toEqual(["10.0.1.0/24", "10.0.2.0/24"]);
    expect([one.ups, two.ups]).toEqual([1, 1]);
  });

  it("judges loops of all sessions by the cluster ids of all", async () => {
    await begin();
    one.announce(["10.0.2.0/24"], { clusterList: ["10.77.0.1"], originatorId: "192.0.2.99" });
    world.run(1);
    two.news();
    await reload({ neighbors: [CLIENT, { ...OTHER, clusterId: "10.77.0.1" }] });
    expect(two.prefixes).toEqual(["10.0.1.0/24"]);
    expect(world.routes({ peer: "c1", direction: "in", prefix: "10.0.2.0/24" })[0]!.rejected).toMatch(/loop/);
    await reload({ neighbors: [CLIENT, OTHER] });
    expect(two.prefixes).toEqual(["10.0.1.0/24", "10.0.2.0/24"]);
  });
});

describe("a change that costs a session", () => {
  it("resets just that one with Cease 6/6: families, hold time, AS", async () => {
    await begin();
    const changes = [{ families: ["ipv4-unicast"] }, { holdTimeSeconds: 30 }, { localAsNumber: 64512, asNumber: 64512,
      addPath: "both" }];
    for (const [i, change] of changes.entries()) {
      const result = await reload({ neighbors: [{ ...CLIENT, ...change }, OTHER] });
      expect(result).toMatchObject({ reset: ["c1"], untouched: ["c2"] });
      expect(one.downs).toHaveLength(i + 1);
      expect(one.downs[i]).toMatchObject({ direction: "received", code: 6, subcode: 6 });
      world.run(10);
      expect(one.isUp).toBe(true);
      one.announce(["10.0.1.0/24", "10.0.2.0/24"]);
      world.run(2);
      expect(two.prefixes).toEqual(["10.0.1.0/24", "10.0.2.0/24"]);
    }
    expect(two.ups).toBe(1);
  });

  it("resets a neighbour whose AS changes", async () => {
    await begin();
    const result = await reload({ neighbors: [{ ...CLIENT, routeReflectorClient: false, asNumber: 65001 }, OTHER] });
    expect(result.reset).toEqual(["c1"]);
    expect(one.downs[0]).toMatchObject({ code: 6, subcode: 6 });
    world.run(10);
    expect(one.isUp).toBe(false);
    expect(world.view("c1").lastError).toMatchObject({ code: 2, subcode: 2 });
    expect(two.prefixes).toEqual([]);
  });

  it("says 6/3 to a neighbour that is removed, and withdraws its routes", async () => {
    await begin();
    const result = await reload({ neighbors: [OTHER] });
    expect(result).toMatchObject({ removed: ["c1"], untouched: ["c2"] });
    expect(one.downs[0]).toMatchObject({ direction: "received", code: 6, subcode: 3 });
    expect(two.prefixes).toEqual([]);
    expect(two.news().sort()).toEqual(["-10.0.1.0/24", "-10.0.2.0/24"]);
    expect(world.api.peer("c1")).toMatchObject({ what: "not-found" });
    world.run(5);
    expect(one.ups).toBe(1);
  });

  it("adds a neighbour, which is told everything; the others hear nothing", async () => {
    await begin();
    const three = world.router("192.0.2.13");
    world.run(3);
    expect(three.ups).toBe(0);
    expect(await reload({ neighbors: [CLIENT, OTHER, THIRD] }))
      .toMatchObject({ added: ["c3"], untouched: ["c1", "c2"] });
    world.run(5);
    expect(three.prefixes).toEqual(["10.0.1.0/24", "10.0.2.0/24", "10.9.0.0/16"]);
    expect([...one.news(), ...two.news()]).toEqual([]);
  });

  it("resets all for another router id", async () => {
    await begin();
    const result = await reload({ routerId: "192.0.2.200", clusterId: "192.0.2.1", neighbors: [CLIENT, OTHER] });
    expect(result).toMatchObject({ reset: ["c1", "c2"], untouched: [] });
    world.run(10);
    expect([one.downs[0]?.subcode, two.downs[0]?.subcode]).toEqual([6, 6]);
    expect([one.facts?.remote.routerId, two.isUp]).toEqual([0xc00002c8, true]);
  });

  it("ends a session that is disabled in the file with 6/2 and starts it when it is enabled", async () => {
    await begin();
    await reload({ neighbors: [{ ...CLIENT, enabled: false }, OTHER] });
    expect(one.downs[0]).toMatchObject({ code: 6, subcode: 2 });
    world.run(20);
    expect(one.isUp).toBe(false);
    expect(world.view("c1")).toMatchObject({ enabled: false, waiting: "disabled in the configuration" });
    await reload({ neighbors: [CLIENT, OTHER] });
    world.run(10);
    expect(one.isUp).toBe(true);
  });
});

describe("listeners", () => {
  it("open and close without touching a session", async () => {
    await begin();
    const both = [{ address: "192.0.2.1", port: 179 }, { address: "192.0.2.2", port: 1179 }];
    const result = await reload({ neighbors: [CLIENT, OTHER], listen: both });
    expect([...world.listening].sort()).toEqual(["192.0.2.1 179", "192.0.2.2 1179"]);
    expect(result.untouched).toEqual(["c1", "c2"]);
    await reload({ neighbors: [CLIENT, OTHER], listen: both.slice(1) });
    expect([...world.listening]).toEqual(["192.0.2.2 1179"]);
    expect([...one.news(), ...two.news()]).toEqual([]);
    expect([one.isUp, two.isUp]).toEqual([true, true]);
  });

  it("stay as they are where one of the new ones cannot be had, and so does everything else", async () => {
    await begin();
    world.refusedListeners.set("192.0.2.3", "EADDRINUSE");
    const result = await world.reload({
      neighbors: [OTHER], listen: [{ address: "192.0.2.2", port: 179 }, { address: "192.0.2.3", port: 179 }],
    });
    expect(result).toMatchObject({ what: "failed" });
    expect("refused" in result && result.refused).toMatch(/192\.0\.2\.3.*what runs is kept/s);
    expect([...world.listening]).toEqual(["192.0.2.1 179"]);
    expect(one.isUp).toBe(true);
    expect(world.daemon.listening).toEqual([{ address: "192.0.2.1", port: 179 }]);
  });
});

describe("a reload", () => {
  it("with a mistake keeps what runs and says where the mistake is", async () => {
    await begin();
    const result = await world.reload({ neighbors: [{ ...CLIENT, adress: "192.0.2.9" }] });
    expect(result).toMatchObject({ what: "failed" });
    expect("refused" in result && result.refused).toMatch(/adress/);
    expect([...one.news(), ...two.news()]).toEqual([]);
    expect(world.events("reload-refused")).toHaveLength(1);
    expect(world.api.config()).toMatchObject({ neighbors: [{ name: "c1" }, { name: "c2" }] });
  });

  it("does not overtake an earlier one: the last file read is in force", async () => {
    await begin();
    const gates: (() => void)[] = [];
    world.beforeReading = () => new Promise((resolve) => { gates.push(resolve); });
    const slow = world.api.reload();
    const fast = world.api.reload();
    for (let i = 0; i < 10; i++) await Promise.resolve();
    expect(gates).toHaveLength(1);
    gates[0]!();
    await slow;
    for (let i = 0; i < 10; i++) await Promise.resolve();
    expect(gates).toHaveLength(2);
    world.nextFile = { ...world.nextFile, neighbors: [OTHER] };
    gates[1]!();
    expect(await world.until(fast)).toMatchObject({ removed: ["c1"] });
    expect([...world.api.peers()]).toHaveLength(1);
  });

  it("is refused while the daemon stops, and opens nothing", async () => {
    await begin();
    let go = (): void => undefined;
    world.beforeReading = () => new Promise((resolve) => { go = resolve; });
    const reloading = world.api.reload();
    for (let i = 0; i < 10; i++) await Promise.resolve();
    const stopped = world.daemon.stop("");
    go();
    expect(await reloading).toMatchObject({ what: "failed" });
    await world.until(stopped);
    expect([...world.listening]).toEqual([]);
    expect(await world.until(world.api.reload())).toMatchObject({ what: "failed" });
    expect([...world.listening]).toEqual([]);
  });

  it("names the settings that only a restart brings into force, and shows those in force", async () => {
    await begin();
    const result = await reload({ neighbors: [CLIENT, OTHER], log: { level: "debug" }, metrics: { perPeer: false } });
    expect(result.needsRestart).toEqual(["log", "metrics"]);
    expect(world.api.config()).toMatchObject({ metrics: { perPeer: true } });
    expect(world.events("restart-needed")[0]).toMatchObject({ settings: "log,metrics" });
    expect((await reload({ neighbors: [CLIENT, OTHER] })).needsRestart).toBeUndefined();
  });
});
