/**
 * Prefixes of ours that somebody's hand may have been at. Rule: what was heard may be older than what we did since, so
 * it is believed a little later, where it is still so.
 */

import type { Ledger, Suspect } from "./ledger.ts";
import type { Timers } from "./timers.ts";

const MEND_SECONDS = 0.2;

/** Gathers them, and has them mended together. */
export class Mending {
  readonly #ledger: Pick<Ledger, "mend">;
  readonly #timers: Timers;
  readonly #goOn: () => void;
  readonly #suspects = new Set<Suspect>();

  constructor(ledger: Pick<Ledger, "mend">, timers: Timers, goOn: () => void) {
    this.#ledger = ledger;
    this.#timers = timers;
    this.#goOn = goOn;
  }

  /** A prefix is not as it should be, or so it was heard; undefined: none is. */
  suspect(prefix: Suspect | undefined): void {
    if (prefix === undefined) return;
    this.#suspects.add(prefix);
    if (!this.#timers.isSet("mend")) this.#timers.set("mend", MEND_SECONDS, () => this.#mend());
  }

  #mend(): void {
    for (const prefix of this.#suspects) this.#ledger.mend(prefix);
    this.#suspects.clear();
    this.#goOn();
  }
}
