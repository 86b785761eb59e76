/** Processes of the kernel benchmark. Rule: whatever is started here is ended here, by its own pid. */

import { spawn } from "node:child_process";
import type { ChildProcess } from "node:child_process";
import { closeSync, openSync, readFileSync } from "node:fs";
import { join } from "node:path";

const STOP_MS = 5000;
let started = 0;
const alive = new Set<KernelProcess>();
process.on("exit", () => { for (const one of alive) one.signal("SIGKILL"); });

/** A process with everything it forks; its output is in a file of the folder. */
export class KernelProcess {
  readonly ended: Promise<void>;
  readonly #child: ChildProcess;
  readonly #logFile: string;
  #isRunning = true;

  /** `pipes`: the caller talks to it on its standard streams, or (`output`) throws away what it prints. */
  constructor(words: readonly string[], folder: string, pipes: "none" | "both" | "output" = "none") {
    started += 1;
    this.#logFile = join(folder, `${started}.log`);
    const log = openSync(this.#logFile, "a");
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
  get exitCode(): number | null { return this.#child.exitCode; }
  get child(): ChildProcess { return this.#child; }

  /** It and its descendants; none once it has ended. */
  pids(): readonly number[] {
    const { pid } = this.#child;
    return pid === undefined || !this.#isRunning ? [] : [pid, ...descendantsOf(pid)];
  }

  signal(name: NodeJS.Signals): void {
    for (const pid of this.pids()) {
      try {
        process.kill(pid, name);
      } catch (error) { // it ended meanwhile
        if ((error as NodeJS.ErrnoException).code !== "ESRCH") throw error;
      }
    }
  }

  async stop(first: NodeJS.Signals = "SIGTERM"): Promise<void> {
    if (!this.#isRunning) return;
    this.#child.kill(first);
    const timer = setTimeout(() => this.signal("SIGKILL"), STOP_MS);
    await this.ended;
    clearTimeout(timer);
  }

  lastWords(): string {
    return readFileSync(this.#logFile, "utf8").trimEnd().split("\n").slice(-5).join("\n");
  }
}

function descendantsOf(pid: number): readonly number[] {
  let text: string;
  try {
    text = readFileSync(`/proc/${pid}/task/${pid}/children`, "utf8");
  } catch {
    return []; // it has ended
  }
  const children = text.split(" ").filter((word) => word !== "").map(Number);
  return children.flatMap((child) => [child, ...descendantsOf(child)]);
}
