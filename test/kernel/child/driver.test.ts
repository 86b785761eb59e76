/** The driver of the kernel's processes, by what it tells them and makes of what they say. */

import { describe, expect, it } from "vitest";
import { FRAME } from "../../../src/kernel/child/frames.ts";
import type { KernelChanges, KernelFailure } from "../../../src/kernel/port.ts";
import { FLAG, TYPE } from "../../../src/kernel/rtnetlink/constants.ts";
import { writeRoute } from "../../../src/kernel/rtnetlink/write.ts";
import { changes, route } from "../../support/kernel/build.ts";
import { collect } from "../../support/kernel/collect.ts";
import { answerMessage, doneMessage, FakeHost, INTERRUPTED } from "./fake-children.ts";

const [ESRCH, ENETUNREACH] = [3, 101];
const many = (count: number): KernelChanges["add"] =>
  Array.from({ length: count }, (_, i) => route(`10.${i >> 8}.${i & 255}.0/24`, { via: "10.9.0.2", dev: 2 }));

/** Applies, and keeps the outcome. */
function applied(host: FakeHost, some: Partial<KernelChanges>): { failures?: readonly KernelFailure[] } {
  const outcome: { failures?: readonly KernelFailure[] } = {};
  host.driver.apply(changes(some), (failures) => { outcome.failures = failures; });
  return outcome;
}

function followsRoutes(host: FakeHost): number[] {
  return host.child("follow").told.filter(({ kind }) => kind === FRAME.followRoutes).map(({ payload }) => payload[0]!);
}

describe("changes", () => {
  it("are one request, of which the last message is answered, in the order of add, replace, remove", () => {
    const host = new FakeHost();
    host.up();
    const [a, b, c] = many(3);
    const outcome = applied(host, { remove: [c!], add: [a!], replace: [b!] });
    const [request] = host.child("write").requests;
    expect(request!.map(({ type, flags }) => [type, flags])).toEqual([
      [TYPE.RTM_NEWROUTE, FLAG.REQUEST | FLAG.CREATE | FLAG.EXCL],
      [TYPE.RTM_NEWROUTE, FLAG.REQUEST | FLAG.CREATE | FLAG.REPLACE],
      [TYPE.RTM_DELROUTE, FLAG.REQUEST | FLAG.ACK]]);
    expect(outcome.failures).toBeUndefined();
    host.child("write").answer(0);
    expect(outcome.failures).toEqual([]);
  });

  it("that fail are named, but for the removal of what is gone", () => {
    const host = new FakeHost();
    host.up();
    const [a, b, c, d] = many(4);
    const outcome = applied(host, { add: [a!, b!], remove: [c!, d!] });
    host.child("write").answer(0, { 1: ENETUNREACH, 2: ESRCH, 3: 1 });
    expect(outcome.failures).toEqual([
      { change: "add", route: b, errno: ENETUNREACH, name: "ENETUNREACH", text: "Network is unreachable" },
      { change: "remove", route: d, errno: 1, name: "EPERM", text: "Operation not permitted" }]);
  });

  it("are sent a few requests ahead of the answers, and no request has more than its answers' room", () => {
    const host = new FakeHost();
    host.driver.follow(() => undefined);
    host.child("follow").ready();
    const outcome = applied(host, { add: many(255) });
    const writer = host.child("write");
    expect(writer.told).toEqual([]);
    writer.ready(undefined, 5 * 1024);
    expect(writer.requests.map(({ length }) => length)).toEqual(Array<number>(40).fill(5));
    writer.answer(0);
    expect(writer.requests.length).toBe(41);
    for (let i = 1; i < 51; i++) writer.answer(i);
    expect(writer.requests.map(({ length }) => length)).toEqual(Array<number>(51).fill(5));
    const sequences = writer.requests.flat().map(({ sequence }) => sequence);
    expect(sequences).toEqual(sequences.map((_, i) => i + 1));
    expect(outcome.failures).toEqual([]);
  });

  it("of one call follow those of the one before without a gap, each with its own outcome", () => {
    const host = new FakeHost();
    host.up();
    const outcomes = [applied(host, { add: many(1) }), applied(host, {}), applied(host, { remove: many(2) })];
    expect(host.child("write").requests.map(({ length }) => length)).toEqual([1, 2]);
    host.child("write").answer(0, { 0: ENETUNREACH });
    expect(outcomes.map(({ failures }) => failures?.length)).toEqual([1, 0, undefined]);
    host.child("write").answer(1);
    expect(outcomes.map(({ failures }) => failures?.length)).toEqual([1, 0, 0]);
  });
});

describe("reading", () => {
  const part = route("10.1.0.0/24", { via: "10.9.0.2", dev: 2 });
  const written = (sequence: number): Uint8Array => {
    const octets = new Uint8Array(200);
    return octets.subarray(0, writeRoute(octets, 0, "add", part, sequence));
  };
  it("is four requests, and what is read is told up to the end", () => {
    const host = new FakeHost();
    host.up();
    let routes: unknown;
    host.driver.dump(collect((state, fault) => { routes = fault ?? [...state!.routes()]; }));
    const writer = host.child("write");
    expect(writer.requests.map(([one]) => one!.type)).toEqual(
      [TYPE.RTM_GETLINK, TYPE.RTM_GETADDR, TYPE.RTM_GETROUTE, TYPE.RTM_GETROUTE]);
    writer.datagram(doneMessage(1));
    writer.datagram(doneMessage(2));
    writer.datagram(doneMessage(3));
    writer.datagram(written(4));
    expect(routes).toBeUndefined();
    writer.datagram(doneMessage(4));
    expect(routes).toEqual([part]);
  });

  it("holds changes back until no more than IPv4 routes are left, and begins when those before it are made", () => {
    const host = new FakeHost();
    host.up();
    const writer = host.child("write");
    const kinds = (): number[] => writer.told.map(({ kind }) => kind);
    const before = applied(host, { add: many(1) });
    let fault: string | undefined;
    host.driver.dump(collect((_state, said) => { fault = said ?? "none"; }));
    const after = applied(host, { add: many(2) });
    expect(kinds()).toEqual([FRAME.change]);
    writer.answer(0);
    expect([before.failures, kinds()]).toEqual([[], [FRAME.change, ...Array<number>(4).fill(FRAME.read)]]);
    for (const sequence of [2, 3, 4]) writer.datagram(doneMessage(sequence));
    expect(kinds().slice(5)).toEqual([FRAME.change]);
    writer.datagram(written(5));
    writer.answer(5, { 0: ENETUNREACH });
    expect([after.failures?.length, fault]).toEqual([1, undefined]);
    writer.datagram(doneMessage(5));
    expect(fault).toBe("none");
  });

  it.each([
    ["changed under way", doneMessage(4, INTERRUPTED), /changed while it was read/],
    ["is refused", answerMessage(4, 1), /cannot be read: Operation not permitted/],
  ])("that %s says so", (_, last, why) => {
    const host = new FakeHost();
    host.up();
    let fault: string | undefined;
    host.driver.dump(collect((_state, said) => { fault = said; }));
    host.child("write").datagram(doneMessage(1));
    host.child("write").datagram(doneMessage(2));
    host.child("write").datagram(doneMessage(3));
    host.child("write").datagram(last);
    expect(fault).toMatch(why);
  });

  it("begins when the kernel is followed, or cannot be", () => {
    const host = new FakeHost();
    host.driver.follow((event) => host.events.push(event));
    host.child("write").ready();
    host.driver.dump(collect(() => undefined));
    expect(host.child("write").requests).toEqual([]);
    host.child("follow").gone("it ended with code 1");
    expect(host.child("write").requests.length).toBe(4);
    host.pass(0.1);
    host.child("follow").ready();
    expect(host.events).toEqual([{ event: "lost", why: "the process that follows the kernel was started again" }]);
  });
});

describe("a process that dies", () => {
  it("takes what it was doing with it, and what was to follow; the next one goes on with what is asked then", () => {
    const host = new FakeHost();
    host.up();
    const outcomes = Array.from({ length: 4 }, () => applied(host, { add: many(1) }));
    let fault: string | undefined;
    host.driver.dump(collect((_state, said) => { fault = said ?? "none"; }));
    host.child("write").gone("it was ended by SIGKILL");
    const why = "the process that writes routes ended: it was ended by SIGKILL";
    expect(host.events).toEqual([{ event: "lost", why, changes: true }]);
    expect(outcomes.map(({ failures }) => failures)).toEqual([[], [], [], []]);
    expect(host.driver.trouble()).toBe("the process that writes routes does not run: it was ended by SIGKILL");
    host.pass(0.1);
    host.child("write").ready();
    expect(host.child("write").requests.map(([one]) => one!.type)).toEqual(
      [TYPE.RTM_GETLINK, TYPE.RTM_GETADDR, TYPE.RTM_GETROUTE, TYPE.RTM_GETROUTE]);
    for (const request of [0, 1, 2, 3]) host.child("write").answer(request);
    const after = applied(host, { add: many(1) });
    host.child("write").answer(4);
    expect([fault, after.failures, host.driver.trouble()]).toEqual(["none", [], undefined]);
    expect(host.driver.restarts()).toEqual({ write: 1, follow: 0 });
  });

  it("while the kernel is read leaves what waits to the next one", () => {
    const host = new FakeHost();
    host.up();
    let fault: string | undefined;
    host.driver.dump(collect((_state, said) => { fault = said; }));
    const waiting = applied(host, { add: many(1) });
    host.child("write").gone("it was ended by SIGKILL");
    expect(host.events).toMatchObject([{ event: "lost", changes: false }]);
    expect([fault, waiting.failures]).toEqual(["it was ended by SIGKILL", undefined]);
    host.pass(0.1);
    host.child("write").ready();
    host.child("write").answer(0);
    expect(waiting.failures).toEqual([]);
  });

  it("is started again later and later, and at once after it has lived for a while", () => {
    const host = new FakeHost();
    const pauses: (number | undefined)[] = [];
    for (let i = 0; i < 9; i++) {
      host.child("write").ready();
      host.child("write").gone("overrun");
      pauses.push(host.nextTimer);
      host.pass(host.nextTimer!);
    }
    expect(pauses).toEqual([0.1, 0.2, 0.4, 0.8, 1.6, 3.2, 6.4, 10, 10]);
    host.child("write").ready();
    host.pass(6);
    host.child("write").gone("overrun");
    expect(host.nextTimer).toBeCloseTo(0.1);
  });

  it("or says nothing when it should, is ended; not one that has nothing to say", () => {
    const host = new FakeHost();
    host.up();
    host.pass(1000);
    const outcome = applied(host, { add: many(1) });
    host.pass(24);
    expect([host.child("write").ended, host.child("follow").ended]).toEqual([undefined, undefined]);
    host.pass(6);
    expect([host.child("write").ended, host.child("follow").ended]).toEqual(["at once", undefined]);
    host.child("write").gone("it was ended by SIGKILL");
    expect([outcome.failures, host.driver.trouble()]).toEqual([[],
      "the process that writes routes does not run: it said nothing for over 25 seconds"]);
    host.pass(0.1);
    host.pass(31);
    expect(host.child("write").ended).toBe("at once");
  });

  it.each(["write", "follow"] as const)("is ended where it gives no sign of life: the one that is to %s", (role) => {
    const host = new FakeHost();
    host.up();
    host.pass(1000);
    host.child(role).isStopped = true;
    host.pass(10);
    expect(host.child(role).ended).toBe(undefined);
    host.pass(5);
    expect([host.child(role).ended, host.child(role === "write" ? "follow" : "write").ended])
      .toEqual(["at once", undefined]);
    host.child(role).gone("it was ended by SIGKILL");
    expect(host.log).toEqual([`${role}: it said nothing for over 10 seconds`]);
  });

  it("is ended too where it should follow no routes, and does not obey", () => {
    const host = new FakeHost();
    host.up();
    applied(host, { add: many(300) });
    host.child("write").answer(0);
    host.pass(31);
    expect([host.child("write").ended, host.child("follow").ended]).toEqual([undefined, "at once"]);
    host.child("follow").gone("it was ended by SIGKILL");
    expect(host.child("write").requests.length).toBe(2);
  });

  it("says why before it goes", () => {
    const host = new FakeHost();
    host.child("write").fault("Cannot find package 'netlink'");
    host.child("write").gone("it ended with code 1");
    expect(host.log).toEqual(["write: Cannot find package 'netlink'"]);
    expect(host.driver.trouble()).toMatch(/Cannot find package/);
  });

  it("of another version, or one that cannot be understood, is ended", () => {
    const host = new FakeHost();
    host.child("write").ready(99);
    expect(host.child("write").ended).toBe("at once");
    host.child("write").gone("it was ended by SIGKILL");
    expect(host.driver.trouble()).toMatch(/updated: restart reflectd/);
    host.pass(1);
    host.up();
    host.driver.dump(collect(() => undefined));
    host.child("write").datagram(Uint8Array.of(1, 2, 3));
    expect(host.child("write").ended).toBe("at once");
  });
});

describe("many changes", () => {
  it("begin when routes are no longer followed, and are read when they are again", () => {
    const host = new FakeHost();
    host.up();
    const outcome = applied(host, { add: many(300) });
    const lengths = (): number[] => host.child("write").requests.map(({ length }) => length);
    expect([followsRoutes(host), lengths()]).toEqual([[0], [166]]); // what is heard of so many has room
    host.child("write").answer(0);
    expect(lengths()).toEqual([166]);
    host.child("follow").ready();
    expect(lengths()).toEqual([166, 134]);
    host.pass(1);
    expect(followsRoutes(host)).toEqual([0]);
    host.child("write").answer(1);
    expect(outcome.failures).toEqual([]);
    host.pass(1);
    expect([followsRoutes(host), host.events]).toEqual([[0, 1], []]);
    host.child("follow").ready();
    expect(host.events).toEqual([{ event: "lost", why: "routes were not followed while many changed" }]);
  });

  it("do not wait for a process that died", () => {
    const host = new FakeHost();
    host.up();
    const outcome = applied(host, { add: many(300) });
    host.child("follow").gone("overrun");
    expect(host.child("write").requests.length).toBe(2);
    for (const request of [0, 1]) host.child("write").answer(request);
    expect(outcome.failures).toEqual([]);
  });
});

it("tells what happens, and of nobody's answers", () => {
  const host = new FakeHost();
  host.up();
  const one = route("10.1.0.0/24", { via: "10.9.0.2", dev: 2 });
  const octets = new Uint8Array(200);
  host.child("follow").datagram(octets.subarray(0, writeRoute(octets, 0, "add", one, 0)), answerMessage(5, 1));
  expect(host.events).toEqual([{ event: "route", route: one }]);
});

it("lets its processes end in order, and answers what was asked", () => {
  const host = new FakeHost();
  host.up();
  const outcomes = [applied(host, { add: many(1) }), applied(host, { add: many(1) })];
  let isStopped = false;
  host.driver.stop(() => { isStopped = true; });
  expect(host.children.map(({ ended }) => ended)).toEqual(["in order", "in order"]);
  host.child("write").gone("it ended with code 0");
  expect(isStopped).toBe(false);
  host.pass(1);
  expect(host.child("follow").ended).toBe("at once");
  host.child("follow").gone("it was ended by SIGKILL");
  expect([isStopped, outcomes.map(({ failures }) => failures)]).toEqual([true, [[], []]]);
  expect(host.nextTimer).toBeUndefined();
});
