/**
 * In which order cells run. Rule: every round goes through all scenarios, and through the daemons from another one on
 * each time, so that a machine that drifts hits all alike.
 */

import { isOurs } from "./results.ts";
import type { DaemonName } from "./results.ts";

/** One daemon, one scenario, one run. */
export interface Turn<S> {
  readonly scenario: S;
  readonly daemon: DaemonName;
  /** 1.. */
  readonly run: number;
}

/** Runs of a daemon where neither the command line nor the scenario says otherwise. */
export function usualRuns(daemon: DaemonName): number {
  return isOurs(daemon) ? 5 : 2;
}

/** All turns in order; `runsOf` says how often a daemon runs in a scenario. */
export function schedule<S>(scenarios: readonly S[], daemons: readonly DaemonName[],
  runsOf: (scenario: S, daemon: DaemonName) => number): Turn<S>[] {
  const rounds = Math.max(0, ...scenarios.flatMap((scenario) => daemons.map((daemon) => runsOf(scenario, daemon))));
  const turns: Turn<S>[] = [];
  for (let round = 0; round < rounds; round++) {
    scenarios.forEach((scenario, position) => {
      for (const daemon of rotated(daemons, round + position)) {
        // Runs of those that have fewer are spread over the rounds, the first in the first.
        const before = Math.ceil(round * runsOf(scenario, daemon) / rounds);
        const run = Math.ceil((round + 1) * runsOf(scenario, daemon) / rounds);
        if (run > before) turns.push({ scenario, daemon, run });
      }
    });
  }
  return turns;
}

function rotated<T>(items: readonly T[], by: number): T[] {
  return items.map((_, i) => items[(i + by) % items.length]!);
}
