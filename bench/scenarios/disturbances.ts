/** Phases in which something happens to a running table: one change, flapping clients, clients that stop reading. */

import { setTimeout as sleep } from "node:timers/promises";
import { median, quantile } from "../report/statistics.ts";
import type { FigureRow } from "../results.ts";
import { rounds, SETTLE_MILLISECONDS } from "./phases.ts";
import { scaled } from "./scale.ts";
import type { Phase, Stage } from "./staged.ts";

const CHANGES = 200;
const CHANGES_LEAST = 20;
/** Between two changes: longer than a daemon needs, and no divisor of the churn's period. */
const BETWEEN_MILLISECONDS = 17;
const CHURN_MILLISECONDS = 100;
/** The second source. */
const CHURNER = 1;

/** One prefix of the first source changes many times, nothing else. */
export const CHANGE_IDLE: Phase = {
  rows: latencyRows("idle", "one change"),
  run: (stage) => changes(stage, "idle"),
};

/** The same while another source announces 1,000 prefixes anew every 100 ms. */
export const CHANGE_CHURN: Phase = {
  rows: latencyRows("churn", "one change under churn"),
  async run(stage) {
    const { fleet, load, nextVersion } = stage;
    // Encoded beforehand: the generator has enough to do.
    const rounds = [nextVersion(), nextVersion()].map((version) => load.announcements(CHURNER, version));
    let turn = 0;
    const churn = setInterval(() => fleet.clients[CHURNER]!.send(rounds[turn++ % 2]!), CHURN_MILLISECONDS);
    try {
      await changes(stage, "churn");
    } finally {
      clearInterval(churn);
    }
    // All tables must be right again.
    await fleet.announce(nextVersion());
  },
};

function latencyRows(id: string, what: string): readonly FigureRow[] {
  return [
    { id: `${id}P50Ms`, what: `${what}, until a client has it: median`, unit: "ms" },
    { id: `${id}P99Ms`, what: `${what}, until a client has it: 99 of 100`, unit: "ms" },
    { id: `${id}MaxMs`, what: `${what}, until a client has it: the last of all`, unit: "ms" },
  ];
}

async function changes({ context, fleet, nextVersion }: Stage, id: string): Promise<void> {
  // No figure: of many changes that take too long together nothing is known of one.
  context.measuring(`changing, ${id}`);
  const times: number[] = [];
  const shares: number[] = [];
  const count = scaled(CHANGES, context.scale.duration, CHANGES_LEAST);
  for (let change = 0; change < count; change++) {
    const { milliseconds, generatorShare } = await fleet.change(0, 0, nextVersion());
    for (const time of milliseconds) times.push(time);
    shares.push(generatorShare);
    await sleep(BETWEEN_MILLISECONDS);
  }
  // Of the changes only: in the pauses there is nothing to do.
  const share = median(shares);
  context.record(`${id}P50Ms`, median(times), share);
  context.record(`${id}P99Ms`, quantile(times, 0.99), share);
  context.record(`${id}MaxMs`, times.reduce((highest, time) => Math.max(highest, time), 0), share);
}

const FLAP_SECONDS = 20;
const FLAP_EVERY_MILLISECONDS = 200;
/** One client of so many flaps. */
const FLAPPING_SHARE = 10;
/** How many of them go at once. */
const FLAPS_AT_ONCE = 5;

/** A tenth of the clients close and come back in turns; then everybody must have the right table. */
export const FLAP: Phase = {
  rows: [
    { id: "settleMs", what: "those who flapped announce once more, to the right table everywhere", unit: "ms" },
    { id: "flapGrowthMiB", what: "resident afterwards, more than before", unit: "MiB" },
  ],
  async run(stage) {
    const { context, daemon, fleet, nextVersion, timed } = stage;
    const before = daemon.memory().residentMiB;
    const flapping = fleet.clients.map(({ index }) => index).filter((index) => index % FLAPPING_SHARE === 1);
    context.measuring("flapping");
    await flap(stage, flapping);
    const version = nextVersion();
    await timed("settleMs", () => fleet.announce(version, flapping));
    await sleep(SETTLE_MILLISECONDS * context.scale.duration);
    context.record("flapGrowthMiB", daemon.memory().residentMiB - before);
  },
};

async function flap({ context, fleet, nextVersion }: Stage, flapping: readonly number[]): Promise<void> {
  const until = performance.now() + FLAP_SECONDS * 1000 * context.scale.duration;
  for (let at = 0; performance.now() < until; at += FLAPS_AT_ONCE) {
    const group = Array.from({ length: FLAPS_AT_ONCE }, (_, i) => flapping[(at + i) % flapping.length]!);
    const some = [...new Set(group)];
    fleet.drop(some);
    await sleep(FLAP_EVERY_MILLISECONDS);
    await fleet.dial(some);
    fleet.say(nextVersion(), some);
  }
}

const READING_ROUNDS = 3;
/** As many changes as fill the kernel's buffers of a connection (37 MiB here) and one more. */
const STOPPED_ROUNDS = 8;
const STOPPED_SHARE = 20;

/** A twentieth of the clients stop reading while a feed changes; the others must not notice. */
export const STOPPED: Phase = {
  rows: [
    { id: "allReadMs", what: "every route changed while all read", unit: "ms" },
    { id: "othersMs", what: "the same for the others while 5 % do not read", unit: "ms" },
    { id: "perStoppedMiB", what: "resident per client that does not read", unit: "MiB" },
    { id: "catchUpMs", what: "from reading again to the right table", unit: "ms" },
  ],
  async run({ context, daemon, fleet, nextVersion, timed }) {
    // All of them, however long they take: buffers are to be filled.
    const announcing = (figure: string, count: number): Promise<void> =>
      rounds(context, figure, count, () => fleet.announce(nextVersion()), Infinity);
    await announcing("allReadMs", READING_ROUNDS);
    const before = daemon.memory().residentMiB;
    const stopped = fleet.clients.filter(({ index }) => index % STOPPED_SHARE === 1);
    for (const client of stopped) client.pause();
    await announcing("othersMs", STOPPED_ROUNDS);
    context.record("perStoppedMiB", Math.max(0, daemon.memory().residentMiB - before) / stopped.length);
    await timed("catchUpMs", () => {
      for (const client of stopped) client.resume();
      return fleet.converge("catching up");
    });
  },
};
