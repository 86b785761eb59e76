/**
 * The decision process: which path of a prefix is best. Rule: the list DECISION is the specification. Each stage
 * removes the candidates that are worse than another one; none removes the last. MED orders only routes of one
 * neighbouring AS, so that the best path is not a comparison of pairs, except where there are two.
 */

import { compareAddresses } from "../base/address.ts";
import type { PathIndex, PeerId } from "./ids.ts";

/** A path as decision sees it. */
export interface Candidate {
  path: PathIndex;
  peer: PeerId;
  /** Higher is better: own routes before learned ones. */
  preference: number;
  resolvable: boolean;
  llgrStale: boolean;
  localPref: number;
  asPathLength: number;
  origin: number;
  /** The AS within which MED is compared. */
  neighborAs: number;
  /** Absent is 0 (RFC 4271 §9.1.2.2 c). */
  med: number;
  ebgp: boolean;
  interiorCost: number;
  /** ORIGINATOR_ID, else the BGP Identifier of the peer. */
  originator: number;
  clusterListLength: number;
  address: Uint8Array;
  remotePort: number;
  receivedPathId: number;
}

/** One stage of the decision. */
export interface Stage {
  /** The word for it in `explain`. */
  readonly reason: string;
  readonly source: string;
  /** Less than 0 where `a` is better. */
  compare(a: Candidate, b: Candidate): number;
  /** Compared only between candidates of one neighbouring AS. */
  readonly perNeighborAs: boolean;
  /**
   * Moves the candidates that stay to the front of the first `count`; answers how many stay. The order of either part
   * is of no meaning.
   */
  keep(candidates: Candidate[], count: number): number;
}

/** All stages in order. */
export const DECISION: readonly Stage[] = [
  stage("preference", "RFC 4271 §9.1.1; Calico elevates some", (a, b) => b.preference - a.preference),
  stage("next hop resolvable", "RFC 4271 §9.1.2.1", (a, b) => Number(b.resolvable) - Number(a.resolvable)),
  stage("not LLGR-stale", "RFC 9494 §4.3", (a, b) => Number(a.llgrStale) - Number(b.llgrStale)),
  stage("LOCAL_PREF", "RFC 4271 §9.1.1", (a, b) => b.localPref - a.localPref),
  stage("AS_PATH length", "RFC 4271 §9.1.2.2 a", (a, b) => a.asPathLength - b.asPathLength),
  stage("ORIGIN", "RFC 4271 §9.1.2.2 b", (a, b) => a.origin - b.origin),
  {
    reason: "MULTI_EXIT_DISC", source: "RFC 4271 §9.1.2.2 c", perNeighborAs: true,
    compare: (a, b) => a.med - b.med,
    keep: keepLowestMedPerNeighborAs,
  },
  stage("eBGP over iBGP", "RFC 4271 §9.1.2.2 d", (a, b) => Number(b.ebgp) - Number(a.ebgp)),
  stage("interior cost", "RFC 4271 §9.1.2.2 e", (a, b) => a.interiorCost - b.interiorCost),
  stage("ORIGINATOR_ID or BGP Identifier", "RFC 4271 §9.1.2.2 f, RFC 4456 §9", (a, b) => a.originator - b.originator),
  stage("CLUSTER_LIST length", "RFC 4456 §9", (a, b) => a.clusterListLength - b.clusterListLength),
  stage("peer address", "RFC 4271 §9.1.2.2 g", (a, b) => compareAddresses(a.address, b.address)),
  stage("session (remote port)", "two sessions to one address", (a, b) => a.remotePort - b.remotePort),
  stage("received path identifier", "RFC 7911: several paths of one peer",
    // Peers of one address and port are never live together; their ids keep the order total even then.
    (a, b) => a.receivedPathId - b.receivedPathId || a.peer - b.peer),
];

/** The best of the first `count` candidates, at least one. They are reordered. */
export function bestOf(candidates: Candidate[], count: number): Candidate {
  let left = count;
  for (let i = 0; left > 1 && i < DECISION.length; i++) left = DECISION[i]!.keep(candidates, left);
  return candidates[0]!;
}

/** Less than 0 where `a` is better than `b` and there is no other candidate: then the stages are a comparison. */
export function comparePair(a: Candidate, b: Candidate): number {
  for (let i = 0; i < DECISION.length; i++) {
    const row = DECISION[i]!;
    if (row.perNeighborAs && a.neighborAs !== b.neighborAs) continue;
    const order = row.compare(a, b);
    if (order !== 0) return order;
  }
  return 0;
}

/**
 * The first `max` of candidates in the order of decision: the best, then the best of the others, and so on. Where no
 * two MEDs differ the stages are an order, and sorting by it gives the same. Else they are one within each neighbouring
 * AS, and the best of all is the best of the first of each: linear but for sorting, however many a peer invents.
 */
export function inOrder(candidates: readonly Candidate[], max: number): Candidate[] {
  const all = candidates.slice();
  if (all.every((candidate) => candidate.med === all[0]!.med)) return all.sort(comparePair).slice(0, max);
  const queues = new Map<number, Candidate[]>();
  for (const candidate of all) {
    const queue = queues.get(candidate.neighborAs);
    if (queue === undefined) queues.set(candidate.neighborAs, [candidate]);
    else queue.push(candidate);
  }
  const heads: Candidate[] = [];
  for (const queue of queues.values()) heads.push(queue.sort(worstFirst).pop()!);
  heads.sort(worstFirst);
  const ordered: Candidate[] = [];
  for (let best = heads.pop(); best !== undefined && ordered.length < max; best = heads.pop()) {
    ordered.push(best);
    const next = queues.get(best.neighborAs)!.pop();
    if (next !== undefined) heads.splice(placeOf(next, heads), 0, next);
  }
  return ordered;
}

function worstFirst(a: Candidate, b: Candidate): number {
  return comparePair(b, a);
}

/** Where a candidate belongs among those of other neighbouring ASes, the worst first. */
function placeOf(candidate: Candidate, heads: readonly Candidate[]): number {
  let low = 0;
  let high = heads.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (worstFirst(heads[middle]!, candidate) < 0) low = middle + 1;
    else high = middle;
  }
  return low;
}

/** What became of a candidate. */
export interface Verdict {
  readonly candidate: Candidate;
  /** The stage that removed it; absent for the best. */
  readonly removedBy?: Stage;
}

/** Runs the stages and says for each candidate which one removed it; the best comes first, then the last removed. */
export function explainDecision(candidates: readonly Candidate[]): Verdict[] {
  const left = candidates.slice();
  const removed: Verdict[] = [];
  let count = left.length;
  for (const row of DECISION) {
    if (count <= 1) break;
    const kept = row.keep(left, count);
    for (let i = kept; i < count; i++) removed.unshift({ candidate: left[i]!, removedBy: row });
    count = kept;
  }
  return [...left.slice(0, count).map((candidate) => ({ candidate })), ...removed];
}

function stage(reason: string, source: string, compare: (a: Candidate, b: Candidate) => number): Stage {
  const keep = (candidates: Candidate[], count: number): number => keepLowest(candidates, count, compare);
  return { reason, source, compare, perNeighborAs: false, keep };
}

function keepLowest(candidates: Candidate[], count: number, compare: (a: Candidate, b: Candidate) => number): number {
  let kept = 1;
  for (let i = 1; i < count; i++) {
    const order = compare(candidates[i]!, candidates[0]!);
    if (order > 0) continue;
    if (order < 0) kept = 0;
    swap(candidates, i, kept++);
  }
  return kept;
}

function keepLowestMedPerNeighborAs(candidates: Candidate[], count: number): number {
  const lowest = new Map<number, number>();
  for (let i = 0; i < count; i++) {
    const { neighborAs, med } = candidates[i]!;
    const found = lowest.get(neighborAs);
    if (found === undefined || med < found) lowest.set(neighborAs, med);
  }
  let kept = 0;
  for (let i = 0; i < count; i++) {
    const { neighborAs, med } = candidates[i]!;
    if (med === lowest.get(neighborAs)) swap(candidates, i, kept++);
  }
  return kept;
}

function swap(candidates: Candidate[], a: number, b: number): void {
  const candidate = candidates[a]!;
  candidates[a] = candidates[b]!;
  candidates[b] = candidate;
}
