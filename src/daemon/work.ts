/**
 * What the tables still have to do: decide and tell, withdraw lost peers, sweep, judge again, free. Rule: it is done in
 * bounded slices, one per turn of the event loop, so that sockets and timers are never starved.
 */

import type { Instant } from "../base/ports.ts";
import { FAMILIES } from "../messages/families.ts";
import type { FamilyRow } from "../messages/families.ts";
import type { PathIndex, PeerId } from "../rib/ids.ts";
import { Garbage } from "./garbage.ts";
import { Histogram } from "./histogram.ts";
import type { Peer } from "./peer.ts";
import { Rejudge } from "./rejudge.ts";
import type { Tables } from "./tables.ts";

/** Paths of a lost peer withdrawn, and stale ones looked at, in one slice. */
const PATHS_PER_SLICE = 32_768;
/** Rows looked at in one slice for peers whose rules changed. */
const ROWS_JUDGED_PER_SLICE = 16_384;
/**
 * More is decided in a slice while a full one takes less, and less once it takes more; who is to be woken waits for the
 * next one when so much is gone.
 */
const SLICE_MILLISECONDS = { less: 10, more: 30, waking: 40 } as const;
/** The least part of a whole slice, and the first: code takes ten times as long until Node has compiled it. */
const SHARE_MIN = 1 / 16;
/** What is decided waits so long for more input at most: thousands of members are then woken once for all. */
const MORE_MILLISECONDS = 150;
/** How long dead rows wait until they are looked at again. */
const REAP_SECONDS = 1;
/** How long what was told to one that joined is kept for others. */
const REST_SECONDS = 2;
/** Garbage is collected when nothing was to do for so long, or when it has waited for that. */
const COLLECT_SECONDS = { quiet: 1, latest: 10 } as const;

/** What work needs of its surroundings. */
export interface WorkPorts {
  now(): Instant;
  /** Runs in the next turn of the event loop. */
  soon(run: () => void): void;
  later(seconds: number, run: () => void): () => void;
  /** Input that has been received waits for its turn. */
  moreIn(): boolean;
  /** A peer takes so little that what must be kept for it grows without bound: its session has to end. */
  tooSlow(id: PeerId): void;
  /** Gives the memory of what is garbage back to the system. */
  collectGarbage(): void;
}

/** A look at all stale paths of a peer and family: what is not spared is withdrawn. */
interface Sweep {
  readonly id: PeerId;
  readonly family: FamilyRow;
  readonly spares: ((path: PathIndex) => boolean) | undefined;
}

/** The work of one speaker. */
export class Work {
  readonly #tables: Tables;
  readonly #ports: WorkPorts;
  readonly #dropping = new Set<PeerId>();
  readonly #retired = new Set<PeerId>();
  readonly #sweeps = new Map<string, Sweep>();
  readonly #rejudge: Rejudge;
  readonly #garbage = new Garbage();
  #stopped = false;
  #scheduled = false;
  /** UPDATEs have come since the last slice. */
  #received = false;
  #reaping: (() => void) | undefined = undefined;
  #resting: (() => void) | undefined = undefined;
  #collecting: (() => void) | undefined = undefined;
  #since: Instant | undefined = undefined;
  /** When something was last done. */
  #workedAt: Instant = 0 as Instant;
  /** How much of a whole slice the next one may decide. */
  #share = SHARE_MIN;
  /** Change received until everything that it changed was handed to the sessions, in seconds. */
  readonly convergenceSeconds: Histogram = new Histogram();

  constructor(tables: Tables, ports: WorkPorts) {
    this.#tables = tables;
    this.#ports = ports;
    this.#rejudge = new Rejudge(tables);
  }

  /** Something may have changed: a slice runs soon. */
  changed(): void {
    if (this.#stopped) return;
    this.#since ??= this.#ports.now();
    if (this.#scheduled) return;
    this.#scheduled = true;
    this.#ports.soon(() => this.#slice());
  }

  /** UPDATEs came, and more may be on their way. */
  received(): void {
    this.#received = true;
    this.changed();
  }

  /** Withdraws all paths of a peer. */
  drop(id: PeerId): void {
    for (const family of FAMILIES) this.cancelSweep(id, family);
    this.#dropping.add(id);
    this.changed();
  }

  /** A session came up or ended. */
  sessionChanged(): void {
    this.#garbage.sessionChanged();
  }

  isDropping(id: PeerId): boolean {
    return this.#dropping.has(id);
  }

  /** Releases the id once nothing refers to it. */
  retire(id: PeerId): void {
    this.#retired.add(id);
    this.drop(id);
  }

  /** Withdraws the stale paths of a peer, but for those that `spares` wants kept: it is asked once for each. */
  sweep(id: PeerId, family: FamilyRow, spares?: (path: PathIndex) => boolean): void {
    this.#tables.ribs[family.index]!.beginSweep(id);
    this.#sweeps.set(keyOf(id, family), { id, family, spares });
    this.changed();
  }

  /** What is stale stays for now. */
  cancelSweep(id: PeerId, family: FamilyRow): void {
    this.#sweeps.delete(keyOf(id, family));
  }

  /** Withdraws the stale paths of a peer before anything else happens: their mark is about to mean others, too. */
  sweepNow(id: PeerId, family: FamilyRow): void {
    this.sweep(id, family);
    this.#sweepOne(this.#sweeps.get(keyOf(id, family))!, Infinity);
  }

  /** Makes every path of a peer stale. A sweep under way is ended first, or it would take these, too. */
  markStale(id: PeerId, family: FamilyRow): void {
    const sweep = this.#sweeps.get(keyOf(id, family));
    if (sweep !== undefined) this.#sweepOne(sweep, Infinity);
    this.#tables.ribs[family.index]!.markStale(id);
  }

  /** Judges again what a peer sent, by its present rules and import policy. */
  rejudge(peer: Peer): void {
    this.#rejudge.add(peer);
    this.changed();
  }

  #slice(): void {
    this.#scheduled = false;
    if (this.#stopped) return;
    const from = this.#ports.now();
    this.#dropSome();
    this.#sweepSome();
    this.#rejudge.step(ROWS_JUDGED_PER_SLICE);
    let full = false;
    const more = from - (this.#since ?? from) < MORE_MILLISECONDS && this.#isMoreLikely();
    this.#received = false;
    const gone = (): number => (this.#ports.now() - from) / SLICE_MILLISECONDS.waking;
    for (const reflector of this.#tables.reflectors) full = reflector.pump(this.#share, more, gone) || full;
    if (full) this.#share = shareAfter(this.#share, this.#ports.now() - from);
    this.#reapLater(); // also while changes never cease
    this.#restLater();
    this.#workedAt = this.#ports.now();
    if (this.#busy()) return this.changed();
    if (this.#since !== undefined) this.convergenceSeconds.observe((this.#ports.now() - this.#since) / 1000);
    this.#since = undefined;
    this.#collectLater();
  }

  /** Input stands in line; or some came just now, and so many are to be woken for it that a turn without is awaited. */
  #isMoreLikely(): boolean {
    return this.#ports.moreIn() || (this.#received && this.#tables.reflectors.some(({ isCrowded }) => isCrowded));
  }

  /** Looks at the size of the tables whenever nothing is left to do: after changes, and after rows were freed. */
  #collectLater(): void {
    const { quiet, latest } = COLLECT_SECONDS;
    if (this.#garbage.isDue(this.#tableOctets())) this.#collectAfter(quiet, latest);
  }

  /** After so many seconds, if it is quiet then: nobody is to wait for it, as long as `most` are not over. */
  #collectAfter(seconds: number, most: number): void {
    this.#collecting = this.#ports.later(seconds, () => {
      const left = COLLECT_SECONDS.quiet - (this.#ports.now() - this.#workedAt) / 1000;
      if (left > 0 && most > seconds) return this.#collectAfter(left, most - seconds);
      this.#ports.collectGarbage();
      this.#garbage.collected(this.#tableOctets());
    });
  }

  #tableOctets(): number {
    const { store, ribs } = this.#tables;
    return ribs.reduce((sum, rib) => sum + rib.octets, store.octets);
  }

  #dropSome(): void {
    let left = PATHS_PER_SLICE;
    for (const id of this.#dropping) {
      if (left <= 0) return;
      const paths = this.#tables.ribs.reduce((sum, rib) => sum + rib.received(id), 0);
      if (this.#tables.ribs.every((rib) => rib.dropPeer(id, left))) this.#dropping.delete(id);
      left -= paths;
    }
  }

  #sweepSome(): void {
    let left = PATHS_PER_SLICE;
    for (const sweep of this.#sweeps.values()) {
      if (left <= 0) return;
      const paths = this.#tables.ribs[sweep.family.index]!.received(sweep.id);
      this.#sweepOne(sweep, left);
      left -= paths;
    }
  }

  #sweepOne({ id, family, spares }: Sweep, budget: number): void {
    const isOver = this.#tables.ribs[family.index]!.sweepStale(id, budget, spares);
    if (isOver) this.#sweeps.delete(keyOf(id, family));
  }

  #busy(): boolean {
    return this.#dropping.size > 0 || this.#sweeps.size > 0 || this.#rejudge.busy ||
      this.#tables.reflectors.some((reflector) => reflector.busy);
  }

  #restLater(): void {
    this.#resting ??= this.#ports.later(REST_SECONDS, () => {
      this.#resting = undefined;
      const keeps = this.#tables.reflectors.filter((reflector) => reflector.rest()).length > 0;
      if (keeps && !this.#stopped) this.#restLater();
    });
  }

  #reapLater(): void {
    const waiting = this.#retired.size > 0 ||
      this.#tables.ribs.some(({ limboCount, orphanCount }) => limboCount > 0 || orphanCount > 0);
    if (waiting) this.#reaping ??= this.#ports.later(REAP_SECONDS, () => this.#reap());
  }

  #reap(): void {
    this.#reaping = undefined;
    if (this.#stopped) return;
    const more = FAMILIES.filter(({ index }) => this.#tables.reflectors[index]!.reap()).length > 0;
    for (const id of this.#retired) this.#release(id);
    for (const reflector of this.#tables.reflectors) {
      const laggard = reflector.laggard();
      if (laggard !== undefined) this.#ports.tooSlow(laggard.peer);
    }
    if (more) {
      this.#workedAt = this.#ports.now();
      this.#reaping = this.#ports.later(0, () => this.#reap());
    } else this.#reapLater();
    this.#collectLater();
  }

  #release(id: PeerId): void {
    const { ribs, sources, peers } = this.#tables;
    if (this.#dropping.has(id) || ribs.some((rib) => rib.refersTo(id))) return;
    sources.drop(id);
    if (sources.refersTo(id)) return;
    peers.release(id);
    this.#retired.delete(id);
  }

  /** Ends all work: sessions are gone, and nobody will ask the tables any more. */
  stop(): void {
    this.#stopped = true;
    this.#reaping?.();
    this.#resting?.();
    this.#collecting?.();
  }
}

function keyOf(id: PeerId, family: FamilyRow): string {
  return `${id} ${family.index}`;
}

/** The share of a slice, after one that was full took so long. */
function shareAfter(share: number, milliseconds: number): number {
  if (milliseconds > SLICE_MILLISECONDS.more) return Math.max(share / 2, SHARE_MIN);
  return milliseconds < SLICE_MILLISECONDS.less ? Math.min(share * 2, 1) : share;
}
