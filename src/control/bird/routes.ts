/** Routes as `show route` prints them: a row per path, the best of a prefix first, and with `all` its attributes. */

import type { RouteView } from "../../daemon/api.ts";
import type { AsPathSegment } from "../../messages/describe.ts";
import { sinceText } from "../since.ts";
import { isOwn } from "./names.ts";
import { CODE, line } from "./reply.ts";
import type { ReplyLine } from "./reply.ts";
import { attributeLines } from "./route-attributes.ts";
import { PREFERENCE } from "./session-details.ts";

/** What is printed, and with what. */
export interface RowOptions {
  readonly all: boolean;
  /** The protocol that a route came from. */
  readonly sourceOf: (route: RouteView) => string;
  readonly nowMilliseconds: number;
}

/** The routes of each prefix together, in the order of the walk; undefined as it comes. */
export function* byPrefix(routes: Iterable<RouteView | undefined>): Generator<readonly RouteView[] | undefined> {
  let together: RouteView[] = [];
  for (const route of routes) {
    if (route === undefined) {
      yield undefined;
      continue;
    }
    if (together.length > 0 && together[0]?.prefix !== route.prefix) {
      yield together;
      together = [];
    }
    together.push(route);
  }
  if (together.length > 0) yield together;
}

/** The lines of one prefix; only the first row names it. */
export function prefixLines(routes: readonly RouteView[], options: RowOptions): ReplyLine[] {
  const sorted = [...routes].sort((a, b) => Number(b.best) - Number(a.best));
  return sorted.flatMap((route, i) => [
    line(CODE.route, rowText(route, i === 0 ? route.prefix : "", options)),
    ...(options.all ? attributeLines(route) : []),
  ]);
}

function rowText(route: RouteView, prefix: string, { sourceOf, nowMilliseconds }: RowOptions): string {
  const { from, nextHop, best } = route;
  const via = nextHop === undefined ? "blackhole" : `via ${nextHop} on -`; // interfaces are the kernel's affair
  const by = from.address === "" || from.address === nextHop ? "" : ` from ${from.address}`;
  const source = `[${sourceOf(route)} ${sinceText(route.since, nowMilliseconds)}${by}]`;
  return `${prefix.padEnd(18)} ${via} ${source}${best ? " *" : ""}${infoText(route)}`;
}

/** Preference, interior cost (every next hop is taken to be on the link), where the route began, ORIGIN. */
function infoText(route: RouteView): string {
  if (isOwn(route)) return ` (${PREFERENCE.static})`;
  const first = originAs(route.asPath ?? []);
  const letter = route.origin === undefined ? "" : { igp: "i", egp: "e", incomplete: "?" }[route.origin];
  return ` (${PREFERENCE.bgp}/0) [${first === undefined ? "" : `AS${first}`}${letter}]`;
}

/** The AS that a path ends in; of a set BIRD shows the first. */
function originAs(segments: readonly AsPathSegment[]): number | undefined {
  const segment = segments.findLast(({ asns }) => asns.length > 0);
  return segment?.type === "set" ? segment.asns[0] : segment?.asns.at(-1);
}
