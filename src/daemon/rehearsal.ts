/**
 * A rehearsal: once the first session is up, clients that are not there play a small table to a speaker of their own,
 * so that the first burst of routes finds code that Node has compiled. Rules: it shares nothing with the daemon but the
 * code and spare pages; nothing of it leaves the process; it works in short turns, between those of the daemon, and
 * ends when real routes do what it is for.
 */

import { assert } from "../base/assert.ts";
import type { Prefix } from "../base/prefix.ts";
import { readConfiguration } from "../config/reader.ts";
import { KEEPALIVE } from "../messages/keepalive.ts";
import { encodeOpen } from "../messages/open.ts";
import { encodeUpdate } from "../messages/update.ts";
import type { Connection, ConnectionHandler } from "../transport/ports.ts";
import { nodeNetProvider } from "../transport/provider.ts";
import { SILENT } from "./log.ts";
import { Speaker } from "./speaker.ts";
import type { SpeakerEnvironment } from "./speaker.ts";

const AS_NUMBER = 64_512;
/** Addresses and prefixes are those of documentation (RFC 5737) and benchmarks (RFC 2544). */
const CONFIGURATION = JSON.stringify({
  routerId: "192.0.2.254", asNumber: AS_NUMBER, http: false,
  neighbors: [{ range: "192.0.2.0/24", routeReflectorClient: true }],
});

const CLIENTS = 8;
const MESSAGES = 48;
const PREFIXES_PER_MESSAGE = 34;
const MESSAGES_PER_TURN = 8;
/** The speaker is told everything, then everything with other attributes; then it is withdrawn. */
const TELLINGS = ["new", "changed", "withdrawn"] as const;

/** What a rehearsal needs of the world. */
type RehearsalEnvironment = Pick<SpeakerEnvironment, "clock" | "random" | "scheduler" | "collectGarbage">;

/** A connection to nobody. What it is told is forgotten; of two writes it takes one at once, as a busy kernel does. */
class Client implements Connection {
  readonly localAddress: string = "192.0.2.254";
  readonly localPort: number = 179;
  readonly remoteAddress: string;
  readonly remotePort: number = 50_000;
  #handler: ConnectionHandler | undefined = undefined;
  #untaken = 0;
  #takes = false;

  constructor(remoteAddress: string) {
    this.remoteAddress = remoteAddress;
  }

  attach(handler: ConnectionHandler): void {
    this.#handler = handler;
  }

  write(): boolean {
    this.#takes = !this.#takes;
    if (!this.#takes) this.#untaken++;
    return this.#takes;
  }

  writeAll(): boolean {
    return this.write();
  }

  pause(): void {}

  resume(): void {}

  end(): void {
    this.#handler = undefined;
  }

  destroy(): void {
    this.#handler = undefined;
  }

  say(octets: Uint8Array): void {
    this.#handler?.data(octets);
  }

  /** Takes what it was written. */
  take(): void {
    for (; this.#untaken > 0; this.#untaken--) this.#handler?.taken?.();
  }

  leave(): void {
    this.#handler?.closed({ why: "closed by the peer" });
  }
}

/**
 * Begins a rehearsal. It ends by itself, and its garbage is collected; or where it `isOver` before, as real routes must
 * not wait for a collection. Nothing of it is left then.
 */
export function rehearse(environment: RehearsalEnvironment, isOver: () => boolean): void {
  const { clock, random, scheduler, collectGarbage } = environment;
  const configuration = readConfiguration(CONFIGURATION, "");
  assert("intent" in configuration, "the rehearsal's configuration is right");
  const speaker = new Speaker({
    clock, random, log: SILENT, sockets: nodeNetProvider,
    connector: { connect: () => () => undefined },
    // Input stands in line by scheduler: not in the daemon's.
    scheduler: {
      at: (at, run) => scheduler.at(at, run),
      afterPoll: (run) => scheduler.afterPoll(run),
      soon: (run) => scheduler.soon(run),
    },
  }, configuration.intent);
  const steps = play(speaker);
  const next = (): void => {
    const over = isOver();
    if (!over && steps.next().done !== true) return scheduler.soon(next);
    speaker.stop("");
    if (!over) collectGarbage?.();
  };
  scheduler.soon(next);
}

/** All that the speaker is told, in turns. */
function* play(speaker: Speaker): Generator<void> {
  const clients = Array.from({ length: CLIENTS }, (_, i) => new Client(`192.0.2.${i + 1}`));
  for (const [i, client] of clients.entries()) {
    speaker.neighbours.acceptor.offer(client);
    client.say(encodeOpen({ asNumber: AS_NUMBER, holdTimeSeconds: 0, routerId: 0xc000_0201 + i,
      capabilities: [{ name: "multiprotocol", afi: 1, safi: 1 }, { name: "fourOctetAs", asNumber: AS_NUMBER }] }));
    client.say(KEEPALIVE);
    yield;
  }
  for (const [telling] of TELLINGS.entries()) {
    for (let message = 0; message < MESSAGES; message++) {
      clients[message % CLIENTS]!.say(update(message, telling));
      if (message % MESSAGES_PER_TURN !== 0) continue;
      for (const client of clients) client.take();
      yield;
    }
  }
  for (const client of clients) {
    client.leave();
    yield;
  }
}

/** Prefixes of one client, with attributes that no other message has: as Calico's BIRD writes them, and a MED. */
function update(message: number, telling: number): Uint8Array {
  const prefixes = Array.from({ length: PREFIXES_PER_MESSAGE }, (_, i): { prefix: Prefix; pathId: number } => {
    const n = message * PREFIXES_PER_MESSAGE + i;
    return { prefix: { address: Uint8Array.of(198, 18, n >>> 8, n), length: 32 }, pathId: 0 };
  });
  if (TELLINGS[telling] === "withdrawn") return encodeUpdate({ family: "ipv4-unicast", withdrawn: prefixes });
  const med = [0x80, 4, 4, 0, 0, telling, message];
  return encodeUpdate({ family: "ipv4-unicast", announced: prefixes, nextHop: Uint8Array.of(192, 0, 2, message),
    attributes: Uint8Array.of(0x40, 1, 1, 0, 0x40, 2, 0, ...med, 0x40, 5, 4, 0, 0, 0, 100) });
}
