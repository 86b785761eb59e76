/**
 * Traffic between all ends of a lab: numbered datagrams, one per millisecond and direction, and TCP connections with
 * numbered records (endpoint.mjs is its other half). Rule: the instrument says when it cannot tell: what a process was
 * too slow to receive, or a processor too slow to take out of its queue, is `Unmeasurable`, never a loss.
 */

import { spawn } from "node:child_process";
import type { ChildProcess } from "node:child_process";
import { readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import { inside } from "../lab/lab.ts";
import { pause } from "../lab/waiting.ts";
import { countOf, lossOf, without } from "./losses.ts";
import type { Loss, Run } from "./losses.ts";

/** Where an end is. */
export interface TrafficPlace {
  readonly name: string;
  readonly namespace: string;
  /** IPv4. */
  readonly address: string;
}

/** What one direction of a pair lost. */
export interface PairLoss extends Loss {
  /** "from → to". */
  readonly pair: string;
}

/** The machine was too busy to tell what was lost. */
export class Unmeasurable extends Error {}

/** What happened between two numbers. */
export interface TrafficReport {
  /** Datagrams sent, all pairs together. */
  readonly sent: number;
  /** Pairs that lost some, the worst first. */
  readonly losses: readonly PairLoss[];
  /** TCP connections that ended, "from → to: why". */
  readonly resets: readonly string[];
  /** The longest time without a record on a TCP connection, milliseconds; 0 where none was 100 ms long. */
  readonly longestPause: number;
}

const PROGRAM = join(dirname(fileURLToPath(import.meta.url)), "endpoint.mjs");
const PORT = 5200;
const RECORD_MS = 20;
/** How long a datagram may be under way, or in a buffer. */
const SETTLE_MS = 500;
const ANSWER_MS = 10_000;

interface Answer {
  readonly missing: Readonly<Record<string, readonly Run[]>>;
  readonly skipped: readonly Run[];
  readonly overflows: number;
  readonly resets: readonly { readonly peer: string; readonly at: number; readonly why: string }[];
  readonly pauses: readonly { readonly peer: string; readonly at: number; readonly ms: number }[];
  readonly connected: number;
}

/** All ends, at work until `stop`. */
export class Traffic {
  readonly #ends: readonly End[];
  readonly #epoch: number;
  /** Datagrams that came too fast for somebody here, until the last mark. */
  #overflows = 0;

  private constructor(ends: readonly End[], epoch: number) {
    this.#ends = ends;
    this.#epoch = epoch;
  }

  /** Starts an end in each place; resolves when all of them send. */
  static async start(places: readonly TrafficPlace[]): Promise<Traffic> {
    const epoch = Date.now();
    const addresses = places.map(({ name, address }) => ({ name, address }));
    const ends = places.map((place, me) => new End(place, { ends: addresses, me, port: PORT, epoch,
      recordMs: RECORD_MS }));
    const traffic = new Traffic(ends, epoch);
    try {
      await Promise.all(ends.map((end) => end.next()));
    } catch (error) {
      await traffic.stop();
      throw error;
    }
    return traffic;
  }

  /** The number that is sent now. */
  now(): number {
    return Date.now() - this.#epoch;
  }

  /** The same, where a report is to begin. */
  async mark(): Promise<number> {
    const answers = await this.#ask(0, 0);
    this.#overflows = overflowsOf(answers);
    return this.now();
  }

  /** TCP connections that are up: every pair has one. */
  async connected(): Promise<number> {
    const answers = await this.#ask(0, 0);
    return answers.reduce((sum, { connected }) => sum + connected, 0) / 2;
  }

  /** What happened from a mark to before another number, the present one at most. Throws where it cannot be told. */
  async report(from: number, to: number): Promise<TrafficReport> {
    await pause(SETTLE_MS);
    const answers = await this.#ask(from, to);
    const news = overflowsOf(answers) - this.#overflows;
    if (news > 0) throw new Unmeasurable(`${news} datagrams came too fast for this machine to take them all`);
    const skippedBy = new Map(this.#ends.map(({ name }, at) => [name, answers[at]!.skipped]));
    const losses = answers.flatMap(({ missing }, at) => Object.entries(missing).flatMap(([sender, runs]) => {
      const loss = lossOf(runs, skippedBy.get(sender) ?? []);
      return loss === undefined ? [] : [{ pair: `${sender} → ${this.#ends[at]!.name}`, ...loss }];
    }));
    const pauses = answers.flatMap((answer) => answer.pauses.filter(({ at, ms }) => at + ms > from && at < to)
      .map(({ ms }) => ms));
    const sent = answers.reduce((sum, { skipped }) => sum + countOf(without([[from, to - 1]], skipped)), 0);
    return {
      sent: sent * (this.#ends.length - 1),
      losses: losses.sort((a, b) => b.longest - a.longest),
      resets: answers.flatMap((answer, at) => answer.resets.filter((reset) => reset.at >= from && reset.at < to)
        .map(({ peer, why }) => `${peer} → ${this.#ends[at]!.name}: ${why}`)),
      longestPause: Math.max(0, ...pauses),
    };
  }

  #ask(from: number, to: number): Promise<readonly Answer[]> {
    return Promise.all(this.#ends.map((end) => end.ask(from, to)));
  }

  /** Ends every end. */
  async stop(): Promise<void> {
    await Promise.all(this.#ends.map((end) => end.stop()));
  }
}

/** At sockets, and in the queues between namespaces (the second column, a line per processor). */
function overflowsOf(answers: readonly Answer[]): number {
  const queues = readFileSync("/proc/net/softnet_stat", "utf8").trimEnd().split("\n")
    .map((line) => parseInt(line.split(" ")[1] ?? "0", 16));
  return [...answers.map(({ overflows }) => overflows), ...queues].reduce((sum, count) => sum + count, 0);
}

const alive = new Set<ChildProcess>();
process.on("exit", () => { for (const child of alive) child.kill("SIGKILL"); });

/** One process. */
class End {
  readonly name: string;
  readonly #child: ChildProcess;
  readonly #answers: Answer[] = [];
  #heard: () => void = () => undefined;
  #ended = false;

  constructor({ name, namespace }: TrafficPlace, setup: object) {
    this.name = name;
    const [command = "", ...words] = inside(namespace, [process.execPath, PROGRAM, JSON.stringify(setup)]);
    this.#child = spawn(command, words, { stdio: ["pipe", "pipe", "inherit"] });
    alive.add(this.#child);
    this.#child.once("exit", () => {
      this.#ended = true;
      alive.delete(this.#child);
      this.#heard();
    });
    // A process that has ended reads no more; `next` says so.
    this.#child.stdin?.on("error", () => undefined);
    createInterface({ input: this.#child.stdout! }).on("line", (line) => {
      this.#answers.push(JSON.parse(line) as Answer);
      this.#heard();
    });
  }

  ask(from: number, to: number): Promise<Answer> {
    this.#child.stdin?.write(`${JSON.stringify({ from: Math.floor(from), to: Math.floor(to) })}\n`);
    return this.next();
  }

  /** The next thing it says. */
  next(): Promise<Answer> {
    return new Promise((resolve, reject) => {
      const timer = setTimeout(() => reject(new Error(`${this.name}: the traffic's end does not answer`)), ANSWER_MS);
      const look = (): void => {
        const answer = this.#answers.shift();
        if (answer === undefined && !this.#ended) return;
        this.#heard = () => undefined;
        clearTimeout(timer);
        if (answer === undefined) reject(new Error(`${this.name}: the traffic's end has ended`));
        else resolve(answer);
      };
      this.#heard = look;
      look();
    });
  }

  async stop(): Promise<void> {
    if (this.#ended) return;
    const gone = new Promise((resolve) => { this.#child.once("exit", resolve); });
    this.#child.kill("SIGKILL");
    await gone;
  }
}
