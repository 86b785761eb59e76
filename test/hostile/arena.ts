/**
 * The daemon as a user runs it, with two well-behaved clients as witnesses. Rule: after every attack `holdsOut` must be
 * true: both witnesses kept their first session, a route still travels from one to the other, the daemon answers
 * questions, logged no bug, and did not grow beyond its bound.
 */

import { spawn } from "node:child_process";
import type { ChildProcess } from "node:child_process";
import { existsSync, mkdtempSync, openSync, closeSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { request } from "node:http";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { expect } from "vitest";
import { decodeMessage } from "../../src/messages/decode.ts";
import { AS, HOLD_SECONDS, RawSpeaker } from "./speaker.ts";
import type { Introduction } from "./speaker.ts";
import { announcement } from "./updates.ts";

const MAIN = process.env.REFLECTD_MAIN ?? join(dirname(fileURLToPath(import.meta.url)), "../../dist/main.js");
/** True when asked for the long form of every attack. */
export const SOAK: boolean = process.env.REFLECTD_SOAK === "1";
/** The witnesses. */
const TALKER = "127.0.0.11";
const LISTENER = "127.0.0.12";
/** The daemon on its way to an answer: only a broken one takes longer. */
const PATIENCE_MILLISECONDS = 15_000;

/** The neighbour's part of a configuration. */
export type Neighbour = Readonly<Record<string, unknown>>;

/** A client that dials us and is not held back after a mistake for longer than a second. */
export function client(address: string, more: Neighbour = {}): Neighbour {
  return { address, asNumber: AS, passive: true, routeReflectorClient: true, holdTimeSeconds: HOLD_SECONDS,
    idleHoldSeconds: [1, 1], ...more };
}

/** What `show peers` says of a neighbour, as far as tests look at it. */
export interface ShownPeer {
  readonly address: string;
  readonly state: string;
  readonly since: string;
  readonly lastError: { readonly code: number; readonly subcode: number } | null;
}

/** How long the daemon took, for people to read. */
export interface Delays {
  readonly askMilliseconds: number;
  readonly routeMilliseconds: number;
}

/** What an attack may leave in memory for a while: tables that were filled are not given back at once. */
const GROWTH_MAX_MIB = 128;

/** A daemon under attack. */
export class Arena {
  readonly port: number;
  readonly #process: ChildProcess;
  readonly #folder: string;
  readonly #speakers: RawSpeaker[] = [];
  readonly #heard = new Set<number>();
  #talker!: RawSpeaker;
  #listener!: RawSpeaker;
  #signals = 0;
  /** Prefixes that the listener holds, while somebody watches. */
  #watched: Set<string> | undefined;
  #rested = 0;

  private constructor(port: number, folder: string, child: ChildProcess) {
    this.port = port;
    this.#folder = folder;
    this.#process = child;
  }

  /** Starts a daemon with these neighbours and the witnesses. */
  static async start(neighbours: readonly Neighbour[]): Promise<Arena> {
    if (!existsSync(MAIN)) throw new Error("dist/main.js is missing: npm run build");
    const folder = mkdtempSync(join(tmpdir(), "reflectd-hostile-"));
    const port = await freePort();
    writeFileSync(join(folder, "reflectd.json"), JSON.stringify({
      routerId: "10.0.0.1", asNumber: AS, clusterId: "244.0.0.1", listen: [{ address: "127.0.0.1", port }],
      neighbors: [client(TALKER, { holdTimeSeconds: 0 }), client(LISTENER, { holdTimeSeconds: 0 }), ...neighbours],
      control: { socket: join(folder, "r.sock") }, http: false, log: { level: "info", format: "json" },
    }), { mode: 0o600 });
    const log = openSync(join(folder, "log"), "w");
    const child = spawn(process.execPath, [MAIN, "run", "--config", join(folder, "reflectd.json")],
      { stdio: ["ignore", "ignore", log] });
    closeSync(log);
    const arena = new Arena(port, folder, child);
    try {
      await arena.until("the daemon answers", () => existsSync(join(folder, "r.sock")));
      arena.#talker = await arena.establish(TALKER);
      arena.#listener = await arena.establish(LISTENER);
      arena.#listener.onUpdate = (message) => arena.#listen(message);
      await arena.holdsOut();
      arena.rest();
    } catch (error) {
      await arena.stop();
      throw error;
    }
    return arena;
  }

  async stop(): Promise<void> {
    for (const speaker of this.#speakers) speaker.hangUp();
    if (this.#process.exitCode === null && this.#process.signalCode === null) {
      const ended = new Promise((resolve) => { this.#process.once("exit", resolve); });
      this.#process.kill("SIGKILL");
      await ended;
    }
    rmSync(this.#folder, { recursive: true, force: true });
  }

  /** A connection from an address; `read` false never takes an octet. */
  dial(address: string, read = true): RawSpeaker {
    const speaker = new RawSpeaker(this.port, address, read);
    this.#speakers.push(speaker);
    return speaker;
  }

  /** A session; tried again while the address is held back after its last mistake. */
  async establish(address: string, introduction: Introduction = {}): Promise<RawSpeaker> {
    for (;;) {
      const speaker = this.dial(address);
      speaker.introduce(introduction);
      await this.until(`${address} is answered`, () => speaker.accepted || speaker.closed);
      if (speaker.accepted) return speaker;
      await pause(100);
    }
  }

  /** Says something on a new connection until that is answered; the NOTIFICATION. */
  async provoke(address: string, ...said: readonly Uint8Array[]): Promise<string> {
    for (;;) {
      const speaker = this.dial(address);
      speaker.say(...said);
      await this.until(`${address} hears what it did`, () => speaker.closed);
      if (speaker.notification !== undefined) return speaker.notification;
      await pause(100);
    }
  }

  /** Memory from here on counts against the next attack. */
  rest(): void {
    this.#rested = this.residentMiB();
  }

  residentMiB(): number {
    const status = readFileSync(`/proc/${this.#process.pid}/status`, "utf8");
    return Math.round(Number(/VmRSS:\s+(\d+)/.exec(status)?.[1]) / 1024);
  }

  /** MiB since `rest`. */
  growthMiB(): number {
    return this.residentMiB() - this.#rested;
  }

  log(): string {
    return readFileSync(join(this.#folder, "log"), "utf8");
  }

  logOctets(): number {
    return statSync(join(this.#folder, "log")).size;
  }

  /** A question on the control socket. */
  ask(path: string): Promise<string> {
    return new Promise((resolve, reject) => {
      const asked = request({ socketPath: join(this.#folder, "r.sock"), path, agent: false }, async (answer) => {
        let text = "";
        for await (const chunk of answer.setEncoding("utf8")) text += chunk as string;
        resolve(text);
      });
      asked.on("error", reject);
      asked.setTimeout(PATIENCE_MILLISECONDS, () => asked.destroy(new Error("the daemon does not answer")));
      asked.end();
    });
  }

  async peer(address: string): Promise<ShownPeer | undefined> {
    const peers = JSON.parse(await this.ask("/v1/peers")) as ShownPeer[];
    return peers.find((peer) => peer.address === address);
  }

  /** Nobody but the attacker paid. Answers how long a question and a route took. */
  async holdsOut(growthMaxMiB: number = GROWTH_MAX_MIB): Promise<Delays> {
    const began = performance.now();
    const peers = JSON.parse(await this.ask("/v1/peers")) as ShownPeer[];
    const asked = performance.now();
    for (const address of [TALKER, LISTENER]) {
      expect(peers.find((peer) => peer.address === address)?.state, address).toBe("Established");
    }
    await this.swallowed(this.#talker);
    const travelled = performance.now();
    expect([this.#talker.closed, this.#listener.closed]).toEqual([false, false]);
    expect(this.log()).not.toMatch(/"event":"bug"|reflectd: bug/);
    expect(this.growthMiB()).toBeLessThan(growthMaxMiB);
    return { askMilliseconds: asked - began, routeMilliseconds: travelled - asked };
  }

  /** Waits until the daemon has worked off all that a client said: a route of its own reaches the listener. */
  async swallowed(speaker: RawSpeaker): Promise<void> {
    const signal = ++this.#signals;
    speaker.say(announcement({ prefixes: [[10, 200 + (signal >>> 8), signal & 0xff]] }));
    await this.until(`a route from ${speaker.address} to the listener`, () => this.#heard.has(signal));
  }

  /** What the listener is told from now on, as a table of prefixes. */
  watch(): ReadonlySet<string> {
    return this.#watched = new Set();
  }

  /** Something that the talker announces or withdraws. */
  talk(...messages: readonly Uint8Array[]): void {
    this.#talker.say(...messages);
  }

  #listen(message: Uint8Array): void {
    if (this.#watched !== undefined) {
      const read = decodeMessage(message, { ebgp: false, fourOctetAs: true, addPath: [] });
      if (read.type !== "update") throw new Error(`reflectd sent ${JSON.stringify(read)}`);
      for (const { prefix } of read.withdrawn as readonly { prefix: string }[]) this.#watched.delete(prefix);
      for (const { prefix } of read.announced as readonly { prefix: string }[]) this.#watched.add(prefix);
    }
    for (let at = message.length - 4; at > 22; at--) {
      if (message[at] === 24 && message[at + 1] === 10 && message[at + 2]! >= 200) {
        this.#heard.add(((message[at + 2]! - 200) << 8) | message[at + 3]!);
      }
    }
  }

  /** Waits for something that only a broken daemon keeps waiting. */
  async until(what: string, test: () => boolean, patience: number = PATIENCE_MILLISECONDS): Promise<void> {
    const end = performance.now() + patience;
    while (!test()) {
      if (this.#process.exitCode !== null) throw new Error(`the daemon ended: ${what}\n${this.log().slice(-4000)}`);
      if (performance.now() > end) throw new Error(`never: ${what}\n${this.log().slice(-2000)}`);
      await pause(5);
    }
  }
}

/** Lets `milliseconds` pass: the attacker's pace, never a wait for the daemon. */
export function pause(milliseconds: number): Promise<void> {
  return new Promise((resolve) => { setTimeout(resolve, milliseconds); });
}

function freePort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const server = createServer();
    server.on("error", reject);
    server.listen(0, "127.0.0.1", () => {
      const address = server.address();
      server.close(() => resolve(typeof address === "object" && address !== null ? address.port : 0));
    });
  });
}
