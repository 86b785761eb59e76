/** Many speakers of one daemon. Rule: every wait ends, with what was missing in its words. */

import { setTimeout as sleep } from "node:timers/promises";
import type { Daemon } from "./daemon.ts";
import { Speaker } from "./speaker.ts";
import { KEEPALIVE } from "./wire.ts";
import type { Family } from "./wire.ts";

/** Who connects. */
export interface FleetOptions {
  readonly sessions: number;
  readonly family: Family;
  readonly addPath: boolean;
  /** Prefix numbers in use: the size of an exact speaker's table. */
  readonly prefixes: number;
  /** Speakers that keep a table: spread over all. */
  readonly exact: number;
}

/** Dialled at a time. */
const DIALS_AT_ONCE = 200;
const WAIT_SECONDS = 120;
const KEEPALIVE_SECONDS = 60;

/** The sessions of one run. */
export class Fleet {
  readonly speakers: Speaker[] = [];
  readonly #options: FleetOptions;
  readonly #daemon: Daemon;
  readonly #keepalives: NodeJS.Timeout;

  constructor(daemon: Daemon, options: FleetOptions) {
    this.#daemon = daemon;
    this.#options = options;
    this.#keepalives = setInterval(() => {
      for (const speaker of this.speakers) speaker.send(KEEPALIVE);
    }, KEEPALIVE_SECONDS * 1000);
  }

  /** Connects everybody; resolves when each has had its End-of-RIB. */
  async join(): Promise<void> {
    const { sessions, exact } = this.#options;
    const every = Math.max(1, Math.floor(sessions / exact));
    for (let index = 0; index < sessions; index += DIALS_AT_ONCE) {
      const wave: Promise<unknown>[] = [];
      for (let i = index; i < Math.min(index + DIALS_AT_ONCE, sessions); i++) {
        wave.push(this.add(i % every === 0 && i / every < exact).joined);
      }
      await within(Promise.all(wave), "sessions to come up");
    }
  }

  /** One more speaker. */
  add(exact: boolean): Speaker {
    const { family, addPath, prefixes } = this.#options;
    const index = this.speakers.length;
    const exactPrefixes = exact ? prefixes : 0;
    const speaker = new Speaker({ port: this.#daemon.port, index, family, addPath, exactPrefixes });
    this.speakers.push(speaker);
    return speaker;
  }

  get exact(): Speaker[] {
    return this.speakers.filter(({ exact }) => exact);
  }

  /**
   * Waits until every exact speaker among `whom` satisfies `done`, and every other has as many octets as the exact
   * ones had at least. Answers when the last octet came to anybody (performance.now).
   */
  async until(done: (speaker: Speaker) => boolean, what: string, whom: readonly Speaker[] = this.speakers):
    Promise<number> {
    const exact = whom.filter((speaker) => speaker.exact);
    const counting = whom.filter((speaker) => !speaker.exact);
    const deadline = performance.now() + WAIT_SECONDS * 1000;
    const slack = 0.98; // a source is not told its own routes, and the exact ones are not all sources of as many
    for (;;) {
      if (exact.every(done)) {
        const least = Math.min(...exact.map(({ octets }) => octets)) * slack;
        if (counting.every(({ octets }) => octets >= least) && await this.#quiet(whom)) break;
      }
      if (performance.now() > deadline) {
        const late = exact.filter((speaker) => !done(speaker));
        throw new Error(`${what}: not in ${WAIT_SECONDS} s; ${late.length} exact speakers are short, ` +
          `the first holds ${late[0]?.held}, matching ${late[0]?.matching}`);
      }
      await sleep(2);
    }
    return Math.max(...whom.map(({ lastAt }) => lastAt));
  }

  /** Whether nobody received anything for a moment. */
  async #quiet(whom: readonly Speaker[]): Promise<boolean> {
    const sum = (): number => whom.reduce((total, { octets }) => total + octets, 0);
    const before = sum();
    await sleep(60);
    return sum() === before;
  }

  close(): void {
    clearInterval(this.#keepalives);
    for (const speaker of this.speakers) speaker.close();
  }
}

/** A promise, or an error that says what did not happen in time. */
export async function within<T>(promise: Promise<T>, what: string): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error(`waited ${WAIT_SECONDS} s for ${what}`)), WAIT_SECONDS * 1000);
  });
  return Promise.race([promise, late]).finally(() => clearTimeout(timer));
}
