/** The decision process: one row per stage, then properties over candidates that collide in every field. */

import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { DECISION, bestOf, comparePair, explainDecision, inOrder } from "../../src/rib/decision.ts";
import type { Candidate } from "../../src/rib/decision.ts";
import type { PathIndex, PeerId } from "../../src/rib/ids.ts";

const BASE: Candidate = {
  path: 1 as PathIndex, peer: 1 as PeerId, preference: 0, resolvable: true, llgrStale: false, localPref: 100,
  asPathLength: 2, origin: 1, neighborAs: 1, med: 5, ebgp: false, interiorCost: 10, originator: 5,
  clusterListLength: 1, address: Uint8Array.of(10, 0, 0, 5), remotePort: 179, receivedPathId: 5,
};

/** Stage → what makes a candidate better than BASE at it, and something that makes it worse at the next ones. */
const BETTER: readonly (readonly [reason: string, better: Partial<Candidate>, worseLater: Partial<Candidate>])[] = [
  ["preference", { preference: 1 }, { resolvable: false }],
  ["next hop resolvable", { resolvable: true }, { llgrStale: true }],
  ["not LLGR-stale", { llgrStale: false }, { localPref: 1 }],
  ["LOCAL_PREF", { localPref: 101 }, { asPathLength: 9 }],
  ["AS_PATH length", { asPathLength: 1 }, { origin: 2 }],
  ["ORIGIN", { origin: 0 }, { med: 9 }],
  ["MULTI_EXIT_DISC", { med: 4 }, { ebgp: false }],
  ["eBGP over iBGP", { ebgp: true }, { interiorCost: 99 }],
  ["interior cost", { interiorCost: 9 }, { originator: 9 }],
  ["ORIGINATOR_ID or BGP Identifier", { originator: 4 }, { clusterListLength: 9 }],
  ["CLUSTER_LIST length", { clusterListLength: 0 }, { address: Uint8Array.of(10, 0, 0, 9) }],
  ["peer address", { address: Uint8Array.of(10, 0, 0, 4) }, { remotePort: 999 }],
  ["session (remote port)", { remotePort: 178 }, { receivedPathId: 9 }],
  ["received path identifier", { receivedPathId: 4 }, {}],
];
/** What BASE must be for the better value to be better than it. */
const WORSE: Record<string, Partial<Candidate>> = {
  "next hop resolvable": { resolvable: false }, "not LLGR-stale": { llgrStale: true },
};

const bit = fc.nat(1);
const candidate: fc.Arbitrary<Candidate> = fc.record({
  path: fc.constant(1 as PathIndex), peer: fc.constant(1 as PeerId), preference: rarely(0, 1),
  resolvable: rarely(true, false),
  llgrStale: rarely(false, true), localPref: rarely(100, 200), asPathLength: rarely(1, 2), origin: rarely(0, 1),
  neighborAs: bit, med: fc.nat(2), ebgp: rarely(false, true), interiorCost: rarely(0, 1), originator: rarely(1, 2),
  clusterListLength: rarely(0, 1), address: bit.map((octet) => Uint8Array.of(10, 0, 0, octet)), remotePort: bit,
  receivedPathId: bit,
});

/** Mostly one value, so that late stages are reached. */
function rarely<T>(usual: T, other: T): fc.Arbitrary<T> {
  return fc.oneof({ weight: 5, arbitrary: fc.constant(usual) }, { weight: 1, arbitrary: fc.constant(other) });
}

/** Candidates that differ at least in peer, numbered; some are equal in everything before. */
const candidates = fc.array(candidate, { minLength: 1, maxLength: 6 })
  .map((list) => list.map((one, i) => ({ ...one, path: (i + 1) as PathIndex, peer: (i + 1) as PeerId })));

const shuffled = candidates.chain((list) =>
  fc.tuple(fc.constant(list), fc.shuffledSubarray(list, { minLength: list.length, maxLength: list.length })));

const pathsOf = (list: readonly Candidate[]): number[] => list.map(({ path }) => path);

describe("DECISION", () => {
  it("lists the stages in order", () => {
    expect(DECISION.map(({ reason }) => reason)).toEqual(BETTER.map(([reason]) => reason));
    for (const { source } of DECISION) expect(source).not.toBe("");
  });

  it.each(BETTER)("%s decides before what follows", (reason, better, worseLater) => {
    const loser = { ...BASE, ...WORSE[reason], path: 1 as PathIndex };
    const winner = { ...BASE, ...better, ...worseLater, path: 2 as PathIndex };
    for (const list of [[loser, winner], [winner, loser]]) {
      expect(bestOf(list.slice(), 2).path).toBe(2);
      expect(comparePair(winner, loser)).toBeLessThan(0);
      expect(comparePair(loser, winner)).toBeGreaterThan(0);
      const verdicts = explainDecision(list);
      expect(pathsOf(verdicts.map((verdict) => verdict.candidate))).toEqual([2, 1]);
      expect(verdicts[0]!.removedBy).toBeUndefined();
      expect(verdicts[1]!.removedBy?.reason).toBe(reason);
    }
  });

  it("compares MED only within one neighbouring AS, so that a third path can turn the choice", () => {
    const a = { ...BASE, path: 1 as PathIndex, neighborAs: 1, med: 10, originator: 1 };
    const b = { ...BASE, path: 2 as PathIndex, neighborAs: 2, med: 0, originator: 2 };
    const c = { ...BASE, path: 3 as PathIndex, neighborAs: 1, med: 0, originator: 3 };
    expect(bestOf([a, b], 2).path).toBe(1);
    expect(bestOf([b, c], 2).path).toBe(2);
    expect(bestOf([a, c], 2).path).toBe(3);
    expect(bestOf([a, b, c], 3).path).toBe(2);
    expect(pathsOf(inOrder([a, b, c], 3))).toEqual([2, 3, 1]);
  });

  it("does not depend on the order of arrival", () => {
    fc.assert(fc.property(shuffled, ([list, other]) => {
      expect(bestOf(list.slice(), list.length).path).toBe(bestOf(other.slice(), other.length).path);
      expect(pathsOf(inOrder(list, Infinity))).toEqual(pathsOf(inOrder(other, Infinity)));
    }), { numRuns: 2_000 });
  });

  it("compares two candidates as the stages do", () => {
    fc.assert(fc.property(fc.tuple(candidate, candidate), ([one, two]) => {
      const a = { ...one, path: 1 as PathIndex, peer: 1 as PeerId };
      const b = { ...two, path: 2 as PathIndex, peer: 2 as PeerId };
      expect(comparePair(a, b) < 0).toBe(bestOf([a, b], 2).path === 1);
      expect(comparePair(b, a)).toBe(-comparePair(a, b));
    }), { numRuns: 2_000 });
  });

  it("ranks by taking the best of what is left, also where it sorts", () => {
    let sorted = 0;
    fc.assert(fc.property(candidates, fc.nat(7), (list, max) => {
      const left = list.slice();
      const expected: number[] = [];
      while (left.length > 0 && expected.length < max) {
        const best = bestOf(left.slice(), left.length);
        expected.push(best.path);
        left.splice(left.findIndex(({ path }) => path === best.path), 1);
      }
      if (list.length > 1 && list.every(({ med }) => med === list[0]!.med)) sorted++;
      expect(pathsOf(inOrder(list, max))).toEqual(expected);
    }), { numRuns: 2_000 });
    expect(sorted).toBeGreaterThan(0);
  });

  it("explains every candidate once, the best first, and reaches every stage", () => {
    const removedBy = new Map<string, number>();
    fc.assert(fc.property(candidates, (list) => {
      const verdicts = explainDecision(list);
      expect(pathsOf(verdicts.map((verdict) => verdict.candidate)).sort()).toEqual(pathsOf(list).sort());
      expect(verdicts[0]!.candidate.path).toBe(bestOf(list.slice(), list.length).path);
      expect(verdicts.filter((verdict) => verdict.removedBy === undefined)).toHaveLength(1);
      for (const { removedBy: stage } of verdicts) {
        if (stage !== undefined) removedBy.set(stage.reason, (removedBy.get(stage.reason) ?? 0) + 1);
      }
    }), { numRuns: 3_000 });
    for (const { reason } of DECISION) expect(removedBy.get(reason) ?? 0, reason).toBeGreaterThan(0);
  });
});
