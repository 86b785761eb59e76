/** How long to wait before the next attempt. Rule: never less than a second, so that nothing turns in a busy loop. */

import type { Timers } from "./datastore.ts";

/** The least wait, and the first one before its jitter. */
const SHORTEST_MILLISECONDS = 1000;
const LONGEST_MILLISECONDS = 30_000;
/** What is forbidden or not there is put right by people. */
const SLOW_MILLISECONDS = 60_000;
/** A server may ask to wait for this long and no longer. */
const RETRY_AFTER_SECONDS_MAX = 300;
const NOBODY_SAID: Answered = { status: undefined, retryAfterSeconds: 0 };

/** What a server said of the attempt that failed. */
interface Answered {
  /** The HTTP status; undefined where nobody answered. */
  readonly status: number | undefined;
  /** It asks to wait so long; 0 where it does not. */
  readonly retryAfterSeconds: number;
}

/** Doubling waits with jitter, so that what failed together does not come back together. */
export class BackOff {
  readonly #timers: Timers;
  readonly #firstMilliseconds: number;
  #failures = 0;

  constructor(timers: Timers, firstMilliseconds: number = SHORTEST_MILLISECONDS) {
    this.#timers = timers;
    this.#firstMilliseconds = firstMilliseconds;
  }

  /** How many failures there were since the last reset, up to 16. */
  get failures(): number {
    return this.#failures;
  }

  /** The wait after another failure, in milliseconds. */
  next({ status, retryAfterSeconds }: Answered = NOBODY_SAID): number {
    const doubled = Math.min(this.#firstMilliseconds * 2 ** this.#failures, LONGEST_MILLISECONDS);
    const whole = status === 403 || status === 404 ? SLOW_MILLISECONDS : doubled;
    this.#failures = Math.min(this.#failures + 1, 16);
    const asked = Math.min(retryAfterSeconds, RETRY_AFTER_SECONDS_MAX) * 1000;
    return Math.max(SHORTEST_MILLISECONDS, asked, whole * (0.5 + this.#timers.random() / 2));
  }

  /** Things are well. */
  reset(): void {
    this.#failures = 0;
  }
}

/** Waits; ends at once, as if it were over, when `signal` says so. */
export function pause(timers: Timers, milliseconds: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted) return resolve();
    const over = (): void => {
      disarm();
      signal.removeEventListener("abort", over);
      resolve();
    };
    const disarm = timers.after(milliseconds, over);
    signal.addEventListener("abort", over);
  });
}
