/** `npm run bench`: options, turns, report. Rule: nothing is measured here. */

import { availableParallelism, cpus, release, totalmem } from "node:os";
import { resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { runCell } from "./cell-process.ts";
import type { CellHow } from "./cell-process.ts";
import { DAEMONS } from "./daemons/all.ts";
import { dumpFault } from "./generator/mrt.ts";
import { runKernel, writeKernelResults } from "./kernel/run.ts";
import type { KernelScale } from "./kernel/run.ts";
import { kernelTable } from "./kernel/table.ts";
import { runMicro } from "./micro/run.ts";
import { readOptions, USAGE } from "./options.ts";
import type { Options } from "./options.ts";
import { namespacesAllowed } from "./place.ts";
import { daemonTitle } from "./report/format.ts";
import { printTable, wrap } from "./report/table.ts";
import { folderFault, writeReport } from "./report/write.ts";
import { isOurs } from "./results.ts";
import type { BenchResults, CellResult, ScenarioNote } from "./results.ts";
import { progressLine, run, STARTING } from "./run.ts";
import type { Progress, RunPorts } from "./run.ts";
import { schedule, usualRuns } from "./schedule.ts";
import { GROWTH, SCENARIOS } from "./scenarios/all.ts";
import { FULL, QUICK } from "./scenarios/scale.ts";
import type { Scenario } from "./scenarios/scenario.ts";

const REPORT = fileURLToPath(new URL("../report", import.meta.url));
/** The whole, minutes, less what a report takes: see `RunPorts.budgetMinutes`. */
const BUDGET_MINUTES = { full: 89, quick: 1.95 };

/** Routes that are changed and compared with --kernel, and how often. */
const KERNEL_SCALES: Readonly<Record<"full" | "quick", KernelScale>> = {
  full: { changed: 100_000, compared: 250_000, runs: 3 }, quick: { changed: 10_000, compared: 25_000, runs: 1 },
};

/** Of another daemon: a second run of what takes longer would cost the time that the rest needs. */
const LONG_SECONDS = 30;

const USAGE_COLUMNS = 100;

/** What a shell would make of a program that a signal ended. */
const STATUS_OF_SIGNAL = { SIGHUP: 129, SIGINT: 130, SIGTERM: 143 } as const;
type Signal = keyof typeof STATUS_OF_SIGNAL;

// Whoever read these is gone (`| head`): the report goes to its files all the same.
for (const stream of [process.stdout, process.stderr]) stream.on("error", () => undefined);
process.exitCode = await main(process.argv.slice(2));

async function main(words: readonly string[]): Promise<number> {
  const options = readOptions(words, { table: SCENARIOS.map(nameOf), growth: GROWTH.map(nameOf) });
  if (typeof options === "string") return refused(options);
  if (options.help) {
    process.stdout.write(usage());
    return 0;
  }
  const folder = options.out === undefined ? REPORT : userPath(options.out);
  const wrong = folderFault(folder) ?? await mrtFault(options);
  if (wrong !== undefined) return refused(wrong);
  if (options.kernel) return kernelResults(options, folder);
  if (options.micro) return finish(await microResults(words), folder);
  const stop = stopOnSignals();
  const results = await tableResults(options, words, folder, stop);
  const signal = stop.aborted ? stop.reason as Signal : undefined;
  if (signal !== undefined && results.cells.every(({ outcome }) => outcome === "not run")) {
    process.stderr.write(`bench: stopped by ${signal} before anything was measured; no report\n`);
    return STATUS_OF_SIGNAL[signal];
  }
  const status = finish(results, folder);
  if (signal === undefined) return status;
  process.stderr.write(`bench: stopped by ${signal}: the report holds what was measured until then\n`);
  return STATUS_OF_SIGNAL[signal];
}

/** The options, and what --only takes. */
function usage(): string {
  const names = [["scenarios", SCENARIOS], ["with --growth", GROWTH]] as const;
  const lines = names.flatMap(([what, all]) => wrap(`${what}: ${all.map(nameOf).join(", ")}`, USAGE_COLUMNS));
  return `${USAGE}${lines.join("\n")}\n`;
}

/** One line, before anything was begun. */
function refused(why: string): number {
  process.stderr.write(`bench: ${why}\n`);
  return 2;
}

/** Files first: they are there even where nobody reads the table. */
function finish(results: BenchResults, folder: string): number {
  let failed = results.cells.some(isOurFault);
  let where: string;
  try {
    where = writeReport(results, folder);
  } catch (error) { // a disk that filled up meanwhile: the table is all there is
    where = `no report was written: ${(error as Error).message}`;
    failed = true;
  }
  process.stdout.write(`${printTable(results)}\n`);
  process.stderr.write(`bench: ${where}\n`);
  return failed ? 1 : 0;
}

/** Why `--mrt` gives nothing to run; the file is read to its end, since a cut one has no other sign. */
async function mrtFault(options: Options): Promise<string | undefined> {
  if (options.mrt === undefined) return undefined;
  const takers = SCENARIOS.filter(({ takesDump }) => takesDump === true);
  if (!chosen(options).some((scenario) => takers.includes(scenario))) {
    return `nothing that was chosen takes --mrt (${takers.map(nameOf).join(", ")} do)`;
  }
  const fault = await dumpFault(userPath(options.mrt));
  return fault === undefined ? undefined : `--mrt: ${fault}`;
}

/** Aborts with the signal's name; the cell at hand is ended, and no other begins. */
function stopOnSignals(): AbortSignal {
  const abort = new AbortController();
  for (const signal of Object.keys(STATUS_OF_SIGNAL)) process.on(signal, () => abort.abort(signal));
  return abort.signal;
}

/** Routes into a kernel; of a tenth of the size with --quick. */
async function kernelResults({ quick, runs }: Options, folder: string): Promise<number> {
  if (!await namespacesAllowed()) return refused("--kernel needs root and network namespaces");
  for (const [signal, status] of Object.entries(STATUS_OF_SIGNAL)) process.on(signal, () => process.exit(status));
  const scale = quick ? KERNEL_SCALES.quick : KERNEL_SCALES.full;
  const results = await runKernel({ ...scale, runs: runs ?? scale.runs },
    (what) => process.stderr.write(`${what}\n`));
  process.stdout.write(`${kernelTable(results)}\n`);
  process.stderr.write(`bench: ${writeKernelResults(results, folder)}\n`);
  return 0;
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

async function tableResults(options: Options, words: readonly string[], folder: string, stop: AbortSignal):
  Promise<BenchResults> {
  const startedAt = new Date();
  const scenarios = chosen(options);
  const inNamespace = await namespacesAllowed();
  const kinds = DAEMONS.filter(({ name }) => options.daemons.includes(name));
  const missing = kinds.flatMap((kind) => {
    const why = kind.missing() ?? (inNamespace || isOurs(kind.name) ? undefined : "needs network namespaces");
    return why === undefined ? [] : [{ name: kind.name, line: `${daemonTitle(kind.name)}: ${why}` }];
  });
  const present = kinds.map(({ name }) => name).filter((name) => !missing.some((kind) => kind.name === name));
  const turns = schedule(scenarios, present, (scenario, daemon) =>
    options.runs ?? (options.quick ? 1 : Math.min(usualRuns(daemon), scenario.mostRuns ?? Infinity)));
  const end = await run(turns, ports(options, { inNamespace, report: folder }, stop));
  endProgress();
  return {
    ...frame(startedAt, words),
    scenarios: scenarios.map((scenario) => noteOf(scenario, options.quick, end.notes.get(scenario.name))),
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

function ports(options: Options, how: CellHow, stop: AbortSignal): RunPorts {
  const scale = options.quick ? QUICK : FULL;
  const mrt = options.mrt === undefined ? undefined : userPath(options.mrt);
  const { nodeOptions } = options;
  return {
    cell: ({ scenario, daemon }, measuring) =>
      runCell({ scenario: scenario.name, daemon, scale, mrt, nodeOptions }, how, measuring, stop),
    stopped: () => (stop.aborted ? `stopped by ${stop.reason as Signal}` : undefined),
    // Whoever names scenarios knows what they take.
    budgetMinutes: options.only.length > 0 ? Infinity : BUDGET_MINUTES[options.quick ? "quick" : "full"],
    cellSeconds: scale.timeoutSeconds,
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
function noteOf({ name, title, figures, sweep }: Scenario, quick: boolean, notes: readonly string[] = []):
  ScenarioNote {
  const judged = quick ? figures.map(({ target: _, ...row }) => row) : figures;
  return { name, title, figures: judged, notes, ...(sweep === undefined ? {} : { sweep }) };
}

function nameOf({ name }: Scenario): string {
  return name;
}

/** A wrong table or a crash of ours; a slow machine or another daemon's fault is a figure, not a failure. */
function isOurFault({ outcome, daemon }: CellResult): boolean {
  return isOurs(daemon) && (outcome === "wrong table" || outcome === "failed");
}
