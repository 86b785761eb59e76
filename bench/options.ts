/** The command line of the benchmark. Rule: a mistake is one line that names what is allowed. */

import { parseArgs } from "node:util";
import { DAEMON_NAMES } from "./results.ts";
import type { DaemonName } from "./results.ts";

/** What is asked for. Plain data. */
export interface Options {
  /** Scenarios by name; empty: all of the table, or all growth points. */
  readonly only: readonly string[];
  readonly daemons: readonly DaemonName[];
  /** Runs of every daemon; undefined: as many as the scenario has for each. */
  readonly runs: number | undefined;
  /** A tenth of everything, once. */
  readonly quick: boolean;
  /** Growth curves instead of the table. */
  readonly growth: boolean;
  /** In-process micro-benchmarks instead of the table. */
  readonly micro: boolean;
  /** Routes into a kernel instead of the table. */
  readonly kernel: boolean;
  /** An MRT RIB file for the scenarios of real tables. */
  readonly mrt: string | undefined;
  /** Folder of the report; undefined: bench/out/report. */
  readonly out: string | undefined;
  /** Extra words for the interpreter of reflectd and the floor, e.g. --cpu-prof. */
  readonly nodeOptions: readonly string[];
  readonly help: boolean;
}

/** Names that `--only` takes: those of the table, and those of the growth curves. */
export interface ScenarioNames {
  readonly table: readonly string[];
  readonly growth: readonly string[];
}

/** What `--help` prints. */
export const USAGE: string = `npm run bench -- [OPTION]…
  --only SCENARIO[,…]  these scenarios (may be repeated)
  --daemons NAME[,…]   these daemons: ${DAEMON_NAMES.join(", ")}
  --runs N             runs of every daemon (5 of reflectd and the floor, 2 of the others; fewer of long scenarios)
  --quick              six scenarios, or those of --only: a tenth of the size, one run, under two minutes
  --growth             growth curves: 250k to 2M routes, 500 to 8,000 sessions
  --micro              decode, intern, decide and pack by themselves, with allocations
  --kernel             routes into a kernel, beside BIRD 2, FRR's zebra and ip -batch
  --mrt FILE           an MRT RIB file (TABLE_DUMP_V2, plain or gzip) as the internet table
  --out FOLDER         where results.json and report.html go (bench/out/report)
  --node OPTION        a word for the interpreter of reflectd and the floor (may be repeated)
`;

const RUNS_MAX = 100;
/** What is measured instead of the table, and what goes with it: anything else would be read and not obeyed. */
const MODES: Readonly<Record<string, readonly string[]>> = {
  micro: ["out"], kernel: ["quick", "runs", "out"], growth: ["only", "daemons", "runs", "quick", "out", "node"],
};

/** Reads the words after `npm run bench --`; a string is what is wrong with them. */
export function readOptions(words: readonly string[], names: ScenarioNames): Options | string {
  try {
    return checked(words, names);
  } catch (error) { // parseArgs throws for an option that it does not know
    return (error as Error).message.split(". ")[0]!;
  }
}

function checked(words: readonly string[], names: ScenarioNames): Options | string {
  const { values } = parseArgs({
    args: [...words],
    options: {
      only: { type: "string", multiple: true }, daemons: { type: "string", multiple: true }, runs: { type: "string" },
      quick: { type: "boolean" }, growth: { type: "boolean" }, micro: { type: "boolean" },
      kernel: { type: "boolean" }, mrt: { type: "string" },
      out: { type: "string" }, node: { type: "string", multiple: true }, help: { type: "boolean", short: "h" },
    },
  });
  const growth = values.growth ?? false;
  const only = listed(values.only);
  const daemons = listed(values.daemons);
  const problem = misfit(Object.keys(values)) ?? emptyOne(values) ??
    stranger("scenario", only, growth ? names.growth : names.table) ??
    stranger("daemon", daemons, DAEMON_NAMES) ?? wrongRuns(values.runs);
  if (problem !== undefined) return problem;
  return {
    only, daemons: DAEMON_NAMES.filter((name) => daemons.length === 0 || daemons.includes(name)),
    runs: values.runs === undefined ? undefined : Number(values.runs),
    quick: values.quick ?? false, growth, micro: values.micro ?? false, kernel: values.kernel ?? false, mrt: values.mrt,
    out: values.out, nodeOptions: values.node ?? [], help: values.help ?? false,
  };
}

const listed = (values: readonly string[] = []): string[] =>
  values.flatMap((value) => value.split(",")).filter((name) => name !== "");

function misfit(given: readonly string[]): string | undefined {
  const mode = Object.keys(MODES).find((name) => given.includes(name));
  const other = mode && given.find((name) => name !== mode && name !== "help" && !MODES[mode]!.includes(name));
  return other === undefined ? undefined : `--${mode} does not go with --${other}`;
}

/** A variable of a script that was not set: nobody means by it all that there is. */
function emptyOne(values: Readonly<Record<string, unknown>>): string | undefined {
  const name = Object.keys(values).find((key) =>
    [values[key]].flat().some((value) => typeof value === "string" && /^,*$/.test(value)));
  return name === undefined ? undefined : `--${name} says nothing`;
}

function stranger(what: string, given: readonly string[], allowed: readonly string[]): string | undefined {
  const unknown = given.filter((name) => !allowed.includes(name));
  return unknown.length === 0 ? undefined : `no ${what} ${unknown.join(", ")} (there are ${allowed.join(", ")})`;
}

function wrongRuns(runs: string | undefined): string | undefined {
  const fine = runs === undefined || (/^\d+$/.test(runs) && Number(runs) >= 1 && Number(runs) <= RUNS_MAX);
  return fine ? undefined : `--runs ${runs} is not a number from 1 to ${RUNS_MAX}`;
}
