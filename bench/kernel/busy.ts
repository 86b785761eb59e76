/**
 * How long processes are at work. Rule: who cannot say when the kernel has answered everything is done when none of its
 * processes has used the CPU for a while, and the time runs until the last one did.
 */

import { readdirSync, readFileSync } from "node:fs";
import { setTimeout as sleep } from "node:timers/promises";

/** Wall clock and CPU time of a piece of work. */
export interface Busy {
  readonly milliseconds: number;
  readonly cpuMilliseconds: number;
}

const LOOK_MS = 4;
/** Nothing for so long is the end. */
const QUIET_MS = 400;
/** A share of a core below which a process is not at work: timers, keepalives. */
const IDLE_SHARE = 0.05;

/**
 * From the call of `act` until the processes rest, or `saysWhenDone` and its promise is kept; the CPU time is until
 * they rest either way. Throws after `timeoutSeconds`.
 */
export async function untilIdle(pids: () => readonly number[], act: () => Promise<void>, timeoutSeconds: number,
  saysWhenDone: boolean = false): Promise<Busy> {
  const cpuBefore = cpuMilliseconds(pids());
  const from = performance.now();
  let told = false;
  let lastWord = from;
  const telling = act().finally(() => {
    told = true;
    lastWord = performance.now();
  });
  telling.catch(() => undefined); // it is awaited below, when everybody rests
  const { last, cpuMost } = await rest(pids, () => told, from + timeoutSeconds * 1000);
  await telling;
  const end = saysWhenDone ? lastWord : Math.max(last, lastWord);
  return { milliseconds: end - from, cpuMilliseconds: cpuMost - cpuBefore };
}

/** The next piece of work that the processes begin by themselves. */
export async function nextBurst(pids: () => readonly number[], timeoutSeconds: number): Promise<Busy> {
  const until = performance.now() + timeoutSeconds * 1000;
  await rest(pids, () => true, until);
  const cpuBefore = cpuMilliseconds(pids());
  const { first, last, cpuMost } = await rest(pids, () => cpuMilliseconds(pids()) - cpuBefore > LOOK_MS, until);
  return { milliseconds: last - first, cpuMilliseconds: cpuMost - cpuBefore };
}

/** What was seen of work: when first and last, and the most CPU time, as processes that have ended show none. */
interface Seen {
  readonly first: number;
  readonly last: number;
  readonly cpuMost: number;
}

/** Looks until `mayEnd` and nobody was at work for a while. */
async function rest(pids: () => readonly number[], mayEnd: () => boolean, until: number): Promise<Seen> {
  let at = performance.now();
  let cpu = cpuMilliseconds(pids());
  let cpuMost = cpu;
  let first = Number.NaN;
  let last = at;
  for (;;) {
    await sleep(LOOK_MS);
    const now = performance.now();
    const cpuNow = cpuMilliseconds(pids());
    if (cpuNow - cpu > (now - at) * IDLE_SHARE) {
      if (Number.isNaN(first)) first = at;
      last = now;
    }
    [at, cpu] = [now, cpuNow];
    cpuMost = Math.max(cpuMost, cpuNow);
    if (mayEnd() && now - last > QUIET_MS) return { first: Number.isNaN(first) ? last : first, last, cpuMost };
    if (now > until) throw new Error("it is still at work");
  }
}

/** What all threads of the processes have used so far, by the scheduler's own clock; ended ones count no more. */
function cpuMilliseconds(pids: readonly number[]): number {
  return pids.flatMap(threadsOf).reduce((sum, thread) => sum + nanosecondsOf(thread), 0) / 1e6;
}

function threadsOf(pid: number): readonly string[] {
  try {
    return readdirSync(`/proc/${pid}/task`).map((thread) => `/proc/${pid}/task/${thread}/schedstat`);
  } catch {
    return []; // it has ended
  }
}

function nanosecondsOf(file: string): number {
  try {
    return Number(readFileSync(file, "utf8").split(" ")[0]);
  } catch {
    return 0; // it has ended
  }
}
