/** What the daemon answers to those who ask: mistakes say what to do, numbers and names are those that users know. */

import { afterEach, describe, expect, it, vi } from "vitest";
import type { ExplainView, PeerView, RouteQuery, RouteView } from "../../src/daemon/api.ts";
import { typedCommunity, typedPrefix } from "../../src/daemon/typed.ts";
import type { TestDaemon } from "../support/running-daemon.ts";
import { testDaemon } from "../support/running-daemon.ts";

let daemon: TestDaemon | undefined;
afterEach(async () => {
  await daemon?.stop();
  daemon = undefined;
});

const until = (check: () => void): Promise<void> => vi.waitFor(check, { timeout: 10_000, interval: 10 });
const NEIGHBORS = [
  { name: "client", address: "127.0.0.2", passive: true, routeReflectorClient: true,
    export: { default: "accept", rules: [{ action: "Reject", cidr: "10.9.0.0/16", matchOperator: "In" }] } },
  { name: "other", address: "127.0.0.3", passive: true, asNumber: 65001 },
];
const OWN = { prefix: "10.1.0.0/24", nextHop: "192.0.2.1", communities: ["64512:1", "no-export"] };

describe("what users type", () => {
  it.each([
    ["10.9.0.1/24", /did you mean 10\.9\.0\.0\/24\?/], ["10.9.0.0/33", /write it like/], ["nodes", /write it like/],
    ["2001:db8::1/64", /did you mean 2001:db8::\/64\?/],
  ])("%s is no prefix, and what to do is said", (text, why) => {
    expect(typedPrefix(text)).toMatchObject({ what: "invalid", refused: expect.stringMatching(why) });
  });
  it("takes an address alone as the prefix of its full length", () => {
    expect(typedPrefix("10.9.0.1")).toMatchObject({ length: 32 });
  });
  it.each([
    ["64512:100", [64512, 100]], ["64512:1:2", [64512, 1, 2]], ["4294967295:0:1", [4294967295, 0, 1]],
    ["no-export", [65535, 65281]], ["graceful-shutdown", [65535, 0]],
  ])("%s is a community", (text, numbers) => {
    expect(typedCommunity(text)).toEqual(numbers);
  });
  it.each(["64512", "64512:", ":1", "64512:65536", "1:2:3:4", "1:2:4294967296", "1e3:1", "0x1:1", "NO-EXPORT"])(
    "%s is none", (text) => {
      expect(typedCommunity(text)).toMatchObject({ refused: expect.stringMatching(/is no community \(write it like/) });
    });
});

describe("a daemon with two neighbours", () => {
  const start = async (): Promise<TestDaemon> => {
    daemon = await testDaemon({ clusterId: "192.0.2.9", neighbors: NEIGHBORS, originate: [OWN] });
    daemon.peer("127.0.0.2", 64512, []);
    daemon.peer("127.0.0.3", 65001, []);
    await until(() => expect(daemon!.api.groups()).toHaveLength(4));
    return daemon;
  };
  const prefixes = (query: RouteQuery): string[] =>
    [...daemon!.api.routes(query) as Iterable<RouteView | undefined>].flatMap((view) => (view ? [view.prefix] : []));

  it("numbers groups over all families, so that no two time series are one", async () => {
    const { api } = await start();
    const ids = api.groups().map(({ id }) => id);
    expect(new Set(ids).size).toBe(ids.length);
    const series = [...api.metrics()].map(({ name, labels }) => `${name} ${JSON.stringify(labels)}`);
    expect(new Set(series).size).toBe(series.length);
  });

  it("tells a group's key as the configuration writes such things", async () => {
    const { api } = await start();
    const keys = api.groups().map(({ key }) => key);
    expect(keys[0]).toMatchObject({
      kind: "client", clusterId: "192.0.2.9", selfAddress: null,
      exportPolicy: { default: "accept", rules: [{ cidr: "10.9.0.0/16", matchOperator: "In", action: "Reject" }] },
    });
    expect(keys.find(({ kind }) => kind === "ebgp")).toMatchObject({
      clusterId: null, selfAddress: "127.0.0.1", exportPolicy: "no policy (RFC 8212)",
    });
  });

  it("finds well-known communities by name, in Loc-RIB and in what a peer was told", async () => {
    await start();
    expect(prefixes({ community: "no-export" })).toEqual(["10.1.0.0/24"]);
    expect(prefixes({ community: "no-advertise" })).toEqual([]);
    await until(() => expect(prefixes({ peer: "client", direction: "out", community: "64512:1" })).toHaveLength(1));
    expect(prefixes({ peer: "client", direction: "out", community: "64512:2" })).toEqual([]);
  });

  it("counts NOTIFICATIONs under the directions of other messages", async () => {
    const { api } = await start();
    api.reset("client");
    await until(() => {
      const counted = [...api.metrics()].find(({ name }) => name === "reflectd_notifications_total");
      expect(counted?.labels).toEqual({ peer: "client", direction: "out", code: "6", subcode: "4" });
    });
  });

  it("explains why a neighbour was told and why not", async () => {
    const { api } = await start();
    const why = (): unknown => (api.explain("10.1.0.0/24") as ExplainView).peers;
    await until(() => expect(why()).toEqual([
      { peer: "client", sent: true, reason: "best path", source: "RFC 4271 §9.2" },
      { peer: "other", sent: false, reason: "no export policy", source: "RFC 8212 §2" },
    ]));
  });

  it("explains a neighbour without a session by its state", async () => {
    const { api } = await start();
    api.disable("other");
    await until(() => {
      const { peers } = api.explain("10.1.0.0/24") as ExplainView;
      expect(peers.find(({ peer }) => peer === "other")?.reason).toBe("the session is disabled, not Established");
    });
  });

  it("tells since when a neighbour is down, whatever it tried since", async () => {
    const { api } = await start();
    daemon!.configure({ clusterId: "192.0.2.9", neighbors: [...NEIGHBORS,
      { name: "dead", address: "127.0.0.9", port: 1, connectRetrySeconds: 1, idleHoldSeconds: [1, 1] }] });
    await api.reload();
    const dead = (): PeerView => api.peer("dead") as PeerView;
    const { upOrDownSince } = dead();
    await until(() => expect(dead().lastError).not.toBeNull());
    await until(() => expect(dead().since > upOrDownSince).toBe(true));
    expect(dead().upOrDownSince).toBe(upOrDownSince);
    const client = api.peer("client") as PeerView;
    expect(client.upOrDownSince).toBe(client.since);
  });
});
