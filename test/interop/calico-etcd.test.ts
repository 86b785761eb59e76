/**
 * Calico mode on etcd, beside nodes that run what calico-node runs, BIRD 1.6.8: what is written with etcd's own client
 * becomes sessions, and an etcd that is dead costs none.
 */

import { afterAll, beforeAll, expect, it } from "vitest";
import { Etcd } from "../support/calico/etcd.ts";
import { startBird } from "../support/lab/bird.ts";
import type { Bird } from "../support/lab/bird.ts";
import { expected, hasEverywhere } from "../support/lab/cluster.ts";
import { inside, Lab } from "../support/lab/lab.ts";
import type { LabNode } from "../support/lab/lab.ts";
import { startReflectd } from "../support/lab/reflectd.ts";
import type { Reflectd, ShownPeer } from "../support/lab/reflectd.ts";
import { LAB_HOLD_SECONDS } from "../support/lab/router.ts";
import type { Announcement } from "../support/lab/router.ts";
import { interopSuite } from "../support/lab/suite.ts";
import { waitFor } from "../support/lab/waiting.ts";

const CLUSTER_ID = "244.0.0.1";
const RESOURCES = "/calico/resources/v3/projectcalico.org";

interopSuite("Calico's resources in etcd, with BIRD 1.6.8 on the nodes", ["bird-1.6.8", "etcd"], () => {
  let lab: Lab;
  let etcd: Etcd;
  let reflector: Reflectd;
  let birds: Bird[];

  const put = (plural: string, kind: string, name: string, labels: object, spec: object): Promise<void> =>
    etcd.put(`${RESOURCES}/${plural}/${name}`, { apiVersion: "projectcalico.org/v3", kind,
      metadata: { name, labels }, spec });
  const putNode = ({ name, v4 }: LabNode, labels: object = {}, bgp: object = {}): Promise<void> =>
    put("nodes", "Node", name, labels, { bgp: { ipv4Address: `${v4}/24`, ...bgp } });
  const blockOf = (bird: Bird): Announcement => ({ prefix: `10.244.${bird.node.v4.split(".").at(-1)}.0/26` });
  const nameOf = (bird: Bird): string => `Node_${bird.node.v4.replaceAll(".", "_")}`;
  const marks = async (): Promise<Record<string, string>> => Object.fromEntries((await reflector.peers())
    .map(({ name, state, since }) => [name, `${state} since ${since}`]));
  const become = (what: string, holds: (peers: readonly ShownPeer[]) => boolean): Promise<unknown> =>
    waitFor(lab, what, () => reflector.peers(), holds, 40_000);
  const areUp = (some: readonly Bird[]) => (peers: readonly ShownPeer[]): boolean =>
    JSON.stringify(peers.map(({ name }) => name).sort()) === JSON.stringify(some.map(nameOf).sort())
    && peers.every(({ state }) => state === "Established");
  const hasStatus = (what: string): Promise<string> =>
    waitFor(lab, what, async () => (await reflector.cli("node", "status")).stdout, (text) => text.includes(what));

  beforeAll(async () => {
    lab = await Lab.create();
    const hub = await lab.node("rr1");
    etcd = await Etcd.start({ inside: (words) => inside(hub.namespace, words) });
    birds = [];
    for (const name of ["w1", "w2", "w3"]) {
      const node = await lab.node(name);
      await putNode(node);
      birds.push(await startBird(node, `bird1-${name}`, { version: "1.6", peers: [{ address: hub.v4 }] }));
    }
    await put("ippools", "IPPool", "p", {}, { cidr: "10.244.0.0/16" });
    await put("bgppeers", "BGPPeer", "reflectors", {}, { nodeSelector: "all()",
      peerSelector: "route-reflector == 'true'" });
    await etcd.kill9();
    reflector = await startReflectd(hub, "reflectd", { calico: { datastore: "etcd", etcd: { endpoints: [etcd.url] },
      nodeName: "rr1", holdTimeSeconds: LAB_HOLD_SECONDS } });
  }, 60_000);
  afterAll(async () => {
    await lab?.close();
    await etcd?.close();
  }, 60_000);

  it("waits for an etcd that is not there, then for its own Node, and says so", async () => {
    await hasStatus("Calico datastore (etcd): down since");
    await etcd.run();
    await hasStatus("there is no Node rr1");
  }, 40_000);

  it("is a reflector as its Node says", async () => {
    const { v4 } = reflector.node;
    await putNode({ ...reflector.node, name: "rr1", v4 }, { "route-reflector": "true" },
      { routeReflectorClusterID: CLUSTER_ID });
    await become("the nodes as clients", areUp(birds));
    for (const bird of birds) await bird.announce(blockOf(bird));
    for (const bird of birds) {
      await hasEverywhere(lab, birds.filter((other) => other !== bird), expected(bird, [blockOf(bird)], [CLUSTER_ID]));
    }
  }, 60_000);

  it("keeps all sessions while etcd is dead, and then does what was written meanwhile, no more", async () => {
    const [gone, ...rest] = birds as [Bird, Bird, Bird];
    const before = await marks();
    await etcd.kill9();
    await hasStatus("Calico datastore (etcd): down since");
    expect(await marks()).toEqual(before);
    await etcd.run();
    await etcd.ctl("del", `${RESOURCES}/nodes/${gone.node.name}`);
    await become("the others", areUp(rest));
    await hasStatus("Calico datastore (etcd): up since");
    const after = await marks();
    expect(after).toEqual(Object.fromEntries(rest.map((bird) => [nameOf(bird), before[nameOf(bird)]])));
  }, 60_000);

  it("names what cannot be read", async () => {
    const before = await marks();
    await etcd.put(`${RESOURCES}/bgppeers/wrong`, "no JSON");
    expect(await hasStatus("BGPPeer wrong")).toMatch(/^rr1 has 2 sessions/m);
    expect(await marks()).toEqual(before);
  }, 30_000);
});
