/** The target of a request: its path and its query, checked before the daemon sees them. Nothing here throws. */

import type { RouteQuery } from "../daemon/api.ts";
import { FAMILIES } from "../messages/families.ts";
import { nearest } from "../config/suggest.ts";

/** A request's target, cut at `/` and decoded. */
export interface Target {
  /** As sent, cut for messages. */
  readonly path: string;
  readonly segments: readonly string[];
  readonly query: URLSearchParams;
}

/** Cuts a target into its parts; undefined where a %-sequence is no UTF-8. */
export function splitTarget(url: string): Target | undefined {
  const mark = url.indexOf("?");
  const path = mark < 0 ? url : url.slice(0, mark);
  try {
    const segments = path.split("/").slice(1).map(decodeURIComponent);
    return { path: path.slice(0, 200), segments, query: new URLSearchParams(mark < 0 ? "" : url.slice(mark + 1)) };
  } catch {
    return undefined; // decodeURIComponent: the only thing that can fail here
  }
}

type Field = (text: string) => unknown;
type Mutable<T> = { -readonly [K in keyof T]: T[K] };

/** What `/v1/routes` may be asked, one row per parameter: its value, or undefined where it has none. */
const ROUTE_FIELDS: { readonly [K in keyof Required<RouteQuery>]: Field } = {
  prefix: (text) => text,
  longer: flag,
  for: (text) => text,
  peer: (text) => text,
  direction: (text) => text === "in" || text === "out" ? text : undefined,
  family: (text) => FAMILIES.find((row) => row.name === text)?.name,
  community: (text) => text,
};

/** The route query of a request, and whether only a count is wanted; or what is wrong with it. */
export function routeQueryOf(query: URLSearchParams): { query: RouteQuery; count: boolean } | { error: string } {
  const found: Record<string, unknown> = {};
  for (const [key, text] of query) {
    const field = key === "count" ? flag : fieldOf(key);
    if (field === undefined) return { error: unknownKey(key, [...Object.keys(ROUTE_FIELDS), "count"]) };
    if (Object.hasOwn(found, key)) return { error: `${key} is given twice` };
    const value = text === "" ? undefined : field(text);
    if (value === undefined) return { error: `${key} cannot be ${JSON.stringify(text.slice(0, 100))}` };
    found[key] = value;
  }
  const { count, ...rest } = found;
  const why = clash(rest as RouteQuery);
  return why === undefined ? { query: rest as Mutable<RouteQuery>, count: count === true } : { error: why };
}

/** Which of the keys is not among the known ones; undefined when all are known. */
export function strayKey(keys: Iterable<string>, known: readonly string[]): string | undefined {
  for (const key of keys) if (!known.includes(key)) return unknownKey(key, known);
  return undefined;
}

function fieldOf(key: string): Field | undefined {
  return Object.hasOwn(ROUTE_FIELDS, key) ? ROUTE_FIELDS[key as keyof RouteQuery] : undefined;
}

function clash(query: RouteQuery): string | undefined {
  if (query.direction !== undefined && query.peer === undefined) return "direction needs peer";
  if (query.peer !== undefined && query.direction === undefined) return "peer needs direction=in or direction=out";
  if (query.prefix !== undefined && query.for !== undefined) return "prefix and for exclude each other";
  if (query.longer === true && query.prefix === undefined) return "longer needs prefix";
  return undefined;
}

function flag(text: string): boolean | undefined {
  if (text === "1" || text === "true") return true;
  return text === "0" || text === "false" ? false : undefined;
}

function unknownKey(key: string, known: readonly string[]): string {
  const shown = JSON.stringify(key.slice(0, 50));
  const close = nearest(key, known);
  if (known.length === 0) return `unknown key ${shown}; none is known here`;
  return `unknown key ${shown}${close === undefined ? `; known are ${known.join(", ")}` : `; did you mean ${close}?`}`;
}
