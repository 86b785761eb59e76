/** `show groups` and `show memory`. */

import type { GroupView } from "../daemon/api.ts";
import { columns } from "./grid.ts";
import { printable } from "./terminal.ts";

const STATES = ["live", "joining", "detached"] as const;

/** Groups in columns, then the members: all with `wide`, else those that are not up to date. */
export function groupsText(groups: readonly GroupView[], wide: boolean): string {
  if (groups.length === 0) return "No update groups.\n";
  const headings = ["GROUP", "FAMILY", "ADVERTISED", "LIVE", "JOINING", "DETACHED", "LAG", "LAG OCTETS"];
  const rows = groups.map((group) => [
    String(group.id), group.family, String(group.advertised),
    ...STATES.map((state) => String(group.members.filter((member) => member.state === state).length)),
    String(most(group, "lagPrefixes")), String(most(group, "lagOctets")), ...(wide ? [keyText(group)] : []),
  ]);
  return columns(wide ? [...headings, "KEY"] : headings, rows) + membersText(groups, wide);
}

/** Owners by size, and the sum. */
export function memoryText(owners: Readonly<Record<string, number>>): string {
  const sorted = Object.entries(owners).sort(([, a], [, b]) => b - a);
  const total = sorted.reduce((sum, [, octets]) => sum + octets, 0);
  const rows = [...sorted, ["total", total] as const].map(([owner, octets]) => [printable(owner, 63), String(octets)]);
  return columns(["OWNER", "OCTETS"], rows);
}

function membersText(groups: readonly GroupView[], wide: boolean): string {
  const rows = groups.flatMap((group) => group.members
    .filter((member) => wide || member.state !== "live" || member.lagPrefixes > 0)
    .map((member) => [printable(member.peer, 63), String(group.id), member.state,
      String(member.lagPrefixes), String(member.lagOctets)]));
  return rows.length === 0 ? "" : `\n${columns(["MEMBER", "GROUP", "STATE", "LAG", "LAG OCTETS"], rows)}`;
}

function most(group: GroupView, of: "lagPrefixes" | "lagOctets"): number {
  return group.members.reduce((largest, member) => Math.max(largest, member[of]), 0);
}

function keyText({ key }: GroupView): string {
  const fields = Object.entries(key).map(([name, value]) =>
    `${name}=${typeof value === "string" ? value : JSON.stringify(value)}`);
  return printable(fields.join(" "), 500);
}
