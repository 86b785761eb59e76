/** Writes a run to files: results.json, which another report can be made from, and report.html. */

import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { BenchResults } from "../results.ts";
import { htmlReport } from "./html.ts";

/** Where a report was written. */
export interface WrittenReport {
  readonly json: string;
  readonly html: string;
}

/** Writes both files into `folder`, which is made where it is missing. Throws where the system refuses. */
export function writeReport(results: BenchResults, folder: string): WrittenReport {
  mkdirSync(folder, { recursive: true });
  const json = join(folder, "results.json");
  const html = join(folder, "report.html");
  writeFileSync(json, `${JSON.stringify(results, undefined, 1)}\n`);
  writeFileSync(html, htmlReport(results));
  return { json, html };
}
