/**
 * The sessions of our node in a family: what is asked for, without duplicates, with names and the reflector's rules.
 * calico.md 3.5 to 3.10. A node that has not changed since the last call costs a look at its name, and a session that
 * has not changed stays the same object.
 */

import { BGP_PORT } from "../../config/intent.ts";
import type { CalicoNode, CalicoResources } from "../resources/model.ts";
import type { SessionView } from "./view.ts";
import { candidatesByAddress, candidatesWithNode, scopeOf } from "./candidates.ts";
import type { Candidate, Direction, Scope } from "./candidates.ts";
import { Derived } from "./derived.ts";
import { compareText } from "./speaker.ts";
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

/** A candidate and the name that it competes for. */
interface Named {
  readonly candidate: Candidate;
  readonly name: string;
  /** The name of the session that it gives way to, where there is one. */
  readonly yieldsTo: string | undefined;
}

/** What is asked for, and the session that it is where nothing goes before it. */
interface Asked extends Named {
  readonly session: SessionView;
}

/** Derives the sessions of one family again and again, keeping what was found for nodes that stay as they are. */
export class SessionPlan {
  readonly #family: CalicoFamily;
  readonly #filterNames = new Derived<ReadonlySet<string>>();
  readonly #byAddress = new Derived<readonly Asked[]>();
  readonly #sessions = new Derived<readonly SessionView[]>();
  #basis: readonly unknown[] = [];
  #known = new Map<string, { readonly node: CalicoNode; readonly asked: readonly Asked[] }>();

  constructor(family: CalicoFamily) {
    this.#family = family;
  }

  /** The sessions by name; none where our node has no address of the family. */
  sessions(resources: CalicoResources, speaker: Speaker): readonly SessionView[] {
    const { nodes, peers, configurations, filters, workloads } = resources;
    const filterNames = this.#filterNames.of([filters], () => new Set(filters.keys()));
    const basis = [peers, configurations, filterNames, speaker.node, speaker.isNode, speaker.meshEnabled];
    if (!sameObjects(basis, this.#basis)) this.#known.clear();
    this.#basis = basis;
    return this.#sessions.of([nodes, workloads, ...basis], () => {
      const scope = scopeOf(resources, speaker, this.#family);
      return scope === undefined ? [] : this.#derive(scope);
    });
  }

  #derive(scope: Scope): readonly SessionView[] {
    const { nodes } = scope.resources;
    const byAddress = this.#byAddress.of([scope], () => askedOf(scope, candidatesByAddress(scope)));
    // The last order is nearly the next one: what starts in it is sorted with a look at each.
    const winners = new Map<string, Asked | undefined>(this.#sessions.last?.map(({ name }) => [name, undefined]));
    for (const asked of byAddress) compete(winners, asked);
    for (const node of nodes.values()) {
      for (const asked of this.#withNode(scope, node)) compete(winners, asked);
    }
    this.#forgetGone(nodes);
    const sessions: SessionView[] = [];
    for (const asked of winners.values()) {
      if (asked === undefined || (asked.yieldsTo !== undefined && winners.get(asked.yieldsTo) !== undefined)) continue;
      sessions.push(asked.session);
    }
    return sessions.sort((a, b) => compareText(a.name, b.name));
  }

  #withNode(scope: Scope, node: CalicoNode): readonly Asked[] {
    const known = this.#known.get(node.name);
    if (known?.node === node) return known.asked;
    const asked = askedOf(scope, candidatesWithNode(scope, node));
    this.#known.set(node.name, { node, asked });
    return asked;
  }

  #forgetGone(nodes: ReadonlyMap<string, CalicoNode>): void {
    if (this.#known.size === nodes.size) return;
    for (const name of this.#known.keys()) if (!nodes.has(name)) this.#known.delete(name);
  }
}

function sameObjects(a: readonly unknown[], b: readonly unknown[]): boolean {
  return a.length === b.length && a.every((value, at) => value === b[at]);
}

/** What of these candidates wins among themselves. */
function askedOf(scope: Scope, candidates: readonly Candidate[]): readonly Asked[] {
  const winners = new Map<string, Named | undefined>();
  for (const candidate of candidates) compete(winners, namedAs(candidate));
  return [...winners.values()].filter((named) => named !== undefined)
    .map((named) => ({ ...named, session: sessionOf(scope, named.candidate, named.name) }));
}

/**
 * One session for each name: of class, address and port, in the mesh of the address alone. Global goes before node,
 * forward before reverse, then the BGPPeer whose name sorts first. One of a node is dropped where there is a global one
 * to the same address and port. The mesh is not compared with the others.
 */
function compete<T extends Named>(winners: Map<string, T | undefined>, asked: T): void {
  const rival = winners.get(asked.name);
  if (rival === undefined || order(asked.candidate, rival.candidate) < 0) winners.set(asked.name, asked);
}

function order(a: Candidate, b: Candidate): number {
  return DIRECTIONS[a.direction].rank - DIRECTIONS[b.direction].rank || compareText(a.peerName, b.peerName)
    || (a.port ?? 0) - (b.port ?? 0) || a.remoteAs - b.remoteAs
    || compareText(a.remoteClusterId ?? "", b.remoteClusterId ?? "");
}

/** calico.md 3.9. */
function namedAs(candidate: Candidate): Named {
  const { direction, address, port } = candidate;
  const { prefix } = DIRECTIONS[direction];
  const isExplicit = direction === "global" || direction === "node" || direction === "reverse";
  const place = `_${address.replaceAll(/[.:]/g, "_")}${isExplicit && port !== undefined ? `_port_${port}` : ""}`;
  return { candidate, name: prefix + place, yieldsTo: prefix === "Node" ? `Global${place}` : undefined };
}

function sessionOf({ resources, speaker }: Scope, candidate: Candidate, name: string): SessionView {
  const { direction, address, port, remoteAs, localAs } = candidate;
  const isInternal = remoteAs === localAs;
  const filters = candidate.filters.filter((filter) => resources.filters.has(filter));
  return {
    name,
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
    importFilters: filters,
    exportFilters: filters,
  };
}
