import fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { Instant } from "../../src/base/ports.ts";
import { AlarmClock } from "../../src/transport/alarm-clock.ts";
import type { ClockEntry } from "../../src/transport/alarm-clock.ts";
import type { Scheduler } from "../../src/transport/ports.ts";

/** A scheduler whose time goes on by `run`, and how many of its timers are set. */
function world() {
  const timers = new Set<{ readonly at: number; readonly run: (now: Instant) => void }>();
  const scheduler: Scheduler = {
    at: (at, run) => {
      const timer = { at, run };
      timers.add(timer);
      return () => timers.delete(timer);
    },
    afterPoll: () => () => undefined,
    soon: () => undefined,
  };
  const runUntil = (now: number): void => {
    for (const timer of [...timers].filter(({ at }) => at <= now).sort((a, b) => a.at - b.at)) {
      if (timers.delete(timer)) timer.run(now as Instant);
    }
    if ([...timers].some(({ at }) => at <= now)) runUntil(now);
  };
  return { clock: AlarmClock.of(scheduler), scheduler, timers, runUntil };
}

interface Woken { readonly entry: number; readonly now: number }

const INSTANT = fc.integer({ min: 0, max: 12 });
const STEP = fc.oneof(
  fc.record({ do: fc.constant("set" as const), entry: fc.nat(7), at: INSTANT }),
  fc.record({ do: fc.constant("remove" as const), entry: fc.nat(7), at: INSTANT }),
  fc.record({ do: fc.constant("run" as const), entry: fc.nat(7), at: INSTANT }),
);

describe("an alarm clock", () => {
  it("is one for each scheduler", () => {
    const { scheduler, clock } = world();
    expect(AlarmClock.of(scheduler)).toBe(clock);
    expect(world().clock).not.toBe(clock);
  });

  it("wakes all that are due by one timer, however late it goes off", () => {
    const { clock, timers } = world();
    const woken: number[] = [];
    for (const at of [3, 1, 2, 9]) {
      clock.set({ at: 0 as Instant, place: -1, wake: () => woken.push(at) }, at as Instant);
    }
    for (const timer of [...timers]) if (timers.delete(timer)) timer.run(5 as Instant);
    expect(woken).toEqual([1, 2, 3]);
    expect([...timers].map(({ at }) => at)).toEqual([9]);
  });

  it("wakes what a plain list of instants would, in order, with one timer", () => {
    fc.assert(fc.property(fc.array(STEP, { maxLength: 40 }), (steps) => {
      const { clock, timers, runUntil } = world();
      const woken: Woken[] = [];
      let now = 0;
      const entries = Array.from({ length: 8 }, (_, entry): ClockEntry =>
        ({ at: 0 as Instant, place: -1, wake: () => woken.push({ entry, now }) }));
      const plain = new Map<number, number>();
      for (const { do: what, entry, at } of steps) {
        if (what === "set") {
          clock.set(entries[entry]!, at as Instant);
          plain.set(entry, at);
        } else if (what === "remove") {
          clock.remove(entries[entry]!);
          plain.delete(entry);
        } else {
          now = Math.max(now, at);
          const due = [...plain].filter(([, instant]) => instant <= now);
          for (const [name] of due) plain.delete(name);
          woken.length = 0;
          runUntil(now);
          const instants = woken.map((one) => entries[one.entry]!.at);
          expect(instants).toEqual([...instants].sort((a, b) => a - b));
          expect(woken.map((one) => one.entry).sort()).toEqual(due.map(([name]) => name).sort());
        }
        expect(timers.size).toBe(plain.size === 0 ? 0 : 1);
      }
    }));
  });
});
