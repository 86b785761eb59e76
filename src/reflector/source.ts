/**
 * Where paths come from, as export sees it. Rule: a source never changes; when a peer's facts change it gets a new one,
 * so that what was told under the old facts is seen to differ.
 */

import { assert } from "../base/assert.ts";
import type { PeerId } from "../rib/ids.ts";
import type { PeerKind } from "./reflection.ts";

/** Dense number of a source; 0 is none. */
export type SourceId = number & { readonly __source: never };

/** One version of a peer as the source of paths. */
export interface Source {
  readonly peer: PeerId;
  readonly kind: PeerKind;
  /** Routes of our own. */
  readonly own: boolean;
  /** BGP Identifier: what ORIGINATOR_ID is stamped with. */
  readonly routerId: number;
  /** The cluster id of a client's session; 0 for other sessions (BIRD's rule for CLUSTER_LIST). */
  readonly clusterId: number;
  readonly localAsNumber: number;
}

/** All sources by id, and the present one of each peer. */
export class Sources {
  readonly #sources: (Source | undefined)[] = [undefined];
  readonly #references: number[] = [0];
  readonly #free: SourceId[] = [];
  readonly #ofPeer: SourceId[] = [];
  /** How many versions of each peer are still referred to. */
  readonly #versions: number[] = [];

  /** Sources that a peer has or something told refers to. */
  get size(): number {
    return this.#sources.length - 1 - this.#free.length;
  }

  /** The present source of a peer. */
  of(peer: PeerId): SourceId {
    const id = this.#ofPeer[peer];
    assert(id !== undefined && id !== 0, "a peer that announces has a source");
    return id;
  }

  get(id: SourceId): Source {
    const source = this.#sources[id];
    assert(source !== undefined, "a source that is referred to is live");
    return source;
  }

  /** Makes `source` the present one of its peer. Answers whether anything changed. */
  set(source: Source): boolean {
    const old = this.#ofPeer[source.peer] ?? (0 as SourceId);
    if (old !== 0 && sameSource(this.get(old), source)) return false;
    const id = this.#free.pop() ?? (this.#sources.length as SourceId);
    this.#sources[id] = source;
    this.#versions[source.peer] = (this.#versions[source.peer] ?? 0) + 1;
    this.#references[id] = 0;
    this.#ofPeer[source.peer] = id;
    this.retain(id);
    if (old !== 0) this.release(old);
    return true;
  }

  /** The peer is gone; its source lives on while something told refers to it. */
  drop(peer: PeerId): void {
    const id = this.#ofPeer[peer] ?? (0 as SourceId);
    this.#ofPeer[peer] = 0 as SourceId;
    if (id !== 0) this.release(id);
  }

  retain(id: SourceId): void {
    this.#references[id]!++;
  }

  release(id: SourceId): void {
    if (--this.#references[id]! > 0) return;
    this.#versions[this.get(id).peer]!--;
    this.#sources[id] = undefined;
    this.#free.push(id);
  }

  /** Whether anything told still refers to the peer (then its PeerId must not be used again). */
  refersTo(peer: PeerId): boolean {
    return (this.#versions[peer] ?? 0) > 0;
  }
}

function sameSource(a: Source, b: Source): boolean {
  return a.peer === b.peer && a.kind === b.kind && a.own === b.own && a.routerId === b.routerId &&
    a.clusterId === b.clusterId && a.localAsNumber === b.localAsNumber;
}
