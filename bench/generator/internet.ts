/**
 * A table like the one of the internet: prefix lengths, AS_PATH lengths, communities and the number of prefixes that
 * share an attribute set are drawn from shares like those that route collectors saw in 2024. Seeded.
 */

import type { Family } from "../daemons/daemon.ts";
import { asPath, attribute, AttributeSets, communities, distinct, LOCAL_PREF, origin } from "./attribute-sets.ts";
import { Load } from "./load.ts";
import { mask32, PrefixTable } from "./prefixes.ts";
import { Distribution, SeededRandom } from "./random.ts";
import { RouteList } from "./route-list.ts";
import { ATTRIBUTE, octets } from "./wire.ts";

/** What `internetLoad` is told. */
export interface InternetOptions {
  readonly family: Family;
  readonly addPath: boolean;
  /** Each prefix has one source; attribute sets are dealt to the sources in turn. */
  readonly sources: number;
  readonly prefixes: number;
  readonly seed: number;
}

/** Per thousand prefixes. */
const LENGTHS: Readonly<Record<Family, Distribution>> = {
  ipv4: new Distribution({ 24: 605, 23: 98, 22: 112, 21: 52, 20: 45, 19: 26, 18: 15, 17: 9, 16: 14, 15: 2.2, 14: 1.2,
    13: 0.6, 12: 0.3, 11: 0.1, 10: 0.04, 9: 0.02, 8: 0.016 }),
  ipv6: new Distribution({ 48: 455, 44: 110, 40: 105, 32: 115, 47: 35, 46: 40, 36: 40, 42: 30, 45: 15, 29: 20, 33: 12,
    34: 8, 35: 5, 38: 5, 30: 3, 28: 1, 64: 1 }),
};
/** Bits that the prefixes of one attribute set share: an origin's prefixes are neighbours. */
const REGION_BITS: Readonly<Record<Family, number>> = { ipv4: 12, ipv6: 24 };
/** Different ASes of a path, in per cent: 4 on average, prepending comes on top. */
const PATH_LENGTHS = new Distribution({ 1: 1, 2: 9, 3: 27, 4: 33, 5: 19, 6: 7, 7: 2.5, 8: 1, 9: 0.4, 11: 0.1 });
const PREPENDING_SHARE = 0.12;
const PREPENDED_MAX = 12;
/** Of each: most prefixes share their set with few others, half of the sets have one. */
const SET_EXPONENT = 1.2;
const SET_PREFIXES_MAX = 4_000;
const ORIGINS = 75_000;
const TRANSITS = 3_000;
const UPSTREAMS = 20;
const COMMUNITIES_SHARE = 0.7;
const COMMUNITIES_MAX = 40;
const LARGE_SHARE = 0.12;
const AGGREGATOR_SHARE = 0.06;
const INCOMPLETE_SHARE = 0.11;
const TRIES = 16;

/** The load. */
export function internetLoad({ family, addPath, sources, prefixes, seed }: InternetOptions): Load {
  const random = new SeededRandom(seed);
  const numbers = new PrefixTable();
  const attributes = new AttributeSets();
  const routes = Array.from({ length: sources }, () => new RouteList());
  for (let group = 0; numbers.count < prefixes; group++) {
    const set = addSet(random, attributes);
    const region = regionOf(family, random);
    const count = Math.min(random.skewed(SET_EXPONENT, SET_PREFIXES_MAX), prefixes - numbers.count);
    for (let i = 0; i < count; i++) routes[group % sources]!.add(addPrefix(family, random, numbers, region), set);
  }
  const rows = routes.map((list) => list.finish(attributes));
  return new Load({ family, addPath, numbers, attributes, sources: rows, notes: [] });
}

/** The first 32 bits of where an attribute set's prefixes are, far from addresses that next hops or hosts have. */
function regionOf(family: Family, random: SeededRandom): number {
  const bits = REGION_BITS[family];
  for (;;) {
    const region = ((random.below(2 ** 32) | 0) & mask32(bits)) >>> 0;
    const first = region >>> 24;
    if (family === "ipv4" && first > 0 && first < 224 && first !== 10 && first !== 127) return region;
    if (family === "ipv6" && first >= 0x24 && first <= 0x2c) return region;
  }
}

/** A prefix that the table did not hold; a full region makes it more specific, then moves it. */
function addPrefix(family: Family, random: SeededRandom, numbers: PrefixTable, region: number): number {
  const longest = family === "ipv4" ? 24 : 48;
  let bits = LENGTHS[family].draw(random);
  for (let tries = 0; ; tries++) {
    if (tries % TRIES === TRIES - 1) {
      bits = Math.min(longest, bits + 1);
      region = regionOf(family, random);
    }
    const host = ~mask32(REGION_BITS[family]);
    const high = ((region | (random.below(2 ** 32) & host)) & mask32(bits)) >>> 0;
    const low = (random.below(2 ** 32) & mask32(bits - 32)) >>> 0;
    if (numbers.find(high, low, bits) < 0) return numbers.add(high, low, bits);
  }
}

function addSet(random: SeededRandom, attributes: AttributeSets): number {
  const path = drawPath(random);
  const isAggregate = random.chance(AGGREGATOR_SHARE);
  const aggregator = [...octets(path.at(-1)!), ...octets(random.below(2 ** 32))];
  const values = random.chance(COMMUNITIES_SHARE) ? drawCommunities(random, path) : [];
  const large = random.chance(LARGE_SHARE)
    ? Array.from({ length: random.skewed(1, 8) }, () => [...octets(path[0]!), ...octets(random.below(100)),
      ...octets(random.below(5_000))]) : [];
  return attributes.add([...origin(random.chance(INCOMPLETE_SHARE) ? 2 : 0), ...asPath(path)], [
    ...LOCAL_PREF,
    ...(isAggregate ? attribute(0x40, ATTRIBUTE.ATOMIC_AGGREGATE, []) : []),
    ...(isAggregate ? attribute(0xc0, ATTRIBUTE.AGGREGATOR, aggregator) : []),
    ...communities(values),
    ...(large.length > 0 ? attribute(0xc0, ATTRIBUTE.LARGE_COMMUNITIES, distinct(large)) : []),
  ]);
}

/** One of few upstreams, transit networks of which some are everywhere, one of many origins. */
function drawPath(random: SeededRandom): readonly number[] {
  const length = PATH_LENGTHS.draw(random);
  const path = Array.from({ length }, (_, at) => {
    if (at === length - 1) return asNumber(TRANSITS + random.below(ORIGINS));
    return asNumber(random.popular(at === 0 ? UPSTREAMS : TRANSITS));
  });
  const last = path.at(-1)!;
  if (random.chance(PREPENDING_SHARE)) {
    path.push(...new Array<number>(random.skewed(1, PREPENDED_MAX)).fill(last));
  }
  return path;
}

/** The n-th AS: two of five need four octets, none is private. */
function asNumber(n: number): number {
  return n % 5 < 2 && n >= UPSTREAMS ? 131_072 + n * 7 : 1 + ((n * 13) % 64_000);
}

/** Ascending, as most routers send them. */
function drawCommunities(random: SeededRandom, path: readonly number[]): readonly number[] {
  const count = 1 + random.below(4) + random.skewed(1, COMMUNITIES_MAX - 4);
  const values = Array.from({ length: count }, () => {
    const owner = path[random.below(path.length)]! & 0xffff;
    return ((owner % 64_000) * 0x1_0000 + random.below(3_000)) >>> 0;
  });
  return [...new Set(values)].sort((a, b) => a - b);
}
