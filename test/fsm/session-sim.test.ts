/** One neighbour over hours of virtual time: waits after errors, timers, newcomers, what the operator asks for. */

import { describe, expect, it } from "vitest";
import type { Capability } from "../../src/messages/capabilities.ts";
import { resetFault } from "../../src/messages/fault.ts";
import { encodeUpdate } from "../../src/messages/update.ts";
import { encodeOpen } from "../../src/messages/open.ts";
import { KEEPALIVE } from "../../src/messages/keepalive.ts";
import type { Connection, SessionParameters } from "../../src/transport/ports.ts";
import { LetterSpeaker } from "../sim/letter-speaker.ts";
import { VirtualClock } from "../sim/virtual-clock.ts";
import { VirtualNetwork } from "../sim/virtual-network.ts";
import { sessionParameters, SMALL_UPDATE, VirtualSpeaker } from "../sim/virtual-speaker.ts";

const A = "192.0.2.1";
const B = "192.0.2.2";
const SECOND = 1000;
const GRACEFUL: Capability = {
  name: "gracefulRestart", restarting: false, notification: false, restartTimeSeconds: 120, families: [],
};

function world(seed = 1) {
  const clock = new VirtualClock(seed);
  const network = new VirtualNetwork(clock, { delayMilliseconds: [1, 2], fifo: true, readOctetsMax: 4096 });
  return { clock, network };
}

function pair(changesA: Partial<SessionParameters> = {}, changesB: Partial<SessionParameters> = {}) {
  const { clock, network } = world();
  const a = new VirtualSpeaker(network, A);
  const b = new VirtualSpeaker(network, B);
  const atA = a.peer(sessionParameters({ address: B, routerId: 5, ...changesA }));
  const atB = b.peer(sessionParameters({ address: A, routerId: 7, ...changesB }));
  const start = (): void => {
    atA.session.start();
    atB.session.start();
    clock.run(5 * SECOND);
    expect([atA.session.view().state, atB.session.view().state]).toEqual(["Established", "Established"]);
  };
  return { clock, network, a, b, atA, atB, start };
}

/** Connects to A from B by hand; what A answers is collected as [type, code, subcode]. */
function rawFrom(clock: VirtualClock, network: VirtualNetwork) {
  const answers: number[][] = [];
  const raw: { connection?: Connection; closed: boolean } = { closed: false };
  network.connector(network.host(B)).connect({ address: A, port: 179 }, {
    connected(connection) {
      raw.connection = connection;
      connection.attach({
        data: (chunk) => { answers.push([...chunk.subarray(18, 21)]); },
        closed: () => { raw.closed = true; },
      });
    },
    failed: () => { raw.closed = true; },
  });
  clock.run(20);
  const send = (bytes: Uint8Array): void => {
    raw.connection?.write(bytes);
    clock.run(20);
  };
  return { raw, answers, send };
}
const open = (routerId: number, capabilities: readonly Capability[] = []): Uint8Array =>
  encodeOpen({ asNumber: 64512, holdTimeSeconds: 90, routerId, capabilities });

describe("after an error", () => {
  it("rests twice as long each time up to the largest wait, and starts small again after ten stable minutes", () => {
    const { clock, a, atA, atB, start } = pair({}, { passive: true });
    start();
    const rests: number[] = [];
    const fail = (): void => {
      atA.owner.answer = () => resetFault(3, 1, new Uint8Array(), "planted");
      atB.owner.queue.push(SMALL_UPDATE);
      atB.session.wake();
      clock.run(60 * SECOND, () => atA.session.view().state === "Idle");
      const from = clock.now();
      atA.owner.answer = () => undefined;
      clock.run(120 * SECOND, () => atA.session.view().state !== "Idle");
      rests.push(Math.round((clock.now() - from) / SECOND));
      clock.run(120 * SECOND, () => atA.session.view().state === "Established");
    };
    for (let i = 0; i < 5; i++) fail();
    expect(rests).toEqual([5, 10, 20, 30, 30]);
    clock.run(601 * SECOND);
    fail();
    expect(rests.at(-1)).toBe(5);
    expect(a.events.some(({ event }) => event === "ended")).toBe(true);
  });

  it("listens at once and dials after ConnectRetryTime where the connection was lost", () => {
    const { clock, network, atA, start } = pair({}, { passive: true });
    start();
    network.cut(A, B);
    clock.run(10);
    expect(atA.owner.downs[0]).toMatchObject({ direction: "local", name: "connection lost", text: "ECONNRESET" });
    expect(atA.session.view().state).toBe("Active");
    const lostAt = clock.now();
    clock.run(60 * SECOND, () => atA.session.view().state === "Established");
    const seconds = (clock.now() - lostAt) / SECOND;
    expect(seconds).toBeGreaterThan(3.7); // 75 % of 5 s: jittered
    expect(seconds).toBeLessThan(5.2);
  });

  it("says that a dial found nobody, and goes on dialling", () => {
    const { clock, network } = world();
    const a = new VirtualSpeaker(network, A);
    const { session } = a.peer(sessionParameters({ address: B, routerId: 5 }));
    session.start();
    clock.run(60 * SECOND);
    expect(a.events.filter(({ event }) => event === "ended")).toEqual([]);
    const failures = a.events.filter(({ event }) => event === "dialFailed");
    expect(failures.length).toBeGreaterThan(60 / 5 - 1);
    expect(failures.length).toBeLessThan(60 / 3.75 + 2);
    expect(session.view().lastError).toMatchObject({ direction: "local", name: "not connected", text: "ECONNREFUSED" });
  });

  it("costs one session where reading its message throws: our bug, reported with the octets", () => {
    const some = (): never => { throw new Error("planted"); };
    const families: SessionParameters["families"] = Object.assign(["ipv4-unicast" as const], { some });
    // with a time that no other session here has: equal parameters are shared, and this mine is not plain data
    const { clock, a, atA, atB } = pair({ families, connectRetrySeconds: 119 });
    atA.session.start();
    atB.session.start();
    clock.run(3 * SECOND);
    const bug = a.events.find((event) => event.event === "bug");
    expect(bug).toMatchObject({ stack: expect.stringContaining("planted"), message: expect.any(Uint8Array) });
    expect(atA.owner.ups).toEqual([]);
    expect(["Idle", "Active", "Connect"]).toContain(atA.session.view().state);
  });

  it("is not kept down by garbage that anybody sends from the peer's address", () => {
    const { clock, network, a, b, atA, atB } = pair({}, { passive: true });
    atA.session.start();
    b.host.stop(3); // the dial hangs meanwhile
    for (let i = 0; i < 5; i++) rawFrom(clock, network).send(new Uint8Array(19));
    expect(a.events.filter(({ event }) => event === "ended")).toHaveLength(5);
    atB.session.start();
    clock.run(9 * SECOND);
    expect(atA.session.view().state).toBe("Established");
  });
});

describe("timers", () => {
  it("ends a session of a silent peer at the hold time with 4/0, and not before", () => {
    const { clock, network, atA, start } = pair();
    start();
    network.blackhole(A, B, true);
    clock.run(60 * SECOND);
    expect(atA.owner.downs).toEqual([]);
    clock.run(31 * SECOND);
    expect(atA.owner.downs[0]).toMatchObject({ direction: "sent", code: 4, subcode: 0, name: "Hold Timer Expired" });
  });

  it("keeps a session on UPDATEs alone, until the hold time after the last of them", () => {
    const { clock, network } = world();
    const a = new VirtualSpeaker(network, A);
    const { session, owner } = a.peer(sessionParameters({ address: B, routerId: 5, passive: true }));
    session.start();
    const { send } = rawFrom(clock, network);
    send(open(7));
    send(KEEPALIVE);
    for (let i = 0; i < 10; i++) {
      clock.run(80 * SECOND);
      send(SMALL_UPDATE);
    }
    expect([owner.updates, session.view().state]).toEqual([10, "Established"]);
    clock.run(89 * SECOND);
    expect(session.view().state).toBe("Established");
    clock.run(2 * SECOND);
    expect(owner.downs).toEqual([expect.objectContaining({ code: 4, subcode: 0 })]);
  });

  it("keeps a session for ten hours on keepalives alone, a third of the hold time apart, jittered", () => {
    const { clock, atA, atB, start } = pair();
    start();
    const before = atA.session.traffic.snapshot().messages.in.keepalive;
    clock.run(36_000 * SECOND);
    const perHour = (atA.session.traffic.snapshot().messages.in.keepalive - before) / 10;
    expect(perHour).toBeGreaterThan(3600 / 30);
    expect(perHour).toBeLessThan(3600 / 22);
    expect([atA.owner.downs, atB.owner.downs]).toEqual([[], []]);
  });

  it("keeps a session whose peer kept sending while this process was stopped longer than the hold time", () => {
    const { clock, network } = world();
    const a = new VirtualSpeaker(network, A);
    const { session, owner } = a.peer(sessionParameters({ address: B, routerId: 5 }));
    const b = new LetterSpeaker(network, B, A, 7);
    session.start();
    b.start();
    clock.run(5 * SECOND);
    for (const seconds of [100, 400, 3600]) {
      a.host.stop(seconds);
      clock.run((seconds + 10) * SECOND);
      expect([seconds, session.view().state, owner.downs]).toEqual([seconds, "Established", []]);
    }
    clock.run(200 * SECOND);
    network.blackhole(A, B, true);
    a.host.stop(100);
    clock.run(101 * SECOND);
    expect(owner.downs).toHaveLength(1); // stopped, continued, and really nothing there
  });

  it("does not call a peer silent whose KEEPALIVE is half here when the hold time ends", () => {
    const { clock, network } = world();
    const a = new VirtualSpeaker(network, A);
    const { session, owner } = a.peer(sessionParameters({ address: B, routerId: 5, passive: true }));
    session.start();
    const peer = rawFrom(clock, network);
    peer.send(open(7));
    peer.send(KEEPALIVE);
    a.host.stop(100);
    clock.run(99.9 * SECOND);
    peer.send(KEEPALIVE.subarray(0, 10));
    clock.run(80 + 15);
    peer.send(KEEPALIVE.subarray(10));
    clock.run(60 * SECOND);
    expect([session.view().state, owner.downs]).toEqual(["Established", []]);
    clock.run(31 * SECOND);
    expect(owner.downs).toHaveLength(1);
  });

  it("ends a session whose peer takes nothing for eight minutes, though it says KEEPALIVE (RFC 9687)", () => {
    const { clock, network } = world();
    const a = new VirtualSpeaker(network, A);
    const { session, owner } = a.peer(sessionParameters({ address: B, routerId: 5 }));
    const b = new LetterSpeaker(network, B, A, 7);
    session.start();
    b.start();
    clock.run(5 * SECOND);
    b.established?.pause();
    const big = encodeUpdate({ family: "ipv4-unicast", withdrawn: Array.from({ length: 800 }, (_, i) => (
      { prefix: { address: new Uint8Array([10, i >> 8, i & 255, 0]), length: 24 } })) });
    owner.queue.push(...new Array<Uint8Array>(200).fill(big));
    session.wake();
    clock.run(400 * SECOND);
    expect(owner.downs).toEqual([]);
    expect(owner.queue.length).toBeGreaterThan(0);
    clock.run(100 * SECOND);
    expect(owner.downs[0]).toMatchObject({ direction: "local", code: 8, name: "Send Hold Timer Expired" });
  });
});

describe("a newcomer beside an Established session", () => {
  it("gets 6/7 and changes nothing", () => {
    const { clock, network, atA, start } = pair();
    start();
    const { raw, answers } = rawFrom(clock, network);
    expect([answers, raw.closed]).toEqual([[[3, 6, 7]], true]);
    expect(atA.owner.downs).toEqual([]);
  });

  it("replaces it under graceful restart once its OPEN shows that it is the same peer, without a NOTIFICATION", () => {
    const { clock, network, atA, start } = pair({}, { capabilities: [GRACEFUL] });
    start();
    const early = rawFrom(clock, network);
    expect(early.answers).toEqual([[3, 6, 7]]); // it may be what is left of a collision
    clock.run(5 * SECOND);
    const probe = rawFrom(clock, network);
    expect(probe.answers).toEqual([[1, 4, 252]]); // our OPEN; and the session stays
    expect(atA.session.view().state).toBe("Established");
    const stranger = rawFrom(clock, network); // the older silent one goes
    expect(probe.raw.closed).toBe(true);
    stranger.send(open(99, [GRACEFUL]));
    expect(stranger.answers.at(-1)).toEqual([3, 6, 7]);
    expect(atA.owner.downs).toEqual([]);
    const again = rawFrom(clock, network);
    again.send(open(7, [GRACEFUL]));
    expect(atA.owner.downs).toEqual([expect.objectContaining({ direction: "local", name: "connection replaced" })]);
    again.send(KEEPALIVE);
    expect(atA.session.view().state).toBe("Established");
    expect(atA.owner.facts?.remotePort).toBe(again.raw.connection?.localPort);
  });
});

describe("the operator", () => {
  it("resets a session, which comes back", () => {
    const { clock, atA, atB, start } = pair();
    start();
    atA.session.reset(4, "new software");
    clock.run(SECOND);
    expect(atB.owner.downs[0]).toMatchObject({ direction: "received", code: 6, subcode: 4, text: "new software" });
    clock.run(15 * SECOND);
    expect(atA.session.view()).toMatchObject({ state: "Established", flaps: 1 });
  });

  it("cuts a rest short by a reset, and a wait for ConnectRetryTimer too", () => {
    const { clock, atA, atB, start } = pair({ connectRetrySeconds: 100 }, { passive: true });
    start();
    atA.session.holdDown(500, "prefix limit");
    expect(atA.session.view()).toMatchObject({ state: "Idle", waiting: "prefix limit" });
    clock.run(100 * SECOND);
    expect(atA.session.view().state).toBe("Idle");
    atA.session.reset();
    clock.run(SECOND);
    expect(atA.session.view().state).toBe("Established");
    atB.session.stop();
    clock.run(SECOND);
    expect(atA.session.view().state).toBe("Active");
    atB.session.start();
    atA.session.reset();
    clock.run(SECOND);
    expect(atA.session.view().state).toBe("Established");
  });

  it("may stop a session from inside the owner's own call", () => {
    const { clock, a, atA, atB, start } = pair();
    start();
    atA.owner.answer = () => {
      atA.session.stop({ subcode: 3 });
      return undefined;
    };
    atB.owner.queue.push(SMALL_UPDATE, SMALL_UPDATE);
    atB.session.wake();
    clock.run(60 * SECOND);
    expect(atA.owner.updates).toBe(1);
    expect(atB.owner.downs[0]).toMatchObject({ code: 6, subcode: 3 });
    expect(atA.session.view()).toMatchObject({ state: "Idle", started: false });
    expect(a.events.filter(({ event }) => event === "bug")).toEqual([]);
  });

  it("makes a passive session dial, and a dialling one wait, without a reset", () => {
    const { clock, atA, atB } = pair({ passive: true }, { passive: true });
    atA.session.start();
    atB.session.start();
    clock.run(60 * SECOND);
    expect(atA.session.view().state).toBe("Active");
    atA.session.retune({ ...atA.session.parameters, passive: false });
    clock.run(SECOND);
    expect(atA.session.view().state).toBe("Established");
    atA.session.retune({ ...atA.session.parameters, passive: true });
    expect(atA.session.view()).toMatchObject({ state: "Established", flaps: 0 });
    atB.session.stop();
    clock.run(60 * SECOND);
    atB.session.start();
    clock.run(60 * SECOND);
    expect(atA.session.view().state).toBe("Active");
  });

  it("never dials a passive peer, and forgets nothing of it", () => {
    const { clock, network } = world();
    const a = new VirtualSpeaker(network, A);
    const b = new VirtualSpeaker(network, B);
    let dialled = 0;
    network.listen(b.host, 179, (connection) => {
      dialled++;
      connection.destroy();
    });
    const { session } = a.peer(sessionParameters({ address: B, routerId: 5, passive: true }));
    session.start();
    clock.run(600 * SECOND);
    expect([dialled, session.view().state]).toEqual([0, "Active"]);
  });
});

describe("two neighbours with one address", () => {
  const capabilities = (asNumber: number): Capability[] => [{ name: "fourOctetAs", asNumber }];
  function two(changes: Partial<SessionParameters>) {
    const { clock, network } = world();
    const a = new VirtualSpeaker(network, A);
    const first = a.peer(sessionParameters({ name: "first", address: B, routerId: 5, passive: true }));
    const second = a.peer(
      sessionParameters({ name: "second", address: B, port: 1790, routerId: 5, passive: true, ...changes }));
    first.session.start();
    second.session.start();
    return { clock, network, first, second };
  }

  it("are told apart by the AS of the OPEN", () => {
    const { clock, network, first, second } = two({ asNumber: 65001 });
    const raw = rawFrom(clock, network);
    raw.send(encodeOpen({ asNumber: 65001, holdTimeSeconds: 90, routerId: 8, capabilities: capabilities(65001) }));
    raw.send(KEEPALIVE);
    expect([first.session.view().state, second.session.view().state]).toEqual(["Active", "Established"]);
  });

  it("else the first takes it and the other shows what it waits for; the next Identifier is the other's", () => {
    const { clock, network, first, second } = two({});
    const raw = rawFrom(clock, network);
    raw.send(open(8));
    raw.send(KEEPALIVE);
    expect([first.session.view().state, second.session.view().state]).toEqual(["Established", "Active"]);
    expect(second.session.view().waiting).toContain("first took the connection from 192.0.2.2");
    const other = rawFrom(clock, network);
    other.send(open(9));
    other.send(KEEPALIVE);
    expect(second.session.view()).toMatchObject({ state: "Established", waiting: undefined });
  });

  it("keeps two connections without an OPEN at most, for ten seconds", () => {
    const { clock, network } = two({});
    const [oldest, ...rest] = [rawFrom(clock, network), rawFrom(clock, network), rawFrom(clock, network)];
    expect([oldest?.raw.closed, ...rest.map(({ raw }) => raw.closed)]).toEqual([true, false, false]);
    clock.run(11 * SECOND);
    expect(rest.map(({ raw }) => raw.closed)).toEqual([true, true]);
  });
});
