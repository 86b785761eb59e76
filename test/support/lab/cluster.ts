/** What a set of routers must show together: the sentences that the interop tests are made of. */

import { expect } from "vitest";
import { dissect } from "./capture.ts";
import type { Capture } from "./capture.ts";
import type { Lab, LabNode } from "./lab.ts";
import { LAB_AS, familyOf } from "./router.ts";
import type { Announcement, InteropRoute, Router } from "./router.ts";
import { waitFor } from "./waiting.ts";

/** The routes of the Nth router: an IPv4 block of a Calico node and an IPv6 one, where it speaks that family. */
export function blockOf(router: Router, number: number): Announcement[] {
  const attributes = { localPref: 200 + number, med: 7 + number, communities: [`${LAB_AS}:${100 + number}`],
    largeCommunities: [`${LAB_AS}:1:${number}`] };
  const prefixes = [`10.65.${number}.64/26`, `fd65:0:0:${number + 1}::/64`];
  return prefixes.filter((prefix) => speaks(router, prefix)).map((prefix) => ({ prefix, ...attributes }));
}

/** bird6 is named so and speaks IPv6 only, "bird1…" IPv4 only; all others speak both. */
export function speaks(router: Router, prefix: string): boolean {
  if (router.name.startsWith("bird6")) return familyOf(prefix) === "ipv6";
  if (router.name.startsWith("bird1")) return familyOf(prefix) === "ipv4";
  return true;
}

/** Those announcements as a client must see them behind reflectors that prepended `clusterList`. */
export function expected(source: Router, routes: readonly Announcement[], clusterList: readonly string[]):
  Partial<InteropRoute>[] {
  return routes.map((route) => ({
    prefix: route.prefix,
    nextHop: familyOf(route.prefix) === "ipv6" ? source.node.v6 : source.node.v4,
    ...(route.localPref === undefined ? {} : { localPref: route.localPref }),
    ...(route.med === undefined ? {} : { med: route.med }),
    communities: route.communities ?? [],
    largeCommunities: route.largeCommunities ?? [],
    originatorId: source.routerId,
    clusterList,
    asPath: [],
  }));
}

/** Waits until every session of every router is up. */
export async function allEstablished(lab: Lab, routers: readonly Router[], timeoutMs: number = 30_000): Promise<void> {
  for (const router of routers) {
    await waitFor(lab, `${router.name}: all Established`, () => router.sessions(),
      (sessions) => sessions.length > 0 && sessions.every((session) => session.established), timeoutMs);
  }
}

/** Waits until every router holds each of these routes exactly so (keys not given may be anything). */
export async function hasEverywhere(lab: Lab, routers: readonly Router[], wanted: readonly Partial<InteropRoute>[],
  timeoutMs: number = 15_000): Promise<void> {
  for (const router of routers) {
    const mine = wanted.filter((route) => speaks(router, route.prefix ?? ""));
    await waitFor(lab, `${router.name} to hold ${JSON.stringify(mine)}`, () => router.routes(),
      (routes) => mine.every((one) => routes.some((route) => matches(route, one))), timeoutMs);
  }
}

/** Waits until no router holds any path of these prefixes by BGP. */
export async function lacksEverywhere(lab: Lab, routers: readonly Router[], prefixes: readonly string[],
  timeoutMs: number = 15_000): Promise<void> {
  for (const router of routers) {
    await waitFor(lab, `${router.name} to hold none of ${prefixes.join(", ")}`,
      async () => (await router.routes()).filter((route) => prefixes.includes(route.prefix)),
      (routes) => routes.length === 0, timeoutMs);
  }
}

/** Ends the capture: tshark faults nothing that the node sent, and there were at least so many messages to judge. */
export async function expectSoundBytes(pcap: Capture, node: LabNode,
  atLeast: { readonly opens: number; readonly updates: number }): Promise<void> {
  await pcap.finish();
  const { messages, findings } = await dissect(pcap.file, [node.v4, node.v6]);
  expect(findings).toEqual([]);
  expect(messages[1], "OPEN messages").toBeGreaterThanOrEqual(atLeast.opens);
  expect(messages[2], "UPDATE messages").toBeGreaterThanOrEqual(atLeast.updates);
}

/** True when the route has every value that is wanted. */
export function matches(route: InteropRoute, wanted: Partial<InteropRoute>): boolean {
  return Object.entries(wanted).every(([key, value]) =>
    JSON.stringify(route[key as keyof InteropRoute]) === JSON.stringify(value));
}
