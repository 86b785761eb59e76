/**
 * The Secrets that the first intent needs. Rule: it waits for an answer about each, for a short time: applied without,
 * it would have every session with a password wait, refuse what its peer sends signed, and be reset at once.
 */

import type { DatastoreEvent, Timers } from "./datastore/datastore.ts";
import { kindOf, nameOf } from "./resources/raw.ts";

/** The longest wait: Secrets that cannot be had hold no other session up. */
const WAIT_MILLISECONDS = 3000;

/** What is known of them. */
export class FirstSecrets {
  readonly #timers: Timers;
  readonly #onOver: () => void;
  /** Names of those that are there, or are not: without their namespace, which is always ours. */
  readonly #answered = new Set<string>();
  #isOver = false;
  #cancel: (() => void) | undefined = undefined;

  /** `onOver` is called where the wait ends without an answer. */
  constructor(timers: Timers, onOver: () => void) {
    this.#timers = timers;
    this.#onOver = onOver;
  }

  /** What the datastore tells. */
  hear(event: DatastoreEvent): void {
    if (this.#isOver) return;
    if (event.kind === "removed" && event.resourceKind === "Secret") {
      this.#answered.add(event.name.slice(event.name.indexOf("/") + 1));
    }
    if (event.kind !== "put" && event.kind !== "snapshot") return;
    for (const resource of event.resources) if (kindOf(resource) === "Secret") this.#answered.add(nameOf(resource));
  }

  /** One of `names` that has to be waited for; undefined where there is none. */
  missing(names: ReadonlySet<string>): string | undefined {
    const missing = this.#isOver ? undefined : [...names].find((name) => !this.#answered.has(name));
    if (missing === undefined) return undefined;
    this.#cancel ??= this.#timers.after(WAIT_MILLISECONDS, () => {
      this.end();
      this.#onOver();
    });
    return missing;
  }

  /** Nothing is waited for any more. */
  end(): void {
    this.#isOver = true;
    this.#cancel?.();
  }
}
