/** What one of a neighbour's two connections holds while it lives; `close` in peer-session.ts gives it all back. */

import type { Instant } from "../base/ports.ts";
import { after } from "../base/ports.ts";
import { Deadlines } from "../fsm/deadlines.ts";
import { TIMERS } from "../fsm/events.ts";
import type { Timer } from "../fsm/events.ts";
import type { ConnectionDriver } from "./driver.ts";

/** The resources of one connection. */
export interface SlotResources {
  readonly deadlines: Deadlines<Timer>;
  driver: ConnectionDriver | undefined;
  /** Takes back the dial that is under way. */
  cancelDial: (() => void) | undefined;
}

/** A slot that holds nothing. */
export function newSlot(): SlotResources {
  return { deadlines: new Deadlines(TIMERS), driver: undefined, cancelDial: undefined };
}

/** When to look again at a hold time that ran out while octets were arriving. */
const LOOK_AGAIN_SECONDS = 0.05;

/**
 * Takes out the earliest timer that is due at `now`. A HoldTimer counts only if all was read and nothing has arrived
 * since there were `octetsInBefore`.
 */
export function takeDue(slot: SlotResources, now: Instant, octetsInBefore?: number): Timer | undefined {
  const { deadlines, driver } = slot;
  for (;;) {
    const due = deadlines.takeDue(now);
    const silent = driver === undefined || (!driver.behind && driver.octetsIn === octetsInBefore);
    if (due !== "HoldTimer" || silent) return due;
    deadlines.arm("HoldTimer", after(now, LOOK_AGAIN_SECONDS));
  }
}

/** The first of some instants, or undefined where there is none. */
export function earliest(...instants: readonly (Instant | undefined)[]): Instant | undefined {
  return instants.reduce((a, b) => (a === undefined || (b !== undefined && b < a) ? b : a), undefined);
}
