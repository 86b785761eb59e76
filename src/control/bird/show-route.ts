/** `show route`: the routes of a family at the pace of the reader, or how many there are. */

import { formatAddress } from "../../base/address.ts";
import { formatPrefix } from "../../base/prefix.ts";
import type { Prefix } from "../../base/prefix.ts";
import type { DaemonApi, Refusal, RouteCount, RouteQuery, RouteView } from "../../daemon/api.ts";
import { printable } from "../terminal.ts";
import type { Word } from "./command-words.ts";
import type { BirdContext } from "./context.ts";
import { isOwn, sourceNames } from "./names.ts";
import { CODE, last } from "./reply.ts";
import type { Reply, ReplyLine } from "./reply.ts";
import { readRouteRequest, shortened } from "./route-request.ts";
import type { RouteRequest } from "./route-request.ts";
import { byPrefix, prefixLines } from "./routes.ts";

/** Routes as the daemon gives them; undefined where it says nothing for now. */
type Routes = Iterable<RouteView | undefined>;

/** The reply to `show route` with these arguments. */
export function routeReply(words: readonly Word[], context: BirdContext): Reply | Promise<Reply> {
  const request = readRouteRequest(words, context);
  if (typeof request === "string") return [last(CODE.notUnderstood, request)];
  const place = placeOf(request, context);
  if (place === undefined) return [last(CODE.noRoute, "Network not in table")];
  const { api } = context;
  if (request.target !== undefined && !isUp(api, request.target.name)) {
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
  const found = api.routes(query);
  if ("refused" in found) return false;
  for (const route of found) if (route !== undefined) return true;
  return false;
}

function isUp(api: DaemonApi, name: string): boolean {
  const peer = api.peer(name);
  return !("refused" in peer) && peer.state === "Established";
}

/** The daemon's query for what is asked; our own routes cannot be asked for and are sorted out here. */
function queryOf({ source, target }: RouteRequest, place: RouteQuery): RouteQuery {
  if (target !== undefined) return { ...place, peer: target.name, direction: "out" };
  return source === undefined || source === "own" ? place : { ...place, peer: source.name };
}

/** What the daemon says instead of routes, such as that a peer has gone since it was named. */
function refusedLine({ refused }: Refusal): ReplyLine {
  return last(CODE.noSuchProtocol, printable(refused, 255));
}

/** Of what the daemon found, the routes that are meant. */
function* meant(found: Routes, { source, target, primary }: RouteRequest): Generator<RouteView | undefined> {
  const isFrom = sourceTest(source, target !== undefined);
  for (const route of found) {
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
  const found = api.routes(queryOf(request, place));
  if ("refused" in found) {
    yield refusedLine(found);
    return;
  }
  const options = { all: request.all, sourceOf: sourceNames(api), nowMilliseconds: context.wallMilliseconds() };
  for (const together of byPrefix(meant(found, request))) {
    if (together === undefined) yield undefined;
    else yield* prefixLines(together, options);
  }
  yield last(CODE.done);
}

/** Counts where the daemon can, and walks where it cannot. */
async function countReply(api: DaemonApi, request: RouteRequest, place: RouteQuery): Promise<Reply> {
  const everything = await api.countRoutes(place);
  if ("refused" in everything) return [refusedLine(everything)];
  const { source, target, primary } = request;
  if (source === undefined && target === undefined) {
    return [countLine(primary ? everything.prefixes : everything.paths, everything)];
  }
  const query = queryOf(request, place);
  if (source !== "own" && !primary && (source === undefined || target === undefined)) {
    const counted = await api.countRoutes(query);
    return ["refused" in counted ? refusedLine(counted) : countLine(counted.paths, everything)];
  }
  const found = api.routes(query);
  return "refused" in found ? [refusedLine(found)] : walkedCount(meant(found, request), everything);
}

function* walkedCount(routes: Routes, everything: RouteCount): Reply {
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
