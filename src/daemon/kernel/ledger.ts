/**
 * What is wanted of the kernel and what it has of ours, prefix by prefix, and the steps from one to the other. Rules: a
 * kernel is believed when it was read and when it says what it did; steps are taken in rounds, each of which adds the
 * most specific first and removes the least specific first (kernel/port.ts), so that no packet falls in between.
 */

import { assert } from "../../base/assert.ts";
import { plan } from "../../kernel/plan.ts";
import { CHANGES } from "../../kernel/port.ts";
import type { KernelChanges, KernelFailure } from "../../kernel/port.ts";
import { metricInKernel, routeKey, routeOf, sameRoute } from "../../kernel/route.ts";
import type { KernelRoute, RouteForm } from "../../kernel/route.ts";
import { ByPrefix, prefixOfWords, wordsOf } from "./by-prefix.ts";
import type { PrefixWords } from "./by-prefix.ts";
import { Doubts } from "./doubts.ts";
import {
  addForm, displaceForm, Entry, formsOf, isDone, loseForm, metricOf, NONE, replaceForm, sameForm, stateOf,
} from "./entry.ts";
import type { RouteState } from "./entry.ts";
import { Round } from "./steps.ts";
import type { Steps } from "./steps.ts";

/** A prefix that somebody's hand may have been at; for `mend`. */
export type Suspect = PrefixWords;

/** Steps that are handed out together. */
export type LedgerChanges = KernelChanges<Steps<Entry>>;

/**
 * How fast a ledger is worked: prefixes that are compared in one turn of the event loop, changes that are handed over
 * together in one, and calls under way. These are 40 ms of the kernel's work, as turns are that long when tables come.
 */
export const PACE = { prefixesPerTurn: 16_384, changesAtOnce: 2048, callsAhead: 6 } as const;

/** The ledger of one table. */
export class Ledger {
  readonly #entries = new ByPrefix<Entry>();
  /** Prefixes for which there may be something to do, and how many of them were looked at. */
  #dirty: Entry[] = [];
  #looked = 0;
  readonly #failed = new Set<Entry>();
  readonly #counts: Record<RouteState, number> = { installed: 0, pending: 0, failed: 0, stale: 0, "left out": 0 };
  readonly #leftOut = new Map<string, number>();
  /** The round whose steps are taken, and the one that is made meanwhile. */
  #round = new Round<Entry>();
  #coming = new Round<Entry>();
  /** Steps on their way to the kernel. */
  readonly #underWay = new Set<LedgerChanges>();
  readonly #doubts = new Doubts();
  #keepsStale = true;
  /** The number of the last reading. */
  #reading = 1;
  #isReading = false;
  /** Routes of ours that somebody had changed or removed. */
  repaired = 0;

  /** How many prefixes there are of each state. */
  get counts(): Readonly<Record<RouteState, number>> {
    return this.#counts;
  }

  /** Why best paths are left out, and how many by each reason. */
  get leftOut(): ReadonlyMap<string, number> {
    return this.#leftOut;
  }

  /** Whether steps are to be taken. */
  get isBusy(): boolean {
    return this.#round.count > 0 || this.#coming.count > 0 || this.#dirty.length > 0;
  }

  /** What failed, as it failed last. */
  * failures(): Generator<KernelFailure> {
    for (const { failure } of this.#failed) if (failure !== undefined) yield failure;
  }

  /** What is wanted for a prefix from now on: a route or none, and why none or one to nowhere. True: it is news. */
  want(prefix: PrefixWords, form: RouteForm | undefined, leftOut: string | undefined): boolean {
    const known = this.#entries.get(prefix);
    if (known === undefined && form === undefined && leftOut === undefined) return false;
    const entry = known ?? this.#addEntry(prefix);
    if (sameForm(entry, entry.want, form) && entry.leftOut === leftOut) return false;
    this.#countLeftOut(entry.leftOut, -1);
    this.#countLeftOut(leftOut, 1);
    entry.want = form;
    entry.leftOut = leftOut;
    entry.failure = undefined;
    this.#soil(entry);
    this.#settle(entry);
    return true;
  }

  /** Nothing is wanted any more, and what is there goes. */
  wantNothing(): void {
    for (const entry of [...this.#entries.values()]) this.want(entry, undefined, undefined);
    this.dropStale();
  }

  /** From now on what nobody wants is removed; until then it stays, as it may be wanted soon. */
  dropStale(): void {
    this.#keepsStale = false;
    for (const entry of this.#entries.values()) if (entry.state === "stale") this.#soil(entry);
  }

  /**
   * The kernel is about to be read. Steps may be taken meanwhile: what is told of their prefixes may be older, and does
   * not count.
   */
  beginReading(): void {
    this.#reading++;
    this.#isReading = true;
    for (const changes of this.#underWay) this.#spare(changes);
  }

  /** What is read now is not believed of these. */
  #spare(changes: LedgerChanges): void {
    for (const change of CHANGES) for (const entry of changes[change].entries) entry.reading = -this.#reading;
  }

  /** The kernel was read, and this route of ours is there. */
  found(route: KernelRoute): void {
    const entry = this.#entryOf(wordsOf(route.family, route.prefix));
    if (entry.reading === -this.#reading) return;
    const isMore = entry.reading === this.#reading && entry.have !== undefined;
    entry.reading = this.#reading;
    const form = this.#formFor(entry, route);
    if (isMore) this.#has(entry, entry.have, [...entry.others, form]);
    else this.#has(entry, form, NONE);
  }

  /** The kernel was read to its end: what was not found is not there. */
  endReading(): void {
    this.#isReading = false;
    for (const entry of this.#entries.values()) {
      if (Math.abs(entry.reading) !== this.#reading) this.#has(entry, undefined, NONE);
      else if (entry.state === undefined) this.#settle(entry);
    }
  }

  /**
   * The kernel says that a route of ours is there, or gone; ours may be the hand that did it. Answers the prefix where
   * it is now other than wanted: what was heard may be older than what was done since, so `mend` comes later. `beside`:
   * it came beside what there was of its key, by another's hand.
   */
  heard(route: KernelRoute, gone: boolean, beside: boolean = false): Suspect | undefined {
    const words = wordsOf(route.family, route.prefix);
    const known = this.#entries.get(words);
    if (known === undefined && gone) return undefined;
    const entry = known ?? this.#addEntry(words);
    const form = this.#formFor(entry, route);
    const { have, others } = entry;
    if (gone) loseForm(entry, form);
    else if (beside) addForm(entry, form);
    else replaceForm(entry, form);
    const isNews = entry.others.length !== others.length || !sameForm(entry, have, entry.have);
    if (isNews) this.#doubts.heard(entry, form);
    return this.#heardOf(entry);
  }

  /** Whether a prefix of ours was changed while the kernel was read last: what was heard of it then is old. */
  isSpared(prefix: PrefixWords): boolean {
    return this.#entries.get(prefix)?.reading === -this.#reading;
  }

  /** Another owner's route is there: one of ours that had its key is gone, and nothing else says so. As `heard`. */
  displaced(by: KernelRoute): Suspect | undefined {
    const entry = this.#entries.get(wordsOf(by.family, by.prefix));
    if (entry === undefined || !displaceForm(entry, by)) return undefined;
    this.#doubts.heard(entry, by);
    return this.#heardOf(entry);
  }

  #heardOf(entry: Entry): Suspect | undefined {
    if (entry.steps === 0 && !entry.isDirty) entry.unsure = false; // else it may be news of before
    this.#settle(entry);
    return isDone(entry) ? undefined : entry;
  }

  /** The route of ours that is there and not used because of that one of another owner. */
  overruled(by: KernelRoute): KernelRoute | undefined {
    const entry = this.#entries.get(wordsOf(by.family, by.prefix));
    if (entry?.have === undefined || metricOf(entry, entry.have) <= metricInKernel(by)) return undefined;
    return routeOf(entry.have, entry.family, prefixOfWords(entry));
  }

  /** Takes up a prefix that `heard` named, where it is still other than wanted. */
  mend(prefix: Suspect): void {
    const entry = this.#entries.get(prefix);
    if (entry === undefined || entry.isDirty) return;
    if (entry.steps > 0) {
      entry.again = true;
      return;
    }
    if (entry.state !== "pending" && !(entry.state === "stale" && !this.#keepsStale)) return;
    this.repaired++;
    this.#soil(entry);
  }

  /** A link went down: IPv4 routes over it are gone, and no message says so. */
  linkLost(interfaceIndex: number): void {
    const isLost = (form: RouteForm | undefined): boolean =>
      form?.nextHops.some((hop) => hop.interfaceIndex === interfaceIndex) === true;
    for (const entry of this.#entries.values()) {
      const { family, want, steps } = entry;
      if (family !== "ipv4-unicast" || !(formsOf(entry).some(isLost) || (steps > 0 && isLost(want)))) continue;
      entry.unsure = true;
      if (steps > 0) for (const form of [want, ...formsOf(entry)]) if (isLost(form)) this.#doubts.add(entry, form!);
      this.#soil(entry);
      this.#settle(entry);
    }
  }

  /** Tries up to `max` of what failed again. */
  retry(max: number): void {
    for (const entry of [...this.#failed].slice(0, max)) {
      this.#failed.delete(entry); // others are the first the next time
      this.#failed.add(entry);
      this.#soil(entry);
    }
  }

  /** Looks at up to `budget` prefixes for the round to come; true: all that wait were looked at. */
  makeRound(budget: number): boolean {
    for (let left = budget; this.#looked < this.#dirty.length; left--) {
      if (left <= 0) return false;
      const entry = this.#dirty[this.#looked++]!;
      entry.isDirty = false;
      if (entry.steps > 0) entry.again = true;
      else this.#plan(entry);
    }
    this.#dirty = [];
    this.#looked = 0;
    return true;
  }

  /** Takes the next steps, `max` at most; undefined where there are none, or the round to come is still being made. */
  next(max: number): LedgerChanges | undefined {
    if (this.#round.count === 0) {
      if (this.#dirty.length > 0 || this.#coming.count === 0) return undefined;
      [this.#round, this.#coming] = [this.#coming, this.#round];
    }
    const changes = this.#round.take(max);
    this.#underWay.add(changes);
    this.#spare(changes);
    return changes;
  }

  /** Nobody knows what became of steps that were handed out: those that were to follow are planned anew. */
  planAgain(): void {
    for (const round of [this.#round, this.#coming]) {
      const left = round.take(round.count);
      for (const change of CHANGES) {
        for (const entry of left[change].entries) {
          entry.steps--;
          if (entry.steps === 0) this.#doubts.end(entry);
          this.#soil(entry);
          this.#settle(entry);
        }
      }
    }
  }

  /** The steps that `next` handed out were taken, but for those that failed. */
  taken(changes: LedgerChanges, failures: readonly KernelFailure[]): void {
    assert(this.#underWay.delete(changes), "steps are taken once, as they were handed out");
    const failed = new Map(failures.map((failure) => [`${failure.change} ${routeKey(failure.route)}`, failure]));
    for (const change of CHANGES) {
      const steps = changes[change];
      for (let i = 0; i < steps.length; i++) {
        const failure = failed.size === 0 ? undefined : failed.get(`${change} ${routeKey(steps.at(i)!)}`);
        this.#taken(steps.entries[i]!, change, steps.forms[i]!, failure);
      }
    }
  }

  #taken(entry: Entry, change: keyof KernelChanges, form: RouteForm, failure: KernelFailure | undefined): void {
    entry.steps--;
    entry.failure = failure;
    if (failure === undefined && !this.#doubts.has(entry, form)) {
      if (change === "remove") loseForm(entry, form);
      else {
        replaceForm(entry, form);
        if (entry.steps === 0) entry.unsure = false;
      }
    }
    this.#settle(entry);
    if (entry.steps > 0) return;
    const isLeft = this.#doubts.end(entry) && !entry.unsure; // to `mend`, or to what says more
    if (!isLeft && (entry.state === "pending" || entry.state === "stale")) this.#soil(entry);
    if (entry.again) this.#soil(entry);
    entry.again = false;
  }

  /** There may be something to do for a prefix. */
  #soil(entry: Entry): void {
    if (entry.isDirty) return;
    entry.isDirty = true;
    this.#dirty.push(entry);
  }

  #has(entry: Entry, have: RouteForm | undefined, others: readonly RouteForm[]): void {
    const was = entry.state;
    if (!sameForm(entry, entry.have, have)) entry.failure = undefined; // it was another matter that failed
    entry.have = have;
    entry.others = others;
    entry.unsure = false;
    this.#settle(entry);
    if (entry.state !== "pending" && entry.state !== "stale") return;
    if (was === "installed") this.repaired++;
    this.#soil(entry);
  }

  /** Puts what is to be done for a prefix into the round. What tables come and go by needs no plan. */
  #plan(entry: Entry): void {
    const { want, have, others } = entry;
    if (want === undefined) {
      if (this.#keepsStale) return;
      entry.unsure = false;
      for (const form of formsOf(entry)) this.#step("remove", entry, form);
    } else if (have === undefined) this.#step(entry.unsure ? "replace" : "add", entry, want);
    else if (others.length === 0 && metricOf(entry, want) === metricOf(entry, have)) {
      if (entry.unsure || !sameRoute(want, have)) this.#step("replace", entry, want); // added where it is gone
    } else {
      const routes = formsOf(entry).map((form) => routeOf(form, entry.family, prefixOfWords(entry)));
      const { add, replace, remove } = plan([routeOf(want, entry.family, prefixOfWords(entry))], routes);
      // Removals of IPv4 do not say which of two is meant: whatever is left is written over afterwards.
      const hasTwins = remove.some((route) => metricOf(entry, route) === metricOf(entry, want));
      const over = hasTwins ? [] : entry.unsure && add.length === 0 ? [want] : replace;
      entry.unsure ||= hasTwins;
      for (const route of add) this.#step("add", entry, route);
      for (const route of over) this.#step("replace", entry, route);
      for (const route of remove) this.#step("remove", entry, route);
    }
  }

  #step(change: keyof KernelChanges, entry: Entry, form: RouteForm): void {
    this.#coming.push(change, entry, form);
    entry.steps++;
  }

  #entryOf(prefix: PrefixWords): Entry {
    return this.#entries.get(prefix) ?? this.#addEntry(prefix);
  }

  #addEntry(prefix: PrefixWords): Entry {
    const entry = new Entry(prefix);
    this.#entries.add(entry);
    return entry;
  }

  /** The wanted form where the route is as wanted: the route itself need not be kept. */
  #formFor(entry: Entry, route: KernelRoute): RouteForm {
    const { want } = entry;
    return want !== undefined && sameForm(entry, want, route) ? want : route;
  }

  /** Counts a prefix by its present state; one of which there is nothing to say is forgotten. */
  #settle(entry: Entry): void {
    if (isDone(entry)) {
      entry.failure = undefined; // whoever did it
      entry.have = entry.want; // the same in other words, which need not be kept
    }
    if (entry.failure !== undefined) this.#failed.add(entry);
    else if (this.#failed.size > 0) this.#failed.delete(entry);
    const state = stateOf(entry);
    const isSpared = this.#isReading && entry.reading === -this.#reading; // an older word of it may be to come
    if (state === undefined && entry.steps === 0 && !isSpared) this.#entries.delete(entry);
    if (state === entry.state) return;
    if (entry.state !== undefined) this.#counts[entry.state]--;
    if (state !== undefined) this.#counts[state]++;
    entry.state = state;
  }

  #countLeftOut(why: string | undefined, by: number): void {
    if (why === undefined) return;
    const count = (this.#leftOut.get(why) ?? 0) + by;
    if (count > 0) this.#leftOut.set(why, count);
    else this.#leftOut.delete(why);
  }
}
