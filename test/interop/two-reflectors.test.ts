/**
 * Two reflectd: redundant ones that share a cluster id and every client (RFC 4456 §7), and two clusters with an id
 * each that are clients of each other, as Calico makes them. No loop, no loss, in either.
 */

import { afterAll, beforeAll, expect, it } from "vitest";
import { startBird } from "../support/lab/bird.ts";
import { capture } from "../support/lab/capture.ts";
import type { Capture } from "../support/lab/capture.ts";
import {
  allEstablished, blockOf, expected, expectSoundBytes, hasEverywhere, lacksEverywhere,
} from "../support/lab/cluster.ts";
import { Lab } from "../support/lab/lab.ts";
import type { LabNode } from "../support/lab/lab.ts";
import { client, startReflectd } from "../support/lab/reflectd.ts";
import type { NeighborConfiguration, Reflectd } from "../support/lab/reflectd.ts";
import type { Router } from "../support/lab/router.ts";
import { interopSuite } from "../support/lab/suite.ts";
import { staysFor } from "../support/lab/waiting.ts";

/** Two reflectors and two BIRD nodes; `wiring` says who is whose neighbour. */
interface Pair {
  readonly lab: Lab;
  readonly hubs: readonly [LabNode, LabNode];
  readonly pcaps: readonly [Capture, Capture];
  readonly reflectors: readonly [Reflectd, Reflectd];
  readonly birds: readonly [Router, Router];
}

interface Wiring {
  readonly clusterIds: readonly [string, string];
  /** Each BIRD has sessions with both reflectors, or only with its own. */
  readonly redundant: boolean;
  readonly between: NeighborConfiguration;
}

async function build(lab: Lab, { clusterIds, redundant, between }: Wiring): Promise<Pair> {
  const [one, two, a, b] =
    [await lab.node("rr1"), await lab.node("rr2"), await lab.node("a"), await lab.node("b")];
  const pcaps = [await capture(one), await capture(two)] as const;
  const reflector = (self: LabNode, other: LabNode, own: LabNode, clusterId: string): Promise<Reflectd> =>
    startReflectd(self, `reflectd-${self.name}`, { clusterId, neighbors: [
      client(other.v4, between), ...(redundant ? [a, b] : [own]).map((node) => client(node.v4))] });
  const bird = (self: LabNode, own: LabNode): Promise<Router> => startBird(self, `bird1-${self.name}`,
    { version: "1.6", peers: (redundant ? [one, two] : [own]).map((node) => ({ address: node.v4 })) });
  const [first, second] = clusterIds;
  const reflectors = await Promise.all([reflector(one, two, a, first), reflector(two, one, b, second)]);
  const birds = await Promise.all([bird(a, one), bird(b, two)]);
  await allEstablished(lab, [...birds, ...reflectors]);
  return { lab, hubs: [one, two], pcaps, reflectors, birds };
}

/** UPDATE messages that each reflector has sent: when nothing changes, these must not either. */
async function updatesSent(reflectors: readonly Reflectd[]): Promise<number> {
  const peers = (await Promise.all(reflectors.map((one) => one.peers()))).flat();
  return peers.reduce((sum, peer) => sum + peer.messages.out.update, 0);
}

async function isQuiet({ lab, reflectors }: Pair): Promise<void> {
  let last = await updatesSent(reflectors);
  await staysFor(lab, "no UPDATE when nothing changes", () => updatesSent(reflectors), (now) => {
    const same = now === last;
    last = now;
    return same;
  }, 1500);
}

interopSuite("two reflectd with one cluster id and every client in common", ["bird-1.6.8", "tshark"], () => {
  const CLUSTER_ID = "244.0.0.1";
  let lab: Lab;
  let pair: Pair;

  beforeAll(async () => {
    lab = await Lab.create();
    pair = await build(lab, { clusterIds: [CLUSTER_ID, CLUSTER_ID], redundant: true,
      between: { routeReflectorClient: false } });
  }, 60_000);
  afterAll(async () => { await lab?.close(); }, 60_000);

  it("gives each client the other's routes, by both reflectors", async () => {
    const [a, b] = pair.birds;
    await a.announce(...blockOf(a, 0));
    await b.announce(...blockOf(b, 1));
    for (const hub of pair.hubs) {
      await hasEverywhere(lab, [b], expected(a, blockOf(a, 0), [CLUSTER_ID]).map((one) => ({ ...one, from: hub.v4 })));
      await hasEverywhere(lab, [a], expected(b, blockOf(b, 1), [CLUSTER_ID]).map((one) => ({ ...one, from: hub.v4 })));
    }
  }, 30_000);

  it("does not turn in circles", async () => {
    await isQuiet(pair);
    for (const bird of pair.birds) expect(await bird.routes()).toHaveLength(2);
  });

  it("loses nothing with one reflector", async () => {
    const [a, b] = pair.birds;
    await pair.reflectors[0].kill9();
    await hasEverywhere(lab, [b], expected(a, blockOf(a, 0), [CLUSTER_ID])
      .map((one) => ({ ...one, from: pair.hubs[1].v4, best: true })));
    await a.withdraw(...blockOf(a, 0).map((route) => route.prefix));
    await lacksEverywhere(lab, [b, pair.reflectors[1]], blockOf(a, 0).map((route) => route.prefix));
  }, 30_000);

  it("sent nothing that tshark faults", async () => {
    for (const [index, hub] of pair.hubs.entries()) {
      await expectSoundBytes(pair.pcaps[index] as Capture, hub, { opens: 3, updates: 2 });
    }
  }, 60_000);
});

for (const [title, between] of [["clients of each other", { routeReflectorClient: true }],
  ["no clients of each other", { routeReflectorClient: false }]] as const) {
  interopSuite(`two reflectd with a cluster id each, ${title}`, ["bird-1.6.8", "tshark"], () => {
    const CLUSTER_IDS = ["244.0.0.1", "244.0.0.2"] as const;
    let lab: Lab;
    let pair: Pair;

    beforeAll(async () => {
      lab = await Lab.create();
      pair = await build(lab, { clusterIds: CLUSTER_IDS, redundant: false, between });
    }, 60_000);
    afterAll(async () => { await lab?.close(); }, 60_000);

    it("carries routes from cluster to cluster, both ids in CLUSTER_LIST", async () => {
      const [a, b] = pair.birds;
      await a.announce(...blockOf(a, 0));
      await b.announce(...blockOf(b, 1));
      await hasEverywhere(lab, [b], expected(a, blockOf(a, 0), [CLUSTER_IDS[1], CLUSTER_IDS[0]]));
      await hasEverywhere(lab, [a], expected(b, blockOf(b, 1), CLUSTER_IDS));
    }, 30_000);

    it("does not turn in circles", async () => {
      await isQuiet(pair);
      for (const bird of pair.birds) expect(await bird.routes()).toHaveLength(1);
      for (const reflector of pair.reflectors) expect(await reflector.routes()).toHaveLength(2);
    });

    it("carries withdrawals, and what dies, to the far end", async () => {
      const [a, b] = pair.birds;
      await a.withdraw(...blockOf(a, 0).map((route) => route.prefix));
      await lacksEverywhere(lab, [b, ...pair.reflectors], blockOf(a, 0).map((route) => route.prefix));
      await b.kill9();
      await lacksEverywhere(lab, [a, ...pair.reflectors], blockOf(b, 1).map((route) => route.prefix));
      await isQuiet(pair);
    }, 30_000);

    it("sent nothing that tshark faults", async () => {
      for (const [index, hub] of pair.hubs.entries()) {
        await expectSoundBytes(pair.pcaps[index] as Capture, hub, { opens: 2, updates: 2 });
      }
    }, 60_000);
  });
}
