/**
 * The kernel through two processes: one changes and reads it, one hears what happens. Rules: work is encoded when there
 * is room for it and not before, a few requests ahead of the answers; what a process had under way when it died is
 * over, its outcome unknown, and "lost" says so: the owner reads the kernel again and finds out. Changes that waited
 * behind changes are over, too: they were planned for after those. The kernel is read by a socket of its own, so that
 * changes need not wait for the end of that.
 */

import { eventOf, readDatagram } from "../rtnetlink/read.ts";
import type { MessageBody } from "../rtnetlink/read.ts";
import type {
  DumpListener, KernelChanges, KernelEvent, KernelFailure, KernelProcesses, RouteList,
} from "../port.ts";
import { FRAME } from "./frames.ts";
import type { FrameKind } from "./frames.ts";
import { applyJob, dumpJob } from "./jobs.ts";
import type { Job } from "./jobs.ts";
import { STARTING, Supervisor } from "./supervisor.ts";
import type { SupervisorMeans } from "./supervisor.ts";

/** What a driver needs of its surroundings. */
export interface DriverMeans extends Omit<SupervisorMeans, "log"> {
  /** A process is down, and why: `role` is "write" or "follow". */
  log(role: string, why: string): void;
}

/** Starts the processes of this host's kernel. */
export function kernelProcesses(means: DriverMeans): KernelProcesses {
  return new Driver(means);
}

/**
 * Requests that are sent ahead of their answers: one in the kernel's hands, others on the way. The kernel needs 1.3 ms
 * for one, and a turn of the daemon's event loop may take 50.
 */
const REQUESTS_AHEAD = 40;
/** Messages in a request. What fails is answered one by one, and all answers must fit the socket until it is read. */
const MESSAGES_MAX = 400;
/** What an answer and a notice take of a socket's room, as Linux counts; of notices others' may be there, too. */
const ANSWER_OCTETS = 1024;
const NOTICE_OCTETS = 2560;
/** How often it is looked whether a bulk is done. */
const BULK_SECONDS = 0.25;
/** The number after it is 1: 0 is that of events. */
const SEQUENCE_MAX = 0x7fff_0000;

/** Requests to one socket of the process, in order. */
interface Lane {
  readonly kind: FrameKind;
  /** The call that makes requests. */
  job: Job | undefined;
  /** Those that are not answered yet, with their jobs. */
  readonly underWay: { readonly job: Job; readonly last: number }[];
}

class Driver implements KernelProcesses {
  readonly #means: DriverMeans;
  readonly #writer: Supervisor;
  readonly #follower: Supervisor;
  /** Calls that wait for their turn, in order. */
  readonly #waiting: Job[] = [];
  readonly #changing: Lane = { kind: FRAME.change, job: undefined, underWay: [] };
  readonly #reading: Lane = { kind: FRAME.read, job: undefined, underWay: [] };
  #sequence = 1;
  #messagesMax = MESSAGES_MAX;
  #listener: ((event: KernelEvent) => void) | undefined;
  /** Nothing is done before the kernel is followed, or cannot be: else what happens in between is not heard. */
  #awaitsFirst = false;
  /** Until routes are no longer followed, no more is changed than what is heard of it has room for. */
  #awaitsSilence = false;
  /** So many messages, of which some are left. */
  #noticesMax = 0;
  #noticesLeft = 0;
  /**
   * Many routes change: they are not followed until that is done, and then read again. The kernel tells of each, faster
   * than anybody can hear, and the process that hears would die of it.
   */
  #isBulk = false;
  #cancelBulk: (() => void) | undefined;

  constructor(means: DriverMeans) {
    this.#means = means;
    const meansOf = (role: string): SupervisorMeans => ({ ...means, log: (why) => {
      means.log(role, why);
      this.#goOn(); // a follower that cannot come up is not waited for
    } });
    this.#writer = new Supervisor("write", meansOf("write"), {
      up: (receiveOctets) => this.#writerUp(receiveOctets),
      datagram: (octets) => this.#answered(octets),
      obeyed: () => undefined,
      down: (why) => this.#writerDown(why),
    });
    this.#follower = new Supervisor("follow", meansOf("follow"), {
      up: (receiveOctets) => this.#followerUp(receiveOctets),
      datagram: (octets) => this.#happened(octets),
      obeyed: () => this.#obeyed(),
      down: () => this.#followerDown(),
    });
    this.#writer.start();
  }

  apply(changes: KernelChanges<RouteList>, done: (failures: readonly KernelFailure[]) => void): void {
    this.#waiting.push(applyJob(changes, done));
    this.#goOn();
  }

  dump(listener: DumpListener): void {
    this.#waiting.push(dumpJob(listener));
    this.#goOn();
  }

  follow(listener: (event: KernelEvent) => void): void {
    this.#listener = listener;
    this.#awaitsFirst = true;
    this.#follower.start();
  }

  stop(stopped: () => void): void {
    this.#listener = undefined;
    this.#cancelBulk?.();
    const part = (): void => {
      if (++ended < 2) return;
      for (const job of [...this.#takeUnderWay(), ...this.#waiting.splice(0)]) job.end("reflectd stops");
      stopped();
    };
    let ended = 0;
    this.#writer.stop(part);
    this.#follower.stop(part);
  }

  trouble(): string | undefined {
    const { trouble } = this.#writer;
    if (trouble !== undefined) return `the process that writes routes does not run: ${trouble}`;
    const follows = this.#listener === undefined ? undefined : this.#follower.trouble;
    return follows === undefined ? undefined : `the process that follows the kernel does not run: ${follows}`;
  }

  restarts(): { readonly write: number; readonly follow: number } {
    return { write: this.#writer.restarts, follow: this.#follower.restarts };
  }

  #writerUp(receiveOctets: number): void {
    this.#messagesMax = Math.max(1, Math.min(MESSAGES_MAX, Math.floor(receiveOctets / ANSWER_OCTETS)));
    this.#goOn();
  }

  #writerDown(why: string): void {
    const over = this.#takeUnderWay();
    const changes = over.some(({ isChange }) => isChange);
    const next = changes ? this.#waiting.splice(0) : [];
    this.#waiting.push(...next.filter(({ isChange }) => !isChange));
    over.push(...next.filter(({ isChange }) => isChange));
    this.#listener?.({ event: "lost", why: `the process that writes routes ended: ${why}`, changes });
    for (const job of over) job.end(why);
  }

  /** What was under way is over, whatever became of it. */
  #takeUnderWay(): Job[] {
    return [this.#changing, this.#reading].flatMap((lane) => {
      const jobs = new Set(jobsOf(lane));
      lane.underWay.length = 0;
      lane.job = undefined;
      return [...jobs];
    });
  }

  #followerUp(receiveOctets: number): void {
    this.#noticesMax = Math.floor(receiveOctets / NOTICE_OCTETS);
    const isFirst = this.#awaitsFirst;
    this.#awaitsFirst = false;
    if (this.#isBulk) this.#followRoutes(false);
    else if (!isFirst) this.#tellLost("the process that follows the kernel was started again");
    this.#goOn();
  }

  #followerDown(): void {
    this.#awaitsSilence = false;
    this.#goOn();
  }

  #tellLost(why: string): void {
    this.#listener?.({ event: "lost", why });
  }

  /** Makes requests while there is room. */
  #goOn(): void {
    if (this.#awaitsFirst && !this.#follower.isUp && this.#follower.trouble !== STARTING) this.#awaitsFirst = false;
    if (!this.#writer.isUp || this.#awaitsFirst) return;
    while (this.#begin() || this.#request(this.#reading) || this.#request(this.#changing));
  }

  /** Begins the next call, if what is under way allows it; whether it did. */
  #begin(): boolean {
    const [next] = this.#waiting;
    if (next === undefined) return false;
    const lane = next.isChange ? this.#changing : this.#reading;
    const mayBegin = next.isChange ? lane.job === undefined && jobsOf(this.#reading).every((job) => job.allowsChanges)
      : [this.#changing, this.#reading].every((one) => jobsOf(one).length === 0);
    if (!mayBegin) return false;
    this.#waiting.shift();
    lane.job = next;
    if (next.isBulk) this.#beginBulk();
    return true;
  }

  /** Makes a lane's next request, if there is room; whether there may be more to do now. */
  #request(lane: Lane): boolean {
    const { job, underWay } = lane;
    const isHeard = this.#awaitsSilence && lane === this.#changing;
    const messagesMax = isHeard ? Math.min(this.#messagesMax, this.#noticesLeft) : this.#messagesMax;
    if (job === undefined || underWay.length >= REQUESTS_AHEAD || messagesMax === 0) return false;
    const request = job.next(this.#sequence, messagesMax);
    if (request === undefined) {
      lane.job = undefined;
      if (!underWay.some((other) => other.job === job)) job.end();
      return true;
    }
    if (isHeard) this.#noticesLeft -= request.last - this.#sequence + 1;
    this.#sequence = request.last >= SEQUENCE_MAX ? 1 : request.last + 1;
    underWay.push({ job, last: request.last });
    this.#writer.awaits(true);
    this.#writer.send(lane.kind, request.octets);
    return true;
  }

  #answered(octets: Uint8Array): void {
    for (const message of readDatagram(octets)) {
      const lane = message.sequence === this.#reading.underWay[0]?.last ? this.#reading : this.#changing;
      const oldest = lane.underWay[0];
      if (isLoss(message.body)) return this.#writer.kill(lossOf(message.body));
      if (oldest === undefined) continue;
      oldest.job.heard(message);
      if (message.sequence !== oldest.last || !isEnd(message.body)) continue;
      lane.underWay.shift();
      const isOver = oldest.job !== lane.job && lane.underWay[0]?.job !== oldest.job;
      if (isOver) oldest.job.end();
    }
    this.#writer.awaits(this.#changing.underWay.length + this.#reading.underWay.length > 0);
    this.#goOn();
  }

  #happened(octets: Uint8Array): void {
    for (const { body } of readDatagram(octets)) {
      if (isLoss(body)) this.#follower.kill(lossOf(body));
      const event = eventOf(body);
      if (event !== undefined) this.#listener?.(event);
    }
  }

  #beginBulk(): void {
    if (this.#isBulk || !this.#follower.isUp) return;
    this.#isBulk = true;
    this.#followRoutes(false);
    this.#awaitsSilence = true;
    this.#noticesLeft = this.#noticesMax;
    this.#awaitEndOfBulk();
  }

  #awaitEndOfBulk(): void {
    this.#cancelBulk = this.#means.later(BULK_SECONDS, () => {
      if (jobsOf(this.#changing).some(({ isBulk }) => isBulk)) return this.#awaitEndOfBulk();
      this.#isBulk = false;
      this.#followRoutes(true);
    });
  }

  #followRoutes(on: boolean): void {
    this.#follower.send(FRAME.followRoutes, Uint8Array.of(on ? 1 : 0));
    this.#follower.awaits(true);
  }

  #obeyed(): void {
    this.#awaitsSilence = false;
    this.#follower.awaits(false);
    if (!this.#isBulk) this.#tellLost("routes were not followed while many changed");
    this.#goOn();
  }
}

/** The calls that a lane is about, oldest first; one may be there several times. */
function jobsOf({ job, underWay }: Lane): readonly Job[] {
  const jobs = underWay.map((request) => request.job);
  return job === undefined ? jobs : [...jobs, job];
}

/** What ends the answers to a request. */
function isEnd({ kind }: MessageBody): boolean {
  return kind === "answer" || kind === "done";
}

/** What cannot be read may have been anything. */
function isLoss(body: MessageBody): body is Extract<MessageBody, { readonly kind: "overrun" | "malformed" }> {
  return body.kind === "overrun" || body.kind === "malformed";
}

function lossOf(body: Extract<MessageBody, { readonly kind: "overrun" | "malformed" }>): string {
  return body.kind === "overrun" ? "the kernel lost messages" : `the kernel's messages cannot be read: ${body.why}`;
}
