/**
 * All clients of one daemon, and waits for all of them at once. Rule: every wait ends, with what was missing in its
 * words; what is measured begins with the first octet and ends with the last that was needed.
 */

import { setTimeout as sleep } from "node:timers/promises";
import type { Place } from "../place.ts";
import { Client } from "./client.ts";
import { CountingReceiver } from "./counting-receiver.ts";
import type { Diff } from "./expectation.ts";
import { Expectation } from "./expectation.ts";
import type { Load } from "./load.ts";
import { lostError, strangeness, TimedOut, unfinished } from "./ends.ts";
import { ExactReceiver } from "./receiver.ts";
import { Stopwatch } from "./stopwatch.ts";
import type { Timing } from "./stopwatch.ts";
import { KEEPALIVE } from "./wire.ts";

/** How many clients there are and how they are. */
export interface FleetOptions {
  readonly sessions: number;
  /** Clients that keep a table, spread over all. */
  readonly exactReceivers: number;
  /** Of a wait. */
  readonly timeoutSeconds: number;
  /** Cluster id of a daemon that reflects; without one neither CLUSTER_LIST nor ORIGINATOR_ID is looked at. */
  readonly reflectsAs?: number;
  /** Offered by the clients, 90 where it is not given. */
  readonly holdTimeSeconds?: number;
  /** Whether it may tell a client its own routes. */
  readonly mayEcho?: boolean;
}

/** What one change of one route came to. */
export interface Change {
  /** From the first octet sent, to each client that was told. */
  readonly milliseconds: Float64Array;
  /** As in Timing. */
  readonly generatorShare: number;
}

/** Nothing may come for this long before a table counts as right. */
const QUIET_MILLISECONDS = 60;
/** A daemon that sends no End-of-RIB is waited for this long. */
const END_OF_RIB_MILLISECONDS = 500;
const DIALS_AT_ONCE = 200;
const HOLD_TIME_SECONDS = 90;
const KEEPALIVE_TICKS_PER_SECOND = 10;

/** The clients of one daemon; the first ones are the sources of the load. */
export class Fleet {
  readonly clients: readonly Client[];
  readonly expectation: Expectation;
  readonly #load: Load;
  readonly #exact: readonly ExactReceiver[];
  readonly #timeoutMilliseconds: number;
  readonly #keepalives: NodeJS.Timeout;
  /** When what is or was waited for last began (performance.now). */
  startedAt = 0;
  /** Clients of the wait at hand that are not complete. */
  #incomplete = 0;
  /** See `endWithin` (performance.now). */
  #endsAt = Infinity;
  #wake: () => void = () => undefined;
  #lost: Client | undefined;
  /** Whether all was quiet and complete before the wait at hand: then a prefix that comes twice is one too many. */
  #isStrict = false;

  constructor(place: Place, load: Load, options: FleetOptions) {
    this.#load = load;
    this.#timeoutMilliseconds = options.timeoutSeconds * 1000;
    const { reflectsAs } = options;
    this.expectation = new Expectation(load, reflectsAs === undefined ? undefined
      : { firstIdentifier: place.firstClient, clusterId: reflectsAs });
    this.expectation.mayEcho = options.mayEcho ?? false;
    const exact = new Set(exactIndices(options));
    const owner = {
      turned: (client: Client): void => this.#turned(client),
      lost: (client: Client): void => {
        this.#lost ??= client;
        this.#wake();
      },
    };
    this.clients = Array.from({ length: options.sessions }, (_, index) => {
      const receiver = exact.has(index) ? new ExactReceiver(index, this.expectation)
        : new CountingReceiver(index, this.expectation);
      return new Client(place, load, receiver, owner, options.holdTimeSeconds ?? HOLD_TIME_SECONDS);
    });
    this.#exact = this.clients.map(({ receiver }) => receiver).filter((receiver) => receiver instanceof ExactReceiver);
    const witness = this.#exact.at(-1);
    if (witness !== undefined) witness.isWitness = true;
    let tick = 0;
    this.#keepalives = setInterval(() => this.#keepAlive(tick++), 1000 / KEEPALIVE_TICKS_PER_SECOND);
  }

  /** All sources of the load. */
  get sources(): readonly number[] {
    return this.#load.sources.map((_, source) => source);
  }

  /** From now on all waits together may take so many seconds. */
  endWithin(seconds: number): void {
    this.#endsAt = performance.now() + seconds * 1000;
  }

  /** Brings clients up, as many at once as said; resolves when all of them are Established. */
  async dial(indices: readonly number[] = this.#all(), atOnce: number = DIALS_AT_ONCE): Promise<void> {
    this.#renew(indices);
    await this.#dial(indices, atOnce);
  }

  async #dial(indices: readonly number[], atOnce: number): Promise<void> {
    for (let from = 0; from < indices.length; from += atOnce) {
      const wave = indices.slice(from, from + atOnce).map((index) => this.clients[index]!);
      const up = Promise.all(wave.map((client) => client.dial()));
      await this.#inTime(up, () => {
        const down = wave.filter(({ established }) => !established);
        return `${down.length} of ${wave.length} sessions did not come up, the first is client ${down[0]?.index} ` +
          `(${down[0]?.reason || "no answer"})`;
      });
    }
  }

  /** Brings clients up and waits until they hold what they must; measures from the first connection on. */
  async join(indices: readonly number[] = this.#all(), atOnce: number = DIALS_AT_ONCE): Promise<Timing> {
    this.#renew(indices);
    const stopwatch = this.#start();
    await this.#dial(indices, atOnce);
    const timing = await this.#converge(stopwatch, "join", indices);
    await this.#endsOfRib(indices);
    return timing;
  }

  /** Ends sessions and waits until everybody else knows. */
  async leave(indices: readonly number[]): Promise<Timing> {
    this.#expect(() => this.expectation.announce(this.#sourcesOf(indices), 0));
    const stopwatch = this.#start();
    this.#close(indices);
    return this.#converge(stopwatch, "leave");
  }

  /** Ends sessions and waits for nothing. */
  drop(indices: readonly number[]): void {
    this.#expect(() => this.expectation.announce(this.#sourcesOf(indices), 0));
    this.#close(indices);
  }

  #close(indices: readonly number[]): void {
    for (const index of indices) {
      this.clients[index]!.close();
      this.clients[index]!.receiver.reset();
    }
  }

  /** Sources announce all they have in a version; resolves when every receiver has all that it must have. */
  announce(version: number, sources: readonly number[] = this.sources): Promise<Timing> {
    return this.#converge(this.#say(sources, version, (source) => this.#load.announcements(source, version)),
      "announcement");
  }

  /** Sources withdraw all they have. */
  withdraw(sources: readonly number[] = this.sources): Promise<Timing> {
    return this.#converge(this.#say(sources, 0, (source) => this.#load.withdrawals(source)), "withdrawal");
  }

  /** Sources announce and nobody is waited for, see `converge`. */
  say(version: number, sources: readonly number[]): void {
    this.#say(sources, version, (source) => this.#load.announcements(source, version));
  }

  /** Waits until clients hold what they must, measured from now on. */
  converge(what: string, indices: readonly number[] = this.#all()): Promise<Timing> {
    return this.#converge(this.#start(), what, indices);
  }

  /** Waits until everybody holds what a policy leaves that rejects marked routes, or accepts them again. */
  async policy(rejects: boolean, reload: () => Promise<void>): Promise<Timing> {
    this.#expect(() => this.expectation.rejectMarked(rejects));
    this.#isStrict = false;
    const stopwatch = this.#start();
    await reload();
    return this.#converge(stopwatch, "policy");
  }

  /**
   * One route of a source changes; resolves when every other client that reads was told. Other routes may change
   * meanwhile. Throws where sources have prefixes in common and only the best path is told: nobody knows beforehand
   * who will be told.
   */
  async change(source: number, route: number, version: number): Promise<Change> {
    if (this.#load.owners === undefined && !this.#load.addPath) throw new Error("a change of a shared prefix");
    const message = this.#load.change(source, route, version);
    const prefix = this.#load.sources[source]!.prefixes[route]!;
    const slot = this.expectation.slotOf(source, prefix);
    const before = this.expectation.slots[slot]!;
    this.#isStrict = false;
    this.expectation.change(source, route, version);
    for (const receiver of this.#exact) receiver.expectOne(slot, before);
    const others = this.clients.filter(({ index, established, paused }) => index !== source && established && !paused);
    for (const { receiver } of others) receiver.watch(prefix);
    const deadline = this.#deadline();
    const stopwatch = this.#start();
    this.clients[source]!.say(message);
    const isTold = ({ receiver }: Client): boolean => receiver.watchedAt !== 0;
    for (let told = 0; told < others.length;) {
      if (isTold(others[told]!)) {
        told++;
        continue;
      }
      this.#check();
      if (performance.now() > deadline) {
        const late = others.filter((client) => !isTold(client)).length;
        throw new TimedOut(`one change: ${late} of ${others.length} clients were not told`);
      }
      await sleep(1);
    }
    const generatorShare = stopwatch.share();
    for (const { receiver } of others) receiver.watched = -1;
    return { milliseconds: Float64Array.from(others, ({ receiver }) => receiver.watchedAt - stopwatch.at),
      generatorShare };
  }

  /**
   * How much longer than the keepalive time the daemon was silent to anybody, milliseconds; 0 or less is in time.
   * Undefined where no session was up for so long, and nothing could be late.
   */
  lateMilliseconds(): number | undefined {
    const now = performance.now();
    const reading = this.clients.filter(({ established, paused, keepaliveSeconds, establishedAt }) =>
      established && !paused && keepaliveSeconds > 0 && now - establishedAt > keepaliveSeconds * 1000);
    return reading.length === 0 ? undefined : Math.max(0, ...reading.map(
      ({ lateMilliseconds, heardAt, keepaliveSeconds }) =>
        Math.max(lateMilliseconds, now - heardAt - keepaliveSeconds * 1000)));
  }

  /** Ends all sessions. */
  close(): void {
    clearInterval(this.#keepalives);
    for (const client of this.clients) client.close();
  }

  /** Every source says what was prepared for it; answers when that began. */
  #say(sources: readonly number[], version: number, messageOf: (source: number) => Buffer): Stopwatch {
    const messages = this.#busy(() => sources.map(messageOf));
    this.#expect(() => this.expectation.announce(sources, version));
    const stopwatch = this.#start();
    for (const [i, source] of sources.entries()) this.clients[source]!.sayAll(messages[i]!);
    return stopwatch;
  }

  /** Waits for clients that read, then for a quiet moment in which nothing becomes wrong. */
  async #converge(from: Stopwatch, what: string, indices: readonly number[] = this.#all()): Promise<Timing> {
    const awaited = indices.map((index) => this.clients[index]!)
      .filter(({ established, paused }) => established && !paused);
    const deadline = this.#deadline();
    for (const client of awaited) client.awaited = true;
    this.#incomplete = awaited.filter(({ complete }) => !complete).length;
    try {
      for (;;) {
        await this.#complete(what, awaited, from.at, deadline);
        const share = from.share();
        const before = octetsOf(awaited);
        await sleep(QUIET_MILLISECONDS);
        if (this.#incomplete > 0 || octetsOf(awaited) !== before) continue;
        const strange = strangeness(what, awaited, this.#isStrict);
        if (strange !== undefined) throw strange;
        return { milliseconds: this.#lastNeeded(awaited, from.at), generatorShare: share };
      }
    } finally {
      for (const client of awaited) client.awaited = false;
    }
  }

  /** Where any of several sources is right a table may be complete before the best of them is known. */
  #lastNeeded(awaited: readonly Client[], from: number): number {
    const isOpen = this.#load.owners === undefined && this.expectation.preferred === undefined;
    const last = awaited.reduce((latest, { completeAt, updatedAt }) =>
      Math.max(latest, isOpen ? updatedAt : completeAt), from);
    return last - from;
  }

  async #complete(what: string, awaited: readonly Client[], from: number, deadline: number): Promise<void> {
    while (this.#incomplete > 0) {
      const woken = new Promise<void>((resolve) => { this.#wake = resolve; });
      this.#check();
      const left = deadline - performance.now();
      if (left <= 0) throw unfinished(what, awaited, from, performance.now());
      const timer = setTimeout(this.#wake, left);
      await woken;
      clearTimeout(timer);
    }
    this.#check();
    if (performance.now() > deadline) throw new TimedOut(`${what}: it does not become quiet`);
  }

  /** Bounded: some daemons send none. */
  async #endsOfRib(indices: readonly number[]): Promise<void> {
    const until = performance.now() + END_OF_RIB_MILLISECONDS;
    const missing = (): boolean => indices.some((index) => !this.clients[index]!.receiver.endOfRib);
    while (missing() && performance.now() < until) await sleep(10);
  }

  #check(): void {
    if (this.#lost !== undefined) throw lostError(this.#lost);
  }

  #turned(client: Client): void {
    if (!client.awaited) return;
    this.#incomplete += client.complete ? -1 : 1;
    if (this.#incomplete === 0) this.#wake();
  }

  /** Everybody who is up must be told what `change` answers. */
  #expect(change: () => Diff): void {
    this.#busy(() => {
      this.#isStrict = this.clients.every(({ established, complete, paused }) => !paused && (complete || !established));
      const diff = change();
      const now = performance.now();
      for (const client of this.clients) {
        client.receiver.expect(diff);
        client.review(now);
      }
    });
  }

  /** These must be told everything. */
  #renew(indices: readonly number[]): void {
    this.#busy(() => {
      const diff = this.expectation.everything();
      for (const index of indices) {
        this.clients[index]!.receiver.reset();
        this.clients[index]!.receiver.expect(diff);
      }
    });
  }

  /** Long work of our own, in which nobody was heard: not the daemon's silence. */
  #busy<T>(work: () => T): T {
    const from = performance.now();
    const result = work();
    const milliseconds = performance.now() - from;
    for (const client of this.clients) client.heardAt += milliseconds;
    return result;
  }

  async #inTime<T>(promise: Promise<T>, why: () => string): Promise<T> {
    let timer: NodeJS.Timeout | undefined;
    const late = new Promise<never>((_, reject) => {
      timer = setTimeout(() => reject(new TimedOut(why())), this.#deadline() - performance.now());
      this.#wake = () => { if (this.#lost !== undefined) reject(lostError(this.#lost)); };
    });
    return Promise.race([promise, late]).finally(() => clearTimeout(timer));
  }

  #deadline(): number {
    return Math.min(performance.now() + this.#timeoutMilliseconds, this.#endsAt);
  }

  /**
   * A share of the clients each time, so that thousands do not speak at once; few do it more often than they must, so
   * that somebody does every second: BIRD 2.0.12 may leave the end of a table unsent until something wakes it.
   */
  #keepAlive(tick: number): void {
    for (const { index, established, keepaliveSeconds } of this.clients) {
      const seconds = Math.min(keepaliveSeconds, this.clients.length);
      const turn = (tick + index * KEEPALIVE_TICKS_PER_SECOND + Math.floor(index / seconds)) %
        (seconds * KEEPALIVE_TICKS_PER_SECOND);
      if (established && turn === 0) this.clients[index]!.send(KEEPALIVE);
    }
  }

  #all(): readonly number[] {
    return this.clients.map(({ index }) => index);
  }

  #sourcesOf(indices: readonly number[]): readonly number[] {
    return indices.filter((index) => index < this.#load.sources.length);
  }

  #start(): Stopwatch {
    const stopwatch = new Stopwatch();
    this.startedAt = stopwatch.at;
    return stopwatch;
  }
}

function exactIndices({ sessions, exactReceivers }: FleetOptions): readonly number[] {
  const count = Math.min(exactReceivers, sessions);
  return Array.from({ length: count }, (_, i) => (count === 1 ? sessions - 1
    : Math.round((i * (sessions - 1)) / (count - 1))));
}

function octetsOf(clients: readonly Client[]): number {
  return clients.reduce((sum, { receiver }) => sum + receiver.octets, 0);
}
