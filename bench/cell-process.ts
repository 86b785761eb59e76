/** Runs one cell in a process of its own. Rule: it ends in time, and nothing that it started outlives it. */

import { spawn } from "node:child_process";
import type { ChildProcess } from "node:child_process";
import { cpSync, mkdtempSync, rmSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { SET_UP_SECONDS, TEAR_DOWN_SECONDS } from "./cell-order.ts";
import type { CellOrder, CellReport } from "./cell-order.ts";
import { enter, makePlace } from "./place.ts";
import type { CellResult, Outcome } from "./results.ts";

/** What one cell came to. */
export interface CellEnd extends Pick<CellResult, "reason" | "timedOut" | "figures" | "generatorShare"> {
  readonly outcome: Outcome;
  /** Of the daemon as far as it started. */
  readonly version?: string;
  readonly configuration?: string;
  /** What is to be said of its load, one line each. */
  readonly notes?: readonly string[];
}

/** What a cell is told, less what is made for it here. */
export type CellWish = Omit<CellOrder, "place" | "folder">;

/** Where a cell runs, and where its report goes. */
export interface CellHow {
  /** Else on the loopback addresses of the host. */
  readonly inNamespace: boolean;
  /** A folder. */
  readonly report: string;
}

const CELL = fileURLToPath(new URL("./cell.js", import.meta.url));
const LAST_WORDS_OCTETS = 4_000;
const REASON_CHARACTERS_MAX = 300;

/**
 * Runs a cell to its end. `measuring` hears what is waited for; an aborted cell is stopped and "not run". Of a wrong
 * table the daemon's files are kept: who is accused of one is to see it.
 */
export async function runCell(wish: CellWish, how: CellHow, measuring: (figure: string) => void,
  abort: AbortSignal): Promise<CellEnd> {
  const { place, remove } = await makePlace(how.inNamespace);
  const folder = mkdtempSync(join(tmpdir(), "reflectd-bench-"));
  try {
    if (abort.aborted) return { outcome: "not run", reason: "stopped", figures: {}, generatorShare: {} };
    const [program, ...words] = [...enter(place), process.execPath, CELL];
    const order: CellOrder = { ...wish, place, folder };
    const child = spawn(program!, [...words, JSON.stringify(order)],
      { stdio: ["ignore", "ignore", "pipe", "ipc"], detached: true });
    const end = await endOf(child, wish, measuring, abort);
    return end.outcome === "wrong table" ? kept(end, folder, how.report, `${wish.scenario}-${wish.daemon}`) : end;
  } finally {
    await remove();
    // What was killed may not have closed its files yet.
    rmSync(folder, { recursive: true, force: true, maxRetries: 5 });
  }
}

/** Copies configuration and log of a daemon beside the report, sockets excepted, and says where they are. */
function kept(end: CellEnd, folder: string, report: string, name: string): CellEnd {
  const isCopied = (path: string): boolean => statSync(path).isDirectory() || statSync(path).isFile();
  const where = join("wrong-table", name);
  try {
    cpSync(folder, join(report, where), { recursive: true, filter: isCopied });
    return { ...end, reason: `${end.reason}; its files are in ${where}` };
  } catch (error) { // a full disk, for instance: the outcome is what it is
    return { ...end, reason: `${end.reason}; its files were not kept: ${oneLine((error as Error).message)}` };
  }
}

function endOf(child: ChildProcess, wish: CellWish, measuring: (figure: string) => void, abort: AbortSignal):
  Promise<CellEnd> {
  const figures: Record<string, number> = {};
  const generatorShare: Record<string, number> = {};
  let daemon: Pick<CellEnd, "version" | "configuration"> = {};
  let end: Pick<CellEnd, "outcome" | "reason" | "timedOut"> | undefined;
  const notes: string[] = [];
  let words = "";
  child.stderr!.on("data", (part: Buffer) => { words = (words + part.toString()).slice(-LAST_WORDS_OCTETS); });
  child.on("message", (report: CellReport) => {
    if (report.say === "measuring") measuring(report.figure);
    else if (report.say === "daemon") daemon = { version: report.version, configuration: report.configuration };
    else if (report.say === "note") notes.push(report.line);
    else if (report.say === "figure") {
      figures[report.figure] = report.value;
      if (report.generatorShare !== undefined) generatorShare[report.figure] = report.generatorShare;
    } else {
      const { say: _, ...rest } = report;
      end = rest;
    }
  });
  const seconds = SET_UP_SECONDS + wish.scale.timeoutSeconds + TEAR_DOWN_SECONDS;
  const limit = setTimeout(() => {
    end = { outcome: "timed out", reason: `the cell was killed after ${seconds} s` };
    killGroup(child);
  }, seconds * 1000);
  const stop = (): void => killGroup(child);
  abort.addEventListener("abort", stop);
  return new Promise((resolve, reject) => {
    child.on("error", reject);
    child.on("close", (code, signal) => {
      clearTimeout(limit);
      abort.removeEventListener("abort", stop);
      killGroup(child);
      const crashed = `the cell ended with ${signal ?? code}: ${lastLine(words)}`;
      const outcome = abort.aborted ? { outcome: "not run" as const, reason: "stopped" } : end;
      const { reason, ...rest } = outcome ?? { outcome: "failed", reason: crashed };
      const why = reason === undefined ? {} : { reason: oneLine(reason) };
      resolve({ ...rest, ...why, ...daemon, notes, figures, generatorShare });
    });
  });
}

/** Everything that the cell started in its own process group; whatever is left in a namespace ends with the place. */
function killGroup(child: ChildProcess): void {
  try {
    process.kill(-child.pid!, "SIGKILL");
  } catch {
    // Nobody is left in it: the usual end.
  }
}

/** What daemons write goes to terminals: without what a terminal would take for a command, and not too much of it. */
export function oneLine(words: string): string {
  const plain = words.replace(/\p{Cc}+/gu, " ").trim();
  return plain.length > REASON_CHARACTERS_MAX ? `${plain.slice(0, REASON_CHARACTERS_MAX)}…` : plain;
}

/** Of a stack: the line with the error, not the frames or Node's own last line. */
function lastLine(words: string): string {
  const lines = words.split("\n").map((line) => line.trim()).filter((line) => line !== "");
  return lines.findLast((line) => /error/i.test(line) && !line.startsWith("at ")) ?? lines.at(-1) ?? "no last words";
}
