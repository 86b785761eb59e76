/** `show peers`: all sessions in columns, or one in full. */

import type { DaemonApi, MessageCounts, PeerView, PrefixCounts } from "../daemon/api.ts";
import { columns } from "./grid.ts";
import { endpointText, errorText, PEER_TYPES, problemText } from "./node-status.ts";
import { sinceText } from "./since.ts";
import { printable } from "./terminal.ts";

const NAME_CHARACTERS = 63;
const TEXT_CHARACTERS = 255;

/** What a session's line is made of where -o wide was not asked for. */
type PeerRow = Pick<PeerView, "name" | "address" | "port" | "asNumber" | "state" | "enabled" | "since" |
  "prefixes" | "waiting" | "lastError" | "policy">;
const ROW_FIELDS: readonly (keyof PeerRow)[] = [
  "name", "address", "port", "asNumber", "state", "enabled", "since", "prefixes", "waiting", "lastError", "policy",
];

const SINCE = "SINCE";

type Column = { readonly heading: string } & (
  | { readonly wide?: never; readonly cell: (peer: PeerRow) => string }
  | { readonly wide: true; readonly cell: (peer: PeerView) => string });

/** One row per column; `wide` ones only with -o wide. SINCE is a moment until it is known whose clock shows it. */
const COLUMNS: readonly Column[] = [
  { heading: "NAME", cell: (peer) => printable(peer.name, NAME_CHARACTERS) },
  { heading: "ADDRESS", cell: endpointText },
  { heading: "AS", cell: (peer) => String(peer.asNumber) },
  { heading: "TYPE", wide: true, cell: (peer) => PEER_TYPES[peer.type] },
  { heading: "LOCAL ADDRESS", wide: true, cell: (peer) => peer.localAddress ?? "-" },
  { heading: "ROUTER ID", wide: true, cell: (peer) => peer.routerId ?? "-" },
  { heading: "CLIENT", wide: true, cell: (peer) => (peer.routeReflectorClient ? "yes" : "no") },
  { heading: "STATE", cell: (peer) => (peer.enabled ? peer.state : "Disabled") },
  { heading: SINCE, cell: (peer) => peer.since },
  { heading: "HOLD", wide: true, cell: (peer) => String(peer.holdTimeSeconds) },
  { heading: "FLAPS", wide: true, cell: (peer) => String(peer.flaps) },
  { heading: "RECEIVED", cell: (peer) => String(prefixSum(peer, "received")) },
  { heading: "ACCEPTED", cell: (peer) => String(prefixSum(peer, "accepted")) },
  { heading: "ADVERTISED", cell: (peer) => String(prefixSum(peer, "advertised")) },
  { heading: "IN", wide: true, cell: (peer) => String(messageSum(peer.messages.in)) },
  { heading: "OUT", wide: true, cell: (peer) => String(messageSum(peer.messages.out)) },
  { heading: "INFO", cell: infoText },
  { heading: "DESCRIPTION", wide: true, cell: (peer) => printable(peer.description, NAME_CHARACTERS) },
];
const NARROW = COLUMNS.filter((column) => column.wide !== true);

/** A line of the table: a cell per column, SINCE as ISO 8601. */
export type PeerCells = readonly string[];

/** The lines of all sessions, made by the daemon: for thousands of them they take a third of what they are made of. */
export function* peerLines(api: Pick<DaemonApi, "partsOfPeers">): Generator<PeerCells> {
  for (const part of api.partsOfPeers(ROW_FIELDS)) yield NARROW.map((column) => column.cell(part as PeerRow));
}

/** All sessions, by their lines. */
export function peersText(lines: readonly PeerCells[], nowMilliseconds: number): string {
  return tableOf(lines, NARROW, nowMilliseconds);
}

/** All sessions, with every column. */
export function widePeersText(peers: readonly PeerView[], nowMilliseconds: number): string {
  return tableOf(peers.map((peer) => COLUMNS.map((column) => column.cell(peer))), COLUMNS, nowMilliseconds);
}

function tableOf(lines: readonly PeerCells[], shown: readonly Column[], nowMilliseconds: number): string {
  if (lines.length === 0) return "No peers found.\n";
  const at = shown.findIndex(({ heading }) => heading === SINCE);
  const rows = lines.map((cells) => cells.with(at, sinceText(cells[at] ?? "", nowMilliseconds)));
  return columns(shown.map(({ heading }) => heading), rows);
}

/** One session, a line per fact. */
export function peerText(peer: PeerView, nowMilliseconds: number): string {
  const facts: readonly (readonly [name: string, value: string])[] = [
    ["Name", printable(peer.name, NAME_CHARACTERS)],
    ["Description", printable(peer.description, TEXT_CHARACTERS)],
    ["Address", `${endpointText(peer)}${peer.passive ? " (passive)" : ""}`],
    ["Local address", peer.localAddress ?? "-"],
    ["Type", PEER_TYPES[peer.type]],
    ["AS", `${peer.asNumber} (ours ${peer.localAsNumber})`],
    ["Router ID", peer.routerId ?? "-"],
    ["Reflector client", peer.routeReflectorClient ? `yes, cluster id ${peer.clusterId}` : "no"],
    ["State", `${peer.enabled ? peer.state : "Disabled"} since ${sinceText(peer.since, nowMilliseconds)}`],
    ["Waiting", peer.waiting === null ? "-" : printable(peer.waiting, TEXT_CHARACTERS)],
    ["Last error", lastErrorText(peer, nowMilliseconds)],
    ["Flaps", String(peer.flaps)],
    ["Hold time", `${peer.holdTimeSeconds} s, keepalive ${peer.keepaliveTimeSeconds} s`],
    ["Families", peer.families.join(", ")],
    ["Import policy", printable(peer.policy.import, TEXT_CHARACTERS)],
    ["Export policy", printable(peer.policy.export, TEXT_CHARACTERS)],
    ["Octets", `${peer.bytes.in} in, ${peer.bytes.out} out`],
  ];
  const negotiated = Object.entries(peer.capabilities.negotiated ?? {});
  const head = facts.map(([name, value]) => `${`${name}:`.padEnd(18)} ${value}`.trimEnd() + "\n").join("");
  return head + prefixLines(peer) + messageLines(peer)
    + capabilityLines("Capabilities we offer", peer.capabilities.local)
    + capabilityLines("Capabilities of the peer", peer.capabilities.remote)
    + capabilityLines("Negotiated", negotiated.map(([name, value]) => ({ [name]: value })));
}

/** What a session waits for, or its last error; then what keeps routes from passing. */
function infoText(peer: PeerRow): string {
  return [problemText(peer), missingPolicy(peer)].filter((text) => text !== "").join("; ");
}

function missingPolicy({ policy }: PeerRow): string {
  const missing = (["import", "export"] as const).filter((direction) => policy[direction].startsWith("no policy"));
  const [first] = missing;
  if (first === undefined) return "";
  const why = printable(policy[first], TEXT_CHARACTERS);
  return missing.length === 2 ? why : `${first}: ${why}`;
}

function lastErrorText(peer: PeerView, nowMilliseconds: number): string {
  const error = peer.lastError;
  if (error === null) return "-";
  const codes = error.code === 0 ? "" : ` [${error.code}/${error.subcode}]`;
  return `${errorText(error)}${codes} at ${sinceText(error.at, nowMilliseconds)}`;
}

function prefixLines(peer: PeerView): string {
  const rows = Object.entries(peer.prefixes).map(([family, counts]) =>
    [family, String(counts.received), String(counts.accepted), String(counts.advertised)]);
  return rows.length === 0 ? "" : `\n${columns(["PREFIXES", "RECEIVED", "ACCEPTED", "ADVERTISED"], rows)}`;
}

function messageLines(peer: PeerView): string {
  const names = ["open", "update", "keepalive", "notification", "routeRefresh"] as const;
  const row = (direction: "in" | "out"): string[] =>
    [direction, ...names.map((name) => String(peer.messages[direction][name]))];
  const headings = ["MESSAGES", "OPEN", "UPDATE", "KEEPALIVE", "NOTIFICATION", "ROUTE-REFRESH"];
  return `\n${columns(headings, [row("in"), row("out")])}`;
}

/** `name key=value …`, whatever keys a capability has. */
function capabilityLines(title: string, capabilities: readonly unknown[]): string {
  if (capabilities.length === 0) return "";
  const lines = capabilities.map((capability) => `  ${printable(capabilityText(capability), 500)}\n`);
  return `\n${title}:\n${lines.join("")}`;
}

function capabilityText(capability: unknown): string {
  if (typeof capability !== "object" || capability === null) return String(capability);
  const { name, ...rest } = capability as Readonly<Record<string, unknown>>;
  const fields = Object.entries(rest).map(([key, value]) =>
    `${key}=${typeof value === "string" ? value : JSON.stringify(value)}`);
  return [...(typeof name === "string" ? [name] : []), ...fields].join(" ");
}

function prefixSum(peer: PeerRow, of: keyof PrefixCounts): number {
  return Object.values(peer.prefixes).reduce((sum, counts) => sum + counts[of], 0);
}

function messageSum(counts: MessageCounts): number {
  return counts.open + counts.update + counts.keepalive + counts.notification + counts.routeRefresh;
}
