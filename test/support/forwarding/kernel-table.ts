/** A kernel's table as `ip` shows it, in lines that can be compared. */

import { must } from "../lab/processes.ts";

/** What `ip -json route` says of one. Absent keys are absent. */
interface ShownRoute {
  readonly type?: string;
  readonly dst: string;
  readonly gateway?: string;
  readonly dev?: string;
  readonly protocol: string;
  readonly scope?: string;
  readonly prefsrc?: string;
  readonly metric?: number;
  readonly flags?: readonly string[];
  readonly nexthops?: readonly ShownWay[];
}
interface ShownWay { readonly gateway?: string | undefined; readonly dev?: string | undefined }

/** The main tables of IPv4 and IPv6, a line per route, in a fixed order. Protocols and scopes are numbers. */
export async function kernelTable(namespace: string): Promise<readonly string[]> {
  const shown = await Promise.all(["-4", "-6"].map((family) =>
    must(["ip", "-N", "-j", "-n", namespace, family, "route", "show", "table", "254"])));
  return shown.flatMap((text) => JSON.parse(text) as readonly ShownRoute[]).map(lineOf).sort();
}

/** The lines of one protocol. */
export function ofProtocol(table: readonly string[], protocol: number): readonly string[] {
  return table.filter((line) => line.includes(` proto ${protocol} `));
}

/** Lines that only one of two tables has. */
export function difference(a: readonly string[], b: readonly string[]):
  { readonly onlyFirst: readonly string[]; readonly onlySecond: readonly string[] } {
  return { onlyFirst: a.filter((line) => !b.includes(line)), onlySecond: b.filter((line) => !a.includes(line)) };
}

function lineOf({ type, dst, gateway, dev, protocol, scope, prefsrc, metric, flags, nexthops }: ShownRoute): string {
  const ways = (nexthops ?? [{ gateway, dev }]).map(wayOf).filter((way) => way !== "").sort();
  return [
    type ?? "unicast", dst, ...ways,
    `proto ${protocol}`, `metric ${metric ?? 0}`, `scope ${scope ?? "0"}`,
    ...(prefsrc === undefined ? [] : [`src ${prefsrc}`]), ...(flags?.includes("onlink") === true ? ["onlink"] : []),
  ].join(" ");
}

function wayOf({ gateway, dev }: ShownWay): string {
  const words = [...(gateway === undefined ? [] : [`via ${gateway}`]), ...(dev === undefined ? [] : [`dev ${dev}`])];
  return words.join(" ");
}
