/**
 * The kernel of a network namespace as a KernelPort, one request after another: what the contract suite is run against
 * beside the kernel in memory. Needs root.
 */

import { spawn } from "node:child_process";
import type { ChildProcess } from "node:child_process";
import { join } from "node:path";
import { sameBytes } from "../../../src/base/bytes.ts";
import { CHANGES } from "../../../src/kernel/port.ts";
import type {
  DumpListener, KernelChanges, KernelEvent, KernelFailure, KernelPort, RouteList,
} from "../../../src/kernel/port.ts";
import { GROUPS } from "../../../src/kernel/rtnetlink/constants.ts";
import { ESRCH, errnoName, errnoText } from "../../../src/kernel/rtnetlink/errno.ts";
import { eventOf, readDatagram } from "../../../src/kernel/rtnetlink/read.ts";
import type { NetlinkMessage } from "../../../src/kernel/rtnetlink/read.ts";
import { dumpRequest, RouteBatch } from "../../../src/kernel/rtnetlink/write.ts";
import type { KernelRoute } from "../../../src/kernel/route.ts";

const DUMPS = ["links", "addresses", "ipv6 routes", "ipv4 routes"] as const;

/** A kernel; `ready` settles when its processes are subscribed. */
export class RealKernel implements KernelPort {
  readonly ready: Promise<unknown>;
  readonly #writer: Relay;
  readonly #follower: Relay;
  readonly #pending: (() => void)[] = [];
  #busy = false;
  #sequence = 0;
  #onMessage: (message: NetlinkMessage) => void = () => undefined;
  #onEvent: (event: KernelEvent) => void = () => undefined;

  constructor(namespace: string) {
    this.#writer = new Relay(namespace, [], (message) => this.#onMessage(message));
    this.#follower = new Relay(namespace, GROUPS, ({ body }) => {
      const event = eventOf(body);
      if (event !== undefined) this.#onEvent(event);
    });
    this.ready = Promise.all([this.#writer.ready, this.#follower.ready]);
  }

  apply(changes: KernelChanges<RouteList>, done: (failures: readonly KernelFailure[]) => void): void {
    const all = CHANGES.flatMap((change) => [...changes[change]].map((route) => ({ change, route })));
    const failures: KernelFailure[] = [];
    let first = 0;
    const next = (): void => this.#inTurn(() => {
      if (first === all.length) return this.#finished(() => done(failures));
      const batch = new RouteBatch();
      const base = this.#sequence + 1;
      const from = first;
      while (first < all.length && first - from < 100) {
        const { change, route } = all[first]!;
        if (!batch.push(change, route, base + first - from)) break;
        first++;
      }
      this.#sequence += first - from;
      this.#onMessage = ({ sequence, body }) => {
        if (body.kind !== "answer") return;
        const tried = all[from + sequence - base]!;
        if (body.errno !== 0 && !(tried.change === "remove" && body.errno === ESRCH)) {
          failures.push(failureOf(tried.change, tried.route, body.errno, body.text));
        }
        if (sequence === this.#sequence) this.#finished(next);
      };
      this.#writer.send(batch.take());
    });
    next();
  }

  dump(listener: DumpListener): void {
    const next = (at: number): void => this.#inTurn(() => {
      const what = DUMPS[at];
      if (what === undefined) return this.#finished(() => listener.end());
      this.#onMessage = ({ body }) => {
        if (body.kind === "link") listener.link(body.link);
        else if (body.kind === "address") listener.address(body.address);
        else if (body.kind === "route") listener.route(body.route);
        else if (body.kind === "done") this.#finished(() => next(at + 1));
      };
      this.#writer.send(dumpRequest(what, ++this.#sequence));
    });
    next(0);
  }

  follow(listener: (event: KernelEvent) => void): void {
    this.#onEvent = listener;
  }

  stop(stopped: () => void): void {
    void Promise.all([this.#writer.stop(), this.#follower.stop()]).then(stopped);
  }

  #inTurn(work: () => void): void {
    this.#pending.push(work);
    this.#work();
  }

  #work(): void {
    if (this.#busy) return;
    const work = this.#pending.shift();
    if (work === undefined) return;
    this.#busy = true;
    work();
  }

  #finished(then: () => void): void {
    this.#busy = false;
    this.#onMessage = () => undefined;
    then();
    this.#work();
  }
}

function failureOf(
  change: keyof KernelChanges, route: KernelRoute, errno: number, text: string | undefined,
): KernelFailure {
  return { change, route, errno, name: errnoName(errno), text: text ?? errnoText(errno) };
}

/** A process in the namespace that has a socket, and frames to and from it. */
class Relay {
  readonly ready: Promise<void>;
  readonly #child: ChildProcess;
  readonly #gone: Promise<void>;
  #held: Uint8Array = new Uint8Array(0);

  constructor(namespace: string, groups: readonly number[], onMessage: (message: NetlinkMessage) => void) {
    const program = join(import.meta.dirname, "relay.mjs");
    const command = ["netns", "exec", namespace, process.execPath, program, ...groups.map(String)];
    this.#child = spawn("ip", command, { stdio: ["pipe", "pipe", "inherit"] });
    this.#gone = new Promise((resolve) => this.#child.once("exit", () => resolve()));
    this.ready = new Promise((resolve) => {
      this.#child.stdout!.on("data", (chunk: Buffer) => this.#take(chunk, (datagram) => {
        if (sameBytes(datagram, new Uint8Array(0))) resolve();
        for (const message of readDatagram(datagram)) onMessage(message);
      }));
    });
  }

  send(datagram: Uint8Array): void {
    const length = Buffer.alloc(4);
    length.writeUInt32LE(datagram.length);
    this.#child.stdin!.write(Buffer.concat([length, datagram]));
  }

  stop(): Promise<void> {
    this.#child.stdin!.end();
    return this.#gone;
  }

  #take(chunk: Buffer, onDatagram: (datagram: Uint8Array) => void): void {
    const all = Buffer.concat([this.#held, chunk]);
    let at = 0;
    while (all.length - at >= 4 && all.length - at - 4 >= all.readUInt32LE(at)) {
      const end = at + 4 + all.readUInt32LE(at);
      onDatagram(all.subarray(at + 4, end));
      at = end;
    }
    this.#held = all.subarray(at);
  }
}
