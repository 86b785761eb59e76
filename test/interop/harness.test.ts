/**
 * The lab tests itself: five real daemons as clients of BIRD 2, so that a red test elsewhere is about reflectd. What
 * holds here is also what users of these daemons are used to.
 */

import { afterAll, beforeAll, expect, it } from "vitest";
import { startBird } from "../support/lab/bird.ts";
import { capture, dissect } from "../support/lab/capture.ts";
import type { Capture } from "../support/lab/capture.ts";
import { startFrr } from "../support/lab/frr.ts";
import { startGobgp } from "../support/lab/gobgp.ts";
import { Lab } from "../support/lab/lab.ts";
import type { LabNode } from "../support/lab/lab.ts";
import { startOpenbgpd } from "../support/lab/openbgpd.ts";
import { allEstablished, blockOf, expected, hasEverywhere, lacksEverywhere } from "../support/lab/cluster.ts";
import type { Router } from "../support/lab/router.ts";
import { interopSuite } from "../support/lab/suite.ts";

const NEEDS = ["bird-1.6.8", "bird2", "frr", "gobgpd", "openbgpd", "tshark"] as const;

interopSuite("the lab, with BIRD 2 as the reflector", NEEDS, () => {
  const CLUSTER_ID = "244.0.0.1";
  let lab: Lab;
  let hub: LabNode;
  let pcap: Capture;
  let clients: Router[];

  beforeAll(async () => {
    lab = await Lab.create();
    hub = await lab.node("rr");
    pcap = await capture(hub);
    const nodes = [];
    for (const name of ["bird1", "bird2", "frr", "gobgp", "openbgpd"]) nodes.push(await lab.node(name));
    const [bird1, bird2, frr, gobgp, openbgpd] = nodes as [LabNode, LabNode, LabNode, LabNode, LabNode];
    const client = { clusterId: CLUSTER_ID };
    await startBird(hub, "reflector", { version: "2", peers: [
      ...[bird1, bird2, frr, gobgp, openbgpd].map((node) => ({ address: node.v4, client })),
      ...[bird1, openbgpd].map((node) => ({ address: node.v6, client })),
    ] });
    clients = await Promise.all([
      startBird(bird1, "bird1", { version: "1.6", peers: [{ address: hub.v4 }] }),
      startBird(bird1, "bird6", { version: "1.6-ipv6", peers: [{ address: hub.v6 }] }),
      startBird(bird2, "bird2", { version: "2", peers: [{ address: hub.v4 }] }),
      startFrr(frr, "frr", [hub.v4]),
      startGobgp(gobgp, "gobgp", [hub.v4]),
      startOpenbgpd(openbgpd, "openbgpd", [hub.v4, hub.v6]),
    ]);
    await allEstablished(lab, clients);
  }, 60_000);
  afterAll(async () => { await lab?.close(); });

  it("carries every daemon's routes to every other, as its own command line shows them", async () => {
    for (const router of clients) await router.announce(...blockOf(router, clients.indexOf(router)));
    for (const router of clients) {
      const wanted = expected(router, blockOf(router, clients.indexOf(router)), [CLUSTER_ID]);
      await hasEverywhere(lab, clients.filter((other) => other !== router), wanted);
    }
  }, 60_000);

  it("withdraws them by every daemon's own means", async () => {
    for (const router of clients) {
      const prefixes = blockOf(router, clients.indexOf(router)).map((route) => route.prefix);
      await router.withdraw(...prefixes);
      await lacksEverywhere(lab, clients, prefixes);
    }
  }, 60_000);

  it("hands its capture to tshark, which reads BGP in it", async () => {
    await pcap.finish();
    const { messages, findings } = await dissect(pcap.file, [hub.v4, hub.v6]);
    expect(messages[1]).toBeGreaterThanOrEqual(7);
    expect(messages[2]).toBeGreaterThan(10);
    expect(findings).toEqual([]);
  }, 60_000);
});
