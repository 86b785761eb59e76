/**
 * Shares the time for input among all connections, as thousands of them may have something to say in one turn of the
 * event loop. Rule: whoever comes when the turn's time is used up waits in line, ahead of what arrives later.
 */

import type { Clock, Instant } from "../base/ports.ts";
import type { Scheduler, SessionEnvironment } from "./ports.ts";

/** Time for the input of all connections in one turn: from one look at the line to the next. */
const TURN_MILLISECONDS = 15;

/** A connection with input that waits for its turn. */
export interface InputWaiter {
  /** It is this one's turn: it may `enter`. */
  takeTurn(): void;
}

const TURNS = new WeakMap<Scheduler, InputTurns>();

/** The line of one scheduler. */
export class InputTurns {
  readonly #scheduler: Scheduler;
  readonly #clock: Clock;
  readonly #waiting = new Set<InputWaiter>();
  /** Which turn it is; it counts only while there is input. */
  number = 0;
  #left: number = TURN_MILLISECONDS;
  /** What the line left of the time, for the sockets. */
  #leftByLine: number = TURN_MILLISECONDS;
  #since: Instant | undefined = undefined;
  #scheduled = false;

  constructor(scheduler: Scheduler, clock: Clock) {
    this.#scheduler = scheduler;
    this.#clock = clock;
  }

  /** The one line of a scheduler. */
  static of({ scheduler, clock }: Pick<SessionEnvironment, "scheduler" | "clock">): InputTurns {
    let turns = TURNS.get(scheduler);
    if (turns === undefined) TURNS.set(scheduler, turns = new InputTurns(scheduler, clock));
    return turns;
  }

  /** Whether somebody stands in line. */
  get busy(): boolean {
    return this.#waiting.size > 0;
  }

  /** Whether a connection may handle input now; then it says when it is done (`leave`). */
  enter(): boolean {
    this.#schedule();
    if (this.#left <= 0) return false;
    this.#since ??= this.#clock.now();
    return true;
  }

  /** Whether the turn's time is used up by whoever entered. */
  get isOver(): boolean {
    return this.#since !== undefined && this.#clock.now() - this.#since >= this.#left;
  }

  /** Whoever entered is done for now. */
  leave(): void {
    if (this.#since === undefined) return;
    this.#left -= this.#clock.now() - this.#since;
    this.#since = undefined;
  }

  /** Stands in line; once, however often it is asked for. */
  wait(waiter: InputWaiter): void {
    this.#waiting.add(waiter);
    this.#schedule();
  }

  /** Stands in line no more. */
  forget(waiter: InputWaiter): void {
    this.#waiting.delete(waiter);
  }

  #schedule(): void {
    if (this.#scheduled) return;
    this.#scheduled = true;
    this.#scheduler.soon(() => this.#next());
  }

  /**
   * Those who wait now come once each; what the sockets bring until the next turn has what they leave of the time, and
   * they have what the sockets left: thousands that begin to speak at once would else take twice the time.
   */
  #next(): void {
    this.#scheduled = false;
    this.number++;
    const usedBySockets = this.#leftByLine - Math.max(this.#left, 0);
    this.#left = this.busy ? TURN_MILLISECONDS - usedBySockets : TURN_MILLISECONDS;
    let count = this.#waiting.size;
    for (const waiter of this.#waiting) {
      if (count-- === 0 || this.#left <= 0) break;
      this.#waiting.delete(waiter);
      waiter.takeTurn();
    }
    this.#leftByLine = Math.max(this.#left, 0);
    if (this.#waiting.size > 0) this.#schedule();
  }
}
