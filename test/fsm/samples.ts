/** One state and one event of every kind, for tests that go through all of them. */

import type { Event, Named, State } from "../../src/fsm/events.ts";
import { fsmParameters } from "../../src/fsm/cells.ts";
import type { FsmParameters } from "../../src/fsm/cells.ts";
import { resetFault } from "../../src/messages/fault.ts";
import { negotiate } from "../../src/messages/negotiation.ts";
import type { OpenMessage } from "../../src/messages/open.ts";
import { sessionParameters, SMALL_UPDATE } from "../sim/virtual-speaker.ts";

/** Parameters of a dialling iBGP session; our Identifier is 5. */
export const PARAMETERS: FsmParameters = fsmParameters(sessionParameters({ address: "192.0.2.2", routerId: 5 }));

/** The peer's OPEN. */
export function remoteOpen(routerId: number, more: Partial<OpenMessage> = {}): OpenMessage {
  return {
    version: 4, asNumber: 64512, asField: 64512, holdTimeSeconds: 30, routerId,
    capabilities: [{ name: "multiprotocol", afi: 1, safi: 1 }], ...more,
  };
}

const remote = remoteOpen(9);
const negotiated = negotiate(PARAMETERS.local, remote);
const FAULT = resetFault(1, 1, new Uint8Array(), "planted");
const NOTIFICATION = { code: 6, subcode: 4, data: new Uint8Array() };

/** Every state, with its variants. */
export const STATES: {
  readonly Idle: Named<State, "Idle">;
  readonly Connect: Named<State, "Connect">;
  readonly ConnectDelaying: Named<State, "Connect">;
  readonly Active: Named<State, "Active">;
  readonly ActiveDelaying: Named<State, "Active">;
  readonly OpenSentOutgoing: Named<State, "OpenSent">;
  readonly OpenSentIncoming: Named<State, "OpenSent">;
  readonly OpenConfirm: Named<State, "OpenConfirm">;
  readonly OpenConfirmHeldForPeer: Named<State, "OpenConfirm">;
  readonly OpenConfirmHeldForRival: Named<State, "OpenConfirm">;
  readonly Established: Named<State, "Established">;
} = {
  Idle: { name: "Idle", end: undefined },
  Connect: { name: "Connect", delaying: false },
  ConnectDelaying: { name: "Connect", delaying: true },
  Active: { name: "Active", delaying: false },
  ActiveDelaying: { name: "Active", delaying: true },
  OpenSentOutgoing: { name: "OpenSent", incoming: false },
  OpenSentIncoming: { name: "OpenSent", incoming: true },
  OpenConfirm: { name: "OpenConfirm", incoming: false, remote, negotiated, heldBack: undefined, confirmed: false },
  OpenConfirmHeldForPeer: {
    name: "OpenConfirm", incoming: false, remote, negotiated, heldBack: "peer", confirmed: false,
  },
  OpenConfirmHeldForRival: {
    name: "OpenConfirm", incoming: true, remote, negotiated, heldBack: "rival", confirmed: true,
  },
  Established: { name: "Established", incoming: false, remote, negotiated },
};

/** Every event. A new one does not compile until it is listed. */
export const EVENTS: { readonly [N in Event["name"]]: Extract<Event, { readonly name: N }> } = {
  ManualStart: { name: "ManualStart" },
  ManualStop: { name: "ManualStop", subcode: 2, text: "" },
  AutomaticStart: { name: "AutomaticStart" },
  ManualStart_with_PassiveTcpEstablishment: { name: "ManualStart_with_PassiveTcpEstablishment" },
  AutomaticStart_with_PassiveTcpEstablishment: { name: "AutomaticStart_with_PassiveTcpEstablishment" },
  AutomaticStart_with_DampPeerOscillations_and_PassiveTcpEstablishment: {
    name: "AutomaticStart_with_DampPeerOscillations_and_PassiveTcpEstablishment", retrySeconds: 7,
  },
  AutomaticStop: { name: "AutomaticStop", subcode: 4, text: "" },
  ConnectRetryTimer_Expires: { name: "ConnectRetryTimer_Expires" },
  HoldTimer_Expires: { name: "HoldTimer_Expires" },
  KeepaliveTimer_Expires: { name: "KeepaliveTimer_Expires" },
  DelayOpenTimer_Expires: { name: "DelayOpenTimer_Expires" },
  IdleHoldTimer_Expires: { name: "IdleHoldTimer_Expires" },
  Tcp_CR_Acked: { name: "Tcp_CR_Acked" },
  TcpConnectionConfirmed: { name: "TcpConnectionConfirmed" },
  TcpConnectionFails: { name: "TcpConnectionFails", why: "ECONNRESET" },
  BGPOpen: { name: "BGPOpen", remote, negotiated, heldBack: undefined },
  BGPHeaderErr: { name: "BGPHeaderErr", fault: FAULT },
  BGPOpenMsgErr: { name: "BGPOpenMsgErr", fault: FAULT },
  OpenCollisionDump: { name: "OpenCollisionDump" },
  NotifMsgVerErr: { name: "NotifMsgVerErr", notification: { ...NOTIFICATION, code: 2, subcode: 1 } },
  NotifMsg: { name: "NotifMsg", notification: NOTIFICATION },
  KeepAliveMsg: { name: "KeepAliveMsg" },
  UpdateMsg: { name: "UpdateMsg", message: SMALL_UPDATE },
  UpdateMsgErr: { name: "UpdateMsgErr", fault: FAULT },
  RouteRefreshMsg: { name: "RouteRefreshMsg", request: { afi: 1, safi: 1, subtype: 0 } },
  RouteRefreshMsgErr: { name: "RouteRefreshMsgErr", fault: FAULT },
  SendHoldTimer_Expires: { name: "SendHoldTimer_Expires" },
  OutputProgress: { name: "OutputProgress", waiting: true },
  CollisionResolved: { name: "CollisionResolved" },
  CollisionFound: { name: "CollisionFound" },
  CollisionTimer_Expires: { name: "CollisionTimer_Expires" },
  DialAbandoned: { name: "DialAbandoned" },
  ConnectionReplaced: { name: "ConnectionReplaced" },
};
