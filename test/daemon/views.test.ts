/** What can be asked: routes by every query, explain by every reason, counters, metrics, readiness. */

import { afterEach, beforeEach, describe, expect, it } from "vitest";
import type { ExplainView, RouteQuery } from "../../src/daemon/api.ts";
import { World } from "./world.ts";
import type { Router } from "./world.ts";

const NEIGHBORS = [
  { address: "192.0.2.11", name: "client", routeReflectorClient: true, addPath: "off", description: "rack 1",
    import: { rules: [{ action: "Reject", cidr: "10.66.0.0/16", matchOperator: "In" }], default: "accept" } },
  { address: "192.0.2.12", name: "non1", addPath: "off" },
  { address: "192.0.2.13", name: "non2", addPath: "off" },
  { address: "192.0.2.14", name: "paths", routeReflectorClient: true, addPathSendMax: 1 },
  { address: "198.51.100.2", name: "outside", asNumber: 65001, import: { default: "accept" },
    export: { rules: [{ action: "Reject", cidr: "10.77.0.0/16", matchOperator: "In" }], default: "accept" } },
  { address: "192.0.2.15", name: "absent", connectRetrySeconds: 120 },
];

let world: World;
let client: Router;
let non1: Router;

beforeEach(async () => {
  world = await World.with({ neighbors: NEIGHBORS });
  client = world.router("192.0.2.11", { families: ["ipv4-unicast", "ipv6-unicast"] });
  non1 = world.router("192.0.2.12");
  world.router("192.0.2.13");
  world.router("192.0.2.14", { addPath: true });
  world.router("198.51.100.2", { asNumber: 65001 });
  world.run(5);
  client.announce(["10.1.0.0/16", "10.1.2.0/24", "10.1.2.128/25"], { communities: ["1:1"] });
  client.announce(["10.66.1.0/24"]);
  client.announce(["2001:db8:1::/48"], { nextHop: "2001:db8::11" });
  non1.announce(["10.1.2.0/24", "10.2.0.0/16"], { communities: ["2:2"], localPref: 50 });
  world.run(2);
});
afterEach(async () => world.stop());

const shown = (query: RouteQuery): string[] =>
  world.routes(query).map(({ prefix, from, best }) => `${prefix} ${from.name}${best ? " best" : ""}`).sort();

describe("show routes", () => {
  it.each<[string, RouteQuery, string[]]>([
    ["one prefix, all its paths", { prefix: "10.1.2.0/24" }, ["10.1.2.0/24 client best", "10.1.2.0/24 non1"]],
    ["its more specifics", { prefix: "10.1.2.0/24", longer: true },
      ["10.1.2.0/24 client best", "10.1.2.0/24 non1", "10.1.2.128/25 client best"]],
    ["the longest match of an address", { for: "10.1.2.200" }, ["10.1.2.128/25 client best"]],
    ["a shorter one", { for: "10.1.9.1" }, ["10.1.0.0/16 client best"]],
    ["none", { for: "172.16.0.1" }, []],
    ["a family", { family: "ipv6-unicast" }, ["2001:db8:1::/48 client best"]],
    ["a community", { community: "2:2" }, ["10.1.2.0/24 non1", "10.2.0.0/16 non1 best"]],
    ["one peer's paths", { peer: "non1" }, ["10.1.2.0/24 non1", "10.2.0.0/16 non1 best"]],
    ["what a peer sent, also what was rejected", { peer: "client", direction: "in", family: "ipv4-unicast" },
      ["10.1.0.0/16 client best", "10.1.2.0/24 client best", "10.1.2.128/25 client best", "10.66.1.0/24 client"]],
    ["what a peer was told", { peer: "client", direction: "out" }, ["10.2.0.0/16 non1 best"]],
    ["what a non-client was told of another", { peer: "non2", direction: "out" },
      ["10.1.0.0/16 client best", "10.1.2.0/24 client best", "10.1.2.128/25 client best"]],
    ["what it was told with a community", { peer: "non2", direction: "out", community: "2:2" }, []],
    ["nothing in or out of a peer that is not there", { peer: "absent", direction: "in" }, []],
  ])("%s", async (_, query, expected) => {
    expect(shown(query)).toEqual(expected);
    const prefixes = new Set(expected.map((line) => line.split(" ")[0])).size;
    expect(await world.until(world.api.countRoutes(query))).toEqual({ prefixes, paths: expected.length });
  });

  it("counts the best paths of each neighbour", async () => {
    const best = async (family: "ipv4-unicast" | "ipv6-unicast"): Promise<object> =>
      Object.fromEntries(await world.until(world.api.countBestPaths(family)));
    expect(await best("ipv4-unicast")).toEqual({ client: 3, non1: 1 });
    expect(await best("ipv6-unicast")).toEqual({ client: 1 });
    client.withdraw(["10.1.2.0/24"]);
    world.run(1);
    expect(await best("ipv4-unicast")).toEqual({ client: 2, non1: 2 });
  });

  it("agrees with what the router itself was told", () => {
    for (const { router, name } of [{ router: client, name: "client" }, { router: non1, name: "non1" }]) {
      const told = world.routes({ peer: name, direction: "out" }).map(({ prefix }) => prefix);
      expect(told.sort()).toEqual(router.prefixes);
    }
    const told = world.routes({ peer: "non1", direction: "out", prefix: "10.1.0.0/16" })[0]!;
    expect(told).toMatchObject({ originatorId: "192.0.2.11", clusterList: ["192.0.2.1"], nextHop: "192.0.2.11" });
  });

  it("says since when a path is as it is", () => {
    const [before] = world.routes({ prefix: "10.2.0.0/16" });
    world.run(100);
    non1.announce(["10.2.0.0/16"], { communities: ["2:2"], localPref: 50 });
    world.run(1);
    expect(world.routes({ prefix: "10.2.0.0/16" })[0]!.since).toBe(before!.since);
    non1.announce(["10.2.0.0/16"], { med: 1 });
    world.run(1);
    const [now] = world.routes({ prefix: "10.2.0.0/16" });
    expect(Date.parse(now!.since) - Date.parse(before!.since)).toBeGreaterThan(90_000);
    expect(world.routes({ peer: "client", direction: "out" })[0]!.since).toBe(now!.since);
  });

  it("lets others have their turn where nothing is found for long", async () => {
    for (let b = 0; b < 80; b++) {
      client.announce(Array.from({ length: 256 }, (_, c) => `20.${b}.${c}.0/24`));
    }
    world.run(5);
    const found = world.api.routes({ community: "9:9" });
    if ("refused" in found) throw new Error(found.refused);
    const items = [...found];
    expect(items.length).toBeGreaterThan(4);
    expect(items.every((item) => item === undefined)).toBe(true);
    expect(await world.until(world.api.countRoutes({ prefix: "20.0.0.0/8", longer: true })))
      .toEqual({ prefixes: 20_480, paths: 20_480 });
  });
});

describe("explain", () => {
  const explained = (prefix: string, to?: string): ExplainView => {
    const view = world.api.explain(prefix, to);
    if ("refused" in view) throw new Error(view.refused);
    return view;
  };
  const why = (prefix: string, to: string): string[] =>
    explained(prefix, to).peers.map(({ sent, reason }) => `${sent ? "sent" : "not"}: ${reason}`);

  it("gives every candidate and the stage that decided, with its clause", () => {
    const view = explained("10.1.2.0/24");
    expect(view.candidates.map(({ route, lostBy }) => [route.from.name, lostBy?.reason ?? "best"])).toEqual([
      ["client", "best"], ["non1", expect.stringMatching(/LOCAL_PREF/)],
    ]);
    expect(view.decidedBy!.source).toMatch(/RFC 4271/);
    expect(explained("10.1.0.0/16").decidedBy).toMatchObject({ reason: "only candidate" });
    expect(explained("172.16.0.0/16")).toMatchObject({ candidates: [], decidedBy: null });
  });

  it("says why each peer was not told", () => {
    client.announce(["10.77.1.0/24"]);
    client.announce(["10.3.0.0/16"], { originatorId: "192.0.2.13", clusterList: ["10.0.0.9"] });
    world.run(1);
    expect(why("10.1.0.0/16", "client")).toEqual(["not: it came from this peer"]);
    expect(why("10.2.0.0/16", "non2")).toEqual(["not: not reflected between non-clients"]);
    expect(why("10.77.1.0/24", "outside")).toEqual(["not: rejected by the export policy"]);
    expect(why("10.3.0.0/16", "non2")).toEqual(["not: this peer is its originator"]);
    expect(why("10.1.0.0/16", "absent")[0]).toMatch(/^not: the session is \w+, not Established/);
    expect(why("2001:db8:1::/48", "non1")).toEqual(["not: the session does not carry this family"]);
    expect(why("10.1.2.0/24", "paths").filter((line) => line.startsWith("not:"))[0]).toMatch(/addPathSendMax/);
    expect(why("10.1.2.0/24", "paths").filter((line) => line.startsWith("sent:"))).toHaveLength(1);
    expect(why("10.1.0.0/16", "non1")[0]).toMatch(/^sent: /);
  });

  it("shows what takes no part, with the reason", () => {
    const [only] = explained("10.66.1.0/24").candidates;
    expect(only).toMatchObject({ route: { best: false }, lostBy: { reason: "rejected by the import policy" } });
    expect(why("10.66.1.0/24", "non1")).toEqual(["not: no usable path"]);
  });
});

describe("show peers", () => {
  it("counts what was received, accepted and advertised, and the messages", () => {
    const view = world.view("client");
    expect(view.prefixes).toEqual({
      "ipv4-unicast": { received: 4, accepted: 3, advertised: 1 },
      "ipv6-unicast": { received: 1, accepted: 1, advertised: 0 },
    });
    expect(view).toMatchObject({
      state: "Established", localAddress: "192.0.2.1", routerId: "192.0.2.11", type: "node", flaps: 0,
      clusterId: "192.0.2.1", waiting: null, lastError: null, description: "rack 1", localAsNumber: 64512,
      families: ["ipv4-unicast", "ipv6-unicast"], policy: { import: "configured", export: "configured" },
    });
    expect(view.messages.in).toMatchObject({ open: 1, update: 3 });
    const { update, keepalive } = client.session.traffic.snapshot().messages.in;
    expect(view.messages.out).toMatchObject({ update, keepalive });
  });

  it("tells the fields that are asked for as the whole view does, and no others", () => {
    const [whole] = world.api.peers();
    expect([...world.api.partsOfPeers(["state", "nothing", "name"])][0]).toEqual({
      name: whole!.name, state: whole!.state,
    });
    expect([...world.api.partsOfPeers(Object.keys(whole!))]).toEqual([...world.api.peers()]);
  });

  it("keeps nothing of a session that is gone but its end", () => {
    client.session.stop({ text: "bye \u202e\u0007" });
    world.run(2);
    const view = world.view("client");
    expect(view.prefixes["ipv4-unicast"]).toEqual({ received: 0, accepted: 0, advertised: 0 });
    expect(view).toMatchObject({
      routerId: null, flaps: 1,
      lastError: { direction: "received", code: 6, subcode: 2, text: "bye \\u{202e}\\u{7}" },
    });
    expect(view.state).not.toBe("Established");
  });
});

describe("metrics", () => {
  it("leave out what each peer has where nobody wants it", () => {
    const all = [...world.api.metrics()];
    const without = [...world.api.metrics(false)];
    expect(without).toEqual(all.filter(({ labels }) => !Object.hasOwn(labels, "peer")));
    expect(without.length).toBeLessThan(all.length);
  });

  it("are the numbers of the views", () => {
    expect(world.metric("reflectd_peer_up", { peer: "client" })).toBe(1);
    expect(world.metric("reflectd_peer_up", { peer: "absent" })).toBe(0);
    expect(world.metric("reflectd_peer_state", { peer: "client", state: "Established", type: "node" })).toBe(1);
    expect(world.metric("reflectd_peer_prefixes", { peer: "client", family: "ipv4-unicast", rib: "in" })).toBe(4);
    expect(world.metric("reflectd_peer_prefixes", { peer: "client", family: "ipv4-unicast", rib: "accepted" })).toBe(3);
    expect(world.metric("reflectd_prefixes", { family: "ipv4-unicast" })).toBe(5);
    expect(world.metric("reflectd_paths", { family: "ipv4-unicast" })).toBe(6);
    expect(world.metric("reflectd_paths", { family: "ipv6-unicast" })).toBe(1);
    expect(world.metric("reflectd_bugs_total")).toBe(0);
    expect(world.metric("reflectd_convergence_seconds_count")).toBeGreaterThan(0);
  });

  it("do not grow with routes", () => {
    const before = [...world.api.metrics()].length;
    client.announce(Array.from({ length: 250 }, (_, c) => `20.0.${c}.0/24`));
    world.run(2);
    expect([...world.api.metrics()]).toHaveLength(before);
  });
});

describe("readiness", () => {
  it("waits for those that are dialled, for a while, and for End-of-RIB to be sent; then it stays", async () => {
    expect(world.api.ready()).toEqual({ ready: false, waitingFor: ["absent"] });
    world.run(30);
    expect(world.api.ready()).toEqual({ ready: true, waitingFor: [] });
    client.cut();
    world.run(0.01);
    expect(world.api.ready().ready).toBe(true);
    void world.daemon.stop("");
    expect(world.api.ready()).toEqual({ ready: false, waitingFor: ["the daemon is stopping"] });
  });

  it("does not wait for anybody who is disabled or has to dial us", async () => {
    await world.stop();
    world = await World.with({ neighbors: [
      { address: "192.0.2.11", enabled: false }, { address: "192.0.2.12", passive: true }, { range: "192.0.2.0/24" },
    ] });
    expect(world.api.ready()).toEqual({ ready: true, waitingFor: [] });
  });
});
