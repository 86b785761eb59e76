/**
 * What is kept of one address family of a neighbour that went away, as a table: the helper's side of RFC 4724 §4.2,
 * RFC 8538 §4 and RFC 9494 §4.2. Rules: states, events and actions are data and nothing here knows a route; "stale" is
 * what has not been announced since the last `markStale`; the table answers every event in every state.
 */

import type { CapabilityNamed } from "../messages/capabilities.ts";
import { findCapability } from "../messages/capabilities.ts";
import type { FamilyRow } from "../messages/families.ts";
import type { Negotiated } from "../messages/negotiation.ts";
import { CEASE } from "../messages/notification.ts";
import type { OpenMessage } from "../messages/open.ts";
import type { SessionEnd } from "./parameters.ts";

/** Seconds for which stale routes wait for End-of-RIB once the session is back, at most (RFC 8538 §4.1). */
export const STALE_SECONDS = 360;

/**
 * Timers of one family. RestartTimer: until the session is back (RFC 4724 §4.2). StaleTimer: until End-of-RIB, over
 * all sessions that end before it. LongLivedTimer: Long-Lived Stale Time, until End-of-RIB (RFC 9494 §4.2).
 */
export const RESTART_TIMERS = ["RestartTimer", "StaleTimer", "LongLivedTimer"] as const;
/** One of RESTART_TIMERS. */
export type RestartTimer = (typeof RESTART_TIMERS)[number];

/** What the two OPENs promise for a family. Both times 0: nothing is kept. */
export interface RestartTerms {
  readonly restartSeconds: number;
  readonly longLivedSeconds: number;
  /** Both sides set the N bit (RFC 8538 §2). */
  readonly notification: boolean;
}

/** How the Long-Lived Stale Time of what is kept stands; it runs on through every session until End-of-RIB. */
export type LongLivedTime = "unused" | "running" | "over";

/** Where a family stands. */
export type RestartState =
  /** Nothing is stale. */
  | { readonly name: "Fresh" }
  /** The session is lost, and what is stale is used as before. `again`: StaleTimer runs on from the one before. */
  | {
      readonly name: "Restarting"; readonly longLivedSeconds: number; readonly longLived: LongLivedTime;
      readonly again: boolean;
    }
  /** The session is lost for longer than the Restart Time: what is stale is used where there is nothing better. */
  | { readonly name: "LongLived" }
  /** The session is back; what it says again is fresh, the rest waits for End-of-RIB. */
  | { readonly name: "Returned"; readonly longLived: LongLivedTime };

/** What can happen to a family. */
export type RestartEvent =
  /** The session left Established; `terms` undefined where everything is to be forgotten. */
  | { readonly name: "Lost"; readonly terms: RestartTerms | undefined }
  /** The session is Established; whether the new OPEN says that the forwarding state was kept (F bit). */
  | { readonly name: "Back"; readonly forwarding: boolean; readonly longLivedForwarding: boolean }
  | { readonly name: "EndOfRib" }
  | { readonly name: `${RestartTimer}_Expires` };

/** What is to be done with the routes and timers of the family, in this order. */
export type RestartAction =
  /** Everything is stale from now on. */
  | { readonly do: "markStale" }
  /** LLGR_STALE on what is stale; what carries NO_LLGR goes (RFC 9494 §4.2). */
  | { readonly do: "markLongLived" }
  /** Withdraws: everything, what is stale, or what is long-lived stale. */
  | { readonly do: "drop"; readonly what: "all" | "stale" | "longLived" }
  /** Withdraws what is stale at once: what is fresh is about to become stale, too. */
  | { readonly do: "dropStaleNow" }
  | { readonly do: "arm"; readonly timer: RestartTimer; readonly seconds: number }
  | { readonly do: "disarm"; readonly timer: RestartTimer };

/** Where an event leads. */
export interface RestartStep {
  readonly state: RestartState;
  readonly actions: readonly RestartAction[];
}

type Named<U extends { readonly name: string }, N extends U["name"]> = Extract<U, { readonly name: N }>;
type Cell<S extends RestartState, E extends RestartEvent> = (state: S, event: E) => RestartStep;
/** One state: a cell per event that changes it. Any other event leaves it as it is. */
type Row<S extends RestartState> = { readonly [N in RestartEvent["name"]]?: Cell<S, Named<RestartEvent, N>> };

/** Nothing is stale: what a family begins with. */
export const FRESH: RestartState = { name: "Fresh" };
const DISARM_ALL: readonly RestartAction[] = RESTART_TIMERS.map((timer) => ({ do: "disarm", timer }));

/** The machine. */
const RESTART_TRANSITIONS: { readonly [N in RestartState["name"]]: Row<Named<RestartState, N>> } = {
  Fresh: {
    Lost: (_state, { terms }) => (terms === undefined ? forget("all") : keep(terms, "unused", false)),
  },
  Restarting: {
    Back: (state, { forwarding }) => (forwarding ? takeBack(state.longLived, state.again) : forget("stale")),
    RestartTimer_Expires: outlive,
    // What was stale before the session came and went once more; nothing tells it from the rest any longer.
    StaleTimer_Expires: () => forget("stale"),
    LongLivedTimer_Expires: (state) => ({
      state: { ...state, longLived: "over" }, actions: [{ do: "drop", what: "longLived" }],
    }),
  },
  LongLived: {
    Back: (_state, { longLivedForwarding }) => (longLivedForwarding ? takeBack("running", false) : forget("stale")),
    LongLivedTimer_Expires: () => forget("stale"),
  },
  Returned: {
    Lost: loseAgain,
    EndOfRib: () => forget("stale"),
    StaleTimer_Expires: () => forget("stale"),
    LongLivedTimer_Expires: () => ({
      state: { name: "Returned", longLived: "over" }, actions: [{ do: "drop", what: "stale" }],
    }),
  },
};

/** What an event does to a family. Total: an event that a state has no cell for changes nothing. */
export function stepRestart(state: RestartState, event: RestartEvent): RestartStep {
  // The types above prove that each cell fits its row and column; a lookup by two runtime names cannot carry the proof.
  const cell = RESTART_TRANSITIONS[state.name][event.name] as Cell<RestartState, RestartEvent> | undefined;
  return cell === undefined ? { state, actions: [] } : cell(state, event);
}

/** Back to the beginning; `what` is withdrawn. */
function forget(what: "all" | "stale"): RestartStep {
  return { state: FRESH, actions: [...DISARM_ALL, { do: "drop", what }] };
}

/** Keeps what the neighbour said. A Restart Time of 0 is over at once (RFC 9494 §4.2). */
function keep(
  terms: RestartTerms, longLived: LongLivedTime, again: boolean, first: readonly RestartAction[] = [],
): RestartStep {
  const { restartSeconds, longLivedSeconds } = terms;
  const state: Named<RestartState, "Restarting"> = { name: "Restarting", longLivedSeconds, longLived, again };
  const actions: readonly RestartAction[] = [...first, { do: "markStale" }];
  if (restartSeconds > 0) {
    return { state, actions: [...actions, { do: "arm", timer: "RestartTimer", seconds: restartSeconds }] };
  }
  const step = outlive(state);
  return { state: step.state, actions: [...actions, ...step.actions] };
}

/**
 * The Restart Time is over. The Long-Lived Stale Time begins, unless it runs already: it is not set anew before the
 * neighbour said End-of-RIB.
 */
function outlive({ longLivedSeconds, longLived }: Named<RestartState, "Restarting">): RestartStep {
  if (longLived === "over" || (longLived === "unused" && longLivedSeconds === 0)) return forget("stale");
  const arm: readonly RestartAction[] = longLived === "running" ? []
    : [{ do: "arm", timer: "LongLivedTimer", seconds: longLivedSeconds }];
  return {
    state: { name: "LongLived" },
    actions: [{ do: "disarm", timer: "RestartTimer" }, { do: "disarm", timer: "StaleTimer" }, ...arm,
      { do: "markLongLived" }],
  };
}

/** The session is back with its forwarding state. */
function takeBack(longLived: LongLivedTime, again: boolean): RestartStep {
  const arm: readonly RestartAction[] = again ? [] : [{ do: "arm", timer: "StaleTimer", seconds: STALE_SECONDS }];
  return { state: { name: "Returned", longLived }, actions: [{ do: "disarm", timer: "RestartTimer" }, ...arm] };
}

/**
 * A second loss before End-of-RIB. What is stale since the first one goes (RFC 4724 §4.2), unless both sides set the N
 * bit (RFC 8538 §4.1: it should stay) or the family is long-lived (RFC 9494 §4.2: it must). So that flapping keeps
 * nothing for ever the StaleTimer then runs on, or the LongLivedTimer does.
 */
function loseAgain({ longLived }: Named<RestartState, "Returned">, event: Named<RestartEvent, "Lost">): RestartStep {
  const { terms } = event;
  if (terms === undefined || longLived === "over") return forget("all");
  if (terms.longLivedSeconds > 0 || longLived === "running") {
    return keep(terms, longLived, false, [{ do: "disarm", timer: "StaleTimer" }]);
  }
  if (terms.notification) return keep(terms, longLived, true);
  return keep(terms, longLived, false, [{ do: "disarm", timer: "StaleTimer" }, { do: "dropStaleNow" }]);
}

/** Whether both sides keep routes also after a NOTIFICATION (RFC 8538 §2). */
export function keepsOnNotification(local: OpenMessage, { gracefulRestart }: Negotiated): boolean {
  const ours = findCapability(local.capabilities, "gracefulRestart");
  return ours?.notification === true && gracefulRestart?.notification === true;
}

/** What a lost session leaves of a family; undefined where its end says that nothing is kept. */
export function restartTerms(
  family: FamilyRow, end: SessionEnd, local: OpenMessage, negotiated: Negotiated,
): RestartTerms | undefined {
  const notification = keepsOnNotification(local, negotiated);
  const wasLost = end.direction === "local" && end.code === 0;
  const isHard = end.code === 6 && end.subcode === CEASE.HARD_RESET;
  if (!wasLost && (!notification || isHard)) return undefined;
  const ours = findCapability(local.capabilities, "gracefulRestart");
  const { gracefulRestart: theirs, longLivedGracefulRestart: longLived } = negotiated;
  if (ours === undefined || theirs === undefined) return undefined;
  const speaksLongLived = findCapability(local.capabilities, "longLivedGracefulRestart") !== undefined;
  const restartSeconds = entryOf(theirs, family) === undefined ? 0 : theirs.restartTimeSeconds;
  const longLivedSeconds = speaksLongLived && longLived !== undefined
    ? entryOf(longLived, family)?.staleTimeSeconds ?? 0 : 0;
  return restartSeconds + longLivedSeconds === 0 ? undefined : { restartSeconds, longLivedSeconds, notification };
}

/** What the OPEN of a session that is back says of a family's forwarding state (RFC 4724 §4.2, RFC 9494 §4.2). */
export function backEvent(family: FamilyRow, negotiated: Negotiated): Named<RestartEvent, "Back"> {
  const { families, gracefulRestart, longLivedGracefulRestart } = negotiated;
  const speaks = families.includes(family.name);
  const kept = (capability: FamilyList | undefined): boolean =>
    speaks && capability !== undefined && entryOf(capability, family)?.forwarding === true;
  return { name: "Back", forwarding: kept(gracefulRestart), longLivedForwarding: kept(longLivedGracefulRestart) };
}

type FamilyList = CapabilityNamed<"gracefulRestart"> | CapabilityNamed<"longLivedGracefulRestart">;

/** The entry of a family; of two the last one counts. */
function entryOf<C extends FamilyList>(capability: C, { afi, safi }: FamilyRow): C["families"][number] | undefined {
  const families: readonly C["families"][number][] = capability.families;
  return families.findLast((entry) => entry.afi === afi && entry.safi === safi);
}
