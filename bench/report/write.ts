/** Writes a run to files: results.json, which another report can be made from, and report.html. */

import { mkdirSync, mkdtempSync, rmdirSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import type { BenchResults } from "../results.ts";
import { htmlReport } from "./html.ts";

/** Where a report was written. */
export interface WrittenReport {
  readonly json: string;
  readonly html: string;
}

/** Why no report can be written there, else undefined: better known before an hour of runs than after it. */
export function folderFault(folder: string): string | undefined {
  try {
    makeFolder(folder);
    rmdirSync(mkdtempSync(join(folder, ".writable-"))); // permissions say nothing of /proc
    return undefined;
  } catch (error) {
    return `no report can be written: ${(error as Error).message}`;
  }
}

/** A folder and those above it. Node's own way (`recursive`) never returns under /proc. */
function makeFolder(folder: string): void {
  try {
    mkdirSync(folder);
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === "EEXIST") return; // as a file it is found out when something is written into it
    if (code !== "ENOENT" || dirname(folder) === folder) throw error;
    makeFolder(dirname(folder));
    mkdirSync(folder);
  }
}

/** Writes both files into `folder`, which is made where it is missing. Throws where the system refuses. */
export function writeReport(results: BenchResults, folder: string): WrittenReport {
  makeFolder(folder);
  const json = join(folder, "results.json");
  const html = join(folder, "report.html");
  writeFileSync(json, `${JSON.stringify(results, undefined, 1)}\n`);
  writeFileSync(html, htmlReport(results));
  return { json, html };
}
