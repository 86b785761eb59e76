/** Every page of the HTTP API, one row each. The rows marked `open` are also served on TCP: they only read. */

import type { Refusal, RouteQuery } from "../daemon/api.ts";
import type { Answer, Call, Endpoint } from "./answer.ts";
import { problem } from "./answer.ts";
import { peerLines } from "./peer-views.ts";
import { routeQueryOf, strayKey } from "./query.ts";
import { jsonArray, jsonLines } from "./stream.ts";

/** RFC 9003 §2: the text of a shutdown communication is at most 255 octets. */
const REASON_OCTETS_MAX = 255;
const DRAIN_SECONDS_MAX = 3600;

/** The API under /v1. */
export const API: readonly Endpoint[] = [
  row("GET", "/v1/status", false, "version, router id, AS, start", ({ api }) => json(api.status())),
  row("GET", "/v1/peers", true, "all sessions; with fields=name,state,… only that of each", peers),
  row("GET", "/v1/peers-table", true, "all sessions: a line's cells of each", ({ api }) => array(peerLines(api))),
  row("GET", "/v1/peers/:peer", true, "one session in full", ({ api, path }) => outcome(api.peer(path[0] ?? ""))),
  row("GET", "/v1/routes", true, "routes, one JSON object per line; with count=1 their number", routes),
  row("GET", "/v1/explain", true, "why a prefix is as it is: prefix, to", explain),
  row("GET", "/v1/groups", true, "update groups with members and lag", ({ api }) => array(api.groups())),
  row("GET", "/v1/memory", false, "octets by owner", ({ api }) => json(api.memory())),
  row("GET", "/v1/config", false, "the configuration in force, secrets masked", ({ api }) => json(api.config())),
  row("GET", "/v1/kernel", true, "kernel routes: wanted, installed, failed and why", ({ api }) => json(api.kernel())),
  row("GET", "/v1/calico", true, "Calico mode: the datastore, faulty resources", ({ api }) => outcome(api.calico())),
  row("POST", "/v1/reload", false, "reads the configuration again", reload),
  row("POST", "/v1/shutdown", false, "leaves for good: drainSeconds", shutdown),
  row("POST", "/v1/restart", false, "stops, and asks to be started again", restart),
  row("POST", "/v1/peers/:peer/reset", false, "ends the session, or refreshes it: soft", reset),
  row("POST", "/v1/peers/:peer/disable", false, "ends the session and keeps it down: reason", disable),
  row("POST", "/v1/peers/:peer/enable", false, "undoes disable", ({ api, path }) => outcome(api.enable(path[0] ?? ""))),
];

const STATUS_OF: { readonly [W in Refusal["what"]]: number } = { "not-found": 404, invalid: 400, failed: 409 };

function row(
  method: Endpoint["method"], path: string, open: boolean, does: string, answer: Endpoint["answer"],
): Endpoint {
  return { method, path: path.split("/").slice(1), open, does, answer };
}

function json(value: unknown): Answer {
  return { status: 200, json: value };
}

function array(items: Iterable<unknown>): Answer {
  return { status: 200, pieces: jsonArray(items), contentType: "application/json" };
}

/** A view, or the daemon's reason with the status that fits. */
function outcome(result: object | Refusal): Answer {
  return isRefusal(result) ? problem(STATUS_OF[result.what], result.refused) : json(result);
}

function isRefusal(result: object): result is Refusal {
  return Object.hasOwn(result, "refused");
}

function peers({ api, query }: Call): Answer {
  const stray = strayKey(query.keys(), ["fields"]);
  if (stray !== undefined) return problem(400, stray);
  const fields = query.get("fields")?.split(",");
  return array(fields === undefined ? api.peers() : api.partsOfPeers(fields));
}

async function routes({ api, query }: Call): Promise<Answer> {
  const asked = routeQueryOf(query);
  if ("error" in asked) return problem(400, asked.error);
  if (asked.count) return outcome(await api.countRoutes(asked.query));
  return routeLines(api, asked.query);
}

function routeLines(api: Call["api"], query: RouteQuery): Answer {
  const found = api.routes(query);
  if (isRefusal(found)) return problem(STATUS_OF[found.what], found.refused);
  return { status: 200, pieces: jsonLines(found), contentType: "application/jsonl" };
}

function explain({ api, query }: Call): Answer {
  const stray = strayKey(query.keys(), ["prefix", "to"]);
  const prefix = query.get("prefix");
  if (stray !== undefined) return problem(400, stray);
  if (prefix === null || prefix === "") return problem(400, "prefix is missing");
  return outcome(api.explain(prefix, query.get("to") ?? undefined));
}

async function reload({ api, body }: Call): Promise<Answer> {
  const stray = strayKey(Object.keys(body), []);
  return stray === undefined ? outcome(await api.reload()) : problem(400, stray);
}

/** Answers first: the process may be gone before the daemon's promise resolves. */
function shutdown({ api, body }: Call): Answer {
  const stray = strayKey(Object.keys(body), ["drainSeconds"]);
  if (stray !== undefined) return problem(400, stray);
  const drainSeconds = body["drainSeconds"] ?? 0;
  if (typeof drainSeconds !== "number" || !(drainSeconds >= 0 && drainSeconds <= DRAIN_SECONDS_MAX)) {
    return problem(400, `drainSeconds must be a number from 0 to ${DRAIN_SECONDS_MAX}`);
  }
  return { status: 202, json: { drainSeconds }, after: () => api.shutdown({ drainSeconds }) };
}

function restart({ api, body }: Call): Answer {
  const stray = strayKey(Object.keys(body), []);
  return stray === undefined ? { status: 202, json: {}, after: () => api.restart() } : problem(400, stray);
}

function reset({ api, path, body }: Call): Answer {
  const stray = strayKey(Object.keys(body), ["soft"]);
  if (stray !== undefined) return problem(400, stray);
  const soft = body["soft"];
  if (soft !== undefined && soft !== "in" && soft !== "out") return problem(400, "soft must be in or out");
  return outcome(api.reset(path[0] ?? "", soft));
}

function disable({ api, path, body }: Call): Answer {
  const stray = strayKey(Object.keys(body), ["reason"]);
  if (stray !== undefined) return problem(400, stray);
  const reason = body["reason"];
  if (reason !== undefined && typeof reason !== "string") return problem(400, "reason must be a text");
  if (reason !== undefined && Buffer.byteLength(reason) > REASON_OCTETS_MAX) {
    return problem(400, `reason has more than ${REASON_OCTETS_MAX} octets (RFC 9003)`);
  }
  return outcome(api.disable(path[0] ?? "", reason));
}
