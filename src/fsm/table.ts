/**
 * RFC 4271 §8.2.2 as a table: one row per state, events as columns, `otherwise` for the RFC's "any other event". Rules:
 * the table is the whole machine of one connection; `toIdle` is the only way back to Idle; what two connections mean
 * to each other is not here but in collision.ts and session.ts.
 */

import type { Action, Event, Named, State, Step } from "./events.ts";
import {
  abandon, answer, ceaseOf, collisionEnd, confirm, dial, establish, faultOf, fsmErrorIn, holdEnd, keepAlive, keepalive,
  listen, listenAfter, lostEnd, noteConfirmed, notificationOf, openDelayed, openNow, progress, refresh, replacedEnd,
  retryLater, sendHoldEnd, startAgain, stay, toIdle, update, waitForRival,
} from "./cells.ts";
import type { FsmParameters } from "./cells.ts";

/** What one event does in one state. A cell may ask for a state's or an event's own data, and then fits only there. */
export type Cell<S extends State, E extends Event> = (parameters: FsmParameters, state: S, event: E) => Step;

/** One state: a cell per event it has a place for, and one for all others. */
export type Row<S extends State> = { readonly [N in Event["name"]]?: Cell<S, Named<Event, N>> } & {
  readonly otherwise: Cell<S, Event>;
};

/** The rows. */
export type Transitions = { readonly [N in State["name"]]: Row<Named<State, N>> };

/** The machine. */
export const TRANSITIONS: Transitions = {
  Idle: {
    ManualStart: dial,
    ManualStart_with_PassiveTcpEstablishment: listen,
    AutomaticStart: dial,
    AutomaticStart_with_PassiveTcpEstablishment: listen,
    AutomaticStart_with_DampPeerOscillations_and_PassiveTcpEstablishment: listenAfter,
    IdleHoldTimer_Expires: startAgain,
    otherwise: stay,
  },
  Connect: {
    ManualStart: stay,
    ManualStart_with_PassiveTcpEstablishment: stay,
    AutomaticStart: stay,
    AutomaticStart_with_PassiveTcpEstablishment: stay,
    AutomaticStart_with_DampPeerOscillations_and_PassiveTcpEstablishment: stay,
    ManualStop: toIdle(ceaseOf),
    AutomaticStop: toIdle(ceaseOf),
    ConnectRetryTimer_Expires: dial,
    DelayOpenTimer_Expires: openDelayed,
    Tcp_CR_Acked: openNow,
    TcpConnectionFails: retryLater,
    BGPOpen: confirm,
    BGPHeaderErr: toIdle(faultOf),
    BGPOpenMsgErr: toIdle(faultOf),
    NotifMsgVerErr: toIdle(notificationOf),
    NotifMsg: toIdle(notificationOf),
    OpenCollisionDump: toIdle(collisionEnd),
    ConnectionReplaced: toIdle(replacedEnd),
    DialAbandoned: abandon,
    OutputProgress: stay,
    otherwise: toIdle(fsmErrorIn(0)),
  },
  Active: {
    ManualStart: stay,
    ManualStart_with_PassiveTcpEstablishment: stay,
    AutomaticStart: dial,
    AutomaticStart_with_PassiveTcpEstablishment: stay,
    AutomaticStart_with_DampPeerOscillations_and_PassiveTcpEstablishment: stay,
    ManualStop: toIdle(ceaseOf),
    AutomaticStop: toIdle(ceaseOf),
    ConnectRetryTimer_Expires: dial,
    DelayOpenTimer_Expires: openDelayed,
    TcpConnectionConfirmed: openNow,
    TcpConnectionFails: toIdle(lostEnd),
    BGPOpen: confirm,
    BGPHeaderErr: toIdle(faultOf),
    BGPOpenMsgErr: toIdle(faultOf),
    NotifMsgVerErr: toIdle(notificationOf),
    NotifMsg: toIdle(notificationOf),
    OpenCollisionDump: toIdle(collisionEnd),
    ConnectionReplaced: toIdle(replacedEnd),
    DialAbandoned: abandon,
    OutputProgress: stay,
    otherwise: toIdle(fsmErrorIn(0)),
  },
  OpenSent: {
    ManualStart: stay,
    ManualStart_with_PassiveTcpEstablishment: stay,
    AutomaticStart: stay,
    AutomaticStart_with_PassiveTcpEstablishment: stay,
    AutomaticStart_with_DampPeerOscillations_and_PassiveTcpEstablishment: stay,
    ManualStop: toIdle(ceaseOf),
    AutomaticStop: toIdle(ceaseOf),
    HoldTimer_Expires: toIdle(holdEnd),
    TcpConnectionFails: retryLater,
    BGPOpen: confirm,
    BGPHeaderErr: toIdle(faultOf),
    BGPOpenMsgErr: toIdle(faultOf),
    OpenCollisionDump: toIdle(collisionEnd),
    ConnectionReplaced: toIdle(replacedEnd),
    NotifMsgVerErr: toIdle(notificationOf),
    NotifMsg: toIdle(notificationOf),
    OutputProgress: stay,
    otherwise: toIdle(fsmErrorIn(1)),
  },
  OpenConfirm: {
    ManualStart: stay,
    ManualStart_with_PassiveTcpEstablishment: stay,
    AutomaticStart: stay,
    AutomaticStart_with_PassiveTcpEstablishment: stay,
    AutomaticStart_with_DampPeerOscillations_and_PassiveTcpEstablishment: stay,
    ManualStop: toIdle(ceaseOf),
    AutomaticStop: toIdle(ceaseOf),
    HoldTimer_Expires: toIdle(holdEnd),
    KeepaliveTimer_Expires: keepalive,
    SendHoldTimer_Expires: toIdle(sendHoldEnd),
    TcpConnectionFails: toIdle(lostEnd),
    BGPHeaderErr: toIdle(faultOf),
    BGPOpenMsgErr: toIdle(faultOf),
    OpenCollisionDump: toIdle(collisionEnd),
    ConnectionReplaced: toIdle(replacedEnd),
    CollisionFound: waitForRival,
    CollisionResolved: answer,
    CollisionTimer_Expires: answer,
    NotifMsgVerErr: toIdle(notificationOf),
    NotifMsg: toIdle(notificationOf),
    KeepAliveMsg: (parameters, state, event) =>
      state.heldBack === undefined ? establish(parameters, state) : noteConfirmed(parameters, state, event),
    OutputProgress: progress,
    otherwise: toIdle(fsmErrorIn(2)),
  },
  Established: {
    ManualStart: stay,
    ManualStart_with_PassiveTcpEstablishment: stay,
    AutomaticStart: stay,
    AutomaticStart_with_PassiveTcpEstablishment: stay,
    AutomaticStart_with_DampPeerOscillations_and_PassiveTcpEstablishment: stay,
    ManualStop: toIdle(ceaseOf),
    AutomaticStop: toIdle(ceaseOf),
    HoldTimer_Expires: toIdle(holdEnd),
    KeepaliveTimer_Expires: keepalive,
    SendHoldTimer_Expires: toIdle(sendHoldEnd),
    TcpConnectionFails: toIdle(lostEnd),
    BGPHeaderErr: toIdle(faultOf),
    BGPOpenMsgErr: toIdle(faultOf),
    OpenCollisionDump: toIdle(collisionEnd),
    ConnectionReplaced: toIdle(replacedEnd),
    NotifMsgVerErr: toIdle(notificationOf),
    NotifMsg: toIdle(notificationOf),
    KeepAliveMsg: keepAlive,
    UpdateMsg: update,
    UpdateMsgErr: toIdle(faultOf),
    RouteRefreshMsg: refresh,
    RouteRefreshMsgErr: toIdle(faultOf),
    OutputProgress: progress,
    otherwise: toIdle(fsmErrorIn(3)),
  },
};

/** What an event does to a connection. Total: every state has an answer to every event. */
export function step(parameters: FsmParameters, state: State, event: Event): Step {
  const row = TRANSITIONS[state.name];
  // The types above prove that each cell fits its row and column; a lookup by two runtime names cannot carry the proof.
  const cell = (row[event.name] ?? row.otherwise) as Cell<State, Event>;
  return cell(parameters, state, event);
}

export type { Action, Event, FsmParameters, State, Step };
