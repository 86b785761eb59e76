/** The kernel as `show kernel` and the metrics tell it. */

import type { KernelSettings } from "../../config/settings.ts";
import type { KernelFailure } from "../../kernel/port.ts";
import { formatRoute } from "../../kernel/route.ts";
import type { KernelRoute } from "../../kernel/route.ts";
import type { KernelFailureView, KernelView, MetricSample } from "../api.ts";
import type { Ledger } from "./ledger.ts";

/** Reasons and classes of failures that are named at most; the largest first. */
const NAMED_MAX = 50;
/** Routes of others that are looked at for one view: it is made in one turn of the event loop. */
const OTHERS_MAX = 20_000;

/** The view without a kernel. */
export const KERNEL_OFF: KernelView = {
  enabled: false, why: "kernel.enabled is false in the configuration", table: null, protocol: null,
  routes: { wanted: 0, installed: 0, pending: 0, failed: 0, stale: 0 }, learned: 0, repaired: 0, leftOut: [],
  overruled: [], failures: [], errors: {}, readAt: null, restarts: { write: 0, follow: 0 },
};

/** What a view is made of. */
export interface KernelFacts {
  readonly settings: KernelSettings;
  /** Why nothing is programmed; undefined where it is. */
  readonly why: string | undefined;
  readonly ledger: Ledger;
  readonly totals: ReadonlyMap<string, number>;
  /** Milliseconds since 1970. */
  readonly readAt: number | undefined;
  readonly learned: number;
  /** Routes of other owners, of all tables. */
  readonly others: Iterable<KernelRoute>;
  readonly restarts: KernelView["restarts"];
  /** The name of an interface. */
  nameOf(index: number): string;
}

/** The view of a kernel that is used. */
export function kernelView(facts: KernelFacts): KernelView {
  const { settings: { table, protocol }, why, ledger, totals, readAt, learned, restarts } = facts;
  return {
    enabled: true, why: why ?? null, table, protocol, ...kernelCounts(ledger, totals),
    learned, repaired: ledger.repaired,
    leftOut: largest([...ledger.leftOut].map(([reason, count]) => ({ reason, count }))),
    overruled: overruledRoutes(facts),
    failures: largest(classesOf(ledger.failures(), (index) => facts.nameOf(index))),
    readAt: readAt === undefined ? null : new Date(readAt).toISOString(), restarts,
  };
}

/** What a view counts, without a walk. */
export type KernelCounts = Pick<KernelView, "routes" | "errors">;

/** The counts of a ledger. */
export function kernelCounts(ledger: Ledger, totals: ReadonlyMap<string, number>): KernelCounts {
  const { installed, pending, failed, stale } = ledger.counts;
  return {
    routes: { wanted: installed + pending + failed, installed, pending, failed, stale },
    errors: Object.fromEntries(totals),
  };
}

/** The samples of these counts. */
export function* kernelSamples({ routes, errors }: KernelCounts): Generator<MetricSample> {
  for (const [state, value] of Object.entries(routes)) {
    yield { name: "reflectd_kernel_routes", labels: { state }, value };
  }
  for (const [errno, value] of Object.entries(errors)) {
    yield { name: "reflectd_kernel_errors_total", labels: { errno }, value };
  }
}

function overruledRoutes({ settings, ledger, others, nameOf }: KernelFacts): KernelView["overruled"] {
  const byProtocol = new Map<number, { count: number; readonly example: string }>();
  let looked = 0;
  for (const by of others) {
    if (++looked > OTHERS_MAX) break;
    const route = by.table === settings.table ? ledger.overruled(by) : undefined;
    if (route === undefined) continue;
    const known = byProtocol.get(by.protocol);
    if (known === undefined) byProtocol.set(by.protocol, { count: 1, example: formatRoute(route, nameOf) });
    else known.count++;
  }
  return largest([...byProtocol].map(([protocol, { count, example }]) => ({ protocol, count, example })));
}

/** What failed alike, with one of each as an example. */
function classesOf(failures: Iterable<KernelFailure>, nameOf: (index: number) => string): KernelFailureView[] {
  const classes = new Map<string, { count: number; readonly first: KernelFailure }>();
  for (const failure of failures) {
    const { change, name, text, route } = failure;
    const key = [change, name, text, route.family, route.type].join(" ");
    const known = classes.get(key);
    if (known === undefined) classes.set(key, { count: 1, first: failure });
    else known.count++;
  }
  return [...classes.values()].map(({ count, first: { change, name, text, route } }) =>
    ({ change, errno: name, text, count, example: formatRoute(route, nameOf) }));
}

function largest<T extends { readonly count: number }>(items: readonly T[]): readonly T[] {
  return [...items].sort((a, b) => b.count - a.count).slice(0, NAMED_MAX);
}
