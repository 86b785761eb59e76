/** What is kept of a neighbour that went away, clause by clause: RFC 4724 §4.2, RFC 8538 §4, RFC 9494 §4.2. */

import { describe, expect, it } from "vitest";
import type { SessionEnd } from "../../src/fsm/parameters.ts";
import {
  backEvent, FRESH, keepsOnNotification, RESTART_TIMERS, restartTerms, STALE_SECONDS, stepRestart,
} from "../../src/fsm/restart.ts";
import type { RestartEvent, RestartState, RestartTerms } from "../../src/fsm/restart.ts";
import type { Capability } from "../../src/messages/capabilities.ts";
import { IPV4_UNICAST, IPV6_UNICAST } from "../../src/messages/families.ts";
import { negotiate } from "../../src/messages/negotiation.ts";
import type { OpenMessage } from "../../src/messages/open.ts";
import { remoteOpen } from "./samples.ts";

const V4 = { afi: 1, safi: 1 };
const V6 = { afi: 2, safi: 1 };
const terms = (more: Partial<RestartTerms> = {}): RestartTerms =>
  ({ restartSeconds: 120, longLivedSeconds: 0, notification: false, ...more });
const lost = (more: Partial<RestartTerms> = {}): RestartEvent => ({ name: "Lost", terms: terms(more) });
const back: RestartEvent = { name: "Back", forwarding: true, longLivedForwarding: true };
const EOR: RestartEvent = { name: "EndOfRib" };
const LONG = { longLivedSeconds: 3600 };

/** Goes through events and says what was done, in few words; each event's part is apart. */
function story(...events: RestartEvent[]): { state: RestartState; done: string[] } {
  let state = FRESH;
  const done = events.map((event) => {
    const step = stepRestart(state, event);
    state = step.state;
    return step.actions.map((action) => {
      if (action.do === "drop") return `drop ${action.what}`;
      if (action.do === "arm") return `${action.timer} ${action.seconds}`;
      return action.do === "disarm" ? `no ${action.timer}` : action.do;
    }).filter((text) => !text.startsWith("no ")).join(", ");
  });
  return { state, done };
}

describe("RFC 4724 §4.2", () => {
  it("a lost session leaves stale routes for the Restart Time, then none", () => {
    expect(story(lost(), { name: "RestartTimer_Expires" }))
      .toEqual({ state: FRESH, done: ["markStale, RestartTimer 120", "drop stale"] });
  });

  it("a session that is back with its F bit keeps them until End-of-RIB", () => {
    expect(story(lost(), back, EOR)).toEqual({
      state: FRESH, done: ["markStale, RestartTimer 120", `StaleTimer ${STALE_SECONDS}`, "drop stale"],
    });
  });

  it("a session that is back without it does not", () => {
    expect(story(lost(), { ...back, forwarding: false } as RestartEvent))
      .toEqual({ state: FRESH, done: ["markStale, RestartTimer 120", "drop stale"] });
  });

  it("a peer that never says End-of-RIB keeps them for a bounded time", () => {
    expect(story(lost(), back, { name: "StaleTimer_Expires" }).done[2]).toBe("drop stale");
  });

  it("a second loss deletes what was stale before, at once, and what came since is stale now", () => {
    expect(story(lost(), back, lost()).done[2]).toBe("dropStaleNow, markStale, RestartTimer 120");
  });

  it("an end that is final deletes everything, first or second", () => {
    const final: RestartEvent = { name: "Lost", terms: undefined };
    expect(story(final)).toEqual({ state: FRESH, done: ["drop all"] });
    expect(story(lost(), back, final)).toMatchObject({ state: FRESH, done: [expect.anything(), expect.anything(),
      "drop all"] });
  });
});

describe("RFC 8538 §4.1", () => {
  it("a second loss keeps what is stale where both sides have the N bit, but not for ever", () => {
    const twice = story(lost({ notification: true }), back, lost({ notification: true }));
    expect(twice.done[2]).toBe("markStale, RestartTimer 120");
    expect(story(lost({ notification: true }), back, lost({ notification: true }), back).done[3]).toBe("");
    expect(story(lost({ notification: true }), back, lost({ notification: true }), { name: "StaleTimer_Expires" }))
      .toMatchObject({ state: FRESH });
  });
});

describe("RFC 9494 §4.2", () => {
  const over: RestartEvent = { name: "RestartTimer_Expires" };
  const longOver: RestartEvent = { name: "LongLivedTimer_Expires" };

  it("after the Restart Time routes are long-lived stale, for the Long-Lived Stale Time", () => {
    expect(story(lost(LONG), over, longOver)).toEqual({
      state: FRESH, done: ["markStale, RestartTimer 120", "LongLivedTimer 3600, markLongLived", "drop stale"],
    });
  });

  it("a Restart Time of 0 is over at once", () => {
    expect(story(lost({ ...LONG, restartSeconds: 0 })))
      .toEqual({ state: { name: "LongLived" }, done: ["markStale, LongLivedTimer 3600, markLongLived"] });
  });

  it("a session that is back keeps them by the F bit of the long-lived capability", () => {
    const only = (long: boolean): RestartEvent => ({ name: "Back", forwarding: !long, longLivedForwarding: long });
    expect(story(lost(LONG), over, only(true)).state).toEqual({ name: "Returned", longLived: "running" });
    expect(story(lost(LONG), over, only(false))).toMatchObject({ state: FRESH });
  });

  it("the time runs on until End-of-RIB; where it is over first, what was not said again goes", () => {
    const { state, done } = story(lost(LONG), over, back, longOver);
    expect([state, done[3]]).toEqual([{ name: "Returned", longLived: "over" }, "drop stale"]);
    expect(story(lost(LONG), over, back, longOver, lost(LONG))).toMatchObject({ state: FRESH });
    expect(story(lost(LONG), over, back, longOver, EOR, lost(LONG)).state).toMatchObject({ longLived: "unused" });
  });

  it("a second loss keeps what is stale and sets no time anew", () => {
    const { state, done } = story(lost(LONG), over, back, lost(LONG), over);
    expect([state, done[3], done[4]])
      .toEqual([{ name: "LongLived" }, "markStale, RestartTimer 120", "markLongLived"]);
    const ended = story(lost(LONG), over, back, lost(LONG), longOver);
    expect([ended.state, ended.done[4]])
      .toEqual([{ name: "Restarting", longLivedSeconds: 3600, longLived: "over", again: false }, "drop longLived"]);
    expect(story(lost(LONG), over, back, lost(LONG), longOver, over)).toMatchObject({ state: FRESH });
    expect(story(lost(LONG), back, lost(LONG)).done[2]).toBe("markStale, RestartTimer 120");
  });
});

type Graceful = Extract<Capability, { name: "gracefulRestart" }>;
const graceful = (more: Partial<Graceful> = {}): Capability => ({
  name: "gracefulRestart", restarting: false, notification: false, restartTimeSeconds: 60,
  families: [{ ...V4, forwarding: true }, { ...V6, forwarding: true }], ...more,
});
const longLived: Capability = {
  name: "longLivedGracefulRestart", families: [{ ...V4, forwarding: true, staleTimeSeconds: 500 }],
};
const both: readonly Capability[] = [{ name: "multiprotocol", ...V4 }, { name: "multiprotocol", ...V6 }];
const open = (...more: Capability[]): OpenMessage => remoteOpen(7, { capabilities: [...both, ...more] });
const ended = (direction: SessionEnd["direction"], code: number, subcode = 0): SessionEnd =>
  ({ direction, code, subcode, name: "", text: "" });
const LOST = ended("local", 0);

describe("restartTerms", () => {
  const of = (end: SessionEnd, ours: OpenMessage, theirs: OpenMessage, family = IPV4_UNICAST): unknown =>
    restartTerms(family, end, ours, negotiate(ours, theirs));

  it("needs the capability of both, and the family in the peer's", () => {
    const kept = { restartSeconds: 60, longLivedSeconds: 0, notification: false };
    expect(of(LOST, open(graceful()), open(graceful()))).toEqual(kept);
    expect(of(LOST, open(), open(graceful()))).toBeUndefined();
    expect(of(LOST, open(graceful()), open())).toBeUndefined();
    expect(of(LOST, open(graceful()), open(graceful({ families: [{ ...V6, forwarding: false }] })))).toBeUndefined();
    expect(of(LOST, open(graceful()), open(graceful({ restartTimeSeconds: 0 })))).toBeUndefined();
  });

  it("has a Long-Lived Stale Time where both have that capability, too", () => {
    const times = (ours: OpenMessage, theirs: OpenMessage, family = IPV4_UNICAST): unknown[] => {
      const { restartSeconds, longLivedSeconds } = of(LOST, ours, theirs, family) as RestartTerms;
      return [restartSeconds, longLivedSeconds];
    };
    expect(times(open(graceful(), longLived), open(graceful(), longLived))).toEqual([60, 500]);
    expect(times(open(graceful(), longLived), open(graceful(), longLived), IPV6_UNICAST)).toEqual([60, 0]);
    expect(times(open(graceful()), open(graceful(), longLived))).toEqual([60, 0]);
    expect(times(open(graceful(), longLived), open(graceful({ families: [] }), longLived))).toEqual([0, 500]);
    expect(of(LOST, open(graceful(), longLived), open(longLived))).toBeUndefined();
  });

  it("keeps after a NOTIFICATION or our hold timer only with the N bit both ways, and never after a Hard Reset", () => {
    const plain = open(graceful());
    const noted = open(graceful({ notification: true }));
    const ends = [ended("received", 6, 4), ended("sent", 4), ended("sent", 3, 1), ended("local", 8)];
    for (const end of ends) {
      expect(of(end, noted, noted)).toMatchObject({ notification: true });
      for (const [ours, theirs] of [[plain, noted], [noted, plain]] as const) {
        expect(of(end, ours, theirs)).toBeUndefined();
        expect(keepsOnNotification(ours, negotiate(ours, theirs))).toBe(false);
      }
    }
    for (const direction of ["sent", "received"] as const) {
      expect(of(ended(direction, 6, 9), noted, noted)).toBeUndefined();
    }
  });
});

describe("backEvent", () => {
  const of = (theirs: OpenMessage, family = IPV4_UNICAST): unknown =>
    backEvent(family, negotiate(open(graceful()), theirs));

  it("says what the new OPEN says of the family", () => {
    expect(of(open(graceful(), longLived))).toEqual({ name: "Back", forwarding: true, longLivedForwarding: true });
    expect(of(open(graceful({ families: [{ ...V4, forwarding: false }] })))).toMatchObject({ forwarding: false });
    expect(of(open(graceful({ families: [] })))).toMatchObject({ forwarding: false });
    expect(of(open())).toEqual({ name: "Back", forwarding: false, longLivedForwarding: false });
    const onlyIpv4 = remoteOpen(7, { capabilities: [{ name: "multiprotocol", ...V4 }, graceful()] });
    expect(of(onlyIpv4, IPV6_UNICAST)).toMatchObject({ forwarding: false });
  });
});

it("every state answers every event, and no timer is left behind where nothing is stale", () => {
  const states: RestartState[] = [FRESH, { name: "LongLived" },
    ...(["unused", "running", "over"] as const).flatMap((longLived): RestartState[] => [
      { name: "Restarting", longLivedSeconds: 5, longLived, again: false }, { name: "Returned", longLived }])];
  const events: RestartEvent[] = [lost(), lost(LONG), { name: "Lost", terms: undefined }, back, EOR,
    ...RESTART_TIMERS.map((timer) => ({ name: `${timer}_Expires` }) as const)];
  for (const state of states) {
    for (const event of events) {
      const step = stepRestart(state, event);
      if (step.state.name !== "Fresh" || state.name === "Fresh") continue;
      expect(step.actions.filter((action) => action.do === "disarm").map((action) => action.timer))
        .toEqual([...RESTART_TIMERS]);
    }
  }
});
