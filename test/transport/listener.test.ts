/** Listeners: many at once, and one line for each address that cannot be had. */

import { createConnection } from "node:net";
import { afterEach, describe, expect, it } from "vitest";
import { systemClock, systemScheduler } from "../../src/daemon/system-clock.ts";
import { listen, listenFault } from "../../src/transport/listener.ts";
import type { Listener, ListenFault } from "../../src/transport/listener.ts";
import type { Connection } from "../../src/transport/ports.ts";
import { nodeNetProvider } from "../../src/transport/provider.ts";
import { unmapped } from "../../src/transport/socket.ts";
import { dialer } from "../../src/transport/dialer.ts";
import { until } from "./loopback-speaker.ts";

const listeners: Listener[] = [];
const connections: Connection[] = [];
afterEach(async () => {
  for (const connection of connections.splice(0)) connection.destroy();
  await Promise.all(listeners.splice(0).map((listener) => listener.close()));
});

async function open(address: string, port = 0): Promise<Listener | ListenFault> {
  const opened = await listen({ address, port }, {
    clock: systemClock, scheduler: systemScheduler, onTrouble: () => undefined,
    onConnection: (connection) => { connections.push(connection); }, portOwner: (taken) => `planted for ${taken}`,
  });
  if (!("why" in opened)) listeners.push(opened);
  return opened;
}

describe("a listener", () => {
  it("listens beside others and says which port it got", async () => {
    const opened = await Promise.all(["127.0.0.1", "127.0.0.2", "::1"].map((address) => open(address)));
    const ports = opened.map((each) => ("port" in each ? each.port : each.why));
    for (const [i, host] of ["127.0.0.1", "127.0.0.2", "::1"].entries()) {
      const socket = createConnection({ host, port: Number(ports[i]) });
      await new Promise((resolve) => { socket.once("connect", resolve); });
      socket.destroy();
    }
    await until("three connections", () => connections.length === 3);
    expect(connections.map(({ localAddress }) => localAddress).sort()).toEqual(["127.0.0.1", "127.0.0.2", "::1"]);
  });

  it("answers one line where the port is taken, and where the address is nobody's", async () => {
    const first = await open("127.0.0.1");
    const port = "port" in first ? first.port : 0;
    const taken = expect.stringContaining(`the port is taken by planted for ${port};`);
    expect(await open("127.0.0.1", port)).toMatchObject({ code: "EADDRINUSE", why: taken });
    expect(await open("192.0.2.77")).toMatchObject({
      code: "EADDRNOTAVAIL", why: expect.stringMatching(/^cannot listen on 192\.0\.2\.77:0: no interface has this/) });
  });

  it.each([["EACCES", "CAP_NET_BIND_SERVICE"], ["EADDRINUSE", "sport = :179"], ["__proto__", "planted"]])(
    "says what to do about %s", (code, remedy) => {
      const fault = listenFault("::", 179, Object.assign(new Error("planted"), { code }));
      expect(fault.why).toMatch(/^cannot listen on \[::\]:179: [^\n]+$/);
      expect(fault.why).toContain(remedy);
    });

  it("closes at once, whoever is connected: the port is free again, and the connection goes on", async () => {
    const listener = await open("127.0.0.1") as Listener;
    const client = createConnection({ host: "127.0.0.1", port: listener.port });
    await until("it is accepted", () => connections.length === 1);
    await listener.close();
    expect(await open("127.0.0.1", listener.port)).toMatchObject({ port: listener.port });
    const heard: string[] = [];
    client.on("data", (octets) => heard.push(octets.toString()));
    connections[0]!.write(Uint8Array.of(0x68, 0x69));
    await until("the connection goes on", () => heard.length === 1);
    const pieces = ["all ", "of ", "it"].map((text) => new TextEncoder().encode(text));
    expect(connections[0]!.writeAll(pieces)).toBe(true); // by the kernel, at once
    await until("several pieces come, too", () => heard.length > 1);
    expect(heard).toEqual(["hi", "all of it"]); // in one write
    client.destroy();
    connections[0]!.destroy();
    expect(connections[0]!.writeAll(pieces)).toBe(false);
  });

  it("takes both wildcards on one port", async () => {
    const v4 = await open("0.0.0.0");
    const v6 = await open("::", "port" in v4 ? v4.port : 0);
    expect(v6).toMatchObject({ address: "::" });
  });
});

describe("a connection that its peer closes", () => {
  it("is closed by its owner and by nobody else: thousands at once would keep Node from everybody else", async () => {
    const listener = await open("127.0.0.1");
    const client = createConnection({ host: "127.0.0.1", port: "port" in listener ? listener.port : 0,
      allowHalfOpen: true });
    await until("it is accepted", () => connections.length === 1);
    const heard: string[] = [];
    client.on("data", (octets) => heard.push(octets.toString())).on("end", () => heard.push("end"));
    connections[0]!.attach({ data: () => undefined, closed: ({ why }) => heard.push(why) });
    client.end();
    await until("it says so", () => heard.length === 1);
    connections[0]!.write(Uint8Array.of(0x68, 0x69));
    await until("it can still be written to", () => heard.length === 2);
    connections[0]!.destroy();
    await until("its owner has closed it", () => heard.length === 3);
    expect(heard).toEqual(["closed by the peer", "hi", "end"]);
  });
});

describe("a dial", () => {
  it("tells why it failed, once, and never after it was cancelled", async () => {
    const listener = await open("127.0.0.1");
    const port = "port" in listener ? listener.port : 0;
    await ("close" in listener ? listener.close() : undefined);
    const failures: string[] = [];
    const outcome = { connected: () => undefined, failed: (why: string) => { failures.push(why); } };
    const connector = dialer(systemClock, systemScheduler);
    connector.connect({ address: "127.0.0.1", port }, outcome)();
    connector.connect({ address: "127.0.0.1", port }, outcome);
    connector.connect({ address: "127.0.0.1", port, localAddress: "no address" }, outcome);
    connector.connect({ address: "fe80::1%absent0", port }, outcome);
    await until("three failures", () => failures.length >= 3);
    expect(failures.sort())
      .toEqual(["ECONNREFUSED", expect.stringContaining("no address"), "no interface absent0"]);
  });
});

describe("demands on sockets", () => {
  it("are refused where node:net cannot honour them", () => {
    const refused = [{}, { password: "x" }, { ttlSecurityHops: 1 }].map((demands) =>
      nodeNetProvider.refuses("n", { password: undefined, ttlSecurityHops: undefined, ...demands }));
    expect(refused).toEqual([undefined, expect.stringContaining("TCP-MD5"), expect.stringContaining("TTL security")]);
  });

  it("name IPv4 peers of dual-stack sockets as IPv4", () => {
    expect(["::ffff:192.0.2.1", "::1", "fe80::1%eth0"].map(unmapped)).toEqual(["192.0.2.1", "::1", "fe80::1%eth0"]);
  });
});
