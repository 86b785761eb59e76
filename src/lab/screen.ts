/** What the lab prints, as text. Rule: no stream and no clock here; a table is lines, and a line has no newline. */

import type { PeerView } from "../daemon/api.ts";
import type { LabNode } from "./plan.ts";
import type { LabRoute } from "./speaker.ts";

/** Lines of a table: columns as wide as their widest cell, two spaces between. */
export function table(headings: readonly string[], rows: readonly (readonly string[])[]): string[] {
  const all = [headings, ...rows];
  const widths = headings.map((_, column) => Math.max(...all.map((row) => row[column]?.length ?? 0)));
  return all.map((row) => row.map((cell, column) => cell.padEnd(widths[column] ?? 0)).join("  ").trimEnd());
}

/** The sessions of the reflector, as it sees them. */
export function sessionTable(peers: readonly PeerView[]): string[] {
  const count = (peer: PeerView, which: "received" | "advertised"): string =>
    String(Object.values(peer.prefixes).reduce((sum, prefixes) => sum + prefixes[which], 0));
  return table(["NODE", "ADDRESS", "AS", "CLIENT", "STATE", "SINCE", "RECEIVED", "ADVERTISED"],
    peers.map((peer) => [peer.name, peer.address, String(peer.asNumber), peer.routeReflectorClient ? "yes" : "no",
      peer.state, peer.since.slice(11, 19), count(peer, "received"), count(peer, "advertised")]));
}

/** Routes of a table that are shown. */
const ROUTES_SHOWN_MAX = 30;

/** One speaker's table, as it was told. */
export function routeTable(routes: readonly LabRoute[]): string[] {
  const sorted = [...routes].sort((a, b) => order(a.prefix, b.prefix) || a.pathId - b.pathId);
  const lines = table(["PREFIX", "NEXT HOP", "LOCAL_PREF", "ORIGINATOR_ID", "CLUSTER_LIST"],
    sorted.slice(0, ROUTES_SHOWN_MAX).map((route) => [route.prefix, route.nextHop ?? "-",
      String(route.localPref ?? "-"), route.originatorId ?? "-", route.clusterList?.join(" ") ?? "-"]));
  return sorted.length > ROUTES_SHOWN_MAX ? [...lines, `... and ${sorted.length - ROUTES_SHOWN_MAX} more`] : lines;
}

/** IPv4 before IPv6, numbers by value. */
function order(a: string, b: string): number {
  const families = Number(a.includes(":")) - Number(b.includes(":"));
  return families !== 0 ? families : a.localeCompare(b, "en", { numeric: true });
}

/** What a speaker lacks or holds too much of what the other nodes announce; undefined where it is exactly that. */
export function shortfall(node: LabNode, routes: readonly LabRoute[], wanted: ReadonlySet<string>): string | undefined {
  const held = new Set(routes.map(({ prefix }) => prefix));
  const strange = [...held].find((prefix) => !wanted.has(prefix));
  if (strange !== undefined) return `${node.name} was told ${strange}, which no other node announces`;
  const missing = wanted.size - held.size;
  return missing === 0 ? undefined : `${node.name} lacks ${missing} of ${wanted.size} prefixes`;
}
