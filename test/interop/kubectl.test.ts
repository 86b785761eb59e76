/**
 * The API server of the tests, judged by kubectl: what it takes for a Kubernetes API server is one for our datastore
 * too. The datastore reads the same kubeconfig and listens while kubectl changes things.
 */

import { existsSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, it, onTestFinished } from "vitest";
import { memberOf, textOf } from "../../src/calico/resources/raw.ts";
import { kubeconfigAccess } from "../../src/calico/datastore/kubernetes/kubeconfig.ts";
import type { JsonValue } from "../../src/config/json.ts";
import { makeCertificates } from "../support/calico/certificates.ts";
import { calico, k8sNode, KubernetesWorld } from "../support/calico/kubernetes-world.ts";
import { Background, run } from "../support/lab/processes.ts";
import type { Ran } from "../support/lab/processes.ts";
import { KUBECTL, interopSuite } from "../support/lab/suite.ts";
import { temporaryFolder } from "../support/temporary-folder.ts";

const MAIN = join(import.meta.dirname, "../../dist/main.js");

/** kubectl, with its configuration and its caches in a folder of the test. */
class Kubectl {
  readonly folder: string = temporaryFolder();
  readonly config: string = join(this.folder, "config");

  words(...words: readonly string[]): readonly string[] {
    return ["/usr/bin/env", `HOME=${this.folder}`, KUBECTL, "--kubeconfig", this.config, ...words];
  }

  run(words: readonly string[], input = ""): Promise<Ran> {
    return run(this.words(...words), input);
  }

  /** Runs it; what it prints. A failure is the test's. */
  async must(words: readonly string[], input = ""): Promise<string> {
    const { status, stdout, stderr } = await this.run(words, input);
    expect(`${status} ${stderr.replaceAll(/^Warning:.*\n/gm, "")}`, words.join(" ")).toBe("0 ");
    return stdout;
  }
}

/** A kubeconfig as kubectl writes it; Debian 12's kubectl 1.20 crashes when it is to write one. */
const kubeconfig = (server: string, ca: string, token: string): string => `apiVersion: v1
clusters:
- cluster:
    certificate-authority-data: ${Buffer.from(ca).toString("base64")}
    server: ${server}
  name: c
contexts:
- context:
    cluster: c
    user: u
  name: x
current-context: x
kind: Config
preferences: {}
users:
- name: u
  user:
    token: ${token}
`;

/** A world with TLS and a token, and a kubectl that asks it with this one. */
async function open(token = "letmein"): Promise<{ readonly world: KubernetesWorld; readonly kubectl: Kubectl }> {
  const made = makeCertificates();
  const kubectl = new Kubectl();
  const world = await KubernetesWorld.open({
    tls: { ...made.server, clientCa: made.ca }, access: () => kubeconfigAccess(kubectl.config),
  });
  world.server.tokens = new Set(["letmein"]);
  writeFileSync(kubectl.config, kubeconfig(world.server.url, made.ca, token));
  return { world, kubectl };
}

const peer = (spec: string): string =>
  `apiVersion: crd.projectcalico.org/v1\nkind: BGPPeer\nmetadata:\n  name: p\nspec: ${spec}\n`;

/** reflectd on loopback that dials only, in Calico mode by the environment's kubeconfig; with more keys of `calico`. */
async function startReflectd(kubectl: Kubectl, more: object = {}):
  Promise<(...words: readonly string[]) => Promise<string>> {
  const [config, socket] = [join(kubectl.folder, "reflectd.json"), join(kubectl.folder, "reflectd.sock")];
  writeFileSync(config, JSON.stringify({ calico: { nodeName: "rr1", ...more }, listen: [], http: false,
    control: { socket, birdSockets: false } }));
  const daemon = new Background([process.execPath, MAIN, "run", "--config", config], join(kubectl.folder, "log"),
    { KUBECONFIG: kubectl.config, DATASTORE_TYPE: "kubernetes" });
  onTestFinished(() => daemon.stop());
  await expect.poll(() => existsSync(socket), { timeout: 10_000 }).toBe(true);
  return async (...words) => (await run([process.execPath, MAIN, ...words, "--socket", socket])).stdout;
}

interopSuite("kubectl", ["kubectl"], () => {
  const specOf = (world: KubernetesWorld): JsonValue | undefined => memberOf(world.known.get("BGPPeer p"), "spec");
  const until = (world: KubernetesWorld, spec: JsonValue): Promise<void> =>
    world.until(JSON.stringify(spec), () => JSON.stringify(specOf(world)) === JSON.stringify(spec));

  it("creates, applies, patches, replaces and deletes a BGPPeer, and the datastore tells each", async () => {
    const { world, kubectl } = await open();
    await world.sync();
    await kubectl.must(["create", "-f", "-"], peer("{nodeSelector: a == 'b'}"));
    await until(world, { nodeSelector: "a == 'b'" });
    await kubectl.must(["apply", "-f", "-"], peer("{nodeSelector: all()}"));
    await until(world, { nodeSelector: "all()" });
    await kubectl.must(["patch", "bgppeer", "p", "--type=merge", "-p", '{"spec":{"asNumber":64512}}']);
    await until(world, { nodeSelector: "all()", asNumber: 64512 });
    await kubectl.must(["patch", "bgppeer", "p", "--type=json", "-p", '[{"op":"remove","path":"/spec/nodeSelector"}]']);
    await until(world, { asNumber: 64512 });
    await kubectl.must(["replace", "-f", "-"], peer("{node: n1}"));
    await until(world, { node: "n1" });
    await kubectl.must(["delete", "bgppeer", "p"]);
    await world.until("gone", () => !world.known.has("BGPPeer p"));
    const again = await kubectl.run(["delete", "bgppeer", "p"]);
    expect(again.stderr).toContain('bgppeers.crd.projectcalico.org "p" not found');
  });

  it("is refused where somebody was faster, and where a name is taken", async () => {
    const { world, kubectl } = await open();
    await kubectl.must(["create", "-f", "-"], peer("{node: a}"));
    const seen = await kubectl.must(["get", "bgppeer", "p", "-o", "json"]);
    await kubectl.must(["replace", "-f", "-"], peer("{node: b}"));
    expect((await kubectl.run(["replace", "-f", "-"], seen)).stderr).toContain("the object has been modified");
    expect((await kubectl.run(["create", "-f", "-"], peer("{}"))).stderr).toContain("AlreadyExists");
    expect(world.server.listOf("crd.projectcalico.org/v1", "bgppeers")).toHaveLength(1);
  });

  it("shows what reflectd get shows, which leaves changes to it", async () => {
    const { world, kubectl } = await open();
    for (const name of ["n2", "n1"]) world.server.put(k8sNode(name));
    await kubectl.must(["create", "-f", "-"], peer("{nodeSelector: all(), peerIP: 192.0.2.9, asNumber: 65001}"));
    const reflectd = (...words: readonly string[]): Promise<Ran> => run(["/usr/bin/env", "DATASTORE_TYPE=kubernetes",
      `KUBECONFIG=${kubectl.config}`, process.execPath, MAIN, ...words, "--socket", join(kubectl.folder, "none.sock")]);
    expect(JSON.parse((await reflectd("get", "bgppeer", "p", "-o", "json")).stdout))
      .toEqual(JSON.parse(await kubectl.must(["get", "bgppeer", "p", "-o", "json"])));
    const names = async (): Promise<string> =>
      (await reflectd("get", "nodes", "-o", "custom-columns=NAME")).stdout.replaceAll(/ *\n/g, "\n").trimEnd();
    expect(`${await names()}\n`).toBe(await kubectl.must(["get", "nodes", "-o", "custom-columns=NAME:.metadata.name"]));
    const { status, stderr } = await reflectd("delete", "bgppeer", "p");
    expect([status, stderr]).toEqual([1, "reflectd: delete: the datastore is Kubernetes (kubectl does this)\n"]);
    expect(world.server.listOf("crd.projectcalico.org/v1", "bgppeers")).toHaveLength(1);
  });

  it("annotates and labels a Node", async () => {
    const { world, kubectl } = await open();
    world.server.put(k8sNode("n1", { theirs: "1" }));
    await world.sync();
    await kubectl.must(["annotate", "node", "n1", "projectcalico.org/RouteReflectorClusterID=244.0.0.1"]);
    await kubectl.must(["label", "node", "n1", "route-reflector=true"]);
    const label = (): string => textOf(world.known.get("Node n1"), "metadata", "labels", "route-reflector");
    await world.until("both", () => label() === "true");
    expect(memberOf(world.known.get("Node n1"), "metadata", "annotations")).toEqual(
      { theirs: "1", "projectcalico.org/RouteReflectorClusterID": "244.0.0.1" });
    await kubectl.must(["annotate", "node", "n1", "projectcalico.org/RouteReflectorClusterID-"]);
    await world.until("away", () => !JSON.stringify(world.known.get("Node n1")).includes("ClusterID"));
  });

  it("prints tables and pages, all kinds of selections, and what changes", async () => {
    const { world, kubectl } = await open();
    for (let at = 0; at < 7; at++) {
      world.server.put({ ...k8sNode(`n${at}`), metadata: { name: `n${at}`, labels: { rack: `r${at % 2}` } } });
    }
    world.server.put({ apiVersion: "v1", kind: "Secret", metadata: { name: "s", namespace: "kube-system" } });
    const names = (text: string): readonly string[] => text.trim().split("\n").map((line) => line.replace(/ .*/, ""));
    expect(names(await kubectl.must(["get", "nodes", "--chunk-size=3"])))
      .toEqual(["NAME", "n0", "n1", "n2", "n3", "n4", "n5", "n6"]);
    expect(world.server.asked("continue=")).toHaveLength(2);
    expect(names(await kubectl.must(["get", "nodes", "-l", "rack=r1", "--no-headers"]))).toEqual(["n1", "n3", "n5"]);
    expect(names(await kubectl.must(["get", "secrets", "-n", "kube-system", "-o", "name"]))).toEqual(["secret/s"]);
    const byField = ["get", "nodes", "--field-selector", "metadata.name=n2", "-o", "name"];
    expect(await kubectl.must(byField)).toBe("node/n2\n");
    const watching = new Background(kubectl.words("get", "nodes", "--watch-only", "-o", "name"),
      join(kubectl.folder, "watch"));
    onTestFinished(() => watching.stop());
    await world.until("its watch", () => world.server.watches.count("nodes") === 1);
    world.server.put(k8sNode("n9"));
    await world.until("what it says", () => watching.tail() === "node/n9");
  });

  it("applies deploy/kubernetes, twice without a change", async () => {
    const { world: { server }, kubectl } = await open();
    const folder = join(import.meta.dirname, "../../deploy/kubernetes");
    const ofRoles = ["role", "rolebinding", "clusterrole", "clusterrolebinding"];
    const applied = ["namespace", "serviceaccount", "configmap", "daemonset.apps",
      ...ofRoles.map((kind) => `${kind}.rbac.authorization.k8s.io`)];
    for (const word of ["created", "unchanged"]) {
      const lines = (await kubectl.must(["apply", "-k", folder])).trim().split("\n");
      expect(lines.sort()).toEqual(applied.map((kind) => `${kind}/reflectd ${word}`).sort());
    }
    const [daemonSet] = server.listOf("apps/v1", "daemonsets");
    expect(JSON.stringify(daemonSet)).toContain('"image":"reflectd:0.1.0"');
  });

  it("is not let in without the token, and neither are we", async () => {
    const { world, kubectl } = await open("wrong");
    expect((await kubectl.run(["get", "nodes"])).status).not.toBe(0);
    world.start();
    await world.until("down", () => world.heard("down") > 0);
    expect(world.whyDown).toBe("401 Unauthorized");
  });

  it("sees the Node that a reflectd writes and keeps right, and the state that it reports", async () => {
    const { world: { server }, kubectl } = await open();
    server.put(k8sNode("rr1", { theirs: "1" }));
    server.put(k8sNode("w1", { "projectcalico.org/IPv4Address": "127.0.0.12/8" }));
    server.put(calico("BGPPeer", "p", { nodeSelector: "all()", peerSelector: "has(route-reflector)" }));
    server.put(calico("CalicoNodeStatus", "s", { node: "rr1", classes: ["Agent", "BGP"], updatePeriodSeconds: 1 }));
    await startReflectd(kubectl, { publishNode: true, node: { ipv4Address: "127.0.0.11/8",
      routeReflectorClusterID: "244.0.0.1", labels: { "route-reflector": "true" } } });
    const get = async (...words: readonly string[]): Promise<JsonValue> =>
      JSON.parse(await kubectl.must(["get", ...words, "-o", "json"])) as JsonValue;
    const annotations = async (): Promise<unknown> => memberOf(await get("node", "rr1"), "metadata", "annotations");
    const ours = { "theirs": "1", "projectcalico.org/IPv4Address": "127.0.0.11/8",
      "projectcalico.org/RouteReflectorClusterID": "244.0.0.1",
      "projectcalico.org/labels": '{"route-reflector":"true"}' };
    await expect.poll(annotations, { timeout: 15_000, interval: 200 }).toEqual(ours);
    const status = async (): Promise<unknown> => memberOf(await get("caliconodestatus", "s"), "status");
    await expect.poll(status, { timeout: 15_000, interval: 200 }).toMatchObject({
      agent: { birdV4: { state: "Ready", routerID: "127.0.0.11" } },
      bgp: { numberEstablishedV4: 0, numberNotEstablishedV4: 1, peersV4: [{ peerIP: "127.0.0.12", type: "NodePeer" }] },
    });
    await kubectl.must(["annotate", "--overwrite", "node", "rr1", "projectcalico.org/IPv4Address=127.0.0.99/8"]);
    await expect.poll(annotations, { timeout: 40_000, interval: 500 }).toEqual(ours);
  }, 90_000);

  it("changes the sessions of a reflectd, which keeps them while the server is away", async () => {
    const { world: { server }, kubectl } = await open();
    for (const [name, address] of [["rr1", "127.0.0.11"], ["w1", "127.0.0.12"], ["w2", "127.0.0.13"]] as const) {
      server.put(k8sNode(name, { "projectcalico.org/IPv4Address": `${address}/8` }));
    }
    const reflectd = await startReflectd(kubectl);
    const peers = async (): Promise<readonly string[]> =>
      (JSON.parse(await reflectd("show", "peers", "-o", "json")) as readonly { name: string; type: string }[])
        .map(({ name, type }) => `${name} ${type}`);
    const become = (wanted: readonly string[]): Promise<void> =>
      expect.poll(peers, { timeout: 15_000, interval: 200 }).toEqual(wanted);
    await become(["Mesh_127_0_0_12 mesh", "Mesh_127_0_0_13 mesh"]);
    await kubectl.must(["annotate", "node", "rr1", "projectcalico.org/RouteReflectorClusterID=244.0.0.1"]);
    await become([]);
    await kubectl.must(["label", "node", "rr1", "route-reflector=true"]);
    await kubectl.must(["create", "-f", "-"], peer("{nodeSelector: all(), peerSelector: has(route-reflector)}"));
    await become(["Node_127_0_0_12 node", "Node_127_0_0_13 node"]);
    await server.close();
    const status = (): Promise<string> => reflectd("node", "status");
    await expect.poll(status, { timeout: 15_000, interval: 200 }).toMatch(/datastore \(kubernetes\): down .*ECONNREF/);
    server.remove(k8sNode("w2"));
    await become(["Node_127_0_0_12 node", "Node_127_0_0_13 node"]);
    await server.listen();
    await become(["Node_127_0_0_12 node"]);
    await expect.poll(status, { timeout: 35_000, interval: 200 }).toMatch(/datastore \(kubernetes\): up /);
  }, 60_000);
});
