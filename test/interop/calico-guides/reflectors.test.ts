/**
 * The usual guide from the full mesh to two route reflectors, by its two objects and by its one: four nodes, two with
 * reflectd and two with calico-node's BIRD. At each step every node shows the guide's table, and whoever keeps a path
 * to a block never loses it, by BIRD's own account.
 */

import { afterAll, beforeAll, expect, it } from "vitest";
import {
  affinityOf, differing, GuideCluster, marks, nodeOf, podBlock, REFLECTOR_LABEL, up,
} from "../../support/calico/guide-cluster.ts";
import type { Worker } from "../../support/calico/guide-cluster.ts";
import { manifest, NO_MESH, PEER_WITH_REFLECTORS } from "../../support/calico/manifests.ts";
import type { Manifest } from "../../support/calico/manifests.ts";
import { capture } from "../../support/lab/capture.ts";
import type { Capture } from "../../support/lab/capture.ts";
import { expectSoundBytes, hasEverywhere } from "../../support/lab/cluster.ts";
import type { LabNode } from "../../support/lab/lab.ts";
import type { Reflectd } from "../../support/lab/reflectd.ts";
import { interopSuite } from "../../support/lab/suite.ts";
import { staysFor, waitFor } from "../../support/lab/waiting.ts";

const MESH = "node-to-node mesh";
const NODE = "node specific";
const CLUSTER = { routeReflectorClusterID: "244.0.0.1" };
const ONE_OBJECT = [PEER_WITH_REFLECTORS];
const TWO_OBJECTS = [
  manifest("BGPPeer", "nodes-to-reflectors",
    { nodeSelector: "!has(route-reflector)", peerSelector: "has(route-reflector)" }),
  manifest("BGPPeer", "reflectors-to-reflectors",
    { nodeSelector: "has(route-reflector)", peerSelector: "has(route-reflector)" }),
];

const WAYS: readonly (readonly [words: string, way: readonly Manifest[], other: readonly Manifest[]])[] = [
  ["two objects", TWO_OBJECTS, ONE_OBJECT], ["one object", ONE_OBJECT, TWO_OBJECTS],
];
for (const [words, way, other] of WAYS) {
  interopSuite(`the guide from the mesh to reflectors by ${words}`, ["bird-1.6.8", "tshark"], () => {
    let cluster: GuideCluster;
    let first: LabNode;
    let second: LabNode;
    let all: readonly LabNode[];
    let pcaps: readonly [Capture, Capture];
    let rr1: Reflectd;
    let rr2: Reflectd;
    let w1: Worker;
    let w2: Worker;

    /** Every node's table, each without itself. */
    async function tables(meshed: readonly LabNode[], peered: (node: LabNode) => readonly LabNode[]): Promise<void> {
      for (const one of [rr1, rr2, w1, w2]) {
        const { node } = one;
        const mesh = meshed.includes(node) ? meshed.filter((each) => each !== node) : [];
        await cluster.shows(one, [...up(MESH, ...mesh), ...up(NODE, ...peered(node))]);
      }
    }
    const othersThan = (node: LabNode): LabNode[] => all.filter((each) => each !== node);
    const hearken = (): void => { for (const worker of cluster.workers) worker.hearken(); };

    beforeAll(async () => {
      cluster = await GuideCluster.create();
      [first, second] = [await cluster.lab.node("rr1"), await cluster.lab.node("rr2")];
      pcaps = [await capture(first), await capture(second)];
      [rr1, rr2] = [await cluster.reflector(first), await cluster.reflector(second)];
      [w1, w2] = [await cluster.worker("w1"), await cluster.worker("w2")];
      all = [first, second, w1.node, w2.node];
    }, 60_000);
    afterAll(async () => { await cluster?.close(); }, 60_000);

    it("begins with a full mesh of four nodes", async () => {
      for (const node of [first, second]) await cluster.apply(nodeOf(node), affinityOf(node));
      await tables(all, () => []);
      await cluster.reach(all);
    }, 60_000);

    it("a cluster id takes the first host out of the mesh, and nobody else", async () => {
      hearken();
      await cluster.apply(nodeOf(first, CLUSTER));
      await tables(othersThan(first), () => []);
      expect((await rr1.cli("node", "status")).stdout).toContain("No IPv4 peers found.");
      for (const worker of [w1, w2]) {
        expect(worker.lost()).toEqual([podBlock(first)]);
        expect(worker.touched()).toEqual(["Mesh_10_99_0_1"]);
      }
    }, 60_000);

    it(`its label and ${words} make it everybody's reflector, beside the mesh of the others`, async () => {
      hearken();
      await cluster.apply(nodeOf(first, CLUSTER, REFLECTOR_LABEL), ...way);
      await tables(othersThan(first), (node) => node === first ? othersThan(first) : [first]);
      await cluster.reach(all);
      for (const worker of [w1, w2]) {
        await hasEverywhere(cluster.lab, [worker.bird], all.filter((node) => node !== first && node !== worker.node)
          .map((node) => ({ prefix: podBlock(node), nextHop: node.v4, originatorId: node.v4, from: first.v4,
            clusterList: [CLUSTER.routeReflectorClusterID] })));
        expect(worker.lost()).toEqual([]);
      }
    }, 60_000);

    it("the second reflector is a client no more, in the session that there is", async () => {
      hearken();
      const before = await marks(rr1);
      await cluster.apply(nodeOf(second, CLUSTER, REFLECTOR_LABEL));
      await tables([w1.node, w2.node], (node) =>
        node === first || node === second ? othersThan(node) : [first, second]);
      await cluster.reach(all);
      expect(differing(before, await marks(rr1))).toEqual([]);
      const noClients = (await rr1.peers()).filter(({ routeReflectorClient }) => !routeReflectorClient);
      expect(noClients.map(({ address }) => address)).toEqual([second.v4]);
      // It leaves the mesh, but the first reflector has told its block already.
      for (const worker of [w1, w2]) expect(worker.lost()).toEqual([]);
    }, 60_000);

    it("without the mesh everybody has everything by the reflectors, and nobody has lost anything", async () => {
      hearken();
      const before = [await marks(rr1), await marks(rr2)] as const;
      await cluster.apply(NO_MESH);
      await tables([], (node) => node === first || node === second ? othersThan(node) : [first, second]);
      await cluster.reach(all);
      expect(differing(before[0], await marks(rr1))).toEqual([]);
      expect(differing(before[1], await marks(rr2))).toEqual([]);
      expect([w1.lost(), w1.touched()]).toEqual([[], ["Mesh_10_99_0_4"]]);
      expect([w2.lost(), w2.touched()]).toEqual([[], ["Mesh_10_99_0_3"]]);
    }, 60_000);

    it("the guide's other way is the same, and touches nothing", async () => {
      hearken();
      const before = [await marks(rr1), await marks(rr2)] as const;
      await cluster.apply(...other);
      await cluster.remove(...way);
      await staysFor(cluster.lab, "the sessions", () => Promise.all([marks(rr1), marks(rr2)]), (now) =>
        now.every((each, at) => differing(before[at]!, each).length === 0), 2000);
      for (const worker of [w1, w2]) expect([worker.lost(), worker.touched()]).toEqual([[], []]);
    }, 60_000);

    it("loses nothing with a reflector that dies, not even its own block: it may come back", async () => {
      hearken();
      await rr1.kill9();
      for (const worker of [w1, w2]) {
        await waitFor(cluster.lab, `${worker.node.name} to miss it`, () => worker.touched(),
          (names) => names.includes("Node_10_99_0_1"));
      }
      await staysFor(cluster.lab, "all blocks", () => [...w1.lost(), ...w2.lost()], (gone) => gone.length === 0, 2000);
      await cluster.reach([second, w1.node, w2.node]);
    }, 60_000);

    it("sent nothing that tshark faults", async () => {
      await expectSoundBytes(pcaps[0], first, { opens: 6, updates: 6 });
      await expectSoundBytes(pcaps[1], second, { opens: 6, updates: 6 });
    }, 60_000);
  });
}
