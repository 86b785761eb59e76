/**
 * What RFC 4456 makes of a topology once everything has settled, computed in rounds over plain objects. Deliberately
 * simple, and written from the RFC alone: the oracle of the simulated networks.
 */

/** One speaker of the model. */
export interface ModelNode {
  readonly name: string;
  readonly routerId: number;
  /** Sessions by the name of the other end. */
  readonly sessions: ReadonlyMap<string, ModelSession>;
  /** Own routes by prefix. */
  readonly own: ReadonlyMap<string, { readonly localPref: number; readonly med: number }>;
}

/** One side of a session. */
export interface ModelSession {
  readonly client: boolean;
  readonly clusterId: number;
  /** Order of addresses. */
  readonly peerAddress: number;
}

/** One route at one speaker. */
export interface ModelRoute {
  readonly prefix: string;
  readonly origin: string;
  readonly localPref: number;
  readonly med: number;
  /** ORIGINATOR_ID; 0 while absent. */
  readonly originatorId: number;
  readonly clusterList: readonly number[];
  /** The neighbour it came from; empty for own routes. */
  readonly from: string;
  readonly notReflected: boolean;
}

type Table = Map<string, ModelRoute[]>;

/** Candidates of every speaker and prefix, the best first, when nothing changes any more. */
export function settle(nodes: ReadonlyMap<string, ModelNode>, addPath: boolean): Map<string, Table> {
  let tables = new Map([...nodes].map(([name, node]) => [name, ranked(node, nodes, ownRoutes(node))]));
  for (let round = 0; round < 64; round++) {
    const next = new Map([...nodes].map(([name, node]) => {
      const heard = [...node.sessions.keys()].flatMap((other) =>
        told(nodes.get(other)!, node, tables.get(other)!, nodes, addPath));
      return [name, ranked(node, nodes, [...ownRoutes(node), ...heard])] as const;
    }));
    const settled = JSON.stringify([...next].map(plain)) === JSON.stringify([...tables].map(plain));
    tables = next;
    if (settled) return tables;
  }
  throw new Error("the model does not settle");
}

function plain([name, table]: readonly [string, Table]): unknown {
  return [name, [...table].sort(([a], [b]) => (a < b ? -1 : 1))];
}

function ownRoutes(node: ModelNode): ModelRoute[] {
  return [...node.own].map(([prefix, { localPref, med }]) => ({
    prefix, origin: node.name, localPref, med, originatorId: 0, clusterList: [], from: "", notReflected: false,
  }));
}

function ranked(node: ModelNode, nodes: ReadonlyMap<string, ModelNode>, routes: readonly ModelRoute[]): Table {
  const table: Table = new Map();
  for (const route of routes) table.set(route.prefix, [...(table.get(route.prefix) ?? []), route]);
  for (const list of table.values()) list.sort((a, b) => better(node, nodes, a, b));
  return table;
}

function better(node: ModelNode, nodes: ReadonlyMap<string, ModelNode>, a: ModelRoute, b: ModelRoute): number {
  const id = (route: ModelRoute): number => route.originatorId || nodes.get(route.from)?.routerId || 0;
  const address = (route: ModelRoute): number => node.sessions.get(route.from)?.peerAddress ?? 0;
  return Number(a.from !== "") - Number(b.from !== "") || b.localPref - a.localPref || a.med - b.med || id(a) - id(b) ||
    a.clusterList.length - b.clusterList.length || address(a) - address(b) || (a.origin < b.origin ? -1 : 1);
}

/** What `from` tells `to`, as `to` keeps it (RFC 4456 §6, §8). */
function told(
  from: ModelNode, to: ModelNode, table: Table, nodes: ReadonlyMap<string, ModelNode>, addPath: boolean,
): ModelRoute[] {
  const out = from.sessions.get(to.name)!;
  const inbound = to.sessions.get(from.name)!;
  const ours = new Set([to.routerId, ...[...to.sessions.values()].map(({ clusterId }) => clusterId)]);
  const kept: ModelRoute[] = [];
  for (const candidates of table.values()) {
    for (const route of addPath ? candidates : candidates.slice(0, 1)) {
      const sent = stamp(route, from, out, to.name, nodes);
      if (sent === undefined || sent.originatorId === to.routerId) continue;
      const looped = sent.clusterList.some((id) => ours.has(id));
      if (looped && inbound.client) continue;
      kept.push({ ...sent, from: from.name, notReflected: looped });
    }
  }
  return kept;
}

function stamp(
  route: ModelRoute, from: ModelNode, out: ModelSession, to: string, nodes: ReadonlyMap<string, ModelNode>,
): ModelRoute | undefined {
  if (route.from === "") return route;
  if (route.from === to || route.notReflected) return undefined;
  const source = from.sessions.get(route.from)!;
  if (!source.client && !out.client) return undefined;
  const added = [out.client ? out.clusterId : 0, source.client ? source.clusterId : 0].filter((id) => id !== 0);
  const unique = added.length === 2 && added[0] === added[1] ? [added[0]!] : added;
  return {
    ...route, originatorId: route.originatorId || nodes.get(route.from)!.routerId,
    clusterList: [...unique, ...route.clusterList],
  };
}
