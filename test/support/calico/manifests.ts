/** Resources as kubectl and calicoctl write them, in few words. */

import type { JsonValue } from "../../../src/config/json.ts";

/** Keys and values. */
export type Members = Readonly<Record<string, JsonValue>>;

/** A resource in any form. */
export type Manifest = {
  readonly apiVersion: string;
  readonly kind: string;
  readonly metadata: { readonly name: string } & Members;
  readonly spec: Members;
};

/** A resource of Calico's own API. */
export function manifest(kind: string, name: string, spec: Members, labels: Members = {}): Manifest {
  return { apiVersion: "projectcalico.org/v3", kind, metadata: { name, labels }, spec };
}

/** A Node as Calico writes it. */
export function nodeManifest(name: string, ipv4Address: string, bgp: Members = {}, labels: Members = {}): Manifest {
  return manifest("Node", name, { bgp: { ipv4Address, ...bgp } }, labels);
}

/** A Node as Kubernetes has it: annotations for Calico, and much that changes and means nothing to BGP. */
export function kubernetesNode(name: string, ipv4Address: string, heartbeat: string, labels: Members = {}): JsonValue {
  return {
    apiVersion: "v1", kind: "Node",
    metadata: { name, labels, resourceVersion: heartbeat,
      annotations: { "projectcalico.org/IPv4Address": ipv4Address } },
    status: { conditions: [{ type: "Ready", status: "True", lastHeartbeatTime: heartbeat }] },
  };
}

/** A Secret as people write it. */
export function secret(name: string, stringData: Members): Manifest & { readonly stringData: Members } {
  return { apiVersion: "v1", kind: "Secret", metadata: { name, namespace: "kube-system" }, spec: {}, stringData };
}

/** The BGPPeer of the usual guide: every node and the reflectors. */
export const PEER_WITH_REFLECTORS: Manifest = manifest("BGPPeer", "peer-with-route-reflectors",
  { nodeSelector: "all()", peerSelector: "route-reflector == 'true'" });

/** The BGPConfiguration that switches the mesh off. */
export const NO_MESH: Manifest = manifest("BGPConfiguration", "default", { nodeToNodeMeshEnabled: false });
