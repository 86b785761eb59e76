/** Time that passes when a test says so. */

import type { Timers } from "../../../src/calico/datastore/datastore.ts";

/** Timers in order of their time, and of their setting where that is the same. */
export class VirtualTimers implements Timers {
  #now = 0;
  #waiting: { readonly at: number; readonly run: () => void }[] = [];

  after(milliseconds: number, run: () => void): () => void {
    const timer = { at: this.#now + milliseconds, run };
    this.#waiting.push(timer);
    return () => { this.#waiting = this.#waiting.filter((one) => one !== timer); };
  }

  random(): number {
    return 0.5;
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
    for (;;) {
      const due = this.#waiting.filter(({ at }) => at <= end).sort((a, b) => a.at - b.at)[0];
      if (due === undefined) break;
      this.#now = due.at;
      this.#waiting = this.#waiting.filter((one) => one !== due);
      due.run();
    }
    this.#now = end;
  }
}
