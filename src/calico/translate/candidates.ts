/**
 * Which sessions BGPPeers and the mesh ask for, before duplicates are removed: forward, reverse, mesh and local
 * workloads. One function per remote node, so that a node that joins costs its own sessions only. calico.md 3.2 to 3.4.
 */

import { BGP_PORT } from "../../config/intent.ts";
import type { BgpPeer, CalicoNode, CalicoResources, SecretKey } from "../resources/model.ts";
import {
  addressOf, clusterAsNumber, compareText, defaultConfiguration, listenPortOf, ownListenPort,
} from "./speaker.ts";
import type { CalicoFamily, Speaker } from "./speaker.ts";

/** What asks for a session, in the order in which the first one wins: calico.md 3.5. */
export type Direction = "mesh" | "global" | "node" | "reverse" | "workload";

/** A session that something asks for. */
export interface Candidate {
  readonly direction: Direction;
  /** The BGPPeer's name; empty for the mesh. */
  readonly peerName: string;
  readonly address: string;
  /** Undefined: nobody names one. It makes another session than 179 written out does. */
  readonly port: number | undefined;
  readonly remoteAs: number;
  readonly localAs: number;
  /** The remote node's cluster id where it is known: calico.md 3.6. */
  readonly remoteClusterId: string | undefined;
  readonly passive: boolean;
  readonly sourceAddress: string | undefined;
  readonly passwordSecret: SecretKey | undefined;
  readonly restartSeconds: number | undefined;
  readonly keepaliveSeconds: number | undefined;
  readonly nextHopMode: "auto" | "self" | "keep";
  /** The deprecated keepOriginalNextHop. */
  readonly keepOnEbgp: boolean;
  readonly ttlSecurityHops: number;
  readonly allowOwnAs: number;
  readonly reachableBy: string | undefined;
  readonly filters: readonly string[];
}

/** A BGPPeer that concerns us, and on which of its sides we are. */
interface OwnPeer {
  readonly peer: BgpPeer;
  readonly isLocal: boolean;
  readonly isRemote: boolean;
}

/** What is true of us in one family. */
interface Side {
  readonly resources: CalicoResources;
  readonly speaker: Speaker;
  readonly family: CalicoFamily;
  /** Our address of the family. */
  readonly ownAddress: string;
  readonly clusterAs: number;
}

/** What all candidates of a family have in common. */
export interface Scope extends Side {
  /** By name. */
  readonly peers: readonly OwnPeer[];
  /** The nodes that have this address of the family, by name. */
  readonly nodesAt: (address: string) => readonly CalicoNode[];
}

/** The scope of a family; undefined where our node has no address of it, and so no session. */
export function scopeOf(resources: CalicoResources, speaker: Speaker, family: CalicoFamily): Scope | undefined {
  const own = addressOf(speaker.node, family);
  if (own === undefined) return undefined;
  const side = { resources, speaker, family, ownAddress: own.address, clusterAs: clusterAsNumber(resources) };
  const peers = [...resources.peers.values()].sort((a, b) => compareText(a.name, b.name))
    .map((peer) => ({ peer, isLocal: isOurs(peer, speaker), isRemote: isRemote(side, peer) }))
    .filter((one) => one.isLocal || one.isRemote);
  let atAddress: ReadonlyMap<string, readonly CalicoNode[]> | undefined;
  return { ...side, peers, nodesAt: (address) => (atAddress ??= nodesAtAddresses(side, peers)).get(address) ?? [] };
}

/** All that is asked for between us and one other node: mesh, peerSelector, and reverse sessions. */
export function candidatesWithNode(scope: Scope, remote: CalicoNode): readonly Candidate[] {
  const address = addressOf(remote, scope.family)?.address;
  if (address === undefined || address === scope.ownAddress || remote.name === scope.speaker.node.name) return [];
  const found: Candidate[] = [];
  if (inMesh(scope, remote)) found.push(meshCandidate(scope, remote, address));
  for (const own of scope.peers) {
    const { peer } = own;
    if (own.isLocal && isForward(peer, remote)) {
      found.push(nodeCandidate(scope, peer, remote, address, peer.local.by === "all" ? "global" : "node"));
    }
    if (own.isRemote && isReverse(peer, remote)) found.push(nodeCandidate(scope, peer, remote, address, "reverse"));
  }
  // The AS of the cluster, where it is not known: not to dial costs less than to be refused.
  return found.filter(({ remoteAs }) => remoteAs !== 0);
}

/** All that is asked for by address, and of our own pods. */
export function candidatesByAddress(scope: Scope): readonly Candidate[] {
  return scope.peers.flatMap(({ peer, isLocal }) => {
    if (!isLocal) return [];
    if (peer.remote.by === "workload") return workloadCandidates(scope, peer);
    return peer.remote.by === "address" ? addressCandidates(scope, peer, peer.remote) : [];
  });
}

/** The nodes at the addresses that BGPPeers name: there are few of these among thousands of nodes. */
function nodesAtAddresses({ resources, family }: Side, peers: readonly OwnPeer[]): Map<string, CalicoNode[]> {
  const found = new Map<string, CalicoNode[]>();
  for (const { peer: { remote } } of peers) if (remote.by === "address") found.set(remote.address, []);
  for (const node of resources.nodes.values()) found.get(addressOf(node, family)?.address ?? "")?.push(node);
  for (const nodes of found.values()) nodes.sort((a, b) => compareText(a.name, b.name));
  return found;
}

/** A reflector takes no part in the mesh, on either side. */
function inMesh({ speaker }: Scope, remote: CalicoNode): boolean {
  return speaker.meshEnabled && speaker.clusterId === undefined && remote.routeReflectorClusterId === undefined;
}

function meshCandidate(scope: Scope, remote: CalicoNode, address: string): Candidate {
  const { resources, speaker, ownAddress } = scope;
  const configuration = defaultConfiguration(resources);
  return {
    direction: "mesh", peerName: "", address,
    port: listenPortOf(resources, remote.name) ?? BGP_PORT,
    // A node without an AS of its own gets ours, and not the cluster's: calico.md 3.2.
    remoteAs: remote.asNumber ?? speaker.asNumber,
    localAs: speaker.asNumber,
    remoteClusterId: undefined,
    passive: compareText(address, ownAddress) > 0,
    sourceAddress: ownAddress,
    passwordSecret: configuration.nodeMeshPassword,
    restartSeconds: configuration.nodeMeshMaxRestartTimeSeconds,
    keepaliveSeconds: undefined, nextHopMode: "auto", keepOnEbgp: false, ttlSecurityHops: 0, allowOwnAs: 0,
    reachableBy: undefined, filters: [],
  };
}

const NO_LABELS: ReadonlyMap<string, string> = new Map();

/**
 * We are on the local side of a BGPPeer. All nodes are all Nodes: a host that is none is meant where it is named, or
 * where a selector asks for a label that it has.
 */
function isOurs(peer: BgpPeer, { node, isNode }: Speaker): boolean {
  const { local } = peer;
  const isForAll = local.by === "all" || (local.by === "selector" && local.selector.matches(NO_LABELS));
  return isLocal(peer, node) && (isNode || !isForAll);
}

function isLocal({ local }: BgpPeer, node: CalicoNode): boolean {
  if (local.by === "all") return true;
  return local.by === "node" ? local.node === node.name : local.selector.matches(node.labels);
}

/** `remote` is on the remote side of a BGPPeer on whose local side we are. */
function isForward(peer: BgpPeer, remote: CalicoNode): boolean {
  return peer.remote.by === "selector" && peer.remote.selector.matches(remote.labels);
}

/** Symmetry: we are on the remote side of the BGPPeer and `remote` is on its local side. */
function isReverse(peer: BgpPeer, remote: CalicoNode): boolean {
  return peer.reversePeering === "Auto" && isLocal(peer, remote);
}

function isRemote(scope: Side, { remote, asNumber }: BgpPeer): boolean {
  if (remote.by === "workload") return false;
  if (remote.by === "selector") return remote.selector.matches(scope.speaker.node.labels);
  if (remote.address !== scope.ownAddress) return false;
  return (asNumber ?? scope.clusterAs) === scope.speaker.asNumber
    && portFits(scope.resources, scope.speaker.node.name, remote.port);
}

/** The node's own port must be the one written, and so must the cluster's where it is set, even then. */
function portFits(resources: CalicoResources, nodeName: string, port: number | undefined): boolean {
  if (port === undefined) return true;
  const own = ownListenPort(resources, nodeName);
  const global = defaultConfiguration(resources).listenPort;
  return (own === undefined || own === port) && (global === undefined || global === port);
}

function nodeCandidate(
  scope: Scope, peer: BgpPeer, remote: CalicoNode, address: string, direction: Direction,
): Candidate {
  return {
    ...common(scope, peer, direction), address,
    port: listenPortOf(scope.resources, remote.name),
    remoteAs: remote.asNumber ?? scope.clusterAs,
    localAs: scope.speaker.asNumber,
    remoteClusterId: remote.routeReflectorClusterId,
    passive: false, allowOwnAs: 0,
  };
}

function addressCandidates(
  scope: Scope, peer: BgpPeer, { address, port }: { readonly address: string; readonly port: number | undefined },
): readonly Candidate[] {
  const isOfFamily = address.includes(":") === (scope.family === "ipv6");
  if (!isOfFamily || address === scope.ownAddress) return [];
  const direction = peer.local.by === "all" ? "global" : "node";
  const asNumber = peer.asNumber ?? scope.clusterAs;
  const nodes = scope.nodesAt(address);
  const listening = nodes.find((node) => (node.asNumber ?? scope.clusterAs) === asNumber);
  return [{
    ...common(scope, peer, direction), address,
    port: port ?? (listening === undefined ? undefined : listenPortOf(scope.resources, listening.name)),
    remoteAs: asNumber,
    localAs: peer.localAsNumber ?? scope.speaker.asNumber,
    remoteClusterId: undefined,
    passive: direction === "global" && nodes.length > 0 && compareText(address, scope.ownAddress) > 0,
    allowOwnAs: peer.numAllowedLocalAsNumbers,
  }];
}

/** A pod's session is passive and has none of the BGPPeer's other settings: calico.md 3.8. */
function workloadCandidates(scope: Scope, peer: BgpPeer): readonly Candidate[] {
  return scope.resources.workloads.filter((pod) => pod.bgpPeerName === peer.name).flatMap((pod) => {
    const address = scope.family === "ipv4" ? pod.ipv4 : pod.ipv6;
    if (address === undefined || peer.asNumber === undefined) return [];
    return [{
      direction: "workload" as const, peerName: peer.name, address, port: undefined, remoteAs: peer.asNumber,
      localAs: peer.localAsNumber ?? scope.speaker.asNumber, remoteClusterId: undefined, passive: true,
      sourceAddress: undefined, passwordSecret: undefined, restartSeconds: undefined, keepaliveSeconds: undefined,
      nextHopMode: "auto" as const, keepOnEbgp: false, ttlSecurityHops: 0, allowOwnAs: 0, reachableBy: undefined,
      filters: peer.filters,
    }];
  });
}

type Common = Pick<Candidate, "direction" | "peerName" | "sourceAddress" | "passwordSecret" | "restartSeconds"
  | "keepaliveSeconds" | "nextHopMode" | "keepOnEbgp" | "ttlSecurityHops" | "reachableBy" | "filters">;

function common(scope: Scope, peer: BgpPeer, direction: Direction): Common {
  return {
    direction, peerName: peer.name,
    sourceAddress: peer.sourceAddress === "None" ? undefined : scope.ownAddress,
    passwordSecret: peer.passwordSecret,
    restartSeconds: peer.maxRestartTimeSeconds,
    keepaliveSeconds: peer.keepaliveTimeSeconds,
    nextHopMode: peer.nextHopMode,
    keepOnEbgp: peer.keepOriginalNextHop,
    ttlSecurityHops: peer.ttlSecurityHops,
    reachableBy: peer.reachableBy,
    filters: peer.filters,
  };
}
