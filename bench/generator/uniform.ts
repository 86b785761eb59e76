/** A load in which all sources are alike and all prefixes of one length. */

import type { Family } from "../daemons/daemon.ts";
import { asPath, AttributeSets, communities, LOCAL_PREF, mark, origin } from "./attribute-sets.ts";
import { Load } from "./load.ts";
import type { SourceLoad } from "./load.ts";
import { fixedPrefixes } from "./prefixes.ts";

/** What `uniformLoad` is told. */
export interface UniformOptions {
  readonly family: Family;
  readonly addPath: boolean;
  readonly sources: number;
  /** Prefixes of each source. */
  readonly each: number;
  /** Prefixes of one attribute set. */
  readonly perSet: number;
  /** Every how many-th set carries MARKED_COMMUNITY; none by default. */
  readonly markedEvery?: number;
  /**
   * All sources announce the same prefixes, with AS_PATHs of different lengths: each has the shortest of every so
   * many-th set. Else each has prefixes of its own.
   */
  readonly isShared?: boolean;
}

/** The private AS number behind source 0; that of source `n` is this + n. */
const FIRST_AS_BEHIND = 64_600;

/** Sources of equal size, prefixes all /26 or /64; sets differ in their community. */
export function uniformLoad(options: UniformOptions): Load {
  const { family, addPath, sources, each, perSet, markedEvery, isShared = false } = options;
  const attributes = new AttributeSets();
  const one = each <= perSet && each <= perMessage(family, addPath);
  const sets = one ? 1 : Math.ceil((each - 1) / perSet) + 1;
  for (let source = 0; source < (isShared ? sources : 1); source++) {
    for (let set = 0; set < sets; set++) {
      const marked = markedEvery !== undefined && set % markedEvery === 0;
      const path = isShared ? Array<number>(1 + (set + source) % sources).fill(FIRST_AS_BEHIND + source) : [];
      attributes.add([...origin(0), ...asPath(path)],
        [...LOCAL_PREF, ...communities([...mark(marked), FIRST_COMMUNITY + set])], marked);
    }
  }
  const setOf = (route: number): number => (!one && route === each - 1 ? sets - 1 : Math.floor(route / perSet));
  const shortest = (set: number): number => (sources - set % sources) % sources;
  const firstOf = (source: number): number => (isShared ? 0 : source * each);
  const rows = Array.from({ length: sources }, (_, source): SourceLoad => ({
    prefixes: Uint32Array.from({ length: each }, (_none, route) => firstOf(source) + route),
    sets: Uint32Array.from({ length: each }, (_none, route) => (isShared ? source * sets : 0) + setOf(route)),
    last: one ? -1 : firstOf(source) + each - 1,
  }));
  return new Load({ family, addPath, numbers: fixedPrefixes(family, firstOf(sources - 1) + each), attributes,
    sources: rows, notes: [],
    ...(isShared ? { preferred: Uint16Array.from({ length: each }, (_none, route) => shortest(setOf(route))) } : {}) });
}

/** 64513:0 */
const FIRST_COMMUNITY = 0xfc01_0000;

const perMessage = (family: Family, addPath: boolean): number =>
  Math.floor(3_900 / (family === "ipv4" ? 5 : 9) / (addPath ? 1.8 : 1));
