/**
 * What died and waits for everyone to have been told. Rule: first come first freed, each row and each prefix is queued
 * once, and a prefix is queued only when its last row is gone.
 */

import { NO_PATH } from "./ids.ts";
import type { PathIndex, PrefixId } from "./ids.ts";
import { BEST, IN_LIMBO, PATH, PATH_FLAGS } from "./path-table.ts";
import type { PathTable } from "./path-table.ts";
import { PREFIX_MARK } from "./prefix-table.ts";
import type { PrefixTable } from "./prefix-table.ts";
import { U32Queue } from "./u32-queue.ts";

/** The dead rows and empty prefixes of one Rib, in order of burial. */
export class Limbo {
  readonly #prefixes: PrefixTable;
  readonly #paths: PathTable;
  /** A path as twice its row, a prefix as twice its id plus one. */
  readonly #queue = new U32Queue();

  constructor(prefixes: PrefixTable, paths: PathTable) {
    this.#prefixes = prefixes;
    this.#paths = paths;
  }

  get length(): number {
    return this.#queue.length;
  }

  get octets(): number {
    return this.#queue.octets;
  }

  /** Queues the dead rows of a prefix, or the prefix where it has no row. Answers how many rows it has. */
  bury(prefix: PrefixId): number {
    const rows = this.#paths.rows;
    const first = this.#prefixes.firstPath(prefix);
    if (first === 0) this.#buryPrefix(prefix);
    let count = 0;
    for (let path: number = first; path !== 0; path = rows.get(path, PATH.NEXT_OF_PREFIX)) {
      count++;
      const flags = rows.get(path, PATH.FLAGS);
      if ((flags & (PATH_FLAGS.DEAD | IN_LIMBO)) !== PATH_FLAGS.DEAD) continue;
      rows.set(path, PATH.FLAGS, flags | IN_LIMBO);
      this.#queue.push(path * 2);
    }
    return count;
  }

  /** Frees from the front while allowed, for up to `budget` entries; answers how many were freed. */
  reap(mayFree: (prefix: PrefixId, path: PathIndex) => boolean, budget: number): number {
    let freed = 0;
    for (let left = Math.min(budget, this.#queue.length); left > 0; left--) {
      const entry = this.#queue.peek();
      const done = (entry & 1) !== 0
        ? this.#reapPrefix((entry >>> 1) as PrefixId, mayFree)
        : this.#reapPath((entry >>> 1) as PathIndex, mayFree);
      if (done === "wait") break;
      this.#queue.shift();
      if (done === "freed") freed++;
    }
    return freed;
  }

  /** A dirty prefix is yet to be decided and its groups told; they will bury its dead again. */
  #reapPath(path: PathIndex, mayFree: (prefix: PrefixId, path: PathIndex) => boolean): "freed" | "passed" | "wait" {
    const rows = this.#paths.rows;
    const flags = rows.get(path, PATH.FLAGS);
    const prefix = rows.get(path, PATH.PREFIX) as PrefixId;
    if ((flags & PATH_FLAGS.DEAD) === 0 || this.#isUnsettled(prefix, path)) {
      rows.set(path, PATH.FLAGS, flags & ~IN_LIMBO);
      return "passed";
    }
    if (!mayFree(prefix, path)) return "wait";
    this.#paths.free(path);
    if (this.#prefixes.firstPath(prefix) === 0) this.#buryPrefix(prefix);
    return "freed";
  }

  #reapPrefix(prefix: PrefixId, mayFree: (prefix: PrefixId, path: PathIndex) => boolean): "freed" | "passed" | "wait" {
    if (this.#prefixes.firstPath(prefix) !== 0 || this.#isUnsettled(prefix, NO_PATH)) {
      this.#prefixes.clearMark(prefix, PREFIX_MARK.inLimbo);
      return "passed";
    }
    if (!mayFree(prefix, NO_PATH)) return "wait";
    this.#prefixes.release(prefix);
    return "freed";
  }

  #isUnsettled(prefix: PrefixId, path: PathIndex): boolean {
    return this.#prefixes.hasMark(prefix, PREFIX_MARK.dirty) ||
      (path !== 0 && (this.#paths.rows.get(path, PATH.FLAGS) & BEST) !== 0);
  }

  #buryPrefix(prefix: PrefixId): void {
    if (this.#prefixes.hasMark(prefix, PREFIX_MARK.inLimbo)) return;
    this.#prefixes.setMark(prefix, PREFIX_MARK.inLimbo);
    this.#queue.push(prefix * 2 + 1);
  }
}
