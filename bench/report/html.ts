/** The results as one page. */

import type { BenchResults } from "../results.ts";
import { printTable } from "./table.ts";

/** The whole page. */
export function htmlReport(results: BenchResults): string {
  const text = printTable(results).replace(/&/g, "&amp;").replace(/</g, "&lt;");
  return `<!doctype html><meta charset="utf-8"><pre>${text}</pre>`;
}
