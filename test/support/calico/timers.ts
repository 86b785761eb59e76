/** Time that passes when a test says so. */

import type { Timers } from "../../../src/calico/datastore/datastore.ts";

/** Timers in order of their time, and of their setting where that is the same. */
export class VirtualTimers implements Timers {
  /** Every wait that was asked for, in milliseconds. */
  readonly waits: number[] = [];
  /** What `random` answers. */
  chance = 0.5;
  #now = 0;
  #waiting: { readonly at: number; readonly run: () => void }[] = [];

  after(milliseconds: number, run: () => void): () => void {
    const timer = { at: this.#now + milliseconds, run };
    this.waits.push(milliseconds);
    this.#waiting.push(timer);
    return () => { this.#waiting = this.#waiting.filter((one) => one !== timer); };
  }

  random(): number {
    return this.chance;
  }

  /** Milliseconds since the beginning. */
  get now(): number {
    return this.#now;
  }

  /** How many wait. */
  get size(): number {
    return this.#waiting.length;
  }

  /** Milliseconds until the next one. */
  get next(): number {
    return Math.min(...this.#waiting.map(({ at }) => at)) - this.#now;
  }

  /** Lets so much time pass. */
  pass(milliseconds: number): void {
    const end = this.#now + milliseconds;
    while (this.step(end));
  }

  /** Runs the next that is due until `end`; false where there is none, and it is `end` then. */
  step(end: number): boolean {
    const due = this.#waiting.filter(({ at }) => at <= end).sort((a, b) => a.at - b.at)[0];
    this.#now = due?.at ?? end;
    if (due === undefined) return false;
    this.#waiting = this.#waiting.filter((one) => one !== due);
    due.run();
    return true;
  }
}
