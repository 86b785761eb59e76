/**
 * Keeps one peer from filling the log. Rule: of each reason the first lines of a minute are
 * written and the rest are counted; the next line that is written says how many were not.
 */

import type { Instant } from "../base/ports.ts";

const LINES_PER_MINUTE = 10;
const MINUTE_MILLISECONDS = 60_000;
/** Reasons told apart; whatever a peer invents beyond shares one. */
const REASONS_MAX = 64;
const OTHER = "other";

interface Count {
  begun: number;
  written: number;
  keptBack: number;
}

/** The counts of one peer. */
export class LogLimit {
  readonly #counts = new Map<string, Count>();

  /** How many lines of this reason were kept back since the last one, or undefined where this one is to be, too. */
  admit(given: string, now: Instant): number | undefined {
    const reason = this.#counts.has(given) || this.#counts.size < REASONS_MAX ? given : OTHER;
    const count = this.#counts.get(reason) ?? { begun: now, written: 0, keptBack: 0 };
    this.#counts.set(reason, count);
    if (now - count.begun >= MINUTE_MILLISECONDS) {
      count.begun = now;
      count.written = 0;
    }
    if (count.written >= LINES_PER_MINUTE) {
      count.keptBack++;
      return undefined;
    }
    count.written++;
    const { keptBack } = count;
    count.keptBack = 0;
    return keptBack;
  }
}

/** Addresses whose counts are remembered. */
const ADDRESSES_MAX = 1024;

/** The counts of members of ranges: a member that comes and goes all the time is still the same address. */
export class LogLimits {
  /** The one that came least recently first. */
  readonly #limits = new Map<string, LogLimit>();

  of(address: string): LogLimit {
    const limit = this.#limits.get(address) ?? new LogLimit();
    this.#limits.delete(address);
    this.#limits.set(address, limit);
    if (this.#limits.size > ADDRESSES_MAX) this.#limits.delete(this.#limits.keys().next().value!);
    return limit;
  }
}
