/**
 * The four-node cluster of the usual Calico route reflector guide: 192.168.1.1 to .4, AS 64512, cluster id 244.0.0.1.
 * The nodes run what calico-node runs, BIRD 1.6.8; the reflector of the guide, 192.168.1.1, is reflectd.
 */

import { afterAll, beforeAll, expect, it } from "vitest";
import { startBird } from "../support/lab/bird.ts";
import { capture } from "../support/lab/capture.ts";
import type { Capture } from "../support/lab/capture.ts";
import { allEstablished, expected, expectSoundBytes, hasEverywhere } from "../support/lab/cluster.ts";
import { Lab } from "../support/lab/lab.ts";
import type { LabNode } from "../support/lab/lab.ts";
import { client, startReflectd } from "../support/lab/reflectd.ts";
import type { Reflectd } from "../support/lab/reflectd.ts";
import type { Announcement, Router } from "../support/lab/router.ts";
import { interopSuite } from "../support/lab/suite.ts";

const CLUSTER_ID = "244.0.0.1";
const NODES = [2, 3, 4];

interopSuite("the Calico route reflector guide", ["bird-1.6.8", "tshark"], () => {
  let lab: Lab;
  let hub: LabNode;
  let pcap: Capture;
  let reflector: Reflectd;
  let nodes: Router[];

  beforeAll(async () => {
    lab = await Lab.create();
    hub = await lab.node("kube1", { v4: "192.168.1.1", v6: "fd01::1" });
    pcap = await capture(hub);
    reflector = await startReflectd(hub, "reflectd", { clusterId: CLUSTER_ID,
      neighbors: NODES.map((n) => client(`192.168.1.${n}`, { type: "node" })) });
    nodes = [];
    for (const n of NODES) {
      const node = await lab.node(`kube${n}`, { v4: `192.168.1.${n}`, v6: `fd01::${n}` });
      nodes.push(await startBird(node, `bird1-kube${n}`, { version: "1.6", peers: [{ address: hub.v4 }] }));
    }
    await allEstablished(lab, [...nodes, reflector]);
  }, 60_000);
  afterAll(async () => { await lab?.close(); }, 60_000);

  it("prints the table of `calicoctl node status`, all Established", async () => {
    const { status, stdout } = await reflector.cli("node", "status");
    expect(status).toBe(0);
    const lines = stdout.split("\n");
    const title = lines.indexOf("IPv4 BGP status");
    expect(title).toBeGreaterThanOrEqual(0);
    const table = lines.slice(title + 1, title + 8).map((line) => line.replaceAll(/\d\d:\d\d:\d\d/g, "HH:MM:SS"));
    expect(table).toEqual([
      "+--------------+---------------+-------+----------+-------------+",
      "| PEER ADDRESS |   PEER TYPE   | STATE |  SINCE   |    INFO     |",
      "+--------------+---------------+-------+----------+-------------+",
      "| 192.168.1.2  | node specific | up    | HH:MM:SS | Established |",
      "| 192.168.1.3  | node specific | up    | HH:MM:SS | Established |",
      "| 192.168.1.4  | node specific | up    | HH:MM:SS | Established |",
      "+--------------+---------------+-------+----------+-------------+",
    ]);
    expect(stdout).toContain("IPv6 BGP status");
  });

  it("gives every node the blocks of every other", async () => {
    const blocksOf = (node: Router): Announcement[] => {
      const last = node.node.v4.split(".").at(-1) ?? "";
      return [{ prefix: `10.244.${last}.0/26` }, { prefix: `10.244.${last}.64/26` }];
    };
    for (const node of nodes) await node.announce(...blocksOf(node));
    for (const node of nodes) {
      await hasEverywhere(lab, nodes.filter((other) => other !== node), expected(node, blocksOf(node), [CLUSTER_ID]));
    }
  }, 30_000);

  it("sent nothing that tshark faults", async () => {
    await expectSoundBytes(pcap, hub, { opens: 3, updates: 6 });
  }, 60_000);
});
