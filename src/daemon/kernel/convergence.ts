/**
 * When all neighbours have told what they had to tell, so that what nobody wants may go. Rule: whoever is awaited by
 * name is (daemon/restarts.ts); of neighbours without End-of-RIB nobody knows, and quiet has to do, or a long time.
 */

import type { KernelMeans } from "./means.ts";
import type { Timers } from "./timers.ts";

/** Nothing new was wanted for so long; or so much time has passed since nobody was awaited any more. */
const QUIET_SECONDS = 3;
const QUIET_SECONDS_MAX = 30;
const LOOK_SECONDS = 1;

/** Watches for that, once. */
export class Convergence {
  readonly #means: Pick<KernelMeans, "now" | "isConverged">;
  readonly #timers: Timers;
  readonly #done: () => void;
  #changedAt = 0;
  /** Since when nobody is awaited; undefined: somebody is. */
  #toldAt: number | undefined;

  constructor(means: Pick<KernelMeans, "now" | "isConverged">, timers: Timers, done: () => void) {
    this.#means = means;
    this.#timers = timers;
    this.#done = done;
  }

  begin(): void {
    this.changed();
    this.#lookLater();
  }

  /** Something new is wanted. */
  changed(): void {
    this.#changedAt = this.#means.now();
  }

  #lookLater(): void {
    this.#timers.set("converge", LOOK_SECONDS, () => this.#look());
  }

  #look(): void {
    const now = this.#means.now();
    this.#toldAt = this.#means.isConverged() ? this.#toldAt ?? now : undefined;
    if (this.#toldAt === undefined) return this.#lookLater();
    const isQuiet = now - this.#changedAt >= QUIET_SECONDS * 1000;
    const isLate = now - this.#toldAt >= QUIET_SECONDS_MAX * 1000;
    if (isQuiet || isLate) this.#done();
    else this.#lookLater();
  }
}
