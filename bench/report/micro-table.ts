/** Micro-benchmarks as text. */

import type { MicroResults, MicroRow } from "../results.ts";
import { formatCount } from "./format.ts";
import { spreadOf } from "./statistics.ts";

const WHAT_COLUMNS = 50;
const COLUMN = 8;

/** One line per operation. */
export function microTable({ node, rows }: MicroResults): string {
  const titles = ["ns", "min", "max", "heap", "buffers"].map((title) => title.padStart(COLUMN)).join("");
  return [
    `Engine: nanoseconds and octets allocated per operation, Node ${node}`,
    " ".repeat(WHAT_COLUMNS) + titles,
    ...rows.map(microLine),
  ].join("\n");
}

function microLine(row: MicroRow): string {
  const { median = 0, min = 0, max = 0 } = spreadOf(row.nanoseconds) ?? {};
  const texts = [...[median, min, max].map(formatNanoseconds), ...[row.heapOctets, row.bufferOctets].map(formatOctets)];
  const columns = texts.map((text) => text.padStart(COLUMN)).join("");
  return `  ${row.group}: ${row.what}`.padEnd(WHAT_COLUMNS) + columns + (allocatesUnasked(row) ? " not 0" : "");
}

/** It should allocate nothing on the heap and does. */
export function allocatesUnasked({ allocationFree, heapOctets }: MicroRow): boolean {
  return allocationFree && heapOctets > 0;
}

/** "8.7", "1,240", "4.36e6": a column holds it. */
export function formatNanoseconds(value: number): string {
  if (value >= 1e6) return `${(value / 1e6).toFixed(2)}e6`;
  return value < 9.95 ? value.toFixed(1) : formatCount(value);
}

/** "0", "3.2", "120"; "?" where a collection fell into every round. */
export function formatOctets(value: number | null): string {
  if (value === null || !Number.isFinite(value)) return "?";
  return value === 0 || Math.abs(value) >= 9.95 ? formatCount(value) : value.toFixed(1);
}
