/** A daemon under load: when it listens, what it uses, and how its client programs are asked. */

import { execFile } from "node:child_process";
import { connect } from "node:net";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { promisify } from "node:util";
import { daemonAddress } from "../place.ts";
import { fileOf, StartedProcess } from "../started-process.ts";
import type { DaemonSetup } from "./daemon.ts";

const POLL_MILLISECONDS = 2;
const START_SECONDS = 60;
/** Linux counts CPU time in these (sysconf(_SC_CLK_TCK)). */
const TICKS_PER_SECOND = 100;

/** One daemon with everything it forks. */
export class DaemonProcess extends StartedProcess {
  /** From process start to the first accepted connection; NaN before. */
  startMilliseconds: number = NaN;

  /** Starts a command that stays in the foreground; resolves when it listens. Throws with its last words. */
  static async start(words: readonly string[], setup: DaemonSetup): Promise<DaemonProcess> {
    const from = performance.now();
    const daemon = new DaemonProcess(words, join(setup.folder, "daemon.log"));
    const host = daemonAddress(setup.place, setup.family);
    // Not a client's address: the daemon must not take the look for a session.
    const localAddress = host.includes(":") ? "::1" : "127.0.0.1";
    while (!await accepts({ host, port: setup.place.port, localAddress })) {
      if (!daemon.isRunning) throw new Error(`${words[0]} ended: ${daemon.lastWords()}`);
      if (performance.now() - from > START_SECONDS * 1000) {
        await daemon.stop();
        throw new Error(`${words[0]} does not listen after ${START_SECONDS} s: ${daemon.lastWords()}`);
      }
      await sleep(POLL_MILLISECONDS);
    }
    daemon.startMilliseconds = performance.now() - from;
    return daemon;
  }

  /** Resident memory of all its processes in MiB: now, and the sum of each one's highest. */
  memory(): { readonly residentMiB: number; readonly highestMiB: number } {
    const statuses = this.pids().map((pid) => fileOf(pid, "status"));
    const sum = (name: string): number => statuses.reduce((total, status) => total + kibOf(status, name), 0) / 1024;
    return { residentMiB: sum("VmRSS"), highestMiB: sum("VmHWM") };
  }

  /** User and system time of all its processes so far. */
  cpuSeconds(): number {
    return this.pids().reduce((total, pid) => total + ticksOf(fileOf(pid, "stat")), 0) / TICKS_PER_SECOND;
  }
}

function kibOf(status: string, name: string): number {
  return Number(new RegExp(`^${name}:\\s+(\\d+)`, "m").exec(status)?.[1] ?? 0);
}

/** Fields 14 and 15 of /proc/PID/stat; the second field, the name, may have spaces and parentheses. */
export function ticksOf(stat: string): number {
  const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
  return Number(fields[11] ?? 0) + Number(fields[12] ?? 0);
}

function accepts(where: { readonly host: string; readonly port: number; readonly localAddress: string }):
  Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(where, () => { socket.destroy(); resolve(true); });
    socket.once("error", () => { socket.destroy(); resolve(false); });
  });
}

const ASK_SECONDS = 60;
const execute = promisify(execFile);

/** Runs a client command of a daemon to its end; answers its output and milliseconds. Throws when it fails. */
export async function ask(words: readonly string[]): Promise<{ readonly text: string; readonly milliseconds: number }> {
  const from = performance.now();
  const { stdout } = await execute(words[0] ?? "", words.slice(1), { timeout: ASK_SECONDS * 1000,
    maxBuffer: 256 << 20 });
  return { text: stdout, milliseconds: performance.now() - from };
}
