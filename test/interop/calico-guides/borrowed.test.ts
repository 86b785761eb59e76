/**
 * A pod with an address of another node's block (IPAM without strict affinity): its /32 must reach the owner of the
 * block, whose kernel would throw its packets away otherwise. Kernels have the last word here.
 */

import { afterAll, beforeAll, expect, it } from "vitest";
import {
  affinityOf, GuideCluster, nodeOf, podBlock, REFLECTOR_LABEL, up,
} from "../../support/calico/guide-cluster.ts";
import type { Worker } from "../../support/calico/guide-cluster.ts";
import { NO_MESH, PEER_WITH_REFLECTORS } from "../../support/calico/manifests.ts";
import { hasEverywhere, lacksEverywhere } from "../../support/lab/cluster.ts";
import { inside } from "../../support/lab/lab.ts";
import { must, run } from "../../support/lab/processes.ts";
import type { Reflectd } from "../../support/lab/reflectd.ts";
import { interopSuite } from "../../support/lab/suite.ts";
import { waitFor } from "../../support/lab/waiting.ts";

const CLUSTER = { routeReflectorClusterID: "244.0.0.1" };
/** Felix' own mark on the routes that it makes. */
const FELIX = "80";

interopSuite("borrowed addresses, with BIRD 1.6.8 on the nodes", ["bird-1.6.8"], () => {
  let cluster: GuideCluster;
  let reflector: Reflectd;
  let owner: Worker;
  let borrower: Worker;
  let third: Worker;
  let borrowed: string;

  const ip = ({ node }: Worker, ...words: string[]): Promise<string> => must(inside(node.namespace, ["ip", ...words]));
  /** Where a node's kernel would send a packet. */
  const wayFrom = async ({ node }: Worker, address: string): Promise<string> => {
    const { status, stdout, stderr } = await run(inside(node.namespace, ["ip", "route", "get", address]));
    return status === 0 ? stdout : stderr;
  };
  const goes = (from: Worker, address: string, way: string): Promise<string> =>
    waitFor(cluster.lab, `${from.node.name}'s way to ${address}`, () => wayFrom(from, address),
      (text) => text.includes(way));

  beforeAll(async () => {
    cluster = await GuideCluster.create();
    const hub = await cluster.lab.node("rr1");
    await cluster.apply(NO_MESH, PEER_WITH_REFLECTORS, nodeOf(hub, CLUSTER, REFLECTOR_LABEL), affinityOf(hub));
    reflector = await cluster.reflector(hub);
    [owner, borrower, third] =
      [await cluster.worker("owner"), await cluster.worker("borrower"), await cluster.worker("third")];
    await cluster.shows(reflector, up("node specific", owner.node, borrower.node, third.node));
    borrowed = podBlock(owner.node).replace("0/26", "7");
    // A pod's end of the cable, as the CNI plugin makes it.
    await ip(borrower, "link", "add", "cali1", "type", "veth", "peer", "name", "pod1");
    for (const device of ["cali1", "pod1"]) await ip(borrower, "link", "set", device, "up");
  }, 60_000);
  afterAll(async () => { await cluster?.close(); }, 60_000);

  it("begins with the block at its owner, who throws away what has no pod", async () => {
    await cluster.reach([reflector.node, owner.node, borrower.node, third.node]);
    await goes(third, borrowed, `via ${owner.node.v4} `);
    await goes(owner, borrowed, "Invalid argument");
  }, 60_000);

  it("carries the /32 to the owner of the block and to everybody else", async () => {
    await ip(borrower, "route", "add", `${borrowed}/32`, "dev", "cali1", "proto", FELIX);
    await hasEverywhere(cluster.lab, [owner.bird, third.bird], [{ prefix: `${borrowed}/32`, nextHop: borrower.node.v4,
      originatorId: borrower.node.v4, clusterList: [CLUSTER.routeReflectorClusterID], localPref: 2_147_482_623 }]);
    await goes(owner, borrowed, `via ${borrower.node.v4} `);
    await goes(third, borrowed, `via ${borrower.node.v4} `);
  }, 60_000);

  it("leaves the rest of the block where it was", async () => {
    const next = borrowed.replace(/7$/, "8");
    await goes(third, next, `via ${owner.node.v4} `);
    await goes(owner, next, "Invalid argument");
  });

  it("tells of a node's own pods the block alone", async () => {
    const own = podBlock(borrower.node).replace("0/26", "9/32");
    await ip(borrower, "route", "add", own, "dev", "cali1", "proto", FELIX);
    await waitFor(cluster.lab, "the borrower's BIRD to have the pod", () => borrower.bird.ask(`show route ${own}`),
      (text) => text.includes("dev cali1"));
    await lacksEverywhere(cluster.lab, [reflector, owner.bird, third.bird], [own]);
  }, 60_000);

  it("takes it back with the pod", async () => {
    await ip(borrower, "route", "del", `${borrowed}/32`);
    await lacksEverywhere(cluster.lab, [reflector, owner.bird, third.bird], [`${borrowed}/32`]);
    await goes(third, borrowed, `via ${owner.node.v4} `);
    await goes(owner, borrowed, "Invalid argument");
    expect((await reflector.routes()).map(({ prefix }) => prefix).sort())
      .toEqual([owner, borrower, third].map(({ node }) => podBlock(node)).sort());
  }, 60_000);
});
