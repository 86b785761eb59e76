/** A real daemon on loopback and peers that say what a test wants. Everything is stopped by `stop`. */

import { readU32 } from "../../src/base/bytes.ts";
import { parseAddress } from "../../src/base/address.ts";
import { readConfiguration } from "../../src/config/reader.ts";
import type { DaemonApi } from "../../src/daemon/api.ts";
import { startDaemon } from "../../src/daemon/daemon.ts";
import { SILENT } from "../../src/daemon/log.ts";
import { systemClock, systemRandom, systemScheduler } from "../../src/daemon/system-clock.ts";
import { decodeMessage } from "../../src/messages/decode.ts";
import type { Capability } from "../../src/messages/capabilities.ts";
import { dialer } from "../../src/transport/dialer.ts";
import { PeerSession } from "../../src/transport/peer-session.ts";
import type { SessionEnd, SessionFacts, SessionOwner } from "../../src/transport/ports.ts";
import { nodeNetProvider } from "../../src/transport/provider.ts";

const connector = dialer(systemClock, systemScheduler);
const MEANS = { clock: systemClock, random: systemRandom, scheduler: systemScheduler, connector };

/** A daemon under test. */
export interface TestDaemon {
  readonly api: DaemonApi;
  /** A peer that dials from `address`, says `messages` once it is up, and keeps what it hears. */
  peer(address: string, asNumber: number, messages: readonly Uint8Array[]): TestPeer;
  /** What the next reload reads. */
  configure(configuration: object): void;
  stop(): Promise<void>;
}

/** Starts a daemon of AS 64512 on 127.0.0.1 with the keys of a configuration file. */
export async function testDaemon(configuration: object): Promise<TestDaemon> {
  const full = (keys: object): string => JSON.stringify({ routerId: "127.0.0.1", asNumber: 64512, http: false,
    listen: [{ address: "127.0.0.1", port: 0 }], ...keys });
  let now = full(configuration);
  const read = readConfiguration(now, "test");
  if ("faults" in read) throw new Error(JSON.stringify(read.faults));
  const daemon = await startDaemon({
    environment: { ...MEANS, log: SILENT, sockets: nodeNetProvider },
    intent: read.intent, settings: read.settings, version: "0.0.0", node: "v0", pid: 1,
    readConfiguration: async () => readConfiguration(now, "test"),
  });
  if ("refused" in daemon) throw new Error(daemon.refused);
  const peers: TestPeer[] = [];
  return {
    api: daemon.api,
    peer(address, asNumber, messages) {
      const peer = new TestPeer(address, asNumber, daemon.listening[0]!.port, messages);
      peers.push(peer);
      return peer;
    },
    configure(keys) {
      now = full(keys);
    },
    async stop() {
      for (const peer of peers) peer.session.stop();
      await daemon.stop("the test ends");
    },
  };
}

/** A peer with a script. */
export class TestPeer implements SessionOwner {
  readonly session: PeerSession;
  /** What it was told, decoded. */
  readonly heard: Readonly<Record<string, unknown>>[] = [];
  /** How its sessions ended. */
  readonly ends: SessionEnd[] = [];
  readonly #messages: readonly Uint8Array[];
  #waiting: Uint8Array[] = [];
  #facts: SessionFacts | undefined;

  constructor(address: string, asNumber: number, port: number, messages: readonly Uint8Array[]) {
    this.#messages = messages;
    const capabilities: Capability[] = [
      { name: "multiprotocol", afi: 1, safi: 1 }, { name: "multiprotocol", afi: 2, safi: 1 },
      { name: "routeRefresh" }, { name: "fourOctetAs", asNumber },
    ];
    this.session = new PeerSession({
      name: address, address: "127.0.0.1", port, localAddress: address, passive: false,
      asNumber: 64512, localAsNumber: asNumber, routerId: readU32(parseAddress(address)!, 0),
      holdTimeSeconds: 90, connectRetrySeconds: 1, idleHoldSeconds: [1, 5],
      capabilities, families: ["ipv4-unicast", "ipv6-unicast"],
    }, this, { ...MEANS, onEvent: () => undefined });
    this.session.start();
  }

  up(facts: SessionFacts): void {
    this.#facts = facts;
    this.#waiting = [...this.#messages];
    this.session.wake();
  }
  update(message: Uint8Array): undefined {
    const { fourOctetAs, addPathReceive } = this.#facts!.negotiated;
    this.heard.push(decodeMessage(message, { ebgp: false, fourOctetAs, addPath: addPathReceive }));
  }
  routeRefresh(): void {}
  down(end: SessionEnd): void {
    this.ends.push(end);
  }
  pull(): Uint8Array | undefined {
    return this.#waiting.shift();
  }
  sent(): void {}

  /** Says more. */
  say(...messages: Uint8Array[]): void {
    this.#waiting.push(...messages);
    this.session.wake();
  }

  /** Prefixes that it holds now, by what it heard. */
  get prefixes(): string[] {
    const held = new Set<string>();
    for (const { announced = [], withdrawn = [] } of this.heard as { announced?: Named[]; withdrawn?: Named[] }[]) {
      for (const { prefix } of withdrawn) held.delete(prefix);
      for (const { prefix } of announced) held.add(prefix);
    }
    return [...held].sort();
  }
}
interface Named { readonly prefix: string }
