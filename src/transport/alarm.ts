/**
 * One wake-up for many deadlines. Rule: an expiry counts only after a full poll phase has run since it passed. After a
 * pause of the process Node runs due timers before it reads the sockets, where the KEEPALIVEs are waiting that prove
 * the peers alive, and where the kernel's word waits that it took what we sent.
 */

import type { Instant } from "../base/ports.ts";
import { AlarmClock } from "./alarm-clock.ts";
import type { ClockEntry } from "./alarm-clock.ts";
import type { Scheduler } from "./ports.ts";

/** Whom an alarm wakes. */
export interface Sleeper<Before> {
  /** What to remember from before the poll phase. */
  before(): Before;
  /** A deadline may have passed: handle what is due, then set the alarm again. */
  ring(before: Before): void;
}

const NEVER = Infinity as Instant;

/** Rings at or after the earliest instant it was set by; may ring early, which is harmless. */
export class Alarm<Before> implements ClockEntry {
  at: Instant = NEVER;
  place = -1;
  readonly #scheduler: Scheduler;
  readonly #sleeper: Sleeper<Before>;
  /** Takes back the ringing after the poll phase that is awaited. */
  #cancel: (() => void) | undefined;

  constructor(scheduler: Scheduler, sleeper: Sleeper<Before>) {
    this.#scheduler = scheduler;
    this.#sleeper = sleeper;
  }

  /** Rings by `at` at the latest; undefined asks for nothing. Deadlines that move back need no call. */
  setBy(at: Instant | undefined): void {
    if (at === undefined || this.at <= at) return;
    this.#awaitNothing();
    AlarmClock.of(this.#scheduler).set(this, at);
  }

  /** Does not ring until it is set again. */
  silence(): void {
    this.#awaitNothing();
    AlarmClock.of(this.#scheduler).remove(this);
    this.at = NEVER;
  }

  wake(): void {
    const before = this.#sleeper.before();
    this.#cancel = this.#scheduler.afterPoll(() => {
      this.#cancel = undefined;
      this.at = NEVER;
      this.#sleeper.ring(before);
    });
  }

  #awaitNothing(): void {
    this.#cancel?.();
    this.#cancel = undefined;
  }
}
