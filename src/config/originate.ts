/** `originate`: routes of our own. */

import type { Prefix } from "../base/prefix.ts";
import { covers, formatPrefix, parsePrefix } from "../base/prefix.ts";
import type { OriginatedRoute } from "./intent.ts";
import { defaulted, fault, list, located, mapped, memberOf, needed, object, optional } from "./kind.ts";
import type { Check, Keys, Kind, Located } from "./kind.ts";
import { community, largeCommunity, octets, prefix, whole } from "./scalars.ts";

interface RouteFile {
  readonly prefix: Prefix | undefined;
  readonly nextHop: Uint8Array | undefined;
  readonly communities: readonly number[];
  readonly largeCommunities: readonly (readonly [number, number, number])[];
  readonly localPref: number | undefined;
  readonly med: number | undefined;
}

const ROUTE: Keys<RouteFile> = {
  prefix: needed(prefix, "The prefix to announce"),
  nextHop: optional(octets, "our own address towards each neighbour", "NEXT_HOP, of the prefix's family"),
  communities: defaulted(list(community, "communities"), [], "COMMUNITIES, each \"aa:nn\" or a well-known name"),
  largeCommunities: defaulted(list(largeCommunity, "large communities"), [], "LARGE_COMMUNITY, each \"aa:nn:mm\""),
  localPref: optional(whole(0, 0xffffffff), "100", "LOCAL_PREF"),
  med: optional(whole(0, 0xffffffff), "none", "MULTI_EXIT_DISC"),
};

/** What every receiver would ignore (RFC 4271 §6.3). */
const UNROUTABLE: readonly Prefix[] = ["127.0.0.0/8", "224.0.0.0/4", "::1/128", "ff00::/8"]
  .flatMap((text) => parsePrefix(text) ?? []);

const CHECKS: readonly Check<RouteFile>[] = [
  {
    keys: ["nextHop", "prefix"],
    broken: ({ nextHop, prefix }) => nextHop !== undefined && nextHop.length !== prefix?.address.length,
    what: "next hop and prefix are of different families", todo: "give both as IPv4 or both as IPv6",
  },
  {
    keys: ["prefix"],
    broken: ({ prefix }) => prefix !== undefined && UNROUTABLE.some((no) => covers(no, prefix)),
    what: "loopback and multicast prefixes are ignored by every receiver (RFC 4271 §6.3)", todo: "remove it",
  },
];

/** The kind of `originate`: no prefix twice. */
export const originate: Kind<readonly OriginatedRoute[]> = mapped(
  list(located(object(ROUTE, CHECKS)), "routes"),
  (files: readonly Located<RouteFile>[]) => {
    const seen = new Map<string, string>();
    const routes: OriginatedRoute[] = [];
    for (const { value, at } of files) {
      if (value.prefix === undefined) continue;
      const text = formatPrefix(value.prefix);
      const first = seen.get(text);
      if (first !== undefined) fault(memberOf(at, "prefix"), `${text} is already ${first}`, "remove one of the two");
      else routes.push({ ...value, prefix: value.prefix });
      seen.set(text, first ?? at.path);
    }
    return routes;
  },
);
