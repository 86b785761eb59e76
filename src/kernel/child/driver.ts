/**
 * The kernel through two processes: one changes and reads it, one hears what happens. Rules: work is encoded when there
 * is room for it and not before, a few requests ahead of the answers; what a process had under way when it died is
 * over, its outcome unknown, and "lost" says so: the owner reads the kernel again and finds out. Changes that waited
 * behind changes are over, too: they were planned for after those.
 */

import { eventOf, readDatagram } from "../rtnetlink/read.ts";
import type { MessageBody } from "../rtnetlink/read.ts";
import type {
  DumpListener, KernelChanges, KernelEvent, KernelFailure, KernelProcesses, RouteList,
} from "../port.ts";
import { FRAME } from "./frames.ts";
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

/** Requests that are sent ahead of their answers: one in the kernel's hands, others on the way. */
const REQUESTS_AHEAD = 3;
/** Messages in a request. What fails is answered one by one, and all answers must fit the socket until it is read. */
const MESSAGES_MAX = 400;
/** What an answer takes of the socket's room, as Linux counts. */
const ANSWER_OCTETS = 1024;
/** How often it is looked whether a bulk is done. */
const BULK_SECONDS = 0.25;
/** The number after it is 1: 0 is that of events. */
const SEQUENCE_MAX = 0x7fff_0000;

class Driver implements KernelProcesses {
  readonly #means: DriverMeans;
  readonly #writer: Supervisor;
  readonly #follower: Supervisor;
  /** Calls that wait for their turn, in order. */
  readonly #waiting: Job[] = [];
  /** Requests that are not answered yet, in order, with their jobs. */
  readonly #underWay: { readonly job: Job; readonly last: number }[] = [];
  /** The call that makes requests. */
  #job: Job | undefined;
  #sequence = 1;
  #messagesMax = MESSAGES_MAX;
  #listener: ((event: KernelEvent) => void) | undefined;
  /** Nothing is done before the kernel is followed, or cannot be: else what happens in between is not heard. */
  #awaitsFirst = false;
  /** Nothing is done before routes are no longer followed. */
  #awaitsSilence = false;
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
      up: () => this.#followerUp(),
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
    const jobs = new Set(this.#underWay.splice(0).map(({ job }) => job));
    if (this.#job !== undefined) jobs.add(this.#job);
    this.#job = undefined;
    return [...jobs];
  }

  #followerUp(): void {
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
    while (this.#writer.isUp && !this.#awaitsFirst && this.#underWay.length < REQUESTS_AHEAD) {
      if (this.#job === undefined) {
        this.#job = this.#waiting.shift();
        if (this.#job === undefined) return;
        if (this.#job.isBulk) this.#beginBulk();
      }
      if (this.#awaitsSilence) return;
      this.#request(this.#job);
    }
  }

  #request(job: Job): void {
    const request = job.next(this.#sequence, this.#messagesMax);
    if (request === undefined) {
      this.#job = undefined;
      if (!this.#underWay.some((other) => other.job === job)) job.end();
      return;
    }
    this.#sequence = request.last >= SEQUENCE_MAX ? 1 : request.last + 1;
    this.#underWay.push({ job, last: request.last });
    this.#writer.awaits(true);
    this.#writer.send(FRAME.request, request.octets);
  }

  #answered(octets: Uint8Array): void {
    for (const message of readDatagram(octets)) {
      const oldest = this.#underWay[0];
      if (oldest === undefined) return;
      if (isLoss(message.body)) return this.#writer.kill(lossOf(message.body));
      oldest.job.heard(message);
      if (message.sequence !== oldest.last || !isEnd(message.body)) continue;
      this.#underWay.shift();
      const isOver = oldest.job !== this.#job && this.#underWay[0]?.job !== oldest.job;
      if (isOver) oldest.job.end();
    }
    this.#writer.awaits(this.#underWay.length > 0);
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
    this.#awaitEndOfBulk();
  }

  #awaitEndOfBulk(): void {
    this.#cancelBulk = this.#means.later(BULK_SECONDS, () => {
      if (this.#job?.isBulk === true || this.#underWay.some(({ job }) => job.isBulk)) return this.#awaitEndOfBulk();
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
