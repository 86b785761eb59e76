/** Node's timers as the daemon's scheduler. */

import { afterEach, expect, it, vi } from "vitest";
import type { Instant } from "../../src/base/ports.ts";
import { after } from "../../src/base/ports.ts";
import { systemScheduler } from "../../src/daemon/system-clock.ts";

afterEach(() => { vi.useRealTimers(); });

it("waits as long as the longest Long-Lived Stale Time, which is longer than a timer can (RFC 9494 §3.1)", () => {
  vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout", "performance"] });
  const start = performance.now() as Instant;
  const rung: number[] = [];
  systemScheduler.at(after(start, 0xffffff), (now) => rung.push((now - start) / 1000));
  const takeBack = systemScheduler.at(after(start, 0xffffff), () => rung.push(Number.NaN));
  vi.advanceTimersByTime(0xffffff * 1000 - 1);
  expect(rung).toEqual([]);
  takeBack();
  vi.advanceTimersByTime(1);
  expect(rung).toEqual([0xffffff]);
});
