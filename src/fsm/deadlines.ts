/** Timers as data: a table of deadlines. Rule: whoever owns the table sleeps until `next` and asks what is due. */

import type { Instant } from "../base/ports.ts";

/** Named deadlines on a monotonic clock; a name has one deadline at most. */
export class Deadlines<Name extends string> {
  readonly #due = new Map<Name, Instant>();

  /** Sets or moves a deadline. */
  arm(name: Name, at: Instant): void {
    this.#due.set(name, at);
  }

  /** Forgets a deadline; harmless where there is none. */
  disarm(name: Name): void {
    this.#due.delete(name);
  }

  /** Forgets them all. */
  clear(): void {
    this.#due.clear();
  }

  /** When `name` is due, or undefined where it is not running. */
  at(name: Name): Instant | undefined {
    return this.#due.get(name);
  }

  /** The earliest deadline, or undefined. */
  next(): Instant | undefined {
    let earliest: Instant | undefined;
    for (const at of this.#due.values()) if (earliest === undefined || at < earliest) earliest = at;
    return earliest;
  }

  /** Takes out the earliest deadline that is due at `now`, or undefined: one at a time, as each may move the others. */
  takeDue(now: Instant): Name | undefined {
    let found: Name | undefined;
    let earliest = Infinity;
    for (const [name, at] of this.#due) {
      if (at > now || at >= earliest) continue;
      found = name;
      earliest = at;
    }
    if (found !== undefined) this.#due.delete(found);
    return found;
  }
}
