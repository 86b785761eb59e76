/**
 * The cells of the transition table, named for what they do. Rule: a cell is a function of its parameters, state and
 * event to the next state and the actions that take it there; it asks only for the data it uses.
 */

import { Shared } from "../base/shared.ts";
import type { ExpectedOpen, OpenMessage } from "../messages/open.ts";
import { AS_TRANS } from "../messages/open.ts";
import type { Ending } from "./ends.ts";
import {
  ceased, faulted, fsmError, hardened, holdExpired, lost, notConnected, received, replaced, sendHoldExpired,
} from "./ends.ts";
import type { Action, Event, HeldBack, Named, State, Step, Timer } from "./events.ts";
import type { SessionParameters } from "./parameters.ts";
import { keepsOnNotification } from "./restart.ts";

/** What the machine of one neighbour needs to know; made once by `fsmParameters`. */
export interface FsmParameters {
  readonly passive: boolean;
  readonly connectRetrySeconds: number;
  /** 0: the OPEN is sent at once. */
  readonly delayOpenSeconds: number;
  readonly keepaliveTimeSeconds: number | undefined;
  readonly idleHoldSeconds: readonly [first: number, max: number];
  /** Our OPEN. */
  readonly local: OpenMessage;
  readonly expected: ExpectedOpen;
}

/** RFC 4271 §8.2.2: "a large value", 4 minutes suggested, until the OPEN has come. */
export const OPEN_HOLD_SECONDS = 240;
/** The same for accepted connections: whoever connects to us has no reason to be silent. */
export const ACCEPTED_OPEN_HOLD_SECONDS = 10;
/** The shortest send hold time. RFC 9687 §4. */
const SEND_HOLD_SECONDS_MIN = 480;
/** How long the KEEPALIVE that answers an OPEN is held back at most (collision.ts says why). */
const HELD_BACK_SECONDS = { peer: 1, rival: 5 } as const;

const SHARED = new Shared<FsmParameters>();

/** What the machine needs, from what the neighbour was asked to be; the same for all that were asked the same. */
export function fsmParameters(session: SessionParameters): FsmParameters {
  const { asNumber, localAsNumber, routerId, holdTimeSeconds, capabilities, families, role } = session;
  return SHARED.of({
    passive: session.passive,
    connectRetrySeconds: session.connectRetrySeconds,
    delayOpenSeconds: session.delayOpenSeconds ?? 0,
    keepaliveTimeSeconds: session.keepaliveTimeSeconds,
    idleHoldSeconds: session.idleHoldSeconds,
    local: {
      version: 4, asNumber: localAsNumber, asField: localAsNumber > 0xffff ? AS_TRANS : localAsNumber,
      holdTimeSeconds, routerId, capabilities,
    },
    expected: {
      asNumber, localAsNumber, localRouterId: routerId, families, roleStrict: session.roleStrict ?? false,
      ...(role === undefined ? {} : { role }),
    },
  });
}

/** The keepalive interval in force: at most a third of the hold time, at least a second; 0 is none. RFC 4271 §4.4. */
export function keepaliveSeconds(parameters: FsmParameters, holdTimeSeconds: number): number {
  if (holdTimeSeconds === 0) return 0;
  const third = holdTimeSeconds / 3;
  return Math.max(1, Math.min(parameters.keepaliveTimeSeconds ?? third, third));
}

/** Nothing changes. */
export function stay(_parameters: FsmParameters, state: State): Step {
  return { state, actions: [] };
}

/** The only way back to Idle: everything is released, and `why` says what is told to whom. */
export function toIdle<S extends State, E extends Event>(
  why: (event: E) => Ending,
): (parameters: FsmParameters, state: S, event: E) => Step {
  return (parameters, state, event) => {
    const established = state.name === "Established";
    const isHard = established && keepsOnNotification(parameters.local, state.negotiated);
    const { end, notification } = isHard ? hardened(why(event)) : why(event);
    const close: Action = { do: "close", notification };
    const report: Action = { do: "report", end, of: established ? "session" : "connection" };
    const actions: readonly Action[] = established ? [{ do: "down", end }, close, report] : [close, report];
    return { state: { name: "Idle", end }, actions };
  };
}

/** Ends by their event: what `toIdle` is given. */
export const ceaseOf = (event: Named<Event, "ManualStop" | "AutomaticStop">): Ending =>
  ceased(event.subcode, event.text);
/** We found a mistake in what came. */
export const faultOf = (event: Extract<Event, { readonly fault: unknown }>): Ending => faulted(event.fault);
/** The peer told us. A NOTIFICATION is never answered by one (RFC 4271 §6.4). */
export const notificationOf = (event: Extract<Event, { readonly notification: unknown }>): Ending =>
  received(event.notification);
/** TCP is gone. */
export const lostEnd = (event: Named<Event, "TcpConnectionFails">): Ending => lost(event.why);
/** RFC 4271 §6.5. */
export const holdEnd = (): Ending => holdExpired();
/** RFC 9687 §4.2. */
export const sendHoldEnd = (): Ending => sendHoldExpired();
/** RFC 4271 §6.8. */
export const collisionEnd = (): Ending => ceased(7, "another connection of this session is kept");
/** RFC 4724 §5. */
export const replacedEnd = (): Ending => replaced();
/** RFC 6608; subcode 0 where no OPEN was sent. */
export const fsmErrorIn = (subcode: number) => (event: Event): Ending => fsmError(subcode, event.name);

/** The dial is given up without an error: another connection of the session serves. */
export function abandon(): Step {
  return { state: { name: "Idle", end: undefined }, actions: [{ do: "close", notification: undefined }] };
}

/** Dials, again where a dial is under way. */
export function dial(parameters: FsmParameters, state: State): Step {
  const retry = arm("ConnectRetryTimer", parameters.connectRetrySeconds, true);
  const again: readonly Action[] = state.name === "Idle" ? [] : [{ do: "close", notification: undefined }];
  return { state: { name: "Connect", delaying: false }, actions: [...again, retry, { do: "connect" }] };
}

/** Waits for the peer's connection. */
export function listen(): Step {
  return { state: { name: "Active", delaying: false }, actions: [] };
}

/** Waits for the peer's connection and dials later, unless passive. */
export function listenAfter(
  parameters: FsmParameters, _state: State,
  event: Named<Event, "AutomaticStart_with_DampPeerOscillations_and_PassiveTcpEstablishment">,
): Step {
  if (parameters.passive) return listen();
  return { ...listen(), actions: [arm("ConnectRetryTimer", event.retrySeconds, true)] };
}

/** The IdleHoldTimer is over: dials or listens as configured. */
export function startAgain(parameters: FsmParameters, state: State): Step {
  return parameters.passive ? listen() : dial(parameters, state);
}

/** A connection broke before it had said anything: the dialled one is tried again after ConnectRetryTime. */
export function retryLater(
  parameters: FsmParameters, state: Named<State, "Connect" | "OpenSent">, event: Named<Event, "TcpConnectionFails">,
): Step {
  if (state.name === "OpenSent" && state.incoming) return toIdle(lostEnd)(parameters, state, event);
  // RFC 4271 sends Connect without DelayOpenTimer to Idle, from where AutomaticStart leads here again: one step less.
  const dialled = state.name === "Connect" && !state.delaying;
  const actions: readonly Action[] = [
    { do: "close", notification: undefined },
    arm("ConnectRetryTimer", parameters.connectRetrySeconds, true),
    dialled ? { do: "report", end: notConnected(event.why).end, of: "dial" }
      : { do: "report", end: lost(event.why).end, of: "connection" },
  ];
  return { state: { name: "Active", delaying: false }, actions };
}

/** TCP is connected: the OPEN is sent, or the DelayOpenTimer started. */
export function openNow(
  parameters: FsmParameters, state: Named<State, "Connect" | "Active">,
  event: Named<Event, "Tcp_CR_Acked" | "TcpConnectionConfirmed">,
): Step {
  const retryOver: Action = { do: "disarm", timer: "ConnectRetryTimer" };
  if (parameters.delayOpenSeconds > 0) {
    const delay = arm("DelayOpenTimer", parameters.delayOpenSeconds, false);
    return { state: { name: state.name, delaying: true }, actions: [retryOver, delay] };
  }
  return sendOpen(event.name === "TcpConnectionConfirmed", [retryOver]);
}

/** The DelayOpenTimer is over: Connect holds our dial, Active the peer's. */
export function openDelayed(_parameters: FsmParameters, state: Named<State, "Connect" | "Active">): Step {
  return sendOpen(state.name === "Active", []);
}

function sendOpen(incoming: boolean, first: readonly Action[]): Step {
  const hold = incoming ? ACCEPTED_OPEN_HOLD_SECONDS : OPEN_HOLD_SECONDS;
  return {
    state: { name: "OpenSent", incoming },
    actions: [...first, { do: "sendOpen" }, arm("HoldTimer", hold, false)],
  };
}

/** A valid OPEN: answered by a KEEPALIVE, now or when the collision allows. */
export function confirm(
  parameters: FsmParameters, state: Named<State, "Connect" | "Active" | "OpenSent">, event: Named<Event, "BGPOpen">,
): Step {
  const incoming = state.name === "OpenSent" ? state.incoming : state.name === "Active";
  const { remote, negotiated, heldBack } = event;
  const first: readonly Action[] = state.name === "OpenSent" ? [] : [
    { do: "disarm", timer: "ConnectRetryTimer" }, { do: "disarm", timer: "DelayOpenTimer" }, { do: "sendOpen" },
  ];
  // HoldTime 0 means no keepalives once Established; until then a silent peer must not hold the connection for ever.
  const holdSeconds = negotiated.holdTimeSeconds === 0 ? OPEN_HOLD_SECONDS : negotiated.holdTimeSeconds;
  const hold = arm("HoldTimer", holdSeconds, false);
  return {
    state: { name: "OpenConfirm", incoming, remote, negotiated, heldBack, confirmed: false },
    actions: [...first, hold, ...answerOrWait(parameters, negotiated.holdTimeSeconds, heldBack)],
  };
}

function answerOrWait(parameters: FsmParameters, holdTimeSeconds: number, heldBack: HeldBack): readonly Action[] {
  if (heldBack !== undefined) return [arm("CollisionTimer", HELD_BACK_SECONDS[heldBack], false)];
  return [{ do: "sendKeepalive" }, ...armKeepalive(parameters, holdTimeSeconds)];
}

/** The peer's KEEPALIVE came before ours went: the driver's next poll phase shows whether a rival came with it. */
export function noteConfirmed(
  _parameters: FsmParameters, state: Named<State, "OpenConfirm">, _event: Named<Event, "KeepAliveMsg">,
): Step {
  const hold = armHold(state.negotiated.holdTimeSeconds);
  const look: readonly Action[] = state.heldBack === "peer" ? [arm("CollisionTimer", 0, false)] : [];
  return { state: { ...state, confirmed: true }, actions: [...hold, ...look] };
}

/** The KEEPALIVE waits on for the rival's fate. */
export function waitForRival(_parameters: FsmParameters, state: Named<State, "OpenConfirm">): Step {
  return {
    state: { ...state, heldBack: "rival" }, actions: [arm("CollisionTimer", HELD_BACK_SECONDS.rival, false)],
  };
}

/** The KEEPALIVE that was held back goes out; with the peer's already here the session is Established. */
export function answer(parameters: FsmParameters, state: Named<State, "OpenConfirm">): Step {
  if (state.heldBack === undefined) return { state, actions: [] };
  const { negotiated, confirmed } = state;
  const actions: readonly Action[] = [
    { do: "disarm", timer: "CollisionTimer" }, { do: "sendKeepalive" },
    ...armKeepalive(parameters, negotiated.holdTimeSeconds),
  ];
  const answered: Named<State, "OpenConfirm"> = { ...state, heldBack: undefined };
  if (!confirmed) return { state: answered, actions };
  const established = establish(parameters, answered);
  return { state: established.state, actions: [...actions, ...established.actions] };
}

/** Both KEEPALIVEs are exchanged. */
export function establish(_parameters: FsmParameters, from: Named<State, "OpenConfirm">): Step {
  const { incoming, remote, negotiated } = from;
  const state: Named<State, "Established"> = { name: "Established", incoming, remote, negotiated };
  const hold = negotiated.holdTimeSeconds;
  const timers: readonly Action[] = hold === 0
    ? [{ do: "disarm", timer: "HoldTimer" }] : armHold(hold);
  return { state, actions: [...timers, { do: "up", state }] };
}

/** Sends the periodic KEEPALIVE. */
export function keepalive(parameters: FsmParameters, state: Named<State, "OpenConfirm" | "Established">): Step {
  return {
    state, actions: [{ do: "sendKeepalive" }, ...armKeepalive(parameters, state.negotiated.holdTimeSeconds)],
  };
}

/** The peer lives. */
export function keepAlive(_parameters: FsmParameters, state: Named<State, "Established">): Step {
  return { state, actions: armHold(state.negotiated.holdTimeSeconds) };
}

/** An UPDATE goes to the owner of routes and proves that the peer lives (RFC 4271 §8.2.2, event 27). */
export function update(
  _parameters: FsmParameters, state: Named<State, "Established">, event: Named<Event, "UpdateMsg">,
): Step {
  const hold = armHold(state.negotiated.holdTimeSeconds);
  return { state, actions: [{ do: "update", message: event.message }, ...hold] };
}

/** A ROUTE-REFRESH goes to the owner of routes. */
export function refresh(
  _parameters: FsmParameters, state: Named<State, "Established">, event: Named<Event, "RouteRefreshMsg">,
): Step {
  return { state, actions: [{ do: "refresh", request: event.request }] };
}

/** The peer takes what we send: the send hold time starts anew while octets wait, and stops when none do. */
export function progress(
  _parameters: FsmParameters, state: Named<State, "OpenConfirm" | "Established">, event: Named<Event, "OutputProgress">,
): Step {
  const hold = state.negotiated.holdTimeSeconds;
  if (hold === 0) return { state, actions: [] };
  return { state, actions: [event.waiting ? armSendHold(hold) : { do: "disarm", timer: "SendHoldTimer" }] };
}

function armHold(holdTimeSeconds: number): readonly Action[] {
  return holdTimeSeconds === 0 ? [] : [arm("HoldTimer", holdTimeSeconds, false)];
}

function armKeepalive(parameters: FsmParameters, holdTimeSeconds: number): readonly Action[] {
  const seconds = keepaliveSeconds(parameters, holdTimeSeconds);
  return seconds === 0 ? [] : [arm("KeepaliveTimer", seconds, true)];
}

/** RFC 9687 §4: the greater of eight minutes and twice the hold time. */
function armSendHold(holdTimeSeconds: number): Action {
  return arm("SendHoldTimer", Math.max(SEND_HOLD_SECONDS_MIN, 2 * holdTimeSeconds), false);
}

function arm(timer: Timer, seconds: number, jittered: boolean): Action {
  return { do: "arm", timer, seconds, jittered };
}
