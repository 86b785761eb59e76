/**
 * What a CalicoNodeStatus says of us: calico.md 8.4. Calico's reporter copies the words of BIRD's control socket, and
 * so they are those of ours. Rule: all of what is asked or none, and no table is walked in one turn.
 */

import type { StatusClass } from "../calico/translate/view.ts";
import type { JsonObject } from "../config/json.ts";
import type { PeerType } from "../config/intent.ts";
import type { DaemonApi, PeerView, RouteView } from "../daemon/api.ts";
import type { Family } from "../messages/families.ts";
import { versionText } from "./bird/context.ts";
import { isOwn } from "./bird/names.ts";
import { isLeaving } from "./bird/status.ts";
import type { ControlHost } from "./host.ts";
import { protocolState } from "./node-status.ts";
import { dateTimeText, sinceText } from "./since.ts";

/** Time and turns of the process. */
export type ReportHost = Pick<ControlHost, "nextTurn" | "wallMilliseconds">;

/** A resource holds 1.5 MiB; so many routes of each family fit. */
const ROUTES_MAX = 4_000;
const ROUTES_PER_TURN = 500;

/** Pods that peer with their own node have no word here. */
const PEER_TYPES: { readonly [T in PeerType]: string | undefined } = {
  mesh: "NodeMesh", node: "NodePeer", global: "GlobalPeer", local: undefined,
};

type Refused = { readonly why: string };

/** The status with these classes; or why there is none. */
export async function nodeStatusReport(
  api: DaemonApi, classes: ReadonlySet<StatusClass>, host: ReportHost,
): Promise<JsonObject | Refused> {
  const routes = classes.has("Routes") ? await routesReport(api, host) : {};
  if (isRefused(routes)) return routes;
  return {
    ...(classes.has("Agent") ? { agent: agentReport(api) } : {}),
    ...(classes.has("BGP") ? { bgp: sessionsReport(api, host.wallMilliseconds()) } : {}),
    ...(classes.has("Routes") ? { routes } : {}),
  };
}

/** We are both of Calico's daemons. */
function agentReport(api: DaemonApi): JsonObject {
  const { routerId, startedAt, configuredAt } = api.status();
  const one: JsonObject = {
    state: isLeaving({ api }) ? "NotReady" : "Ready", version: versionText({ api }).replace(/^BIRD /, ""),
    routerID: routerId, lastBootTime: dateTimeText(new Date(startedAt).getTime()),
    lastReconfigurationTime: dateTimeText(new Date(configuredAt).getTime()),
  };
  return { birdV4: one, birdV6: one };
}

type Part = Pick<PeerView, "name" | "address" | "type" | "state" | "enabled" | "upOrDownSince">;
const PART_FIELDS: readonly (keyof Part)[] = ["name", "address", "type", "state", "enabled", "upOrDownSince"];

function sessionsReport(api: DaemonApi, nowMilliseconds: number): JsonObject {
  const peers = ([...api.partsOfPeers(PART_FIELDS)] as Part[]).filter(({ type }) => PEER_TYPES[type] !== undefined);
  const report = (version: "V4" | "V6"): JsonObject => {
    const ofFamily = peers.filter(({ address }) => address.includes(":") === (version === "V6"));
    const established = ofFamily.filter((peer) => protocolState(peer) === "up").length;
    return {
      [`numberEstablished${version}`]: established,
      [`numberNotEstablished${version}`]: ofFamily.length - established,
      [`peers${version}`]: ofFamily.map(({ address, type, state, enabled, upOrDownSince }) => ({
        peerIP: address, type: PEER_TYPES[type] ?? "", state: enabled ? state : "Idle",
        since: sinceText(upOrDownSince, nowMilliseconds),
      })),
    };
  };
  return { ...report("V4"), ...report("V6") };
}

async function routesReport(api: DaemonApi, host: ReportHost): Promise<JsonObject | Refused> {
  const types = new Map(([...api.partsOfPeers(["name", "type"])] as Part[]).map(({ name, type }) => [name, type]));
  const found: Record<string, JsonObject[]> = {};
  for (const [key, family] of [["routesV4", "ipv4-unicast"], ["routesV6", "ipv6-unicast"]] as const) {
    const routes = await routesOf(api, family, types, host);
    if (isRefused(routes)) return routes;
    found[key] = routes;
  }
  return found;
}

async function routesOf(
  api: DaemonApi, family: Family, types: ReadonlyMap<string, PeerType>, host: ReportHost,
): Promise<JsonObject[] | Refused> {
  const routes = api.routes({ family });
  if ("refused" in routes) return { why: routes.refused };
  const found: JsonObject[] = [];
  for (const route of routes) {
    if (route === undefined || found.length % ROUTES_PER_TURN === ROUTES_PER_TURN - 1) await host.nextTurn();
    if (route === undefined) continue;
    if (found.length === ROUTES_MAX) return { why: `more than ${ROUTES_MAX} routes of ${family} do not fit into it` };
    found.push(routeReport(route, types));
  }
  return found;
}

function routeReport(route: RouteView, types: ReadonlyMap<string, PeerType>): JsonObject {
  const { best, prefix, nextHop, from } = route;
  const common = { type: best ? "FIB" : "RIB", destination: prefix, gateway: nextHop ?? "N/A" };
  if (isOwn(route)) return { ...common, interface: "blackhole", learnedFrom: { sourceType: "Static" } };
  const sourceType = types.get(from.name) === "mesh" ? "NodeMesh" : "BGPPeer";
  return { ...common, learnedFrom: { sourceType, peerIP: from.address } };
}

function isRefused(value: object): value is Refused {
  return "why" in value;
}
