/** Two ways to lay out a table: the ASCII grid of calicoctl, and plain columns as kubectl prints them. */

/** Plain columns stand three spaces apart, as calicoctl get prints them. */
const GAP = "   ";

/** Cells left-aligned under upper-case centred headings, long cells wrapped at `wrapColumns`, a border around. */
export function grid(headings: readonly string[], rows: readonly (readonly string[])[], wrapColumns: number): string {
  const wrapped = rows.map((row) => row.map((cell) => wrap(cell, wrapColumns)));
  const widths = headings.map((heading, i) =>
    Math.max(heading.length, ...wrapped.flatMap((row) => (row[i] ?? []).map((line) => line.length))));
  const rule = `+${widths.map((width) => "-".repeat(width + 2)).join("+")}+\n`;
  const head = gridLine(headings.map((heading, i) => centred(heading, widths[i] ?? 0)));
  const body = wrapped.map((row) => {
    const height = Math.max(...row.map((lines) => lines.length));
    return Array.from({ length: height }, (_, k) =>
      gridLine(row.map((lines, i) => (lines[k] ?? "").padEnd(widths[i] ?? 0)))).join("");
  });
  return rule + head + rule + body.join("") + rule;
}

/** Headings and rows in columns as wide as their widest cell. */
export function columns(headings: readonly string[], rows: readonly (readonly string[])[]): string {
  const widths = headings.map((heading, i) =>
    rows.reduce((widest, row) => Math.max(widest, row[i]?.length ?? 0), heading.length));
  return fixedColumns(headings, widths) + rows.map((row) => fixedColumns(row, widths)).join("");
}

/** One line of cells in columns of a given width; a longer cell pushes the rest of its own line. */
export function fixedColumns(cells: readonly string[], widths: readonly number[]): string {
  return `${cells.map((cell, i) => cell.padEnd(widths[i] ?? 0)).join(GAP).trimEnd()}\n`;
}

function gridLine(cells: readonly string[]): string {
  return `| ${cells.join(" | ")} |\n`;
}

/** The odd space goes to the right, as calicoctl does it. */
function centred(text: string, width: number): string {
  const left = Math.floor((width - text.length) / 2);
  return (" ".repeat(left) + text).padEnd(width);
}

/** Lines of at most `most` columns, cut at spaces; a longer word keeps a line of its own. */
function wrap(text: string, most: number): string[] {
  const lines: string[] = [];
  for (const word of text.split(" ")) {
    const last = lines.at(-1);
    if (last !== undefined && last.length + 1 + word.length <= most) lines[lines.length - 1] = `${last} ${word}`;
    else lines.push(word);
  }
  return lines;
}
