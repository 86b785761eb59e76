/**
 * Virtual time for a whole network. Rules: one queue for everything; equal instants run timers first, then the wire,
 * then what waits for a poll phase, as Node's event loop does; the same seed gives the same run.
 */

import type { Clock, Instant, Random } from "../../src/base/ports.ts";
import type { Scheduler } from "../../src/transport/ports.ts";

/** What happens first at one instant: due timers, then sockets, then `afterPoll`. */
export const PHASE = { TIMERS: 0, POLL: 1, CHECK: 2 } as const;

interface Entry {
  at: number;
  readonly phase: number;
  readonly order: number;
  readonly host: VirtualHost | undefined;
  run: (() => void) | undefined;
}

/** The queue of everything that will happen. */
export class VirtualClock implements Clock {
  readonly random: Random;
  readonly #heap: Entry[] = [];
  #now = 1000;
  #order = 0;

  constructor(seed: number) {
    this.random = seededRandom(seed);
  }

  now(): Instant {
    return this.#now as Instant;
  }

  wallMilliseconds(): number {
    return 1_700_000_000_000 + this.#now;
  }

  /** Runs something at an instant, on a host that may be stopped by then. Returns what takes it back. */
  schedule(at: number, phase: number, host: VirtualHost | undefined, run: () => void): () => void {
    // Sockets that are ready together are served in any order, as with epoll; each one's own octets stay in order.
    const anyOrder = phase === PHASE.POLL && host !== undefined;
    const order = anyOrder ? this.random() * this.#order : this.#order++;
    const entry: Entry = { at: Math.max(at, this.#now), phase, order, host, run };
    this.#push(entry);
    return () => { entry.run = undefined; };
  }

  /** Lets time pass; stops early where `until` becomes true. Returns the number of things that happened. */
  run(milliseconds: number, until: () => boolean = () => false): number {
    const end = this.#now + milliseconds;
    let happened = 0;
    for (let top = this.#heap[0]; top !== undefined && top.at <= end; top = this.#heap[0]) {
      this.#pop();
      this.#now = Math.max(this.#now, top.at);
      if (top.run === undefined) continue;
      if (top.host !== undefined && top.host.stoppedUntil > this.#now) {
        top.at = top.host.stoppedUntil;
        this.#push(top);
        continue;
      }
      if (++happened > 2_000_000) throw new Error("the simulation does not come to rest");
      top.run();
      if (until()) return happened;
    }
    this.#now = Math.max(this.#now, end);
    return happened;
  }

  #push(entry: Entry): void {
    const heap = this.#heap;
    let i = heap.push(entry) - 1;
    for (let parent = (i - 1) >> 1; i > 0 && before(entry, heap[parent]!); parent = (i - 1) >> 1) {
      heap[i] = heap[parent]!;
      i = parent;
    }
    heap[i] = entry;
  }

  #pop(): void {
    const heap = this.#heap;
    const last = heap.pop()!;
    if (heap.length === 0) return;
    let i = 0;
    for (;;) {
      let child = 2 * i + 1;
      if (child >= heap.length) break;
      if (child + 1 < heap.length && before(heap[child + 1]!, heap[child]!)) child++;
      if (!before(heap[child]!, last)) break;
      heap[i] = heap[child]!;
      i = child;
    }
    heap[i] = last;
  }
}

function before(a: Entry, b: Entry): boolean {
  return a.at !== b.at ? a.at < b.at : a.phase !== b.phase ? a.phase < b.phase : a.order < b.order;
}

/** One process: its timers and sockets wait while it is stopped. */
export class VirtualHost implements Scheduler {
  readonly address: string;
  readonly clock: VirtualClock;
  stoppedUntil = 0;

  constructor(clock: VirtualClock, address: string) {
    this.clock = clock;
    this.address = address;
  }

  /** SIGSTOP now, SIGCONT after that many seconds. */
  stop(seconds: number): void {
    this.stoppedUntil = this.clock.now() + seconds * 1000;
  }

  at(at: Instant, run: (now: Instant) => void): () => void {
    return this.clock.schedule(at, PHASE.TIMERS, this, () => run(this.clock.now()));
  }

  afterPoll(run: () => void): () => void {
    return this.clock.schedule(this.clock.now(), PHASE.CHECK, this, run);
  }

  soon(run: () => void): void {
    this.afterPoll(run);
  }
}

/** mulberry32: small, and good enough for tests. */
export function seededRandom(seed: number): Random {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let t = state;
    t = Math.imul(t ^ (t >>> 15), t | 1);
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61);
    return ((t ^ (t >>> 14)) >>> 0) / 4294967296;
  };
}
