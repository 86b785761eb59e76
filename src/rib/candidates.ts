/**
 * The candidates of a prefix, gathered from the columns for decision.ts. Rule: nothing is allocated per decision; the
 * Candidate records are used again and again, so no caller keeps one (but for `explain`, which makes its own).
 */

import { EMPTY } from "../base/bytes.ts";
import { WELL_KNOWN } from "../messages/attributes/summary.ts";
import type { AttributeStore } from "./attribute-store.ts";
import { bestOf, comparePair, explainDecision, inOrder } from "./decision.ts";
import type { Candidate, Verdict } from "./decision.ts";
import { NO_PATH, NO_PEER } from "./ids.ts";
import type { AttributesId, PathIndex, PeerId, PrefixId } from "./ids.ts";
import { INELIGIBLE, PATH, PATH_FLAGS, USED } from "./path-table.ts";
import type { PathTable } from "./path-table.ts";
import type { PeerTable } from "./peer-table.ts";
import type { PrefixTable } from "./prefix-table.ts";

/** What the kernel, or whoever knows, says of next hops. */
export interface NextHops {
  /** Whether the next hop of these attributes can be reached (RFC 4271 §9.1.2.1). */
  isResolvable(attributes: AttributesId): boolean;
  /** What it costs to reach it, less is better (RFC 4271 §9.1.2.2 e). */
  interiorCost(attributes: AttributesId): number;
}

/** With the kernel off every next hop is resolvable, at cost 0. */
const ALL_RESOLVABLE: NextHops = { isResolvable: () => true, interiorCost: () => 0 };

/** Where candidates are gathered from. */
interface Tables {
  readonly attributes: AttributeStore;
  readonly peers: PeerTable;
  readonly nextHops?: NextHops;
}

/** Decides prefixes. */
export class Candidates {
  readonly #prefixes: PrefixTable;
  readonly #paths: PathTable;
  readonly #store: AttributeStore;
  readonly #peers: PeerTable;
  readonly #nextHops: NextHops;
  /** Paths of the prefix at hand, and what is left of others. Room for a few: compiled code minds a list that grows. */
  readonly #found: PathIndex[] = Array.from({ length: 8 }, () => NO_PATH);
  /** Records that are filled for three and more candidates, and two for a pair. */
  readonly #pool: Candidate[] = [];
  readonly #pair: readonly [Candidate, Candidate] = [emptyCandidate(), emptyCandidate()];

  constructor(prefixes: PrefixTable, paths: PathTable, tables: Tables) {
    this.#prefixes = prefixes;
    this.#paths = paths;
    this.#store = tables.attributes;
    this.#peers = tables.peers;
    this.#nextHops = tables.nextHops ?? ALL_RESOLVABLE;
  }

  /** Whether a path takes part in the decision. */
  includes(path: PathIndex): boolean {
    const { rows } = this.#paths;
    return (rows.get(path, PATH.FLAGS) & (USED | INELIGIBLE)) === USED && rows.get(path, PATH.ATTRIBUTES) !== 0;
  }

  /** The best path of a prefix; 0 for none. One candidate is best at once, two are compared, more go by the stages. */
  best(prefix: PrefixId): PathIndex {
    const count = this.#gather(prefix);
    const found = this.#found;
    if (count === 0) return NO_PATH;
    if (count === 1) return found[0]!;
    if (count > 2) return bestOf(this.#fillPool(count), count).path;
    const [a, b] = this.#pair;
    this.#fill(found[0]!, a);
    this.#fill(found[1]!, b);
    return comparePair(a, b) <= 0 ? a.path : b.path;
  }

  /** Fills `into` with up to `max` paths in the order of decision; answers how many. */
  rank(prefix: PrefixId, into: number[], max: number): number {
    into.length = 0;
    const count = this.#gather(prefix);
    if (count === 1 && max >= 1) into.push(this.#found[0]!);
    if (count > 1) for (const { path } of inOrder(this.#fillPool(count).slice(0, count), max)) into.push(path);
    return into.length;
  }

  /** What the decision makes of each candidate. */
  explain(prefix: PrefixId): Verdict[] {
    const count = this.#gather(prefix);
    return explainDecision(this.#found.slice(0, count).map((path) => this.#fill(path, emptyCandidate())));
  }

  #gather(prefix: PrefixId): number {
    const { pages, shift, mask, stride } = this.#paths.rows;
    const found = this.#found;
    let count = 0;
    for (let path: number = this.#prefixes.firstPath(prefix); path !== 0;) {
      const page = pages[path >>> shift]!;
      const row = (path & mask) * stride;
      if ((page[row + PATH.FLAGS]! & INELIGIBLE) === 0 && page[row + PATH.ATTRIBUTES] !== 0) {
        found[count++] = path as PathIndex;
      }
      path = page[row + PATH.NEXT_OF_PREFIX]!;
    }
    return count;
  }

  #fillPool(count: number): Candidate[] {
    const pool = this.#pool;
    while (pool.length < count) pool.push(emptyCandidate());
    for (let i = 0; i < count; i++) this.#fill(this.#found[i]!, pool[i]!);
    return pool;
  }

  #fill(path: PathIndex, into: Candidate): Candidate {
    const { rows } = this.#paths;
    const store = this.#store;
    const attributes = rows.get(path, PATH.ATTRIBUTES) as AttributesId;
    const peer = rows.get(path, PATH.PEER) as PeerId;
    const facts = this.#peers.get(peer);
    into.path = path;
    into.peer = peer;
    into.preference = facts.preference ?? (facts.own ? 1 : 0);
    into.resolvable = this.#nextHops.isResolvable(attributes);
    into.llgrStale = (rows.get(path, PATH.FLAGS) & PATH_FLAGS.LLGR_STALE) !== 0 ||
      (store.flags(attributes) & WELL_KNOWN.LLGR_STALE) !== 0;
    into.localPref = store.localPref(attributes);
    into.asPathLength = store.asPathLength(attributes);
    into.origin = store.origin(attributes);
    into.neighborAs = store.firstAs(attributes);
    into.med = store.med(attributes);
    into.ebgp = facts.ebgp;
    into.interiorCost = this.#nextHops.interiorCost(attributes);
    into.originator = store.hasOriginatorId(attributes) ? store.originatorId(attributes) : facts.routerId;
    into.clusterListLength = store.clusterListLength(attributes);
    into.address = facts.address;
    into.remotePort = facts.remotePort;
    into.receivedPathId = this.#paths.receivedId(path);
    return into;
  }
}

function emptyCandidate(): Candidate {
  return {
    path: NO_PATH, peer: NO_PEER, preference: 0, resolvable: true, llgrStale: false, localPref: 0, asPathLength: 0,
    origin: 0, neighborAs: 0, med: 0, ebgp: false, interiorCost: 0, originator: 0, clusterListLength: 0,
    address: EMPTY, remotePort: 0, receivedPathId: 0,
  };
}
