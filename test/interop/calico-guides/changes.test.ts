/**
 * One change at a time in a running cluster: one BGPFilter, one label, one password, one node's address. Every session
 * of every node is counted, at both ends; only those that the change concerns may notice it.
 */

import { afterAll, beforeAll, expect, it } from "vitest";
import {
  affinityOf, differing, GuideCluster, marks, nodeOf, podBlock, REFLECTOR_LABEL, up,
} from "../../support/calico/guide-cluster.ts";
import type { Worker } from "../../support/calico/guide-cluster.ts";
import { manifest, NO_MESH, secret } from "../../support/calico/manifests.ts";
import type { Manifest } from "../../support/calico/manifests.ts";
import { hasEverywhere, lacksEverywhere } from "../../support/lab/cluster.ts";
import { inside } from "../../support/lab/lab.ts";
import type { LabNode } from "../../support/lab/lab.ts";
import { must } from "../../support/lab/processes.ts";
import type { Reflectd } from "../../support/lab/reflectd.ts";
import { interopSuite } from "../../support/lab/suite.ts";
import { waitFor } from "../../support/lab/waiting.ts";

const CLUSTER = { routeReflectorClusterID: "244.0.0.1" };
const SECRET = { password: { secretKeyRef: { name: "bgp", key: "w1" } } };
const TO_REFLECTORS = { peerSelector: "has(route-reflector)" };
/** Of two that ask for the same session the lower name counts: w1's sessions are by the first. */
const OF_FIRST = (more: Manifest["spec"]): Manifest =>
  manifest("BGPPeer", "a-of-w1", { node: "w1", ...TO_REFLECTORS, ...more });
const OF_OTHERS = manifest("BGPPeer", "b-of-all", { nodeSelector: "has(peered) || has(route-reflector)",
  ...TO_REFLECTORS });

interopSuite("one change at a time, with BIRD 1.6.8 on the nodes", ["bird-1.6.8"], () => {
  let cluster: GuideCluster;
  let reflectors: Reflectd[];
  let w1: Worker;
  let w2: Worker;
  let w3: Worker;

  const nameOf = ({ v4 }: LabNode): string => `Node_${v4.replaceAll(".", "_")}`;
  const hosts = (): LabNode[] => reflectors.map(({ node }) => node);
  const everybody = (): LabNode[] => [...hosts(), ...cluster.workers.map(({ node }) => node)];

  interface Count { readonly reflectors: readonly (readonly string[])[]; readonly workers: readonly string[][] }
  /** Makes a change, waits for what it is for, and counts whose sessions it touched. */
  async function touchedBy(change: () => Promise<void>, settled: () => Promise<unknown>): Promise<Count> {
    const before = await Promise.all(reflectors.map(marks));
    for (const worker of cluster.workers) worker.hearken();
    await change();
    await settled();
    const after = await Promise.all(reflectors.map(marks));
    return { reflectors: before.map((map, at) => differing(map, after[at]!)),
      workers: cluster.workers.map((worker) => worker.touched()) };
  }
  /** UPDATEs to each neighbour of the first reflector. */
  const told = async (): Promise<ReadonlyMap<string, string>> => new Map((await reflectors[0]!.peers())
    .map(({ name, messages }) => [name, String(messages.out.update)]));
  const nobody = { reflectors: [[], []], workers: [[], [], []] };

  beforeAll(async () => {
    cluster = await GuideCluster.create();
    reflectors = [];
    await cluster.apply(secret("bgp", { w1: "a password" }), NO_MESH, OF_FIRST({ filters: ["f"] }), OF_OTHERS,
      manifest("BGPFilter", "f", { exportV4: [{ cidr: "192.0.2.0/24", matchOperator: "In", action: "Reject" }] }));
    for (const name of ["rr1", "rr2"]) {
      const node = await cluster.lab.node(name);
      await cluster.apply(nodeOf(node, CLUSTER, REFLECTOR_LABEL), affinityOf(node));
      reflectors.push(await cluster.reflector(node));
    }
    w1 = await cluster.worker("w1");
    w2 = await cluster.worker("w2", { peered: "yes" });
    w3 = await cluster.worker("w3", { peered: "yes" });
    await whole();
  }, 60_000);
  afterAll(async () => { await cluster?.close(); }, 60_000);

  /** Every session is up, and everybody has every block. */
  async function whole(): Promise<void> {
    for (const one of [...reflectors, ...cluster.workers]) {
      const others = (reflectors as readonly unknown[]).includes(one) ? everybody() : hosts();
      await cluster.shows(one, up("node specific", ...others.filter((node) => node !== one.node)));
    }
    await cluster.reach(everybody());
  }

  it("one BGPFilter is news to those who have it, without a word to the others", async () => {
    const before = await told();
    const count = await touchedBy(
      () => cluster.apply(manifest("BGPFilter", "f",
        { exportV4: [{ cidr: podBlock(w3.node), matchOperator: "In", action: "Reject" }] })),
      () => lacksEverywhere(cluster.lab, [w1.bird], [podBlock(w3.node)]));
    expect(count).toEqual(nobody);
    await hasEverywhere(cluster.lab, [w2.bird], [{ prefix: podBlock(w3.node) }]);
    expect(differing(before, await told())).toEqual([nameOf(w1.node)]);
    await cluster.apply(manifest("BGPFilter", "f", { exportV4: [] }));
    await whole();
    expect(differing(before, await told())).toEqual([nameOf(w1.node)]);
  }, 60_000);

  it("one label is its node's affair", async () => {
    const gone = await touchedBy(() => cluster.apply(nodeOf(w2.node)), async () => {
      await cluster.shows(w2, []);
      for (const one of reflectors) {
        await cluster.shows(one, up("node specific", ...everybody()
          .filter((node) => node !== one.node && node !== w2.node)));
      }
    });
    expect(gone).toEqual({ reflectors: [[nameOf(w2.node)], [nameOf(w2.node)]],
      workers: [[], hosts().map(nameOf), []] });
    const back = await touchedBy(() => cluster.apply(nodeOf(w2.node, {}, { peered: "yes" })), whole);
    expect(back).toEqual(gone);
  }, 60_000);

  it("one password is its sessions' affair: they wait for somebody who can set it, and never go without", async () => {
    const waiting = async (): Promise<boolean[]> => (await Promise.all(reflectors.map((one) => one.peers())))
      .map((peers) => /TCP-MD5/.test(peers.find(({ name }) => name === nameOf(w1.node))?.waiting ?? ""));
    const set = await touchedBy(() => cluster.apply(OF_FIRST({ filters: ["f"], ...SECRET })),
      () => waitFor(cluster.lab, "both reflectors to wait", waiting, (both) => both.every(Boolean)));
    const concerned = { reflectors: [[nameOf(w1.node)], [nameOf(w1.node)]], workers: [hosts().map(nameOf), [], []] };
    expect(set).toEqual(concerned);
    await lacksEverywhere(cluster.lab, [w2.bird, w3.bird], [podBlock(w1.node)]);
    expect(await touchedBy(() => cluster.apply(OF_FIRST({ filters: ["f"] })), whole)).toEqual(concerned);
  }, 60_000);

  it("one node's address is its sessions' affair", async () => {
    const { node: before } = w3;
    const moved = { ...before, v4: "10.99.0.33" };
    await must(inside(before.namespace, ["ip", "addr", "add", `${moved.v4}/24`, "dev", "eth0"]));
    const others = everybody().filter((node) => node !== before);
    const count = await touchedBy(() => cluster.apply(nodeOf(moved, {}, { peered: "yes" })), async () => {
      for (const one of reflectors) {
        await cluster.shows(one, up("node specific", moved, ...others.filter((node) => node !== one.node)));
      }
      await hasEverywhere(cluster.lab, [w1.bird, w2.bird], [{ prefix: podBlock(before), nextHop: moved.v4 }]);
    });
    const names = [nameOf(before), nameOf(moved)].sort();
    expect(count).toEqual({ reflectors: [names, names], workers: [[], [], hosts().map(nameOf)] });
  }, 60_000);
});
