/**
 * Where all temporary files of a run are: a folder of its own, which a run that was killed leaves to the next one.
 * Rule: a run that leaves a folder of ours in it has failed.
 */

import { chmodSync, mkdirSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

const PREFIX = "reflectd-run-";

/** Vitest calls it before all tests, and what it answers after them. */
export default function setup(): (() => void) | undefined {
  const above = tmpdir();
  removeThoseOfDeadRuns(above);
  if (process.env["REFLECTD_LAB_KEEP"] === "1") return undefined; // something is to be left, where the lab says
  const folder = join(above, `${PREFIX}${process.pid}`);
  mkdirSync(folder);
  chmodSync(folder, 0o755); // daemons of the lab drop root
  process.env["TMPDIR"] = folder;
  return () => {
    process.env["TMPDIR"] = above;
    const left = readdirSync(folder).filter((name) => name.startsWith("reflectd-"));
    rmSync(folder, { recursive: true, force: true });
    if (left.length === 0) return;
    // What is thrown here is printed, and not counted.
    process.exitCode = 1;
    throw new Error(`tests left ${left.length} folders behind: ${left.slice(0, 10).join(" ")}`);
  };
}

function removeThoseOfDeadRuns(above: string): void {
  for (const name of readdirSync(above)) {
    const pid = name.startsWith(PREFIX) ? Number(name.slice(PREFIX.length)) : Number.NaN;
    if (Number.isInteger(pid) && !isAlive(pid)) rmSync(join(above, name), { recursive: true, force: true });
  }
}

function isAlive(pid: number): boolean {
  try {
    return process.kill(pid, 0);
  } catch (error) {
    // ESRCH is the answer that is looked for; somebody else's process may not be asked, but is one.
    return (error as NodeJS.ErrnoException).code !== "ESRCH";
  }
}
