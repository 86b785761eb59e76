/**
 * The processes of a daemon under load. Rule: whatever is started here is ended here by its own pid, at the latest
 * when the cell's process exits; what it said is in a file of the cell's folder and in every error.
 */

import { execFile, spawn } from "node:child_process";
import type { ChildProcess } from "node:child_process";
import { closeSync, openSync, readFileSync } from "node:fs";
import { connect } from "node:net";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { promisify } from "node:util";
import { daemonAddress } from "../place.ts";
import type { DaemonSetup } from "./daemon.ts";

const POLL_MILLISECONDS = 2;
const START_SECONDS = 60;
const STOP_SECONDS = 5;
const LAST_WORDS_LINES = 8;
/** Linux counts CPU time in these (sysconf(_SC_CLK_TCK)). */
const TICKS_PER_SECOND = 100;

const alive = new Set<DaemonProcess>();
process.on("exit", () => { for (const one of alive) one.signal("SIGKILL"); });

/** One daemon with everything it forks. */
export class DaemonProcess {
  /** Resolves when it is gone, wanted or not. */
  readonly ended: Promise<void>;
  /** From process start to the first accepted connection; NaN before. */
  startMilliseconds: number = NaN;
  readonly #child: ChildProcess;
  readonly #logFile: string;
  #running = true;

  private constructor(words: readonly string[], logFile: string) {
    this.#logFile = logFile;
    const log = openSync(logFile, "a");
    this.#child = spawn(words[0] ?? "", words.slice(1), { stdio: ["ignore", log, log] });
    closeSync(log);
    this.ended = new Promise((resolve) => {
      const gone = (): void => { this.#running = false; alive.delete(this); resolve(); };
      this.#child.once("exit", gone);
      this.#child.once("error", gone);
    });
    alive.add(this);
  }

  /** Starts a command that stays in the foreground; resolves when it listens. Throws with its last words. */
  static async start(words: readonly string[], setup: DaemonSetup): Promise<DaemonProcess> {
    const from = performance.now();
    const daemon = new DaemonProcess(words, join(setup.folder, "daemon.log"));
    const host = daemonAddress(setup.place, setup.family);
    // Not a client's address: the daemon must not take the look for a session.
    const localAddress = host.includes(":") ? "::1" : "127.0.0.1";
    while (!await accepts({ host, port: setup.place.port, localAddress })) {
      if (!daemon.#running) throw new Error(`${words[0]} ended: ${daemon.lastWords()}`);
      if (performance.now() - from > START_SECONDS * 1000) {
        await daemon.stop();
        throw new Error(`${words[0]} does not listen after ${START_SECONDS} s: ${daemon.lastWords()}`);
      }
      await sleep(POLL_MILLISECONDS);
    }
    daemon.startMilliseconds = performance.now() - from;
    return daemon;
  }

  /** The last lines it wrote. */
  lastWords(): string {
    return readFileSync(this.#logFile, "utf8").trimEnd().split("\n").slice(-LAST_WORDS_LINES).join("\n");
  }

  /** Resident memory of all its processes in MiB: now, and the sum of each one's highest. */
  memory(): { readonly residentMiB: number; readonly highestMiB: number } {
    const statuses = this.#pids().map((pid) => fileOf(pid, "status"));
    const sum = (name: string): number => statuses.reduce((total, status) => total + kibOf(status, name), 0) / 1024;
    return { residentMiB: sum("VmRSS"), highestMiB: sum("VmHWM") };
  }

  /** User and system time of all its processes so far. */
  cpuSeconds(): number {
    return this.#pids().reduce((total, pid) => total + ticksOf(fileOf(pid, "stat")), 0) / TICKS_PER_SECOND;
  }

  signal(name: NodeJS.Signals): void { for (const pid of this.#pids()) signalTo(pid, name); }

  /** SIGTERM, then SIGKILL if that was not enough. */
  async stop(): Promise<void> {
    if (!this.#running) return;
    const pids = this.#pids();
    this.#child.kill("SIGTERM");
    const killer = setTimeout(() => { for (const pid of pids) signalTo(pid, "SIGKILL"); }, STOP_SECONDS * 1000);
    await this.ended;
    clearTimeout(killer);
    // The first process has ended; what it forked and outlived it ends with it.
    for (const pid of pids) signalTo(pid, "SIGKILL");
  }

  /** The process and all its descendants; none once it has ended. */
  #pids(): number[] {
    const pid = this.#child.pid;
    return !this.#running || pid === undefined ? [] : [pid, ...descendantsOf(pid)];
  }
}

function descendantsOf(pid: number): number[] {
  const children = fileOf(pid, `task/${pid}/children`).split(" ").filter((word) => word !== "").map(Number);
  return children.flatMap((child) => [child, ...descendantsOf(child)]);
}

/** A file of /proc, "" when the process has just ended. */
function fileOf(pid: number, name: string): string {
  try {
    return readFileSync(`/proc/${pid}/${name}`, "utf8");
  } catch (error) {
    if (["ENOENT", "ESRCH"].includes((error as NodeJS.ErrnoException).code ?? "")) return "";
    throw error;
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

function signalTo(pid: number, name: NodeJS.Signals): void {
  try {
    process.kill(pid, name);
  } catch (error) {
    // It has ended already.
    if ((error as NodeJS.ErrnoException).code !== "ESRCH") throw error;
  }
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
