/** Kernel processes that a test plays, and time that it lets pass: what a driver is tested with. */

import { FRAME, FRAMES_VERSION, readyPayload } from "../../../src/kernel/child/frames.ts";
import type { FrameKind } from "../../../src/kernel/child/frames.ts";
import type { Child, ChildListener } from "../../../src/kernel/child/process.ts";
import type { Role } from "../../../src/kernel/child/program.ts";
import { kernelProcesses } from "../../../src/kernel/child/driver.ts";
import { FLAG, TYPE } from "../../../src/kernel/rtnetlink/constants.ts";
import { aligned, hostU16, hostU32, putHostU16, putHostU32 } from "../../../src/kernel/rtnetlink/octets.ts";
import type { KernelEvent, KernelProcesses } from "../../../src/kernel/port.ts";

/** A message of a request. */
export interface Asked {
  readonly type: number;
  readonly flags: number;
  readonly sequence: number;
}

/** One process. */
export class FakeChild implements Child {
  readonly role: Role;
  readonly #listener: ChildListener;
  /** Requests, or orders to follow routes, in order. */
  readonly told: { readonly kind: FrameKind; readonly payload: Uint8Array }[] = [];
  ended: "in order" | "at once" | undefined;
  /** It gives no sign of life. */
  isStopped = false;

  constructor(role: Role, listener: ChildListener) {
    this.role = role;
    this.#listener = listener;
  }

  send(kind: FrameKind, payload: Uint8Array): void {
    if (kind !== FRAME.alive) this.told.push({ kind, payload: Uint8Array.from(payload) });
    else if (!this.isStopped) this.#listener.frame(kind, payload);
  }

  end(atOnce: boolean): void {
    this.ended = atOnce ? "at once" : "in order";
  }

  /** It listens, or it obeyed. */
  ready(version: number = FRAMES_VERSION, receiveOctets = 425_984): void {
    this.#listener.frame(FRAME.ready, readyPayload({ version, receiveOctets }));
  }

  datagram(...messages: readonly Uint8Array[]): void {
    this.#listener.frame(FRAME.datagram, Uint8Array.from(messages.flatMap((message) => [...message])));
  }

  fault(why: string): void {
    this.#listener.frame(FRAME.fault, new TextEncoder().encode(why));
  }

  gone(why: string): void {
    this.#listener.gone(why);
  }

  /** The messages of each request, by either socket. */
  get requests(): Asked[][] {
    return this.told.filter(({ kind }) => kind === FRAME.change || kind === FRAME.read)
      .map(({ payload }) => messagesOf(payload));
  }

  /** Answers the request that was asked so many requests ago, counted from the first: done, but for some errors. */
  answer(request: number, errors: Readonly<Record<number, number>> = {}): void {
    const messages = this.requests[request]!;
    const failed = messages.flatMap(({ sequence }, at) => {
      const errno = errors[at] ?? 0;
      return errno !== 0 || at === messages.length - 1 ? [answerMessage(sequence, errno)] : [];
    });
    for (const message of failed) this.datagram(message);
  }
}

/** A driver among fake processes. */
export class FakeHost {
  readonly children: FakeChild[] = [];
  readonly timers: { readonly at: number; readonly run: () => void; isCancelled: boolean }[] = [];
  readonly events: KernelEvent[] = [];
  readonly log: string[] = [];
  readonly driver: KernelProcesses;
  #now = 0;

  constructor() {
    this.driver = kernelProcesses({
      start: (role, listener) => {
        const child = new FakeChild(role, listener);
        this.children.push(child);
        return child;
      },
      now: () => this.#now,
      later: (seconds, run) => {
        const timer = { at: this.#now + seconds * 1000, run, isCancelled: false };
        this.timers.push(timer);
        return () => { timer.isCancelled = true; };
      },
      log: (role, why) => this.log.push(`${role}: ${why}`),
    });
  }

  /** The youngest process of a role. */
  child(role: Role): FakeChild {
    return this.children.findLast((child) => child.role === role)!;
  }

  /** Follows; both processes come up. */
  up(): void {
    this.driver.follow((event) => this.events.push(event));
    this.child("follow").ready();
    this.child("write").ready();
  }

  /** Lets time pass. */
  pass(seconds: number): void {
    const end = this.#now + seconds * 1000;
    for (;;) {
      const due = this.timers.filter(({ at, isCancelled }) => !isCancelled && at <= end)
        .sort((a, b) => a.at - b.at)[0];
      if (due === undefined) break;
      this.#now = Math.max(this.#now, due.at);
      due.isCancelled = true;
      due.run();
    }
    this.#now = end;
  }

  /** Seconds until the next timer. */
  get nextTimer(): number | undefined {
    const [first] = this.timers.filter(({ isCancelled }) => !isCancelled).map(({ at }) => at).sort((a, b) => a - b);
    return first === undefined ? undefined : (first - this.#now) / 1000;
  }
}

/** NLMSG_ERROR: 0 is done. */
export function answerMessage(sequence: number, errno: number): Uint8Array {
  const octets = header(36, TYPE.NLMSG_ERROR, 0, sequence);
  putHostU32(octets, 16, -errno);
  putHostU32(octets, 20, 16);
  return octets;
}

/** NLMSG_DONE. */
export function doneMessage(sequence: number, flags = 2): Uint8Array {
  return header(20, TYPE.NLMSG_DONE, flags, sequence);
}

/** The flag of a dump that changed under way. */
export const INTERRUPTED: number = 2 | FLAG.DUMP_INTR;

function header(length: number, type: number, flags: number, sequence: number): Uint8Array {
  const octets = new Uint8Array(length);
  putHostU32(octets, 0, length);
  putHostU16(octets, 4, type);
  putHostU16(octets, 6, flags);
  putHostU32(octets, 8, sequence);
  return octets;
}

function messagesOf(request: Uint8Array): Asked[] {
  const found: Asked[] = [];
  for (let at = 0; at < request.length; at += aligned(hostU32(request, at))) {
    found.push({ type: hostU16(request, at + 4), flags: hostU16(request, at + 6), sequence: hostU32(request, at + 8) });
  }
  return found;
}
