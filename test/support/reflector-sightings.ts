/** How often the cases that matter were reached: a property that never gets there proves nothing. */

import { parsePrefix } from "../../src/base/prefix.ts";
import type { UpdateGroup } from "../../src/reflector/group.ts";
import type { GroupMember } from "../../src/reflector/member.ts";
import type { PeerId } from "../../src/rib/ids.ts";
import type { Rib } from "../../src/rib/rib.ts";

/** How often each interesting thing happened. */
export type Counts = Record<string, number>;

/** Sees things happen to ids and members, and counts. */
export class Sightings {
  readonly #counts: Counts;
  // What ids last meant, to see them used again.
  readonly #prefixIds = new Map<string, string>();
  readonly #pathIds = new Map<string, string>();
  readonly #seen = new WeakMap<GroupMember, { state: string; detachments: number }>();
  readonly #fallBacks = new WeakMap<UpdateGroup, number>();

  constructor(counts: Counts) {
    this.#counts = counts;
  }

  count(what: string): void {
    this.#counts[what] = (this.#counts[what] ?? 0) + 1;
  }

  /** Counts tombstones that come alive and ids that are used again. */
  seeIds(rib: Rib, peer: PeerId, prefixes: readonly string[], receivedId: number): void {
    for (const text of prefixes) {
      const { address, length } = parsePrefix(text)!;
      const view = new DataView(Uint8Array.from([...address, ...new Uint8Array(12)]).buffer);
      const word = (i: number): number => (i < address.length / 4 ? view.getUint32(i * 4) : 0);
      const prefix = rib.prefixes.find(word(0), word(1), word(2), word(3), length);
      if (prefix === 0) continue;
      const was = this.#prefixIds.get(`${rib.family.index} ${prefix}`);
      if (was !== undefined && was !== text) this.count("prefix id reused");
      this.#prefixIds.set(`${rib.family.index} ${prefix}`, text);
      for (let path = rib.firstOfPrefix(prefix); path !== 0; path = rib.nextOfPrefix(path)) {
        if (rib.peerOf(path) !== peer || rib.receivedPathIdOf(path) !== receivedId) continue;
        const key = `${rib.family.index} ${path}`;
        const meaning = `${text} ${peer} ${receivedId}`;
        const meant = this.#pathIds.get(key);
        if (meant !== undefined && meant !== meaning) this.count("path id reused");
        if (!rib.isLive(path)) this.count("revived tombstone");
        this.#pathIds.set(key, meaning);
      }
    }
  }

  /** Counts what became of members since they were last seen. */
  seeMembers(members: Iterable<GroupMember>): void {
    for (const member of members) {
      const { state, detachments, group } = member;
      const before = this.#seen.get(member);
      if (before !== undefined && detachments > before.detachments) this.count("detached");
      if (before?.state === "detached" && state === "live") this.count("rejoined");
      this.#seen.set(member, { state, detachments });
      if (group.ring.fallBacks > (this.#fallBacks.get(group) ?? 0)) this.count("ring fallback");
      this.#fallBacks.set(group, group.ring.fallBacks);
      if (group.tooLong > 0) this.count("too long");
    }
  }
}
