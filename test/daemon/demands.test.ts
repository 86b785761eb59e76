/** What neighbours demand of sockets and listeners cannot be made to ask for: who waits, and until when. */

import type { Server } from "node:net";
import { afterEach, beforeEach, describe, expect, it, onTestFinished } from "vitest";
import type { Intent } from "../../src/config/intent.ts";
import { readConfiguration } from "../../src/config/reader.ts";
import { Speaker } from "../../src/daemon/speaker.ts";
import { LibcProvider } from "../../src/transport/libc-provider.ts";
import { VirtualClock } from "../sim/virtual-clock.ts";
import { VirtualNetwork } from "../sim/virtual-network.ts";
import { file, World } from "./world.ts";

interface Wanted {
  readonly name: string;
  readonly address: string;
  readonly password: string;
  readonly port?: number;
  readonly description?: string;
}

function intentOf(wanted: readonly Wanted[]): Intent {
  const neighbors = wanted.map(({ password: _, ...neighbor }) => neighbor);
  const read = readConfiguration(JSON.stringify({ routerId: "192.0.2.1", asNumber: 64512, neighbors }), "test");
  if ("faults" in read) throw new Error(JSON.stringify(read.faults));
  const passwords = new Map(wanted.map(({ name, password }) => [name, password]));
  return { ...read.intent, peers: read.intent.peers.map((peer) =>
    ({ ...peer, passwordFile: "/p", password: { text: passwords.get(peer.name)! } })) };
}

/** The kernel of a host with one listener. */
let libc: { fails: string | undefined };
let sockets: LibcProvider;
let speaker: Speaker;
let logged: string[];

beforeEach(() => {
  libc = { fails: undefined };
  sockets = new LibcProvider({
    socket: () => "EMFILE", setOption: () => libc.fails, getOption: () => "EINVAL", close: () => undefined,
  });
  sockets.opened({ listening: true, address: () => ({ family: "IPv4" }), _handle: { fd: 3 } } as unknown as Server);
  const clock = new VirtualClock(1);
  const network = new VirtualNetwork(clock, { delayMilliseconds: [1, 1], fifo: true, readOctetsMax: 4096 });
  const host = network.host("192.0.2.1");
  logged = [];
  const log = { write: (_level: string, event: string) => void logged.push(event) };
  speaker = new Speaker({ clock, random: clock.random, scheduler: host, connector: network.connector(host), log,
    sockets }, intentOf([]));
});
afterEach(() => speaker.stop(""));

const A: Wanted = { name: "a", address: "192.0.2.11", password: "one" };
const B: Wanted = { name: "b", address: "192.0.2.11", port: 1179, password: "one" };
/** What it waits for, or its state. */
function standing(name: string): string {
  const { state, waiting } = speaker.neighbours.named(name)[0]!.session.view();
  return waiting ?? state;
}
const waits = expect.stringMatching(/^waits: neighbour a has another password/);

describe("two neighbours of one address", () => {
  it("take over another password together", () => {
    speaker.apply(intentOf([A, B]));
    speaker.apply(intentOf([A, B].map((neighbour) => ({ ...neighbour, password: "two" }))));
    expect([standing("a"), standing("b")]).toEqual(["Connect", "Connect"]);
    expect(logged).not.toContain("waiting");
  });

  it("wait for each other no longer than their passwords differ, or than both are there", () => {
    const two = { ...B, password: "two" };
    speaker.apply(intentOf([A, two]));
    expect([standing("a"), standing("b")]).toEqual(["Connect", waits]);
    speaker.apply(intentOf([two]));
    expect(standing("b")).toBe("Connect");
    speaker.apply(intentOf([{ ...A, password: "two" }, two]));
    expect([standing("a"), standing("b")]).toEqual(["Connect", "Connect"]);
  });

  it("have the new password first where one of them is new, too", () => {
    speaker.apply(intentOf([A]));
    speaker.apply(intentOf([{ ...A, password: "two" }, { ...B, password: "two" }]));
    expect([standing("a"), standing("b")]).toEqual(["Connect", "Connect"]);
    expect(logged).not.toContain("waiting");
  });
});

describe("a neighbour whose password the kernel had no room for", () => {
  beforeEach(() => {
    libc.fails = "ENOMEM";
    speaker.apply(intentOf([A]));
    expect(standing("a")).toContain("net.core.optmem_max");
    libc.fails = undefined;
  });

  it("starts with a change that resets nothing", () => {
    speaker.apply(intentOf([{ ...A, description: "rack 7" }]));
    expect(standing("a")).toBe("Connect");
  });

  it("starts with a change of somebody else's", () => {
    speaker.apply(intentOf([A, { ...B, address: "192.0.2.12" }]));
    expect([standing("a"), standing("b")]).toEqual(["Connect", "Connect"]);
  });

  it("starts when it is enabled again", () => {
    speaker.neighbours.disable("a", "");
    speaker.neighbours.enable("a");
    expect(standing("a")).toBe("Connect");
  });
});

it("a session that began before its listener says so when the listener cannot be made to ask", () => {
  speaker.apply(intentOf([A]));
  libc.fails = "ENOMEM";
  sockets.opened({ listening: true, address: () => ({ family: "IPv4" }), _handle: { fd: 4 } } as unknown as Server);
  speaker.apply(intentOf([A]));
  expect(standing("a")).toContain("net.core.optmem_max");
  libc.fails = undefined;
  speaker.apply(intentOf([A]));
  expect(standing("a")).toBe("Connect");
});

it("reset tries again what could not be asked for", async () => {
  const world = new World(file({ neighbors: [{ address: "192.0.2.11", name: "a", ttlSecurityHops: 1 }] }));
  world.sockets = sockets;
  libc.fails = "EPERM";
  await world.start();
  onTestFinished(() => world.stop());
  expect(world.view("a")).toMatchObject({ state: "Idle", waiting: expect.stringContaining("EPERM") });
  libc.fails = undefined;
  expect(world.api.reset("a")).toEqual({ reset: ["a"] });
  expect(world.view("a")).toMatchObject({ state: "Connect", waiting: null });
});
