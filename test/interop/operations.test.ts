/**
 * What operators do while routes flow: refreshes asked by either side, a policy changed, neighbours added and removed,
 * a session shut for maintenance, the daemon restarted. Whoever is not meant keeps sessions and routes.
 */

import { afterAll, beforeAll, expect, it } from "vitest";
import { startBird } from "../support/lab/bird.ts";
import type { Bird } from "../support/lab/bird.ts";
import { capture } from "../support/lab/capture.ts";
import type { Capture } from "../support/lab/capture.ts";
import {
  allEstablished, blockOf, expected, expectSoundBytes, hasEverywhere, lacksEverywhere,
} from "../support/lab/cluster.ts";
import { Lab } from "../support/lab/lab.ts";
import type { LabNode } from "../support/lab/lab.ts";
import { client, startReflectd } from "../support/lab/reflectd.ts";
import type { NeighborConfiguration, Reflectd, ShownPeer } from "../support/lab/reflectd.ts";
import { interopSuite } from "../support/lab/suite.ts";
import { waitFor } from "../support/lab/waiting.ts";

const CLUSTER_ID = "244.0.0.1";

interopSuite("an operator's day with BIRD 1.6.8 and BIRD 2", ["bird-1.6.8", "bird2", "tshark"], () => {
  let lab: Lab;
  let hub: LabNode;
  let pcap: Capture;
  let reflector: Reflectd;
  let old: Bird;
  let young: Bird;
  let other: Bird;

  const birds = (): Bird[] => [old, young, other];
  const neighbors = (more: NeighborConfiguration = {}): NeighborConfiguration[] =>
    [client(old.node.v4, more), client(young.node.v4), client(other.node.v4)];
  const prefixesOf = (bird: Bird): string[] => blockOf(bird, birds().indexOf(bird)).map((route) => route.prefix);

  async function everybodyHasEverything(): Promise<void> {
    for (const bird of birds()) {
      const routes = expected(bird, blockOf(bird, birds().indexOf(bird)), [CLUSTER_ID]);
      await hasEverywhere(lab, birds().filter((one) => one !== bird), routes);
    }
  }
  async function peer(bird: Bird): Promise<ShownPeer> {
    const found = (await reflector.peers()).find((one) => one.address === bird.node.v4);
    if (found === undefined) throw new Error(`no session with ${bird.name}`);
    return found;
  }
  const since = async (...of: Bird[]): Promise<string[]> =>
    Promise.all(of.map(async (bird) => `${(await peer(bird)).state} since ${(await peer(bird)).since}`));

  beforeAll(async () => {
    lab = await Lab.create();
    hub = await lab.node("rr");
    pcap = await capture(hub);
    const [a, b, c] = [await lab.node("a"), await lab.node("b"), await lab.node("c")];
    reflector = await startReflectd(hub, "reflectd", { clusterId: CLUSTER_ID,
      neighbors: [a, b, c].map((node) => client(node.v4)) });
    [old, young, other] = await Promise.all([
      startBird(a, "bird1-old", { version: "1.6", peers: [{ address: hub.v4 }] }),
      startBird(b, "bird2-young", { version: "2", peers: [{ address: hub.v4 }] }),
      startBird(c, "bird1-other", { version: "1.6", peers: [{ address: hub.v4 }], addPaths: false }),
    ]);
    await allEstablished(lab, birds());
    for (const bird of birds()) await bird.announce(...blockOf(bird, birds().indexOf(bird)));
    await everybodyHasEverything();
  }, 60_000);
  afterAll(async () => { await lab?.close(); }, 60_000);

  it("answers ROUTE-REFRESH with the same routes", async () => {
    const before = await since(...birds());
    for (const bird of birds()) {
      const asked = (await peer(bird)).messages;
      await bird.refresh();
      await waitFor(lab, `${bird.name}: asked and answered`, () => peer(bird), ({ messages }) =>
        messages.in.routeRefresh > asked.in.routeRefresh && messages.out.update > asked.out.update);
    }
    await everybodyHasEverything();
    expect(await since(...birds())).toEqual(before);
  }, 30_000);

  it("sends everything again, and judges everything again, when told to", async () => {
    const before = await since(...birds());
    for (const bird of birds()) {
      const { messages } = await peer(bird);
      expect((await reflector.cli("reset", bird.node.v4, "--soft", "out")).status).toBe(0);
      await waitFor(lab, `${bird.name}: told again`, () => peer(bird),
        (now) => now.messages.out.update > messages.out.update);
      expect((await reflector.cli("reset", bird.node.v4, "--soft", "in")).status).toBe(0);
    }
    await everybodyHasEverything();
    expect(await since(...birds())).toEqual(before);
  }, 30_000);

  it("applies an import policy, and takes it back, without asking the peer or ending a session", async () => {
    const before = await since(...birds());
    const asked = (await peer(old)).messages.out.routeRefresh;
    const refused = { import: { default: "reject" } };
    const changed = await reflector.reconfigure(neighbors(refused));
    expect([changed.reset, changed.added, changed.removed]).toEqual([[], [], []]);
    await lacksEverywhere(lab, birds(), prefixesOf(old));
    await reflector.reconfigure(neighbors());
    await everybodyHasEverything();
    expect((await peer(old)).messages.out.routeRefresh).toBe(asked);
    expect(await since(...birds())).toEqual(before);
  }, 30_000);

  it("applies an export policy to one peer, and takes it back", async () => {
    const before = await since(...birds());
    await reflector.reconfigure(neighbors({ export: { default: "accept",
      rules: [{ action: "Reject", cidr: prefixesOf(young)[0], matchOperator: "Equal" }] } }));
    await lacksEverywhere(lab, [old], prefixesOf(young).slice(0, 1));
    await hasEverywhere(lab, [other], expected(young, blockOf(young, 1), [CLUSTER_ID]));
    await reflector.reconfigure(neighbors());
    await everybodyHasEverything();
    expect(await since(...birds())).toEqual(before);
  }, 30_000);

  it("removes and adds a neighbour on reload and leaves the others alone", async () => {
    const before = await since(young, other);
    const removed = await reflector.reconfigure(neighbors().slice(1));
    expect(removed.removed).toEqual([old.node.v4]);
    await lacksEverywhere(lab, [young, other], prefixesOf(old));
    const added = await reflector.reconfigure(neighbors());
    expect([added.added, added.reset]).toEqual([[old.node.v4], []]);
    await allEstablished(lab, birds());
    await everybodyHasEverything();
    expect(await since(young, other)).toEqual(before);
  }, 40_000);

  it("shuts a session for maintenance, and the reason arrives (RFC 9003)", async () => {
    const before = await since(old, other);
    const { status, stderr } = await reflector.cli("disable", young.node.v4, "--reason", "new cables");
    expect([status, stderr]).toEqual([0, ""]);
    await lacksEverywhere(lab, [old, other], prefixesOf(young));
    await waitFor(lab, "the reason in BIRD's log", () => young.log(),
      (log) => log.includes("Administrative shutdown") && log.includes("new cables"));
    expect((await reflector.cli("enable", young.node.v4)).status).toBe(0);
    await allEstablished(lab, birds());
    await everybodyHasEverything();
    expect(await since(old, other)).toEqual(before);
  }, 40_000);

  it("comes back from a restart with everything", async () => {
    await reflector.stop();
    expect(reflector.exitCode).toBe(0);
    reflector = await startReflectd(hub, "reflectd-again", { clusterId: CLUSTER_ID, neighbors: neighbors() });
    await allEstablished(lab, [...birds(), reflector]);
    await everybodyHasEverything();
  }, 60_000);

  it("restarts by its own command, and its exit code asks whoever started it to do so again", async () => {
    expect(await reflector.cli("restart")).toMatchObject({ status: 0, stderr: "" });
    await reflector.ended;
    expect(reflector.exitCode).toBe(75);
    await reflector.again();
    await allEstablished(lab, [...birds(), reflector]);
    await everybodyHasEverything();
  }, 60_000);

  it("sent nothing that tshark faults", async () => {
    await expectSoundBytes(pcap, hub, { opens: 7, updates: 20 });
  }, 60_000);
});
