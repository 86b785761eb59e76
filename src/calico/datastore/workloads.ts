/**
 * The pods of this host that peer with their own node: files that Felix writes, one for each endpoint (calico.md 3.8).
 * Rules: a file that is half written or makes no sense says what it said last; without the folder there are none.
 */

import { promises } from "node:fs";
import { join } from "node:path";
import { sameValue } from "../../base/same.ts";
import { isJsonObject, parsedJson } from "../../config/json.ts";
import type { JsonValue } from "../../config/json.ts";
import type { WorkloadEndpoint } from "../resources/model.ts";
import { nodeAddressOf } from "../resources/scalars.ts";
import type { Timers } from "./datastore.ts";
import { watchFolder } from "./watch-folder.ts";

/** So long after a change everything is read; what changes meanwhile is read with it. */
const SETTLE_MILLISECONDS = 50;
/** So often it is read where the system tells of no change, as in Calico. */
const POLL_MILLISECONDS = 30_000;
/** Felix writes nothing longer. Octets. */
const FILE_MAX = 64 * 1024;

/** Hears of all that there are: once at the beginning, and whenever they are others. */
export type WorkloadListener = (workloads: readonly WorkloadEndpoint[]) => void;

/** Follows the folder with the files, `endpoint-status`. */
export class WorkloadFolder {
  readonly #folder: string;
  readonly #timers: Timers;
  #listener: WorkloadListener = () => undefined;
  /** By file; undefined for one that asks for no session. */
  #known: ReadonlyMap<string, WorkloadEndpoint | undefined> = new Map();
  #told: readonly WorkloadEndpoint[] | undefined;
  #unwatch: (() => void) | undefined;
  #running: Promise<void> | undefined;
  /** Something has changed since the reading began. */
  #isStirred = false;
  #cancel = (): void => undefined;
  #isStopped = false;

  constructor(folder: string, timers: Timers) {
    this.#folder = folder;
    this.#timers = timers;
  }

  /** Begins to follow. */
  start(listener: WorkloadListener): void {
    this.#listener = listener;
    this.#begin();
  }

  /** Nothing is told afterwards. */
  async stop(): Promise<void> {
    this.#isStopped = true;
    this.#cancel();
    await this.#running;
    this.#unwatch?.();
  }

  #begin(): void {
    this.#isStirred = false;
    // What it throws is a bug of ours, and ends the process: nobody waits for it.
    this.#running = this.#scan().then(() => {
      this.#running = undefined;
      if (!this.#isStopped) this.#later(this.#isStirred ? SETTLE_MILLISECONDS : POLL_MILLISECONDS);
    });
  }

  #later(milliseconds: number): void {
    this.#cancel();
    this.#cancel = this.#timers.after(milliseconds, () => this.#begin());
  }

  #stir(): void {
    if (this.#isStopped || this.#isStirred) return;
    this.#isStirred = true;
    if (this.#running === undefined) this.#later(SETTLE_MILLISECONDS);
  }

  async #scan(): Promise<void> {
    this.#watch(); // first: what changes from now on is not missed
    const names = await this.#names();
    if (names === undefined) return;
    const now = new Map<string, WorkloadEndpoint | undefined>();
    for (const name of names.sort()) {
      const value = await readJson(join(this.#folder, name));
      now.set(name, value === undefined ? this.#known.get(name) : workloadOf(value));
    }
    this.#known = now;
    const workloads = [...now.values()].filter((workload) => workload !== undefined);
    if (this.#isStopped || sameValue(workloads, this.#told)) return;
    this.#told = workloads;
    this.#listener(workloads);
  }

  /** Undefined where the folder cannot be read now: what is known stays. */
  async #names(): Promise<string[] | undefined> {
    try {
      return await promises.readdir(this.#folder);
    } catch (error) {
      // Without Felix, or before its first endpoint, there is no such folder.
      const isNone = (error as NodeJS.ErrnoException).code === "ENOENT" || this.#told === undefined;
      return isNone ? [] : undefined;
    }
  }

  #watch(): void {
    if (this.#unwatch !== undefined) return;
    try {
      this.#unwatch = watchFolder(this.#folder, () => this.#stir(), () => { this.#unwatch = undefined; });
    } catch {
      // No such folder yet, or a file system without such news: reading now and then must do.
    }
  }
}

/** The value in a file; undefined where there is none that can be read now. */
async function readJson(path: string): Promise<JsonValue | undefined> {
  try {
    const { size } = await promises.stat(path);
    return size > FILE_MAX ? undefined : parsedJson(await promises.readFile(path, "utf8"));
  } catch {
    // It may be gone, or a folder: none of that is news.
    return undefined;
  }
}

/** The endpoint; undefined for one that asks for no session. */
function workloadOf(value: JsonValue): WorkloadEndpoint | undefined {
  if (!isJsonObject(value)) return undefined;
  const { bgpPeerName, ipv4Nets, ipv6Nets } = value;
  if (typeof bgpPeerName !== "string" || bgpPeerName === "") return undefined;
  return { bgpPeerName, ipv4: firstAddress(ipv4Nets), ipv6: firstAddress(ipv6Nets) };
}

/** Of a list of networks. */
function firstAddress(nets: JsonValue | undefined): string | undefined {
  const [first] = Array.isArray(nets) ? nets as readonly JsonValue[] : [];
  return typeof first === "string" ? nodeAddressOf(first)?.address : undefined;
}
