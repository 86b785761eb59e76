/** A large cluster's resources: read, translated for its reflector, and followed through one node's change. */

import { createHash } from "node:crypto";
import { ResourceStore } from "../../src/calico/store.ts";
import { IntentPlan } from "../../src/calico/translate/intent.ts";
import { NodeTranslation } from "../../src/calico/translate/node.ts";
import type { MicroOperation } from "./measure.ts";

const NODES = 5_000;
const BLOCKS_PER_NODE = 4;
/** BGPPeers, each with a BGPFilter of its own; every node is meant by one of them. */
const PEERS = 50;
const CHANGES = 20;
const REFLECTOR = "node0";
const OUR_ADDRESS = 0x0a00_0001;

const SETTINGS = { holdTimeSeconds: 240, onStop: "restart" } as const;

type Resource = Readonly<Record<string, unknown>>;

/** Per resource, per node, and per change, in a cluster of `nodes`; its reflector has a session with each. */
export function calicoOperations(nodes: number = NODES): MicroOperation[] {
  return [read(nodes), translate(nodes), change(nodes)];
}

function read(nodes: number): MicroOperation {
  const resources = clusterOf(nodes);
  return { group: "calico", what: "read a resource", count: resources.length, allocationFree: false,
    work: () => storeWith(resources) };
}

function translate(nodes: number): MicroOperation {
  const store = storeWith(clusterOf(nodes));
  return { group: "calico", what: `translate a node of ${nodes}, to an intent`, count: nodes, allocationFree: false,
    work: () => follow(store) };
}

/** Each change is another label of another node: it is read, and all is translated that depends on it. */
function change(nodes: number): MicroOperation {
  const store = storeWith(clusterOf(nodes));
  const plan = follow(store);
  let serial = 0;
  const work = (): void => {
    for (let i = 1; i <= CHANGES; i++) {
      store.put([nodeOf(i, { changed: String(++serial) })]);
      plan();
    }
  };
  return { group: "calico", what: "read and translate one node's change", count: CHANGES, allocationFree: false, work };
}

function storeWith(resources: readonly Resource[]): ResourceStore {
  const store = new ResourceStore();
  const faults = store.put(resources);
  if (faults.length > 0) throw new Error(`the cluster has a mistake: ${JSON.stringify(faults[0])}`);
  return store;
}

/** Translates what the store has, and again whenever the answer is called; each node must have its session. */
function follow(store: ResourceStore): () => void {
  const sha256 = (text: string): Uint8Array => createHash("sha256").update(text).digest();
  const translation = new NodeTranslation({ nodeName: REFLECTOR, kubernetesNodeName: REFLECTOR,
    secretNamespace: "kube-system", usePodCidr: false, routerId: undefined, sha256 });
  const intents = new IntentPlan();
  const again = (): void => {
    const intent = intents.of(translation.plan(store.resources, store.faults), SETTINGS);
    if (typeof intent === "string" || intent.peers.length !== store.resources.nodes.size - 1) {
      throw new Error("a node has no session, or two");
    }
  };
  again();
  return again;
}

function clusterOf(nodes: number): Resource[] {
  const each = <T>(count: number, make: (i: number) => T): T[] => Array.from({ length: count }, (_, i) => make(i));
  return [
    resource("BGPConfiguration", "default", { nodeToNodeMeshEnabled: false, asNumber: 64_512 }),
    resource("IPPool", "pods", { cidr: "10.128.0.0/9", ipipMode: "Never", vxlanMode: "Never" }),
    ...each(PEERS, (i) => resource("BGPFilter", `rack${i}`, { exportV4: [
      { action: "Reject", matchOperator: "In", cidr: `172.16.${i}.0/24` }, { action: "Accept", source: "RemotePeers" },
    ] })),
    ...each(PEERS, (i) => resource("BGPPeer", `rack${i}`, { nodeSelector: `rack == 'rack${i}' && !has(reflector)`,
      peerSelector: "has(reflector)", filters: [`rack${i}`] })),
    ...each(nodes, (i) => nodeOf(i, i === 0 ? { reflector: "" } : {})),
    ...each(nodes * BLOCKS_PER_NODE, blockOf),
  ];
}

function nodeOf(i: number, labels: Readonly<Record<string, string>>): Resource {
  const annotations = {
    "projectcalico.org/IPv4Address": `${dotted(OUR_ADDRESS + i)}/16`,
    ...(i === 0 ? { "projectcalico.org/RouteReflectorClusterID": "244.0.0.1" } : {}),
  };
  const name = `node${i}`;
  const all = { "kubernetes.io/hostname": name, "kubernetes.io/os": "linux", rack: `rack${i % PEERS}`, ...labels };
  return { apiVersion: "v1", kind: "Node", metadata: { name, annotations, labels: all } };
}

function blockOf(i: number): Resource {
  return resource("BlockAffinity", `block${i}`, { cidr: `${dotted(0x0a80_0000 + i * 64)}/26`, state: "confirmed",
    node: `node${Math.floor(i / BLOCKS_PER_NODE)}`, type: "host", deleted: "false" });
}

function resource(kind: string, name: string, spec: Resource): Resource {
  return { apiVersion: "crd.projectcalico.org/v1", kind, metadata: { name }, spec };
}

function dotted(address: number): string {
  return [24, 16, 8, 0].map((shift) => (address >>> shift) & 255).join(".");
}
