/** The helper of a neighbour that restarts (RFC 4724 §4.2, RFC 8538, RFC 9494), seen by another neighbour. */

import { afterEach, describe, expect, it } from "vitest";
import { World } from "./world.ts";
import type { Router, RouterOptions } from "./world.ts";

const ROUTES = ["10.0.1.0/24", "10.0.2.0/24", "10.0.3.0/24"];
const neighbor = (n: number, more: object = {}): object => ({
  address: `192.0.2.${n}`, name: `c${n}`, routeReflectorClient: true, addPath: "off",
  gracefulRestart: { restartTimeSeconds: 120 }, ...more,
});

let world: World;
let witness: Router;
let one: Router;
afterEach(async () => world.stop());

/** A neighbour with three routes, and one that sees them. */
async function begin(options: RouterOptions = {}, more: object = {}, watching: RouterOptions = {}): Promise<void> {
  world = await World.with({ neighbors: [neighbor(11, more), neighbor(12, more)] });
  one = world.router("192.0.2.11", { graceful: {}, ...options });
  witness = world.router("192.0.2.12", watching);
  world.run(5);
  one.announce(ROUTES);
  one.endOfRib();
  world.run(2);
  expect(witness.prefixes).toEqual(ROUTES);
  witness.news();
}

/** It is gone, as by a crash, and does not come back by itself. */
function crash(router: Router): void {
  router.cut();
  router.session.stop({ quietly: true });
  world.run(1);
}

const stale = (): number => world.routes().filter((route) => route.stale).length;

describe("a neighbour that is lost", () => {
  it("keeps its routes for its Restart Time, and nobody hears of it", async () => {
    await begin({ graceful: { restartTimeSeconds: 60 } });
    crash(one);
    expect([witness.prefixes, stale(), world.view("c11").prefixes["ipv4-unicast"]?.received]).toEqual([ROUTES, 3, 3]);
    world.run(55);
    expect(witness.news()).toEqual([]);
    world.run(10);
    expect([witness.prefixes, stale(), world.routes()]).toEqual([[], 0, []]);
  });

  it("that is back says them again unheard; what it does not say again goes with its End-of-RIB", async () => {
    await begin();
    crash(one);
    one.session.start();
    world.run(10);
    expect([one.isUp, stale()]).toEqual([true, 3]);
    one.announce(ROUTES.slice(0, 2));
    world.run(1);
    expect([witness.news(), stale()]).toEqual([[], 1]);
    one.endOfRib();
    world.run(1);
    expect([witness.news(), stale()]).toEqual([["-10.0.3.0/24"], 0]);
  });

  it("that is back without an F bit, or without the capability, loses them at once", async () => {
    for (const graceful of [{ forwarding: false }, undefined]) {
      await begin();
      crash(one);
      one = world.router("192.0.2.11", graceful === undefined ? {} : { graceful });
      world.run(10);
      expect([one.isUp, witness.prefixes]).toEqual([true, []]);
      await world.stop();
    }
  });

  it("without the capability, or with a neighbour that we did not offer it, leaves nothing", async () => {
    await begin({ graceful: undefined as never });
    crash(one);
    expect(witness.prefixes).toEqual([]);
    await world.stop();
    await begin({}, { gracefulRestart: undefined });
    crash(one);
    expect(witness.prefixes).toEqual([]);
  });

  it("a second time before its End-of-RIB keeps only what it said since (RFC 4724 §4.2)", async () => {
    await begin();
    crash(one);
    one.session.start();
    world.run(10);
    one.announce(ROUTES.slice(0, 1));
    world.run(1);
    crash(one);
    expect(witness.prefixes).toEqual(ROUTES.slice(0, 1));
    world.run(125);
    expect(witness.prefixes).toEqual([]);
  });

  it("that redials before we noticed takes its old connection's place, and keeps its routes", async () => {
    await begin({ passive: false });
    world.run(10); // a newcomer counts as a restart only then
    world.wire.blackhole("192.0.2.11", "192.0.2.1", true);
    one.session.stop({ quietly: true });
    world.run(1);
    world.wire.blackhole("192.0.2.11", "192.0.2.1", false);
    one.session.start();
    world.run(5);
    expect([one.ups, one.isUp, witness.news(), stale()]).toEqual([2, true, [], 3]);
    one.announce(ROUTES);
    one.endOfRib();
    world.run(2);
    expect([witness.news(), stale()]).toEqual([[], 0]);
  });
});

describe("a reload while a neighbour is away", () => {
  const reject = (cidr: string): object =>
    ({ rules: [{ action: "Reject", cidr, matchOperator: "Equal" }], default: "accept" });
  const reloaded = async (more: object): Promise<string[]> => {
    const result = await world.reload({ neighbors: [neighbor(11, more), neighbor(12)] });
    expect(result).toMatchObject({ refreshed: ["c11"], reset: [] });
    return witness.news();
  };

  it("judges what is kept of it by the new rules, and loses nothing", async () => {
    await begin();
    crash(one);
    expect(await reloaded({ import: reject(ROUTES[0]!) })).toEqual([`-${ROUTES[0]}`]);
    expect(world.view("c11").prefixes["ipv4-unicast"]).toMatchObject({ received: 3, accepted: 2 });
    expect(await reloaded({ import: reject(ROUTES[1]!) })).toEqual([`-${ROUTES[1]}`, `+${ROUTES[0]}`]);
    expect(world.view("c11").prefixes["ipv4-unicast"]).toMatchObject({ received: 3, accepted: 2 });
    one.session.start();
    world.run(10);
    one.announce(ROUTES.slice(0, 2));
    one.endOfRib();
    world.run(1);
    expect([one.isUp, witness.prefixes]).toEqual([true, [ROUTES[0]]]);
  });

  it("takes it as the client that it is from now on", async () => {
    await begin();
    crash(one);
    for (const routeReflectorClient of [false, true]) {
      await world.reload({ neighbors: [11, 12].map((n) => neighbor(n, { routeReflectorClient })) });
      expect(witness.prefixes).toEqual(routeReflectorClient ? ROUTES : []);
    }
  });
});

describe("what is kept ends at once", () => {
  it("where an operator disables the neighbour, or the configuration loses it", async () => {
    await begin();
    crash(one);
    world.api.disable("c11", "new cables");
    world.run(1);
    expect(witness.prefixes).toEqual([]);
    await world.stop();
    await begin();
    crash(one);
    await world.reload({ neighbors: [neighbor(12)] });
    expect([witness.prefixes, world.routes()]).toEqual([[], []]);
  });

  it("where another router answers at the address", async () => {
    await begin();
    crash(one);
    one = world.router("192.0.2.11", { graceful: {}, routerId: "10.9.9.9" });
    world.run(5);
    expect([one.isUp, witness.prefixes]).toEqual([true, []]);
  });

  it("where we end the session with a Cease that the neighbour cannot take as a restart", async () => {
    await begin();
    expect(world.api.reset("c11")).toEqual({ reset: ["c11"] });
    world.run(0.5);
    expect(witness.prefixes).toEqual([]);
  });
});

describe("with the N bit both ways (RFC 8538)", () => {
  const noted = { graceful: { notification: true } };

  it("a NOTIFICATION keeps routes, sent or received", async () => {
    await begin(noted);
    world.api.reset("c11");
    world.run(5);
    expect([one.downs[0]?.subcode, one.ups, witness.news(), stale()]).toEqual([4, 2, [], 3]);
    one.announce(ROUTES);
    one.endOfRib();
    world.run(1);
    one.session.reset();
    world.run(5);
    expect([one.ups, witness.news(), stale()]).toEqual([3, [], 3]);
  });

  it("so does the hold timer, and without it does not", async () => {
    for (const [options, kept] of [[noted, ROUTES], [{}, []]] as const) {
      await begin(options);
      world.wire.blackhole("192.0.2.11", "192.0.2.1", true);
      world.run(100);
      expect([world.view("c11").state === "Established", witness.prefixes]).toEqual([false, kept]);
      await world.stop();
    }
  });

  it("a Hard Reset does not: disabled, the neighbour is told so", async () => {
    await begin(noted);
    world.api.disable("c11", "new cables");
    world.run(1);
    expect(one.downs[0]).toMatchObject({ direction: "received", code: 6, subcode: 9, text: "new cables" });
    expect(witness.prefixes).toEqual([]);
  });

  it("a second loss before End-of-RIB keeps what is stale", async () => {
    await begin(noted);
    crash(one);
    one.session.start();
    world.run(10);
    one.announce(ROUTES.slice(0, 1));
    world.run(1);
    crash(one);
    expect([witness.news(), stale()]).toEqual([[], 3]);
  });
});

it("a member of a range stays as long as its routes do", async () => {
  world = await World.with({ neighbors: [neighbor(12), { range: "192.0.2.128/25", name: "nodes",
    routeReflectorClient: true, addPath: "off", gracefulRestart: {} }] });
  const node = world.router("192.0.2.130", { graceful: { restartTimeSeconds: 20 } });
  witness = world.router("192.0.2.12");
  world.run(5);
  node.announce(ROUTES);
  world.run(1);
  crash(node);
  world.run(10);
  expect([witness.prefixes, world.view("192.0.2.130").prefixes["ipv4-unicast"]?.received]).toEqual([ROUTES, 3]);
  world.run(15);
  expect([witness.prefixes, world.api.peer("192.0.2.130")]).toMatchObject([[], { what: "not-found" }]);
  world.run(10);
  expect(world.tables.peers.size).toBe(2);
});
