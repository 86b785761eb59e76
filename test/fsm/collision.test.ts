/** RFC 4271 §6.8 case by case, and the order in which a dial is given up. */

import { describe, expect, it } from "vitest";
import { isDominant, judgeOpen, wins } from "../../src/fsm/collision.ts";
import type { State } from "../../src/fsm/events.ts";
import { newSession, stepSession } from "../../src/fsm/session.ts";
import type { SessionEvent, Slot, Work } from "../../src/fsm/session.ts";
import { EVENTS, PARAMETERS, remoteOpen, STATES } from "./samples.ts";

const local = PARAMETERS.local; // Identifier 5
const higher = remoteOpen(9);
const lower = remoteOpen(3);
const graceful = remoteOpen(9, { capabilities: [
  { name: "gracefulRestart", restarting: false, notification: false, restartTimeSeconds: 9, families: [] }] });
const withGraceful: State = {
  ...STATES.Established, remote: graceful,
  negotiated: { ...STATES.Established.negotiated, gracefulRestart: graceful.capabilities[0] as never },
};

describe("dominance", () => {
  it("compares Identifiers as unsigned numbers, then AS numbers (RFC 6286 §2.3)", () => {
    expect([isDominant(local, higher), isDominant(local, lower)]).toEqual([false, true]);
    expect(isDominant({ ...local, routerId: 0x7fffffff }, remoteOpen(0xc0000201))).toBe(false);
    expect(isDominant(local, remoteOpen(5, { asNumber: 64513 }))).toBe(false);
    expect(isDominant({ ...local, asNumber: 70000 }, remoteOpen(5))).toBe(true);
    expect([wins(local, higher, true), wins(local, higher, false), wins(local, lower, true), wins(local, lower, false)])
      .toEqual([true, false, false, true]);
  });
});

describe("an OPEN", () => {
  const goOn = { keep: "this", other: "leave", heldBack: undefined };
  const take = { keep: "this", other: "dump", heldBack: undefined };
  const table: readonly (readonly [string, typeof higher, "incoming" | "outgoing", State, object])[] = [
    ["alone, from the higher Identifier's dial", higher, "incoming", STATES.Idle, goOn],
    ["alone, on our dial, while the peer may dial", higher, "outgoing", STATES.Idle, { ...goOn, heldBack: "peer" }],
    ["alone, on our dial, which would win", lower, "outgoing", STATES.Idle, goOn],
    ["beside our dial that is not connected", lower, "incoming", STATES.Connect, goOn],
    ["on the winner, rival in OpenSent", higher, "incoming", STATES.OpenSentOutgoing, take],
    ["on the winner, rival in OpenConfirm", lower, "outgoing", STATES.OpenConfirm, take],
    ["on the loser, rival in OpenSent", lower, "incoming", STATES.OpenSentOutgoing, { ...goOn, heldBack: "rival" }],
    ["on the loser, rival delays its OPEN", higher, "outgoing", STATES.ActiveDelaying, { ...goOn, heldBack: "rival" }],
    ["on the loser, rival in OpenConfirm", higher, "outgoing", STATES.OpenConfirm, { keep: "other" }],
    ["beside an Established session", higher, "incoming", STATES.Established, { keep: "other" }],
    ["of a restarted peer", graceful, "incoming", withGraceful, { ...goOn, other: "replace" }],
    ["of another Identifier beside graceful restart", lower, "incoming", withGraceful, { keep: "other" }],
    ["on our dial beside graceful restart", graceful, "outgoing", withGraceful, { keep: "other" }],
  ];
  it.each(table)("%s", (_what, remote, direction, other, verdict) => {
    expect(judgeOpen(local, remote, direction === "incoming", other)).toEqual(verdict);
  });
});

describe("our own dial", () => {
  const on = (slot: Slot, event: (typeof EVENTS)[keyof typeof EVENTS]): SessionEvent => (
    { name: "Connection", slot, event });
  const play = (...events: SessionEvent[]) => {
    let session = newSession(PARAMETERS);
    const log: string[] = [];
    const note = (work: Work): void => {
      if (work.do === "actions") log.push(...work.actions.map((action) => `${action.do} ${work.slot}`));
    };
    for (const event of events) {
      const next = stepSession(PARAMETERS, session, event);
      next.work.forEach(note);
      session = next.session;
    }
    return { session, log };
  };

  it("is abandoned before the KEEPALIVE goes that can make the other connection Established", () => {
    const { session, log } = play({ name: "Start" }, { name: "Inbound" }, on(1, EVENTS.BGPOpen));
    expect(session.connections.map(({ name }) => name)).toEqual(["Idle", "OpenConfirm"]);
    expect(log.indexOf("close 0")).toBeGreaterThan(log.indexOf("connect 0"));
    expect(log.indexOf("close 0")).toBeLessThan(log.indexOf("sendKeepalive 1"));
  });

  it("is not made again while the other connection is in OpenConfirm or Established", () => {
    const start: SessionEvent[] = [{ name: "Start" }, { name: "Inbound" }, on(1, EVENTS.BGPOpen)];
    const later = [on(0, EVENTS.ConnectRetryTimer_Expires), { name: "IdleHoldTimer_Expires" } as const];
    const { log } = play(...start, ...later, on(1, EVENTS.KeepAliveMsg), ...later);
    expect(log.filter((entry) => entry.startsWith("connect"))).toEqual(["connect 0"]);
  });
});
