/**
 * Adj-RIB-In through rules and policies that changed, without asking the peers (soft reconfiguration in). Rule: one
 * walk over the rows serves all peers that wait, a bounded number of rows at a time; what arrives meanwhile was judged
 * by the new rules already.
 */

import { makeLongLived } from "../reflector/long-lived.ts";
import { judge } from "../reflector/session-rules.ts";
import type { Verdict } from "../reflector/session-rules.ts";
import { NO_ATTRIBUTES } from "../rib/ids.ts";
import type { AttributesId, PathIndex, PeerId } from "../rib/ids.ts";
import { PATH_FLAGS } from "../rib/rib.ts";
import type { Rib } from "../rib/rib.ts";
import type { Peer } from "./peer.ts";
import type { Tables } from "./tables.ts";

/** One walk: whose paths, and how far it is. */
interface Walk {
  readonly peers: ReadonlyMap<PeerId, Peer>;
  family: number;
  next: number;
}

/** The verdict that runs of paths share; its attributes are retained while it is remembered. */
interface Remembered {
  readonly peer: PeerId;
  readonly received: AttributesId;
  readonly verdict: Verdict;
}

/** Peers whose routes are to be judged again, also those that are away while their routes are kept. */
export class Rejudge {
  readonly #tables: Tables;
  readonly #waiting = new Set<Peer>();
  #walk: Walk | undefined = undefined;
  #last: Remembered | undefined = undefined;

  constructor(tables: Tables) {
    this.#tables = tables;
  }

  get busy(): boolean {
    return this.#walk !== undefined || this.#waiting.size > 0;
  }

  /** The peer's rules changed now; a walk that is under way does not count for it. */
  add(peer: Peer): void {
    if (peer.ingress !== undefined) this.#waiting.add(peer);
  }

  /** Looks at up to `budget` rows. */
  step(budget: number): void {
    if (this.#walk === undefined) {
      if (this.#waiting.size === 0) return;
      this.#walk = { peers: new Map([...this.#waiting].map((peer) => [peer.id, peer])), family: 0, next: 1 };
      this.#waiting.clear();
    }
    const walk = this.#walk;
    const rib = this.#tables.ribs[walk.family]!;
    const end = Math.min(walk.next + budget, rib.pathsMax + 1);
    for (; walk.next < end; walk.next++) this.#look(rib, walk.next as PathIndex, walk);
    this.#forget();
    if (walk.next <= rib.pathsMax) return;
    walk.family++;
    walk.next = 1;
    if (walk.family === this.#tables.ribs.length) this.#walk = undefined;
  }

  #look(rib: Rib, path: PathIndex, { peers }: Walk): void {
    if (!rib.isLive(path)) return;
    const id = rib.peerOf(path);
    const peer = peers.get(id);
    if (peer?.ingress !== undefined && peer.id === id) this.#judge(rib, path, peer);
  }

  #judge(rib: Rib, path: PathIndex, peer: Peer): void {
    const { store } = this.#tables;
    const { policy } = peer.ingress!;
    const { fault, flags, attributes: usable } = this.#verdict(rib.attributesInOf(path), peer);
    const prefix = rib.prefixOf(path);
    if (fault !== undefined) return withdraw(rib, path); // as on arrival (RFC 7606 §2)
    const attributes = usable === NO_ATTRIBUTES ? usable : policy.filter(store, rib, prefix, usable, true);
    if (attributes !== NO_ATTRIBUTES) store.retain(attributes);
    const judged = flags | (attributes === NO_ATTRIBUTES ? PATH_FLAGS.FILTERED : 0);
    // A long-lived stale path keeps its mark until it is announced again or swept, whatever the policy is by then.
    if (!rib.hasFlag(path, PATH_FLAGS.LLGR_STALE)) rib.setPolicyResult(path, attributes, judged);
    else if (!makeLongLived(store, rib, path, attributes, judged)) withdraw(rib, path);
    if (attributes !== NO_ATTRIBUTES) store.release(attributes);
  }

  #verdict(received: AttributesId, peer: Peer): Verdict {
    if (this.#last?.peer === peer.id && this.#last.received === received) return this.#last.verdict;
    this.#forget();
    const verdict = judge(this.#tables.store, received, peer.ingress!.rules);
    if (verdict.attributes !== NO_ATTRIBUTES) this.#tables.store.retain(verdict.attributes);
    this.#tables.store.retain(received);
    this.#last = { peer: peer.id, received, verdict };
    return verdict;
  }

  #forget(): void {
    if (this.#last === undefined) return;
    const { received, verdict } = this.#last;
    if (verdict.attributes !== NO_ATTRIBUTES) this.#tables.store.release(verdict.attributes);
    this.#tables.store.release(received);
    this.#last = undefined;
  }
}

function withdraw(rib: Rib, path: PathIndex): void {
  rib.withdraw(rib.peerOf(path), rib.prefixOf(path), rib.receivedPathIdOf(path));
}
