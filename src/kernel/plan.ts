/**
 * What is to change so that a kernel has what is wanted. Law: after the changes a second plan is empty. Law: while they
 * are applied, every address is forwarded as before or as after (tested over both, property by property).
 */

import { compareAddresses } from "../base/address.ts";
import { metricInKernel, routeKey, sameRoute } from "./route.ts";
import { countChanges } from "./port.ts";
import type { KernelChanges } from "./port.ts";
import type { KernelRoute } from "./route.ts";

/**
 * The changes from `have` to `want`. `have` is what a kernel has of ours: of our protocol number, in our tables, and
 * nothing else. Of two wanted routes of one key the first counts. Of two that a kernel has, which takes somebody's
 * hand, one stays and the others go; the laws are those of a kernel without such twins.
 */
export function plan(want: Iterable<KernelRoute>, have: Iterable<KernelRoute>): KernelChanges {
  const wanted = new Map<string, KernelRoute>();
  for (const route of want) {
    const key = routeKey(route);
    if (!wanted.has(key)) wanted.set(key, route);
  }
  const [replace, remove]: [KernelRoute[], KernelRoute[]] = [[], []];
  for (const [key, present] of byKey(have)) {
    const route = wanted.get(key);
    const kept = route === undefined ? undefined : present.find((one) => sameRoute(route, one)) ?? present[0];
    for (const one of present) if (one !== kept) remove.push(one);
    if (route === undefined || kept === undefined) continue;
    wanted.delete(key);
    if (!sameRoute(route, kept)) replace.push(route);
  }
  return { add: [...wanted.values()].sort(mostSpecificFirst), replace, remove: remove.sort(leastSpecificFirst) };
}

/** Whether there is nothing to do. */
export function isEmpty(changes: KernelChanges): boolean {
  return countChanges(changes) === 0;
}

/**
 * The order of additions: a route is there before those that it is an exception of. Of two of one prefix the one that
 * wins comes first.
 */
function mostSpecificFirst(a: KernelRoute, b: KernelRoute): number {
  return b.prefix.length - a.prefix.length || metricInKernel(a) - metricInKernel(b)
    || compareAddresses(a.prefix.address, b.prefix.address);
}

/** The order of removals: a route goes after those that it is an exception of. */
function leastSpecificFirst(a: KernelRoute, b: KernelRoute): number {
  return mostSpecificFirst(b, a);
}

function byKey(routes: Iterable<KernelRoute>): Map<string, readonly KernelRoute[]> {
  const found = new Map<string, readonly KernelRoute[]>();
  for (const route of routes) {
    const key = routeKey(route);
    const others = found.get(key);
    found.set(key, others === undefined ? [route] : [...others, route]);
  }
  return found;
}
