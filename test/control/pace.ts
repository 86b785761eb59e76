/** How fast a long answer is made: what a test of any surface counts. */

import { expect } from "vitest";
import type { RouteView } from "../../src/daemon/api.ts";
import { testHost } from "./fake-daemon.ts";

/** Routes without end. */
export interface EndlessRoutes {
  /** How many were pulled so far. */
  readonly pulled: number;
  /** Resolves when nobody wants more. */
  readonly returned: Promise<void>;
  source(): Generator<RouteView>;
}

/** Routes as `routeAt` makes them, one after the other. */
export function endlessRoutes(routeAt: (i: number) => RouteView): EndlessRoutes {
  let pulled = 0;
  let end: () => void = () => undefined;
  return {
    get pulled() { return pulled; },
    returned: new Promise((resolve) => { end = resolve; }),
    * source() {
      try {
        for (;;) yield routeAt(pulled++);
      } finally {
        end();
      }
    },
  };
}

/** Expects that a client that reads nothing stops them once the kernel's buffers are full; `askOther`: others go on. */
export async function expectStalled(routes: EndlessRoutes, askOther: () => Promise<void>): Promise<void> {
  for (let before = -1; routes.pulled === 0 || routes.pulled !== before;) {
    before = routes.pulled;
    await askOther();
    for (let turn = 0; turn < 20; turn++) await testHost().nextTurn();
  }
  expect(routes.pulled).toBeGreaterThan(100);
  expect(routes.pulled).toBeLessThan(50_000);
}

/** Counts within each turn of the event loop; `most`, which ends it, is the highest count of one. */
export function countTurns(): { count(): void; most(): number } {
  let most = 0;
  let inThisTurn = 0;
  let isOver = false;
  const turn = (): void => { inThisTurn = 0; if (!isOver) setImmediate(turn); };
  turn();
  return {
    count() { most = Math.max(most, ++inThisTurn); },
    most() {
      isOver = true;
      return most;
    },
  };
}
