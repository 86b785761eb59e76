/**
 * The sessions of our node in a family: what is asked for, without duplicates, with names and the reflector's rules.
 * calico.md 3.5 to 3.10. A node that has not changed since the last call costs a look at its name.
 */

import type { CalicoNode, CalicoResources } from "../resources/model.ts";
import type { SessionView } from "./view.ts";
import { candidatesByAddress, candidatesWithNode, scopeOf } from "./candidates.ts";
import type { Candidate, Direction, Scope } from "./candidates.ts";
import { BGP_PORT, compareText } from "./speaker.ts";
import type { CalicoFamily, Speaker } from "./speaker.ts";

/** Restart time where nobody names one, as BIRD has it. */
const RESTART_SECONDS = 120;

/** Order of precedence, name prefix and PEER TYPE of each direction. */
const DIRECTIONS: Readonly<Record<Direction, { readonly rank: number; readonly prefix: string;
  readonly type: SessionView["type"] }>> = {
  mesh: { rank: 0, prefix: "Mesh", type: "mesh" },
  global: { rank: 1, prefix: "Global", type: "global" },
  node: { rank: 2, prefix: "Node", type: "node" },
  reverse: { rank: 3, prefix: "Node", type: "node" },
  workload: { rank: 4, prefix: "Local_Workload", type: "local" },
};

/** Derives the sessions of one family again and again, keeping what was found for nodes that stay as they are. */
export class SessionPlan {
  readonly #family: CalicoFamily;
  #basis: readonly unknown[] = [];
  #known = new Map<string, { readonly node: CalicoNode; readonly candidates: readonly Candidate[] }>();

  constructor(family: CalicoFamily) {
    this.#family = family;
  }

  /** The sessions by name; none where our node has no address of the family. */
  sessions(resources: CalicoResources, speaker: Speaker): readonly SessionView[] {
    const scope = scopeOf(resources, speaker, this.#family);
    if (scope === undefined) return [];
    this.#forgetUnless([resources.peers, resources.configurations, speaker.node]);
    const candidates = [...candidatesByAddress(scope)];
    for (const node of resources.nodes.values()) candidates.push(...this.#withNode(scope, node));
    this.#forgetGone(resources.nodes);
    return withoutDuplicates(candidates)
      .map((candidate) => sessionOf(scope, candidate))
      .sort((a, b) => compareText(a.name, b.name));
  }

  #withNode(scope: Scope, node: CalicoNode): readonly Candidate[] {
    const known = this.#known.get(node.name);
    if (known?.node === node) return known.candidates;
    const candidates = candidatesWithNode(scope, node);
    this.#known.set(node.name, { node, candidates });
    return candidates;
  }

  #forgetUnless(basis: readonly unknown[]): void {
    if (basis.length === this.#basis.length && basis.every((value, at) => value === this.#basis[at])) return;
    this.#known.clear();
    this.#basis = basis;
  }

  #forgetGone(nodes: ReadonlyMap<string, CalicoNode>): void {
    if (this.#known.size === nodes.size) return;
    for (const name of this.#known.keys()) if (!nodes.has(name)) this.#known.delete(name);
  }
}

/**
 * One session for each class, address and port: global before node, forward before reverse, then the BGPPeer whose
 * name sorts first. One of a node is dropped where there is a global one to the same address and port. The mesh is not
 * compared with the others.
 */
function withoutDuplicates(candidates: readonly Candidate[]): readonly Candidate[] {
  const ordered = [...candidates].sort((a, b) => DIRECTIONS[a.direction].rank - DIRECTIONS[b.direction].rank
    || compareText(a.peerName, b.peerName) || compareText(a.address, b.address) || (a.port ?? 0) - (b.port ?? 0)
    || a.remoteAs - b.remoteAs || compareText(a.remoteClusterId ?? "", b.remoteClusterId ?? ""));
  const taken = new Map<string, Candidate>();
  for (const candidate of ordered) {
    const { prefix } = DIRECTIONS[candidate.direction];
    const where = `${candidate.address} ${candidate.port ?? 0}`;
    const key = `${prefix} ${where}`;
    if (taken.has(key) || (prefix === "Node" && taken.has(`Global ${where}`))) continue;
    taken.set(key, candidate);
  }
  return [...taken.values()];
}

function sessionOf({ resources, speaker }: Scope, candidate: Candidate): SessionView {
  const { direction, address, port, remoteAs, localAs } = candidate;
  const isInternal = remoteAs === localAs;
  const known = candidate.filters.filter((name) => resources.filters.has(name));
  return {
    name: nameOf(candidate),
    type: DIRECTIONS[direction].type,
    address, port: port ?? BGP_PORT, remoteAs, localAs,
    routeReflectorClient: isInternal && speaker.clusterId !== undefined && direction !== "mesh"
      && candidate.remoteClusterId !== speaker.clusterId,
    clusterId: speaker.clusterId ?? null,
    passive: candidate.passive,
    passwordSecret: candidate.passwordSecret ?? null,
    sourceAddress: candidate.sourceAddress ?? null,
    nextHopMode: candidate.keepOnEbgp && !isInternal ? "keep" : candidate.nextHopMode,
    ttlSecurity: candidate.ttlSecurityHops,
    keepaliveSeconds: candidate.keepaliveSeconds ?? null,
    restartSeconds: candidate.restartSeconds ?? RESTART_SECONDS,
    allowOwnAs: candidate.allowOwnAs,
    reachableBy: candidate.reachableBy ?? null,
    importFilters: known,
    exportFilters: known,
  };
}

/** calico.md 3.9. */
function nameOf({ direction, address, port }: Candidate): string {
  const base = `${DIRECTIONS[direction].prefix}_${address.replaceAll(/[.:]/g, "_")}`;
  const explicit = direction === "global" || direction === "node" || direction === "reverse";
  return explicit && port !== undefined ? `${base}_port_${port}` : base;
}
