/** The system's clock, chance and timers. Rule: nobody else in the program touches them. */

import type { Clock, Instant, Random } from "../base/ports.ts";
import type { Scheduler } from "../transport/ports.ts";

/** Monotonic and wall time of this machine. */
export const systemClock: Clock = {
  now: () => performance.now() as Instant,
  wallMilliseconds: () => Date.now(),
};

/** Chance that nobody can foresee but that is not for secrets: jitter and hash seeds. */
export const systemRandom: Random = () => Math.random();

/** A longer wait would overflow a timer and fire at once. */
const DELAY_MILLISECONDS_MAX = 2 ** 31 - 1;

/** Node's timers and its event loop. */
export const systemScheduler: Scheduler = {
  at(at, run) {
    let timer: NodeJS.Timeout;
    const wait = (): void => {
      const delay = Math.max(Math.ceil(at - performance.now()), 0);
      timer = delay > DELAY_MILLISECONDS_MAX ? setTimeout(wait, DELAY_MILLISECONDS_MAX)
        : setTimeout(() => run(systemClock.now()), delay);
    };
    wait();
    return () => clearTimeout(timer);
  },
  afterPoll(run) {
    // The first turn may begin inside a poll phase; only the second has seen a whole one.
    let immediate = setImmediate(() => { immediate = setImmediate(run); });
    return () => clearImmediate(immediate);
  },
  soon(run) {
    setImmediate(run); // after the poll phase at hand: what a turn of the loop brought is told at once
  },
};
