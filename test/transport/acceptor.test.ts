/** Whose connection it is: exact addresses before ranges, the longest range first, limits, zones. */

import { describe, expect, it } from "vitest";
import { parsePrefix } from "../../src/base/prefix.ts";
import { Acceptor } from "../../src/transport/acceptor.ts";
import type { Connection, PeerSessionPort } from "../../src/transport/ports.ts";
import { VirtualClock } from "../sim/virtual-clock.ts";
import { VirtualNetwork } from "../sim/virtual-network.ts";
import { sessionParameters, VirtualSpeaker } from "../sim/virtual-speaker.ts";

function prefix(text: string) {
  const parsed = parsePrefix(text);
  if (parsed === undefined) throw new Error(text);
  return parsed;
}

function world() {
  const clock = new VirtualClock(1);
  const network = new VirtualNetwork(clock, { delayMilliseconds: [1, 1], fifo: true, readOctetsMax: 4096 });
  const a = new VirtualSpeaker(network, "192.0.2.1");
  /** Connects from an address; says whether the connection was closed at once. */
  const knock = (from: string): boolean => {
    let closed = false;
    network.connector(network.host(from)).connect({ address: "192.0.2.1", port: 179 }, {
      connected: (connection: Connection) => {
        connection.attach({ data: () => undefined, closed: () => { closed = true; } });
      },
      failed: () => { closed = true; },
    });
    clock.run(20);
    return closed;
  };
  return { clock, network, a, knock };
}

describe("the acceptor", () => {
  it("makes a member per source address of a range, up to its limit, and refuses the rest with the reason", () => {
    const { a, knock } = world();
    const members = new Map<string, PeerSessionPort>();
    const member = (name: string, limit: number) => (address: string): PeerSessionPort | undefined => {
      const there = members.get(address);
      if (there !== undefined || members.size >= limit) return there;
      const parameters = sessionParameters({ name: `${name} ${address}`, address, routerId: 1, passive: true });
      const { session } = a.peer(parameters);
      a.acceptor.remove(session); // the range knows its members itself
      session.start();
      members.set(address, session);
      return session;
    };
    a.acceptor.addRange({ name: "wide", range: prefix("10.0.0.0/8"), member: member("wide", 3) });
    a.acceptor.addRange({ name: "narrow", range: prefix("10.1.0.0/16"), member: member("narrow", 3) });
    expect(["10.2.0.1", "10.1.0.1", "10.1.0.1", "10.2.0.2"].map(knock)).toEqual([false, false, false, false]);
    expect([...members.values()].map(({ parameters }) => parameters.name))
      .toEqual(["wide 10.2.0.1", "narrow 10.1.0.1", "wide 10.2.0.2"]);
    expect([knock("10.9.9.9"), knock("11.0.0.1"), knock("2001:db8::1")]).toEqual([true, true, true]);
    expect(a.acceptor.refused).toMatchObject({ rangeFull: 1, unknownSource: 2 });
    a.acceptor.removeRange("wide");
    expect(knock("10.2.0.1")).toBe(true);
    expect(a.acceptor.refused.unknownSource).toBe(3);
  });

  it("prefers a neighbour's own address to a range that contains it, and forgets removed neighbours", () => {
    const { a, knock } = world();
    const { session } = a.peer(sessionParameters({ address: "10.0.0.5", routerId: 1, passive: true }));
    session.start();
    a.acceptor.addRange({ name: "all", range: prefix("10.0.0.0/8"), member: () => undefined });
    expect(knock("10.0.0.5")).toBe(false);
    a.acceptor.remove(session);
    expect(knock("10.0.0.5")).toBe(true);
    expect(a.acceptor.refused.rangeFull).toBe(1);
  });

  it("knows link-local neighbours by their zone, and IPv6 ranges only IPv6 sources", () => {
    const { a, knock } = world();
    const { session } = a.peer(sessionParameters({ address: "fe80::1%eth0", routerId: 1, passive: true }));
    session.start();
    a.acceptor.addRange({ name: "six", range: prefix("::/0"), member: () => undefined });
    expect([knock("fe80::1%eth0"), knock("fe80::1%eth1"), knock("2001:db8::7"), knock("192.0.2.9")])
      .toEqual([false, true, true, true]);
    expect(a.acceptor.refused).toMatchObject({ rangeFull: 2, unknownSource: 1 });
  });

  it("refuses what is not as demanded, also where the session was told late that nobody can be asked for it", () => {
    const { a } = world();
    const { session } = a.peer(sessionParameters({ address: "10.0.0.5", routerId: 1, passive: true,
      demands: { password: "x", ttlSecurityHops: undefined } }));
    session.start();
    session.retune({ ...session.parameters, unavailable: "no room" });
    const unsigned = { remoteAddress: "10.0.0.5", refuses: () => "it is not signed", destroy: () => undefined };
    a.acceptor.offer(unsigned as unknown as Connection);
    expect(a.acceptor.refused.demands).toBe(1);
  });

  it("asks of a connection what its neighbour demands, of a range before there is a member", () => {
    const { clock, network } = world();
    const host = network.host("192.0.2.9");
    const refusals: string[] = [];
    const acceptor = new Acceptor({
      clock, scheduler: host, onRefused: (reason, from) => { refusals.push(`${reason} ${from}`); } });
    let isSigned = false;
    network.listen(host, 179, (connection) => acceptor.offer(Object.assign(connection, {
      refuses: () => (isSigned ? undefined : "it is not signed") })));
    const demands = { password: "x", ttlSecurityHops: undefined };
    const { session } = new VirtualSpeaker(network, "192.0.2.7").peer(
      sessionParameters({ address: "192.0.2.3", routerId: 1, passive: true, demands }));
    session.start();
    acceptor.add(session);
    const members: string[] = [];
    acceptor.addRange({ name: "all", range: prefix("10.0.0.0/8"), demands, member: (address) => {
      members.push(address);
      return undefined;
    } });
    const knockAt = (from: string): void => {
      network.connector(network.host(from)).connect({ address: "192.0.2.9", port: 179 }, {
        connected: () => undefined, failed: () => undefined });
      clock.run(100);
    };
    for (const from of ["192.0.2.3", "10.0.0.1"]) knockAt(from);
    expect([refusals, members]).toEqual([["demands 192.0.2.3", "demands 10.0.0.1"], []]);
    expect(session.view().waiting).toBe("refused a connection: it is not signed");
    isSigned = true;
    for (const from of ["192.0.2.3", "10.0.0.1"]) knockAt(from);
    expect([refusals.slice(2), members]).toEqual([["rangeFull 10.0.0.1"], ["10.0.0.1"]]);
  });

  it("counts what a stopped neighbour refuses", () => {
    const { clock, network } = world();
    const refusals: string[] = [];
    const acceptor = new Acceptor({
      clock, scheduler: network.host("192.0.2.8"), onRefused: (reason) => { refusals.push(reason); } });
    const { session } = new VirtualSpeaker(network, "192.0.2.7").peer(
      sessionParameters({ address: "192.0.2.3", routerId: 1 }));
    acceptor.add(session);
    network.listen(network.host("192.0.2.8"), 179, (connection) => acceptor.offer(connection));
    network.connector(network.host("192.0.2.3")).connect({ address: "192.0.2.8", port: 179 }, {
      connected: () => undefined, failed: () => undefined });
    clock.run(100);
    expect(refusals).toEqual(["session"]);
  });
});
