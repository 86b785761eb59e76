/**
 * One operation, many times: nanoseconds and what it allocates. Rule: a round in which the collector ran tells nothing
 * of allocation and is left out of it; the process is started so that it rarely does (run.ts).
 */

import { performance } from "node:perf_hooks";
import { GCProfiler } from "node:v8";
import type { MicroRow } from "../results.ts";

/** An operation to measure. */
export interface MicroOperation {
  readonly group: string;
  readonly what: string;
  /** Operations that one call of `work` does. */
  readonly count: number;
  readonly allocationFree: boolean;
  /** Brings about what `work` needs; not measured. */
  readonly prepare?: () => void;
  readonly work: () => void;
}

/** Calls before anything counts: until the compiler has seen enough. */
const WARM_UP_ROUNDS = 6;
const ROUNDS = 9;
const HALF_OCTET = 0.5;

/** Measures one operation. */
export function measure(operation: MicroOperation): MicroRow {
  const { group, what, count, allocationFree, prepare, work } = operation;
  const nanoseconds: number[] = [];
  let heap = Infinity;
  let buffers = Infinity;
  for (let round = 0; round < WARM_UP_ROUNDS + ROUNDS; round++) {
    prepare?.();
    collect();
    const profiler = new GCProfiler();
    profiler.start();
    const before = process.memoryUsage();
    const from = performance.now();
    work();
    const milliseconds = performance.now() - from;
    const after = process.memoryUsage();
    const collections = profiler.stop().statistics.length;
    if (round < WARM_UP_ROUNDS) continue;
    nanoseconds.push((milliseconds * 1e6) / count);
    if (collections > 0) continue;
    heap = Math.min(heap, (after.heapUsed - before.heapUsed) / count);
    buffers = Math.min(buffers, (after.arrayBuffers - before.arrayBuffers) / count);
  }
  return { group, what, nanoseconds, heapOctets: octets(heap), bufferOctets: octets(buffers), allocationFree };
}

/** Of a thousand operations and more, what is below half an octet each is the clock and this loop. */
function octets(value: number): number {
  return Math.abs(value) < HALF_OCTET ? 0 : value;
}

/** Node was started with --expose-gc. Twice: the buffers that one collection finds are freed by the next. */
function collect(): void {
  const { gc } = globalThis as { gc?: () => void };
  gc?.();
  gc?.();
}
