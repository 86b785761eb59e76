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

/** Longer waits overflow a timer and fire at once; the owner looks again when it is woken early. */
const DELAY_MILLISECONDS_MAX = 2 ** 31 - 1;

/** Node's timers and its event loop. */
export const systemScheduler: Scheduler = {
  at(at, run) {
    const delay = Math.ceil(at - performance.now());
    const timer = setTimeout(() => run(systemClock.now()), Math.min(Math.max(delay, 0), DELAY_MILLISECONDS_MAX));
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
