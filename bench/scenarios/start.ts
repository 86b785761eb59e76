/** Start-up: from the process's start until it listens, with nobody connected. */

import { setTimeout as sleep } from "node:timers/promises";
import { median } from "../report/statistics.ts";
import { scaled } from "./scale.ts";
import type { Scenario } from "./scenario.ts";

const STARTS = 5;
const IDLE_MILLISECONDS = 500;

/** Several starts in one cell: each is short. */
export const START: Scenario = {
  name: "start", title: "start-up, configured for 1,000 clients", mostRuns: 2, quick: true,
  figures: [
    { id: "startMs", what: "process start to listening", unit: "ms", headline: true, target: { atMost: 150 } },
    { id: "idleMiB", what: "resident, idle", unit: "MiB", headline: true, target: { atMost: 60 } },
  ],
  wants: (scale) =>
    ({ family: "ipv4", addPath: false, reloads: false, joinsAtOnce: false, sessions: scaled(1_000, scale.sessions) }),
  async run(context) {
    context.measuring("startMs");
    const times: number[] = [];
    const idle: number[] = [];
    for (let start = 0; start < scaled(STARTS, context.scale.duration, 2); start++) {
      const daemon = await context.start();
      times.push(daemon.startMilliseconds);
      await sleep(IDLE_MILLISECONDS * context.scale.duration);
      idle.push(daemon.memory().residentMiB);
    }
    context.record("startMs", median(times));
    context.record("idleMiB", median(idle));
  },
};
