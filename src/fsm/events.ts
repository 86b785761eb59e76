/**
 * The vocabulary of the machine of one connection (RFC 4271 §8): states, events, timers, actions. Rule: each state is
 * its own record, so what does not exist yet cannot be read; event names are those of RFC 4271 §8.1.
 */

import type { Fault } from "../messages/fault.ts";
import type { Negotiated } from "../messages/negotiation.ts";
import type { Notification } from "../messages/notification.ts";
import type { OpenMessage } from "../messages/open.ts";
import type { RouteRefresh } from "../messages/route-refresh.ts";
import type { SessionEnd } from "./parameters.ts";

/**
 * Timers of one connection. SendHoldTimer: RFC 9687. CollisionTimer: ours, the bound on holding back the KEEPALIVE
 * that answers an OPEN (collision.ts).
 */
export const TIMERS = [
  "HoldTimer", "SendHoldTimer", "KeepaliveTimer", "ConnectRetryTimer", "DelayOpenTimer", "CollisionTimer",
] as const;
/** One of TIMERS. */
export type Timer = (typeof TIMERS)[number];

/**
 * Why the KEEPALIVE that answers an OPEN waits: "peer" for the peer's own, "rival" for the fate of another connection;
 * undefined where it was sent.
 */
export type HeldBack = "peer" | "rival" | undefined;

/** The state of one connection. */
export type State =
  /** `end`: why it came back, undefined at the beginning and after an abandoned dial. */
  | { readonly name: "Idle"; readonly end: SessionEnd | undefined }
  /** `delaying`: TCP is connected and DelayOpenTimer runs; else the dial is under way. */
  | { readonly name: "Connect"; readonly delaying: boolean }
  /** `delaying`: an accepted connection whose DelayOpenTimer runs; else it waits for ConnectRetryTimer or a peer. */
  | { readonly name: "Active"; readonly delaying: boolean }
  | { readonly name: "OpenSent"; readonly incoming: boolean }
  | {
      readonly name: "OpenConfirm"; readonly incoming: boolean; readonly remote: OpenMessage;
      readonly negotiated: Negotiated; readonly heldBack: HeldBack;
      /** The peer's KEEPALIVE has come. */
      readonly confirmed: boolean;
    }
  | {
      readonly name: "Established"; readonly incoming: boolean; readonly remote: OpenMessage;
      readonly negotiated: Negotiated;
    };

/** The member of a union with that name. */
export type Named<U extends { readonly name: string }, N extends U["name"]> = Extract<U, { readonly name: N }>;

/** What can happen to one connection, in the order of RFC 4271 §8.1; then what later RFCs and we ourselves added. */
export type Event =
  | { readonly name: "ManualStart" }
  | { readonly name: "ManualStop"; readonly subcode: number; readonly text: string }
  | { readonly name: "AutomaticStart" }
  | { readonly name: "ManualStart_with_PassiveTcpEstablishment" }
  | { readonly name: "AutomaticStart_with_PassiveTcpEstablishment" }
  /** Listens now and dials after `retrySeconds`. */
  | {
      readonly name: "AutomaticStart_with_DampPeerOscillations_and_PassiveTcpEstablishment";
      readonly retrySeconds: number;
    }
  | { readonly name: "AutomaticStop"; readonly subcode: number; readonly text: string }
  | { readonly name: "ConnectRetryTimer_Expires" }
  | { readonly name: "HoldTimer_Expires" }
  | { readonly name: "KeepaliveTimer_Expires" }
  | { readonly name: "DelayOpenTimer_Expires" }
  | { readonly name: "IdleHoldTimer_Expires" }
  /** Our dial is connected. */
  | { readonly name: "Tcp_CR_Acked" }
  /** A connection of the peer's was accepted. */
  | { readonly name: "TcpConnectionConfirmed" }
  | { readonly name: "TcpConnectionFails"; readonly why: string }
  | {
      readonly name: "BGPOpen"; readonly remote: OpenMessage; readonly negotiated: Negotiated;
      readonly heldBack: HeldBack;
    }
  | { readonly name: "BGPHeaderErr"; readonly fault: Fault }
  | { readonly name: "BGPOpenMsgErr"; readonly fault: Fault }
  | { readonly name: "OpenCollisionDump" }
  | { readonly name: "NotifMsgVerErr"; readonly notification: Notification }
  | { readonly name: "NotifMsg"; readonly notification: Notification }
  | { readonly name: "KeepAliveMsg" }
  | { readonly name: "UpdateMsg"; readonly message: Uint8Array }
  | { readonly name: "UpdateMsgErr"; readonly fault: Fault }
  /** RFC 2918. */
  | { readonly name: "RouteRefreshMsg"; readonly request: RouteRefresh }
  /** RFC 7313 §5. */
  | { readonly name: "RouteRefreshMsgErr"; readonly fault: Fault }
  /** RFC 9687. */
  | { readonly name: "SendHoldTimer_Expires" }
  /** The kernel took octets, or was given the first ones; `waiting`: some are not taken yet. */
  | { readonly name: "OutputProgress"; readonly waiting: boolean }
  /** The KEEPALIVE may go: the rival is gone, or time is up. */
  | { readonly name: "CollisionResolved" }
  /** The KEEPALIVE waits on, now for a rival. */
  | { readonly name: "CollisionFound" }
  | { readonly name: "CollisionTimer_Expires" }
  /** Our unconnected dial is given up in favour of another connection. */
  | { readonly name: "DialAbandoned" }
  /** A newer connection takes its place; nothing is said on the wire. */
  | { readonly name: "ConnectionReplaced" };

/** What the driver is to do. */
export type Action =
  | { readonly do: "connect" }
  | { readonly do: "sendOpen" }
  | { readonly do: "sendKeepalive" }
  /** Drops dial, connection and every timer, after this NOTIFICATION where there is one. */
  | { readonly do: "close"; readonly notification: Notification | undefined }
  /** `jittered`: the driver takes 75 to 100 % of the time (RFC 4271 §10). */
  | { readonly do: "arm"; readonly timer: Timer; readonly seconds: number; readonly jittered: boolean }
  | { readonly do: "disarm"; readonly timer: Timer }
  /** An end that people want to know of: of an Established session, of a connection, of a dial that found nobody. */
  | { readonly do: "report"; readonly end: SessionEnd; readonly of: "session" | "connection" | "dial" }
  | { readonly do: "up"; readonly state: Named<State, "Established"> }
  | { readonly do: "down"; readonly end: SessionEnd }
  | { readonly do: "update"; readonly message: Uint8Array }
  | { readonly do: "refresh"; readonly request: RouteRefresh };

/** Where an event leads. */
export interface Step {
  readonly state: State;
  readonly actions: readonly Action[];
}

/** Whether a TCP connection belongs to the state. */
export function isConnected(state: State): boolean {
  if (state.name === "Connect" || state.name === "Active") return state.delaying;
  return state.name !== "Idle";
}
