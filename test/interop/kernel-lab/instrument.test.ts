/**
 * The forwarding lab by itself, with BIRD 1.6.8 in every place: that the traffic shows what happened and nothing else,
 * and in the soak what a restart costs where BIRD is the reflector. What the other suite says of reflectd rests on it.
 */

import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { CalicoBird } from "../../support/forwarding/calico-bird.ts";
import { costOf, costsText, ip } from "../../support/forwarding/faults.ts";
import type { FaultCost, FaultScene } from "../../support/forwarding/faults.ts";
import { kernelTable, ofProtocol } from "../../support/forwarding/kernel-table.ts";
import { forwardingNetwork } from "../../support/forwarding/network.ts";
import type { ForwardingNetwork } from "../../support/forwarding/network.ts";
import { Lab } from "../../support/lab/lab.ts";
import { interopSuite, SOAK } from "../../support/lab/suite.ts";
import { pause, waitFor } from "../../support/lab/waiting.ts";
import { lossOf, without } from "../../support/traffic/losses.ts";
import { Traffic } from "../../support/traffic/traffic.ts";

describe("runs of numbers", () => {
  it("are what is missing, less what was not sent", () => {
    expect(without([[1, 9], [20, 29]], [[3, 4], [8, 21], [29, 40]])).toEqual([[1, 2], [5, 7], [22, 28]]);
    expect(without([[1, 9]], [])).toEqual([[1, 9]]);
    expect(without([[1, 9]], [[0, 10]])).toEqual([]);
  });

  it("are a loss with its longest gap, which goes on over what was not sent", () => {
    expect(lossOf([[1, 2], [5, 7], [22, 28]], [])).toEqual({ lost: 12, longest: 7, at: 22 });
    expect(lossOf([[1, 2], [5, 17]], [[8, 12], [16, 20]])).toEqual({ lost: 8, longest: 11, at: 5 });
    expect(lossOf([[5, 17]], [[1, 20]])).toBeUndefined();
    expect(lossOf([], [])).toBeUndefined();
  });
});

const LEFT_OUT = SOAK ? "" : "; what BIRD's own restarts cost is for npm run soak";

interopSuite(`the forwarding lab with BIRD 1.6.8 in every place${LEFT_OUT}`, ["bird-1.6.8"], () => {
  const CLUSTER_ID = "244.0.0.1";
  const costs: FaultCost[] = [];
  let lab: Lab;
  let network: ForwardingNetwork;
  let birds: readonly [CalicoBird, CalicoBird, CalicoBird];
  let traffic: Traffic;
  let scene: FaultScene;

  const isUp = async (): Promise<boolean> => (await Promise.all(birds.map((bird) => bird.isUp()))).every((up) => up);
  const tableOf = (bird: CalicoBird): Promise<readonly string[]> => kernelTable(bird.host.node.namespace);

  beforeAll(async () => {
    lab = await Lab.create();
    network = await forwardingNetwork(lab);
    const [one, two, three] = network.hosts;
    birds = [new CalicoBird(one, { peers: [three] }), new CalicoBird(two, { peers: [three] }),
      new CalicoBird(three, { peers: [one, two], clusterId: CLUSTER_ID })];
    for (const bird of birds.toReversed()) await bird.start();
    await waitFor(lab, "all sessions", isUp, (up) => up, 60_000);
    // Two blackholes, four blocks, a borrowed address.
    await waitFor(lab, "all routes", () => Promise.all(birds.map(tableOf)),
      (tables) => tables.every((table) => ofProtocol(table, 12).length === 7));
    traffic = await Traffic.start(network.ends);
    const pairs = network.ends.length * (network.ends.length - 1) / 2;
    await waitFor(lab, "a connection of every pair", () => traffic.connected(), (connected) => connected === pairs);
    scene = { network, traffic, plan: await tableOf(birds[2]), table: () => tableOf(birds[2]), isUp };
  }, 120_000);
  afterAll(async () => {
    if (costs.length > 0) process.stdout.write(costsText(costs));
    await traffic?.stop();
    await lab?.close();
  }, 60_000);

  it("carries everything between all pairs", async () => {
    const from = await traffic.mark();
    await pause(2000);
    const { sent, losses, resets } = await traffic.report(from, traffic.now());
    expect({ losses, resets }).toEqual({ losses: [], resets: [] });
    // Nobody skipped more than half: the machine is fast enough to measure with.
    expect(sent).toBeGreaterThan(0.5 * 2000 * network.ends.length * (network.ends.length - 1));
  }, 20_000);

  it("shows a hole of 300 ms as such, and in the pairs that it concerns", async () => {
    const { namespace } = network.hosts[0].node;
    const from = await traffic.mark();
    await ip(namespace, "rule add to 10.244.2.2/32 priority 100 blackhole"); // a route BIRD would learn and announce
    await pause(300);
    await ip(namespace, "rule delete priority 100");
    const { losses, resets } = await traffic.report(from, traffic.now());
    expect(losses.map(({ pair }) => pair).sort()).toEqual(["a1 → b1", "a2 → b1"]);
    for (const { lost, longest } of losses) {
      expect(lost - longest).toBeLessThan(50);
      expect(longest).toBeGreaterThan(280);
      expect(longest).toBeLessThan(800);
    }
    expect(resets).toEqual([]);
  }, 20_000);

  // What it says of BIRD is for the report. Killed, BIRD mostly loses nothing; now and then a neighbour of it gives up.
  it.runIf(SOAK)("says what it costs when BIRD on the reflector's host is killed and comes back", async () => {
    const cost = await costOf(scene, "BIRD killed (-9), started after 1 s", async () => {
      await birds[2].kill9();
      await pause(1000);
      await birds[2].start();
    });
    costs.push(cost);
    expect(cost.resets).toEqual([]);
  }, 150_000);

  // BIRD redials after half a minute then.
  it.runIf(SOAK)("shows what BIRD's polite stop costs: its peers forget each other's routes", async () => {
    const cost = await costOf(scene, "BIRD stopped (SIGTERM), started at once", async () => {
      await birds[2].stop();
      await birds[2].start();
    });
    costs.push(cost);
    expect(cost.losses.map(({ pair }) => pair)).toContain("a1 → b1");
    expect(cost.resets).toEqual([]);
  }, 150_000);
});
