/** Phases that many scenarios share. Times run from the first octet sent to the last octet needed by anybody. */

import { setTimeout as sleep } from "node:timers/promises";
import type { Timing } from "../generator/stopwatch.ts";
import { median } from "../report/statistics.ts";
import { NotSupported } from "./scenario.ts";
import type { Context } from "./scenario.ts";
import type { Phase } from "./staged.ts";

/** Everybody announces for the first time: a daemon that has just come up, code that nobody has run yet. */
export const CONVERGE: Phase = {
  rows: [
    { id: "idleMiB", what: "resident with all sessions up", unit: "MiB" },
    { id: "convergeMs", what: "first announcement to everybody", unit: "ms" },
    { id: "cpuMs", what: "CPU of the daemon meanwhile", unit: "ms" },
    { id: "residentMiB", what: "resident when everybody has everything", unit: "MiB" },
    { id: "highestMiB", what: "highest resident until then", unit: "MiB" },
  ],
  async run({ context, daemon, fleet, nextVersion, timed }) {
    context.record("idleMiB", daemon.memory().residentMiB);
    const cpuSeconds = daemon.cpuSeconds();
    await timed("convergeMs", () => fleet.announce(nextVersion()));
    context.record("cpuMs", (daemon.cpuSeconds() - cpuSeconds) * 1000);
    const { residentMiB, highestMiB } = daemon.memory();
    context.record("residentMiB", residentMiB);
    context.record("highestMiB", highestMiB);
  },
};

/** The same where other figures matter. */
export const LOADED: Phase = {
  rows: [],
  async run({ context, fleet, nextVersion }) {
    context.measuring("loading");
    await fleet.announce(nextVersion());
  },
};

/** Who needs longer for a round is not asked for another: noise is no matter there. */
const ROUND_SECONDS = 8;

/**
 * Several timings of one figure, recorded as one: the median, and the generator's share at its highest. One that times
 * out is known to be longer than its own time, not than that of all.
 */
export async function rounds(context: Context, figure: string, count: number, round: () => Promise<Timing>,
  roundSeconds: number = ROUND_SECONDS): Promise<void> {
  const timings: Timing[] = [];
  while (timings.length < count) {
    context.measuring(figure);
    timings.push(await round());
    if (timings.at(-1)!.milliseconds > roundSeconds * context.scale.duration * 1000) break;
  }
  context.record(figure, median(timings.map(({ milliseconds }) => milliseconds)),
    Math.max(...timings.map(({ generatorShare }) => generatorShare)));
}

const ROUNDS = 3;

/** Everybody announces everything with other attributes, a few times. */
export const AGAIN: Phase = {
  rows: [{ id: "againMs", what: "every route changed, to everybody", unit: "ms" }],
  async run({ context, fleet, nextVersion }) {
    await rounds(context, "againMs", ROUNDS, () => fleet.announce(nextVersion()));
  },
};

/** The first source withdraws all it has. */
export const WITHDRAW: Phase = {
  rows: [{ id: "withdrawMs", what: "a feed withdrawn, gone everywhere", unit: "ms" }],
  async run({ fleet, timed }) {
    await timed("withdrawMs", () => fleet.withdraw([0]));
  },
};

/** The first source announces all again, then its connection closes. */
export const CLOSE_FEED: Phase = {
  rows: [{ id: "closeMs", what: "a feed's session closed, its routes gone everywhere", unit: "ms" }],
  async run({ context, fleet, nextVersion, timed }) {
    context.measuring("announcing again");
    await fleet.announce(nextVersion(), [0]);
    await timed("closeMs", () => fleet.leave([0]));
  },
};

const EMPTY_SECONDS = 10;

/** Everything is withdrawn for good: the memory that does not come back. */
export const EMPTIED: Phase = {
  rows: [{ id: "afterMiB", what: `resident ${EMPTY_SECONDS} s after everything was withdrawn`, unit: "MiB" }],
  async run({ context, daemon, fleet }) {
    context.measuring("afterMiB");
    await fleet.withdraw();
    await sleep(EMPTY_SECONDS * context.scale.duration * 1000);
    context.record("afterMiB", daemon.memory().residentMiB);
  },
};

const JOINS = 3;
/** After what comes and goes, before memory is compared. */
export const SETTLE_MILLISECONDS = 2_000;

/** The last client leaves and comes back, a few times. */
export const JOIN: Phase = {
  rows: [
    { id: "joinMs", what: "one client connects, until it has the whole table", unit: "ms" },
    { id: "joinGrowthMiB", what: "resident after the joins, more than before", unit: "MiB" },
  ],
  async run({ context, daemon, fleet }) {
    const last = fleet.clients.length - 1;
    const before = daemon.memory().residentMiB;
    await rounds(context, "joinMs", JOINS, async () => {
      await fleet.leave([last]);
      return fleet.join([last]);
    });
    await sleep(SETTLE_MILLISECONDS * context.scale.duration);
    context.record("joinGrowthMiB", daemon.memory().residentMiB - before);
  },
};

/** All clients but the source are cut off and dial at once. */
export const STORM: Phase = {
  joinsAtOnce: true,
  rows: [
    { id: "stormMs", what: "all clients reconnect at once, until all have the table", unit: "ms" },
    { id: "stormGrowthMiB", what: "resident after the storm, more than before", unit: "MiB" },
  ],
  async run({ context, daemon, fleet, timed }) {
    const before = daemon.memory().residentMiB;
    const receivers = fleet.clients.map(({ index }) => index).filter((index) => index > 0);
    await fleet.leave(receivers);
    await sleep(SETTLE_MILLISECONDS * context.scale.duration);
    await timed("stormMs", () => fleet.join(receivers, receivers.length));
    await sleep(SETTLE_MILLISECONDS * context.scale.duration);
    context.record("stormGrowthMiB", daemon.memory().residentMiB - before);
  },
};

/** A policy rejects all routes, another accepts them again; everybody is told. */
export const RELOAD: Phase = {
  reloads: true,
  rows: [
    { id: "rejectMs", what: "policy reload that rejects all, until all is withdrawn", unit: "ms" },
    { id: "acceptMs", what: "policy reload that accepts all, until all is back", unit: "ms" },
  ],
  async run({ daemon, fleet, timed }) {
    if (daemon.reloadPolicy === undefined) throw new NotSupported("it has no policies");
    const reload = (rejects: boolean): Promise<Timing> => fleet.policy(rejects, () => daemon.reloadPolicy!(rejects));
    await timed("rejectMs", () => reload(true));
    await timed("acceptMs", () => reload(false));
  },
};
