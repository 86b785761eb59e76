/**
 * What is wanted of the kernel and what it has of ours, prefix by prefix, and the steps from one to the other. Rules: a
 * kernel is believed when it was read and when it says what it did; steps are taken in rounds, each of which adds the
 * most specific first and removes the least specific first (kernel/port.ts), so that no packet falls in between.
 */

import { assert } from "../../base/assert.ts";
import { formatPrefix } from "../../base/prefix.ts";
import { plan } from "../../kernel/plan.ts";
import type { KernelChanges, KernelFailure } from "../../kernel/port.ts";
import { metricInKernel, sameRoute } from "../../kernel/route.ts";
import type { KernelRoute } from "../../kernel/route.ts";

/** How it stands with a prefix. */
export type RouteState = "installed" | "pending" | "failed" | "stale" | "left out";

interface Entry {
  readonly key: string;
  want: KernelRoute | undefined;
  /** Why nothing is wanted although there is a best path. */
  leftOut: string | undefined;
  /** Ours in the kernel: one, but for somebody's hand and for a metric that changes. */
  have: readonly KernelRoute[];
  /** The kernel may have dropped `have` without a word. */
  unsure: boolean;
  failure: KernelFailure | undefined;
  state: RouteState | undefined;
  /** Of the last reading that found `have`. */
  reading: number;
  /** Steps in the round or on their way to the kernel: until they are over it is not forgotten, and not planned. */
  steps: number;
  /** There may be something to do once they are over. */
  again: boolean;
}

/** One change of an entry's route. */
interface Step {
  readonly entry: Entry;
  readonly route: KernelRoute;
}

type Steps = Readonly<Record<keyof KernelChanges, Step[]>>;

const NONE: readonly KernelRoute[] = [];
const CHANGES = ["add", "replace", "remove"] as const;
/** Lengths of prefixes: 0 to 128. */
const LENGTHS = 129;

/** The ledger of one table. */
export class Ledger {
  readonly #entries = new Map<string, Entry>();
  /** Prefixes for which there may be something to do. */
  readonly #dirty = new Set<Entry>();
  readonly #failed = new Set<Entry>();
  readonly #counts: Record<RouteState, number> = { installed: 0, pending: 0, failed: 0, stale: 0, "left out": 0 };
  readonly #leftOut = new Map<string, number>();
  /** The round: additions and removals by length, replacements. */
  readonly #add: Step[][] = lists();
  readonly #remove: Step[][] = lists();
  readonly #replace: Step[] = [];
  #inRound = 0;
  #isMade = false;
  /** Steps on their way to the kernel, by what was handed out for them. */
  readonly #underWay = new Map<KernelChanges, Steps>();
  #keepsStale = true;
  #reading = 0;
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
    return this.#inRound > 0 || this.#dirty.size > 0;
  }

  /** What failed, as it failed last. */
  * failures(): Generator<KernelFailure> {
    for (const { failure } of this.#failed) if (failure !== undefined) yield failure;
  }

  /** What is wanted for a prefix from now on: a route; or none, and why, if there is a best path. True: it is news. */
  want(prefix: string, route: KernelRoute | undefined, leftOut: string | undefined): boolean {
    const known = this.#entries.get(prefix);
    if (known === undefined && route === undefined && leftOut === undefined) return false;
    const entry = known ?? this.#entryOf(prefix);
    if (sameWant(entry.want, route) && entry.leftOut === leftOut) return false;
    this.#countLeftOut(entry.leftOut, -1);
    this.#countLeftOut(leftOut, 1);
    entry.want = route;
    entry.leftOut = leftOut;
    entry.failure = undefined;
    this.#dirty.add(entry);
    this.#settle(entry);
    return true;
  }

  /** Nothing is wanted any more, and what is there goes. */
  wantNothing(): void {
    for (const { key } of [...this.#entries.values()]) this.want(key, undefined, undefined);
    this.dropStale();
  }

  /** From now on what nobody wants is removed; until then it stays, as it may be wanted soon. */
  dropStale(): void {
    this.#keepsStale = false;
    for (const entry of this.#entries.values()) if (entry.state === "stale") this.#dirty.add(entry);
  }

  /** The kernel is about to be read. */
  beginReading(): void {
    this.#reading++;
  }

  /** The kernel was read, and this route of ours is there. */
  found(route: KernelRoute): void {
    const entry = this.#entryOf(formatPrefix(route.prefix));
    if (entry.reading === this.#reading) {
      this.#has(entry, [...entry.have, route]);
      return;
    }
    entry.reading = this.#reading;
    this.#has(entry, [route]);
  }

  /** The kernel was read to its end: what was not found is not there. */
  endReading(): void {
    for (const entry of this.#entries.values()) {
      if (entry.reading !== this.#reading) this.#has(entry, NONE);
    }
  }

  /**
   * The kernel says that a route of ours is there, or gone; ours may be the hand that did it. Answers the prefix where
   * it is now other than wanted: what was heard may be older than what was done since, so `mend` comes later.
   */
  heard(route: KernelRoute, gone: boolean): string | undefined {
    const key = formatPrefix(route.prefix);
    const known = this.#entries.get(key);
    if (known === undefined && gone) return undefined;
    const entry = known ?? this.#entryOf(key);
    const others = withoutKeyOf(entry.have, route);
    entry.have = gone ? others : [...others, route];
    entry.unsure = false;
    this.#settle(entry);
    return entry.state === "pending" || entry.state === "stale" ? key : undefined;
  }

  /** Another owner's route is there: one of ours that had its key is gone, and nothing else says so. As `heard`. */
  displaced(by: KernelRoute): string | undefined {
    const entry = this.#entries.get(formatPrefix(by.prefix));
    const metric = metricInKernel(by);
    const isDisplaced = entry?.have.some((route) => metricInKernel(route) === metric) === true;
    return isDisplaced ? this.heard(by, true) : undefined;
  }

  /** Takes up a prefix that `heard` named, where it is still other than wanted. */
  mend(prefix: string): void {
    const entry = this.#entries.get(prefix);
    if (entry === undefined || entry.steps > 0 || this.#dirty.has(entry)) return;
    if (entry.state !== "pending" && !(entry.state === "stale" && !this.#keepsStale)) return;
    this.repaired++;
    this.#dirty.add(entry);
  }

  /** A link went down: IPv4 routes over it are gone, and no message says so. */
  linkLost(interfaceIndex: number): void {
    for (const entry of this.#entries.values()) {
      const isLost = entry.have.some(({ family, nextHops }) => family === "ipv4-unicast"
        && nextHops.some((hop) => hop.interfaceIndex === interfaceIndex));
      if (!isLost) continue;
      entry.unsure = true;
      this.#dirty.add(entry);
      this.#settle(entry);
    }
  }

  /** Tries up to `max` of what failed again. Answers how many. */
  retry(max: number): number {
    const some = [...this.#failed].slice(0, max);
    for (const entry of some) {
      this.#failed.delete(entry); // others are the first the next time
      this.#failed.add(entry);
      this.#dirty.add(entry);
    }
    return some.length;
  }

  /** Looks at up to `budget` prefixes for the round that is being made; true: it is made, and `next` has its steps. */
  makeRound(budget: number): boolean {
    let left = budget;
    if (!this.#isMade) {
      for (const entry of this.#dirty) {
        if (left-- <= 0) return false;
        this.#dirty.delete(entry);
        if (entry.steps > 0) entry.again = true;
        else this.#plan(entry);
      }
      this.#isMade = true;
    }
    return true;
  }

  /** Takes the next steps of the round, `max` at most; undefined where it has no more. */
  next(max: number): KernelChanges | undefined {
    if (this.#inRound === 0) {
      this.#isMade = false;
      return undefined;
    }
    const steps: Steps = { add: [], replace: [], remove: [] };
    let left = max;
    for (let length = LENGTHS - 1; length >= 0; length--) left -= take(this.#add[length]!, steps.add, left);
    left -= take(this.#replace, steps.replace, left);
    for (let length = 0; length < LENGTHS; length++) left -= take(this.#remove[length]!, steps.remove, left);
    this.#inRound -= max - left;
    const changes = { add: steps.add.map(routeOf), replace: steps.replace.map(routeOf),
      remove: steps.remove.map(routeOf) };
    this.#underWay.set(changes, steps);
    return changes;
  }

  /** The steps that `next` handed out were taken, but for those that failed. */
  taken(changes: KernelChanges, failures: readonly KernelFailure[]): void {
    const steps = this.#underWay.get(changes);
    assert(steps !== undefined, "steps are taken once, as they were handed out");
    this.#underWay.delete(changes);
    const failed = new Map(failures.map((failure) => [failure.route, failure]));
    for (const change of CHANGES) {
      for (const { entry, route } of steps[change]) this.#taken(entry, change, route, failed.get(route));
    }
  }

  #taken(entry: Entry, change: keyof KernelChanges, route: KernelRoute, failure: KernelFailure | undefined): void {
    entry.steps--;
    entry.failure = failure;
    if (failure === undefined) {
      const others = withoutKeyOf(entry.have, route);
      entry.have = change === "remove" ? others : [...others, route];
      entry.unsure = false;
    }
    this.#settle(entry);
    if (entry.steps > 0) return;
    if (entry.again || entry.state === "pending" || entry.state === "stale") this.#dirty.add(entry);
    entry.again = false;
  }

  #has(entry: Entry, routes: readonly KernelRoute[]): void {
    const was = entry.state;
    entry.have = routes;
    entry.unsure = false;
    this.#settle(entry);
    if (entry.state !== "pending" && entry.state !== "stale") return;
    if (was === "installed") this.repaired++;
    this.#dirty.add(entry);
  }

  /** Puts what is to be done for a prefix into the round. */
  #plan(entry: Entry): void {
    const { want, have } = entry;
    if (want === undefined && this.#keepsStale) return;
    if (want !== undefined && have.length === 0) return this.#step(this.#add[want.prefix.length]!, entry, want);
    const { add, replace, remove } = plan(want === undefined ? [] : [want], have);
    for (const route of add) this.#step(this.#add[route.prefix.length]!, entry, route);
    for (const route of replace) this.#step(this.#replace, entry, route);
    for (const route of remove) this.#step(this.#remove[route.prefix.length]!, entry, route);
    const isUnsureOf = want !== undefined && entry.unsure && add.length + replace.length === 0;
    if (isUnsureOf) this.#step(this.#replace, entry, want); // it is added where it is gone
  }

  #step(list: Step[], entry: Entry, route: KernelRoute): void {
    list.push({ entry, route });
    entry.steps++;
    this.#inRound++;
  }

  #entryOf(key: string): Entry {
    let entry = this.#entries.get(key);
    if (entry === undefined) {
      entry = { key, want: undefined, leftOut: undefined, have: NONE, unsure: false, failure: undefined,
        state: undefined, reading: 0, steps: 0, again: false };
      this.#entries.set(key, entry);
    }
    return entry;
  }

  /** Counts a prefix by its present state; one of which there is nothing to say is forgotten. */
  #settle(entry: Entry): void {
    if (isDone(entry)) entry.failure = undefined; // whoever did it
    if (entry.failure === undefined) this.#failed.delete(entry);
    else this.#failed.add(entry);
    const state = stateOf(entry);
    if (state === undefined && entry.steps === 0) this.#entries.delete(entry.key);
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

function stateOf(entry: Entry): RouteState | undefined {
  if (entry.failure !== undefined) return "failed";
  if (entry.want !== undefined) return isDone(entry) ? "installed" : "pending";
  if (entry.have.length > 0) return "stale";
  return entry.leftOut === undefined ? undefined : "left out";
}

/** Whether the kernel has what is wanted, and nothing else of ours. */
function isDone({ want, have, unsure }: Entry): boolean {
  if (want === undefined) return have.length === 0;
  return !unsure && have.length === 1 && sameWant(want, have[0]);
}

/** As `sameRoute`, and of the same key. */
function sameWant(a: KernelRoute | undefined, b: KernelRoute | undefined): boolean {
  if (a === undefined || b === undefined) return a === b;
  return metricInKernel(a) === metricInKernel(b) && sameRoute(a, b);
}

function withoutKeyOf(routes: readonly KernelRoute[], route: KernelRoute): readonly KernelRoute[] {
  if (routes.length === 0) return NONE;
  const metric = metricInKernel(route);
  return routes.filter((other) => metricInKernel(other) !== metric);
}

function lists(): Step[][] {
  return Array.from({ length: LENGTHS }, () => []);
}

function routeOf({ route }: Step): KernelRoute {
  return route;
}

/** Moves up to `max` from the end of one list to another; answers how many. */
function take(from: Step[], to: Step[], max: number): number {
  const count = Math.min(from.length, max);
  for (let left = count; left > 0; left--) to.push(from.pop()!);
  return count;
}
