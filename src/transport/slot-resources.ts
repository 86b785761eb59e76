/** What one of a neighbour's two connections holds while it lives; `close` in peer-session.ts gives it all back. */

import type { Instant } from "../base/ports.ts";
import { Deadlines } from "../fsm/deadlines.ts";
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
  return { deadlines: new Deadlines(), driver: undefined, cancelDial: undefined };
}

/** The first of some instants, or undefined where there is none. */
export function earliest(...instants: readonly (Instant | undefined)[]): Instant | undefined {
  return instants.reduce((a, b) => (a === undefined || (b !== undefined && b < a) ? b : a), undefined);
}
