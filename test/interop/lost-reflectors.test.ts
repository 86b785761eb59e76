/**
 * Reflectors that are killed and do not come back in time, or die twice (RFC 4724, RFC 9494): what the tables of BIRD
 * and of the other reflector hold, and for how long.
 */

import { afterAll, beforeAll, expect, it } from "vitest";
import { startBird } from "../support/lab/bird.ts";
import { allEstablished, blockOf, expected, hasEverywhere, lacksEverywhere } from "../support/lab/cluster.ts";
import { Lab } from "../support/lab/lab.ts";
import type { LabNode } from "../support/lab/lab.ts";
import { client, startReflectd } from "../support/lab/reflectd.ts";
import type { Reflectd } from "../support/lab/reflectd.ts";
import type { InteropRoute, Router } from "../support/lab/router.ts";
import { interopSuite } from "../support/lab/suite.ts";
import { missing, unnoticed } from "../support/lab/unnoticed.ts";
import { pause, staysFor, waitFor } from "../support/lab/waiting.ts";

const CLUSTER_ID = "244.0.0.1";
const LLGR_STALE = "65535:6";
const NO_EXPORT = "65535:65281";
const prefixesOf = (router: Router, number: number): string[] => blockOf(router, number).map(({ prefix }) => prefix);

interopSuite("one of two reflectors is killed, then both", ["bird-1.6.8"], () => {
  const RESTART_SECONDS = 6;
  let lab: Lab;
  let hubs: readonly [LabNode, LabNode];
  let reflectors: readonly [Reflectd, Reflectd];
  let birds: readonly [Router, Router];

  /** What a BIRD has from a reflector, as prefixes. */
  const heldFrom = async (bird: Router, hub: LabNode): Promise<string[]> =>
    (await bird.routes()).filter(({ from }) => from === hub.v4).map(({ prefix }) => prefix);
  /** The routes that the BIRDs lack of each other's, by that reflector. */
  const lackedFrom = async (hub: LabNode): Promise<string[]> => {
    const [a, b] = birds;
    const [atA, atB] = [await heldFrom(a, hub), await heldFrom(b, hub)];
    return [...prefixesOf(b, 1).filter((prefix) => !atA.includes(prefix)),
      ...prefixesOf(a, 0).filter((prefix) => !atB.includes(prefix))];
  };

  beforeAll(async () => {
    lab = await Lab.create();
    const [one, two, a, b] = [await lab.node("rr1"), await lab.node("rr2"), await lab.node("a"), await lab.node("b")];
    hubs = [one, two];
    const graceful = { gracefulRestart: { restartTimeSeconds: RESTART_SECONDS } };
    const start = (self: LabNode, other: LabNode): Promise<Reflectd> => startReflectd(self, `reflectd-${self.name}`,
      { clusterId: CLUSTER_ID, neighbors: [client(other.v4, { ...graceful, routeReflectorClient: false }),
        ...[a, b].map((node) => client(node.v4, graceful))] });
    reflectors = await Promise.all([start(one, two), start(two, one)]);
    birds = await Promise.all([a, b].map((node) => startBird(node, `bird1-${node.name}`,
      { version: "1.6", peers: hubs.map(({ v4 }) => ({ address: v4 })) }))) as unknown as [Router, Router];
    await allEstablished(lab, [...birds, ...reflectors]);
    for (const [number, bird] of birds.entries()) await bird.announce(...blockOf(bird, number));
    for (const hub of hubs) await waitFor(lab, "all routes", () => lackedFrom(hub), (lacked) => lacked.length === 0);
  }, 60_000);
  afterAll(async () => { await lab?.close(); }, 60_000);

  it("of one: nobody withdraws anything within its Restart Time, then only what came by it", async () => {
    const [dead, alive] = hubs;
    const lacked = async (): Promise<string[]> => [...await lackedFrom(dead), ...await lackedFrom(alive)];
    await reflectors[0].kill9();
    await staysFor(lab, "nothing withdrawn", lacked, (gone) => gone.length === 0, (RESTART_SECONDS - 1) * 1000);
    await waitFor(lab, "what came by the dead one to go", () => heldFrom(birds[0], dead), (held) => held.length === 0);
    expect(await lackedFrom(alive)).toEqual([]);
  }, 30_000);

  it("who is back gives everything again", async () => {
    await reflectors[0].again();
    await waitFor(lab, "all routes", () => lackedFrom(hubs[0]), (lacked) => lacked.length === 0);
    await allEstablished(lab, [...birds, ...reflectors]);
  }, 30_000);

  it("of both at once: nobody withdraws anything either, and they come back as they were", async () => {
    const lacked = async (): Promise<string[]> => [...await lackedFrom(hubs[0]), ...await lackedFrom(hubs[1])];
    await unnoticed(lab, lacked, async () => {
      await Promise.all(reflectors.map((one) => one.kill9()));
      await Promise.all(reflectors.map((one) => one.again()));
      await allEstablished(lab, [...birds, ...reflectors]);
    }, 4000);
  }, 60_000);
});

interopSuite("a second loss within the Restart Time", ["bird-1.6.8"], () => {
  it("makes a helper forget, and the second recovery tells it everything again", async () => {
    const lab = await Lab.create();
    try {
      const hub = await lab.node("rr");
      const nodes = [await lab.node("a"), await lab.node("b"), await lab.node("c")];
      const graceful = { gracefulRestart: { restartTimeSeconds: 16 } }; // so that a recovery lasts 8 s at most
      const reflector = await startReflectd(hub, "reflectd", { clusterId: CLUSTER_ID,
        neighbors: nodes.map(({ v4 }) => client(v4, graceful)) });
      const [a, b, dead] = await Promise.all(nodes.map((node) => startBird(node, `bird1-${node.name}`,
        { version: "1.6", peers: [{ address: hub.v4 }] }))) as unknown as [Router, Router, Router];
      await allEstablished(lab, [a, b, dead, reflector]);
      await a.announce(...blockOf(a, 0));
      await hasEverywhere(lab, [b, dead], expected(a, blockOf(a, 0), [CLUSTER_ID]));
      await pause(1500); // the state file knows them
      // Who does not come back is waited for, so that nothing is told between the first recovery and the second loss.
      await dead.kill9();
      await reflector.kill9();
      await reflector.again();
      await allEstablished(lab, [a, b]);
      expect(await missing([b], () => prefixesOf(a, 0))).toEqual([]);
      await reflector.kill9();
      await lacksEverywhere(lab, [b], prefixesOf(a, 0)); // RFC 4724 §4.2: stale already, so it is deleted
      await reflector.again();
      await hasEverywhere(lab, [b], expected(a, blockOf(a, 0), [CLUSTER_ID]), 30_000);
    } finally {
      await lab.close();
    }
  }, 90_000);
});

interopSuite("long-lived graceful restart between two reflectors", ["bird-1.6.8", "bird2"], () => {
  it("keeps the routes of a dead one as stale and least preferred, tells who speaks it, and ends", async () => {
    const lab = await Lab.create();
    try {
      const [one, two, a, b, c, d] = [await lab.node("rr1"), await lab.node("rr2"), await lab.node("a"),
        await lab.node("b"), await lab.node("c"), await lab.node("d")];
      const longLived = { gracefulRestart: { restartTimeSeconds: 2, longLivedSeconds: 7 } };
      const [dead, alive] = await Promise.all([
        startReflectd(one, "reflectd-rr1", { clusterId: "244.0.0.1", neighbors: [
          client(two.v4, { ...longLived, routeReflectorClient: false }), client(a.v4)] }),
        startReflectd(two, "reflectd-rr2", { clusterId: "244.0.0.2", neighbors: [
          client(one.v4, { ...longLived, routeReflectorClient: false }), client(b.v4, longLived), client(c.v4),
          client(d.v4, { advertiseToNonLlgrNeighbor: true })] }),
      ]);
      const source = await startBird(a, "bird1-a", { version: "1.6", peers: [{ address: one.v4 }] });
      const speaker = await startBird(b, "bird2-b", { version: "2", peers: [{ address: two.v4 }] });
      const plain = await startBird(c, "bird1-c",
        { version: "1.6", peers: [{ address: two.v4 }], longLived: false });
      const told = await startBird(d, "bird1-d",
        { version: "1.6", peers: [{ address: two.v4 }], longLived: false });
      await allEstablished(lab, [source, speaker, plain, told, dead, alive]);
      const [route] = blockOf(source, 0);
      const { prefix } = route!;
      await source.announce(route!);
      await hasEverywhere(lab, [speaker, plain, told], [{ prefix }]);
      const pathsAt = async (router: Router): Promise<InteropRoute[]> =>
        (await router.routes()).filter((one) => one.prefix === prefix);
      const isStale = ({ communities }: InteropRoute): boolean => communities.includes(LLGR_STALE);

      await dead.kill9();
      await waitFor(lab, "a long-lived stale route", () => pathsAt(alive), (paths) => paths.some(isStale));
      await waitFor(lab, "it at who speaks it", () => pathsAt(speaker), (paths) => paths.some(isStale));
      await lacksEverywhere(lab, [plain], [prefix]);
      const [last] = await waitFor(lab, "it as a last resort", () => pathsAt(told), (paths) => paths.some(isStale));
      expect([last!.localPref, last!.communities.includes(NO_EXPORT)]).toEqual([0, true]);
      // However much better it is otherwise: 200 against 100.
      await plain.announce({ prefix, localPref: 100 });
      const paths = await waitFor(lab, "another path", () => pathsAt(alive), ({ length }) => length === 2);
      expect(paths.find(({ best }) => best)).toMatchObject({ localPref: 100, from: c.v4 });
      await waitFor(lab, "its end", () => pathsAt(alive), ({ length }) => length === 1, 20_000);
    } finally {
      await lab.close();
    }
  }, 90_000);
});
