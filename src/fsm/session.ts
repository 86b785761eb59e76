/**
 * The machine of one neighbour: starting and stopping, waiting after errors, and at most two connections at once, each
 * with its own instance of the table (RFC 4271 §8.2.1: one machine per connection until a collision is resolved).
 * Rules: a connection is changed only by `advance`; at most one connection is ever Established, and while one is in
 * OpenConfirm or Established nothing is dialled; what an end leads to is said by `aftermathOf`.
 */

import type { Notification } from "../messages/notification.ts";
import { CEASE } from "../messages/notification.ts";
import { unreachable } from "../base/assert.ts";
import type { FsmParameters } from "./cells.ts";
import { admitsNewcomer, findsRival, judgeOpen } from "./collision.ts";
import { aftermathOf, ceased } from "./ends.ts";
import type { Action, Event, Named, State } from "./events.ts";
import { isConnected } from "./events.ts";
import type { SessionEnd } from "./parameters.ts";
import { step } from "./table.ts";

/** Which of the two connections. The dial is always in slot 0; whoever connects to us takes a free one. */
export type Slot = 0 | 1;

/**
 * Timers of the neighbour. StableTimer: how long a session must last until IdleHoldTime falls back to its first.
 * NewcomerTimer: how long it must last until another connection can mean that the peer restarted.
 */
export const SESSION_TIMERS = ["IdleHoldTimer", "StableTimer", "NewcomerTimer"] as const;
/** One of SESSION_TIMERS. */
export type SessionTimer = (typeof SESSION_TIMERS)[number];

/** Where one neighbour stands. */
export interface Session {
  /** `resting`: in Idle until IdleHoldTimer expires; connections are refused. */
  readonly mode: "stopped" | "resting" | "running";
  readonly connections: readonly [State, State];
  /** True while a connection that arrives may still be the loser of the collision that was just resolved. */
  readonly fresh: boolean;
  /** The next IdleHoldTime. */
  readonly idleHoldSeconds: number;
  readonly connectRetryCounter: number;
}

/** What can happen to a neighbour. */
export type SessionEvent =
  | { readonly name: "Start" }
  /** `quietly`: a session that is up ends without a NOTIFICATION, which would make the peer forget our routes. */
  | { readonly name: "Stop"; readonly subcode: number; readonly text: string; readonly quietly?: boolean }
  /** Ends what is connected and comes back; without a connection the next attempt is made at once. */
  | { readonly name: "Reset"; readonly subcode: number; readonly text: string }
  /** Ends what is connected and rests that long. */
  | { readonly name: "HoldDown"; readonly seconds: number; readonly text: string }
  /** Its parameters say the other way whether we dial: a dial or a wait for one begins anew. */
  | { readonly name: "PassiveChanged" }
  | { readonly name: "IdleHoldTimer_Expires" }
  | { readonly name: "StableTimer_Expires" }
  | { readonly name: "NewcomerTimer_Expires" }
  /** A connection of the peer's has arrived; the answer is one `adopt` or `refuse`. */
  | { readonly name: "Inbound" }
  | { readonly name: "Connection"; readonly slot: Slot; readonly event: Event };

/** What the driver is to do, in this order. */
export type Work =
  | { readonly do: "actions"; readonly slot: Slot; readonly actions: readonly Action[] }
  | { readonly do: "adopt"; readonly slot: Slot }
  | { readonly do: "refuse"; readonly why: string; readonly notification: Notification | undefined }
  | { readonly do: "arm"; readonly timer: SessionTimer; readonly seconds: number }
  | { readonly do: "disarm"; readonly timer: SessionTimer };

/** Where an event leads. */
export interface SessionStep {
  readonly session: Session;
  readonly work: readonly Work[];
}

/** A session that lasted this long clears the memory of earlier errors. */
const STABLE_SECONDS = 600;
/** Longer than a connection waits to be accepted, shorter than any speaker takes to restart and be trusted again. */
const NEWCOMER_SECONDS = 5;
const IDLE: State = { name: "Idle", end: undefined };
const LISTENING: State = { name: "Active", delaying: false };

/** A neighbour that nobody has started yet. */
export function newSession(parameters: FsmParameters): Session {
  return {
    mode: "stopped", connections: [IDLE, IDLE], fresh: false, idleHoldSeconds: parameters.idleHoldSeconds[0],
    connectRetryCounter: 0,
  };
}

/** What an event does to a neighbour. Total, like `step`. */
export function stepSession(parameters: FsmParameters, session: Session, event: SessionEvent): SessionStep {
  if (event.name === "Connection" && session.connections[event.slot].name === "Established") {
    // Nearly all events: those that leave an Established connection as it is concern nobody else.
    const { state, actions } = step(parameters, session.connections[event.slot], event.event);
    if (state === session.connections[event.slot]) {
      return { session, work: [{ do: "actions", slot: event.slot, actions }] };
    }
  }
  const turn: Turn = { ...session, connections: [...session.connections], parameters, work: [] };
  handle(turn, event);
  const { mode, connections, fresh, idleHoldSeconds, connectRetryCounter, work } = turn;
  return { session: { mode, connections, fresh, idleHoldSeconds, connectRetryCounter }, work };
}

/** Which of two connections tells more about the session. */
const ADVANCE: Readonly<Record<State["name"], number>> = {
  Idle: 0, Active: 1, Connect: 2, OpenSent: 3, OpenConfirm: 4, Established: 5,
};

/** The state that stands for the whole session: that of the connection which is further. */
export function mostAdvanced({ connections: [first, second] }: Session): State {
  return ADVANCE[second.name] > ADVANCE[first.name] ? second : first;
}

/** A session while one event is handled; lives no longer than that. */
interface Turn {
  readonly parameters: FsmParameters;
  mode: Session["mode"];
  readonly connections: [State, State];
  fresh: boolean;
  idleHoldSeconds: number;
  connectRetryCounter: number;
  readonly work: Work[];
}

const SLOTS: readonly Slot[] = [0, 1];
const otherSlot = (slot: Slot): Slot => (slot === 0 ? 1 : 0);

function handle(turn: Turn, event: SessionEvent): void {
  switch (event.name) {
    case "Start": return start(turn);
    case "Stop": return stop(turn, event);
    case "Reset": return reset(turn, event);
    case "HoldDown": return holdDown(turn, event);
    case "PassiveChanged": return beginAnew(turn);
    case "IdleHoldTimer_Expires": return wakeUp(turn);
    case "StableTimer_Expires": turn.idleHoldSeconds = turn.parameters.idleHoldSeconds[0]; return;
    case "NewcomerTimer_Expires": turn.fresh = false; return;
    case "Inbound": return admit(turn);
    case "Connection": return onConnection(turn, event.slot, event.event);
    default: return unreachable(event, "stepSession");
  }
}

function start(turn: Turn): void {
  if (turn.mode !== "stopped") return;
  turn.mode = "running";
  turn.connectRetryCounter = 0;
  advance(turn, 0, {
    name: turn.parameters.passive ? "ManualStart_with_PassiveTcpEstablishment" : "ManualStart",
  });
}

function stop(turn: Turn, { subcode, text, quietly = false }: Extract<SessionEvent, { name: "Stop" }>): void {
  turn.mode = "stopped";
  turn.work.push({ do: "disarm", timer: "IdleHoldTimer" });
  const up = quietly ? SLOTS.find((slot) => turn.connections[slot].name === "Established") : undefined;
  if (up !== undefined) advance(turn, up, { name: "TcpConnectionFails", why: text });
  dropAll(turn, { name: "ManualStop", subcode, text });
  turn.idleHoldSeconds = turn.parameters.idleHoldSeconds[0];
  turn.connectRetryCounter = 0;
}

function reset(turn: Turn, { subcode, text }: { readonly subcode: number; readonly text: string }): void {
  if (turn.mode === "stopped") return;
  if (turn.mode === "resting") return wakeUp(turn);
  const connected = SLOTS.filter((slot) => isConnected(turn.connections[slot]));
  for (const slot of connected) advance(turn, slot, { name: "AutomaticStop", subcode, text });
  if (connected.length > 0 || turn.parameters.passive) return;
  if (turn.connections[0].name === "Active") advance(turn, 0, { name: "AutomaticStart" });
}

function holdDown(turn: Turn, { seconds, text }: { readonly seconds: number; readonly text: string }): void {
  if (turn.mode === "stopped") return;
  rest(turn, seconds);
  dropAll(turn, { name: "AutomaticStop", subcode: CEASE.ADMINISTRATIVE_RESET, text });
}

function beginAnew(turn: Turn): void {
  const state = turn.connections[0];
  if (turn.mode !== "running" || state.name === "Idle" || isConnected(state)) return;
  abandonDial(turn, 0);
  advance(turn, 0, { name: "IdleHoldTimer_Expires" });
}

/** Ends both connections: connected ones by `event`, others without a word. */
function dropAll(turn: Turn, event: Event): void {
  for (const slot of SLOTS) {
    const state = turn.connections[slot];
    if (state.name !== "Idle") advance(turn, slot, isConnected(state) ? event : { name: "DialAbandoned" });
  }
}

/** The wait is over, or was cut short. */
function wakeUp(turn: Turn): void {
  if (turn.mode !== "resting") return;
  turn.mode = "running";
  turn.work.push({ do: "disarm", timer: "IdleHoldTimer" });
  if (turn.connections[0].name === "Idle") advance(turn, 0, { name: "IdleHoldTimer_Expires" });
}

/**
 * Answers an inbound connection. Two connections without an OPEN at most: a newer one takes the place of an older one
 * that the peer dialled and said nothing on. Refusals say why, for the log and the counters.
 */
function admit(turn: Turn): void {
  if (turn.mode === "stopped") return refuse(turn, "administratively down");
  if (turn.mode === "resting") return refuse(turn, "in idle hold after an error");
  const waiting = SLOTS.find((slot) => isSilentInbound(turn.connections[slot]));
  if (waiting !== undefined) {
    turn.connections[waiting] = IDLE; // not an end of the session: nothing follows from it
    turn.work.push({ do: "actions", slot: waiting, actions: [{ do: "close", notification: undefined }] });
    return adopt(turn, waiting);
  }
  const rival = turn.connections.find((state) => refusesNewcomers(state, turn.fresh));
  const free = turn.connections[1].name === "Idle" ? 1 : turn.connections[0].name === "Idle" ? 0 : undefined;
  if (rival !== undefined || free === undefined) {
    return refuse(turn, "the session has its connection", ceased(CEASE.CONNECTION_COLLISION, "").notification);
  }
  adopt(turn, free);
}

function isSilentInbound(state: State): boolean {
  return (state.name === "OpenSent" && state.incoming) || (state.name === "Active" && state.delaying);
}

/** Connections beside which nothing more is accepted: Established ones without graceful restart, and the peer's own. */
function refusesNewcomers(state: State, fresh: boolean): boolean {
  if (state.name === "Established") return fresh || !admitsNewcomer(state);
  return state.name === "OpenConfirm" && state.incoming;
}

function refuse(turn: Turn, why: string, notification?: Notification): void {
  turn.work.push({ do: "refuse", why, notification });
}

function adopt(turn: Turn, slot: Slot): void {
  turn.connections[slot] = LISTENING;
  turn.work.push({ do: "adopt", slot });
  advance(turn, slot, { name: "TcpConnectionConfirmed" });
}

function onConnection(turn: Turn, slot: Slot, event: Event): void {
  const state = turn.connections[slot];
  const other = turn.connections[otherSlot(slot)];
  if (event.name === "BGPOpen" && (state.name === "OpenSent" || isConnected(state))) return judge(turn, slot, event);
  if (event.name === "CollisionTimer_Expires" && findsRival(turn.parameters.local, state, other)) {
    return advance(turn, slot, { name: "CollisionFound" });
  }
  advance(turn, slot, event);
}

/** A valid OPEN, before it counts: the other connection may have to go first, or this one. */
function judge(turn: Turn, slot: Slot, event: Named<Event, "BGPOpen">): void {
  const state = turn.connections[slot];
  if (state.name === "OpenConfirm" || state.name === "Established") return advance(turn, slot, event);
  const incoming = state.name === "OpenSent" ? state.incoming : state.name === "Active";
  const rival = otherSlot(slot);
  const verdict = judgeOpen(turn.parameters.local, event.remote, incoming, turn.connections[rival]);
  if (verdict.keep === "other") return advance(turn, slot, { name: "OpenCollisionDump" });
  if (verdict.other === "dump") advance(turn, rival, { name: "OpenCollisionDump" });
  if (verdict.other === "replace") advance(turn, rival, { name: "ConnectionReplaced" });
  abandonDial(turn, rival);
  advance(turn, slot, { ...event, heldBack: verdict.heldBack });
}

/** Moves one connection by its table and sees to what its new state means to the neighbour. */
function advance(turn: Turn, slot: Slot, event: Event): void {
  const before = turn.connections[slot];
  const { state, actions } = step(turn.parameters, before, event);
  turn.connections[slot] = state;
  turn.work.push({ do: "actions", slot, actions });
  if (state === before) return;
  if (before.name === "Established") turn.work.push({ do: "disarm", timer: "StableTimer" });
  if (state.name === "Established") established(turn, otherSlot(slot));
  if (state.name === "Idle" && state.end !== undefined) ended(turn, slot, before, state.end);
  settle(turn, slot);
  settle(turn, otherSlot(slot));
}

/**
 * A rival that was there before goes. One that the peer dialled may still wait to be accepted, and would look like a
 * restarted peer: so for a while every newcomer is refused (seen with BIRD, which offers graceful restart).
 */
function established(turn: Turn, rival: Slot): void {
  turn.fresh = true;
  turn.work.push({ do: "arm", timer: "StableTimer", seconds: STABLE_SECONDS });
  turn.work.push({ do: "arm", timer: "NewcomerTimer", seconds: NEWCOMER_SECONDS });
  if (isConnected(turn.connections[rival])) advance(turn, rival, { name: "OpenCollisionDump" });
}

/** What a connection must do because of where the other one now stands. */
function settle(turn: Turn, slot: Slot): void {
  const state = turn.connections[slot];
  const other = turn.connections[otherSlot(slot)];
  if (other.name === "OpenConfirm" || other.name === "Established") abandonDial(turn, slot);
  if (state.name === "OpenConfirm" && state.heldBack === "rival" && !isConnected(other)) {
    advance(turn, slot, { name: "CollisionResolved" });
  }
}

/** Gives up a dial, or the wait for one, in favour of the other connection. */
function abandonDial(turn: Turn, slot: Slot): void {
  const state = turn.connections[slot];
  if (state.name !== "Idle" && !isConnected(state)) advance(turn, slot, { name: "DialAbandoned" });
}

/** A connection ended: the neighbour rests, waits or tries again, unless its other connection goes on. */
function ended(turn: Turn, slot: Slot, before: State, end: SessionEnd): void {
  turn.connectRetryCounter++;
  const other = turn.connections[otherSlot(slot)];
  if (turn.mode !== "running" || isConnected(other)) return;
  const aftermath = aftermathOf(end);
  // Whoever can reach our port from the peer's address could otherwise keep the session down with garbage.
  const anonymous = isSilentInbound(before);
  if (aftermath === "rest" && !anonymous) {
    rest(turn, backOff(turn));
    abandonDial(turn, otherSlot(slot));
  } else if (other.name === "Idle") {
    const retrySeconds = aftermath === "retry" || anonymous ? turn.parameters.connectRetrySeconds : backOff(turn);
    listenAgain(turn, retrySeconds);
  }
}

/** The dial waits in slot 0; the peer may connect meanwhile. */
function listenAgain(turn: Turn, retrySeconds: number): void {
  advance(turn, 0, { name: "AutomaticStart_with_DampPeerOscillations_and_PassiveTcpEstablishment", retrySeconds });
}

function rest(turn: Turn, seconds: number): void {
  turn.mode = "resting";
  turn.work.push({ do: "arm", timer: "IdleHoldTimer", seconds });
}

/** The IdleHoldTime to use now; the next one is twice as long, up to the largest. */
function backOff(turn: Turn): number {
  const seconds = turn.idleHoldSeconds;
  turn.idleHoldSeconds = Math.min(seconds * 2, turn.parameters.idleHoldSeconds[1]);
  return seconds;
}
