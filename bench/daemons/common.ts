/** What all daemons are told alike, and what every kind of daemon needs. */

import { accessSync, constants } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { AS_NUMBER, MARKED_COMMUNITY } from "../generator/wire.ts";
import type { DaemonSetup, RunningDaemon } from "./daemon.ts";
import { DaemonProcess } from "./process.ts";

const HERE = fileURLToPath(new URL(".", import.meta.url));
/** The repository, seen from bench/out/bench/daemons (compiled) or from bench/daemons (in tests). */
export const REPOSITORY: string = join(HERE, HERE.includes("/bench/out/") ? "../../../.." : "../..");
/** Where the bench is compiled to. */
export const BENCH_OUT: string = join(REPOSITORY, "bench/out");

export { AS_NUMBER };
/** What every daemon offers. */
export const HOLD_TIME_SECONDS = 240;
/** BGP Identifier and cluster id of every daemon. */
export const ROUTER_ID = "192.0.2.1";
/** The same as a number. */
export const ROUTER_NUMBER = 0xc000_0201;
/** A policy that rejects leaves out routes with this community. */
export const REJECTED_COMMUNITY: readonly [number, number] = [MARKED_COMMUNITY >>> 16, MARKED_COMMUNITY & 0xffff];

/** `missing` of daemons that come as programs and need port 179 and many local addresses. */
export function programsMissing(...programs: string[]): string | undefined {
  const absent = programs.find((program) => !isExecutable(program));
  if (absent !== undefined) return `not installed: ${absent}`;
  return process.getuid?.() === 0 ? undefined : "needs root";
}

function isExecutable(file: string): boolean {
  try {
    accessSync(file, constants.X_OK);
    return true;
  } catch {
    // Whatever the reason, it cannot be run.
    return false;
  }
}

/** `dialsAtOnce` of daemons whose backlog is the system's largest (net.core.somaxconn, 4,096). */
export const MANY_DIALS = 200;

/**
 * Starts a command and puts what every daemon has beside what this one adds. The configuration shown begins with the
 * command; the cell's folder, another one each time, is named $CELL.
 */
export async function running(words: readonly string[], setup: DaemonSetup,
  more: Pick<RunningDaemon, "version" | "configuration" | "reloadPolicy" | "peerList" | "longestPauseMilliseconds">):
  Promise<RunningDaemon> {
  const daemon = await DaemonProcess.start(words, setup);
  return {
    ...more,
    configuration: `# ${words.join(" ")}\n${more.configuration}`.replaceAll(setup.folder, "$$CELL"),
    startMilliseconds: daemon.startMilliseconds,
    ended: daemon.ended,
    lastWords: () => daemon.lastWords(),
    memory: () => daemon.memory(),
    cpuSeconds: () => daemon.cpuSeconds(),
    stop: () => daemon.stop(),
  };
}
