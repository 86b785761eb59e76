/** One route as text: in the fixed columns of `show routes`, and as one phrase for `explain`. */

import type { RouteView } from "../daemon/api.ts";
import type { AsPathSegment } from "../messages/describe.ts";
import { fixedColumns } from "./grid.ts";
import { printable } from "./terminal.ts";

type Family = RouteView["family"];

const HEADINGS = ["  ", "PREFIX", "NEXT HOP", "FROM", "LOCALPREF", "MED", "AS PATH"];

/** Widths are fixed, so that a line can be printed before the next route is known. */
const WIDTHS: { readonly [F in Family]: readonly number[] } = {
  "ipv4-unicast": [2, 18, 15, 18, 10, 5],
  "ipv6-unicast": [2, 29, 26, 18, 10, 5],
};

const BRACKETS: { readonly [T in AsPathSegment["type"]]: readonly [string, string] } = {
  sequence: ["", ""], set: ["{", "}"], "confed-sequence": ["(", ")"], "confed-set": ["[", "]"],
};
const ORIGIN_LETTERS = { igp: "i", egp: "e", incomplete: "?" } as const;

/** The headings over routes of a family. */
export function routeHeading(family: Family, wide: boolean): string {
  return fixedColumns([...HEADINGS, ...(wide ? ["MORE"] : [])], WIDTHS[family]);
}

/** One line; -o wide adds what a reflector adds, communities and age. */
export function routeLine(route: RouteView, wide: boolean): string {
  const rejected = route.rejected === undefined ? [] : [`rejected: ${printable(route.rejected, 200)}`];
  const more = wide ? [moreText(route)] : [];
  const cells = [
    marks(route), route.prefix, route.nextHop ?? "-", printable(route.from.name, 40),
    numberText(route.localPref), numberText(route.med), pathText(route), ...more, ...rejected,
  ];
  return fixedColumns(cells, WIDTHS[route.family]);
}

/** "via 10.0.0.1 from node1, LOCAL_PREF 100, AS path 64512 i". */
export function routePhrase(route: RouteView): string {
  const parts = [
    `${route.nextHop === undefined ? "" : `via ${route.nextHop} `}from ${printable(route.from.name, 63)}`,
    ...(route.pathId > 0 ? [`path id ${route.pathId}`] : []),
    ...(route.localPref === undefined ? [] : [`LOCAL_PREF ${route.localPref}`]),
    ...(route.med === undefined ? [] : [`MED ${route.med}`]),
    `AS path ${pathText(route)}`,
    ...(route.originatorId === undefined ? [] : [`ORIGINATOR_ID ${route.originatorId}`]),
    ...(route.clusterList === undefined ? [] : [`CLUSTER_LIST ${route.clusterList.join(" ")}`]),
    ...(route.stale ? ["stale"] : []),
    ...(route.rejected === undefined ? [] : [`rejected: ${printable(route.rejected, 200)}`]),
  ];
  return parts.join(", ");
}

function marks(route: RouteView): string {
  const first = route.rejected === undefined ? " " : "x";
  return (route.best ? "*" : first) + (route.stale ? "S" : " ");
}

/** AS numbers, sets in braces (RFC 4271 §4.3), then the letter of ORIGIN as routers print it. */
function pathText(route: RouteView): string {
  const segments = (route.asPath ?? []).map(({ type, asns }) => {
    const [open, close] = BRACKETS[type];
    return open + asns.join(" ") + close;
  });
  const origin = route.origin === undefined ? [] : [ORIGIN_LETTERS[route.origin]];
  return printable([...segments, ...origin].join(" "), 2000);
}

function moreText(route: RouteView): string {
  const lists: readonly (readonly [name: string, values: readonly string[] | undefined])[] = [
    ["path-id", route.pathId > 0 ? [String(route.pathId)] : undefined],
    ["originator", route.originatorId === undefined ? undefined : [route.originatorId]],
    ["clusters", route.clusterList],
    ["communities", route.communities],
    ["large", route.largeCommunities],
    ["extended", route.extendedCommunities?.map((community) => community.text)],
    ["since", [route.since]],
  ];
  const shown = lists.flatMap(([name, values]) => (values === undefined ? [] : [`${name}=${values.join(",")}`]));
  return printable(shown.join(" "), 4000);
}

function numberText(value: number | undefined): string {
  return value === undefined ? "-" : String(value);
}
