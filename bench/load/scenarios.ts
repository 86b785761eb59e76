/** The loads, one row each. Rule: a scenario starts its daemon, measures, and leaves nothing behind. */

import { setTimeout as sleep } from "node:timers/promises";
import { Daemon } from "./daemon.ts";
import type { DaemonOptions } from "./daemon.ts";
import { Fleet } from "./fleet.ts";
import type { FleetOptions } from "./fleet.ts";
import { announce, withdraw } from "./wire.ts";
import type { Announcement, Family } from "./wire.ts";

/** Figures of one run by name; milliseconds and MiB. */
export type Figures = Record<string, number>;

export interface Scenario {
  readonly name: string;
  readonly what: string;
  readonly runs: number;
  readonly run: (options: Omit<DaemonOptions, "limit">) => Promise<Figures>;
}

const EXACT = 16;

interface Spread {
  readonly sessions: number;
  /** Speakers that announce, from the first on. */
  readonly sources: number;
  readonly each: number;
  readonly perSet: number;
  readonly family: Family;
  readonly addPath: boolean;
}

export const SCENARIOS: readonly Scenario[] = [
  row("thousand", "1,000 sessions of a range, ADD-PATH both, 10 prefixes each, all to all", 3,
    { sessions: 1_000, sources: 1_000, each: 10, perSet: 10, family: "ipv4", addPath: true }),
  row("million", "10 sessions, 100,000 prefixes each, 5 per attribute set, all to all", 3,
    { sessions: 10, sources: 10, each: 100_000, perSet: 5, family: "ipv4", addPath: false }),
  row("million6", "the same in IPv6", 3,
    { sessions: 10, sources: 10, each: 100_000, perSet: 5, family: "ipv6", addPath: false }),
  row("fanout", "one feed of 100,000 /26 to 1,000 clients", 3,
    { sessions: 1_001, sources: 1, each: 100_000, perSet: 100_000, family: "ipv4", addPath: false }),
  row("hundred", "100 sessions, 100 prefixes each, all to all", 3,
    { sessions: 100, sources: 100, each: 100, perSet: 100, family: "ipv4", addPath: false }),
  row("four-thousand", "4,000 sessions, 5 prefixes each, all to all", 3,
    { sessions: 4_000, sources: 4_000, each: 5, perSet: 5, family: "ipv4", addPath: false }),
  {
    name: "stopped", what: "one of 100 clients stops reading while a feed of 100,000 changes ten times", runs: 1,
    run: stopped,
  },
  { name: "memory", what: "a million routes come and go twice", runs: 1, run: memory },
  { name: "join", what: "a client joins a table of a million routes", runs: 1, run: join },
  { name: "flap", what: "one route changes 300 times in front of 1,000 clients", runs: 1, run: flap },
];

function row(name: string, what: string, runs: number, spread: Spread): Scenario {
  return { name, what, runs, run: (options) => convergence(options, spread) };
}

async function withFleet(options: Omit<DaemonOptions, "limit">, fleetOptions: FleetOptions,
  run: (daemon: Daemon, fleet: Fleet) => Promise<Figures>): Promise<Figures> {
  const daemon = await Daemon.start({ ...options, limit: 5_000 });
  const fleet = new Fleet(daemon, fleetOptions);
  try {
    await fleet.join();
    return await run(daemon, fleet);
  } finally {
    fleet.close();
    await daemon.stop();
  }
}

function fleetFor({ sessions, sources, each, family, addPath }: Spread, exact: number = EXACT): FleetOptions {
  return { sessions, family, addPath, prefixes: sources * each, exact };
}

function routesOf({ each, perSet, family, addPath }: Spread, index: number, version: number): Announcement {
  return { family, addPath, first: index * each, count: each, perSet, version, nextHop: index + 1 };
}

/**
 * Everybody announces at once; how long until everybody has everything of the others. Then everybody changes
 * everything, three times: by then node has compiled what is hot.
 */
async function convergence(options: Omit<DaemonOptions, "limit">, spread: Spread): Promise<Figures> {
  return withFleet(options, fleetFor(spread), async (daemon, fleet) => {
    await sleep(300);
    const idle = daemon.memory().rss;
    const cpuBefore = daemon.cpuSeconds();
    const own = process.cpuUsage();
    const elapsed = await announceAll(fleet, spread, 1);
    const cpu = (daemon.cpuSeconds() - cpuBefore) * 1000;
    const { user, system } = process.cpuUsage(own);
    const again: number[] = [];
    for (const version of [2, 3, 4]) again.push(await announceAll(fleet, spread, version));
    const held = fleet.exact.filter(({ index }) => receives(spread, index)).map((speaker) => speaker.held);
    return {
      milliseconds: elapsed, cpuMilliseconds: cpu, generatorCpuMs: (user + system) / 1000, changedMs: median(again),
      idleMiB: idle, rssMiB: daemon.memory().rss, peakMiB: daemon.memory().peak,
      prefixesAtLeast: Math.min(...held), longestPauseMs: await longestPause(daemon),
    };
  });
}

async function announceAll(fleet: Fleet, spread: Spread, version: number):
  Promise<number> {
  const loads = fleet.speakers.slice(0, spread.sources).map(({ index }) => announce(routesOf(spread, index, version)));
  for (const speaker of fleet.speakers) speaker.forget();
  for (const speaker of fleet.exact) speaker.expect(version);
  const total = spread.sources * spread.each;
  const receivers = fleet.speakers.filter(({ index }) => receives(spread, index));
  const from = performance.now();
  fleet.speakers.slice(0, spread.sources).forEach((speaker, i) => speaker.send(loads[i]!));
  const own = (index: number): number => (index < spread.sources ? spread.each : 0);
  const last = await fleet.until(({ matching, index }) => matching === total - own(index), "all to all", receivers);
  return last - from;
}

/** The only source of a load is told nothing. */
function receives(spread: Spread, index: number): boolean {
  return spread.sources > 1 || index >= spread.sources;
}

async function longestPause(daemon: Daemon): Promise<number> {
  return (await daemon.metric("nodejs_eventloop_lag_max_seconds")) * 1000;
}

const CHANGES = 10;

/**
 * The table changes ten times while all read, then ten times while the last speaker does not: more than the kernel's
 * buffers of one connection hold (33 + 4 MiB here).
 */
async function stopped(options: Omit<DaemonOptions, "limit">): Promise<Figures> {
  const spread: Spread = { sessions: 100, sources: 1, each: 100_000, perSet: 2, family: "ipv4", addPath: false };
  return withFleet(options, fleetFor(spread, 4), async (daemon, fleet) => {
    const lazy = fleet.add(true);
    await lazy.joined;
    const others = fleet.speakers.filter((speaker) => speaker !== lazy && speaker.index >= 1);
    const rounds = async (first: number): Promise<{ time: number; peak: number; answers: number }> => {
      const times: number[] = [];
      let answers = 0;
      for (let version = first; version < first + CHANGES; version++) {
        const load = announce(routesOf(spread, 0, version));
        for (const speaker of fleet.speakers) speaker.forget();
        for (const speaker of fleet.exact) speaker.expect(version);
        const from = performance.now();
        fleet.speakers[0]!.send(load);
        const answer = daemon.ask("/v1/peers");
        times.push(await fleet.until(({ matching }) => matching === spread.each, `version ${version}`, others) - from);
        answers = Math.max(answers, (await answer).milliseconds);
      }
      return { time: median(times), peak: daemon.memory().rss, answers };
    };
    await rounds(1); // warm
    const with100 = await rounds(1 + CHANGES);
    lazy.pause();
    const without = await rounds(1 + 2 * CHANGES);
    const detached = await daemon.metric("reflectd_detached_members");
    lazy.expect(3 * CHANGES);
    const from = performance.now();
    lazy.resume();
    const last = await fleet.until(({ matching }) => matching === spread.each, "the stopped one to catch up", [lazy]);
    return {
      allReadMs: with100.time, oneStoppedMs: without.time, rssAllReadMiB: with100.peak, rssOneStoppedMiB: without.peak,
      detached, catchUpMs: last - from, stoppedHolds: lazy.matching, peersAnswerMs: without.answers,
      longestPauseMs: await longestPause(daemon),
    };
  });
}

const MILLION: Spread = { sessions: 10, sources: 10, each: 100_000, perSet: 5, family: "ipv4", addPath: false };
const SETTLE_SECONDS = 60;

async function memory(options: Omit<DaemonOptions, "limit">): Promise<Figures> {
  return withFleet(options, fleetFor(MILLION), async (daemon, fleet) => {
    await sleep(1_000);
    const figures: Figures = { idleMiB: daemon.memory().rss };
    for (const cycle of [1, 2]) {
      await announceAll(fleet, MILLION, cycle);
      figures[`full${cycle}MiB`] = daemon.memory().rss;
      const loads = fleet.speakers.map(({ index }) => withdraw(routesOf(MILLION, index, cycle)));
      const from = performance.now();
      fleet.speakers.forEach((speaker, i) => speaker.send(loads[i]!));
      figures[`withdraw${cycle}Ms`] = await fleet.until(({ held }) => held === 0, "everything to be withdrawn") - from;
      await sleep(SETTLE_SECONDS * 1000);
      figures[`after${cycle}MiB`] = daemon.memory().rss;
    }
    figures["peakMiB"] = daemon.memory().peak;
    figures["longestPauseMs"] = await longestPause(daemon);
    return figures;
  });
}

async function join(options: Omit<DaemonOptions, "limit">): Promise<Figures> {
  return withFleet(options, fleetFor(MILLION, 2), async (daemon, fleet) => {
    await announceAll(fleet, MILLION, 1);
    const times: number[] = [];
    for (let run = 0; run < 3; run++) {
      const from = performance.now();
      const speaker = fleet.add(true);
      times.push(await speaker.joined - from);
      const short = speaker.held !== MILLION.sources * MILLION.each;
      if (short) throw new Error(`End-of-RIB came after ${speaker.held} routes`);
    }
    return { milliseconds: median(times), rssMiB: daemon.memory().rss, longestPauseMs: await longestPause(daemon) };
  });
}

const FLAPS = 300;

async function flap(options: Omit<DaemonOptions, "limit">): Promise<Figures> {
  const spread: Spread = { sessions: 1_001, sources: 1, each: 1, perSet: 1, family: "ipv4", addPath: false };
  return withFleet(options, fleetFor(spread), async (daemon, fleet) => {
    const receivers = fleet.speakers.slice(1);
    const all: number[] = [];
    const last: number[] = [];
    for (let version = 1; version <= FLAPS; version++) {
      for (const speaker of receivers) speaker.forget();
      const load = announce(routesOf(spread, 0, version));
      const from = performance.now();
      fleet.speakers[0]!.send(load);
      while (receivers.some(({ octets }) => octets === 0)) {
        if (performance.now() - from > 10_000) throw new Error("a change did not arrive in 10 s");
        await sleep(1);
      }
      const times = receivers.map(({ lastAt }) => lastAt - from);
      all.push(...times);
      last.push(Math.max(...times));
    }
    return {
      p50Ms: quantile(all, 0.5), p99Ms: quantile(all, 0.99),
      lastP50Ms: quantile(last, 0.5), lastP99Ms: quantile(last, 0.99),
      longestPauseMs: await longestPause(daemon),
    };
  });
}

export function quantile(values: readonly number[], q: number): number {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.floor(q * sorted.length))]!;
}

export function median(values: readonly number[]): number {
  return quantile(values, 0.5);
}
