/**
 * Reflectors on hosts that are no nodes of the cluster: who they are stands in their own configuration, and the nodes
 * know them by a BGPPeer's peerIP alone. From the mesh of the nodes to them, and through the death of one.
 */

import { afterAll, beforeAll, expect, it } from "vitest";
import { differing, GuideCluster, marks, nodeOf, podBlock, up } from "../../support/calico/guide-cluster.ts";
import { manifest, NO_MESH } from "../../support/calico/manifests.ts";
import { capture } from "../../support/lab/capture.ts";
import type { Capture } from "../../support/lab/capture.ts";
import { expectSoundBytes, hasEverywhere, lacksEverywhere } from "../../support/lab/cluster.ts";
import type { LabNode } from "../../support/lab/lab.ts";
import type { Reflectd } from "../../support/lab/reflectd.ts";
import { LAB_AS } from "../../support/lab/router.ts";
import { interopSuite } from "../../support/lab/suite.ts";

const CLUSTER_ID = "244.0.0.1";

interopSuite("reflectors outside the cluster, with BIRD 1.6.8 on the nodes", ["bird-1.6.8", "tshark"], () => {
  let cluster: GuideCluster;
  let pcap: Capture;
  let first: Reflectd;
  let second: Reflectd;

  const start = (node: LabNode): Promise<Reflectd> => cluster.reflector(node,
    { node: { ipv4Address: `${node.v4}/24`, routeReflectorClusterID: CLUSTER_ID } });
  const nodes = (): LabNode[] => cluster.workers.map(({ node }) => node);
  /** A BGPPeer for all nodes is not for the other reflector, which is none. */
  const showsAll = (reflector: Reflectd, some = nodes()): Promise<void> =>
    cluster.shows(reflector, up("node specific", ...some));
  /** Every node has every other's block from both. */
  async function reflected(): Promise<void> {
    for (const { node, bird } of cluster.workers) {
      await hasEverywhere(cluster.lab, [bird], nodes().filter((other) => other !== node).flatMap((other) =>
        [first, second].map((reflector) => ({ prefix: podBlock(other), nextHop: other.v4, originatorId: other.v4,
          clusterList: [CLUSTER_ID], from: reflector.node.v4 }))));
    }
  }
  const hearken = (): void => { for (const worker of cluster.workers) worker.hearken(); };

  beforeAll(async () => {
    cluster = await GuideCluster.create();
    const [one, two] = [await cluster.lab.node("rr1"), await cluster.lab.node("rr2")];
    pcap = await capture(one);
    [first, second] = [await start(one), await start(two)];
    for (const name of ["w1", "w2", "w3"]) await cluster.worker(name);
    for (const worker of cluster.workers) {
      await cluster.shows(worker, up("node-to-node mesh", ...nodes().filter((node) => node !== worker.node)));
    }
    await cluster.reach(nodes());
  }, 60_000);
  afterAll(async () => { await cluster?.close(); }, 60_000);

  it("have no session before somebody names them, and are in no mesh", async () => {
    for (const reflector of [first, second]) {
      await cluster.shows(reflector, []);
      expect((await reflector.cli("node", "status")).stdout).toMatch(/^rr\d has 0 sessions among 3 nodes$/m);
    }
  });

  it("have a session with each node when a BGPPeer names their address", async () => {
    for (const { node } of [first, second]) {
      await cluster.apply(manifest("BGPPeer", node.name, { peerIP: node.v4, asNumber: LAB_AS }));
    }
    for (const reflector of [first, second]) await showsAll(reflector);
    for (const worker of cluster.workers) {
      await cluster.shows(worker, [...up("global", first.node, second.node),
        ...up("node-to-node mesh", ...nodes().filter((node) => node !== worker.node))]);
    }
    await reflected();
  }, 60_000);

  it("take over from the mesh, and no node loses a block", async () => {
    hearken();
    await cluster.apply(NO_MESH);
    for (const worker of cluster.workers) await cluster.shows(worker, up("global", first.node, second.node));
    await reflected();
    for (const worker of cluster.workers) expect(worker.lost()).toEqual([]);
  }, 60_000);

  it("take in a node that joins, and touch nobody else", async () => {
    hearken();
    const before = await marks(first);
    const { node } = await cluster.worker("w4");
    await showsAll(first);
    await cluster.reach(nodes());
    expect(differing(before, await marks(first))).toEqual([`Node_${node.v4.replaceAll(".", "_")}`]);
    for (const worker of cluster.workers.slice(0, 3)) expect([worker.lost(), worker.touched()]).toEqual([[], []]);
  }, 60_000);

  it("let a node go that is no more", async () => {
    const [gone, ...rest] = cluster.workers;
    const before = await marks(first);
    await cluster.remove(nodeOf(gone!.node));
    await showsAll(first, rest.map(({ node }) => node));
    await lacksEverywhere(cluster.lab, rest.map(({ bird }) => bird), [podBlock(gone!.node)]);
    expect(differing(before, await marks(first))).toEqual([`Node_${gone!.node.v4.replaceAll(".", "_")}`]);
    await cluster.apply(nodeOf(gone!.node));
    await showsAll(first);
    await cluster.reach(nodes());
  }, 60_000);

  it("stand in for each other", async () => {
    hearken();
    await second.stop();
    for (const worker of cluster.workers) {
      await hasEverywhere(cluster.lab, [worker.bird], nodes().filter((node) => node !== worker.node)
        .map((node) => ({ prefix: podBlock(node), nextHop: node.v4, from: first.node.v4, best: true })));
      expect([worker.lost(), worker.touched()]).toEqual([[], [`Global_${second.node.v4.replaceAll(".", "_")}`]]);
    }
  }, 60_000);

  it("sent nothing that tshark faults", async () => {
    await expectSoundBytes(pcap, first.node, { opens: 5, updates: 8 });
  }, 60_000);
});
