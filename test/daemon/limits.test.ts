/** What a neighbour may say: prefix limits, rules of eBGP sessions, and that a reload changes them without a reset. */

import { afterEach, describe, expect, it, vi } from "vitest";
import { parsePrefix } from "../../src/base/prefix.ts";
import type { PeerView, RouteView } from "../../src/daemon/api.ts";
import { encodeAttributes } from "../../src/messages/describe.ts";
import type { RouteAttributes } from "../../src/messages/describe.ts";
import { encodeUpdate, endOfRib } from "../../src/messages/update.ts";
import type { TestDaemon } from "../support/running-daemon.ts";
import { testDaemon } from "../support/running-daemon.ts";

let daemon: TestDaemon | undefined;
afterEach(async () => {
  await daemon?.stop();
  daemon = undefined;
});

const PREFIXES = ["10.1.0.0/26", "10.2.0.0/26", "10.3.0.0/26"];
const EOR = endOfRib("ipv4-unicast");

function announce(prefixes: readonly string[], attributes: RouteAttributes = {}): Uint8Array {
  return encodeUpdate({ family: "ipv4-unicast", nextHop: Uint8Array.of(192, 0, 2, 9),
    announced: prefixes.map((prefix) => ({ prefix: parsePrefix(prefix)! })),
    attributes: encodeAttributes({ origin: "igp", asPath: [], ...attributes }) });
}
const until = (check: () => void): Promise<void> => vi.waitFor(check, { timeout: 10_000, interval: 10 });
const view = (name: string): PeerView => daemon!.api.peer(name) as PeerView;
const accepted = (name: string): number | undefined => view(name).prefixes["ipv4-unicast"]?.accepted;
const inTable = (): string[] =>
  [...daemon!.api.routes({}) as Iterable<RouteView>].map(({ prefix }) => prefix).sort();

describe("a prefix limit", () => {
  const limited = (action: string): object => ({ neighbors: [
    { name: "node", address: "127.0.0.2", passive: true, routeReflectorClient: true, addPath: "off",
      prefixLimit: { "ipv4-unicast": { max: 2, action, ...(action === "restart" ? { restartSeconds: 600 } : {}) } } },
    { name: "other", address: "127.0.0.3", passive: true, routeReflectorClient: true }] });

  it("that is not crossed does nothing", async () => {
    daemon = await testDaemon(limited("shutdown"));
    daemon.peer("127.0.0.2", 64512, [announce(PREFIXES.slice(0, 2)), announce(PREFIXES.slice(0, 2), { med: 1 }), EOR]);
    await until(() => expect(accepted("node")).toBe(2));
    expect(view("node").state).toBe("Established");
  });
  it("that warns keeps every route", async () => {
    daemon = await testDaemon(limited("warn"));
    daemon.peer("127.0.0.2", 64512, [announce(PREFIXES), EOR]);
    await until(() => expect(inTable()).toEqual(PREFIXES));
    expect(view("node").state).toBe("Established");
  });
  it("that drops keeps the session and the routes within it", async () => {
    daemon = await testDaemon(limited("drop"));
    const other = daemon.peer("127.0.0.3", 64512, []);
    daemon.peer("127.0.0.2", 64512, [announce(PREFIXES), EOR]);
    await until(() => expect(inTable()).toEqual(PREFIXES.slice(0, 2)));
    await until(() => expect(other.prefixes).toEqual(PREFIXES.slice(0, 2)));
    expect(view("node").state).toBe("Established");
  });
  it.each(["restart", "shutdown"])("that means %s ends the session with Cease 6/1 and takes its routes back",
    async (action) => {
      daemon = await testDaemon(limited(action));
      const other = daemon.peer("127.0.0.3", 64512, [EOR]);
      await until(() => expect(view("other").state).toBe("Established"));
      const node = daemon.peer("127.0.0.2", 64512, [announce(PREFIXES), EOR]);
      await until(() => expect(node.ends).toMatchObject([{ direction: "received", code: 6, subcode: 1 }]));
      await until(() => expect(inTable()).toEqual([]));
      await until(() => expect(other.prefixes).toEqual([]));
      expect(view("node")).toMatchObject({ state: "Idle", lastError: { direction: "sent", code: 6, subcode: 1 } });
      expect(view("other").state).toBe("Established");
    });
});

describe("an eBGP session", () => {
  const neighbor = { name: "edge", address: "127.0.0.4", passive: true, asNumber: 65001 };
  const sequence = (...asns: number[]): RouteAttributes => ({ asPath: [{ type: "sequence", asns }] });
  const said = [
    announce(["10.1.0.0/26"], sequence(65001)),
    announce(["10.2.0.0/26"], sequence(65002, 65001)), // the leftmost AS is another (RFC 4271 §6.3)
    announce(["10.3.0.0/26"], { asPath: [{ type: "sequence", asns: [65001] }, { type: "set", asns: [7, 8] }] }),
    announce(["10.4.0.0/26"], sequence(65001, 64512)), // our own AS (RFC 4271 §9.1.2)
    EOR,
  ];
  const best = (): string[] => [...daemon!.api.routes({}) as Iterable<RouteView>].filter((route) => route.best)
    .map(({ prefix }) => prefix).sort();

  it("takes good paths only: first AS, no AS_SET (RFC 9774), no loop", async () => {
    daemon = await testDaemon({ neighbors: [{ ...neighbor, import: { default: "accept" } }] });
    daemon.peer("127.0.0.4", 65001, said);
    await until(() => expect(best()).toEqual(["10.1.0.0/26"]));
    expect(view("edge").state).toBe("Established");
  });
  it("takes the others where it is told to", async () => {
    daemon = await testDaemon({ neighbors: [{ ...neighbor, import: { default: "accept" },
      enforceFirstAs: false, rejectAsSets: false, allowOwnAs: 1 }] });
    daemon.peer("127.0.0.4", 65001, said);
    await until(() => expect(best()).toEqual(["10.1.0.0/26", "10.2.0.0/26", "10.3.0.0/26", "10.4.0.0/26"]));
  });
  it("takes and tells nothing without a policy (RFC 8212), and both once a reload brings one, without a reset",
    async () => {
      const node = { name: "node", address: "127.0.0.2", passive: true, routeReflectorClient: true };
      daemon = await testDaemon({ neighbors: [neighbor, node] });
      const edge = daemon.peer("127.0.0.4", 65001, said);
      daemon.peer("127.0.0.2", 64512, [announce(["10.9.0.0/26"], { localPref: 100 }), EOR]);
      await until(() => expect(best()).toEqual(["10.9.0.0/26"]));
      await until(() => expect(edge.heard.length).toBeGreaterThanOrEqual(2)); // End-of-RIB of both families
      expect([edge.prefixes, view("edge").policy.import]).toEqual([[], expect.stringContaining("8212")]);
      const policy = { import: { default: "accept" }, export: { default: "accept" } };
      daemon.configure({ neighbors: [{ ...neighbor, ...policy }, node] });
      expect(await daemon.api.reload()).toMatchObject({ reset: [], refreshed: ["edge"], untouched: ["node"] });
      await until(() => expect(best()).toEqual(["10.1.0.0/26", "10.9.0.0/26"]));
      await until(() => expect(edge.prefixes).toEqual(["10.9.0.0/26"]));
      expect(edge.heard.at(-1)).toMatchObject({ attributes: { asPath: [{ type: "sequence", asns: [64512] }] } });
      expect(edge.heard.at(-1)!["attributes"]).not.toHaveProperty("localPref");
      expect(edge.ends).toEqual([]);
    });
});
