/**
 * A process that only asks. The generator is busy reading what thousands are told: what it started would be waited for,
 * and its output read, tens of milliseconds late, which is not the daemon's time.
 */

import { fork } from "node:child_process";
import type { ChildProcess } from "node:child_process";
import { fileURLToPath } from "node:url";

const PROCESS = fileURLToPath(new URL("./bystander-process.js", import.meta.url));

/** What it answers: how long a command took, or why it failed. */
export type Asked = { readonly milliseconds: number } | { readonly failed: string };

/** The process, up and idle. */
export class Bystander {
  readonly #child: ChildProcess;

  private constructor(child: ChildProcess) {
    this.#child = child;
  }

  /** Resolves when it is ready. */
  static async start(): Promise<Bystander> {
    const child = fork(PROCESS, [], { stdio: "ignore" });
    await new Promise<void>((resolve, reject) => {
      child.once("message", () => resolve());
      child.once("error", reject);
      child.once("exit", (code, signal) => reject(new Error(`the bystander ended with ${signal ?? code}`)));
    });
    return new Bystander(child);
  }

  /** Runs a client command of a daemon to its end; milliseconds from its start to its end. Throws when it fails. */
  async milliseconds(words: readonly string[]): Promise<number> {
    const asked = await new Promise<Asked>((resolve) => {
      this.#child.once("message", resolve);
      this.#child.once("exit", () => resolve({ failed: "the bystander ended" }));
      this.#child.send(words);
    });
    if ("failed" in asked) throw new Error(asked.failed);
    return asked.milliseconds;
  }

  /** Ends the process. */
  stop(): void {
    this.#child.kill();
  }
}
