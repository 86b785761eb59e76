/**
 * Calico mode on files, beside nodes that run what calico-node runs, BIRD 1.6.8: the usual guide from the mesh to a
 * route reflector, one file after the other, as an operator would write them. Every step is counted: who is not
 * concerned keeps session and routes.
 */

import { mkdirSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, expect, it } from "vitest";
import { startBird } from "../support/lab/bird.ts";
import type { Bird } from "../support/lab/bird.ts";
import { capture } from "../support/lab/capture.ts";
import type { Capture } from "../support/lab/capture.ts";
import { allEstablished, expected, expectSoundBytes, hasEverywhere, lacksEverywhere } from "../support/lab/cluster.ts";
import { Lab } from "../support/lab/lab.ts";
import type { LabNode } from "../support/lab/lab.ts";
import { startReflectd } from "../support/lab/reflectd.ts";
import type { Reflectd, ShownPeer } from "../support/lab/reflectd.ts";
import { LAB_HOLD_SECONDS } from "../support/lab/router.ts";
import type { Announcement } from "../support/lab/router.ts";
import { interopSuite } from "../support/lab/suite.ts";
import { staysFor, waitFor } from "../support/lab/waiting.ts";

const CLUSTER_ID = "244.0.0.1";

interopSuite("Calico's resources in files, with BIRD 1.6.8 on the nodes", ["bird-1.6.8", "tshark"], () => {
  let lab: Lab;
  let folder: string;
  let hub: LabNode;
  let pcap: Capture;
  let reflector: Reflectd;
  let birds: Bird[];

  /** Writes a manifest as editors do: beside it, then over it. */
  function put(name: string, text: string): void {
    writeFileSync(join(folder, `${name}.tmp`), text);
    renameSync(join(folder, `${name}.tmp`), join(folder, name));
  }
  const nodeText = (name: string, address: string, bgp = "", labels = ""): string => `
apiVersion: projectcalico.org/v3
kind: Node
metadata:
  name: ${name}
  labels: {${labels}}
spec:
  bgp:
    ipv4Address: ${address}/24
${bgp}`;
  const putNode = ({ name, v4 }: LabNode): void => put(`node-${name}.yaml`, nodeText(name, v4));
  const putReflector = (bgp: string): void =>
    put("node-rr1.yaml", nodeText("rr1", hub.v4, bgp, 'route-reflector: "true"'));
  const blockOf = (bird: Bird): Announcement => ({ prefix: `10.244.${bird.node.v4.split(".").at(-1)}.0/26` });
  const othersThan = (bird: Bird): Bird[] => birds.filter((other) => other !== bird);
  const nameOf = (bird: Bird, prefix = "Node"): string => `${prefix}_${bird.node.v4.replaceAll(".", "_")}`;
  /** What tells a session that was touched from one that was not. */
  const marks = async (): Promise<Record<string, string>> => Object.fromEntries((await reflector.peers())
    .map(({ name, state, since }) => [name, `${state} since ${since}`]));

  function become(what: string, holds: (peers: readonly ShownPeer[]) => boolean): Promise<readonly ShownPeer[]> {
    return waitFor(lab, what, () => reflector.peers(), holds, 40_000);
  }
  const allUp = (names: readonly string[]) => (peers: readonly ShownPeer[]): boolean =>
    JSON.stringify(peers.map(({ name }) => name).sort()) === JSON.stringify([...names].sort())
    && peers.every(({ state }) => state === "Established");

  async function everybodyHasEverything(): Promise<void> {
    for (const bird of birds) {
      await hasEverywhere(lab, othersThan(bird), expected(bird, [blockOf(bird)], [CLUSTER_ID]), 40_000);
    }
  }

  beforeAll(async () => {
    lab = await Lab.create();
    folder = join(lab.folder, "resources");
    mkdirSync(folder);
    hub = await lab.node("rr1");
    pcap = await capture(hub);
    birds = [];
    for (const name of ["w1", "w2", "w3"]) {
      const node = await lab.node(name);
      putNode(node);
      birds.push(await startBird(node, `bird1-${name}`, { version: "1.6", peers: [{ address: hub.v4 }] }));
    }
    put("pool.yaml",
      "apiVersion: projectcalico.org/v3\nkind: IPPool\nmetadata: {name: p}\nspec: {cidr: 10.244.0.0/16}\n");
    reflector = await startReflectd(hub, "reflectd", { calico: { datastore: "files", files: [folder],
      nodeName: "rr1", holdTimeSeconds: LAB_HOLD_SECONDS } });
  }, 60_000);
  afterAll(async () => { await lab?.close(); }, 60_000);

  it("waits for its own Node, and says so", async () => {
    await waitFor(lab, "that it knows of no Node", () => reflector.cli("node", "status"),
      ({ stdout }) => stdout.includes("there is no Node rr1"), 10_000);
    expect(await reflector.peers()).toEqual([]);
  });

  it("is a node of the mesh: a session with each, and no route of one for the others", async () => {
    putReflector("");
    await become("the mesh", allUp(birds.map((bird) => nameOf(bird, "Mesh"))));
    expect((await reflector.peers()).map(({ type }) => type)).toEqual(["mesh", "mesh", "mesh"]);
    for (const bird of birds) await bird.announce(blockOf(bird));
    await waitFor(lab, "all blocks", () => reflector.routes(), (routes) => routes.length === birds.length);
    for (const bird of birds) {
      await lacksEverywhere(lab, othersThan(bird), [blockOf(bird).prefix]);
    }
  }, 60_000);

  it("one BGPPeer with a peerSelector adds sessions that wait for the mesh's, and touches none of these", async () => {
    const before = await marks();
    put("peer.yaml", `
apiVersion: projectcalico.org/v3
kind: BGPPeer
metadata: {name: peer-with-route-reflectors}
spec:
  nodeSelector: all()
  peerSelector: route-reflector == 'true'
`);
    await become("sessions of both kinds", (peers) => peers.length === 6);
    await staysFor(lab, "the mesh", marks,
      (now) => Object.entries(before).every(([name, mark]) => now[name] === mark), 3000);
  }, 30_000);

  it("the cluster id makes a reflector of it: the mesh's sessions go, and every node has every block", async () => {
    putReflector(`    routeReflectorClusterID: ${CLUSTER_ID}\n`);
    await become("the nodes as clients", allUp(birds.map((bird) => nameOf(bird))));
    await everybodyHasEverything();
    const { stdout } = await reflector.cli("node", "status");
    expect(stdout).toMatch(/\| node specific \| up /);
    expect(stdout).toMatch(/^rr1 has 3 sessions among 4 nodes$/m);
  }, 90_000);

  it("another cluster id is told to everybody, in the sessions that there are", async () => {
    const before = await marks();
    putReflector("    routeReflectorClusterID: 244.0.0.7\n");
    const [first] = birds as [Bird];
    await hasEverywhere(lab, othersThan(first), expected(first, [blockOf(first)], ["244.0.0.7"]));
    putReflector(`    routeReflectorClusterID: ${CLUSTER_ID}\n`);
    await everybodyHasEverything();
    expect(await marks()).toEqual(before);
  }, 40_000);

  it("a half-written file changes nothing, and is a fault by its name", async () => {
    const before = await marks();
    writeFileSync(join(folder, "peer.yaml"),
      "apiVersion: projectcalico.org/v3\nkind: BGPPeer\nmetadata: {name: peer-w");
    await waitFor(lab, "the fault", async () => (await reflector.cli("node", "status")).stdout,
      (text) => /^File \S+\/peer\.yaml/m.test(text));
    await everybodyHasEverything();
    expect(await marks()).toEqual(before);
    put("peer.yaml", "apiVersion: projectcalico.org/v3\nkind: BGPPeer\nmetadata: {name: peer-with-route-reflectors}\n"
      + "spec: {nodeSelector: all(), peerSelector: route-reflector == 'true'}\n");
    await waitFor(lab, "no fault", async () => (await reflector.cli("node", "status")).stdout,
      (text) => !text.includes("FAULT"));
    expect(await marks()).toEqual(before);
  }, 40_000);

  it("a node that leaves takes its own session with it, and comes back", async () => {
    const [gone, ...rest] = birds as [Bird, Bird, Bird];
    const before = await marks();
    rmSync(join(folder, `node-${gone.node.name}.yaml`));
    await lacksEverywhere(lab, rest, [blockOf(gone).prefix]);
    const meanwhile = await marks();
    expect(Object.keys(meanwhile).sort()).toEqual(rest.map((bird) => nameOf(bird)).sort());
    putNode(gone.node);
    await become("all again", allUp(birds.map((bird) => nameOf(bird))));
    await everybodyHasEverything();
    const after = await marks();
    for (const bird of rest) expect([meanwhile, after].map((now) => now[nameOf(bird)])).toEqual(Array(2).fill(
      before[nameOf(bird)]));
  }, 60_000);

  it("a BGPPeer with a password waits for somebody who can set it; a wrong one costs itself", async () => {
    const before = await marks();
    put("tor.yaml", `
apiVersion: projectcalico.org/v3
kind: BGPPeer
metadata: {name: tor}
spec: {node: rr1, peerIP: 10.99.0.250, asNumber: 65000, password: {secretKeyRef: {name: bgp, key: tor}}}
---
apiVersion: projectcalico.org/v3
kind: BGPPeer
metadata: {name: wrong}
spec: {node: rr1, peerIP: 10.99.0.251}
`);
    const peers = await become("the session", (all) => all.length === 4);
    expect(peers.find(({ address }) => address === "10.99.0.250")?.waiting).toMatch(/TCP-MD5 password/);
    const { stdout } = await reflector.cli("node", "status");
    expect(stdout).toMatch(/^BGPPeer wrong +spec\.asNumber +missing/m);
    expect(await marks()).toMatchObject(before);
    rmSync(join(folder, "tor.yaml"));
    await become("the others", (all) => all.length === 3);
    expect(await marks()).toEqual(before);
  }, 40_000);

  it("a datastore that is gone keeps everything, and says so", async () => {
    const before = await marks();
    renameSync(folder, `${folder}-away`);
    await waitFor(lab, "the outage", async () => (await reflector.cli("node", "status")).stdout,
      (text) => text.includes("Calico datastore (files): down since"), 20_000);
    await everybodyHasEverything();
    renameSync(`${folder}-away`, folder);
    await waitFor(lab, "its end", async () => (await reflector.cli("node", "status")).stdout,
      (text) => text.includes("Calico datastore (files): up since"), 20_000);
    expect(await marks()).toEqual(before);
  }, 60_000);

  it("reload reads the configuration file, and nothing else changes", async () => {
    const before = await marks();
    expect(await reflector.ask("reload")).toMatchObject({ added: [], removed: [], reset: [], refreshed: [],
      untouched: birds.map((bird) => nameOf(bird)) });
    expect(await marks()).toEqual(before);
    await allEstablished(lab, birds);
  }, 20_000);

  it("sent nothing that tshark faults", async () => {
    await expectSoundBytes(pcap, hub, { opens: 7, updates: 12 });
  }, 60_000);
});
