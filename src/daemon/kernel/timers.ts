/** Timers by name: one that is set again starts anew. */

/** What waits, by a word for it. */
export class Timers {
  readonly #later: (seconds: number, run: () => void) => () => void;
  readonly #cancel = new Map<string, () => void>();
  #isStopped = false;

  constructor(later: (seconds: number, run: () => void) => () => void) {
    this.#later = later;
  }

  /** Runs after that time, unless it is set again before. */
  set(name: string, seconds: number, run: () => void): void {
    if (this.#isStopped) return;
    this.#cancel.get(name)?.();
    this.#cancel.set(name, this.#later(seconds, () => {
      this.#cancel.delete(name);
      run();
    }));
  }

  /** Whether it waits. */
  isSet(name: string): boolean {
    return this.#cancel.has(name);
  }

  /** Nothing runs any more. */
  stop(): void {
    this.#isStopped = true;
    for (const cancel of this.#cancel.values()) cancel();
    this.#cancel.clear();
  }
}
