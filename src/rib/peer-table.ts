/**
 * The peers that paths come from, by id. Rule: an id is released by the daemon only when no path row and nothing told
 * refers to it any more (`Rib.refersTo`); peer 1 is ourselves, from the start.
 */

import { assert } from "../base/assert.ts";
import { EMPTY } from "../base/bytes.ts";
import { OWN_PEER } from "./ids.ts";
import type { PeerId } from "./ids.ts";

/** What decision and export need to know of a peer. */
export interface PeerFacts {
  /** The neighbour's unique name. */
  readonly name: string;
  readonly ebgp: boolean;
  /** Routes of our own: preferred to learned ones. */
  readonly own: boolean;
  /** A client of this reflector (RFC 4456). */
  readonly client: boolean;
  /** The cluster id of the session. */
  readonly clusterId: number;
  /** BGP Identifier; 0 before the first OPEN. */
  readonly routerId: number;
  /** 4 or 16 octets; empty for own routes. */
  readonly address: Uint8Array;
  readonly remotePort: number;
  readonly localAs: number;
  readonly asNumber: number;
  /** Preference before all else, higher first; where absent 1 for own routes and 0 for learned ones. */
  readonly preference?: number;
}

const OURSELVES: PeerFacts = {
  name: "", ebgp: false, own: true, client: false, clusterId: 0, routerId: 0, address: EMPTY, remotePort: 0,
  localAs: 0, asNumber: 0,
};

/** Tags of peers are below. */
export const PEER_TAGS: number = 2 ** 19;

/** All peers by id. */
export class PeerTable {
  readonly #facts: (PeerFacts | undefined)[] = [undefined, OURSELVES];
  /** Tags by id, and those that are taken. */
  readonly #tags: number[] = [0, 1];
  readonly #taken = new Set([0, 1]);
  readonly #free: PeerId[] = [];

  /** Live peers, with ourselves. */
  get size(): number {
    return this.#facts.length - 1 - this.#free.length;
  }

  /** No live id is greater. */
  get idsMax(): number {
    return this.#facts.length - 1;
  }

  add(facts: PeerFacts): PeerId {
    const id = this.#free.pop() ?? (this.#facts.length as PeerId);
    this.#facts[id] = facts;
    this.#tags[id] = this.#freeTag(facts.name);
    return id;
  }

  /** A number of the peer's own below PEER_TAGS; as it goes by the name, most likely the same in another run. */
  tagOf(id: PeerId): number {
    return this.#tags[id]!;
  }

  #freeTag(name: string): number {
    let tag = hashOf(name) % PEER_TAGS;
    while (this.#taken.has(tag)) tag = (tag + 1) % PEER_TAGS;
    this.#taken.add(tag);
    return tag;
  }

  /** Replaces the facts of a peer; prefixes with paths of it are to be decided again by the caller. */
  update(id: PeerId, facts: PeerFacts): void {
    this.get(id);
    this.#facts[id] = facts;
  }

  release(id: PeerId): void {
    assert(id !== OWN_PEER, "ourselves are never released");
    this.get(id);
    this.#facts[id] = undefined;
    this.#taken.delete(this.#tags[id]!);
    this.#free.push(id);
  }

  get(id: PeerId): PeerFacts {
    const facts = this.#facts[id];
    assert(facts !== undefined, "a peer that is asked for is live");
    return facts;
  }

  isLive(id: PeerId): boolean {
    return this.#facts[id] !== undefined;
  }
}

/** FNV-1a, of 32 bits. */
function hashOf(text: string): number {
  let hash = 0x811c9dc5;
  for (let at = 0; at < text.length; at++) hash = Math.imul(hash ^ text.charCodeAt(at), 0x01000193) >>> 0;
  return hash;
}
