/** The line of connections with input: who may go, who waits, what a turn holds. */

import { expect, it } from "vitest";
import type { Instant } from "../../src/base/ports.ts";
import { InputTurns } from "../../src/transport/input-turns.ts";

function world() {
  let now = 0;
  const turns: Array<() => void> = [];
  const clock = { now: () => now as Instant, wallMilliseconds: () => 0 };
  const line = new InputTurns({ at: () => () => undefined, afterPoll: () => () => undefined,
    soon: (run) => { turns.push(run); } }, clock);
  const served: string[] = [];
  /** A connection whose input takes so long, and that says more when `again`. */
  const waiter = (name: string, milliseconds: number, again = false) => ({
    takeTurn(): void {
      if (!line.enter()) return line.wait(this);
      served.push(name);
      now += milliseconds;
      line.leave();
      if (again) line.wait(this);
    },
  });
  return { line, served, waiter, turns, turn: () => turns.shift()?.() };
}

it("serves whoever comes until the time of the turn is used up; the others wait in the order they came", () => {
  const { line, served, waiter, turn, turns } = world();
  for (const name of ["a", "b", "c", "d", "e"]) waiter(name, 8).takeTurn();
  expect([served, line.busy]).toEqual([["a", "b"], true]);
  turn();
  expect(served).toEqual(["a", "b"]); // the sockets have used up this turn
  turn();
  expect(served).toEqual(["a", "b", "c", "d"]);
  waiter("late", 8).takeTurn(); // the line has used up this turn
  turn();
  expect([served.slice(4), line.busy]).toEqual([["e", "late"], false]);
  turn();
  expect(turns).toEqual([]); // nothing to do: the event loop may sleep
});

it("lets the line have what the sockets leave of a turn, and all of it where they are slow", () => {
  const { line, served, waiter, turn } = world();
  waiter("socket", 10).takeTurn();
  for (const name of ["a", "b", "c"]) line.wait(waiter(name, 4));
  turn();
  expect(served).toEqual(["socket", "a", "b"]);
  turn();
  waiter("slow", 100).takeTurn();
  line.wait(waiter("d", 4));
  turn();
  turn();
  expect(served.slice(3)).toEqual(["c", "slow", "d"]);
});

it("serves nobody twice in a turn, and nobody who has left", () => {
  const { line, served, waiter, turn } = world();
  const gone = waiter("gone", 1);
  line.wait(waiter("greedy", 1, true));
  line.wait(gone);
  line.forget(gone);
  turn();
  turn();
  expect(served).toEqual(["greedy", "greedy"]);
});
