/**
 * Five kinds of real routers as clients of one reflectd: what one announces, every other holds, with the attributes
 * that RFC 4456 asks for; what one withdraws, or takes with it when it dies or falls silent, nobody keeps.
 */

import { afterAll, beforeAll, expect, it } from "vitest";
import { startBird } from "../support/lab/bird.ts";
import { capture } from "../support/lab/capture.ts";
import type { Capture } from "../support/lab/capture.ts";
import {
  allEstablished, blockOf, expected, expectSoundBytes, hasEverywhere, lacksEverywhere, matches,
} from "../support/lab/cluster.ts";
import { startFrr } from "../support/lab/frr.ts";
import { startGobgp } from "../support/lab/gobgp.ts";
import { Lab } from "../support/lab/lab.ts";
import type { LabNode } from "../support/lab/lab.ts";
import { startOpenbgpd } from "../support/lab/openbgpd.ts";
import { client, startReflectd } from "../support/lab/reflectd.ts";
import type { Reflectd } from "../support/lab/reflectd.ts";
import type { Router } from "../support/lab/router.ts";
import { interopSuite } from "../support/lab/suite.ts";

const NEEDS = ["bird-1.6.8", "bird2", "frr", "gobgpd", "openbgpd", "tshark"] as const;

interopSuite("a cluster of BIRD 1.6.8, BIRD 2, FRR, GoBGP and OpenBGPD", NEEDS, () => {
  const CLUSTER_ID = "244.0.0.1";
  let lab: Lab;
  let hub: LabNode;
  let pcap: Capture;
  let reflector: Reflectd;
  /** In the order in which they die. */
  let clients: Router[];
  /** Everyone, dead or alive: the place in it is the number of one's blocks. */
  let roster: readonly Router[];

  const blocksOf = (router: Router): ReturnType<typeof blockOf> => blockOf(router, roster.indexOf(router));
  const othersThan = (router: Router): Router[] => clients.filter((other) => other !== router);

  beforeAll(async () => {
    lab = await Lab.create();
    hub = await lab.node("rr");
    pcap = await capture(hub);
    const nodes = [];
    for (const name of ["bird1a", "bird1b", "bird2", "frr", "gobgp", "openbgpd"]) nodes.push(await lab.node(name));
    const [bird1a, bird1b, bird2, frr, gobgp, openbgpd] =
      nodes as [LabNode, LabNode, LabNode, LabNode, LabNode, LabNode];
    reflector = await startReflectd(hub, "reflectd", { clusterId: CLUSTER_ID, neighbors: [
      ...nodes.map((node) => client(node.v4)),
      ...[bird1a, bird1b, openbgpd].map((node) => client(node.v6)),
    ] });
    clients = await Promise.all([
      startBird(bird1a, "bird1a", { version: "1.6", peers: [{ address: hub.v4 }] }),
      startBird(bird1a, "bird6a", { version: "1.6-ipv6", peers: [{ address: hub.v6 }] }),
      startFrr(frr, "frr", [hub.v4]),
      startGobgp(gobgp, "gobgp", [hub.v4]),
      startOpenbgpd(openbgpd, "openbgpd", [hub.v4, hub.v6]),
      startBird(bird2, "bird2", { version: "2", peers: [{ address: hub.v4 }] }),
      startBird(bird1b, "bird1b", { version: "1.6", peers: [{ address: hub.v4 }], holdSeconds: 3 }),
      startBird(bird1b, "bird6b", { version: "1.6-ipv6", peers: [{ address: hub.v6 }], holdSeconds: 3 }),
    ]);
    roster = [...clients];
    await allEstablished(lab, [...clients, reflector]);
  }, 60_000);
  afterAll(async () => { await lab?.close(); }, 60_000);

  it("carries every router's routes to every other", async () => {
    for (const router of clients) await router.announce(...blocksOf(router));
    for (const router of clients) {
      await hasEverywhere(lab, othersThan(router), expected(router, blocksOf(router), [CLUSTER_ID]));
    }
  }, 60_000);

  it("shows them itself, unstamped, as the clients announced them", async () => {
    const routes = await reflector.routes();
    for (const router of clients) {
      for (const { originatorId: _stamped, ...wanted } of expected(router, blocksOf(router), [])) {
        expect(routes.filter((route) => matches(route, wanted)), JSON.stringify(wanted)).toHaveLength(1);
      }
    }
  });

  it("never tells a router its own route", async () => {
    for (const router of clients) {
      const own = blocksOf(router).map((route) => route.prefix);
      const learned = (await router.routes()).filter((route) => own.includes(route.prefix));
      expect(learned, router.name).toEqual([]);
    }
  });

  it("carries a change of attributes without an interruption", async () => {
    const sessions = async (): Promise<unknown> => (await reflector.peers()).map(({ name, state, since }) =>
      [name, state, since]);
    const before = await sessions();
    for (const router of clients) {
      const changed = blocksOf(router).map((route) => ({ ...route, med: 4242, communities: ["64512:1", "64512:2"] }));
      await router.announce(...changed);
      await hasEverywhere(lab, othersThan(router), expected(router, changed, [CLUSTER_ID]));
    }
    expect(await sessions()).toEqual(before);
  }, 60_000);

  it("carries a default route among other prefixes of equal attributes", async () => {
    const [bird] = clients;
    if (bird === undefined) throw new Error("no client");
    const routes = ["0.0.0.0/0", "10.0.0.0/8", "10.99.1.0/24", "128.0.0.0/1"].map((prefix) => ({ prefix, med: 1 }));
    await bird.announce(...routes);
    await hasEverywhere(lab, othersThan(bird), expected(bird, routes, [CLUSTER_ID]));
    await bird.withdraw(...routes.map((route) => route.prefix));
    await lacksEverywhere(lab, clients, routes.map((route) => route.prefix));
  }, 60_000);

  it("carries withdrawals, and the routes again", async () => {
    for (const router of clients) {
      const prefixes = blocksOf(router).map((route) => route.prefix);
      await router.withdraw(...prefixes);
      await lacksEverywhere(lab, [...clients, reflector], prefixes);
      await router.announce(...blocksOf(router));
    }
    for (const router of clients) {
      await hasEverywhere(lab, othersThan(router), expected(router, blocksOf(router), [CLUSTER_ID]));
    }
  }, 60_000);

  it("withdraws what a silent router announced, at its hold time", async () => {
    const silent = clients.filter((router) => router.name.endsWith("b"));
    const rest = clients.filter((router) => !silent.includes(router));
    const prefixes = silent.flatMap(blocksOf).map((route) => route.prefix);
    for (const router of silent) router.freeze();
    await lacksEverywhere(lab, [...rest, reflector], prefixes);
    const addresses = silent.map(({ node, name }) => (name.startsWith("bird6") ? node.v6 : node.v4));
    const ended = (await reflector.peers()).filter((peer) => addresses.includes(peer.address));
    expect(ended.map(({ lastError }) => [lastError?.direction, lastError?.code]))
      .toEqual([["sent", 4], ["sent", 4]]);
    for (const router of silent) router.thaw();
    await allEstablished(lab, silent);
    for (const router of silent) {
      await hasEverywhere(lab, rest, expected(router, blocksOf(router), [CLUSTER_ID]));
    }
  }, 60_000);

  it("withdraws what a killed router announced, at once on TCP close", async () => {
    while (clients.length > 1) {
      const dying = clients[0] as Router;
      const prefixes = blocksOf(dying).map((route) => route.prefix);
      await dying.kill9();
      // Far below the hold time of 9 s, and of the 3 s of the last two.
      await lacksEverywhere(lab, [...othersThan(dying), reflector], prefixes, 2500);
      clients.shift();
    }
    const [survivor] = clients as [Router];
    expect((await reflector.routes()).map((route) => route.prefix))
      .toEqual(blocksOf(survivor).map((route) => route.prefix));
  }, 90_000);

  it("sent nothing that tshark faults", async () => {
    await expectSoundBytes(pcap, hub, { opens: 9, updates: 30 });
  }, 60_000);
});
