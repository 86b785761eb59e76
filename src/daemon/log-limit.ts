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
  readonly reason: string;
  begun: number;
  written: number;
  keptBack: number;
  /** A list, as most peers have one or two: thousands of Maps would be a megabyte. */
  readonly next: Count | undefined;
}

/** The counts of one peer. */
export class LogLimit {
  #first: Count | undefined = undefined;
  #reasons = 0;

  /** How many lines of this reason were kept back since the last one, or undefined where this one is to be, too. */
  admit(given: string, now: Instant): number | undefined {
    const count = this.#find(given) ?? (this.#reasons < REASONS_MAX ? this.#add(given, now)
      : this.#find(OTHER) ?? this.#add(OTHER, now));
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

  #find(reason: string): Count | undefined {
    let count = this.#first;
    while (count !== undefined && count.reason !== reason) count = count.next;
    return count;
  }

  #add(reason: string, now: Instant): Count {
    this.#reasons++;
    this.#first = { reason, begun: now, written: 0, keptBack: 0, next: this.#first };
    return this.#first;
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
