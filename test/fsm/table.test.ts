/** Every state meets every event. The expected table is written out, so a changed cell shows as a changed letter. */

import { describe, expect, it } from "vitest";
import type { Event, State } from "../../src/fsm/events.ts";
import { isConnected } from "../../src/fsm/events.ts";
import { step } from "../../src/fsm/table.ts";
import { EVENTS, PARAMETERS, STATES } from "./samples.ts";

/**
 * Next states (RFC 4271 §8.2.2). I Idle, C Connect, A Active, S OpenSent, F OpenConfirm, E Established; small letters:
 * Connect or Active with DelayOpenTimer running. Columns: the keys of STATES in their order.
 */
const EXPECTED: Readonly<Record<Event["name"], string>> = {
  //                                             I C c A a S S F F F E
  ManualStart:                                  "C C c A a S S F F F E",
  ManualStop:                                   "I I I I I I I I I I I",
  AutomaticStart:                               "C C c C C S S F F F E",
  ManualStart_with_PassiveTcpEstablishment:     "A C c A a S S F F F E",
  AutomaticStart_with_PassiveTcpEstablishment:  "A C c A a S S F F F E",
  AutomaticStart_with_DampPeerOscillations_and_PassiveTcpEstablishment: "A C c A a S S F F F E",
  AutomaticStop:                                "I I I I I I I I I I I",
  ConnectRetryTimer_Expires:                    "I C C C C I I I I I I",
  HoldTimer_Expires:                            "I I I I I I I I I I I",
  KeepaliveTimer_Expires:                       "I I I I I I I F F F E",
  DelayOpenTimer_Expires:                       "I S S S S I I I I I I",
  IdleHoldTimer_Expires:                        "C I I I I I I I I I I",
  Tcp_CR_Acked:                                 "I S S I I I I I I I I",
  TcpConnectionConfirmed:                       "I I I S S I I I I I I",
  TcpConnectionFails:                           "I A A I I A I I I I I",
  BGPOpen:                                      "I F F F F F F I I I I",
  BGPHeaderErr:                                 "I I I I I I I I I I I",
  BGPOpenMsgErr:                                "I I I I I I I I I I I",
  OpenCollisionDump:                            "I I I I I I I I I I I",
  NotifMsgVerErr:                               "I I I I I I I I I I I",
  NotifMsg:                                     "I I I I I I I I I I I",
  KeepAliveMsg:                                 "I I I I I I I E F F E",
  UpdateMsg:                                    "I I I I I I I I I I E",
  UpdateMsgErr:                                 "I I I I I I I I I I I",
  RouteRefreshMsg:                              "I I I I I I I I I I E",
  RouteRefreshMsgErr:                           "I I I I I I I I I I I",
  SendHoldTimer_Expires:                        "I I I I I I I I I I I",
  OutputProgress:                               "I C c A a S S F F F E",
  CollisionResolved:                            "I I I I I I I F F E I",
  CollisionFound:                               "I I I I I I I F F F I",
  CollisionTimer_Expires:                       "I I I I I I I F F E I",
  DialAbandoned:                                "I I I I I I I I I I I",
  ConnectionReplaced:                           "I I I I I I I I I I I",
};

const LETTER = { Idle: "I", OpenSent: "S", OpenConfirm: "F", Established: "E" } as const;
function letter(state: State): string {
  if (state.name === "Connect") return state.delaying ? "c" : "C";
  if (state.name === "Active") return state.delaying ? "a" : "A";
  return LETTER[state.name];
}
const states: readonly State[] = Object.values(STATES);

describe("the transition table", () => {
  it.each(Object.values(EVENTS))("answers $name in every state", (event) => {
    const found = states.map((state) => letter(step(PARAMETERS, state, event).state));
    expect(found.join(" ")).toBe(EXPECTED[event.name]);
  });

  it("releases everything on every way back to Idle, and tells the owner of routes exactly when it must know", () => {
    for (const state of states) {
      for (const event of Object.values(EVENTS)) {
        const { state: next, actions } = step(PARAMETERS, state, event);
        const done = actions.map((action) => action.do);
        const left = state.name !== "Idle" && next.name === "Idle";
        if (left) expect(done, `${state.name} ${event.name}`).toContain("close");
        expect(done.includes("down"), `${state.name} ${event.name}`).toBe(left && state.name === "Established");
        expect(done.includes("up")).toBe(state.name !== "Established" && next.name === "Established");
        if (done.includes("update") || done.includes("refresh")) expect(state.name).toBe("Established");
      }
    }
  });

  it.each([["OpenSentOutgoing", 1], ["OpenSentIncoming", 1], ["OpenConfirm", 2], ["Established", 3]] as const)(
    "answers a message that %s has no place for by 5/%d (RFC 6608)", (name, subcode) => {
      const event = name === "Established" ? EVENTS.BGPOpen : EVENTS.UpdateMsg;
      expect(step(PARAMETERS, STATES[name], event).actions).toContainEqual(
        { do: "close", notification: { code: 5, subcode, data: new Uint8Array() } });
    });

  it("never answers a NOTIFICATION by a NOTIFICATION (RFC 4271 §6.4)", () => {
    for (const state of states.filter(isConnected)) {
      for (const event of [EVENTS.NotifMsg, EVENTS.NotifMsgVerErr]) {
        expect(step(PARAMETERS, state, event).actions).toContainEqual({ do: "close", notification: undefined });
      }
    }
  });

  it("sends nothing through a socket that takes nothing (RFC 9687)", () => {
    const { actions } = step(PARAMETERS, STATES.Established, EVENTS.SendHoldTimer_Expires);
    expect(actions).toContainEqual({ do: "close", notification: undefined });
    expect(actions).toContainEqual(expect.objectContaining({ do: "down", end: expect.objectContaining({ code: 8 }) }));
  });
});

describe("timers", () => {
  const armed = (state: State, event: Event, parameters = PARAMETERS) => Object.fromEntries(
    step(parameters, state, event).actions
      .flatMap((action) => (action.do === "arm" ? [[action.timer, [action.seconds, action.jittered]]] : [])));
  const withHold = (holdTimeSeconds: number) => ({
    ...EVENTS.BGPOpen, negotiated: { ...EVENTS.BGPOpen.negotiated, holdTimeSeconds } });

  it("waits 4 minutes for the OPEN of a peer we dialled and 10 s for one that dialled us", () => {
    expect(armed(STATES.Connect, EVENTS.Tcp_CR_Acked)).toEqual({ HoldTimer: [240, false] });
    expect(armed(STATES.Active, EVENTS.TcpConnectionConfirmed)).toEqual({ HoldTimer: [10, false] });
  });

  it("takes the hold time not jittered, the keepalive a third of it and jittered (RFC 4271 §10)", () => {
    expect(armed(STATES.OpenSentOutgoing, withHold(30)))
      .toEqual({ HoldTimer: [30, false], KeepaliveTimer: [10, true] });
    expect(armed(STATES.OpenSentOutgoing, withHold(30), { ...PARAMETERS, keepaliveTimeSeconds: 4 }))
      .toEqual({ HoldTimer: [30, false], KeepaliveTimer: [4, true] });
    expect(armed(STATES.OpenSentOutgoing, withHold(30), { ...PARAMETERS, keepaliveTimeSeconds: 25 }))
      .toEqual({ HoldTimer: [30, false], KeepaliveTimer: [10, true] });
  });

  it("has no keepalives with a hold time of 0, yet no silent connection stays in OpenConfirm for ever", () => {
    expect(armed(STATES.OpenSentOutgoing, withHold(0))).toEqual({ HoldTimer: [240, false] });
    const negotiated = withHold(0).negotiated;
    const { actions } = step(PARAMETERS, { ...STATES.OpenConfirm, negotiated }, EVENTS.KeepAliveMsg);
    expect(actions).toContainEqual({ do: "disarm", timer: "HoldTimer" });
    expect(armed({ ...STATES.OpenConfirm, negotiated }, EVENTS.KeepAliveMsg)).toEqual({});
    expect(armed({ ...STATES.Established, negotiated }, EVENTS.OutputProgress)).toEqual({});
  });

  it("restarts the hold time on KEEPALIVE and UPDATE, the send hold time on octets taken", () => {
    expect(armed(STATES.Established, EVENTS.KeepAliveMsg)).toEqual({ HoldTimer: [30, false] });
    expect(armed(STATES.Established, EVENTS.UpdateMsg)).toEqual({ HoldTimer: [30, false] });
    expect(armed(STATES.Established, EVENTS.RouteRefreshMsg)).toEqual({});
    expect(armed(STATES.Established, EVENTS.OutputProgress)).toEqual({ SendHoldTimer: [480, false] });
    const negotiated = { ...EVENTS.BGPOpen.negotiated, holdTimeSeconds: 300 };
    expect(armed({ ...STATES.Established, negotiated }, EVENTS.OutputProgress))
      .toEqual({ SendHoldTimer: [600, false] });
    const taken = { ...EVENTS.OutputProgress, waiting: false };
    expect(step(PARAMETERS, STATES.Established, taken).actions).toEqual([{ do: "disarm", timer: "SendHoldTimer" }]);
  });

  it("delays the OPEN where asked to, and answers an OPEN that comes first", () => {
    const delaying = { ...PARAMETERS, delayOpenSeconds: 3 };
    expect(step(delaying, STATES.Connect, EVENTS.Tcp_CR_Acked)).toEqual({
      state: { name: "Connect", delaying: true },
      actions: [{ do: "disarm", timer: "ConnectRetryTimer" },
        { do: "arm", timer: "DelayOpenTimer", seconds: 3, jittered: false }],
    });
    const sent = step(delaying, STATES.ActiveDelaying, EVENTS.BGPOpen).actions.map((action) => action.do);
    expect(sent.filter((what) => what.startsWith("send"))).toEqual(["sendOpen", "sendKeepalive"]);
  });
});
