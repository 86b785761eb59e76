/** What Node itself costs: memory, CPU, descriptors and the delay of the event loop. */

import { readdirSync } from "node:fs";
import { monitorEventLoopDelay } from "node:perf_hooks";
import type { MetricSample } from "../daemon/api.ts";
import type { ControlHost } from "./host.ts";

/** The delay of the event loop, measured from its creation until `stop`. */
export interface LoopDelay {
  samples(): MetricSample[];
  stop(): void;
}

/** A timer that measures itself; coarse, so that an idle daemon stays nearly idle. */
const RESOLUTION_MILLISECONDS = 20;
const QUANTILES: readonly number[] = [0.5, 0.9, 0.99];

/** Starts measuring. */
export function watchLoopDelay(): LoopDelay {
  const histogram = monitorEventLoopDelay({ resolution: RESOLUTION_MILLISECONDS });
  histogram.enable();
  return {
    stop: () => { histogram.disable(); },
    samples: () => {
      // Node records the whole interval, the wait that was asked for included; before the first record min is huge.
      const asked = Math.min(histogram.min, RESOLUTION_MILLISECONDS * 1e6);
      const seconds = (nanoseconds: number): number =>
        (histogram.count === 0 ? 0 : Math.max(0, nanoseconds - asked) / 1e9);
      const name = "reflectd_event_loop_delay_seconds";
      const mean = seconds(histogram.mean);
      return [
        ...QUANTILES.map((quantile) => sample(name, seconds(histogram.percentile(quantile * 100)),
          { quantile: String(quantile) })),
        sample(`${name}_sum`, mean * histogram.count),
        sample(`${name}_count`, histogram.count),
        sample("nodejs_eventloop_lag_mean_seconds", mean),
        sample("nodejs_eventloop_lag_max_seconds", seconds(histogram.max)),
      ];
    },
  };
}

/** Node's process metrics, under the names that dashboards for Node know. */
export function processSamples(host: ControlHost, startedAt: string): MetricSample[] {
  const memory = host.memoryUsage();
  const cpu = host.cpuUsage();
  return [
    sample("process_resident_memory_bytes", memory.rss),
    sample("process_cpu_seconds_total", (cpu.user + cpu.system) / 1e6),
    sample("process_start_time_seconds", new Date(startedAt).getTime() / 1000),
    ...openDescriptors(),
    sample("nodejs_heap_size_total_bytes", memory.heapTotal),
    sample("nodejs_heap_size_used_bytes", memory.heapUsed),
    sample("nodejs_external_memory_bytes", memory.external),
  ];
}

/** Linux only; elsewhere the metric is absent. */
function openDescriptors(): MetricSample[] {
  try {
    return [sample("process_open_fds", readdirSync("/proc/self/fd").length)];
  } catch {
    return [];
  }
}

function sample(name: string, value: number, labels: Readonly<Record<string, string>> = {}): MetricSample {
  return { name, labels, value };
}
