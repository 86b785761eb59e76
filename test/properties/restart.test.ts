/**
 * The table of fsm/restart.ts beside a model that knows no states: it remembers when each route was said and when
 * sessions came and went, and asks the clauses anew at every moment. Any history leaves both with the same routes.
 */

import fc from "fast-check";
import { expect, it } from "vitest";
import { FRESH, STALE_SECONDS, stepRestart } from "../../src/fsm/restart.ts";
import type { RestartAction, RestartEvent, RestartState, RestartTerms, RestartTimer } from "../../src/fsm/restart.ts";

/** No two sums of these and of whole seconds are equal, so nothing ever happens at one moment. */
const RESTART = 10.25;
const LONG = 53.625;

/** What happens to the family. */
type Happening =
  | { readonly what: "say" | "withdraw"; readonly route: string }
  | { readonly what: "endOfRib" }
  | { readonly what: "lose"; readonly final: boolean }
  | { readonly what: "back"; readonly forwarding: boolean; readonly longLivedForwarding: boolean }
  | { readonly what: "wait"; readonly seconds: number };

/** By prefix: whether it is long-lived stale. A route whose name begins with "no" carries NO_LLGR. */
type Routes = Record<string, boolean>;
const sorted = (routes: Iterable<readonly [string, boolean]>): Routes =>
  Object.fromEntries([...routes].sort(([a], [b]) => (a < b ? -1 : 1)));

/** The table with a driver and the plainest of RIBs. */
class Table {
  state: RestartState = FRESH;
  readonly routes = new Map<string, { stale: boolean; long: boolean }>();
  readonly #timers = new Map<RestartTimer, number>();
  #now = 0;

  on(event: RestartEvent): void {
    const { state, actions } = stepRestart(this.state, event);
    this.state = state;
    for (const action of actions) this.#do(action);
    if (state.name === "Fresh") expect([this.#timers.size, [...this.routes.values()].some(({ stale }) => stale)])
      .toEqual([0, false]);
  }

  wait(seconds: number): void {
    const end = this.#now + seconds;
    for (;;) {
      const [first] = [...this.#timers].sort(([, a], [, b]) => a - b);
      if (first === undefined || first[1] > end) break;
      this.#now = first[1];
      this.#timers.delete(first[0]);
      this.on({ name: `${first[0]}_Expires` });
    }
    this.#now = end;
  }

  #do(action: RestartAction): void {
    switch (action.do) {
      case "markStale": for (const route of this.routes.values()) route.stale = true; return;
      case "markLongLived":
        for (const [name, route] of this.routes) {
          if (route.stale && name.startsWith("no")) this.routes.delete(name);
          else if (route.stale) route.long = true;
        }
        return;
      case "dropStaleNow": return this.#drop(({ stale }) => stale);
      case "drop": return this.#drop(({ stale, long }) =>
        action.what === "all" || (action.what === "stale" ? stale : stale && long));
      case "arm": this.#timers.set(action.timer, this.#now + action.seconds); return;
      case "disarm": this.#timers.delete(action.timer);
    }
  }

  #drop(goes: (route: { stale: boolean; long: boolean }) => boolean): void {
    for (const [name, route] of this.routes) if (goes(route)) this.routes.delete(name);
  }
}

/** The clauses, asked second by second of what is remembered. */
class Model {
  readonly terms: RestartTerms;
  /** The session that a route was said in. */
  readonly routes = new Map<string, { session: number; long: boolean }>();
  session = 1;
  up = true;
  now = 0;
  /** When the session was lost; when it came back first since the last End-of-RIB. */
  lostAt = 0;
  backAt: number | undefined;
  /** When the Long-Lived Stale Time began; whether it was over before End-of-RIB. */
  longAt: number | undefined;
  longOver = false;

  constructor(terms: RestartTerms) {
    this.terms = terms;
  }

  isStale({ session }: { readonly session: number }): boolean {
    return !this.up || session !== this.session;
  }

  drop(goes: (route: { session: number; long: boolean }) => boolean): void {
    for (const [name, route] of this.routes) if (goes(route)) this.routes.delete(name);
  }

  /** End-of-RIB, or what counts as one: from now on nothing is remembered of sessions before. */
  synchronise(): void {
    this.drop((route) => this.isStale(route));
    this.backAt = undefined;
    this.longAt = undefined;
    this.longOver = false;
  }

  lose(final: boolean): void {
    const kept = this.terms.restartSeconds + this.terms.longLivedSeconds > 0;
    if (final || !kept || this.longOver) {
      this.drop(() => true);
      this.up = false;
      return this.synchronise();
    }
    const second = this.backAt !== undefined;
    const keepsSecond = this.terms.longLivedSeconds > 0 || this.terms.notification;
    if (second && !keepsSecond) this.drop((route) => route.session !== this.session); // RFC 4724 §4.2
    // RFC 8538: the bound on stale routes goes on; RFC 9494 has its own.
    if (!this.terms.notification || this.terms.longLivedSeconds > 0) this.backAt = undefined;
    this.up = false;
    this.lostAt = this.now;
    this.wait(0); // a Restart Time of 0
  }

  back(forwarding: boolean, longLivedForwarding: boolean): void {
    const wasLong = this.isOutlived();
    this.up = true;
    this.session++;
    if (this.routes.size === 0 && !this.waits) return;
    if (!(wasLong ? longLivedForwarding : forwarding)) return this.synchronise();
    this.backAt ??= this.now;
  }

  /** Whether anything was awaited of the neighbour when it came back, routes or not. */
  waits = false;

  isOutlived(): boolean {
    return !this.up && this.now >= this.lostAt + this.terms.restartSeconds;
  }

  wait(seconds: number): void {
    const end = this.now + seconds;
    for (;;) {
      const next = this.#next(end);
      if (next === undefined) break;
      this.now = Math.max(this.now, next.at);
      next.happens();
    }
    this.now = end;
  }

  #outlived = -1;

  /** What the clauses let happen next, up to `end`. */
  #next(end: number): { at: number; happens: () => void } | undefined {
    const found: { at: number; happens: () => void }[] = [];
    const { restartSeconds, longLivedSeconds } = this.terms;
    if (!this.up && this.waits && this.#outlived !== this.session) {
      found.push({ at: this.lostAt + restartSeconds, happens: () => this.#outlive() });
    }
    if (this.longAt !== undefined && !this.longOver) {
      found.push({ at: this.longAt + longLivedSeconds, happens: () => this.#longTimeOver() });
    }
    if (this.backAt !== undefined) {
      found.push({ at: this.backAt + STALE_SECONDS, happens: () => this.#staleTimeOver() });
    }
    return found.filter(({ at }) => at <= end).sort((a, b) => a.at - b.at)[0];
  }

  #outlive(): void {
    this.#outlived = this.session;
    const mayLive = this.terms.longLivedSeconds > 0 && !this.longOver;
    if (!mayLive) return this.#forget();
    this.longAt ??= this.now;
    for (const [name, route] of this.routes) {
      if (name.startsWith("no")) this.routes.delete(name);
      else route.long = true;
    }
  }

  #longTimeOver(): void {
    this.longOver = true;
    if (!this.up && this.#outlived === this.session) return this.#forget();
    this.drop((route) => this.isStale(route) && (this.up || route.long));
  }

  #staleTimeOver(): void {
    if (this.up) {
      this.synchronise();
      this.waits = false;
    } else this.#forget();
  }

  #forget(): void {
    this.drop(() => true);
    this.synchronise();
    this.waits = false;
  }
}

const route = fc.constantFrom("a", "b", "c", "no-x");
const happenings: fc.Arbitrary<Happening> = fc.oneof(
  { weight: 4, arbitrary: fc.record({
    what: fc.constantFrom("say" as const, "say" as const, "withdraw" as const), route }) },
  { weight: 2, arbitrary: fc.record({ what: fc.constant("endOfRib" as const) }) },
  { weight: 3, arbitrary: fc.record({
    what: fc.constant("lose" as const), final: fc.constantFrom(false, false, true) }) },
  { weight: 4, arbitrary: fc.record({ what: fc.constant("back" as const),
    forwarding: fc.constantFrom(true, true, false), longLivedForwarding: fc.constantFrom(true, true, false) }) },
  { weight: 3, arbitrary: fc.record({ what: fc.constant("wait" as const),
    seconds: fc.constantFrom(1, 2, 5, 9, 11, 30, 60, 200, 400) }) },
);

const back: Happening = { what: "back", forwarding: true, longLivedForwarding: true };
const wait = (seconds: number): Happening => ({ what: "wait", seconds });
/** Beginnings from which rare places are near. */
const beginnings = fc.constantFrom<readonly Happening[]>([], [], [
  { what: "say", route: "a" }, { what: "lose", final: false }, wait(11), back, { what: "say", route: "b" }, wait(45),
  { what: "lose", final: false }, wait(1),
]);

/** One happening to both; what cannot happen now is passed over. Answers whether it happened. */
function play(happening: Happening, table: Table, model: Model): boolean {
  const { up } = model;
  switch (happening.what) {
    case "say":
      if (!up) return false;
      table.routes.set(happening.route, { stale: false, long: false });
      model.routes.set(happening.route, { session: model.session, long: false });
      return true;
    case "withdraw":
      if (!up) return false;
      table.routes.delete(happening.route);
      model.routes.delete(happening.route);
      return true;
    case "endOfRib":
      if (!up) return false;
      table.on({ name: "EndOfRib" });
      model.synchronise();
      model.waits = false;
      return true;
    case "lose":
      if (!up) return false;
      lose(happening.final, table, model);
      return true;
    case "back": {
      if (up) return false;
      const { forwarding, longLivedForwarding } = happening;
      table.on({ name: "Back", forwarding, longLivedForwarding });
      model.back(forwarding, longLivedForwarding);
      if (model.backAt === undefined) model.waits = false;
      return true;
    }
    case "wait":
      table.wait(happening.seconds);
      model.wait(happening.seconds);
      return true;
  }
}

function lose(final: boolean, table: Table, model: Model): void {
  const { terms, longOver } = model;
  const kept = terms.restartSeconds + terms.longLivedSeconds > 0;
  table.on({ name: "Lost", terms: final || !kept ? undefined : terms });
  model.waits = !final && kept && !longOver;
  model.lose(final);
}

it("keeps what the clauses keep, in any history", () => {
  const reached = new Set<string>();
  for (const restartSeconds of [0, RESTART]) {
    for (const longLivedSeconds of [0, LONG]) {
      for (const notification of [false, true]) {
        const terms: RestartTerms = { restartSeconds, longLivedSeconds, notification };
        fc.assert(fc.property(beginnings, fc.array(happenings, { maxLength: 40 }), (beginning, history) => {
          const [table, model] = [new Table(), new Model(terms)];
          for (const happening of [...beginning, ...history]) {
            if (!play(happening, table, model)) continue;
            const is = sorted([...table.routes].map(([name, { long }]) => [name, long] as const));
            expect(is).toEqual(sorted([...model.routes].map(([name, { long }]) => [name, long] as const)));
            const { state } = table;
            reached.add(state.name + ("longLived" in state ? ` ${state.longLived}` : ""));
            if ("again" in state && state.again) reached.add("again");
            if (Object.values(is).includes(true)) reached.add("long-lived routes");
          }
        }), { numRuns: 300 });
      }
    }
  }
  expect([...reached].sort()).toEqual(["Fresh", "LongLived", "Restarting over", "Restarting running",
    "Restarting unused", "Returned over", "Returned running", "Returned unused", "again", "long-lived routes"]);
});
