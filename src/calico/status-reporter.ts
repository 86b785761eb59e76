/**
 * Fills the CalicoNodeStatus resources of our node: calico.md 8.4. Rules: each at its own pace, and never twice at a
 * time; all classes that it asks for or none; what has not changed is not written again.
 */

import { sameValue } from "../base/same.ts";
import type { JsonObject } from "../config/json.ts";
import type { NodeWritten, Timers } from "./datastore/datastore.ts";
import type { CalicoNodeStatus, ResourceFault, StatusClass } from "./resources/model.ts";

/** What is true of us now, by class; or why that cannot be said. */
export type Report = (classes: ReadonlySet<StatusClass>) => Promise<JsonObject | { readonly why: string }>;

/** What a reporter works with. */
export interface ReporterMeans {
  readonly report: Report;
  readonly write: (name: string, status: JsonObject) => Promise<NodeWritten>;
  readonly timers: Timers;
  /** Milliseconds since 1970. */
  readonly wallMilliseconds: () => number;
}

/** One that is asked for once is tried again after this, until it is written. */
const RETRY_MILLISECONDS = 60_000;

/** A resource that is being filled. */
interface Task {
  readonly asked: CalicoNodeStatus;
  isOver: boolean;
  cancel: () => void;
  /** What was written last. */
  last: JsonObject | undefined;
  why: string | undefined;
}

/** Writes the status of our node's CalicoNodeStatus, each in its period. */
export class StatusReporter {
  readonly #means: ReporterMeans;
  readonly #tasks = new Map<string, Task>();

  constructor(means: ReporterMeans) {
    this.#means = means;
  }

  /** Which of them could not be written last, and why. */
  get faults(): readonly ResourceFault[] {
    return [...this.#tasks.values()].flatMap(({ asked, why }) =>
      (why === undefined ? [] : [{ kind: "CalicoNodeStatus", name: asked.name, field: "status", why }]));
  }

  /** These are all that our node is to fill, from now on. */
  follow(asked: readonly CalicoNodeStatus[]): void {
    const wanted = new Map(asked.map((one) => [one.name, one]));
    for (const [name, task] of this.#tasks) {
      if (sameValue(wanted.get(name), task.asked)) wanted.delete(name);
      else this.#end(name, task);
    }
    for (const one of wanted.values()) {
      const task: Task = { asked: one, isOver: false, cancel: () => undefined, last: undefined, why: undefined };
      this.#tasks.set(one.name, task);
      this.#begin(task);
    }
  }

  /** Nothing is written any more; what is under way is not waited for. */
  stop(): void {
    for (const [name, task] of this.#tasks) this.#end(name, task);
  }

  #end(name: string, task: Task): void {
    task.isOver = true;
    task.cancel();
    this.#tasks.delete(name);
  }

  #begin(task: Task): void {
    // What it throws is a bug of ours, and ends the process: nobody waits for it.
    void this.#fill(task).then((written) => {
      if (task.isOver) return;
      task.why = typeof written === "string" ? undefined : written.why;
      const period = task.asked.updatePeriodSeconds * 1000;
      if (period === 0 && task.why === undefined) return;
      task.cancel = this.#means.timers.after(period === 0 ? RETRY_MILLISECONDS : period, () => this.#begin(task));
    });
  }

  async #fill(task: Task): Promise<NodeWritten> {
    const { report, write, wallMilliseconds } = this.#means;
    const status = await report(new Set(task.asked.classes));
    if (isRefusal(status)) return status;
    if (task.isOver || sameValue(status, task.last)) return "unchanged";
    const lastUpdated = new Date(wallMilliseconds()).toISOString().replace(/\.[0-9]+Z$/, "Z");
    const written = await write(task.asked.name, { lastUpdated, ...status });
    if (typeof written === "string") task.last = status;
    return written;
  }
}

function isRefusal(status: JsonObject | { readonly why: string }): status is { readonly why: string } {
  return typeof status["why"] === "string";
}
