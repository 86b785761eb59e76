/**
 * A program that the benchmark starts. Rule: whatever is started here is ended here by its own pid, at the latest when
 * this process exits; what it said is in a file and in every error.
 */

import { spawn } from "node:child_process";
import type { ChildProcess } from "node:child_process";
import { closeSync, openSync, readFileSync } from "node:fs";

const STOP_SECONDS = 5;
const LAST_WORDS_LINES = 8;

const alive = new Set<StartedProcess>();
process.on("exit", () => { for (const one of alive) one.signal("SIGKILL"); });

/** One program with everything it forks. */
export class StartedProcess {
  /** Resolves when it is gone, wanted or not. */
  readonly ended: Promise<void>;
  readonly #child: ChildProcess;
  readonly #logFile: string;
  #isRunning = true;

  /** `pipes`: the caller talks to it on its standard streams, or (`output`) throws away what it prints. */
  constructor(words: readonly string[], logFile: string, pipes: "none" | "both" | "output" = "none") {
    this.#logFile = logFile;
    const log = openSync(logFile, "a");
    const output = pipes === "both" ? "pipe" : pipes === "output" ? "ignore" : log;
    this.#child = spawn(words[0] ?? "", words.slice(1), { stdio: [pipes === "both" ? "pipe" : "ignore", output, log] });
    closeSync(log);
    alive.add(this);
    this.ended = new Promise((resolve) => {
      const gone = (): void => {
        this.#isRunning = false;
        alive.delete(this);
        resolve();
      };
      this.#child.once("exit", gone);
      this.#child.once("error", gone);
    });
  }

  get isRunning(): boolean { return this.#isRunning; }
  get child(): ChildProcess { return this.#child; }

  /** The last lines it wrote. */
  lastWords(): string {
    return readFileSync(this.#logFile, "utf8").trimEnd().split("\n").slice(-LAST_WORDS_LINES).join("\n");
  }

  /** It and all its descendants; none once it has ended. */
  pids(): readonly number[] {
    const { pid } = this.#child;
    return !this.#isRunning || pid === undefined ? [] : [pid, ...descendantsOf(pid)];
  }

  /** Sends a signal to all of them. */
  signal(name: NodeJS.Signals): void { for (const pid of this.pids()) signalTo(pid, name); }

  /** Asks it to end, then SIGKILL if that was not enough. */
  async stop(first: NodeJS.Signals = "SIGTERM"): Promise<void> {
    if (!this.#isRunning) return;
    const pids = this.pids();
    this.#child.kill(first);
    const killer = setTimeout(() => { for (const pid of pids) signalTo(pid, "SIGKILL"); }, STOP_SECONDS * 1000);
    await this.ended;
    clearTimeout(killer);
    // The first process has ended; what it forked and outlived it ends with it.
    for (const pid of pids) signalTo(pid, "SIGKILL");
  }
}

function descendantsOf(pid: number): readonly number[] {
  const children = fileOf(pid, `task/${pid}/children`).split(" ").filter((word) => word !== "").map(Number);
  return children.flatMap((child) => [child, ...descendantsOf(child)]);
}

/** A file of /proc, "" when the process has just ended. */
export function fileOf(pid: number, name: string): string {
  try {
    return readFileSync(`/proc/${pid}/${name}`, "utf8");
  } catch (error) {
    if (["ENOENT", "ESRCH"].includes((error as NodeJS.ErrnoException).code ?? "")) return "";
    throw error;
  }
}

function signalTo(pid: number, name: NodeJS.Signals): void {
  try {
    process.kill(pid, name);
  } catch (error) {
    // It has ended already.
    if ((error as NodeJS.ErrnoException).code !== "ESRCH") throw error;
  }
}
