/**
 * `npm run bench -- --kernel`: who writes routes into a kernel, how fast. Every entrant gets a namespace of its own
 * with one cable; they take turns, so that a machine that drifts hits all alike. Rule: what the kernel holds is read
 * after every step, and a step that did not do what it should has no figure.
 */

import { execFile, execFileSync } from "node:child_process";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { BIRD2_KERNEL } from "./bird.ts";
import { nextBurst, untilIdle } from "./busy.ts";
import type { Busy } from "./busy.ts";
import { STEPS } from "./entrant.ts";
import type { Entrant, RunningEntrant, Step } from "./entrant.ts";
import { IP_BATCH } from "./ip.ts";
import { KERNEL_FLOOR, REFLECTD_KERNEL } from "./reflectd.ts";
import { GATEWAYS, INTERFACE } from "./routes.ts";
import { ZEBRA } from "./zebra.ts";

/** One step of one entrant, once. */
export interface KernelFigure extends Busy {
  readonly entrant: string;
  readonly step: Step;
  readonly routes: number;
}

/** All of a run. */
export interface KernelResults {
  readonly startedAt: string;
  readonly entrants: readonly { readonly name: string; readonly version: string }[];
  readonly figures: readonly KernelFigure[];
  /** What has no figure and why, one line each. */
  readonly notMeasured: readonly string[];
}

/** Sizes and turns. */
export interface KernelScale {
  readonly changed: number;
  readonly compared: number;
  readonly runs: number;
}

/** Everybody, in the order of the table. */
export const ENTRANTS: readonly Entrant[] = [REFLECTD_KERNEL, BIRD2_KERNEL, ZEBRA, IP_BATCH, KERNEL_FLOOR];

const STEP_SECONDS = 60;
/** Of a dump as text. */
const TEXT_OCTETS_MAX = 256 << 20;
const execute = promisify(execFile);
let places = 0;
/** Namespaces and folders that are there; whoever ends the benchmark in the middle leaves none behind. */
const namespaces = new Set<string>();
const folders = new Set<string>();
process.on("exit", () => {
  for (const namespace of namespaces) execFileSync("ip", ["netns", "delete", namespace], { stdio: "ignore" });
  for (const folder of folders) rmSync(folder, { recursive: true, force: true });
});

/** Measures all entrants that are there. */
export async function runKernel(scale: KernelScale, progress: (what: string) => void,
  entrants: readonly Entrant[] = ENTRANTS): Promise<KernelResults> {
  const startedAt = new Date().toISOString();
  const figures: KernelFigure[] = [];
  const notMeasured: string[] = [];
  const versions = new Map<string, string>();
  const present = entrants.filter((entrant) => {
    const why = entrant.missing();
    if (why !== undefined) notMeasured.push(`${entrant.name}: ${why}`);
    return why === undefined;
  });
  for (let run = 0; run < scale.runs; run++) {
    for (let turn = 0; turn < present.length; turn++) {
      const entrant = present[(run + turn) % present.length]!;
      for (const compares of [false, true]) {
        progress(`${entrant.name}, run ${run + 1} of ${scale.runs}${compares ? ", compared" : ""}`);
        try {
          const routes = compares ? scale.compared : scale.changed;
          figures.push(...await measure(entrant, routes, compares, (version) => versions.set(entrant.name, version)));
        } catch (error) {
          notMeasured.push(`${entrant.name}: ${(error as Error).message}`);
        }
      }
    }
  }
  return { startedAt, figures, notMeasured: [...new Set(notMeasured)],
    entrants: present.map(({ name }) => ({ name, version: versions.get(name) ?? "" })) };
}

/** One entrant in a namespace of its own: changes, or a comparison of what it added. */
async function measure(entrant: Entrant, routes: number, compares: boolean, note: (version: string) => void):
  Promise<readonly KernelFigure[]> {
  places += 1;
  const namespace = `reflectd-bench-${process.pid}-kernel${places}`;
  const folder = mkdtempSync(join(tmpdir(), "reflectd-bench-kernel-"));
  folders.add(folder);
  let running: RunningEntrant | undefined;
  try {
    await furnish(namespace);
    running = await entrant.start({ namespace, folder, routes, compares });
    note(running.version);
    return await steps(entrant.name, running, namespace, routes, compares);
  } finally {
    await running?.stop();
    await execute("ip", ["netns", "delete", namespace]);
    namespaces.delete(namespace);
    rmSync(folder, { recursive: true, force: true });
    folders.delete(folder);
  }
}

async function steps(name: string, running: RunningEntrant, namespace: string, routes: number, compares: boolean):
  Promise<readonly KernelFigure[]> {
  if (compares && running.steps.compare === undefined) return [];
  const figures: KernelFigure[] = [];
  for (const step of compares ? ["add", "compare"] as const : STEPS.slice(0, 3)) {
    const act = running.steps[step];
    if (act === undefined) continue;
    const busy = step === "compare" && running.comparesByItself === true
      ? await nextBurst(running.pids, STEP_SECONDS)
      : await untilIdle(running.pids, act, STEP_SECONDS, running.saysWhenDone);
    const gateway = step === "remove" ? undefined : GATEWAYS[step === "replace" ? 1 : 0];
    await expectRoutes(namespace, step === "remove" ? 0 : routes, gateway);
    if (compares && step === "add") continue;
    figures.push({ entrant: name, step, routes, ...busy });
  }
  return figures;
}

async function furnish(namespace: string): Promise<void> {
  await execute("ip", ["netns", "add", namespace]);
  namespaces.add(namespace);
  const { name, address } = INTERFACE;
  for (const words of ["link set lo up", `link add ${name} type veth peer name e1`, "link set e1 up",
    `link set ${name} up`, `address add ${address} dev ${name}`]) {
    await execute("ip", ["-n", namespace, ...words.split(" ")]);
  }
}

/** Throws unless the kernel has so many routes of 10.0.0.0/8, all by that gateway. */
async function expectRoutes(namespace: string, count: number, gateway: string | undefined): Promise<void> {
  const { stdout } = await execute("ip", ["-n", namespace, "-4", "route", "show", "table", "254", "root", "10.0.0.0/8"],
    { maxBuffer: TEXT_OCTETS_MAX });
  const lines = stdout.split("\n").filter((line) => line !== "");
  const right = gateway === undefined ? 0 : lines.filter((line) => line.includes(` via ${gateway} `)).length;
  if (lines.length !== count || right !== count) {
    throw new Error(`the kernel has ${lines.length} routes, ${right} of them right, instead of ${count}`);
  }
}

/** Writes what was measured beside the other reports. */
export function writeKernelResults(results: KernelResults, folder: string): string {
  mkdirSync(folder, { recursive: true });
  const file = join(folder, "kernel.json");
  writeFileSync(file, JSON.stringify(results, undefined, 1));
  return file;
}
