/**
 * The file that restarts are remembered in. Rule: who reads it sees an old text or a new one, never a part; what cannot
 * be read or written costs a line in the log and the memory, never the daemon.
 */

import { promises } from "node:fs";
import { dirname, join } from "node:path";
import { whyUnreadable } from "../base/unreadable.ts";
import type { CliIo } from "../control/cli-io.ts";
import type { Log } from "../daemon/log.ts";
import type { StateFile } from "../daemon/restarts.ts";

/** Only for us: it says who our neighbours are. */
const FILE_MODE = 0o600;
const FILE_NAME = "reflectd-restart.json";

/** Where it is, by configuration, by systemd (systemd.exec), or beside the control socket. */
export function stateFilePath(directory: string | undefined, { env }: Pick<CliIo, "env">, socketPath: string): string {
  const ofService = env["STATE_DIRECTORY"]?.split(":")[0] ?? "";
  return join(directory ?? (ofService === "" ? dirname(socketPath) : ofService), FILE_NAME);
}

/** Reads what is there and keeps it up to date. */
export async function openStateFile(path: string, log: Log): Promise<StateFile> {
  try {
    return new SystemStateFile(path, await promises.readFile(path, "utf8"), log);
  } catch (error) {
    const refusal = error as NodeJS.ErrnoException;
    const why = `cannot be read: ${whyUnreadable(refusal)}`;
    if (refusal.code !== "ENOENT") log.write("warn", "restart-state", { path, why });
    return new SystemStateFile(path, undefined, log);
  }
}

class SystemStateFile implements StateFile {
  readonly found: string | undefined;
  readonly #path: string;
  readonly #log: Log;
  /** What is to stand there; null: nothing. Undefined: what stands there is right. */
  #wanted: string | null | undefined = undefined;
  #work: Promise<void> = Promise.resolve();
  #isTroubled = false;

  constructor(path: string, found: string | undefined, log: Log) {
    this.#path = path;
    this.found = found;
    this.#log = log;
  }

  write(text: string): void {
    this.#want(text);
  }

  remove(): void {
    this.#want(null);
  }

  settled(): Promise<void> {
    return this.#work;
  }

  /** One after the other; of what was wanted meanwhile only the last. */
  #want(text: string | null): void {
    this.#wanted = text;
    this.#work = this.#work.then(() => this.#settle());
  }

  async #settle(): Promise<void> {
    const wanted = this.#wanted;
    this.#wanted = undefined;
    if (wanted === undefined) return;
    try {
      if (wanted === null) await promises.rm(this.#path, { force: true });
      else await replace(this.#path, wanted);
      this.#isTroubled = false;
    } catch (error) {
      if (!this.#isTroubled) this.#log.write("warn", "restart-state", { path: this.#path, why: String(error) });
      this.#isTroubled = true; // a full disk is said once, not with every session
    }
  }
}

/** A crash in the middle leaves the old text, and at most a file beside it that the next one replaces. */
async function replace(path: string, text: string): Promise<void> {
  const next = `${path}.new`;
  const file = await promises.open(next, "w", FILE_MODE);
  try {
    await file.writeFile(text);
    await file.sync();
  } finally {
    await file.close();
  }
  await promises.rename(next, path);
}
