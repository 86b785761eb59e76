/**
 * The datastore is away in the middle of it all: the way to it torn, the way silent, the server itself dead. No session
 * and no route is lost, whatever it is; what changed meanwhile is done on return, and nothing else.
 */

import { afterAll, beforeAll, expect, it } from "vitest";
import {
  affinityOf, differing, GuideCluster, marks, nodeOf, podBlock, REFLECTOR_LABEL, up,
} from "../../support/calico/guide-cluster.ts";
import { EtcdHome, KubernetesHome } from "../../support/calico/homes.ts";
import type { RemoteHome } from "../../support/calico/homes.ts";
import { NO_MESH, PEER_WITH_REFLECTORS } from "../../support/calico/manifests.ts";
import type { Manifest } from "../../support/calico/manifests.ts";
import { hasEverywhere, lacksEverywhere } from "../../support/lab/cluster.ts";
import type { LabNode } from "../../support/lab/lab.ts";
import type { Reflectd } from "../../support/lab/reflectd.ts";
import { interopSuite } from "../../support/lab/suite.ts";
import type { Need } from "../../support/lab/suite.ts";
import { staysFor, waitFor } from "../../support/lab/waiting.ts";

/** Long enough for connections to fail and to be tried again. */
const AWAY_MS = 3000;

const HOMES: readonly (readonly [words: string, needs: readonly Need[], open: () => Promise<RemoteHome>])[] = [
  ["etcd", ["etcd"], () => EtcdHome.open()], ["the API server", [], () => KubernetesHome.open()],
];
for (const [words, needs, open] of HOMES) {
  interopSuite(`${words} away, with BIRD 1.6.8 on the nodes`, ["bird-1.6.8", ...needs], () => {
    let home: RemoteHome;
    let cluster: GuideCluster;
    let reflector: Reflectd;
    let known: ReadonlyMap<string, string>;

    const reflectorWith = (id: string): Manifest =>
      nodeOf(reflector.node, { routeReflectorClusterID: id }, REFLECTOR_LABEL);
    const nodes = (): LabNode[] => cluster.workers.map(({ node }) => node);
    const nameOf = ({ v4 }: LabNode): string => `Node_${v4.replaceAll(".", "_")}`;
    const saysOf = (state: "up" | "down"): Promise<string> => waitFor(cluster.lab, `the datastore to be ${state}`,
      async () => (await reflector.cli("node", "status")).stdout,
      (text) => new RegExp(`^Calico datastore \\(\\w+\\): ${state} since`, "m").test(text), 40_000);

    /** All sessions and what they carry, with this cluster id. */
    async function whole(clusterId: string): Promise<void> {
      await cluster.shows(reflector, up("node specific", ...nodes()));
      for (const { node, bird } of cluster.workers) {
        await hasEverywhere(cluster.lab, [bird], nodes().filter((other) => other !== node).map((other) =>
          ({ prefix: podBlock(other), nextHop: other.v4, clusterList: [clusterId] })), 40_000);
      }
    }
    /** What has begun: from here on nobody may lose anything. */
    async function beginning(): Promise<void> {
      known = await marks(reflector);
      for (const worker of cluster.workers) worker.hearken();
    }
    /** Nobody has: of what was there, nothing was touched but these. */
    async function nothingLost(...touched: readonly LabNode[]): Promise<void> {
      expect(differing(known, await marks(reflector))).toEqual(touched.map(nameOf).sort());
      for (const worker of cluster.workers) expect(worker.lost()).toEqual([]);
    }
    const staysWhole = (): Promise<void> => staysFor(cluster.lab, "the sessions", () => marks(reflector),
      (now) => differing(known, now).length === 0, AWAY_MS);

    beforeAll(async () => {
      home = await open();
      cluster = await GuideCluster.create({ home });
      const hub = await cluster.lab.node("rr1");
      await cluster.apply(NO_MESH, PEER_WITH_REFLECTORS, affinityOf(hub));
      reflector = await cluster.reflector(hub);
      await cluster.apply(reflectorWith("244.0.0.1"));
      for (const name of ["w1", "w2", "w3"]) await cluster.worker(name);
      await whole("244.0.0.1");
    }, 60_000);
    afterAll(async () => { await cluster?.close(); }, 60_000);

    it("a way that is torn costs nothing; a node that joined and a new cluster id count on return", async () => {
      await beginning();
      for (const relay of home.relays) await relay.tear();
      await saysOf("down");
      const { node } = await cluster.worker("w4");
      await cluster.apply(reflectorWith("244.0.0.2"));
      await staysWhole();
      for (const relay of home.relays) await relay.mend();
      await whole("244.0.0.2");
      await saysOf("up");
      await nothingLost(node);
    }, 90_000);

    it("a way that falls silent costs nothing; what changed meanwhile counts when it speaks again", async () => {
      await beginning();
      for (const relay of home.relays) relay.freeze();
      const { node } = await cluster.worker("w5");
      await cluster.apply(reflectorWith("244.0.0.3"));
      await staysWhole();
      for (const relay of home.relays) relay.thaw();
      await whole("244.0.0.3");
      await nothingLost(node);
    }, 90_000);

    it("a server that dies costs nothing, and what it is told when it lives again counts", async () => {
      await beginning();
      await home.kill();
      await saysOf("down");
      await staysWhole();
      await nothingLost();
      await home.revive();
      const [gone] = cluster.workers.splice(4, 1);
      await cluster.remove(nodeOf(gone!.node));
      await cluster.shows(reflector, up("node specific", ...nodes()));
      await lacksEverywhere(cluster.lab, cluster.workers.map(({ bird }) => bird), [podBlock(gone!.node)]);
      await saysOf("up");
      expect(differing(known, await marks(reflector))).toEqual([nameOf(gone!.node)]);
      for (const worker of cluster.workers) expect(worker.lost()).toEqual([podBlock(gone!.node)]);
    }, 90_000);
  });
}
