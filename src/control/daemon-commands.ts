/** The commands that ask the running daemon, shown as the user wants it. */

import { printableJson } from "../base/printable.ts";
import type { ExplainView, GroupView, PeerView, ReloadResult } from "../daemon/api.ts";
import { calicoStatusText } from "./calico-view.ts";
import { askCalicoStatus, askDaemon, bodyText } from "./client.ts";
import type { DaemonRequest } from "./client.ts";
import { EXIT } from "./cli-io.ts";
import { explainText } from "./explain-view.ts";
import { groupsText, memoryText } from "./group-views.ts";
import { kernelText } from "./kernel-view.ts";
import { nodeStatusDocument, nodeStatusText } from "./node-status.ts";
import { peersText, peerText, widePeersText } from "./peer-views.ts";
import { printRoutes } from "./route-printer.ts";
import { outputOf } from "./session.ts";
import type { Session } from "./session.ts";
import { clientSocketPaths } from "./socket-path.ts";
import { printable } from "./terminal.ts";

/** `node status`; in Calico mode with how it stands with the datastore. */
export async function nodeStatus(session: Session): Promise<number> {
  const asked = await askCalicoStatus(clientSocketPaths(session.options.get("socket"), session.io));
  // What is wrong with a daemon that does not answer, the next request says.
  const calico = asked === undefined || "unreachable" in asked ? undefined : asked;
  return show(session, get("/v1/peers"), (peers: PeerView[], now) => nodeStatusText(peers, now)
    + (calico === undefined ? "" : calicoStatusText(calico, now)),
  (peers, now) => ({ ...nodeStatusDocument(peers, now), ...(calico === undefined ? {} : { calico }) }));
}

/** `show peers [PEER]`. */
export function showPeers(session: Session): Promise<number> {
  const [peer] = session.words;
  if (peer === undefined) {
    if (outputOf(session) !== "table") return show(session, get("/v1/peers"), widePeersText);
    return show(session, get("/v1/peers-table"), peersText);
  }
  return show(session, get(peerPath(peer)), (view: PeerView, now) => peerText(view, now));
}

/** `show routes`: a stream, or a count. */
export function showRoutes(session: Session): Promise<number> {
  const { words, options } = session;
  const asked = new URLSearchParams();
  if (words[0] !== undefined) asked.set("prefix", words[0]);
  for (const name of ["for", "peer", "family", "community"]) {
    const value = options.get(name);
    if (value !== undefined) asked.set(name, value);
  }
  if (options.has("longer")) asked.set("longer", "1");
  if (options.has("in")) asked.set("direction", "in");
  if (options.has("out")) asked.set("direction", "out");
  if (!options.has("count")) return ask(session, get(`/v1/routes?${asked}`), (reply) => printRoutes(reply, session));
  asked.set("count", "1");
  return show(session, get(`/v1/routes?${asked}`), ({ prefixes, paths }: { prefixes: number; paths: number }) =>
    `${prefixes} prefixes, ${paths} paths\n`);
}

/** `explain PREFIX [--to PEER]`. */
export function explain(session: Session): Promise<number> {
  const asked = new URLSearchParams({ prefix: session.words[0] ?? "" });
  const to = session.options.get("to");
  if (to !== undefined) asked.set("to", to);
  return show(session, get(`/v1/explain?${asked}`), (view: ExplainView) => explainText(view));
}

/** `show groups`. */
export function showGroups(session: Session): Promise<number> {
  const wide = outputOf(session) === "wide";
  return show(session, get("/v1/groups"), (groups: GroupView[]) => groupsText(groups, wide));
}

/** `show memory`. */
export function showMemory(session: Session): Promise<number> {
  return show(session, get("/v1/memory"), (owners: Readonly<Record<string, number>>) => memoryText(owners));
}

/** `show kernel`. */
export function showKernel(session: Session): Promise<number> {
  return show(session, get("/v1/kernel"), kernelText);
}

/** `show config`: JSON in every format, as it was written. */
export function showConfig(session: Session): Promise<number> {
  return show(session, get("/v1/config"), pretty);
}

/** `reload`. */
export function reload(session: Session): Promise<number> {
  return show(session, post("/v1/reload", {}), (result: ReloadResult) => {
    const lines = (["added", "removed", "reset", "refreshed", "untouched"] as const)
      .map((what) => changeLine(what, result[what]));
    if (result.needsRestart !== undefined) lines.push(`needs a restart: ${result.needsRestart.join(", ")}\n`);
    return lines.join("");
  });
}

/** `shutdown [--drain SECONDS]`. */
export function shutdown(session: Session): Promise<number> {
  const drainSeconds = Number(session.options.get("drain") ?? 0);
  return show(session, post("/v1/shutdown", { drainSeconds }), () =>
    drainSeconds > 0 ? `draining for ${drainSeconds} s, then shutting down\n` : "shutting down\n");
}

/** `restart`. */
export function restart(session: Session): Promise<number> {
  return show(session, post("/v1/restart", {}), () => "stopping, to be started again by whoever started it\n");
}

/** `reset PEER [--soft in|out]`. */
export function reset(session: Session): Promise<number> {
  const soft = session.options.get("soft");
  return act(session, "reset", soft === undefined ? {} : { soft });
}

/** `disable PEER [--reason TEXT]`. */
export function disable(session: Session): Promise<number> {
  const reason = session.options.get("reason");
  return act(session, "disable", reason === undefined ? {} : { reason });
}

/** `enable PEER`. */
export function enable(session: Session): Promise<number> {
  return act(session, "enable", {});
}

/** Session control: the answer names the sessions, under the past tense of what was done. */
function act(session: Session, verb: string, body: unknown): Promise<number> {
  const path = `${peerPath(session.words[0] ?? "")}/${verb}`;
  return show(session, post(path, body), (done: Readonly<Record<string, readonly string[]>>) =>
    Object.entries(done).map(([what, names]) => changeLine(what, names)).join(""));
}

function changeLine(what: string, names: readonly string[]): string {
  if (what === "untouched" || names.length === 0) return `${what} ${names.length}\n`;
  return `${what} ${names.length}: ${names.map((name) => printable(name, 100)).join(", ")}\n`;
}

/** Asks, reads the whole answer, prints it in the format asked for. */
function show<View>(
  session: Session, request: DaemonRequest, table: (view: View, nowMilliseconds: number) => string,
  document: (view: View, nowMilliseconds: number) => unknown = (view) => view,
): Promise<number> {
  return ask(session, request, async (reply) => {
    const text = await bodyText(reply);
    if (typeof text !== "string") return fail(session, `the daemon's answer broke off: ${text.broken}`);
    const view = parsed(text) as View | undefined;
    if (view === undefined) return fail(session, "the daemon's answer is not JSON (is it another version?)");
    const now = session.io.wallMilliseconds();
    const format = outputOf(session);
    if (format === "json") await session.out.write(pretty(document(view, now)));
    else if (format === "jsonl") await session.out.write(lines(document(view, now)));
    else await session.out.write(table(view, now));
    return EXIT.done;
  });
}

/** Asks and hands on a good answer; everything else becomes one line and an exit code. */
async function ask(
  session: Session, request: DaemonRequest, good: (message: Reply) => Promise<number>,
): Promise<number> {
  const reply = await askDaemon(clientSocketPaths(session.options.get("socket"), session.io), request);
  if ("unreachable" in reply) {
    await complain(session, `${printable(reply.unreachable, 1000)} (${reply.todo})`);
    return EXIT.unreachable;
  }
  if (reply.status < 400) return good(reply.message);
  const text = await bodyText(reply.message);
  const error = typeof text === "string" ? (parsed(text) as { error?: unknown } | undefined)?.error : undefined;
  const todo = reply.status === 404 ? " (reflectd show peers lists the neighbours)" : "";
  if (typeof error !== "string") return fail(session, `the daemon answered with status ${reply.status}`);
  return fail(session, error.split("\n").map((line) => printable(line, 2000)).join("\n") + todo);
}

type Reply = Parameters<typeof bodyText>[0];

/** A line each: a configuration may have several mistakes. */
async function fail(session: Session, why: string): Promise<number> {
  for (const line of why.split("\n")) await complain(session, line);
  return EXIT.failed;
}

function complain(session: Session, why: string): Promise<void> {
  return session.err.write(`reflectd: ${session.command}: ${why}\n`);
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined; // JSON never gives undefined, so the caller can tell
  }
}

function pretty(value: unknown): string {
  return `${printableJson(JSON.stringify(value, null, 2))}\n`;
}

function lines(value: unknown): string {
  const items: unknown[] = Array.isArray(value) ? value : [value];
  return items.map((item) => `${printableJson(JSON.stringify(item))}\n`).join("");
}

function get(path: string): DaemonRequest {
  return { method: "GET", path };
}

function post(path: string, body: unknown): DaemonRequest {
  return { method: "POST", path, body };
}

function peerPath(peer: string): string {
  return `/v1/peers/${encodeURIComponent(peer)}`;
}
