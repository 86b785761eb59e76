/** Micro-benchmarks as text. */

import type { MicroResults, MicroRow } from "../results.ts";
import { formatCount } from "./format.ts";
import { spreadOf } from "./statistics.ts";

/** Octets per operation that a row may show and still count as none: what the clock and the loop around it take. */
const NOTHING_OCTETS = 0.5;

/** One line per operation. */
export function microTable({ node, rows }: MicroResults): string {
  const head = `${`Engine, one operation at a time, Node ${node}`.padEnd(48)}${"ns".padStart(9)}${"min".padStart(9)}` +
    `${"max".padStart(9)}${"octets".padStart(9)}`;
  return [head, ...rows.map(microLine)].join("\n");
}

function microLine(row: MicroRow): string {
  const { median = 0, min = 0, max = 0 } = spreadOf(row.nanoseconds) ?? {};
  const figures = [median, min, max].map((value) => formatNanoseconds(value).padStart(9)).join("");
  const mark = allocatesUnasked(row) ? "  should be 0" : "";
  return `  ${`${row.group}: ${row.what}`.padEnd(46)}${figures}${formatOctets(row.allocatedOctets).padStart(9)}${mark}`;
}

/** It should allocate nothing and does. */
export function allocatesUnasked({ allocationFree, allocatedOctets }: MicroRow): boolean {
  return allocationFree && allocatedOctets >= NOTHING_OCTETS;
}

/** "87", "1,240". */
export function formatNanoseconds(value: number): string {
  return value < 9.95 ? value.toFixed(1) : formatCount(value);
}

/** "0", "12". */
export function formatOctets(value: number): string {
  return value < NOTHING_OCTETS ? "0" : formatCount(value);
}
