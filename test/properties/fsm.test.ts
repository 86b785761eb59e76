/**
 * Any sequence of events, in any order, drives the machines without a throw and keeps their invariants. Events come
 * from small sets that collide; every state is counted as reached.
 */

import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { isConnected } from "../../src/fsm/events.ts";
import type { Event, State } from "../../src/fsm/events.ts";
import { newSession, stepSession } from "../../src/fsm/session.ts";
import type { Session, SessionEvent, Slot, Work } from "../../src/fsm/session.ts";
import { step } from "../../src/fsm/table.ts";
import { negotiate } from "../../src/messages/negotiation.ts";
import { EVENTS, PARAMETERS, remoteOpen, STATES } from "../fsm/samples.ts";

const graceful = {
  name: "gracefulRestart", restarting: false, notification: false, restartTimeSeconds: 9, families: [],
} as const;
const opens = [
  remoteOpen(3), remoteOpen(9), remoteOpen(9, { capabilities: [graceful] }), remoteOpen(3, { holdTimeSeconds: 0 }),
];
const openEvents: readonly Event[] = opens.map((remote) => (
  { name: "BGPOpen", remote, negotiated: negotiate(PARAMETERS.local, remote), heldBack: undefined }));

/** What a driver could deliver: never a collision's own events, which only the session makes. */
const OWN = ["OpenCollisionDump", "CollisionResolved", "CollisionFound", "DialAbandoned", "ConnectionReplaced"];
const outside = Object.values(EVENTS).filter(({ name }) => !OWN.includes(name) && !/Start|Stop|IdleHold/.test(name));
const fromOutside: fc.Arbitrary<Event> = fc.oneof(
  { weight: 3, arbitrary: fc.constantFrom(...openEvents) },
  { weight: 3, arbitrary: fc.constantFrom<Event>(
    EVENTS.Tcp_CR_Acked, EVENTS.KeepAliveMsg, EVENTS.UpdateMsg, EVENTS.CollisionTimer_Expires, EVENTS.OutputProgress,
    EVENTS.TcpConnectionFails) },
  { weight: 1, arbitrary: fc.constantFrom<Event>(...outside) });

const sessionEvents: fc.Arbitrary<SessionEvent> = fc.oneof(
  { weight: 8, arbitrary: fc.record(
    { name: fc.constant("Connection" as const), slot: fc.constantFrom<Slot>(0, 1), event: fromOutside }) },
  { weight: 2, arbitrary: fc.constant<SessionEvent>({ name: "Inbound" }) },
  { weight: 1, arbitrary: fc.constantFrom<SessionEvent>(
    { name: "Start" }, { name: "Start" }, { name: "IdleHoldTimer_Expires" }, { name: "StableTimer_Expires" },
    { name: "PassiveChanged" },
    { name: "NewcomerTimer_Expires" },
    { name: "Reset", subcode: 4, text: "" }, { name: "HoldDown", seconds: 3, text: "" },
    { name: "Stop", subcode: 2, text: "" }) });

/** Beginnings from which the interesting places are near: nothing yet, or both ends' connections open at once. */
const on = (slot: Slot, event: Event): SessionEvent => ({ name: "Connection", slot, event });
const both: readonly SessionEvent[] = [on(0, EVENTS.Tcp_CR_Acked), { name: "Inbound" }];
const prefixes = fc.constantFrom<readonly SessionEvent[]>([], both,
  ...openEvents.flatMap((open) => [[...both, on(0, open)], [...both, on(1, open)]]));

/** What a driver would hold open because of the work it was given. */
class Held {
  readonly #connected = [false, false];
  readonly #dialling = [false, false];
  up: Slot | undefined;

  /** Whether an event can come from this slot's connection at all: a driver delivers none without one. */
  couldHappen(slot: Slot, event: Event): boolean {
    if (event.name === "Tcp_CR_Acked") return this.#dialling[slot]!;
    if (event.name === "TcpConnectionConfirmed") return false; // said by "Inbound"
    if (event.name === "TcpConnectionFails") return this.#dialling[slot]! || this.#connected[slot]!;
    return this.#connected[slot]! || event.name === "ConnectRetryTimer_Expires";
  }

  happens(slot: Slot, event: Event): void {
    if (event.name === "Tcp_CR_Acked") [this.#dialling[slot], this.#connected[slot]] = [false, true];
    if (event.name === "TcpConnectionFails") [this.#dialling[slot], this.#connected[slot]] = [false, false];
  }

  do(work: Work): void {
    if (work.do === "adopt") {
      expect([this.#connected[work.slot], this.#dialling[work.slot]]).toEqual([false, false]);
      this.#connected[work.slot] = true;
    }
    if (work.do !== "actions") return;
    const { slot } = work;
    for (const action of work.actions) {
      if (action.do === "connect") this.#dialling[slot] = true;
      if (action.do === "close") [this.#dialling[slot], this.#connected[slot]] = [false, false];
      if (action.do === "sendOpen" || action.do === "sendKeepalive") expect(this.#connected[slot]).toBe(true);
      if (action.do === "up") {
        expect(this.up).toBeUndefined(); // never two sessions in the tables at once
        this.up = slot;
      }
      if (action.do === "update" || action.do === "refresh") expect(this.up).toBe(slot);
      if (action.do === "down") {
        expect(this.up).toBe(slot);
        this.up = undefined;
      }
    }
  }

  matches({ connections }: Session): void {
    expect(this.#connected).toEqual(connections.map(isConnected));
    expect(this.#dialling).toEqual(connections.map((state) => state.name === "Connect" && !state.delaying));
  }
}

function keepsInvariants(session: Session, held: Held): void {
  const established = session.connections.filter(({ name }) => name === "Established");
  expect(established.length).toBeLessThanOrEqual(1);
  expect(held.up).toBe(established.length === 0 ? undefined : session.connections.indexOf(established[0]!));
  const decided = session.connections.some(({ name }) => name === "OpenConfirm" || name === "Established");
  const unconnected = session.connections.some((state) => state.name !== "Idle" && !isConnected(state));
  expect(decided && unconnected).toBe(false); // nothing is dialled beside OpenConfirm or Established
  if (session.mode !== "running") expect(session.connections.filter(({ name }) => name !== "Idle")).toEqual(
    session.mode === "stopped" ? [] : session.connections.filter(isConnected));
  else expect(session.connections.some(({ name }) => name !== "Idle")).toBe(true); // a running one is never stuck
  held.matches(session);
}

describe("any sequence of events", () => {
  it("keeps the invariants of a neighbour's machine, and reaches every state", () => {
    const reached = new Set<string>();
    for (const parameters of [PARAMETERS, { ...PARAMETERS, delayOpenSeconds: 2 }, { ...PARAMETERS, passive: true }]) {
      fc.assert(fc.property(prefixes, fc.array(sessionEvents, { maxLength: 50 }), (prefix, events) => {
        let session = newSession(parameters);
        const held = new Held();
        const begin: SessionEvent = { name: "Start" };
        for (const event of [begin, ...prefix, ...events]) {
          if (event.name === "Connection") {
            if (!held.couldHappen(event.slot, event.event)) continue;
            held.happens(event.slot, event.event);
          }
          const { session: next, work } = stepSession(parameters, session, event);
          const wasUp = held.up;
          for (const item of work) held.do(item);
          if (wasUp === undefined && held.up !== undefined) { // rivals are gone the moment one is Established
            expect(next.connections[held.up === 0 ? 1 : 0].name).toBe("Idle");
          }
          session = next;
          for (const state of session.connections) {
            reached.add(state.name + ("heldBack" in state ? ` ${state.heldBack}` : ""));
          }
          reached.add(session.mode);
          keepsInvariants(session, held);
        }
      }), { numRuns: 300 });
    }
    expect([...reached].sort()).toEqual(["Active", "Connect", "Established", "Idle", "OpenConfirm peer",
      "OpenConfirm rival", "OpenConfirm undefined", "OpenSent", "resting", "running", "stopped"]);
  });

  it("drives the table without a throw, whatever state meets whatever event", () => {
    const any = fc.constantFrom<Event>(...Object.values(EVENTS), ...openEvents);
    fc.assert(fc.property(fc.constantFrom<State>(...Object.values(STATES)), fc.array(any, { maxLength: 30 }),
      (first, events) => {
        let state = first;
        for (const event of events) {
          const next = step(PARAMETERS, state, event);
          const done = next.actions.map((action) => action.do);
          expect(done.includes("down")).toBe(state.name === "Established" && next.state.name !== "Established");
          state = next.state;
        }
      }), { numRuns: 500 });
  });
});
