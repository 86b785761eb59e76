/** Which options which sockets get, by a libc that only notes: real ones are in test/interop/passwords.test.ts. */

import { createConnection, createServer } from "node:net";
import type { AddressInfo, Server, Socket } from "node:net";
import { afterEach, expect, it } from "vitest";
import { fromHex } from "../../src/base/bytes.ts";
import { parsePrefix } from "../../src/base/prefix.ts";
import type { Libc } from "../../src/transport/libc.ts";
import { LibcProvider } from "../../src/transport/libc-provider.ts";
import type { SocketDemands } from "../../src/transport/ports.ts";

const NAMES: Readonly<Record<string, string>> = { "6/27": "save", "6/32": "key", "0/2": "ttl", "0/21": "minTtl" };
const PLAIN_SYN = "4500003ccf0b40003f06aea17f0000017f0000019ddf97fd0beffaed00000000a002ffd7fe300000"
  + "0204ffd70402080a12345678000000000103030a";

class NotedLibc implements Libc {
  readonly calls: string[] = [];
  fails: string | undefined = undefined;
  /** What fails: the name of an option, or all. */
  failing = "";
  saved = PLAIN_SYN;
  opened: number | string = "EMFILE";
  socket(): number | string { return this.opened; }
  setOption(fd: number, level: number, name: number, value: Uint8Array): string | undefined {
    if (fd < 0) return "EBADF";
    const what = NAMES[`${level}/${name}`] ?? `${level}/${name}`;
    const key = (): string => `${value.subarray(4, 8).join(".")}/${value[129]} `
      + new TextDecoder().decode(value.subarray(136, 136 + value[130]!));
    this.calls.push(`${what} ${what === "key" ? key() : value[0]}`.trim());
    return what.startsWith(this.failing) ? this.fails : undefined;
  }
  getOption(): Uint8Array { return fromHex(this.saved)!; }
  close(): void { this.calls.push("close"); }
  get keys(): string[] { return this.calls.filter((call) => call.startsWith("key")); }
}

const open: Server[] = [];
afterEach(() => { for (const server of open.splice(0)) server.close(); });
async function newServer(host: string): Promise<Server> {
  const server = createServer();
  open.push(server);
  await new Promise<void>((resolve) => server.listen({ host, port: 0, ipv6Only: true }, resolve));
  return server;
}
const demands = (password?: string, ttlSecurityHops?: number): SocketDemands => ({ password, ttlSecurityHops });
interface SetUp {
  readonly libc: NotedLibc;
  readonly provider: LibcProvider;
  claim(name: string, from: string, of: SocketDemands): void;
}
function setUp(): SetUp {
  const libc = new NotedLibc();
  const provider = new LibcProvider(libc);
  return { libc, provider, claim: (name, from, of) => provider.claim(name, parsePrefix(from)!, of) };
}

it("a listener gets the passwords of its family when it opens, and those that come later", async () => {
  const { libc, provider, claim } = setUp();
  claim("a", "10.0.0.1/32", demands("one"));
  claim("six", "2001:db8::1/128", demands("six"));
  expect(libc.calls).toEqual([]);
  provider.opened(await newServer("127.0.0.1"));
  claim("range", "10.1.0.0/16", demands("two"));
  expect(libc.calls).toEqual(["save 1", "key 10.0.0.1/32 one", "save 1", "key 10.1.0.0/16 two"]);
});

it("a listener is asked for nothing while nobody demands anything", async () => {
  const { libc, provider } = setUp();
  provider.opened(await newServer("127.0.0.1"));
  expect(libc.calls).toEqual([]);
});

it("a listener that was closed is asked for nothing, though a connection of it goes on", async () => {
  const { libc, provider, claim } = setUp();
  const server = await newServer("127.0.0.1");
  provider.opened(server);
  const accepted = new Promise<Socket>((resolve) => server.once("connection", resolve));
  const client = createConnection((server.address() as AddressInfo).port, "127.0.0.1");
  const connection = await accepted;
  server.close();
  claim("a", "10.0.0.1/32", demands("one"));
  expect([provider.refuses("a", demands("one")), libc.calls]).toEqual([undefined, []]);
  for (const socket of [client, connection]) socket.destroy();
});

it("a neighbour that goes takes its password along; another password replaces it", async () => {
  const { libc, provider, claim } = setUp();
  provider.opened(await newServer("127.0.0.1"));
  claim("a", "10.0.0.1/32", demands("one"));
  claim("a", "10.0.0.1/32", demands("two"));
  provider.release("a");
  provider.release("a");
  expect(libc.keys).toEqual(["key 10.0.0.1/32 one", "key 10.0.0.1/32", "key 10.0.0.1/32 two", "key 10.0.0.1/32"]);
});

it("of two passwords for one address the second waits, and has its turn when the first goes", async () => {
  const { libc, provider, claim } = setUp();
  provider.opened(await newServer("127.0.0.1"));
  for (const [name, password] of [["a", "one"], ["b", "two"], ["c", "one"]] as const) {
    claim(name, "10.0.0.1/32", demands(password));
  }
  const another = (name: string): unknown => expect.stringContaining(`neighbour ${name} has another password`);
  const refused = (): unknown[] => ["a", "b", "c"].map((name) => provider.refuses(name, demands("x")));
  expect(refused()).toEqual([undefined, another("a"), undefined]);
  provider.release("a");
  expect(refused()).toEqual([undefined, undefined, another("b")]);
  expect(libc.calls.at(-1)).toBe("key 10.0.0.1/32 two");
});

it("who cannot be asked for a password waits, and may be asked again", async () => {
  const { libc, provider, claim } = setUp();
  provider.opened(await newServer("127.0.0.1"));
  libc.fails = "ENOMEM";
  claim("a", "10.0.0.1/32", demands("one"));
  expect(provider.refuses("a", demands("one"))).toContain("net.core.optmem_max");
  libc.fails = undefined;
  claim("a", "10.0.0.1/32", demands("one"));
  expect(provider.refuses("a", demands("one"))).toBeUndefined();
});

it.each([["save", ["a", "same", "b"]], ["key", ["a", "same"]], ["ttl", ["b"]]])(
  "what a listener that opens cannot be asked for costs its neighbours only: %s", async (failing, refused) => {
    const { libc, provider, claim } = setUp();
    claim("a", "10.0.0.1/32", demands("one"));
    claim("same", "10.0.0.1/32", demands("one"));
    claim("b", "10.0.0.2/32", demands(undefined, 1));
    Object.assign(libc, { fails: "ENOMEM", failing });
    provider.opened(await newServer("127.0.0.1"));
    const waiting = ["a", "same", "b"].filter((name) => provider.refuses(name, demands("x")) !== undefined);
    expect(waiting).toEqual(refused);
  });

it.each([["", "empty"], ["x".repeat(81), "80 octets"], ["ä".repeat(41), "80 octets"]])(
  "no password is %j", async (text, why) => {
    const { libc, provider, claim } = setUp();
    provider.opened(await newServer("127.0.0.1"));
    claim("a", "10.0.0.1/32", demands(text));
    expect(provider.refuses("a", demands(text))).toContain(why);
    expect(libc.keys).toEqual([]);
  });

it("with TTL security everything leaves a listener with 255", async () => {
  const { libc, provider, claim } = setUp();
  provider.opened(await newServer("127.0.0.1"));
  claim("a", "10.0.0.1/32", demands(undefined, 2));
  provider.opened(await newServer("127.0.0.2"));
  expect(libc.calls).toEqual(["save 1", "ttl 255", "save 1", "ttl 255"]);
});

it("an accepted connection is judged by its SYN, and only then given its limit", () => {
  const { libc, provider } = setUp();
  const socket = { remoteFamily: "IPv4", _handle: { fd: 9 } } as unknown as Socket;
  const judged = (of: SocketDemands): string | undefined => provider.refusesAccepted(socket, of);
  expect(judged(demands("one"))).toContain("before there was a password");
  expect(judged(demands(undefined, 192))).toContain("TTL 63 is less than 64");
  expect(libc.calls).toEqual([]);
  expect(judged(demands(undefined, 193))).toBeUndefined();
  expect(libc.calls).toEqual(["ttl 255", "minTtl 63"]);
  libc.saved = "";
  expect(judged(demands("one"))).toContain("nothing tells");
});

it("a dial that cannot have its socket, or its option, says why and leaves nothing open", () => {
  const { libc, provider } = setUp();
  const target = { address: "127.0.0.1", port: 9, demands: demands("one") };
  expect(() => provider.dial(target)).toThrow("EMFILE");
  libc.opened = 9999;
  libc.fails = "ENOMEM";
  expect(() => provider.dial(target)).toThrow("optmem_max");
  expect(libc.calls.at(-1)).toBe("close");
});
