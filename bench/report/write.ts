/** Writes a run to files: results.json, which another report can be made from, and report.html. */

import { mkdirSync, mkdtempSync, rmdirSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import type { BenchResults } from "../results.ts";
import { htmlReport } from "./html.ts";

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

/** Writes both files into `folder`, made where it is missing; answers where the page is. Throws as the system does. */
export function writeReport(results: BenchResults, folder: string): string {
  makeFolder(folder);
  const html = join(folder, "report.html");
  writeFileSync(join(folder, "results.json"), `${JSON.stringify(results, undefined, 1)}\n`);
  writeFileSync(html, htmlReport(results));
  return html;
}
