/** The ledger: whatever is wanted, heard and missed, in the end the kernel has what is wanted. */

import fc from "fast-check";
import { expect, it } from "vitest";
import { Ledger } from "../../src/daemon/kernel/ledger.ts";
import type { LedgerChanges } from "../../src/daemon/kernel/ledger.ts";
import { formatPrefix } from "../../src/base/prefix.ts";
import { wordsOf } from "../../src/daemon/kernel/by-prefix.ts";
import type { PrefixWords } from "../../src/daemon/kernel/by-prefix.ts";
import { CHANGES } from "../../src/kernel/port.ts";
import type { KernelChanges, KernelFailure, RouteList } from "../../src/kernel/port.ts";
import { routeKey, sameRoute } from "../../src/kernel/route.ts";
import type { KernelRoute } from "../../src/kernel/route.ts";
import { route } from "../support/kernel/build.ts";

const PREFIXES = ["10.1.0.0/26", "10.1.0.5/32", "10.0.0.0/8"] as const;
const aRoute = fc.record({
  prefix: fc.constantFrom(...PREFIXES), gateway: fc.constantFrom("10.9.0.2", "10.9.0.3"), metric: fc.constantFrom(0, 5),
  dev: fc.constantFrom(2, 3),
}).map(({ prefix, gateway, metric, dev }) => route(prefix, { via: gateway, dev }, { metric }));

const PLAIN = route(PREFIXES[0]);

function words(prefix: string): PrefixWords {
  const { family, prefix: parsed } = route(prefix);
  return wordsOf(family, parsed);
}

/** A kernel of a few lines. */
class Kernel {
  readonly routes = new Map<string, KernelRoute>();

  apply(changes: KernelChanges<RouteList>, refuses: (one: KernelRoute) => boolean): KernelFailure[] {
    const failures: KernelFailure[] = [];
    for (const change of CHANGES) {
      for (const one of changes[change]) {
        const isThere = this.routes.has(routeKey(one));
        const errno = refuses(one) ? 1 : change === "add" && isThere ? 17 : 0;
        if (errno !== 0) failures.push({ route: one, change, errno, name: `E${errno}`, text: "" });
        else if (change === "remove") this.routes.delete(routeKey(one));
        else this.routes.set(routeKey(one), one);
      }
    }
    return failures;
  }
}

function rest(ledger: Ledger, kernel: Kernel, refuses: (one: KernelRoute) => boolean = () => false, atOnce = 2): void {
  for (let turns = 0; ledger.isBusy; turns++) {
    if (turns > 200) throw new Error("it does not come to rest");
    if (!ledger.makeRound(2)) continue;
    const changes = ledger.next(atOnce);
    if (changes !== undefined) ledger.taken(changes, kernel.apply(changes, refuses));
  }
}

function read(ledger: Ledger, kernel: Kernel): void {
  ledger.beginReading();
  for (const one of kernel.routes.values()) ledger.found(one);
  ledger.endReading();
}

const DONE = ["want", "unwant", "forge", "remove", "hear", "hearGone", "rest", "down"] as const;
/** Resting and a link that goes down have no use for the route. */
const aStep = fc.record({ do: fc.constantFrom(...DONE), route: aRoute });

it("comes to what is wanted, whoever did what in between", () => {
  fc.assert(fc.property(fc.array(aStep, { maxLength: 40 }), (steps) => {
    const [ledger, kernel] = [new Ledger(), new Kernel()];
    const want = new Map<string, KernelRoute>();
    ledger.dropStale();
    for (const step of steps) {
      if (step.do === "rest") rest(ledger, kernel);
      else if (step.do === "down") {
        for (const [key, one] of kernel.routes) if (one.nextHops[0]!.interfaceIndex === 3) kernel.routes.delete(key);
        ledger.linkLost(3);
      } else {
        const prefix = formatPrefix(step.route.prefix);
        if (step.do === "want") want.set(prefix, step.route);
        if (step.do === "unwant") want.delete(prefix);
        if (step.do === "want" || step.do === "unwant") ledger.want(words(prefix), want.get(prefix), undefined);
        if (step.do === "forge") kernel.routes.set(routeKey(step.route), step.route);
        if (step.do === "remove") kernel.routes.delete(routeKey(step.route));
        if (step.do === "hear") ledger.heard(step.route, false);
        if (step.do === "hearGone") ledger.heard(step.route, true);
      }
    }
    rest(ledger, kernel);
    for (let scans = 0; scans < 2; scans++) {
      read(ledger, kernel);
      ledger.retry(100);
      rest(ledger, kernel);
    }
    expect([...kernel.routes.values()].every((one) => sameRoute(one, want.get(formatPrefix(one.prefix))!))).toBe(true);
    expect(kernel.routes.size).toBe(want.size);
    expect(ledger.counts).toEqual({ installed: want.size, pending: 0, failed: 0, stale: 0, "left out": 0 });
    expect([...ledger.failures()]).toEqual([]);
  }));
});

/** What may happen while a kernel is read: routes are told in order, and heard later. */
const AROUND_A_READING = ["want", "unwant", "hand out", "apply", "say so", "tell", "hear"] as const;

it("is not misled by a reading during which it changed what is read", () => {
  const aTurn = fc.record({ do: fc.constantFrom(...AROUND_A_READING), route: aRoute });
  const some = fc.array(aTurn, { minLength: 30, maxLength: 60 });
  fc.assert(fc.property(fc.array(aRoute, { maxLength: 3 }), some, (first, turns) => {
    const [ledger, kernel] = [new Ledger(), new Kernel()];
    const want = new Map<string, KernelRoute>();
    const wish = (one: KernelRoute, isWanted: boolean): void => {
      const prefix = formatPrefix(one.prefix);
      if (isWanted) want.set(prefix, one);
      else want.delete(prefix);
      ledger.want(words(prefix), want.get(prefix), undefined);
    };
    ledger.dropStale();
    for (const one of first) wish(one, true);
    rest(ledger, kernel);
    const handed: LedgerChanges[] = [];
    const applied: { readonly changes: LedgerChanges; readonly failures: KernelFailure[] }[] = [];
    /** Prefixes that are to be told, and routes that were. */
    const toTell = [...PREFIXES] as string[];
    const told: KernelRoute[] = [];
    const doing: Readonly<Record<typeof AROUND_A_READING[number], (one: KernelRoute) => void>> = {
      want: (one) => wish(one, true), unwant: (one) => wish(one, false),
      "hand out": () => {
        ledger.makeRound(9);
        const changes = ledger.next(2);
        if (changes !== undefined) handed.push(changes);
      },
      apply: () => {
        const changes = handed.shift();
        if (changes !== undefined) applied.push({ changes, failures: kernel.apply(changes, () => false) });
      },
      "say so": () => { for (const { changes, failures } of applied.splice(0, 1)) ledger.taken(changes, failures); },
      tell: () => {
        const prefix = toTell.shift();
        told.push(...[...kernel.routes.values()].filter((one) => formatPrefix(one.prefix) === prefix));
      },
      hear: () => { for (const one of told.splice(0, 1)) ledger.found(one); },
    };
    ledger.beginReading();
    for (const turn of turns) doing[turn.do](turn.route);
    while (toTell.length > 0) doing.tell(PLAIN);
    while (told.length > 0) doing.hear(PLAIN);
    ledger.endReading();
    while (handed.length > 0) doing.apply(PLAIN);
    while (applied.length > 0) doing["say so"](PLAIN);
    rest(ledger, kernel);
    expect([...kernel.routes.values()].map((one) => sameRoute(one, want.get(formatPrefix(one.prefix))!)))
      .toEqual([...want].map(() => true));
    expect([ledger.counts.installed, ledger.counts.failed, ledger.repaired]).toEqual([want.size, 0, 0]);
  }));
});

it("does not believe in a route that was told of before it was removed, while the kernel is read", () => {
  const [ledger, kernel] = [new Ledger(), new Kernel()];
  ledger.dropStale();
  ledger.want(words(PREFIXES[0]), PLAIN, undefined);
  rest(ledger, kernel);
  ledger.beginReading();
  ledger.want(words(PREFIXES[0]), undefined, undefined);
  rest(ledger, kernel);
  ledger.found(PLAIN);
  ledger.want(words(PREFIXES[0]), PLAIN, undefined);
  rest(ledger, kernel);
  ledger.endReading();
  expect([kernel.routes.size, ledger.counts.installed]).toEqual([1, 1]);
});

it("adds again what a reading does not find, also where it was said to be gone before", () => {
  const [ledger, kernel] = [new Ledger(), new Kernel()];
  ledger.want(words(PREFIXES[0]), route(PREFIXES[0]), undefined);
  rest(ledger, kernel);
  ledger.heard(route(PREFIXES[0]), true);
  kernel.routes.clear();
  read(ledger, kernel);
  rest(ledger, kernel);
  expect([kernel.routes.size, ledger.counts.installed]).toEqual([1, 1]);
});

it("mends at once what failed because the kernel had something else than was known", () => {
  const [ledger, kernel] = [new Ledger(), new Kernel()];
  ledger.want(words(PREFIXES[0]), route(PREFIXES[0]), undefined);
  const forged = route(PREFIXES[0], "10.9.0.3");
  kernel.routes.set(routeKey(forged), forged);
  rest(ledger, kernel);
  expect(ledger.counts.failed).toBe(1);
  read(ledger, kernel);
  rest(ledger, kernel);
  expect([kernel.routes.get(routeKey(forged))!.type, ledger.counts.installed, ledger.counts.failed])
    .toEqual(["blackhole", 1, 0]);
});

it("adds the most specific first and removes the least specific first, over all steps of a round", () => {
  const [ledger, kernel] = [new Ledger(), new Kernel()];
  ledger.dropStale();
  const order: string[] = [];
  const see = (changes: KernelChanges<RouteList>): void => {
    for (const change of CHANGES) {
      for (const { prefix } of changes[change]) order.push(`${change} /${prefix.length}`);
    }
  };
  const turn = (): void => {
    while (ledger.isBusy) {
      if (!ledger.makeRound(1)) continue;
      const changes = ledger.next(1);
      if (changes === undefined) continue;
      see(changes);
      ledger.taken(changes, kernel.apply(changes, () => false));
    }
  };
  for (const prefix of PREFIXES) ledger.want(words(prefix), route(prefix), undefined);
  turn();
  for (const prefix of PREFIXES) ledger.want(words(prefix), undefined, undefined);
  turn();
  expect(order).toEqual(["add /32", "add /26", "add /8", "remove /8", "remove /26", "remove /32"]);
});

it("keeps that order over steps that were lost", () => {
  const [ledger, kernel] = [new Ledger(), new Kernel()];
  for (const prefix of PREFIXES) ledger.want(words(prefix), route(prefix), undefined);
  expect(ledger.makeRound(3)).toBe(true);
  const lost = ledger.next(1)!;
  expect(lost.add.at(0)!.prefix.length).toBe(32);
  ledger.planAgain();
  ledger.taken(lost, []);
  read(ledger, kernel);
  expect(ledger.makeRound(10)).toBe(true);
  const rest = ledger.next(10)!;
  expect([...rest.add].map(({ prefix }) => prefix.length)).toEqual([32, 26, 8]);
  ledger.taken(rest, kernel.apply(rest, () => false));
  expect([ledger.isBusy, ledger.counts.installed, kernel.routes.size]).toEqual([false, 3, 3]);
});

it("keeps what nobody wants until it is told not to, and names what is left out", () => {
  const [ledger, kernel] = [new Ledger(), new Kernel()];
  for (const prefix of PREFIXES) kernel.apply({ add: [route(prefix)], replace: [], remove: [] }, () => false);
  read(ledger, kernel);
  ledger.want(words(PREFIXES[0]), route(PREFIXES[0]), undefined);
  ledger.want(words("10.7.0.0/24"), undefined, "no way");
  ledger.want(words("10.8.0.0/24"), undefined, "no way");
  rest(ledger, kernel);
  expect([kernel.routes.size, ledger.counts]).toEqual(
    [3, { installed: 1, pending: 0, failed: 0, stale: 2, "left out": 2 }]);
  expect([...ledger.leftOut]).toEqual([["no way", 2]]);
  ledger.dropStale();
  ledger.want(words("10.8.0.0/24"), undefined, undefined);
  rest(ledger, kernel);
  expect([kernel.routes.size, ledger.counts.stale, [...ledger.leftOut]]).toEqual([1, 0, [["no way", 1]]]);
});

it("tries what failed again, others first the next time", () => {
  const [ledger, kernel] = [new Ledger(), new Kernel()];
  const routes = Array.from({ length: 10 }, (_, i) => route(`10.1.${i}.0/24`, { via: "10.9.0.2", dev: 2 }));
  for (const one of routes) ledger.want(words(formatPrefix(one.prefix)), one, undefined);
  const tried: string[] = [];
  const refuse = (one: KernelRoute): boolean => {
    tried.push(formatPrefix(one.prefix));
    return true;
  };
  rest(ledger, kernel, refuse);
  expect([ledger.counts.failed, [...ledger.failures()].length]).toEqual([10, 10]);
  tried.length = 0;
  for (let i = 0; i < 3; i++) {
    ledger.retry(4);
    rest(ledger, kernel, refuse);
    expect(tried.length).toBe(4 * (i + 1));
  }
  expect(new Set(tried).size).toBe(10);
  ledger.retry(100);
  rest(ledger, kernel);
  expect(ledger.counts).toMatchObject({ installed: 10, failed: 0 });
});
