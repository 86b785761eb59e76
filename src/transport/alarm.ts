/**
 * One wake-up for many deadlines. Rule: an expiry counts only after a full poll phase has run since it passed. After a
 * pause of the process Node runs due timers before it reads the sockets, where the KEEPALIVEs are waiting that prove
 * the peers alive, and where the kernel's word waits that it took what we sent.
 */

import type { Instant } from "../base/ports.ts";
import type { Scheduler } from "./ports.ts";

/** Whom an alarm wakes. */
export interface Sleeper<Before> {
  /** What to remember from before the poll phase. */
  before(): Before;
  /** A deadline may have passed: handle what is due, then set the alarm again. */
  ring(before: Before): void;
}

/** Rings at or after the earliest instant it was set by; may ring early, which is harmless. */
export class Alarm<Before> {
  readonly #scheduler: Scheduler;
  readonly #sleeper: Sleeper<Before>;
  #at: Instant | undefined;
  #cancel: (() => void) | undefined;

  constructor(scheduler: Scheduler, sleeper: Sleeper<Before>) {
    this.#scheduler = scheduler;
    this.#sleeper = sleeper;
  }

  /** Rings by `at` at the latest; undefined asks for nothing. Deadlines that move back need no call. */
  setBy(at: Instant | undefined): void {
    if (at === undefined || (this.#at !== undefined && this.#at <= at)) return;
    this.#cancel?.();
    this.#at = at;
    this.#cancel = this.#scheduler.at(at, () => this.#look());
  }

  /** Does not ring until it is set again. */
  silence(): void {
    this.#cancel?.();
    this.#cancel = undefined;
    this.#at = undefined;
  }

  #look(): void {
    const before = this.#sleeper.before();
    this.#cancel = this.#scheduler.afterPoll(() => {
      this.#at = undefined;
      this.#cancel = undefined;
      this.#sleeper.ring(before);
    });
  }
}
