/**
 * What was heard while steps were on their way. Rule: answers and events come by different ways, each in its own order,
 * so an event that says otherwise than a step may be of before it or of after it. But of a step there is an event, too:
 * in doubt what was heard last counts, and not the answer.
 */

import type { RouteForm } from "../../kernel/route.ts";
import { formsOf, metricOf, sameForm } from "./entry.ts";
import type { Entry } from "./entry.ts";

/** Metrics of prefixes at which something else than what is wanted was heard before all steps were over. */
export class Doubts {
  readonly #metrics = new Map<Entry, Set<number>>();

  /** Something is news at the metric of that form; the entry knows it by now. */
  heard(entry: Entry, form: RouteForm): void {
    const { want } = entry;
    const metric = metricOf(entry, form);
    const forms = formsOf(entry).filter((one) => metricOf(entry, one) === metric);
    const isWanted = want !== undefined && metricOf(entry, want) === metric;
    const isAsWanted = isWanted ? forms.length === 1 && sameForm(entry, want, forms[0]) : forms.length === 0;
    if (isAsWanted) this.#metrics.get(entry)?.delete(metric);
    else if (entry.steps > 0) this.add(entry, form);
  }

  /** What a step does at the metric of that form may be undone. */
  add(entry: Entry, form: RouteForm): void {
    const metrics = this.#metrics.get(entry) ?? new Set();
    this.#metrics.set(entry, metrics.add(metricOf(entry, form)));
  }

  /** Whether an answer does not count that is about a form of that metric. */
  has(entry: Entry, form: RouteForm): boolean {
    return this.#metrics.size > 0 && this.#metrics.get(entry)?.has(metricOf(entry, form)) === true;
  }

  /** All steps are over. Whether there was any doubt. */
  end(entry: Entry): boolean {
    if (this.#metrics.size === 0) return false;
    const isAny = (this.#metrics.get(entry)?.size ?? 0) > 0;
    this.#metrics.delete(entry);
    return isAny;
  }
}
