/**
 * When what a kernel refused is tried again. Rule: a few first, and all once some of them were taken, so that a kernel
 * that takes nothing is not asked a hundred thousand times; sooner where something changed that may be the reason.
 */

import { countChanges } from "../../kernel/port.ts";
import type { KernelChanges, KernelFailure, RouteList } from "../../kernel/port.ts";
import type { Log } from "../log.ts";
import type { Ledger } from "./ledger.ts";
import type { Timers } from "./timers.ts";

const FIRST = 256;
const SECONDS = { least: 1, most: 30 } as const;

/** Counts failures, and has them tried again. */
export class Retries {
  /** Failures ever, by name of the error. */
  readonly totals: Map<string, number> = new Map();
  readonly #ledger: Ledger;
  readonly #timers: Timers;
  readonly #log: Log;
  readonly #goOn: () => void;
  #seconds: number = SECONDS.least;
  #max = FIRST;
  /** Names of errors that the log has, until nothing fails any more. */
  readonly #logged = new Set<string>();

  constructor(ledger: Ledger, timers: Timers, log: Log, goOn: () => void) {
    this.#ledger = ledger;
    this.#timers = timers;
    this.#log = log;
    this.#goOn = goOn;
  }

  /** Of these changes those failed. */
  note(changes: KernelChanges<RouteList>, failures: readonly KernelFailure[]): void {
    for (const failure of failures) this.#note(failure);
    if (failures.length < countChanges(changes)) this.#max = Infinity;
    this.#arm();
  }

  /** Something changed in the kernel that may have been the reason. */
  hasten(): void {
    if (this.#seconds === SECONDS.least) return;
    this.#seconds = SECONDS.least;
    if (this.#timers.isSet("retry")) this.#wait();
  }

  #note({ name, text, route }: KernelFailure): void {
    this.totals.set(name, (this.totals.get(name) ?? 0) + 1);
    if (this.#logged.has(name)) return;
    this.#logged.add(name);
    const { family, type, metric } = route;
    this.#log.write("warn", "kernel-refused", { errno: name, why: text, family, type, metric });
  }

  #arm(): void {
    if (this.#ledger.counts.failed === 0) {
      this.#seconds = SECONDS.least;
      this.#max = FIRST;
      this.#logged.clear();
    } else if (!this.#timers.isSet("retry")) this.#wait();
  }

  #wait(): void {
    this.#timers.set("retry", this.#seconds, () => {
      this.#seconds = Math.min(this.#seconds * 2, SECONDS.most);
      this.#ledger.retry(this.#max);
      this.#max = FIRST;
      this.#goOn();
    });
  }
}
