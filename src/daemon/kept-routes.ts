/**
 * The routes of a neighbour that went away, family by family: performs what the machine of fsm/restart.ts asks for.
 * Rule: no clause of an RFC is decided here; what is done to many routes is done in slices (work.ts).
 */

import type { RestartAction, RestartEvent, RestartState, RestartTimer } from "../fsm/restart.ts";
import { backEvent, FRESH, restartTerms, stepRestart } from "../fsm/restart.ts";
import { FAMILIES } from "../messages/families.ts";
import type { FamilyRow } from "../messages/families.ts";
import type { Negotiated } from "../messages/negotiation.ts";
import { makeLongLived } from "../reflector/long-lived.ts";
import { PATH_FLAGS } from "../rib/rib.ts";
import type { SessionEnd, SessionFacts } from "../transport/ports.ts";
import type { PeerHost } from "./host.ts";
import type { Peer } from "./peer.ts";

/** One neighbour's kept routes. */
export class KeptRoutes {
  readonly #host: PeerHost;
  readonly #peer: Peer;
  /** By index of the family. */
  readonly #states: RestartState[] = FAMILIES.map(() => FRESH);
  /** What takes a timer back, by "index of the family, timer". */
  readonly #timers = new Map<string, () => void>();

  constructor(host: PeerHost, peer: Peer) {
    this.#host = host;
    this.#peer = peer;
  }

  /** Whether anything is stale. */
  get any(): boolean {
    return this.#states.some((state) => state !== FRESH);
  }

  /** Whether the session is back and the family's End-of-RIB is awaited. */
  awaits(family: FamilyRow): boolean {
    return this.#states[family.index]!.name === "Returned";
  }

  /** The session left Established. False where nothing is kept: then the owner withdraws everything. */
  lost(end: SessionEnd, { local, negotiated }: SessionFacts): boolean {
    const terms = FAMILIES.map((family) => restartTerms(family, end, local, negotiated));
    if (terms.every((one) => one === undefined)) {
      this.forget();
      return false;
    }
    for (const family of FAMILIES) this.#on(family, { name: "Lost", terms: terms[family.index] });
    return true;
  }

  /** A session of the same router is Established. */
  back(negotiated: Negotiated): void {
    for (const family of FAMILIES) this.#on(family, backEvent(family, negotiated));
  }

  /** The neighbour has said everything that it has. */
  endOfRib(family: FamilyRow): void {
    this.#on(family, { name: "EndOfRib" });
  }

  /** Stops keeping; the owner withdraws what there is. */
  forget(): void {
    for (const takeBack of this.#timers.values()) takeBack();
    this.#timers.clear();
    this.#states.fill(FRESH);
  }

  #on(family: FamilyRow, event: RestartEvent): void {
    const before = this.#states[family.index]!;
    const { state, actions } = stepRestart(before, event);
    this.#states[family.index] = state;
    for (const action of actions) this.#do(family, action);
    if (state.name === before.name) return;
    this.#peer.log("info", "routes-kept", { family: family.name, from: before.name, to: state.name });
    if (!this.any && this.#peer.facts === undefined) this.#host.nothingKept(this.#peer);
  }

  #do(family: FamilyRow, action: RestartAction): void {
    const { work, tables } = this.#host;
    const { id } = this.#peer;
    const rib = tables.ribs[family.index]!;
    switch (action.do) {
      case "markStale": return work.markStale(id, family);
      case "markLongLived": return work.sweep(id, family, (path) => makeLongLived(tables.store, rib, path));
      case "dropStaleNow": return work.sweepNow(id, family);
      case "drop":
        if (action.what === "all") work.markStale(id, family);
        if (action.what !== "longLived") return work.sweep(id, family);
        return work.sweep(id, family, (path) => !rib.hasFlag(path, PATH_FLAGS.LLGR_STALE));
      case "arm": return this.#arm(family, action.timer, action.seconds);
      case "disarm": return this.#disarm(family, action.timer);
    }
  }

  #arm(family: FamilyRow, timer: RestartTimer, seconds: number): void {
    this.#disarm(family, timer);
    const key = keyOf(family, timer);
    this.#timers.set(key, this.#host.later(seconds, () => {
      this.#timers.delete(key);
      this.#on(family, { name: `${timer}_Expires` });
    }));
  }

  #disarm(family: FamilyRow, timer: RestartTimer): void {
    const key = keyOf(family, timer);
    this.#timers.get(key)?.();
    this.#timers.delete(key);
  }
}

function keyOf(family: FamilyRow, timer: RestartTimer): string {
  return `${family.index} ${timer}`;
}
