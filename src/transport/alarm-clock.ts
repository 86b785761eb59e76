/**
 * One timer of the scheduler's for all alarms, as thousands of sessions have one each. Rule: an entry is woken once, at
 * or after its instant, and not before it has left the heap.
 */

import type { Instant } from "../base/ports.ts";
import type { Scheduler } from "./ports.ts";

/** What the clock keeps of an alarm; both fields are the clock's to write. */
export interface ClockEntry {
  /** When to wake it. */
  at: Instant;
  /** Where it stands in the heap; -1 where it is not set. */
  place: number;
  wake(): void;
}

const CLOCKS = new WeakMap<Scheduler, AlarmClock>();

/** The alarms of one scheduler, in a heap by instant. */
export class AlarmClock {
  readonly #scheduler: Scheduler;
  /** A binary heap: nobody is earlier than the entry at half its place. */
  readonly #heap: ClockEntry[] = [];
  /** What the scheduler's timer is set to; Infinity where it is not. */
  #timerAt = Infinity;
  #cancelTimer: (() => void) | undefined = undefined;

  constructor(scheduler: Scheduler) {
    this.#scheduler = scheduler;
  }

  /** The one clock of a scheduler. */
  static of(scheduler: Scheduler): AlarmClock {
    let clock = CLOCKS.get(scheduler);
    if (clock === undefined) CLOCKS.set(scheduler, clock = new AlarmClock(scheduler));
    return clock;
  }

  /** Wakes an entry at or after `at`, and not when it was set to before. */
  set(entry: ClockEntry, at: Instant): void {
    this.remove(entry);
    entry.at = at;
    this.#put(entry, this.#heap.length);
    this.#rise(entry);
    this.#setTimer();
  }

  /** Does not wake an entry; harmless where it is not set. The timer may then go off for nobody. */
  remove(entry: ClockEntry): void {
    const { place } = entry;
    if (place < 0) return;
    entry.place = -1;
    const last = this.#heap.pop()!;
    if (last === entry) return this.#stopTimerIfIdle();
    this.#put(last, place);
    this.#rise(last);
    this.#sink(last);
  }

  /** A timer would keep the process from ending. */
  #stopTimerIfIdle(): void {
    if (this.#heap.length > 0) return;
    this.#cancelTimer?.();
    this.#cancelTimer = undefined;
    this.#timerAt = Infinity;
  }

  /** All that are due now, not only whom the timer was set for: a busy loop has fewer turns than there are alarms. */
  #wakeDue(now: Instant): void {
    this.#timerAt = Infinity;
    this.#cancelTimer = undefined;
    for (let first = this.#heap[0]; first !== undefined && first.at <= now; first = this.#heap[0]) {
      this.remove(first);
      first.wake();
    }
    this.#setTimer();
  }

  #setTimer(): void {
    const first = this.#heap[0];
    if (first === undefined || first.at >= this.#timerAt) return;
    this.#cancelTimer?.();
    this.#timerAt = first.at;
    this.#cancelTimer = this.#scheduler.at(first.at, (now) => this.#wakeDue(now));
  }

  #put(entry: ClockEntry, place: number): void {
    this.#heap[place] = entry;
    entry.place = place;
  }

  #rise(entry: ClockEntry): void {
    for (let place = entry.place; place > 0;) {
      const parent = this.#heap[(place - 1) >> 1]!;
      if (parent.at <= entry.at) return;
      const above = parent.place;
      this.#put(parent, place);
      this.#put(entry, above);
      place = above;
    }
  }

  #sink(entry: ClockEntry): void {
    for (;;) {
      const left = this.#heap[2 * entry.place + 1];
      const right = this.#heap[2 * entry.place + 2];
      const child = right !== undefined && right.at < left!.at ? right : left;
      if (child === undefined || child.at >= entry.at) return;
      const { place } = child;
      this.#put(child, entry.place);
      this.#put(entry, place);
    }
  }
}
