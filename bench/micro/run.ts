/** Starts the process that measures the engine, with a heap in which hardly anything is collected meanwhile. */

import { execFile } from "node:child_process";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import type { MicroResults, MicroRow } from "../results.ts";

const MAIN = fileURLToPath(new URL("main.js", import.meta.url));
/** A semi-space that holds all that a round allocates; the collector on demand. */
const OPTIONS = ["--expose-gc", "--min-semi-space-size=128", "--max-semi-space-size=128"];

/** Measures all groups; takes half a minute. Rejects where the process fails. */
export async function runMicro(): Promise<MicroResults> {
  const { stdout } = await promisify(execFile)(process.execPath, [...OPTIONS, MAIN]);
  return { node: process.version, rows: JSON.parse(stdout) as MicroRow[] };
}
