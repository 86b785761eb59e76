/** `npm run bench`: options, turns, report. Rule: nothing is measured here. */

import { accessSync, constants, existsSync, mkdirSync } from "node:fs";
import { availableParallelism, cpus, release, totalmem } from "node:os";
import { resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { runCell } from "./cell-process.ts";
import { DAEMONS } from "./daemons/all.ts";
import { runMicro } from "./micro/run.ts";
import { readOptions, USAGE } from "./options.ts";
import type { Options } from "./options.ts";
import { namespacesAllowed } from "./place.ts";
import { daemonTitle } from "./report/format.ts";
import { printTable } from "./report/table.ts";
import { writeReport } from "./report/write.ts";
import { isOurs } from "./results.ts";
import type { BenchResults, CellResult, ScenarioNote } from "./results.ts";
import { progressLine, run, STARTING } from "./run.ts";
import type { Progress, RunPorts } from "./run.ts";
import { schedule, usualRuns } from "./schedule.ts";
import { GROWTH, SCENARIOS } from "./scenarios/all.ts";
import { FULL, QUICK } from "./scenarios/scale.ts";
import type { Scenario } from "./scenarios/scenario.ts";

const REPORT = fileURLToPath(new URL("../report", import.meta.url));
/** The whole, minutes: what would begin later is not run. */
const BUDGET_MINUTES = { full: 85, quick: 1.75 };

/** Of another daemon: a second run of what takes longer would cost the time that the rest needs. */
const LONG_SECONDS = 30;

process.exitCode = await main(process.argv.slice(2));

async function main(words: readonly string[]): Promise<number> {
  const options = readOptions(words, { table: SCENARIOS.map(nameOf), growth: GROWTH.map(nameOf) });
  if (typeof options === "string") {
    process.stderr.write(`bench: ${options}\n`);
    return 2;
  }
  if (options.help) {
    process.stdout.write(USAGE);
    return 0;
  }
  if (options.mrt !== undefined && !existsSync(userPath(options.mrt))) {
    process.stderr.write(`bench: no file ${options.mrt}\n`);
    return 2;
  }
  const folder = options.out === undefined ? REPORT : userPath(options.out);
  try {
    mkdirSync(folder, { recursive: true });
    accessSync(folder, constants.W_OK);
  } catch (error) { // better now than after an hour
    process.stderr.write(`bench: no report can be written: ${(error as Error).message}\n`);
    return 2;
  }
  const results = await (options.micro ? microResults(words) : tableResults(options, words));
  process.stdout.write(`${printTable(results)}\n`);
  process.stderr.write(`bench: ${writeReport(results, folder).html}\n`);
  return results.cells.some(isOurFault) ? 1 : 0;
}

async function microResults(words: readonly string[]): Promise<BenchResults> {
  const startedAt = new Date();
  const micro = await runMicro();
  return { ...frame(startedAt, words), scenarios: [], daemons: [], cells: [], notMeasured: [], micro };
}

/** npm changes to the package's folder; the user's paths begin where npm was called. */
function userPath(path: string): string {
  return resolve(process.env["INIT_CWD"] ?? ".", path);
}

async function tableResults(options: Options, words: readonly string[]): Promise<BenchResults> {
  const startedAt = new Date();
  const scenarios = chosen(options);
  const inNamespaces = await namespacesAllowed();
  const kinds = DAEMONS.filter(({ name }) => options.daemons.includes(name));
  const missing = kinds.flatMap((kind) => {
    const why = kind.missing() ?? (inNamespaces || isOurs(kind.name) ? undefined : "needs network namespaces");
    return why === undefined ? [] : [{ name: kind.name, line: `${daemonTitle(kind.name)}: ${why}` }];
  });
  const present = kinds.map(({ name }) => name).filter((name) => !missing.some((kind) => kind.name === name));
  const turns = schedule(scenarios, present, (scenario, daemon) =>
    options.runs ?? (options.quick ? 1 : Math.min(usualRuns(daemon), scenario.mostRuns ?? Infinity)));
  const end = await run(turns, ports(options, inNamespaces));
  endProgress();
  return {
    ...frame(startedAt, words),
    scenarios: scenarios.map((scenario) => noteOf(scenario, options.quick)),
    daemons: [...end.daemons].map(([daemon, facts]) => ({ daemon, ...facts })),
    cells: end.cells, notMeasured: [...missing.map(({ line }) => line), ...end.notMeasured],
  };
}

/** `--only` names them; else all, or what is quick. */
function chosen({ only, quick, growth }: Options): readonly Scenario[] {
  const all = growth ? GROWTH : SCENARIOS;
  if (only.length > 0) return all.filter(({ name }) => only.includes(name));
  return quick && !growth ? all.filter((scenario) => scenario.quick === true) : all;
}

function ports(options: Options, inNamespaces: boolean): RunPorts {
  const scale = options.quick ? QUICK : FULL;
  const mrt = options.mrt === undefined ? undefined : userPath(options.mrt);
  const { nodeOptions } = options;
  const abort = new AbortController();
  for (const signal of ["SIGINT", "SIGTERM"] as const) process.once(signal, () => abort.abort());
  const from = performance.now();
  const budget = options.quick ? BUDGET_MINUTES.quick : BUDGET_MINUTES.full;
  return {
    cell: ({ scenario, daemon }, measuring) =>
      runCell({ scenario: scenario.name, daemon, scale, mrt, nodeOptions }, inNamespaces, measuring, abort.signal),
    refusal: ({ scenario, daemon }) =>
      DAEMONS.find(({ name }) => name === daemon)!.refuses?.(scenario.wants(scale)),
    stopped: () => {
      if (abort.signal.aborted) return "stopped";
      const late = options.only.length === 0 && performance.now() - from > budget * 60_000;
      return late ? `not begun within ${budget} minutes` : undefined;
    },
    longSeconds: ({ daemon }) => (isOurs(daemon) || options.runs !== undefined ? Infinity : LONG_SECONDS),
    progress: showProgress,
    now: () => performance.now(),
  };
}

/** One line that replaces itself on a terminal; elsewhere a line for each cell. */
function showProgress(progress: Progress): void {
  if (process.stderr.isTTY) process.stderr.write(`\r\x1b[K${progressLine(progress)}`);
  else if (progress.figure === STARTING) process.stderr.write(`${progressLine(progress)}\n`);
}

function endProgress(): void {
  if (process.stderr.isTTY) process.stderr.write("\r\x1b[K");
}

function frame(startedAt: Date, options: readonly string[]):
  Pick<BenchResults, "startedAt" | "wallSeconds" | "machine" | "options"> {
  return {
    startedAt: startedAt.toISOString(), wallSeconds: (Date.now() - startedAt.getTime()) / 1000, options,
    machine: {
      cpu: cpus()[0]?.model ?? "unknown", cores: availableParallelism(),
      memoryMiB: Math.round(totalmem() / 2 ** 20), kernel: release(), node: process.version,
    },
  };
}

/** Targets are for the full size: a tenth of it says nothing about them. */
function noteOf({ name, title, figures, sweep }: Scenario, quick: boolean): ScenarioNote {
  const judged = quick ? figures.map(({ target: _, ...row }) => row) : figures;
  return { name, title, figures: judged, ...(sweep === undefined ? {} : { sweep }) };
}

function nameOf({ name }: Scenario): string {
  return name;
}

/** A wrong table or a crash of ours; a slow machine or another daemon's fault is a figure, not a failure. */
function isOurFault({ outcome, daemon }: CellResult): boolean {
  return isOurs(daemon) && (outcome === "wrong table" || outcome === "failed");
}
