/**
 * Our own restarts (RFC 4724 §4.1): what is held back until those who were there said everything again and the kernel
 * was read, and what the next start will know of those who are here. Rules: the wait has a bound that is shorter than
 * our Restart Time; while it lasts the old record stays, so that a crash in the middle of it is a restart like the
 * first.
 */

import { FAMILIES, familyRow } from "../messages/families.ts";
import type { Family, FamilyRow } from "../messages/families.ts";
import type { Log } from "./log.ts";
import type { Peer } from "./peer.ts";
import { decodeRestartState, encodeRestartState } from "./restart-state.ts";
import type { RestartPeer, RestartState } from "./restart-state.ts";

/** A small file that is only ever replaced as a whole. */
export interface StateFile {
  /** What stood there at the start; undefined: nothing. */
  readonly found: string | undefined;
  /** Replaces it soon; of several texts the last one counts. */
  write(text: string): void;
  remove(): void;
  /** Resolves when what was asked for is done, or was found to be impossible and said in the log. */
  settled(): Promise<void>;
}

/** Where restarts are remembered, and how long one holds announcements back. */
export interface RestartMemory {
  readonly file: StateFile;
  /** Selection_Deferral_Timer (RFC 4724 §4.1). */
  readonly deferralSeconds: number;
}

/** What restarts need of the speaker. */
export interface RestartMeans {
  readonly log: Log;
  /** 0 while nobody knows. */
  routerId(): number;
  later(seconds: number, run: () => void): () => void;
  /** Closed: nothing is told in the family, also no End-of-RIB. */
  setGate(family: FamilyRow, open: boolean): void;
  peers(): readonly Peer[];
  /** Whether a neighbour of that name may still come. */
  expects(name: string): boolean;
  /** The neighbour's next OPEN follows `isRestarting` anew. */
  reopen(peer: Peer): void;
}

/** How long changes are gathered until they are written. */
const WRITE_SECONDS = 1;
/** Names of neighbours in one line of the log. */
const NAMES_SHOWN = 10;

/** The restarts of one speaker. */
export class Restarts {
  readonly #means: RestartMeans;
  readonly #memory: RestartMemory | undefined;
  /** What is being recovered from. */
  readonly #found: RestartState | undefined;
  /** Names of neighbours whose End-of-RIB is awaited, by family; empty when nothing is held back any more. */
  readonly #awaited: Map<Family, Set<string>>;
  /** Families in which nothing is told yet. */
  readonly #closed = new Set<FamilyRow>();
  /** Best paths are routes of the kernel. */
  #hasKernel = false;
  /** Whether the kernel, whose routes are told, too, is still to be read. */
  #awaitsKernel = false;
  /** Nothing is remembered, but the kernel has routes of ours: we take over from somebody who was there before us. */
  #isTakeover = false;
  /** Neighbours that were met since the start; undefined once the Restart Time is over, and where there was none. */
  #met: Set<string> | undefined;
  #begun = false;
  #stopped = false;
  /** What the file holds. */
  #written: string | undefined;
  #writing: (() => void) | undefined = undefined;
  #timers: (() => void)[] = [];

  constructor(memory: RestartMemory | undefined, means: RestartMeans) {
    this.#memory = memory;
    this.#means = means;
    this.#written = memory?.file.found;
    this.#found = this.#read();
    const { peers = [] } = this.#found ?? {};
    this.#awaited = awaitedOf(peers);
    this.#met = this.#found === undefined ? undefined : new Set();
    for (const family of this.#awaited.keys()) this.#close(familyRow(family));
  }

  /** Whether our OPEN carries the R bit: we restarted, and this is the first session since. */
  isRestarting({ name }: Pick<Peer, "name">): boolean {
    return this.#met?.has(name) === false;
  }

  /**
   * Whether our OPEN carries the F bits. Out of the data path there is nothing that a restart could lose, and kernel
   * routes outlive us; but for those that were removed at the stop before, as long as our restart is news.
   */
  isForwarding(peer: Pick<Peer, "name">): boolean {
    return this.#found?.forwarding !== false || !this.#hasKernel || !this.isRestarting(peer);
  }

  /** What is waited for, in words; empty where nothing is. */
  waitingFor(): string[] {
    if (this.#awaitsKernel) return ["the kernel's routes"];
    const count = this.#missing().length;
    return count === 0 ? [] : [`End-of-RIB of ${count} neighbours after a restart`];
  }

  /** Nothing is told before `kernelRead`, at a first start neither: End-of-RIB would come before routes of our own. */
  awaitKernel(): void {
    this.#hasKernel = true;
    if (this.#memory === undefined) return;
    this.#awaitsKernel = true;
    for (const family of FAMILIES) this.#close(family);
  }

  /** The kernel was read, or is none of ours. `hasOurs`: it has routes of our protocol number from before. */
  kernelRead(hasOurs: boolean): void {
    if (!this.#awaitsKernel) return;
    this.#awaitsKernel = false;
    this.#isTakeover = hasOurs && this.#found === undefined;
    if (this.#found === undefined && !hasOurs) this.#awaited.clear();
    this.#openWhatMay();
  }

  /** There are neighbours: from now on they have their time. */
  begin(): void {
    if (this.#begun || this.#memory === undefined) return;
    this.#begun = true;
    const { deferralSeconds } = this.#memory;
    if (this.#found !== undefined) this.#recover(this.#found, deferralSeconds);
    else if (this.#awaitsKernel || this.#isTakeover) this.#takeOver(deferralSeconds);
  }

  #recover({ restartTimeSeconds, peers }: RestartState, deferralSeconds: number): void {
    for (const { name, families } of peers) {
      if (!this.#means.expects(name)) for (const family of families) this.#done({ name }, family);
    }
    const seconds = Math.min(deferralSeconds, restartTimeSeconds / 2);
    this.#means.log.write("info", "restart-recovery", { neighbours: peers.length, seconds });
    this.#timers = [
      this.#means.later(seconds, () => this.#giveUpWaiting()),
      this.#means.later(restartTimeSeconds, () => this.#restartTimeOver()),
    ];
  }

  /** As after a restart of which nobody knows who was there: everybody may have been. */
  #takeOver(seconds: number): void {
    const peers = this.#means.peers().filter(({ enabled, intent }) => enabled && intent.gracefulRestart !== undefined)
      .map(({ name, intent }) => ({ name, families: intent.families }));
    for (const [family, names] of awaitedOf(peers)) {
      this.#awaited.set(family, names);
      this.#close(familyRow(family));
    }
    this.#timers = [this.#means.later(seconds, () => this.#giveUpWaiting())];
  }

  /** A session is up. Who restarted, too, or keeps nothing is not waited for (RFC 4724 §4.1). */
  up(peer: Peer): void {
    if (this.isRestarting(peer)) {
      this.#met!.add(peer.name);
      this.#means.reopen(peer);
    }
    const { families, gracefulRestart } = peer.facts!.negotiated;
    const isAwaited = gracefulRestart !== undefined && !gracefulRestart.restarting;
    for (const { name } of FAMILIES) if (!isAwaited || !families.includes(name)) this.#done(peer, name);
    this.#changed();
  }

  down(): void {
    this.#changed();
  }

  endOfRib(peer: Peer, family: FamilyRow): void {
    this.#done(peer, family.name);
  }

  /**
   * The speaker stops: to come back, or for good; `forwarding`: what forwards by its routes goes on. Called before its
   * sessions end.
   */
  stop(how: "restart" | "shutdown", forwarding: boolean): void {
    this.#stopped = true;
    this.#writing?.();
    for (const takeBack of this.#timers) takeBack();
    if (how === "shutdown") this.#memory?.file.remove();
    else if (this.#closed.size === 0) this.#write(forwarding);
    else if (this.#found !== undefined && !forwarding) this.#replace({ ...this.#found, forwarding });
  }

  #read(): RestartState | undefined {
    const text = this.#memory?.file.found;
    if (text === undefined) return undefined;
    const state = decodeRestartState(text);
    const own = this.#means.routerId();
    const why = typeof state === "string" ? state
      : own !== 0 && state.routerId !== own ? "it is of another speaker" : undefined;
    if (why === undefined) return state as RestartState;
    this.#means.log.write("warn", "restart-state", { why: `${why}: ignored` });
    return undefined;
  }

  #missing(): string[] {
    return [...new Set([...this.#awaited.values()].flatMap((names) => [...names]))];
  }

  #done({ name }: Pick<Peer, "name">, family: Family): void {
    const names = this.#awaited.get(family);
    if (names === undefined) return;
    names.delete(name);
    if (names.size > 0) return;
    this.#awaited.delete(family);
    this.#openWhatMay();
  }

  #giveUpWaiting(): void {
    if (this.#closed.size === 0) return;
    const missing = [...(this.#awaitsKernel ? ["the kernel"] : []), ...this.#missing()];
    this.#means.log.write("warn", "restart-recovery-incomplete", {
      missing: missing.length, names: missing.slice(0, NAMES_SHOWN).join(","),
    });
    this.#awaited.clear();
    this.#awaitsKernel = false;
    this.#openWhatMay();
  }

  #close(family: FamilyRow): void {
    this.#closed.add(family);
    this.#means.setGate(family, false);
  }

  #openWhatMay(): void {
    if (this.#awaitsKernel || this.#closed.size === 0) return;
    for (const family of this.#closed) {
      if (this.#awaited.has(family.name)) continue;
      this.#closed.delete(family);
      this.#means.setGate(family, true);
    }
    if (this.#closed.size > 0) return;
    if (this.#found !== undefined || this.#isTakeover) this.#means.log.write("info", "restart-recovered");
    this.#changed();
  }

  #restartTimeOver(): void {
    const late = this.#means.peers().filter((peer) => this.isRestarting(peer));
    this.#met = undefined;
    for (const peer of late) this.#means.reopen(peer);
  }

  #changed(): void {
    if (this.#memory === undefined || this.#stopped || this.#closed.size > 0) return;
    this.#writing ??= this.#means.later(WRITE_SECONDS, () => {
      this.#writing = undefined;
      this.#write(true);
    });
  }

  #write(forwarding: boolean): void {
    const here = this.#means.peers().filter(isGraceful);
    this.#replace(here.length === 0 ? undefined : {
      routerId: this.#means.routerId(), forwarding,
      restartTimeSeconds: Math.min(...here.map(({ intent }) => intent.gracefulRestart!.restartTimeSeconds)),
      peers: here.map(({ name, facts }) => ({ name, families: facts!.negotiated.families })),
    });
  }

  #replace(state: RestartState | undefined): void {
    const file = this.#memory?.file;
    const text = state && encodeRestartState(state);
    if (file === undefined || text === this.#written) return;
    this.#written = text;
    if (text === undefined) file.remove();
    else file.write(text);
  }
}

function awaitedOf(peers: readonly RestartPeer[]): Map<Family, Set<string>> {
  const awaited = new Map<Family, Set<string>>();
  for (const { name: family } of FAMILIES) {
    const names = peers.filter(({ families }) => families.includes(family)).map(({ name }) => name);
    if (names.length > 0) awaited.set(family, new Set(names));
  }
  return awaited;
}

/** Whether a session is up in which both ends announced graceful restart. */
export function isGraceful({ intent, facts }: Peer): boolean {
  return intent.gracefulRestart !== undefined && facts?.negotiated.gracefulRestart !== undefined;
}
