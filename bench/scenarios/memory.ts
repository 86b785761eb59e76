/** What a session, a prefix, a path and an attribute set cost, by differences of loads on fresh daemons. */

import { setTimeout as sleep } from "node:timers/promises";
import type { RunningDaemon } from "../daemons/daemon.ts";
import type { Fleet } from "../generator/fleet.ts";
import { uniformLoad } from "../generator/uniform.ts";
import type { Load } from "../generator/load.ts";
import { scaled } from "./scale.ts";
import { WATCHED } from "./scenario.ts";
import type { Context, Scenario } from "./scenario.ts";

const SESSIONS = 1_000;
const PREFIXES = 500_000;
const CLIENTS = 4;
/** What a daemon has to tidy up after itself, at most. */
const AFTER_SECONDS = 60;
/** Daemons tidy up in steps that are seconds apart. */
const STEADY_SECONDS = 20;
const SETTLE_MILLISECONDS = 1_000;
const MIB = 2 ** 20;

/** Runs once: it takes minutes, and differences of medians say no more. */
export const MEMORY: Scenario = {
  name: "memory", title: "what things cost: 1,000 idle sessions; 500,000 prefixes, paths, attribute sets", mostRuns: 1,
  figures: [
    { id: "idleMiB", what: "resident, nobody connected", unit: "MiB", headline: true },
    { id: "perSessionKiB", what: "per idle session", unit: "KiB", headline: true },
    { id: "perPrefixOctets", what: "per prefix with one path, attributes shared", unit: "octets", headline: true },
    { id: "perPathOctets", what: "per further path of a prefix", unit: "octets", headline: true },
    { id: "perSetOctets", what: "per attribute set", unit: "octets", headline: true },
    { id: "afterMiB", what: "up to 60 s after everything was withdrawn", unit: "MiB", headline: true },
    ...WATCHED,
  ],
  wants: (scale) =>
    ({ family: "ipv4", addPath: false, reloads: false, joinsAtOnce: false,
      sessions: scaled(SESSIONS, scale.sessions, 10) }),
  run: measure,
};

async function measure(context: Context): Promise<void> {
  const { scale } = context;
  const sessions = scaled(SESSIONS, scale.sessions, 10);
  const each = scaled(PREFIXES, scale.prefixes, 1_000);
  const few = { family: "ipv4", addPath: false, sources: 1 } as const;

  context.measuring("perSessionKiB");
  const daemon = await context.start();
  await sleep(SETTLE_MILLISECONDS * scale.duration);
  const idle = daemon.memory().residentMiB;
  context.record("idleMiB", idle);
  await context.join(uniformLoad({ ...few, each: 1, perSet: 1 }), sessions, { exactReceivers: 0 });
  await sleep(SETTLE_MILLISECONDS * scale.duration);
  context.record("perSessionKiB", (daemon.memory().residentMiB - idle) * 1024 / sessions);

  context.measuring("perPrefixOctets");
  const base = await loaded(context, uniformLoad({ ...few, each: 1, perSet: 1 }));
  const shared = await loaded(context, uniformLoad({ ...few, each, perSet: each }));
  context.record("perPrefixOctets", (shared.residentMiB - base.residentMiB) * MIB / each);
  context.measuring("perPathOctets");
  const twice = await loaded(context, uniformLoad({ ...few, sources: 2, each, perSet: each, isShared: true }));
  context.record("perPathOctets", (twice.residentMiB - shared.residentMiB) * MIB / each);
  context.measuring("perSetOctets");
  const distinct = await loaded(context, uniformLoad({ ...few, each, perSet: 1 }));
  context.record("perSetOctets", (distinct.residentMiB - shared.residentMiB) * MIB / each);
  context.measuring("afterMiB");
  await distinct.fleet.withdraw();
  context.record("afterMiB", await settled(distinct.daemon, AFTER_SECONDS * scale.duration));
}

/** Resident memory when it has not fallen for a while, after so many seconds at the latest. */
async function settled(daemon: RunningDaemon, seconds: number): Promise<number> {
  let lowest = Infinity;
  let since = 0;
  for (let second = 0; second < seconds && since < STEADY_SECONDS; second++) {
    await sleep(1000);
    const { residentMiB } = daemon.memory();
    since = residentMiB < lowest - 1 ? 0 : since + 1;
    lowest = Math.min(lowest, residentMiB);
  }
  return daemon.memory().residentMiB;
}

/** A fresh daemon that holds a load. */
async function loaded(context: Context, load: Load): Promise<Loaded> {
  const daemon = await context.start();
  const fleet = await context.join(load, CLIENTS);
  await fleet.announce(1);
  await sleep(SETTLE_MILLISECONDS * context.scale.duration);
  return { daemon, fleet, residentMiB: daemon.memory().residentMiB };
}

interface Loaded {
  readonly daemon: RunningDaemon;
  readonly fleet: Fleet;
  readonly residentMiB: number;
}
