/**
 * What the driver does for a call: requests, made when there is room, and what is answered to them. Rule: a job knows
 * messages and numbers, and nothing of processes.
 */

import { errnoName, errnoText, ESRCH } from "../rtnetlink/errno.ts";
import type { NetlinkMessage } from "../rtnetlink/read.ts";
import { dumpRequest, RouteBatch } from "../rtnetlink/write.ts";
import type { DumpListener, KernelChanges, KernelFailure } from "../port.ts";
import type { KernelRoute } from "../route.ts";

/** One call: makes requests, hears what is answered to them. */
export interface Job {
  /** So many changes that the kernel tells of them faster than anybody hears. */
  readonly isBulk: boolean;
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

/** One route and what becomes of it. */
interface Step {
  readonly change: keyof KernelChanges;
  readonly route: KernelRoute;
}

/** Changes routes. Where the process goes, what it had answered until then are all the failures that are known. */
export function applyJob(changes: KernelChanges, done: (failures: readonly KernelFailure[]) => void): Job {
  return new ApplyJob(changes, done);
}

/** Reads links, addresses and routes, in this order. */
export function dumpJob(listener: DumpListener): Job {
  return new DumpJob(listener);
}

class ApplyJob implements Job {
  readonly isBulk: boolean;
  readonly #done: (failures: readonly KernelFailure[]) => void;
  readonly #failures: KernelFailure[] = [];
  readonly #steps: Iterator<Step, undefined>;
  /** A step that did not fit the last request. */
  #left: Step | undefined;
  /** Steps under way by the numbers of their messages. */
  readonly #told = new Map<number, Step>();
  readonly #batch = new RouteBatch();

  constructor(changes: KernelChanges, done: (failures: readonly KernelFailure[]) => void) {
    this.#done = done;
    this.isBulk = changes.add.length + changes.replace.length + changes.remove.length >= BULK_CHANGES;
    this.#steps = stepsOf(changes);
  }

  next(sequence: number, messagesMax: number): Request | undefined {
    let number = sequence;
    while (this.#batch.count < messagesMax) {
      const step = this.#left ?? this.#steps.next().value;
      this.#left = undefined;
      if (step === undefined) break;
      if (!this.#batch.push(step.change, step.route, number)) {
        this.#left = step;
        break;
      }
      this.#told.set(number++, step);
    }
    return this.#batch.count === 0 ? undefined : { octets: this.#batch.take(), last: number - 1 };
  }

  heard({ sequence, body }: NetlinkMessage): void {
    const step = this.#told.get(sequence);
    if (step === undefined || body.kind !== "answer") return;
    const { errno } = body;
    if (errno === 0 || (step.change === "remove" && errno === ESRCH)) return; // done, or somebody else did it
    this.#failures.push({ ...step, errno, name: errnoName(errno), text: body.text ?? errnoText(errno) });
  }

  end(): void {
    this.#done(this.#failures);
  }
}

function* stepsOf(changes: KernelChanges): Generator<Step, undefined> {
  for (const change of ["add", "replace", "remove"] as const) {
    for (const route of changes[change]) yield { change, route };
  }
  return undefined;
}

const PARTS = ["links", "addresses", "routes"] as const;

class DumpJob implements Job {
  readonly isBulk = false;
  readonly #listener: DumpListener;
  #asked = 0;
  #fault: string | undefined;

  constructor(listener: DumpListener) {
    this.#listener = listener;
  }

  next(sequence: number): Request | undefined {
    const part = PARTS[this.#asked++];
    return part === undefined ? undefined : { octets: dumpRequest(part, sequence), last: sequence };
  }

  heard({ interrupted, body }: NetlinkMessage): void {
    if (interrupted) this.#fault ??= "what is in the kernel changed while it was read";
    const isFailure = (body.kind === "answer" || body.kind === "done") && body.errno !== 0;
    if (isFailure) this.#fault ??= `the kernel cannot be read: ${errnoText(body.errno)}`;
    if (body.kind === "link") this.#listener.link(body.link);
    else if (body.kind === "address") this.#listener.address(body.address);
    else if (body.kind === "route") this.#listener.route(body.route);
  }

  end(lost?: string): void {
    this.#listener.end(lost ?? this.#fault);
  }
}
