/** Calico's resources as text: what a node makes of them, how it stands with them, and which have mistakes. */

import { printableText } from "../base/printable.ts";
import type { CalicoStatus, FamilyView, NodeView, SessionView } from "../calico/translate/view.ts";
import { columns } from "./grid.ts";
import { sinceText } from "./since.ts";

const FAMILIES = [["IPv4", "ipv4"], ["IPv6", "ipv6"]] as const;
const SESSION_HEADINGS = ["NAME", "PEER", "PORT", "REMOTE AS", "LOCAL AS", "TYPE", "CLIENT", "PASSIVE", "FILTERS"];

/** The text; a family without an address says so. */
export function nodeViewText(view: NodeView): string {
  const families = FAMILIES.map(([title, key]) => `${title}: ${familyText(view.families[key])}`);
  return [...families, ...(view.faults.length === 0 ? [] : [faultsText(view.faults)])].join("\n");
}

function familyText(family: FamilyView): string {
  if (!family.enabled) return "the node has no address of this family, so no session\n";
  const { routerId, localAs, listen, mesh, peers, originated } = family;
  const head = `router id ${routerId ?? "none"}, AS ${localAs}, listens on ${listen.address} port ${listen.port}`
    + `, mesh ${mesh ? "on" : "off"}\n`;
  const sessions = peers.length === 0 ? "No sessions.\n" : columns(SESSION_HEADINGS, peers.map(sessionRow));
  const routes = originated.length === 0 ? ""
    : `\n${columns(["OWN ROUTE", "KIND", "OF"], originated.map((route) => [route.prefix, route.kind, route.reason]))}`;
  return head + sessions + routes;
}

function sessionRow(session: SessionView): readonly string[] {
  const { name, address, port, remoteAs, localAs, type, routeReflectorClient, passive, importFilters } = session;
  return [name, address, String(port), String(remoteAs), String(localAs), type, yes(routeReflectorClient), yes(passive),
    printableText(importFilters.join(","))];
}

function yes(value: boolean): string {
  return value ? "yes" : "no";
}

/** What stands below the tables of `node status` in Calico mode. */
export function calicoStatusText(status: CalicoStatus, nowMilliseconds: number): string {
  const { datastore: { kind, up, since, why }, node, nodes, sessions, waiting, faults } = status;
  const state = up ? `up since ${sinceText(since, nowMilliseconds)}`
    : `down since ${sinceText(since, nowMilliseconds)}, what is known stays: ${printableText(why ?? "")}`;
  const counts = `${printableText(node)} has ${sessions} sessions among ${nodes} nodes`;
  const without = sessions === 0 ? "No sessions by Calico's resources" : `${counts}, as before`;
  return `Calico datastore (${kind}): ${state}\n`
    + `${waiting === null ? counts : `${without}: ${printableText(waiting)}`}\n`
    + (faults.length === 0 ? "" : `\n${faultsText(faults)}`);
}

function faultsText(faults: CalicoStatus["faults"]): string {
  return columns(["RESOURCE", "FIELD", "FAULT"], faults.map(({ kind, name, field, why, note }) =>
    [`${kind} ${name}`, field, note === undefined ? why : `note: ${why}`].map(printableText)));
}
