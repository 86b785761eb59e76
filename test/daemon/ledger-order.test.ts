/**
 * The ledger between two processes: what the kernel answers and what happens in it come by different ways, each in its
 * own order, as late as it likes. In the end the kernel has what is wanted and the ledger knows, without another
 * reading: changed by whatever hand, in whatever order that is told.
 */

import fc from "fast-check";
import { expect, it } from "vitest";
import { formatPrefix } from "../../src/base/prefix.ts";
import { wordsOf } from "../../src/daemon/kernel/by-prefix.ts";
import { Ledger } from "../../src/daemon/kernel/ledger.ts";
import type { LedgerChanges } from "../../src/daemon/kernel/ledger.ts";
import { Mending } from "../../src/daemon/kernel/mending.ts";
import { Timers } from "../../src/daemon/kernel/timers.ts";
import { CHANGES } from "../../src/kernel/port.ts";
import type { KernelFailure } from "../../src/kernel/port.ts";
import { formatRoute } from "../../src/kernel/route.ts";
import type { KernelRoute } from "../../src/kernel/route.ts";
import { ESRCH } from "../../src/kernel/rtnetlink/errno.ts";
import { KernelState } from "../../src/kernel/state.ts";
import type { StateEvent } from "../../src/kernel/state.ts";
import { linkAddress, route } from "../support/kernel/build.ts";
import { LinuxTables } from "../support/kernel/linux-tables.ts";

const [OURS, THEIRS, VA, VB] = [12, 4, 2, 3];

/** A kernel with a ledger, and what is on its way between them. */
class Lab {
  readonly tables: LinuxTables = new LinuxTables();
  readonly ledger: Ledger = new Ledger();
  readonly want: Map<string, KernelRoute> = new Map();
  readonly #state = new KernelState();
  readonly #timers: (() => void)[] = [];
  readonly #mending = new Mending(this.ledger, new Timers((_, run) => {
    this.#timers.push(run);
    return () => undefined;
  }), () => undefined);
  readonly #handed: LedgerChanges[] = [];
  readonly #answers: { readonly changes: LedgerChanges; readonly failures: KernelFailure[] }[] = [];
  readonly #events: StateEvent[] = [];

  constructor() {
    for (const [index, network] of [[VA, "10.9.0"], [VB, "10.8.0"]] as const) {
      this.setLink(index, true);
      this.tables.addAddress(linkAddress(index, `${network}.1/24`));
    }
    this.tables.onEvent = (event) => {
      if (event.event !== "lost") this.#events.push(event);
    };
    this.ledger.dropStale();
  }

  setLink(index: number, up: boolean): void {
    this.tables.setLink({ index, name: `v${index}`, up, running: up, loopback: false });
  }

  wish(one: KernelRoute, isWanted: boolean): void {
    const prefix = formatPrefix(one.prefix);
    if (isWanted) this.want.set(prefix, one);
    else this.want.delete(prefix);
    this.ledger.want(wordsOf(one.family, one.prefix), this.want.get(prefix), undefined);
  }

  handOut(): void {
    this.ledger.makeRound(9);
    const changes = this.ledger.next(2);
    if (changes !== undefined) this.#handed.push(changes);
  }

  apply(): void {
    const changes = this.#handed.shift();
    if (changes === undefined) return;
    const failures = CHANGES.flatMap((change) => [...changes[change]].flatMap((one): KernelFailure[] => {
      const errno = this.tables.change(change, one);
      const isFine = errno === 0 || (change === "remove" && errno === ESRCH);
      return isFine ? [] : [{ change, route: one, errno, name: `E${errno}`, text: "" }];
    }));
    this.#answers.push({ changes, failures });
  }

  answer(): void {
    for (const { changes, failures } of this.#answers.splice(0, 1)) this.ledger.taken(changes, failures);
  }

  /** As the kernel's owner takes events. */
  hear(): void {
    const event = this.#events.shift();
    if (event === undefined) return;
    if (event.event === "route" || event.event === "routeGone") {
      const isGone = event.event === "routeGone";
      const isOurs = event.route.protocol === OURS;
      if (isOurs) this.#mending.suspect(this.ledger.heard(event.route, isGone));
      else if (!isGone) this.#mending.suspect(this.ledger.displaced(event.route));
    }
    this.#state.apply(event);
    const lost = this.#state.lostLink(event);
    if (lost !== undefined) this.ledger.linkLost(lost);
  }

  mend(): void {
    for (const run of this.#timers.splice(0)) run();
  }

  /** All that is on its way arrives. */
  rest(): void {
    for (let turns = 0; turns < 60; turns++) {
      this.handOut();
      this.apply();
      while (this.#events.length > 0) this.hear();
      this.answer();
      this.mend();
    }
  }

  /** Others let go of what they hold. */
  letGo(): void {
    this.setLink(VB, true);
    for (const one of [...this.tables.routes]) if (one.protocol === THEIRS) this.tables.change("remove", one);
  }
}

type Doing = (lab: Lab, one: KernelRoute) => void;
const DOING: Readonly<Record<string, Doing>> = {
  want: (lab, one) => lab.wish(one, true), unwant: (lab, one) => lab.wish(one, false),
  "hand out": (lab) => lab.handOut(), apply: (lab) => lab.apply(), answer: (lab) => lab.answer(),
  hear: (lab) => lab.hear(), mend: (lab) => lab.mend(),
  remove: (lab, one) => void lab.tables.change("remove", one),
  forge: (lab, one) => void lab.tables.change("replace", one),
  "take the place": (lab, one) => void lab.tables.change("replace", { ...one, protocol: THEIRS }),
  "link down": (lab) => lab.setLink(VB, false), "let go": (lab) => lab.letGo(),
};
const WAYS = [{ via: "10.9.0.2", dev: VA }, { via: "10.8.0.2", dev: VB }] as const;
const aStep = fc.record({
  do: fc.constantFrom(...Object.keys(DOING)), prefix: fc.constantFrom("10.1.0.0/26", "10.1.0.64/26"),
  way: fc.constantFrom(...WAYS), metric: fc.constantFrom(0, 5),
});

function textOf(routes: Iterable<KernelRoute>): string[] {
  return [...routes].map((one) => formatRoute(one, String)).sort();
}

it("comes to what is wanted without a reading, in whatever order answers and events come", () => {
  fc.assert(fc.property(fc.array(aStep, { maxLength: 40 }), (steps) => {
    const lab = new Lab();
    for (const { do: what, prefix, way, metric } of steps) DOING[what]!(lab, route(prefix, way, { metric }));
    lab.rest();
    lab.letGo();
    for (let tries = 0; tries < 2; tries++) {
      lab.rest();
      lab.ledger.retry(100);
    }
    lab.rest();
    expect(textOf(lab.tables.routes.filter(({ protocol }) => protocol === OURS))).toEqual(textOf(lab.want.values()));
    expect(lab.ledger.counts)
      .toEqual({ installed: lab.want.size, pending: 0, failed: 0, stale: 0, "left out": 0 });
  }), { numRuns: 300 });
});

it.each([
  ["is removed", "remove"], ["is changed", "forge"], ["goes with its link", "link down"],
] as const)("mends what %s before it is known that it was added", (_, doing) => {
  const lab = new Lab();
  const wanted = route("10.1.0.0/26", WAYS[1]);
  lab.wish(wanted, true);
  lab.handOut();
  lab.apply();
  DOING[doing]!(lab, route("10.1.0.0/26", WAYS[0]));
  if (doing === "link down") lab.setLink(VB, true);
  for (let i = 0; i < 4; i++) lab.hear();
  lab.answer();
  expect(lab.ledger.counts).toMatchObject({ installed: 0, pending: 1 });
  lab.rest();
  expect(textOf(lab.tables.routes.filter(({ protocol }) => protocol === OURS))).toEqual(textOf([wanted]));
  expect(lab.ledger.counts).toMatchObject({ installed: 1, pending: 0 });
});
