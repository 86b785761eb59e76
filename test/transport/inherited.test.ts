/** Listeners that were handed over, what is said of them, and what follows for neighbours. */

import { createConnection, createServer } from "node:net";
import type { Server, Socket } from "node:net";
import { afterEach, describe, expect, it } from "vitest";
import { formatPrefix, parsePrefix } from "../../src/base/prefix.ts";
import { systemClock, systemScheduler } from "../../src/daemon/system-clock.ts";
import { inheritedDescriptors, InheritedListeners } from "../../src/transport/inherited.ts";
import { listen } from "../../src/transport/listener.ts";
import { vouchedBy, VouchedProvider } from "../../src/transport/vouched-provider.ts";
import { until } from "./loopback-speaker.ts";

describe("descriptors", () => {
  it.each([
    [{ LISTEN_PID: "7", LISTEN_FDS: "2" }, [3, 4]], [{ LISTEN_PID: "8", LISTEN_FDS: "2" }, []], [{}, []],
    [{ LISTEN_PID: "7", LISTEN_FDS: "-1" }, []], [{ LISTEN_PID: "7", LISTEN_FDS: "0x2" }, []],
    [{ LISTEN_PID: "7" }, []],
  ])("of %j are %j", (env, descriptors) => {
    expect(inheritedDescriptors(env, 7)).toEqual(descriptors);
  });

  it("that are no listening sockets are named, and the others are there", async () => {
    const { inherited, faults } = await InheritedListeners.open([9_999]);
    expect(inherited.addresses).toEqual([]);
    expect(faults).toEqual([expect.stringMatching(/^descriptor 9999 was handed over and is no TCP socket/)]);
  });
});

const opened: Server[] = [];
afterEach(() => { for (const server of opened.splice(0)) server.close(); });

async function newServer(): Promise<{ readonly server: Server; readonly port: number }> {
  const server = createServer();
  opened.push(server);
  await new Promise<void>((resolve) => server.listen({ host: "127.0.0.1", port: 0 }, resolve));
  const bound = server.address();
  return { server, port: typeof bound === "object" && bound !== null ? bound.port : 0 };
}

/** Connects and waits until the other side has closed. */
function closed(port: number): Promise<void> {
  return new Promise((resolve) => {
    const socket = createConnection({ host: "127.0.0.1", port });
    socket.on("error", () => undefined);
    socket.on("close", () => resolve());
    socket.resume();
  });
}

it("an inherited listener closes what connects until it is taken, and is open still when given back", async () => {
  const { server, port } = await newServer();
  const inherited = new InheritedListeners([server]);
  const where = { address: "127.0.0.1", port };
  expect([inherited.addresses, inherited.has(server)]).toEqual([[where], true]);
  await closed(port);
  const accepted: string[] = [];
  const means = { clock: systemClock, scheduler: systemScheduler, onTrouble: () => undefined, inherited };
  for (const round of ["first", "second"]) {
    const listener = await listen(where, { ...means, onConnection: (connection) => {
      accepted.push(round);
      connection.destroy();
    } });
    expect(listener).toMatchObject(where);
    expect(await listen(where, { ...means, onConnection: () => undefined })).toMatchObject({ code: "EADDRINUSE" });
    await closed(port);
    await until("it is handed on", () => accepted.at(-1) === round);
    if ("close" in listener) await listener.close();
    await closed(port);
  }
  expect(accepted).toEqual(["first", "second"]);
});

it.each([
  [{}, undefined],
  [{ REFLECTD_LISTEN_PASSWORDS: "10.0.0.0/8,2001:db8::/32" }, "10.0.0.0/8 2001:db8::/32 hops undefined"],
  [{ REFLECTD_LISTEN_TTL_HOPS: "1" }, " hops 1"],
  [{ REFLECTD_LISTEN_TTL_HOPS: "254", REFLECTD_LISTEN_PASSWORDS: "10.0.0.1" }, "10.0.0.1/32 hops 254"],
  [{ REFLECTD_LISTEN_TTL_HOPS: "255" }, "REFLECTD_LISTEN_TTL_HOPS: 255 is no number of hops (write 1 to 254)"],
  [{ REFLECTD_LISTEN_PASSWORDS: "10.0.0.1/8" },
    "REFLECTD_LISTEN_PASSWORDS: 10.0.0.1/8 is no network (write 10.0.0.0/8,2001:db8::/32)"],
])("%j vouches for %j", (env, said) => {
  const vouched = vouchedBy(env);
  expect(typeof vouched !== "object" ? vouched
    : `${vouched.passwords.map(formatPrefix).join(" ")} hops ${vouched.ttlSecurityHops}`).toBe(said);
});

describe("what was vouched for", () => {
  const vouched = { passwords: [parsePrefix("10.0.0.0/24")!], ttlSecurityHops: 2 };
  const known = {} as Server;
  const provider = new VouchedProvider(vouched, { has: (server) => server === known });
  const refused = (from: string, password: string | undefined, ttlSecurityHops?: number): string | undefined => {
    provider.claim("n", parsePrefix(from)!);
    return provider.refuses("n", { password, ttlSecurityHops });
  };

  it("is enough, or the neighbour waits", () => {
    expect(refused("10.0.0.1/32", "x")).toBeUndefined();
    expect(refused("10.0.0.0/25", "x", 2)).toBeUndefined();
    expect(refused("10.0.1.1/32", undefined, 3)).toBeUndefined();
    expect(refused("10.0.1.1/32", "x")).toContain("REFLECTD_LISTEN_PASSWORDS does not name 10.0.1.1/32");
    expect(refused("10.0.0.0/23", "x")).toContain("does not name 10.0.0.0/23");
    expect(refused("10.0.0.1/32", "x", 1)).toContain("REFLECTD_LISTEN_TTL_HOPS is 2");
    provider.release("n");
    expect(provider.refuses("n", { password: "x", ttlSecurityHops: undefined })).toContain("does not name it");
  });

  it("counts on the inherited listener only, and for nobody whom we dial", () => {
    const demands = { password: "x", ttlSecurityHops: undefined };
    const judged = [known, {} as Server].map((server) => provider.refusesAccepted({} as Socket, demands, server));
    expect(judged).toEqual([undefined, expect.stringContaining("asks for nothing")]);
    expect(provider.dials()).toBe(false);
    expect(() => provider.dial({ address: "127.0.0.1", port: 9, demands })).toThrow("the peer has to dial");
  });
});
