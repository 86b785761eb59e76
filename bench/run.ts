/**
 * Goes through all turns. Rule: one cell at a time; what a daemon cannot do, or did not do in time, is tried once and
 * named; other daemons take no time that the runs of reflectd and the floor need; stopping early leaves what there is.
 */

import type { CellEnd } from "./cell-process.ts";
import { isOurs } from "./results.ts";
import type { CellResult, DaemonName } from "./results.ts";
import type { Turn } from "./schedule.ts";
import type { Scenario } from "./scenarios/scenario.ts";

/** What a run needs from outside. */
export interface RunPorts {
  /** Runs a cell; `measuring` hears which figure is waited for. */
  cell(turn: Turn<Scenario>, measuring: (figure: string) => void): Promise<CellEnd>;
  /** Why to go no further, else undefined. */
  stopped(): string | undefined;
  /** A cell that takes longer is run once only. */
  longSeconds(turn: Turn<Scenario>): number;
  /** What would end later is not begun; of the whole. Infinity: everything is run. */
  readonly budgetMinutes: number;
  /** What a cell takes that was not run before, at most. */
  readonly cellSeconds: number;
  progress(state: Progress): void;
  /** Milliseconds. */
  now(): number;
}

/** Shown while a cell waits for no figure yet. */
export const STARTING = "starting";

/** Of a cell's limit: what is kept free for one of ours that was not run before. Later scenarios take longer. */
const UNSEEN_SHARE = 0.25;

/** Of the budget: what other daemons may use, since some of ours takes longer than what was kept free. */
const OTHERS_SHARE = 0.9;

/** Where a run is. */
export interface Progress {
  readonly done: number;
  readonly total: number;
  readonly turn: Turn<Scenario>;
  readonly figure: string;
  readonly elapsedMilliseconds: number;
  /** To the end, from the mean of what was done; undefined before the first. */
  readonly leftMilliseconds: number | undefined;
}

/** What a run came to. */
export interface RunEnd {
  readonly cells: readonly CellResult[];
  readonly notMeasured: readonly string[];
  readonly daemons: ReadonlyMap<DaemonName, DaemonFacts>;
  /** By scenario: what is to be said of its load. */
  readonly notes: ReadonlyMap<string, readonly string[]>;
}

/** What a daemon said and was told. */
export interface DaemonFacts {
  readonly version: string;
  /** By scenario. */
  readonly configurations: Record<string, string>;
}

/** Runs every turn that can be run. */
export async function run(turns: readonly Turn<Scenario>[], ports: RunPorts): Promise<RunEnd> {
  const cells: CellResult[] = [];
  const daemons = new Map<DaemonName, DaemonFacts>();
  const notes = new Map<string, readonly string[]>();
  /** By daemon and scenario: why it is not run, or not again. */
  const out = new Map<string, Left>();
  /** The same: how long a cell took, milliseconds, and how many were not begun. */
  const took = new Map<string, number>();
  const late = new Map<string, number>();
  const from = ports.now();
  /** When a turn must begin at the latest: one of ours within the budget, another's so that it and all of ours fit. */
  const latest = (turn: Turn<Scenario>, at: number): number => {
    if (isOurs(turn.daemon)) return ports.budgetMinutes;
    const toCome = turns.slice(at).filter((one) => isOurs(one.daemon) && !out.has(keyOf(one)));
    const need = (took.get(keyOf(turn)) ?? ports.cellSeconds * 1000) + timeOf(toCome, took, ports.cellSeconds);
    return OTHERS_SHARE * ports.budgetMinutes - need / 60_000;
  };
  let stopped: string | undefined;
  for (const [done, turn] of turns.entries()) {
    stopped = ports.stopped();
    if (stopped !== undefined) {
      stopped = `${turns.length - done} of ${turns.length} cells: ${stopped}`;
      break;
    }
    const key = keyOf(turn);
    const left = out.get(key) ?? refused(unable(turn, cells, out));
    if (left !== undefined) {
      out.set(key, { ...left, runs: left.runs + 1 });
      continue;
    }
    if (ports.now() - from > latest(turn, done) * 60_000) {
      late.set(key, (late.get(key) ?? 0) + 1);
      continue;
    }
    const measuring = (figure: string): void => {
      const elapsedMilliseconds = ports.now() - from;
      const leftMilliseconds = done === 0 ? undefined : elapsedMilliseconds / done * (turns.length - done);
      ports.progress({ done, total: turns.length, turn, figure, elapsedMilliseconds, leftMilliseconds });
    };
    measuring(STARTING);
    const begun = ports.now();
    const { version, configuration, notes: said = [], ...end } = await ports.cell(turn, measuring).catch(notBegun);
    if (said.length > 0) notes.set(turn.scenario.name, said);
    cells.push({ scenario: turn.scenario.name, daemon: turn.daemon, run: turn.run, ...end });
    if (version !== undefined) note(daemons, turn, version, configuration ?? "");
    took.set(key, ports.now() - begun);
    const seconds = Math.round(took.get(key)! / 1000);
    if (end.outcome !== "measured") out.set(key, { reason: `${end.outcome}: ${end.reason ?? "?"}`, runs: 0 });
    else if (seconds > ports.longSeconds(turn)) {
      out.set(key, { reason: `a run takes ${seconds} s`, runs: 0, once: true });
    }
  }
  const lines = [...[...out].flatMap(([key, left]) => told(key, left)),
    ...[...late].map(([key, runs]) => `${key}: no time left of ${ports.budgetMinutes} minutes; ${runs} not run`)];
  return { cells, daemons, notes, notMeasured: stopped === undefined ? lines : [...lines, stopped] };
}

function keyOf({ daemon, scenario }: Turn<Scenario>): string {
  return `${daemon} in ${scenario.name}`;
}

/** Milliseconds for turns of ours that are to come: what each took before, else more than most of them do. */
function timeOf(toCome: readonly Turn<Scenario>[], took: ReadonlyMap<string, number>, cellSeconds: number): number {
  const unseen = UNSEEN_SHARE * cellSeconds * 1000;
  return toCome.reduce((sum, turn) => sum + (took.get(keyOf(turn)) ?? unseen), 0);
}

/** A cell for which there was no namespace or process: the others may have more luck. */
function notBegun(error: Error): CellEnd {
  return { outcome: "failed", reason: `the cell could not be made: ${error.message.split("\n")[0]}`, figures: {},
    generatorShare: {} };
}

interface Left {
  readonly reason: string;
  /** Runs left out so far. */
  readonly runs: number;
  /** There is a run that counts: nothing is to be told where no other was left out. */
  readonly once?: boolean;
}

function told(key: string, { reason, runs, once = false }: Left): string[] {
  if (runs === 0) return once ? [] : [`${key}: ${reason}`];
  return [`${key}: ${reason}; ${runs} not run`];
}

function refused(reason: string | undefined): Left | undefined {
  return reason === undefined ? undefined : { reason, runs: 0 };
}

/** Why not, where the daemon did not even converge with what this turn builds on, or was not put under that either. */
function unable({ daemon, scenario }: Turn<Scenario>, cells: readonly CellResult[], out: ReadonlyMap<string, Left>):
  string | undefined {
  const base = cells.find((cell) => cell.scenario === scenario.needs && cell.daemon === daemon);
  if (base === undefined) return out.get(`${daemon} in ${scenario.needs}`)?.reason;
  if (base.outcome === "measured" || base.figures["convergeMs"] !== undefined) return undefined;
  return `it ${base.outcome} in ${scenario.needs} already`;
}

function note(daemons: Map<DaemonName, DaemonFacts>, { daemon, scenario }: Turn<Scenario>, version: string,
  configuration: string): void {
  const facts = daemons.get(daemon) ?? { version, configurations: {} };
  facts.configurations[scenario.name] ??= configuration;
  daemons.set(daemon, facts);
}

/** One line for a terminal: "12/240 fan-out, bird2, run 1: convergeMs; 3:10, about 41:00 left". */
export function progressLine(progress: Progress): string {
  const { done, total, turn, figure, elapsedMilliseconds, leftMilliseconds } = progress;
  const left = leftMilliseconds === undefined ? "" : `, about ${clock(leftMilliseconds)} left`;
  return `${done + 1}/${total} ${turn.scenario.name}, ${turn.daemon}, run ${turn.run}: ${figure}; ` +
    `${clock(elapsedMilliseconds)}${left}`;
}

function clock(milliseconds: number): string {
  const seconds = Math.round(milliseconds / 1000);
  return `${Math.floor(seconds / 60)}:${String(seconds % 60).padStart(2, "0")}`;
}
