/**
 * The kernel of a node in Calico mode, where nothing waits for a scan: a tunnel's device that is renamed, removed and
 * made again, and a peer that only a gateway reaches (`reachableBy`).
 */

import { mkdirSync, renameSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, expect, it } from "vitest";
import type { KernelView } from "../../src/daemon/api.ts";
import { startBird } from "../support/lab/bird.ts";
import type { Bird } from "../support/lab/bird.ts";
import { allEstablished } from "../support/lab/cluster.ts";
import { batch, inside, Lab } from "../support/lab/lab.ts";
import type { LabNode } from "../support/lab/lab.ts";
import { must } from "../support/lab/processes.ts";
import { startReflectd } from "../support/lab/reflectd.ts";
import type { Reflectd } from "../support/lab/reflectd.ts";
import { LAB_AS, LAB_HOLD_SECONDS } from "../support/lab/router.ts";
import { interopSuite } from "../support/lab/suite.ts";
import { waitFor } from "../support/lab/waiting.ts";

const BLOCK = "10.246.2.0/26";
/** On the lab's wire, in a network that the host under test has no way to. */
const FAR = { v4: "198.51.100.9", v6: "2001:db8:100::9" } as const;
const FAR_BLOCK = "10.246.9.0/26";
/** Far less than the scan's hour. */
const SOON_MS = 5000;

interopSuite("the kernel of a node in Calico mode", ["bird-1.6.8"], () => {
  let lab: Lab;
  let folder: string;
  let host: LabNode;
  let worker: Bird;
  let far: Bird;
  let gateways: readonly LabNode[];
  let reflectd: Reflectd;

  const links = (...commands: string[]): Promise<void> => batch(host.namespace, commands);
  const put = (name: string, kind: string, metadata: string, spec: string): void => {
    const file = join(folder, `${name}.yaml`);
    writeFileSync(`${file}.tmp`, `apiVersion: projectcalico.org/v3\nkind: ${kind}\nmetadata: {${metadata}}\n`
      + `spec: {${spec}}\n`);
    renameSync(`${file}.tmp`, file);
  };
  /** Where a prefix leads, as `ip route` has it without the metric; undefined: there is no route of ours to it. */
  const way = async (prefix: string): Promise<string | undefined> => {
    const shown = await must(["ip", "-netns", host.namespace, "route", "show", prefix, "proto", "12"]);
    return / (via \S+ dev \S+)/.exec(shown)?.[1]?.concat(shown.includes(" onlink") ? " onlink" : "");
  };
  const leads = (prefix: string, where: string | undefined): Promise<unknown> =>
    waitFor(lab, `${prefix} ${where ?? "nowhere"}`, () => way(prefix), (now) => now === where, SOON_MS);
  const reachBy = (gateway: LabNode | undefined): void =>
    put("far", "BGPPeer", "name: far", `peerIP: ${FAR.v4}, asNumber: ${LAB_AS}`
      + (gateway === undefined ? "" : `, reachableBy: ${gateway.v4}`));

  beforeAll(async () => {
    lab = await Lab.create();
    folder = join(lab.folder, "resources");
    mkdirSync(folder);
    host = await lab.node("rr1");
    const node = await lab.node("w1");
    gateways = [await lab.node("gw1"), await lab.node("gw2")];
    for (const [i, { namespace }] of gateways.entries()) {
      await batch(namespace, [`addr add 198.51.100.${i + 1}/24 dev eth0`]);
      await must(inside(namespace, ["sysctl", "-qw", "net.ipv4.ip_forward=1", "net.ipv4.conf.all.send_redirects=0",
        "net.ipv4.conf.eth0.send_redirects=0"]));
    }
    const farNode = await lab.node("far", FAR);
    await batch(farNode.namespace, ["route add default via 198.51.100.1"]);
    await links("link add tunl0 type veth peer name tunl0-peer", "link set tunl0-peer up", "link set tunl0 up");
    put("w1", "Node", "name: w1", `bgp: {ipv4Address: ${node.v4}/24}`);
    put("rr1", "Node", 'name: rr1, labels: {route-reflector: "true"}',
      `bgp: {ipv4Address: ${host.v4}/24, routeReflectorClusterID: 244.0.0.1}`);
    put("pool", "IPPool", "name: ipip", "cidr: 10.246.0.0/16, blockSize: 26, ipipMode: Always");
    put("default", "BGPConfiguration", "name: default",
      `nodeToNodeMeshEnabled: false, asNumber: ${LAB_AS}, programClusterRoutes: Enabled`);
    put("reflectors", "BGPPeer", "name: reflectors", "nodeSelector: all(), peerSelector: has(route-reflector)");
    reachBy(gateways[0]);
    worker = await startBird(node, "bird1-w1", { version: "1.6", peers: [{ address: host.v4 }] });
    far = await startBird(farNode, "bird1-far", { version: "1.6", peers: [{ address: host.v4 }] });
    reflectd = await startReflectd(host, "reflectd", { kernel: { enabled: true, scanSeconds: 3600 },
      calico: { datastore: "files", files: [folder], nodeName: "rr1", holdTimeSeconds: LAB_HOLD_SECONDS } });
  }, 60_000);
  afterAll(async () => { await lab?.close(); });

  it("reaches a peer by the gateway that it has, and its routes by the same, and follows another gateway", async () => {
    await leads(`${FAR.v4}/32`, `via ${gateways[0]!.v4} dev eth0`);
    await allEstablished(lab, [worker, far, reflectd]);
    await far.announce({ prefix: FAR_BLOCK });
    await leads(FAR_BLOCK, `via ${FAR.v4} dev tunl0 onlink`);
    reachBy(gateways[1]);
    await leads(`${FAR.v4}/32`, `via ${gateways[1]!.v4} dev eth0`);
    await far.toggle("disable");
    await waitFor(lab, "its session to end", () => reflectd.sessions(), (sessions) =>
      sessions.some(({ established }) => !established));
    await far.toggle("enable");
    await allEstablished(lab, [worker, far, reflectd]);
    reachBy(undefined);
    await leads(`${FAR.v4}/32`, undefined);
    reachBy(gateways[0]);
    await leads(`${FAR.v4}/32`, `via ${gateways[0]!.v4} dev eth0`);
  }, 90_000);

  it("takes the plain way while the tunnel's device is not there, whatever became of it", async () => {
    await worker.announce({ prefix: BLOCK });
    const { v4 } = worker.node;
    const [tunnelled, plain] = [`via ${v4} dev tunl0 onlink`, `via ${v4} dev eth0`];
    await leads(BLOCK, tunnelled);
    await links("link set tunl0 down", "link set tunl0 name other", "link set other up");
    await leads(BLOCK, plain);
    await links("link set other down", "link set other name tunl0", "link set tunl0 up");
    await leads(BLOCK, tunnelled);
    await links("link delete tunl0");
    await leads(BLOCK, plain);
    await links("link add tunl0 type veth peer name tunl0-peer", "link set tunl0-peer up", "link set tunl0 up");
    await leads(BLOCK, tunnelled);
  }, 60_000);

  it("says so where a route of another owner is taken in place of its own, which stays", async () => {
    const before = await way(BLOCK);
    await links(`route add ${BLOCK} via ${gateways[0]!.v4} proto static metric 5`);
    const { overruled } = await waitFor(lab, "the news", () => reflectd.ask<KernelView>("show", "kernel"),
      (view) => view.overruled.length > 0, SOON_MS);
    expect(overruled).toMatchObject([{ protocol: 4, count: 1, example: expect.stringContaining(`${BLOCK} via `) }]);
    expect(await way(BLOCK)).toBe(before);
    await links(`route delete ${BLOCK} proto static`);
    await waitFor(lab, "its end", () => reflectd.ask<KernelView>("show", "kernel"),
      (view) => view.overruled.length === 0, SOON_MS);
  }, 30_000);
});
