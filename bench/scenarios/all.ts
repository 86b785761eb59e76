/** The table of scenarios, in the order of the report. */

import { internetLoad } from "../generator/internet.ts";
import { mrtLoad } from "../generator/mrt.ts";
import type { Target } from "../results.ts";
import { CHANGE_CHURN, CHANGE_IDLE, FLAP, STOPPED } from "./disturbances.ts";
import { GROWTH } from "./growth.ts";
import { MEMORY } from "./memory.ts";
import { AGAIN, CLOSE_FEED, CONVERGE, EMPTIED, JOIN, LOADED, RELOAD, STORM, WITHDRAW } from "./phases.ts";
import { NotSupported } from "./scenario.ts";
import type { Scenario } from "./scenario.ts";
import { staged } from "./staged.ts";
import type { Shape, StagedScenario } from "./staged.ts";
import { START } from "./start.ts";

export { GROWTH } from "./growth.ts";

const FAN_OUT: Shape = { sessions: 1_001, sources: 1, each: 100_000, perSet: 100_000 };
const FULL_TABLE: Shape = { sessions: 10, sources: 10, each: 100_000, perSet: 5 };
const MILLION: Shape = { sessions: 11, sources: 1, each: 1_000_000, perSet: 5 };
const INTERNET: Shape = { sessions: 10, sources: 3, each: 900_000, perSet: 5 };
const SHARED: Shape = { sessions: 10, sources: 3, each: 300_000, perSet: 5, isShared: true };
const CHANGE: Shape = { sessions: 1_002, sources: 2, each: 1_000, perSet: 1_000 };

/** At most three times the floor, and before all others. */
const FIRST: Target = { floorRatio: 3, faster: { best: 1 } };
/** What clients that come and go may leave behind: what an allocator holds by chance. */
const NO_GROWTH: Target = { atMost: 4 };
/** Three seconds of hold time, the least that there is, and no KEEPALIVE later than its second by more than another. */
const SHORT_HOLD_SECONDS = 3;
const IN_TIME: Target = { never: 1_000 };
const CHANGE_P50: Target = { floorRatio: 1.5, faster: { bird1: 1, bird2: 1 } };
const CHANGE_P99: Target = { floorRatio: 2, faster: { bird1: 1, bird2: 1 } };

const convergence = (what: Pick<StagedScenario, "name" | "title" | "shape"> & Partial<StagedScenario>): Scenario =>
  staged({ phases: [CONVERGE, AGAIN], headlines: ["convergeMs", "againMs", "residentMiB"], ...what });

/** Every scenario of the table. */
export const SCENARIOS: readonly Scenario[] = [
  START,
  convergence({
    name: "fan-out", title: "one feed of 100,000 prefixes to 1,000 clients", shape: FAN_OUT, quick: true,
    targets: {
      convergeMs: { floorRatio: 1.5, faster: { frr: 1.3, bird2: 40 } }, residentMiB: { atMost: 110 },
    },
  }),
  convergence({
    name: "hundred", title: "100 clients, 100 prefixes each, all to all", quick: true,
    shape: { sessions: 100, sources: 100, each: 100, perSet: 100 },
    targets: { convergeMs: { floorRatio: 4, faster: { best: 8 } }, residentMiB: { atMost: 65 } },
  }),
  convergence({
    name: "thousand", title: "1,000 clients, 10 prefixes each, all to all",
    shape: { sessions: 1_000, sources: 1_000, each: 10, perSet: 10 },
    targets: { convergeMs: { floorRatio: 1.5, faster: { best: 5 } } },
  }),
  convergence({
    name: "four-thousand", needs: "thousand", title: "4,000 clients, 5 prefixes each, all to all", mostRuns: 3,
    shape: { sessions: 4_000, sources: 4_000, each: 5, perSet: 5 },
    targets: { convergeMs: { floorRatio: 1.5, faster: { best: 5 } }, residentMiB: { atMost: 100 } },
  }),
  convergence({
    name: "full-table", title: "10 clients, 100,000 prefixes each, 5 per attribute set", shape: FULL_TABLE, quick: true,
    targets: {
      convergeMs: { floorRatio: 6, faster: { bird2: 6 } }, residentMiB: { atMost: 165, faster: { bird2: 1 } },
    },
  }),
  convergence({
    name: "full-table-add-path", needs: "full-table", title: "the full table with ADD-PATH",
    shape: { ...FULL_TABLE, addPath: true },
    targets: likeFullTable(1.2),
  }),
  convergence({
    name: "full-table-ipv6", needs: "full-table", title: "the full table in IPv6",
    shape: { ...FULL_TABLE, family: "ipv6" },
    targets: likeFullTable(1.5),
  }),
  staged({
    name: "million", needs: "full-table", mostRuns: 3,
    title: "one feed of 1,000,000 prefixes to 10 clients; one of them joins again",
    shape: MILLION, phases: [CONVERGE, JOIN, WITHDRAW],
    headlines: ["convergeMs", "residentMiB", "joinMs", "withdrawMs"],
    targets: { joinMs: FIRST, joinGrowthMiB: NO_GROWTH, withdrawMs: FIRST },
  }),
  staged({
    name: "million-ipv6", needs: "million", title: "one feed of 1,000,000 IPv6 prefixes", mostRuns: 2,
    shape: { ...MILLION, family: "ipv6" }, phases: [CONVERGE], headlines: ["convergeMs", "residentMiB"],
  }),
  convergence({
    name: "shared", needs: "full-table", title: "3 of 10 clients announce the same 300,000 prefixes",
    shape: SHARED, mostRuns: 3,
  }),
  convergence({
    name: "shared-add-path", needs: "shared", title: "the same with ADD-PATH: all three paths of a prefix to everybody",
    shape: { ...SHARED, addPath: true }, mostRuns: 2,
  }),
  internet("internet", "900,000 prefixes as the internet's, from 3 of 10 clients (or those of --mrt)", INTERNET),
  internet("internet-ipv6", "the internet's IPv6 table", { ...INTERNET, each: 200_000, family: "ipv6" }),
  staged({
    name: "change", title: "one of 2,000 prefixes changes in front of 1,000 clients, idle and under churn", quick: true,
    shape: CHANGE, phases: [LOADED, CHANGE_IDLE, CHANGE_CHURN],
    headlines: ["idleP50Ms", "idleP99Ms", "idleMaxMs", "churnP50Ms", "churnP99Ms", "churnMaxMs"],
    targets: {
      idleP50Ms: CHANGE_P50, idleP99Ms: CHANGE_P99, churnP50Ms: CHANGE_P50, churnP99Ms: CHANGE_P99,
    },
  }),
  staged({
    name: "withdrawal", needs: "fan-out", title: "a feed of 100,000 prefixes goes, 1,000 clients are told", mostRuns: 3,
    shape: FAN_OUT, phases: [LOADED, WITHDRAW, CLOSE_FEED, EMPTIED],
    headlines: ["withdrawMs", "closeMs", "afterMiB"],
    targets: {
      withdrawMs: FIRST, closeMs: FIRST, afterMiB: { ofFigure: { figure: "fan-out/idleMiB", ratio: 1, more: 16 } },
    },
  }),
  staged({
    name: "join-storm", needs: "fan-out", title: "1,000 clients reconnect at once to a table of 100,000 prefixes",
    mostRuns: 3, quick: true, shape: FAN_OUT, phases: [LOADED, STORM], headlines: ["stormMs", "stormGrowthMiB"],
    targets: { stormMs: FIRST, stormGrowthMiB: NO_GROWTH },
  }),
  staged({
    name: "flapping", needs: "thousand", title: "a tenth of 1,000 clients closes and reconnects for 20 s", mostRuns: 2,
    shape: { sessions: 1_000, sources: 1_000, each: 10, perSet: 10 }, phases: [LOADED, FLAP],
    headlines: ["settleMs", "flapGrowthMiB"], targets: { flapGrowthMiB: NO_GROWTH },
  }),
  staged({
    name: "stopped-readers", needs: "full-table", mostRuns: 2,
    title: "5 of 100 clients stop reading while a feed of 100,000 changes",
    shape: { sessions: 100, sources: 1, each: 100_000, perSet: 1 }, phases: [LOADED, STOPPED],
    holdTimeSeconds: SHORT_HOLD_SECONDS, headlines: ["allReadMs", "othersMs", "perStoppedMiB"],
    targets: {
      othersMs: { faster: { best: 1 }, ofFigure: { figure: "stopped-readers/allReadMs", ratio: 1.1 } },
      perStoppedMiB: { atMost: 2 }, lateKeepaliveMs: IN_TIME,
    },
  }),
  staged({
    name: "policy-reload", needs: "million", title: "a policy rejects 1,000,000 routes, another accepts them again",
    mostRuns: 2, shape: { ...MILLION, marked: true }, phases: [LOADED, RELOAD], headlines: ["rejectMs", "acceptMs"],
  }),
  MEMORY,
];

function internet(name: string, title: string, shape: Shape): Scenario {
  return staged({
    name, needs: "full-table", title, shape, mostRuns: name === "internet" ? 3 : 1, phases: [CONVERGE],
    takesDump: true,
    headlines: ["convergeMs", "residentMiB"],
    load: async ({ family, addPath, sources, each: prefixes }, { mrt }) => {
      if (mrt === undefined) return internetLoad({ family, addPath, sources, prefixes, seed: 1 });
      return mrtLoad({ file: mrt, addPath, sources, family }).catch((error: Error) => {
        throw new NotSupported(error.message); // of the other family, for instance
      });
    },
  });
}

function likeFullTable(ratio: number): Readonly<Record<string, Target>> {
  return {
    convergeMs: { faster: { best: 1 }, ofFigure: { figure: "full-table/convergeMs", ratio } },
    residentMiB: { ofFigure: { figure: "full-table/residentMiB", ratio: 1.3 } },
  };
}

/** A scenario of the table or of the growth curves. */
export function findScenario(name: string): Scenario | undefined {
  return [...SCENARIOS, ...GROWTH].find((scenario) => scenario.name === name);
}
