/**
 * Keeps one kernel process running. Rule: it may die at any moment, and is started again later and later until it has
 * lived for a while; whoever uses it hears of both and forgets what was under way.
 */

import { EMPTY } from "../../base/bytes.ts";
import { FRAME, FRAMES_VERSION, readReady } from "./frames.ts";
import type { FrameKind } from "./frames.ts";
import type { Child, StartChild } from "./process.ts";
import type { Role } from "./program.ts";

/** Hears of the process. */
export interface SupervisorListener {
  /** It listens to the kernel; `receiveOctets` is what the kernel keeps for it until it reads. */
  up(receiveOctets: number): void;
  /** A datagram of the kernel. */
  datagram(octets: Uint8Array): void;
  /** It obeyed `followRoutes`. */
  obeyed(): void;
  /** It is gone and will be started again; only after `up`. */
  down(why: string): void;
}

/** What a supervisor needs of its surroundings. */
export interface SupervisorMeans {
  readonly start: StartChild;
  /** Runs later; the answer takes it back. */
  later(seconds: number, run: () => void): () => void;
  /** Milliseconds of a monotonic clock. */
  now(): number;
  /** Why it is down: each time that it ends, and where it cannot come up, once for each reason. */
  log(why: string): void;
}

/** How long it stays down, doubled with each end until it has lived for LIVED_SECONDS. */
const BACK_OFF_SECONDS = { least: 0.1, most: 10 } as const;
const LIVED_SECONDS = 5;
/** How often it is asked for a sign of life: a stopped or hanging process never ends by itself. */
const LOOK_SECONDS = 5;
/** How often it may be found without one; and without what is awaited: that it listens, or what the kernel says. */
const LOOKS_MAX = { withoutLife: 3, withoutWord: 6 } as const;
/** How long it may take to end when it is told to. */
const END_SECONDS = 1;

/** The trouble of a process that was just started for the first time. */
export const STARTING = "it is starting";

/** The supervisor of a process. */
export class Supervisor {
  readonly #role: Role;
  readonly #means: SupervisorMeans;
  readonly #listener: SupervisorListener;
  #child: Child | undefined;
  #isUp = false;
  #upSince = 0;
  #backOffSeconds: number = BACK_OFF_SECONDS.least;
  #cancel: (() => void) | undefined;
  #isAwaited = true;
  /** How often it was looked since it gave a sign of life, and since it said something else. */
  #looks = { withoutLife: 0, withoutWord: 0 };
  #cancelWatch: (() => void) | undefined;
  /** What the process said of itself before it ended. */
  #fault: string | undefined;
  #trouble: string | undefined = STARTING;
  #stopped: (() => void) | undefined;
  /** Times it was started again. */
  restarts = 0;

  constructor(role: Role, means: SupervisorMeans, listener: SupervisorListener) {
    this.#role = role;
    this.#means = means;
    this.#listener = listener;
  }

  /** Why it does not run; undefined while it does. */
  get trouble(): string | undefined {
    return this.#trouble;
  }

  get isUp(): boolean {
    return this.#isUp;
  }

  /** Starts the process, for the first time or again. */
  start(): void {
    this.#cancel = undefined;
    this.#fault = undefined;
    const child: Child = this.#means.start(this.#role, {
      frame: (kind, payload) => {
        if (this.#child === child) this.#heard(kind, payload);
      },
      gone: (why) => {
        if (this.#child === child) this.#gone(this.#fault ?? why);
      },
    });
    this.#child = child;
    this.awaits(true);
    this.#watch();
  }

  /** Whether it is to say something, from now on. Until it listens, it is. */
  awaits(something: boolean): void {
    if (something && !this.#isAwaited) this.#looks.withoutWord = 0;
    this.#isAwaited = something;
  }

  /** Looks are counted and not seconds: who was stopped with us, or with the whole host, is not ended for that. */
  #watch(): void {
    this.#looks = { withoutLife: 0, withoutWord: 0 };
    const look = (): void => {
      this.#cancelWatch = this.#means.later(LOOK_SECONDS, look);
      if (this.#isUp) this.#looks.withoutLife++;
      if (this.#isAwaited) this.#looks.withoutWord++;
      const { withoutLife, withoutWord } = this.#looks;
      if (withoutLife >= LOOKS_MAX.withoutLife || withoutWord >= LOOKS_MAX.withoutWord) {
        return this.kill(`it said nothing for over ${(Math.max(withoutLife, withoutWord) - 1) * LOOK_SECONDS} seconds`);
      }
      this.send(FRAME.alive, EMPTY);
    };
    this.#cancelWatch = this.#means.later(LOOK_SECONDS, look);
  }

  /** Tells the process something; nothing where it is down. */
  send(kind: FrameKind, payload: Uint8Array): void {
    if (this.#isUp) this.#child?.send(kind, payload);
  }

  /** Ends the process at once because of what it said; it is started again. */
  kill(why: string): void {
    this.#fault ??= why;
    this.#child?.end(true);
  }

  /** Ends the process for good. */
  stop(stopped: () => void): void {
    this.#cancel?.();
    this.#cancel = undefined;
    const child = this.#child;
    if (child === undefined) return stopped();
    const cancel = this.#means.later(END_SECONDS, () => child.end(true));
    this.#stopped = () => {
      cancel();
      stopped();
    };
    child.end(false);
  }

  #heard(kind: number, payload: Uint8Array): void {
    this.#looks.withoutLife = 0;
    if (kind === FRAME.alive) return;
    this.#looks.withoutWord = 0;
    if (kind === FRAME.datagram) this.#listener.datagram(payload);
    else if (kind === FRAME.fault) this.#fault = new TextDecoder().decode(payload);
    else if (kind === FRAME.ready) this.#ready(payload);
  }

  #ready(payload: Uint8Array): void {
    const { version, receiveOctets } = readReady(payload);
    if (version !== FRAMES_VERSION) return this.kill("the program was updated: restart reflectd");
    if (this.#isUp) return this.#listener.obeyed();
    this.#isUp = true;
    this.awaits(false);
    this.#upSince = this.#means.now();
    this.#trouble = undefined;
    this.#listener.up(receiveOctets);
  }

  #gone(why: string): void {
    const wasUp = this.#isUp;
    const isNews = wasUp || why !== this.#trouble;
    this.#child = undefined;
    this.#isUp = false;
    this.#cancelWatch?.();
    this.#trouble = why;
    if (this.#stopped !== undefined) return this.#stopped();
    if (isNews) this.#means.log(why);
    if (wasUp && this.#means.now() - this.#upSince >= LIVED_SECONDS * 1000) {
      this.#backOffSeconds = BACK_OFF_SECONDS.least;
    }
    this.#cancel = this.#means.later(this.#backOffSeconds, () => {
      this.restarts++;
      this.start();
    });
    this.#backOffSeconds = Math.min(this.#backOffSeconds * 2, BACK_OFF_SECONDS.most);
    if (wasUp) this.#listener.down(why);
  }
}
