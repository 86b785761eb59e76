/** Best paths of the tables as the kernel's policy judges them. */

import { isForOthers } from "../../base/address.ts";
import type { BestPath, KernelPolicy, KernelVerdict, OwnRoute } from "../../kernel/policy.ts";
import { DECISION } from "../../rib/decision.ts";
import type { PathIndex, PrefixId } from "../../rib/ids.ts";
import type { Rib } from "../../rib/rib.ts";
import type { Tables } from "../tables.ts";
import { prefixOfWords } from "./by-prefix.ts";
import type { PrefixWords } from "./by-prefix.ts";
import { globalNextHop } from "./reachability.ts";
import type { Reachability } from "./reachability.ts";

/** What loses by a later stage than this one ties with the best: several ways may be used (ECMP). */
const LAST_OF_COST = DECISION.findIndex(({ reason }) => reason === "interior cost");

/** A prefix of the tables in words. */
export function wordsOfId({ family, prefixes }: Rib, id: PrefixId): PrefixWords {
  return { family: family.name, w0: prefixes.w0(id), w1: prefixes.w1(id), w2: prefixes.w2(id), w3: prefixes.w3(id),
    length: prefixes.lengthOf(id) };
}

/** A peer may tell it and a host must not follow: it would lose its neighbours. Groups and hosts never come so far. */
const OF_A_LINK: KernelVerdict = { form: undefined, why: "a prefix of links" };

/** What a verdict follows from, beside the path. */
export interface Judging {
  readonly tables: Tables;
  readonly policy: KernelPolicy;
  readonly reachability: Reachability;
  /** By the text of a prefix. */
  readonly ownRoutes: ReadonlyMap<string, OwnRoute>;
  /** Paths that tie with the best are used as well. */
  readonly ecmp: boolean;
}

/** Undefined: there is nothing to say, as there is no path (or `id` is 0), or one of our own that is the kernel's. */
export function verdictOf(judging: Judging, rib: Rib, id: PrefixId): KernelVerdict | undefined {
  const { tables, policy, reachability, ownRoutes, ecmp } = judging;
  if (id === 0) return undefined;
  const { name } = rib.family;
  const own = ownRoutes.size > 0 ? ownRoutes.get(rib.prefixes.format(id)) : undefined;
  if (own !== undefined) return policy.own(name, own);
  const best = rib.best(id);
  if (best === 0 || tables.peers.get(rib.peerOf(best)).own) return undefined;
  const { prefixes, family: { addressOctets } } = rib;
  if (!isForOthers(addressOctets, prefixes.w0(id), prefixes.w1(id), prefixes.w2(id), prefixes.w3(id))) {
    return OF_A_LINK;
  }
  const attributes = rib.attributesOf(best);
  const resolution = ecmp || policy.hasRules(name) ? undefined : reachability.resolution(attributes);
  if (resolution === undefined) return policy.judge(bestPath(tables, rib, id, best, ecmp));
  const { store } = tables;
  return policy.judgePlain(name, resolution, store.localPref(attributes),
    () => globalNextHop(store.nextHop(attributes)));
}

/** A path that is best, with those that tie with it where `ecmp`. */
function bestPath({ store }: Tables, rib: Rib, id: PrefixId, best: PathIndex, ecmp: boolean): BestPath {
  const paths = ecmp ? tiesOf(rib, id) : [best];
  const nextHops = paths.map((path) => store.nextHop(rib.attributesOf(path)))
    .filter(({ length }) => length > 0).map(globalNextHop);
  return { family: rib.family.name, prefix: prefixOfWords(wordsOfId(rib, id)), nextHops,
    localPref: store.localPref(rib.attributesOf(best)) };
}

/** The best path first. */
function tiesOf(rib: Rib, id: PrefixId): PathIndex[] {
  return rib.explain(id)
    .filter(({ removedBy }) => removedBy === undefined || DECISION.indexOf(removedBy) > LAST_OF_COST)
    .map(({ candidate }) => candidate.path);
}
