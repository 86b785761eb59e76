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
