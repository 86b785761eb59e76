/** The size of slices follows the time that they take. */

import { expect, it } from "vitest";
import type { Instant } from "../../src/base/ports.ts";
import type { Reflector } from "../../src/reflector/reflector.ts";
import { newTables } from "../../src/daemon/tables.ts";
import type { Tables } from "../../src/daemon/tables.ts";
import { Work } from "../../src/daemon/work.ts";

it("begins with small slices, makes full ones larger while they are quick and smaller while they are slow", () => {
  let now = 0;
  let full = true;
  let milliseconds = 1;
  const shares: number[] = [];
  const turns: Array<() => void> = [];
  const reflector = {
    pump(share: number): boolean {
      shares.push(share);
      now += milliseconds;
      return full;
    },
    busy: true,
  } as unknown as Reflector;
  const work = new Work({ ...newTables(() => 0.5), reflectors: [reflector] }, {
    now: () => now as Instant, soon: (run) => { turns.push(run); }, later: () => () => undefined,
    moreIn: () => false, tooSlow: () => undefined, collectGarbage: () => undefined,
  });
  const run = (slices: number): void => { for (let i = 0; i < slices; i++) turns.shift()?.(); };
  work.changed();
  run(6);
  expect(shares).toEqual([1 / 16, 1 / 8, 1 / 4, 1 / 2, 1, 1]);
  milliseconds = 20;
  run(2);
  milliseconds = 50;
  run(7);
  expect(shares.slice(6)).toEqual([1, 1, 1, 1 / 2, 1 / 4, 1 / 8, 1 / 16, 1 / 16, 1 / 16]);
  full = false;
  milliseconds = 1;
  run(3); // what is not full says nothing about a full one
  expect(shares.slice(15)).toEqual([1 / 16, 1 / 16, 1 / 16]);
});

/** When garbage is collected (seconds) after tables shrank, while there is something to do at these moments. */
function collectedAt(work: (second: number) => boolean): number[] {
  const collected: number[] = [];
  const turns: Array<() => void> = [];
  const waits: Array<{ readonly at: number; readonly run: () => void }> = [];
  const store = { octets: 64 * 1024 * 1024 };
  const tables = { ...newTables(() => 0.5), store, ribs: [], reflectors: [] } as unknown as Tables;
  let second = 0;
  const worked = new Work(tables, {
    now: () => second * 1000 as Instant, soon: (run) => { turns.push(run); }, moreIn: () => false,
    tooSlow: () => undefined, collectGarbage: () => { collected.push(second); },
    later: (seconds, run) => {
      waits.push({ at: second + seconds, run });
      return () => undefined;
    },
  });
  for (const octets of [store.octets, 0]) {
    store.octets = octets;
    worked.changed();
    turns.shift()!();
  }
  for (; second <= 60; second += 0.25) {
    for (const wait of waits.filter(({ at }) => at <= second)) {
      waits.splice(waits.indexOf(wait), 1);
      wait.run();
    }
    if (work(second)) worked.changed();
    turns.shift()?.();
  }
  return collected;
}

it("collects garbage when nothing was to do for a second, or after ten", () => {
  expect(collectedAt(() => false)).toEqual([1]);
  expect(collectedAt((second) => second < 3)).toEqual([3.75]);
  expect(collectedAt(() => true)).toEqual([10]);
});

it.each([
  ["a crowd is to be told", true, [true, true, false, true]],
  ["few are", false, [false, false, false, false]],
])("awaits a turn without UPDATEs, 150 ms at most, where %s", (_case, isCrowded, awaited) => {
  let now = 0;
  const mores: boolean[] = [];
  const turns: Array<() => void> = [];
  const reflector = {
    pump: (_share: number, more: boolean): boolean => mores.push(more) < 0, busy: true, isCrowded,
  } as unknown as Reflector;
  const work = new Work({ ...newTables(() => 0.5), reflectors: [reflector] }, {
    now: () => now as Instant, soon: (run) => { turns.push(run); }, later: () => () => undefined,
    moreIn: () => false, tooSlow: () => undefined, collectGarbage: () => undefined,
  });
  for (const came of [true, true, false, true]) {
    if (came) work.received();
    now += 10;
    turns.shift()!();
  }
  expect(mores).toEqual(awaited);
  now += 150;
  work.received();
  turns.shift()!();
  expect(mores.at(-1)).toBe(false);
});

it("leaves nothing behind when it stops that would keep the process from ending", () => {
  const waits = new Set<() => void>();
  const turns: Array<() => void> = [];
  const store = { octets: 64 * 1024 * 1024 };
  const tables = { ...newTables(() => 0.5), store, ribs: [], reflectors: [] } as unknown as Tables;
  const work = new Work(tables, {
    now: () => 0 as Instant, soon: (run) => { turns.push(run); }, moreIn: () => false, tooSlow: () => undefined,
    later: (_, run) => {
      waits.add(run);
      return () => { waits.delete(run); };
    },
    collectGarbage: () => undefined,
  });
  for (const octets of [store.octets, 0]) {
    store.octets = octets;
    work.changed();
    turns.shift()!();
  }
  expect(waits.size).toBe(2); // for the feeds, and for a collection
  work.stop();
  expect(waits.size).toBe(0);
});
