/** Timers as data: a table of deadlines. Rule: whoever owns the table sleeps until `next` and asks what is due. */

import type { Instant } from "../base/ports.ts";

/** Where a timer does not run. */
const NEVER = Infinity as Instant;
/** Of a table that no timer ever ran in: thousands of sessions have one for a connection that they never make. */
const NONE: Instant[] = [];

/** Named deadlines on a monotonic clock; a name has one deadline at most. */
export class Deadlines<Name extends string> {
  readonly #names: readonly Name[];
  /** By place in #names. */
  #due = NONE;

  /** `names` are all there can be, the one that is armed most often first. */
  constructor(names: readonly Name[]) {
    this.#names = names;
  }

  /** Sets or moves a deadline. */
  arm(name: Name, at: Instant): void {
    if (this.#due === NONE) this.#due = this.#names.map(() => NEVER);
    this.#due[this.#names.indexOf(name)] = at;
  }

  /** Forgets a deadline; harmless where there is none. */
  disarm(name: Name): void {
    if (this.#due !== NONE) this.#due[this.#names.indexOf(name)] = NEVER;
  }

  /** Forgets them all. */
  clear(): void {
    this.#due = NONE;
  }

  /** When `name` is due, or undefined where it is not running. */
  at(name: Name): Instant | undefined {
    return running(this.#due[this.#names.indexOf(name)]);
  }

  /** The earliest deadline, or undefined. */
  next(): Instant | undefined {
    let earliest = NEVER;
    for (const at of this.#due) if (at < earliest) earliest = at;
    return running(earliest);
  }

  /** Takes out the earliest deadline that is due at `now`, or undefined: one at a time, as each may move the others. */
  takeDue(now: Instant): Name | undefined {
    const earliest = this.next();
    if (earliest === undefined || earliest > now) return undefined;
    const place = this.#due.indexOf(earliest);
    this.#due[place] = NEVER;
    return this.#names[place];
  }
}

function running(at: Instant | undefined): Instant | undefined {
  return at === NEVER ? undefined : at;
}
