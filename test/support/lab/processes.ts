/**
 * Processes of the lab. Rule: whatever is started here is ended here, by its own process group, even when the test run
 * dies half-way (exit hook); nothing is ever ended by name.
 */

import { execFile, spawn } from "node:child_process";
import type { ChildProcess } from "node:child_process";
import { accessSync, closeSync, constants, existsSync, openSync, readFileSync } from "node:fs";

/** What a finished command said. */
export interface Ran {
  readonly status: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** Commands that answer take milliseconds; one that hangs is a fault of the test, not a wait. */
const COMMAND_TIMEOUT_MS = 15_000;

/** Whether a program is there for us to run. */
export function isExecutable(file: string): boolean {
  try {
    accessSync(file, constants.X_OK);
    return true;
  } catch {
    return false; // whatever the reason, it cannot be run
  }
}

/** The processes that a process started and that have not ended; throws where it has itself. */
export function childProcessesOf(pid: number): number[] {
  return readFileSync(`/proc/${pid}/task/${pid}/children`, "utf8").split(" ").filter((word) => word.trim() !== "")
    .map(Number);
}

/** Runs a command to its end and never throws: the caller judges the status. */
export function run(words: readonly string[], input?: string): Promise<Ran> {
  return new Promise((resolve) => {
    const child = execFile(words[0] ?? "", words.slice(1), { timeout: COMMAND_TIMEOUT_MS, maxBuffer: 64 << 20 },
      (error, stdout, stderr) => {
        const status = error === null ? 0 : typeof error.code === "number" ? error.code : 1;
        resolve({ status, stdout, stderr: stderr === "" && error !== null ? error.message : stderr });
      });
    // A command that does not read its input may be gone before it is written; its status says how it went.
    child.stdin?.on("error", () => {});
    child.stdin?.end(input ?? "");
  });
}

/** Like `run`, for commands that must succeed; answers their standard output. */
export async function must(words: readonly string[], input?: string): Promise<string> {
  const ran = await run(words, input);
  if (ran.status !== 0) throw new Error(`${words.join(" ")} ended with ${ran.status}: ${ran.stderr || ran.stdout}`);
  return ran.stdout;
}

const alive = new Set<Background>();
process.on("exit", () => { for (const one of alive) one.signal("SIGKILL"); });

/** A process in the background with its own group, its output in a file. */
export class Background {
  readonly logFile: string;
  readonly ended: Promise<void>;
  readonly #child: ChildProcess;
  #running = true;

  constructor(words: readonly string[], logFile: string, environment: Readonly<Record<string, string>> = {}) {
    this.logFile = logFile;
    const log = openSync(logFile, "a");
    this.#child = spawn(words[0] ?? "", words.slice(1),
      { detached: true, stdio: ["ignore", log, log], env: { ...process.env, ...environment } });
    closeSync(log);
    this.ended = new Promise((resolve) => {
      const gone = (): void => { this.#running = false; alive.delete(this); resolve(); };
      this.#child.once("exit", gone);
      this.#child.once("error", gone);
    });
    alive.add(this);
  }

  get running(): boolean { return this.#running; }
  get pid(): number { return this.#child.pid ?? 0; }
  /** The exit status, or null while it runs or after a signal. */
  get exitCode(): number | null { return this.#child.exitCode; }

  /** Signals the whole group: some daemons are several processes. A group that is gone is fine. */
  signal(name: NodeJS.Signals): void {
    if (this.pid === 0) return;
    try {
      process.kill(-this.pid, name);
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== "ESRCH") throw error;
    }
  }

  /** SIGTERM (a stopped process continues first), then SIGKILL if that was not enough. */
  async stop(patienceMs: number = 3000): Promise<void> {
    if (!this.#running) return;
    this.signal("SIGTERM");
    this.signal("SIGCONT");
    const timer = setTimeout(() => this.signal("SIGKILL"), patienceMs);
    await this.ended;
    clearTimeout(timer);
    // The leader has ended; children that outlived it go with the group.
    this.signal("SIGKILL");
  }

  async kill9(): Promise<void> {
    this.signal("SIGKILL");
    await this.ended;
  }

  /** The last lines it wrote. */
  tail(lines: number = 15): string {
    if (!existsSync(this.logFile)) return "";
    return readFileSync(this.logFile, "utf8").trimEnd().split("\n").slice(-lines).join("\n");
  }
}
