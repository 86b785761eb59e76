/** Growth curves: the same load, larger and larger. */

import { CONVERGE } from "./phases.ts";
import type { Scenario } from "./scenario.ts";
import { staged } from "./staged.ts";

const ROUTES = [250_000, 500_000, 1_000_000, 2_000_000] as const;
const SESSIONS = [500, 1_000, 2_000, 4_000, 8_000] as const;
const CLIENTS = 10;
const HEADLINES = ["convergeMs", "residentMiB"] as const;

const inWords = (count: number): string => count.toLocaleString("en");

/** The point before: who did not get there does not get any further. */
const after = (sweep: string, at: number | undefined): { readonly needs?: string } =>
  (at === undefined ? {} : { needs: `${sweep}-${at}` });

/** The points of all curves. */
export const GROWTH: readonly Scenario[] = [
  ...ROUTES.map((routes, i) => staged({
    name: `routes-${routes}`, ...after("routes", ROUTES[i - 1]),
    title: `${inWords(routes)} routes from 10 clients, all to all`, mostRuns: 3,
    sweep: { name: "routes", title: "10 clients, 5 prefixes per attribute set, more and more routes", axis: "routes",
      at: routes },
    shape: { sessions: CLIENTS, sources: CLIENTS, each: routes / CLIENTS, perSet: 5 },
    phases: [CONVERGE], headlines: HEADLINES,
  })),
  ...SESSIONS.map((sessions, i) => staged({
    name: `sessions-${sessions}`, ...after("sessions", SESSIONS[i - 1]),
    title: `${inWords(sessions)} clients, 5 prefixes each, all to all`, mostRuns: 3,
    sweep: { name: "sessions", title: "5 prefixes each, more and more clients", axis: "sessions", at: sessions },
    shape: { sessions, sources: sessions, each: 5, perSet: 5 }, phases: [CONVERGE], headlines: HEADLINES,
  })),
];
