/**
 * Passwords of sessions from Secrets, with BIRD 1.6.8 at the other end: a new password costs its session and nobody
 * else's, and no session ever goes without. Where REFLECTD_TEST_NODE names a Node with node:ffi; skipped elsewhere.
 */

import { afterAll, beforeAll, describe, expect, it } from "vitest";
import {
  affinityOf, differing, GuideCluster, marks, nodeOf, podBlock, REFLECTOR_LABEL, up,
} from "../../support/calico/guide-cluster.ts";
import type { Worker } from "../../support/calico/guide-cluster.ts";
import { manifest, NO_MESH, secret } from "../../support/calico/manifests.ts";
import type { Members } from "../../support/calico/manifests.ts";
import { lacksEverywhere } from "../../support/lab/cluster.ts";
import type { LabNode } from "../../support/lab/lab.ts";
import type { Reflectd } from "../../support/lab/reflectd.ts";
import { interopSuite } from "../../support/lab/suite.ts";
import { staysFor, waitFor } from "../../support/lab/waiting.ts";

const PROGRAM = process.env["REFLECTD_TEST_NODE"];
const CLUSTER = { routeReflectorClusterID: "244.0.0.1" };
const TO_REFLECTORS = { peerSelector: "has(route-reflector)" };
const passwordAt = (key: string): Members => ({ password: { secretKeyRef: { name: "bgp", key } } });
const NODE = "node specific";

const TITLE = "passwords from Secrets, with BIRD 1.6.8 on the nodes";
if (PROGRAM === undefined) describe.skip(`${TITLE} (missing: a Node in REFLECTD_TEST_NODE)`, suite);
else interopSuite(TITLE, ["bird-1.6.8"], suite);

function suite(): void {
  let cluster: GuideCluster;
  let hub: LabNode;
  let reflector: Reflectd;
  let w1: Worker;
  let w2: Worker;
  let w3: Worker;
  const nameOf = ({ node: { v4 } }: Worker): string => `Node_${v4.replaceAll(".", "_")}`;
  const touched = (): string[][] => [w1, w2, w3].map((worker) => worker.touched());
  const hearken = (): void => { for (const worker of cluster.workers) worker.hearken(); };
  const whole = async (): Promise<void> => {
    await cluster.shows(reflector, up(NODE, w1.node, w2.node, w3.node));
    await cluster.reach([w1.node, w2.node, w3.node]);
  };

  beforeAll(async () => {
    cluster = await GuideCluster.create();
    hub = await cluster.lab.node("rr1");
    await cluster.apply(NO_MESH, secret("bgp", { w1: "first of w1", others: "of others" }),
      manifest("BGPPeer", "a-of-w1", { node: "w1", ...TO_REFLECTORS, ...passwordAt("w1") }),
      manifest("BGPPeer", "b-of-w2", { node: "w2", ...TO_REFLECTORS, ...passwordAt("others") }),
      manifest("BGPPeer", "c-of-w3", { node: "w3", ...TO_REFLECTORS }),
      nodeOf(hub, CLUSTER, REFLECTOR_LABEL), affinityOf(hub));
    reflector = await cluster.reflector(hub, {}, [PROGRAM ?? "", "--experimental-ffi", "--no-warnings"]);
    [w1, w2, w3] = [await cluster.worker("w1"), await cluster.worker("w2"), await cluster.worker("w3")];
  }, 60_000);
  afterAll(async () => { await cluster?.close(); }, 60_000);

  it("sessions with a password and without come up beside each other", async () => {
    await whole();
  }, 60_000);

  it("another password is its session's affair", async () => {
    const before = await marks(reflector);
    hearken();
    await cluster.apply(secret("bgp", { w1: "second of w1", others: "of others" }));
    await waitFor(cluster.lab, "the session to be another one", async () => differing(before, await marks(reflector)),
      (names) => names.length > 0);
    await whole();
    expect(differing(before, await marks(reflector))).toEqual([nameOf(w1)]);
    expect(touched()).toEqual([["Node_10_99_0_1"], [], []]);
  }, 60_000);

  it("a session whose Secret has no such key any more waits and says so, though BIRD goes without", async () => {
    const before = await marks(reflector);
    hearken();
    await cluster.apply(secret("bgp", { others: "of others" }));
    const isWaiting = async (): Promise<boolean> => /password/.test((await reflector.peers())
      .find(({ name }) => name === nameOf(w1))?.waiting ?? "");
    await waitFor(cluster.lab, "the session to wait", isWaiting, (is) => is);
    await lacksEverywhere(cluster.lab, [w2.bird, w3.bird], [podBlock(w1.node)]);
    await staysFor(cluster.lab, "it", isWaiting, (is) => is, 2000);
    expect(differing(before, await marks(reflector))).toEqual([nameOf(w1)]);
    expect(touched().slice(1)).toEqual([[], []]);
    await cluster.apply(secret("bgp", { w1: "third of w1", others: "of others" }));
    await whole();
    expect(touched().slice(1)).toEqual([[], []]);
  }, 60_000);
}
