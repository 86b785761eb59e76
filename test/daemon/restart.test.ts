/** Our own restarts (RFC 4724 §4.1): who is waited for and how long, what our OPEN says, what is remembered. */

import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { decodeRestartState, encodeRestartState } from "../../src/daemon/restart-state.ts";
import { findCapability } from "../../src/messages/capabilities.ts";
import { AS_NUMBER, file, World } from "./world.ts";
import type { File, Router, RouterOptions } from "./world.ts";

const BOTH = ["ipv4-unicast", "ipv6-unicast"] as const;
const neighbor = (n: number, more: object = {}): object => ({
  address: `192.0.2.${n}`, name: `c${n}`, routeReflectorClient: true, addPath: "off",
  gracefulRestart: { restartTimeSeconds: 120 }, ...more,
});
const NEIGHBORS = [neighbor(11), neighbor(12), neighbor(13, { gracefulRestart: undefined })];

let world: World;
beforeEach(() => {
  world = new World(file({ neighbors: NEIGHBORS }));
  world.state = { text: undefined };
});
afterEach(async () => world.stop());

/** Three neighbours, all up and told everything; the third knows nothing of graceful restart. */
async function begin(first: RouterOptions = {}, second: RouterOptions = {}, keys: File = {}): Promise<Router[]> {
  world.nextFile = file({ neighbors: NEIGHBORS, ...keys });
  await world.start();
  const routers = [
    world.router("192.0.2.11", { graceful: {}, ...first }), world.router("192.0.2.12", { graceful: {}, ...second }),
    world.router("192.0.2.13"),
  ];
  world.run(5);
  for (const router of routers) router.endOfRib();
  world.run(2);
  for (const router of routers) router.news();
  return routers;
}

/** Killed, and started again by whoever watches over it. */
async function crash(): Promise<void> {
  world.crash();
  world.run(0.5);
  await world.start();
  world.run(4);
}

const told = ({ heard }: Router): string[] => heard.filter((item) => item.startsWith("+") || item.startsWith("eor"));
const bitsOf = (router: Router): unknown[] => {
  const graceful = findCapability(router.facts!.remote.capabilities, "gracefulRestart");
  return [graceful?.restarting, graceful?.notification, graceful?.restartTimeSeconds,
    graceful?.families.map(({ forwarding }) => forwarding)];
};

describe("after a crash", () => {
  it("nothing is told, not even End-of-RIB, before those who were there have said End-of-RIB", async () => {
    const [one, two, three] = await begin() as [Router, Router, Router];
    await crash();
    expect([one.isUp, two.isUp, three.isUp]).toEqual([true, true, true]);
    one.announce(["10.0.1.0/24"]);
    one.endOfRib();
    world.run(3);
    expect([told(one), told(two), told(three)]).toEqual([[], [], []]);
    expect(world.api.ready()).toEqual({ ready: false, waitingFor: ["End-of-RIB of 1 neighbours after a restart"] });
    two.endOfRib();
    world.run(1);
    expect([told(one), told(two), told(three)])
      .toEqual([["eor ipv4-unicast"], ["+10.0.1.0/24", "eor ipv4-unicast"], ["+10.0.1.0/24", "eor ipv4-unicast"]]);
    expect(world.events("restart-recovered")).toHaveLength(1);
  });

  it("who does not come back is waited for 15 s, not longer", async () => {
    const [one, two] = await begin() as [Router, Router];
    two.session.stop();
    world.run(0.1);
    world.state!.text = encodeRestartState({
      routerId: 0xc0000201, restartTimeSeconds: 120, forwarding: true,
      peers: [11, 12].map((n) => ({ name: `c${n}`, families: ["ipv4-unicast"] })),
    });
    await crash();
    one.endOfRib();
    world.run(10);
    expect(told(one)).toEqual([]);
    world.run(2);
    expect(told(one)).toEqual(["eor ipv4-unicast"]);
    expect(world.events("restart-recovery-incomplete")).toMatchObject([{ missing: 1, names: "c12" }]);
  });

  it("the wait is shorter than our own Restart Time", async () => {
    const short = { gracefulRestart: { restartTimeSeconds: 10 } };
    const neighbors = [neighbor(11, short), neighbor(12, short), NEIGHBORS[2]];
    const [one] = await begin({}, {}, { neighbors }) as [Router];
    await crash();
    world.run(0.9);
    expect(told(one)).toEqual([]);
    world.run(1);
    expect(told(one)).toEqual(["eor ipv4-unicast"]);
  });

  it("who restarted as well is not waited for, nor who speaks no graceful restart any more", async () => {
    const [one, two, three] = await begin() as [Router, Router, Router];
    for (const router of [one, two]) router.session.stop({ quietly: true });
    world.crash();
    await world.start();
    const again = [
      world.router("192.0.2.11", { graceful: { restarting: true } }), world.router("192.0.2.12"),
    ];
    world.run(4);
    expect(again.map((router) => router.isUp)).toEqual([true, true]);
    expect(told(three)).toEqual(["eor ipv4-unicast"]);
  });

  it("who is no neighbour any more is not waited for", async () => {
    const [one] = await begin() as [Router];
    world.nextFile = file({ neighbors: [NEIGHBORS[0], neighbor(12, { enabled: false })] });
    await crash();
    expect(told(one)).toEqual([]);
    one.endOfRib();
    world.run(1);
    expect(told(one)).toEqual(["eor ipv4-unicast"]);
  });

  it("each family waits for itself", async () => {
    const [one, two, three] = await begin({ families: BOTH }) as [Router, Router, Router];
    await crash();
    one.endOfRib("ipv4-unicast");
    two.endOfRib("ipv4-unicast");
    world.run(1);
    expect([told(one), told(two), told(three)]).toEqual([["eor ipv4-unicast"], ["eor ipv4-unicast"],
      ["eor ipv4-unicast"]]);
    one.endOfRib("ipv6-unicast");
    world.run(1);
    expect(told(one)).toEqual(["eor ipv4-unicast", "eor ipv6-unicast"]);
  });

  it("the first OPEN to each neighbour has the R bit, and every OPEN the N bit and the F bits", async () => {
    const [one, two, three] = await begin() as [Router, Router, Router];
    const first = [false, true, 120, [true, true]];
    expect([bitsOf(one), bitsOf(three)]).toEqual([first, [undefined, undefined, undefined, undefined]]);
    await crash();
    expect([bitsOf(one), bitsOf(two)]).toEqual([[true, ...first.slice(1)], [true, ...first.slice(1)]]);
    one.cut();
    world.run(5);
    expect([bitsOf(one), one.ups]).toEqual([first, 3]);
  });

  it("the R bit ends with the Restart Time, also towards who was not met", async () => {
    const [one, two] = await begin() as [Router, Router];
    two.session.stop({ quietly: true });
    await crash();
    expect(one.isUp).toBe(true);
    world.run(125);
    two.session.start();
    world.run(5);
    expect(bitsOf(two)[0]).toBe(false);
  });

  it("a second crash while it is recovered from is a restart like the first", async () => {
    const [one, two] = await begin() as [Router, Router];
    await crash();
    one.endOfRib();
    world.run(3);
    await crash();
    expect([one.isUp, two.isUp, told(one), told(two)]).toEqual([true, true, [], []]);
    expect(bitsOf(one)[0]).toBe(true);
    for (const router of [one, two]) router.endOfRib();
    world.run(1);
    expect([told(one), told(two)]).toEqual([["eor ipv4-unicast"], ["eor ipv4-unicast"]]);
  });
});

describe("what is remembered", () => {
  const remembered = (): unknown => decodeRestartState(world.state!.text ?? "");

  it("is who is up with graceful restart, and the families", async () => {
    const [one] = await begin({ families: BOTH }) as [Router];
    expect(remembered()).toEqual({
      routerId: 0xc0000201, restartTimeSeconds: 120, forwarding: true,
      peers: [{ name: "c11", families: [...BOTH] }, { name: "c12", families: ["ipv4-unicast"] }],
    });
    one.session.stop();
    world.run(3);
    expect(remembered()).toMatchObject({ peers: [{ name: "c12" }] });
  });

  it("is nothing after a goodbye, and everything after a stop that means back soon", async () => {
    await begin();
    await world.until(world.api.shutdown({ drainSeconds: 0 }));
    expect(world.state!.text).toBeUndefined();
    world.crash();
    await world.start();
    world.run(5);
    await world.until(world.daemon.stop(""));
    expect(remembered()).toMatchObject({ peers: [{ name: "c11" }, { name: "c12" }] });
  });

  it("is not believed where it is cut off, foreign or another speaker's: one warning, and a start like the first",
    async () => {
      const peers = [{ name: "c11", families: [] }];
      const whole = encodeRestartState({ routerId: 9, restartTimeSeconds: 120, forwarding: true, peers });
      for (const text of ["", whole.slice(0, -9), "{}", "[1]", "null", whole,
        whole.replace("120", "-1"), whole.replace("[]", '["ipv9"]'), whole.replace('"c11"', "11"),
        whole.replace("true", "1")]) {
        world = new World(file({ neighbors: NEIGHBORS }));
        world.state = { text };
        await world.start();
        const one = world.router("192.0.2.11", { graceful: {} });
        world.run(4);
        expect([bitsOf(one)[0], told(one)], text).toEqual([false, ["eor ipv4-unicast"]]);
        expect(world.events("restart-state"), text).toHaveLength(1);
        await world.stop();
      }
    });
});

describe("a stop that means back soon", () => {
  it("says a Cease that keeps routes to who speaks RFC 8538, nothing to who would forget them, goodbye to the others",
    async () => {
      const [one, two, three] = await begin({ graceful: { notification: true } }) as [Router, Router, Router];
      await world.until(world.daemon.stop("back soon"));
      world.run(1);
      expect(one.downs[0]).toMatchObject({ direction: "received", code: 6, subcode: 4, text: "back soon" });
      expect(two.downs[0]).toMatchObject({ direction: "local", code: 0 });
      expect(three.downs[0]).toMatchObject({ direction: "received", code: 6, subcode: 2, text: "back soon" });
    });

  it("is what the command restart means, whatever the configuration says of signals", async () => {
    const [one, two] = await begin({ graceful: { notification: true } }, {}, { onStop: "shutdown" }) as Router[];
    await world.until(world.api.restart());
    world.run(1);
    expect(one!.downs[0]).toMatchObject({ direction: "received", code: 6, subcode: 4, text: "restart" });
    expect(two!.downs[0]).toMatchObject({ direction: "local", code: 0 });
    expect(world.state!.text).toBeDefined();
    expect(await world.daemon.finished).toEqual({ startAgain: true });
  });

  it("is a goodbye where the configuration says so: a Hard Reset to who would keep routes otherwise", async () => {
    const [one, two] = await begin({ graceful: { notification: true } }, {}, { onStop: "shutdown" }) as Router[];
    await world.until(world.daemon.stop("good night"));
    world.run(1);
    expect(one!.downs[0]).toMatchObject({ direction: "received", code: 6, subcode: 9, text: "good night" });
    expect(two!.downs[0]).toMatchObject({ direction: "received", code: 6, subcode: 2, text: "good night" });
    expect(world.state!.text).toBeUndefined();
  });
});

it("a speaker without graceful restart remembers nothing", async () => {
  world.nextFile = file({ asNumber: AS_NUMBER, neighbors: [NEIGHBORS[2]] });
  await world.start();
  world.router("192.0.2.13", { graceful: {} });
  world.run(5);
  expect(world.state!.text).toBeUndefined();
});
