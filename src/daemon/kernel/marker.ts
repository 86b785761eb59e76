/**
 * Has prefixes decided again whose next hops are reached otherwise than before. Rule: tables are walked in slices, and
 * what is news during a walk is looked for by the next one.
 */

import { formatAddress } from "../../base/address.ts";
import type { AttributesId, PrefixId } from "../../rib/ids.ts";
import type { Rib } from "../../rib/rib.ts";
import type { Tables } from "../tables.ts";
import { globalNextHop } from "./reachability.ts";

/** Prefixes looked at in one slice. */
const PREFIXES_PER_SLICE = 8192;

/** What a marker needs of its surroundings. */
export interface MarkerPorts {
  soon(run: () => void): void;
  /** Prefixes were marked. */
  changed(): void;
}

type News = Set<string> | "all";

/** The marker of a speaker's tables. */
export class Marker {
  readonly #tables: Tables;
  readonly #ports: MarkerPorts;
  /** What the walk is about: next hops, or everything; and what the next one will be about. */
  #news: News = new Set();
  #waiting: News = new Set();
  #family = 0;
  #at = 1;
  #isWalking = false;
  #isStopped = false;

  constructor(tables: Tables, ports: MarkerPorts) {
    this.#tables = tables;
    this.#ports = ports;
  }

  /** These next hops are reached otherwise. */
  nextHops(changed: readonly Uint8Array[]): void {
    if (changed.length === 0) return;
    if (this.#waiting !== "all") for (const address of changed) this.#waiting.add(formatAddress(address));
    this.#walk();
  }

  /** Every prefix may have become another matter. */
  all(): void {
    this.#waiting = "all";
    this.#walk();
  }

  stop(): void {
    this.#isStopped = true;
  }

  #walk(): void {
    if (this.#isWalking) return;
    this.#isWalking = true;
    this.#news = this.#waiting;
    this.#waiting = new Set();
    this.#family = 0;
    this.#at = 1;
    this.#ports.soon(() => this.#slice());
  }

  #slice(): void {
    if (this.#isStopped) return;
    const rib = this.#tables.ribs[this.#family];
    if (rib === undefined) {
      this.#isWalking = false;
      if (this.#waiting === "all" || this.#waiting.size > 0) this.#walk();
      return;
    }
    const { idsMax } = rib.prefixes;
    const end = Math.min(this.#at + PREFIXES_PER_SLICE - 1, idsMax);
    /** Ids may mean other attributes in the next slice. */
    const known = new Map<AttributesId, boolean>();
    for (let id = this.#at; id <= end; id++) {
      const prefix = id as PrefixId;
      if (rib.prefixes.isLive(prefix) && this.#concerns(rib, prefix, known)) rib.markDirty(prefix);
    }
    this.#at = end + 1;
    if (end >= idsMax) {
      this.#family++;
      this.#at = 1;
    }
    this.#ports.changed();
    this.#ports.soon(() => this.#slice());
  }

  #concerns(rib: Rib, prefix: PrefixId, known: Map<AttributesId, boolean>): boolean {
    const news = this.#news;
    if (news === "all") return true;
    for (let path = rib.firstOfPrefix(prefix); path !== 0; path = rib.nextOfPrefix(path)) {
      const attributes = rib.attributesOf(path);
      if (attributes === 0) continue;
      let isNews = known.get(attributes);
      if (isNews === undefined) {
        const { store } = this.#tables;
        const nextHop = globalNextHop(store.nextHop(attributes));
        isNews = nextHop.length > 0 && news.has(formatAddress(nextHop));
        known.set(attributes, isNews);
      }
      if (isNews) return true;
    }
    return false;
  }
}
