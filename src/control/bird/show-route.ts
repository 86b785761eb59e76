/** `show route`: the routes of a family at the pace of the reader, or how many there are. */

import { formatAddress } from "../../base/address.ts";
import { formatPrefix } from "../../base/prefix.ts";
import type { Prefix } from "../../base/prefix.ts";
import type { DaemonApi, RouteCount, RouteQuery, RouteView } from "../../daemon/api.ts";
import type { Word } from "./command-words.ts";
import type { BirdContext } from "./context.ts";
import { isOwn, selectorOf, sourceNames } from "./names.ts";
import { CODE, last } from "./reply.ts";
import type { Reply, ReplyLine } from "./reply.ts";
import { readRouteRequest, shortened } from "./route-request.ts";
import type { RouteRequest } from "./route-request.ts";
import { byPrefix, prefixLines } from "./routes.ts";

/** The reply to `show route` with these arguments. */
export function routeReply(words: readonly Word[], context: BirdContext): Reply | Promise<Reply> {
  const request = readRouteRequest(words, context);
  if (typeof request === "string") return [last(CODE.notUnderstood, request)];
  const place = placeOf(request, context);
  if (place === undefined) return [last(CODE.noRoute, "Network not in table")];
  const { api } = context;
  if (request.target !== undefined && !isUp(api, selectorOf(request.target))) {
    return [last(CODE.protocolDown, "Protocol is down")];
  }
  return request.count ? countReply(api, request, place) : rowsReply(context, request, place);
}

/** Where to look; undefined where a network is asked for and none is there. */
function placeOf({ prefix, isFor }: RouteRequest, { api, family }: BirdContext): RouteQuery | undefined {
  if (prefix === undefined) return { family };
  for (const where of networks(prefix, isFor)) {
    const place = { family, ...where };
    if (hasRoute(api, place)) return place;
  }
  return undefined;
}

/** The networks that may be meant, the most specific first. */
function* networks(prefix: Prefix, isFor: boolean): Generator<Pick<RouteQuery, "for" | "prefix">> {
  if (!isFor) yield { prefix: formatPrefix(prefix) };
  else if (prefix.length === prefix.address.length * 8) yield { for: formatAddress(prefix.address) };
  else {
    for (let length = prefix.length; length >= 0; length--) yield { prefix: formatPrefix(shortened(prefix, length)) };
  }
}

function hasRoute(api: DaemonApi, query: RouteQuery): boolean {
  for (const route of routesOf(api, query)) if (route !== undefined) return true;
  return false;
}

/** The daemon refuses where a peer has gone since it was named: it has no routes then. */
function routesOf(api: DaemonApi, query: RouteQuery): Iterable<RouteView | undefined> {
  const found = api.routes(query);
  return "refused" in found ? [] : found;
}

function isUp(api: DaemonApi, selector: string): boolean {
  const peer = api.peer(selector);
  return !("refused" in peer) && peer.state === "Established";
}

/** The daemon's query for what is asked; our own routes cannot be asked for and are sorted out here. */
function queryOf({ source, target }: RouteRequest, place: RouteQuery): RouteQuery {
  if (target !== undefined) return { ...place, peer: selectorOf(target), direction: "out" };
  return source === undefined || source === "own" ? place : { ...place, peer: selectorOf(source) };
}

/** The routes that are meant; undefined as it comes. */
function* routesMeant(api: DaemonApi, request: RouteRequest, place: RouteQuery): Generator<RouteView | undefined> {
  const { source, target, primary } = request;
  const isFrom = sourceTest(source, target !== undefined);
  for (const route of routesOf(api, queryOf(request, place))) {
    if (route === undefined || ((!primary || route.best) && isFrom(route))) yield route;
  }
}

/** What a peer is told is asked for by that peer, not by where it came from. */
function sourceTest(source: RouteRequest["source"], isExport: boolean): (route: RouteView) => boolean {
  if (source === "own") return isOwn;
  if (source === undefined || !isExport) return () => true;
  return ({ from }) => from.name === source.name;
}

function* rowsReply(context: BirdContext, request: RouteRequest, place: RouteQuery): Reply {
  const { api } = context;
  const options = { all: request.all, sourceOf: sourceNames(api), nowMilliseconds: context.wallMilliseconds() };
  for (const together of byPrefix(routesMeant(api, request, place))) {
    if (together === undefined) yield undefined;
    else yield* prefixLines(together, options);
  }
  yield last(CODE.done);
}

/** Counts where the daemon can, and walks where it cannot. */
async function countReply(api: DaemonApi, request: RouteRequest, place: RouteQuery): Promise<Reply> {
  const everything = await counted(api, place);
  const { source, target, primary } = request;
  if (source === undefined && target === undefined) {
    return [countLine(primary ? everything.prefixes : everything.paths, everything)];
  }
  const isPlain = source !== "own" && !primary && (source === undefined || target === undefined);
  if (isPlain) return [countLine((await counted(api, queryOf(request, place))).paths, everything)];
  return walkedCount(routesMeant(api, request, place), everything);
}

async function counted(api: DaemonApi, query: RouteQuery): Promise<RouteCount> {
  const found = await api.countRoutes(query);
  return "refused" in found ? { prefixes: 0, paths: 0 } : found;
}

function* walkedCount(routes: Iterable<RouteView | undefined>, everything: RouteCount): Reply {
  let shown = 0;
  for (const route of routes) {
    if (route === undefined) yield undefined;
    else shown++;
  }
  yield countLine(shown, everything);
}

function countLine(shown: number, { paths, prefixes }: RouteCount): ReplyLine {
  return last(CODE.routeCount, `${shown} of ${paths} routes for ${prefixes} networks`);
}
