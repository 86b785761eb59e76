/** The attributes of a route as `show route all` prints them: one row per attribute, in the order of their codes. */

import type { RouteView } from "../../daemon/api.ts";
import type { AsPathSegment } from "../../messages/describe.ts";
import { isOwn } from "./names.ts";
import { CODE, line } from "./reply.ts";
import type { ReplyLine } from "./reply.ts";

/** Long lists go on in lines of their own, as BIRD's clients read lines up to a limit. */
const LIST_CHARACTERS_MAX = 900;
/** Flag of a transitive attribute (RFC 4271 §4.3). */
const TRANSITIVE = 0x40;

type Items = (route: RouteView) => readonly string[] | undefined;

/** Each attribute's items; undefined where the route has none. */
const ATTRIBUTES: readonly (readonly [name: string, items: Items])[] = [
  ["origin", ({ origin }) => origin && [{ igp: "IGP", egp: "EGP", incomplete: "Incomplete" }[origin]]],
  ["as_path", ({ asPath }) => asPath?.flatMap(segmentItems)],
  ["next_hop", ({ nextHop }) => one(nextHop)],
  ["med", ({ med }) => one(med)],
  ["local_pref", ({ localPref }) => one(localPref)],
  ["atomic_aggr", ({ atomicAggregate }) => atomicAggregate && []],
  ["aggregator", ({ aggregator }) => aggregator && [`${aggregator.address} AS${aggregator.asn}`]],
  ["community", ({ communities }) => communities?.map((text) => `(${text.replace(":", ",")})`)],
  ["originator_id", ({ originatorId }) => one(originatorId)],
  ["cluster_list", ({ clusterList }) => clusterList],
  ["ext_community", ({ extendedCommunities }) => extendedCommunities?.map(({ hex }) => extendedText(hex))],
  ["aigp", ({ aigp }) => one(aigp)],
  ["large_community", ({ largeCommunities }) => largeCommunities?.map((text) => `(${text.replaceAll(":", ", ")})`)],
  ["otc", ({ otc }) => one(otc)],
];

/** The lines below a route's row. */
export function attributeLines(route: RouteView): ReplyLine[] {
  const type = isOwn(route) ? "static" : "BGP";
  return [
    line(CODE.routeType, `\tType: ${type} unicast univ`),
    ...ATTRIBUTES.flatMap(([name, items]) => {
      const list = items(route);
      return list === undefined ? [] : listLines(`BGP.${name}`, list);
    }),
    ...(route.unknownAttributes ?? []).flatMap(({ type: code, flags, hex }) =>
      listLines(`BGP.${hexText(code)}${(flags & TRANSITIVE) === 0 ? "" : " [t]"}`, hex.match(/../g) ?? [])),
  ];
}

function one(value: string | number | undefined): readonly string[] | undefined {
  return value === undefined ? undefined : [String(value)];
}

/** One line, or several where it would be too long. */
function listLines(name: string, items: readonly string[]): ReplyLine[] {
  const lines = [`\t${name}:`];
  for (const item of items.length === 0 ? [""] : items) {
    const now = lines.at(-1) ?? "";
    if (now.length + item.length < LIST_CHARACTERS_MAX) lines[lines.length - 1] = `${now} ${item}`;
    else lines.push(`\t\t${item}`);
  }
  return lines.map((text) => line(CODE.attribute, text));
}

/** Sets stand in braces; confederations, which BIRD 1.6 does not print, in parentheses. */
function segmentItems({ type, asns }: AsPathSegment): string[] {
  const numbers = asns.map(String);
  switch (type) {
    case "sequence": return numbers;
    case "set": return ["{", ...numbers, "}"];
    case "confed-sequence": return ["(", ...numbers, ")"];
    case "confed-set": return ["({", ...numbers, "})"];
  }
}

/** Types that have a name, without the bits that tell the layout (RFC 4360 §4, §5). */
const KINDS: ReadonlyMap<number, string> = new Map([[0x0002, "rt"], [0x0003, "ro"]]);

/** An extended community of eight octets: (kind, administrator, number), by type (RFC 4360 §3, RFC 5668). */
function extendedText(hex: string): string {
  const number = (at: number, octets: number): number => Number.parseInt(hex.slice(2 * at, 2 * (at + octets)), 16);
  const kind = KINDS.get(number(0, 2) & 0xf0ff) ?? `unknown 0x${number(0, 2).toString(16)}`;
  switch (number(0, 1) & 0xbf) {
    case 0: return `(${kind}, ${number(2, 2)}, ${number(4, 4)})`;
    case 1: return `(${kind}, ${[2, 3, 4, 5].map((at) => number(at, 1)).join(".")}, ${number(6, 2)})`;
    case 2: return `(${kind}, ${number(2, 4)}, ${number(6, 2)})`;
    default: return `(generic, 0x${number(0, 4).toString(16)}, 0x${number(4, 4).toString(16)})`;
  }
}

function hexText(octet: number): string {
  return octet.toString(16).padStart(2, "0");
}
