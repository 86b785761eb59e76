/**
 * A routing table as one would write it in an afternoon: maps of objects. It is the oracle of src/rib: slow, obvious,
 * and written without looking at the columns.
 */

/** What the model knows of one path, dead or alive. */
export interface NaivePath {
  readonly prefix: number;
  readonly peer: number;
  readonly receivedPathId: number;
  /** The row that the real table gave it. */
  readonly index: number;
  alive: boolean;
  attributesIn: number;
  attributes: number;
  flags: number;
  since: number;
  stale: boolean;
  inLimbo: boolean;
}

type Entry = { readonly kind: "path"; readonly path: NaivePath } | { readonly kind: "prefix"; readonly prefix: number };

const DEAD = 1;
const STALE = 8;

/** Paths by (prefix, peer, received path id). */
export class NaiveRib {
  readonly paths: Map<string, NaivePath> = new Map();
  /** Live prefixes, by the id that the real table gave. */
  readonly prefixes: Set<number> = new Set();
  readonly dirty: Set<number> = new Set();
  readonly limboPrefixes: Set<number> = new Set();
  readonly limbo: Entry[] = [];
  readonly best: Map<number, number> = new Map();
  /** Order of arrival in the chain of the peer. */
  readonly arrivals: Map<number, NaivePath[]> = new Map();
  readonly #ineligible: number;

  constructor(ineligible: number) {
    this.#ineligible = ineligible;
  }

  find(prefix: number, peer: number, receivedPathId: number): NaivePath | undefined {
    return this.paths.get(`${prefix}/${peer}/${receivedPathId}`);
  }

  /** `index`: the row that the real table chose. */
  announce(
    prefix: number, peer: number, receivedPathId: number, index: number,
    attributesIn: number, attributes: number, flags: number, since: number,
  ): void {
    const given = flags & ~(DEAD | STALE);
    const old = this.find(prefix, peer, receivedPathId);
    if (old !== undefined && old.alive) {
      old.stale = false;
      if (old.attributesIn === attributesIn && old.attributes === attributes && old.flags === given) return;
      this.#change(old, attributesIn, attributes, given);
      old.since = since;
      return;
    }
    const path = old ?? {
      prefix, peer, receivedPathId, index, alive: false, attributesIn: 0, attributes: 0, flags: 0, since, stale: false,
      inLimbo: false,
    };
    this.paths.set(`${prefix}/${peer}/${receivedPathId}`, path);
    path.alive = true;
    path.stale = false;
    path.since = since;
    path.attributesIn = path.attributes = path.flags = 0;
    this.#change(path, attributesIn, attributes, given);
    this.ofPeer(peer).push(path);
  }

  setPolicyResult(path: NaivePath, attributes: number, flags: number): void {
    this.#change(path, path.attributesIn, attributes, flags & ~(DEAD | STALE));
  }

  withdraw(path: NaivePath): void {
    path.alive = false;
    path.attributes = path.attributesIn = path.flags = 0;
    const arrivals = this.ofPeer(path.peer);
    arrivals.splice(arrivals.indexOf(path), 1);
    this.dirty.add(path.prefix);
  }

  ofPeer(peer: number): NaivePath[] {
    const found = this.arrivals.get(peer) ?? [];
    this.arrivals.set(peer, found);
    return found;
  }

  ofPrefix(prefix: number): NaivePath[] {
    return [...this.paths.values()].filter((path) => path.prefix === prefix);
  }

  isCandidate(path: NaivePath): boolean {
    return path.alive && path.attributes !== 0 && (path.flags & this.#ineligible) === 0;
  }

  bury(prefix: number): void {
    const rows = this.ofPrefix(prefix);
    if (rows.length === 0) this.#buryPrefix(prefix);
    // The order among the dead of one prefix is that of the chain: newest row first.
    for (const path of rows.reverse()) {
      if (path.alive || path.inLimbo) continue;
      path.inLimbo = true;
      this.limbo.push({ kind: "path", path });
    }
  }

  /** Frees from the front while allowed, and answers what was freed. */
  reap(mayFree: (prefix: number, path: number) => boolean, budget: number): number {
    let freed = 0;
    for (let left = Math.min(budget, this.limbo.length); left > 0; left--) {
      const entry = this.limbo[0]!;
      const done = entry.kind === "path"
        ? this.#reapPath(entry.path, mayFree)
        : this.#reapPrefix(entry.prefix, mayFree);
      if (done === undefined) break;
      this.limbo.shift();
      if (done) freed++;
    }
    return freed;
  }

  #change(path: NaivePath, attributesIn: number, attributes: number, flags: number): void {
    const was = this.isCandidate(path);
    const changed = path.attributes !== attributes || path.flags !== flags;
    path.attributesIn = attributesIn;
    path.attributes = attributes;
    path.flags = flags;
    if (changed && (was || this.isCandidate(path))) this.dirty.add(path.prefix);
  }

  #buryPrefix(prefix: number): void {
    if (this.limboPrefixes.has(prefix)) return;
    this.limboPrefixes.add(prefix);
    this.limbo.push({ kind: "prefix", prefix });
  }

  /** True: freed; false: passed over; undefined: not yet. */
  #reapPath(path: NaivePath, mayFree: (prefix: number, path: number) => boolean): boolean | undefined {
    if (path.alive || this.dirty.has(path.prefix) || this.best.get(path.prefix) === path.index) {
      path.inLimbo = false;
      return false;
    }
    if (!mayFree(path.prefix, path.index)) return undefined;
    this.paths.delete(`${path.prefix}/${path.peer}/${path.receivedPathId}`);
    if (this.ofPrefix(path.prefix).length === 0) this.#buryPrefix(path.prefix);
    return true;
  }

  #reapPrefix(prefix: number, mayFree: (prefix: number, path: number) => boolean): boolean | undefined {
    if (this.ofPrefix(prefix).length > 0 || this.dirty.has(prefix)) {
      this.limboPrefixes.delete(prefix);
      return false;
    }
    if (!mayFree(prefix, 0)) return undefined;
    this.limboPrefixes.delete(prefix);
    this.prefixes.delete(prefix);
    this.best.delete(prefix);
    return true;
  }
}

/** A route as the naive decision sees it; numbers that are not there are undefined. */
export interface NaiveRoute {
  readonly own: boolean;
  readonly preference?: number;
  readonly llgrStale: boolean;
  readonly localPref: number | undefined;
  readonly asPath: readonly number[];
  readonly origin: number;
  readonly med: number | undefined;
  readonly ebgp: boolean;
  readonly originatorId: number | undefined;
  readonly routerId: number;
  readonly clusterList: readonly number[];
  readonly address: Uint8Array;
  readonly remotePort: number;
  readonly receivedPathId: number;
}

/** The best of some routes by RFC 4271 §9.1.2.2 and RFC 4456 §9, step by step; the routes that no step tells apart. */
export function naiveBest<R extends NaiveRoute>(routes: readonly R[]): R[] {
  let left = [...routes];
  const lowest = (cost: (route: R) => number): void => {
    const least = Math.min(...left.map(cost));
    left = left.filter((route) => cost(route) === least);
  };
  lowest((route) => -(route.preference ?? (route.own ? 1 : 0)));
  lowest((route) => (route.llgrStale ? 1 : 0));
  lowest((route) => -(route.localPref ?? 100));
  lowest((route) => route.asPath.length);
  lowest((route) => route.origin);
  left = left.filter((route) =>
    !left.some((other) => other.asPath[0] === route.asPath[0] && (other.med ?? 0) < (route.med ?? 0)));
  lowest((route) => (route.ebgp ? 0 : 1));
  lowest((route) => route.originatorId ?? route.routerId);
  lowest((route) => route.clusterList.length);
  lowest((route) => [...route.address].reduce((sum, octet) => sum * 256 + octet, 0));
  lowest((route) => route.remotePort);
  lowest((route) => route.receivedPathId);
  return left;
}
