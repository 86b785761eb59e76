/** A kernel process, started by a daemon with what it is for. Nobody starts it by hand. */

import { writeSync } from "node:fs";
import { runKernelProgram } from "../kernel/child/program.ts";

/** Where the daemon reads what we say: a pipe of its own, as others write to the standard output by mistake. */
const ANSWERS_FD = 3;

/**
 * Runs until the daemon is gone. Signals that are meant for a whole group of processes (a terminal's, a service
 * manager's) are the daemon's to obey: it may have routes to remove first.
 */
export function kernelChild(role: string | undefined): void {
  for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const) process.on(signal, () => undefined);
  runKernelProgram(role === "follow" ? "follow" : "write", {
    listen(data, end) {
      process.stdin.on("data", data);
      process.stdin.on("end", end);
      process.stdin.on("error", end);
    },
    write(octets) {
      for (let at = 0; at < octets.length;) at += writeSync(ANSWERS_FD, octets, at);
    },
    exit: (code) => process.exit(code),
  });
}
