/** Steps on their way: what they tell a kernel is what plain routes would. */

import fc from "fast-check";
import { expect, it } from "vitest";
import { wordsOf } from "../../src/daemon/kernel/by-prefix.ts";
import type { PrefixWords } from "../../src/daemon/kernel/by-prefix.ts";
import { Round, Steps } from "../../src/daemon/kernel/steps.ts";
import { applyJob } from "../../src/kernel/child/jobs.ts";
import { CHANGES } from "../../src/kernel/port.ts";
import type { KernelChanges, RouteList } from "../../src/kernel/port.ts";
import { route } from "../support/kernel/build.ts";

const ROUTES = ["10.1.0.0/26", "10.1.0.64/26", "10.1.0.128/26", "10.1.1.0/24", "0.0.0.0/0", "2001:db8::/64",
  "2001:db8:1::/64"].map((prefix) => route(prefix));
/** Two ways, one of them with a metric. */
const FORMS = [route("10.0.0.0/8", { via: "10.9.0.2", dev: 2 }), route("10.0.0.0/8", { via: "10.9.0.3", dev: 2 },
  { metric: 7, table: 300 })];

function requests(changes: KernelChanges<RouteList>, messagesMax: number): Uint8Array[] {
  const job = applyJob(changes, () => undefined);
  const all: Uint8Array[] = [];
  for (let next = job.next(1, messagesMax); next !== undefined; next = job.next(next.last + 1, messagesMax)) {
    all.push(next.octets);
  }
  return all;
}

it("are the same messages as a list of routes, though most are copied from the one before", () => {
  const step = fc.record({ change: fc.constantFrom(...CHANGES), at: fc.nat(ROUTES.length - 1), form: fc.nat(1) });
  fc.assert(fc.property(fc.array(step, { maxLength: 30 }), fc.integer({ min: 1, max: 9 }), (some, messagesMax) => {
    const steps = { add: new Steps<PrefixWords>(), replace: new Steps<PrefixWords>(),
      remove: new Steps<PrefixWords>() };
    for (const { change, at, form } of some) {
      const { family, prefix } = ROUTES[at]!;
      steps[change].push(wordsOf(family, prefix), FORMS[form]!);
    }
    const plain = { add: [...steps.add], replace: [...steps.replace], remove: [...steps.remove] };
    expect(requests(steps, messagesMax)).toEqual(requests(plain, messagesMax));
  }));
});

it("of a round are all handed out, the most specific first", () => {
  const round = new Round<PrefixWords>();
  for (const { family, prefix } of ROUTES) round.push("add", wordsOf(family, prefix), FORMS[0]!);
  const lengths = [...round.take(4).add, ...round.take(9).add].map(({ prefix }) => prefix.length);
  expect(lengths).toEqual([64, 64, 26, 26, 26, 24, 0]);
  expect(round.count).toBe(0);
});
