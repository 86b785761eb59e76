/**
 * The ledger beside other hands, without a single reading: what the kernel says, what it answers and what is wanted
 * arrive in any order, each by itself in its own, and in the end it has what is wanted.
 */

import fc from "fast-check";
import { expect, it } from "vitest";
import { formatPrefix } from "../../src/base/prefix.ts";
import { wordsOf } from "../../src/daemon/kernel/by-prefix.ts";
import { Ledger } from "../../src/daemon/kernel/ledger.ts";
import type { LedgerChanges, Suspect } from "../../src/daemon/kernel/ledger.ts";
import { CHANGES } from "../../src/kernel/port.ts";
import type { KernelEvent, KernelFailure } from "../../src/kernel/port.ts";
import { formatRoute, metricInKernel, routeKey } from "../../src/kernel/route.ts";
import type { KernelRoute } from "../../src/kernel/route.ts";
import { linkAddress, route } from "../support/kernel/build.ts";
import { LinuxTables } from "../support/kernel/linux-tables.ts";

const OURS = 12;
const PREFIXES = ["10.1.0.0/26", "10.1.0.5/32"] as const;
const HANDS = ["add", "replace", "remove", "append"] as const;
const aRoute = (...protocols: readonly number[]): fc.Arbitrary<KernelRoute> => fc.record({
  prefix: fc.constantFrom(...PREFIXES), way: fc.constantFrom("10.9.0.2", "10.9.0.3", undefined),
  metric: fc.constantFrom(0, 5), protocol: fc.constantFrom(...protocols),
}).map(({ prefix, way, ...more }) => route(prefix, way === undefined ? [] : { via: way, dev: 2 }, more));
const aStep = fc.oneof(
  { weight: 3, arbitrary: fc.record({ does: fc.constant("hand" as const), hand: fc.constantFrom(...HANDS),
    route: aRoute(OURS, OURS, OURS, 4) }) },
  { weight: 2, arbitrary: fc.record({ does: fc.constantFrom("want" as const, "unwant" as const),
    route: aRoute(OURS) }) },
  { weight: 6, arbitrary: fc.record({ does: fc.constantFrom("send" as const, "answer" as const, "hear" as const,
    "mend" as const) }) },
);
type Step = typeof aStep extends fc.Arbitrary<infer T> ? T : never;

/** A ledger, a kernel, and what is on its way between them. */
class Scene {
  readonly ledger = new Ledger();
  readonly tables = new LinuxTables();
  readonly want = new Map<string, KernelRoute>();
  twins = 0;
  readonly #events: KernelEvent[] = [];
  readonly #answers: { readonly changes: LedgerChanges; readonly failures: readonly KernelFailure[] }[] = [];
  readonly #suspects = new Set<Suspect>();

  constructor() {
    this.ledger.dropStale();
    this.tables.setLink({ index: 2, name: "va", up: true, running: true, loopback: false });
    this.tables.addAddress(linkAddress(2, "10.9.0.1/24"));
    this.tables.onEvent = (event) => void this.#events.push(event);
  }

  take(step: Step): void {
    switch (step.does) {
      case "hand": return this.#lay(step.hand, step.route);
      case "want": case "unwant": {
        const form = step.does === "want" ? step.route : undefined;
        if (form === undefined) this.want.delete(formatPrefix(step.route.prefix));
        else this.want.set(formatPrefix(step.route.prefix), form);
        return void this.ledger.want(wordsOf(step.route.family, step.route.prefix), form, undefined);
      }
      case "send": return this.#send();
      case "answer": return this.#answer();
      case "hear": return this.#hear();
      case "mend": return this.#mend();
    }
  }

  /** Everything arrives. */
  rest(): void {
    for (let turns = 0; this.ledger.isBusy || this.#answers.length + this.#events.length + this.#suspects.size > 0;) {
      if (++turns > 500) throw new Error("it does not come to rest");
      this.#send();
      this.#answer();
      while (this.#events.length > 0) this.#hear();
      this.#mend();
    }
  }

  /**
   * What takes a scan is not done: another owner's before ours at one key, and what asks which of ours is the first.
   */
  #lay(hand: typeof HANDS[number], one: KernelRoute): void {
    const ofKey = this.tables.routes.filter((other) => routeKey(other) === routeKey(one));
    const isOthersFirst = ofKey[0] !== undefined && ofKey[0].protocol !== OURS && one.protocol === OURS;
    if (isOthersFirst || (hand === "replace" && ofKey.length > 1)) return;
    if (hand !== "append") this.tables.change(hand, one);
    else if (this.tables.putBeside(hand, one) === 0) this.twins++;
  }

  #send(): void {
    if (!this.ledger.makeRound(1) || this.#answers.length > 1) return;
    const changes = this.ledger.next(1);
    if (changes === undefined) return;
    const failures = CHANGES.flatMap((change) => [...changes[change]].flatMap((one): KernelFailure[] => {
      const errno = this.tables.change(change, one);
      const isFine = errno === 0 || (change === "remove" && errno === 3);
      return isFine ? [] : [{ change, route: one, errno, name: `E${errno}`, text: "" }];
    }));
    this.#answers.push({ changes, failures });
  }

  #answer(): void {
    const answer = this.#answers.shift();
    if (answer !== undefined) this.ledger.taken(answer.changes, answer.failures);
  }

  /** As the owner does. */
  #hear(): void {
    const event = this.#events.shift();
    if (event?.event !== "route" && event?.event !== "routeGone") return;
    const isGone = event.event === "routeGone";
    const beside = !isGone && event.beside === true;
    const suspect = event.route.protocol === OURS ? this.ledger.heard(event.route, isGone, beside)
      : isGone || beside ? undefined : this.ledger.displaced(event.route);
    if (suspect !== undefined) this.#suspects.add(suspect);
  }

  #mend(): void {
    for (const suspect of this.#suspects) this.ledger.mend(suspect);
    this.#suspects.clear();
  }
}

it("comes to what is wanted by what it hears alone", () => {
  let twins = 0;
  fc.assert(fc.property(fc.array(aStep, { maxLength: 40 }), (steps) => {
    const scene = new Scene();
    for (const step of steps) scene.take(step);
    scene.rest();
    scene.ledger.retry(10);
    scene.rest();
    twins += scene.twins;
    const text = (one: KernelRoute): string => formatRoute(one, String);
    for (const prefix of PREFIXES) {
      const there = scene.tables.routes.filter((one) => formatPrefix(one.prefix) === prefix);
      const want = scene.want.get(prefix);
      const isBlocked = there.some((one) => one.protocol !== OURS && want !== undefined
        && one.metric === metricInKernel(want));
      const ours = there.filter(({ protocol }) => protocol === OURS).map(text);
      if (isBlocked) expect(ours.filter((one) => one !== text(want!))).toEqual([]);
      else expect(ours).toEqual(want === undefined ? [] : [text(want)]);
    }
  }), { numRuns: 1000 });
  expect(twins).toBeGreaterThan(200);
});
