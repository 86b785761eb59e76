/** External sessions: what is written, removed, refused and marked at the edge of the AS. */

import { afterEach, describe, expect, it } from "vitest";
import { World } from "./world.ts";
import type { Router, RouterOptions } from "./world.ts";

const OPEN = { import: { default: "accept" }, export: { default: "accept" } };
const INSIDE = { address: "192.0.2.11", name: "inside", addPath: "off", routeReflectorClient: true };
const INSIDE2 = { address: "192.0.2.12", name: "inside2", addPath: "off", routeReflectorClient: true };
const OUTSIDE = { address: "198.51.100.2", name: "outside", asNumber: 65001, ...OPEN };

let world: World;
let inside: Router;
let inside2: Router;
let outside: Router;

async function begin(changes: object = {}, options: RouterOptions = {}): Promise<void> {
  world = await World.with({ neighbors: [INSIDE, INSIDE2, { ...OUTSIDE, ...changes }] });
  inside = world.router("192.0.2.11");
  inside2 = world.router("192.0.2.12");
  outside = world.router("198.51.100.2", { asNumber: 65001, ...options });
  world.run(5);
}

afterEach(async () => world.stop());

const FULL = {
  med: 5, localPref: 300, originatorId: "192.0.2.99", clusterList: ["10.5.5.5"], communities: ["1:2"],
};

describe("towards another AS", () => {
  it("our AS is prepended, the next hop is ours, and what is internal stays inside", async () => {
    await begin();
    inside.announce(["10.0.0.0/24"], FULL);
    world.run(1);
    expect(outside.table.get("10.0.0.0/24")).toEqual({
      origin: "igp", asPath: [{ type: "sequence", asns: [64512] }], nextHop: "192.0.2.1", communities: ["1:2"],
    });
    expect(inside2.table.get("10.0.0.0/24")).toMatchObject(
      { originatorId: "192.0.2.99", clusterList: ["192.0.2.1", "10.5.5.5"], localPref: 300, med: 5 });
  });

  it("the next hop is kept where that is asked for", async () => {
    await begin({ nextHop: "keep" });
    inside.announce(["10.0.0.0/24"]);
    world.run(1);
    expect(outside.table.get("10.0.0.0/24")!.nextHop).toBe("192.0.2.11");
  });

  it("NO_EXPORT stays in the AS, NO_ADVERTISE with us, and explain says so", async () => {
    await begin();
    inside.announce(["10.0.0.0/24"], { communities: ["65535:65281"] });
    inside.announce(["10.0.1.0/24"], { communities: ["65535:65282"] });
    inside.announce(["10.0.2.0/24"], { communities: ["65535:65283"] });
    world.run(1);
    expect(outside.prefixes).toEqual([]);
    expect(inside2.prefixes).toEqual(["10.0.0.0/24", "10.0.2.0/24"]);
    const reason = (prefix: string, to: string): unknown => {
      const explained = world.api.explain(prefix, to);
      return "refused" in explained ? explained : explained.peers[0]!.reason;
    };
    expect(reason("10.0.0.0/24", "outside")).toBe("NO_EXPORT");
    expect(reason("10.0.1.0/24", "inside2")).toBe("NO_ADVERTISE");
  });

  it("a 2-octet speaker gets AS_TRANS and AS4_PATH", async () => {
    await begin({ localAsNumber: 4_200_000_000 }, { fourOctetAs: false, daemonAsNumber: 4_200_000_000 });
    inside.announce(["10.0.0.0/24"], { asPath: [{ type: "sequence", asns: [4_200_000_001] }] });
    world.run(1);
    const told = outside.table.get("10.0.0.0/24")!;
    expect(told.asPath).toEqual([{ type: "sequence", asns: [4_200_000_000, 4_200_000_001] }]);
    expect(world.view("outside").capabilities.negotiated).toMatchObject({ fourOctetAs: false });
  });
});

describe("from another AS", () => {
  it("LOCAL_PREF, ORIGINATOR_ID and CLUSTER_LIST are not believed", async () => {
    await begin();
    outside.announce(["10.0.0.0/24"], FULL);
    world.run(1);
    const told = inside.table.get("10.0.0.0/24")!;
    expect(told).toMatchObject({ nextHop: "198.51.100.2", med: 5, localPref: 100 });
    expect([told.originatorId, told.clusterList]).toEqual([undefined, undefined]);
  });

  it("a route marked GRACEFUL_SHUTDOWN gets LOCAL_PREF 0 (RFC 8326)", async () => {
    await begin();
    outside.announce(["10.0.0.0/24"], { communities: ["65535:0"] });
    world.run(1);
    expect(inside.table.get("10.0.0.0/24")!.localPref).toBe(0);
  });

  it("the leftmost AS has to be the neighbour's, unless that is switched off", async () => {
    await begin();
    const foreign = { asPath: [{ type: "sequence" as const, asns: [65099] }] };
    outside.announce(["10.0.0.0/24"]);
    outside.announce(["10.0.0.0/24", "10.0.1.0/24"], foreign);
    world.run(1);
    expect(inside.prefixes).toEqual([]);
    expect(world.metric("reflectd_update_errors_total", { peer: "outside", disposition: "withdraw" })).toBe(1);
    expect(outside.isUp).toBe(true);
    await world.reload({ neighbors: [INSIDE, INSIDE2, { ...OUTSIDE, enforceFirstAs: false }] });
    expect(outside.news()).toContain("refresh 0"); // it was not kept, so it has to be asked for
    outside.announce(["10.0.0.0/24"], foreign);
    world.run(1);
    expect(inside.prefixes).toEqual(["10.0.0.0/24"]);
    await world.reload({ neighbors: [INSIDE, INSIDE2, OUTSIDE] });
    expect(inside.prefixes).toEqual([]);
    expect(outside.ups).toBe(1);
  });

  it("AS_SET is treated as withdrawn unless that is switched off", async () => {
    await begin();
    const set = { asPath: [
      { type: "sequence" as const, asns: [65001] }, { type: "set" as const, asns: [65002, 65003] },
    ] };
    outside.announce(["10.0.0.0/24"], set);
    world.run(1);
    expect(inside.prefixes).toEqual([]);
    await world.reload({ neighbors: [INSIDE, INSIDE2, { ...OUTSIDE, rejectAsSets: false }] });
    outside.announce(["10.0.0.0/24"], set);
    world.run(1);
    expect(inside.prefixes).toEqual(["10.0.0.0/24"]);
  });

  it("our own AS in the path is a loop, as often as allowOwnAs says", async () => {
    await begin();
    outside.announce(["10.0.0.0/24"], { asPath: [{ type: "sequence", asns: [65001, 64512] }] });
    world.run(1);
    expect(inside.prefixes).toEqual([]);
    expect(world.routes({ peer: "outside", direction: "in" })[0]!.rejected).toMatch(/loop/);
    await world.reload({ neighbors: [INSIDE, INSIDE2, { ...OUTSIDE, allowOwnAs: 1 }] });
    expect(inside.prefixes).toEqual(["10.0.0.0/24"]);
    await world.reload({ neighbors: [INSIDE, INSIDE2, OUTSIDE] });
    expect(inside.prefixes).toEqual([]);
  });

  it("a 2-octet speaker's AS4_PATH is put together again", async () => {
    await begin({}, { fourOctetAs: false });
    outside.announce(["10.0.0.0/24"], { asPath: [{ type: "sequence", asns: [65001, 4_200_000_001] }] });
    world.run(1);
    expect(inside.table.get("10.0.0.0/24")!.asPath).toEqual([{ type: "sequence", asns: [65001, 4_200_000_001] }]);
  });
});

describe("without a policy (RFC 8212)", () => {
  it("nothing is taken and nothing is told, and everybody can see why", async () => {
    await begin({ import: undefined, export: undefined });
    outside.announce(["10.0.0.0/24"]);
    inside.announce(["10.1.0.0/24"]);
    world.run(1);
    expect(inside.prefixes).toEqual([]);
    expect(outside.prefixes).toEqual([]);
    expect(outside.heard).toContain("eor ipv4-unicast");
    const view = world.view("outside");
    expect(view.policy).toEqual({ import: "no policy (RFC 8212)", export: "no policy (RFC 8212)" });
    expect(view.prefixes["ipv4-unicast"]).toEqual({ received: 1, accepted: 0, advertised: 0 });
    expect(world.routes({ peer: "outside", direction: "in" })[0]!.rejected).toBe("no import policy (RFC 8212)");
    expect(world.api.explain("10.1.0.0/24", "outside"))
      .toMatchObject({ peers: [{ sent: false, source: "RFC 8212 §2" }] });
    await world.reload({ neighbors: [INSIDE, INSIDE2, OUTSIDE] });
    expect([inside.prefixes, outside.prefixes]).toEqual([["10.0.0.0/24"], ["10.1.0.0/24"]]);
    expect(outside.ups).toBe(1);
    expect(world.view("outside").policy).toEqual({ import: "configured", export: "configured" });
  });
});

describe("roles (RFC 9234)", () => {
  it("a customer's route with OTC is a leak; a provider's gets OTC and goes to customers only", async () => {
    await begin({ role: "provider" }, { role: "customer" });
    outside.announce(["10.0.0.0/24"], { otc: 65001 } as object);
    outside.announce(["10.0.1.0/24"]);
    world.run(1);
    expect(inside.prefixes).toEqual(["10.0.1.0/24"]);
    expect(world.routes({ peer: "outside", direction: "in", prefix: "10.0.0.0/24" })[0]!.rejected).toMatch(/leak/);
    inside.announce(["10.2.0.0/24"]);
    world.run(1);
    expect(outside.table.get("10.2.0.0/24")).toMatchObject({ otc: 64512 });
  });

  it("what came from a provider is marked, and not told to another provider", async () => {
    await begin({ role: "customer" }, { role: "provider" });
    outside.announce(["10.0.0.0/24"]);
    world.run(1);
    expect(inside.table.get("10.0.0.0/24")).toMatchObject({ otc: 65001 });
    inside.announce(["10.2.0.0/24"], { otc: 65099 } as object);
    inside.announce(["10.3.0.0/24"]);
    world.run(1);
    expect(outside.prefixes).toEqual(["10.3.0.0/24"]);
    expect(world.api.explain("10.2.0.0/24", "outside")).toMatchObject({ peers: [{ reason: "only to customer" }] });
  });

  it("that do not fit refuse the session with 2/11", async () => {
    await begin({ role: "customer" }, { role: "customer" });
    expect(outside.isUp).toBe(false);
    expect(world.events("connection-ended")).toContainEqual(
      expect.objectContaining({ code: 2, subcode: 11, reason: "OPEN Message Error/Role Mismatch" }));
  });
});
