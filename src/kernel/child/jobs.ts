/**
 * What the driver does for a call: requests, made when there is room, and what is answered to them. Rule: a job knows
 * messages and numbers, and nothing of processes.
 */

import { errnoName, errnoText, ESRCH } from "../rtnetlink/errno.ts";
import type { NetlinkMessage } from "../rtnetlink/read.ts";
import { dumpRequest, RouteBatch } from "../rtnetlink/write.ts";
import { CHANGES, countChanges } from "../port.ts";
import type { DumpListener, KernelChanges, KernelFailure, RouteList } from "../port.ts";

/** One call: makes requests, hears what is answered to them. */
export interface Job {
  /** It changes routes. */
  readonly isChange: boolean;
  /** So many changes that the kernel tells of them faster than anybody hears. */
  readonly isBulk: boolean;
  /** What is changed from now on does not spoil it. */
  readonly allowsChanges: boolean;
  /** The next request, its messages numbered from `sequence` on; undefined: there are no more. */
  next(sequence: number, messagesMax: number): Request | undefined;
  /** What is answered, in order. */
  heard(message: NetlinkMessage): void;
  /** All requests are answered; or the process is gone, and why. Called once, last. */
  end(lost?: string): void;
}

/** Messages, the last of which is answered, and has the number `last`. */
export interface Request {
  readonly octets: Uint8Array;
  readonly last: number;
}

/** The kernel keeps a few hundred notices for whoever follows it. */
const BULK_CHANGES = 256;

/** Changes routes. Where the process goes, what it had answered until then are all the failures that are known. */
export function applyJob(
  changes: KernelChanges<RouteList>, done: (failures: readonly KernelFailure[]) => void,
): Job {
  return new ApplyJob(changes, done);
}

/**
 * Reads links, addresses, IPv6 routes and IPv4 routes, in this order. Linux tells IPv4 routes by their addresses, and
 * each that stays is told once, whatever changes meanwhile; of IPv6 it counts those that it told, and starts anew.
 */
export function dumpJob(listener: DumpListener): Job {
  return new DumpJob(listener);
}

/** Messages of one request: numbers from `first` on, routes of one list from `at` on. */
interface Run {
  readonly change: keyof KernelChanges;
  readonly first: number;
  readonly at: number;
  readonly count: number;
}

class ApplyJob implements Job {
  readonly isChange = true;
  readonly allowsChanges = true;
  readonly isBulk: boolean;
  readonly #changes: KernelChanges<RouteList>;
  readonly #done: (failures: readonly KernelFailure[]) => void;
  readonly #failures: KernelFailure[] = [];
  /** The list that is being told, and how far. */
  #list = 0;
  #at = 0;
  /** What was told, oldest first. Routes are made once more where they fail. */
  readonly #told: Run[] = [];
  readonly #batch = new RouteBatch();

  constructor(changes: KernelChanges<RouteList>, done: (failures: readonly KernelFailure[]) => void) {
    this.#changes = changes;
    this.#done = done;
    this.isBulk = countChanges(changes) >= BULK_CHANGES;
  }

  next(sequence: number, messagesMax: number): Request | undefined {
    let number = sequence;
    for (; this.#list < CHANGES.length; this.#list++, this.#at = 0) {
      const change = CHANGES[this.#list]!;
      const count = this.#push(change, number, messagesMax);
      if (count > 0) this.#told.push({ change, first: number, at: this.#at, count });
      number += count;
      this.#at += count;
      if (this.#at < this.#changes[change].length) break;
    }
    return this.#batch.count === 0 ? undefined : { octets: this.#batch.take(), last: number - 1 };
  }

  /** Puts as many of a list into the request as it takes; answers how many. */
  #push(change: keyof KernelChanges, number: number, messagesMax: number): number {
    const routes = this.#changes[change];
    const batch = this.#batch;
    let count = 0;
    for (let at = this.#at; at < routes.length && batch.count < messagesMax; at++, count++) {
      const isIn = count > 0 && routes.isLikeBefore?.(at) === true ? batch.pushLike(routes, at, number + count)
        : batch.push(change, routes.at(at)!, number + count);
      if (!isIn) break;
    }
    return count;
  }

  heard({ sequence, body }: NetlinkMessage): void {
    if (body.kind !== "answer" || body.errno === 0) return;
    const run = this.#told.find(({ first, count }) => sequence >= first && sequence < first + count);
    if (run === undefined) return;
    const { change } = run;
    const { errno } = body;
    if (change === "remove" && errno === ESRCH) return; // somebody else did it
    const route = this.#changes[change].at(run.at + sequence - run.first)!;
    this.#failures.push({ change, route, errno, name: errnoName(errno), text: body.text ?? errnoText(errno) });
  }

  end(): void {
    this.#done(this.#failures);
  }
}

const PARTS = ["links", "addresses", "ipv6 routes", "ipv4 routes"] as const;

class DumpJob implements Job {
  readonly isChange = false;
  readonly isBulk = false;
  readonly #listener: DumpListener;
  #asked = 0;
  #read = 0;
  #fault: string | undefined;

  constructor(listener: DumpListener) {
    this.#listener = listener;
  }

  get allowsChanges(): boolean {
    return this.#read >= PARTS.length - 1;
  }

  next(sequence: number): Request | undefined {
    const part = PARTS[this.#asked++];
    return part === undefined ? undefined : { octets: dumpRequest(part, sequence), last: sequence };
  }

  heard({ interrupted, body }: NetlinkMessage): void {
    if (interrupted) this.#fault ??= "what is in the kernel changed while it was read";
    if (body.kind === "answer" || body.kind === "done") {
      this.#read++;
      if (body.errno !== 0) this.#fault ??= `the kernel cannot be read: ${errnoText(body.errno)}`;
    }
    if (body.kind === "link") this.#listener.link(body.link);
    else if (body.kind === "address") this.#listener.address(body.address);
    else if (body.kind === "route") this.#listener.route(body.route);
  }

  end(lost?: string): void {
    this.#listener.end(lost ?? this.#fault);
  }
}
