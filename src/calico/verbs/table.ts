/** Tables as `calicoctl get` prints them, to the octet: Go's tabwriter, each cell ended by a tab. */

import { printableText } from "../../base/printable.ts";

const GAP_COLUMNS = 3;
const WIDTH_LEAST_COLUMNS = 5;

/** Headings, rows and an empty line. Every column, the last one too, is three blanks wider than its widest cell. */
export function psTable(headings: readonly string[], rows: readonly (readonly string[])[]): string {
  const lines = [headings, ...rows].map((cells) => cells.map(printableText));
  const widths = headings.map((_, i) => lines.reduce(
    (widest, cells) => Math.max(widest, lengthOf(cells[i] ?? "") + GAP_COLUMNS), WIDTH_LEAST_COLUMNS));
  const text = lines.map((cells) =>
    cells.map((cell, i) => cell + " ".repeat(Math.max(0, (widths[i] ?? 0) - lengthOf(cell)))).join(""));
  return `${text.join("\n")}\n\n`;
}

/** In characters, as tabwriter counts. */
function lengthOf(cell: string): number {
  return Array.from(cell).length;
}
