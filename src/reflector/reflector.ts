/**
 * One family's way out: decision, groups, members and reaping. Rule: input only marks prefixes; `pump` decides and
 * tells, in bounded slices, so that a table of any size never holds up a keepalive.
 */

import { assert } from "../base/assert.ts";
import type { FamilyRow } from "../messages/families.ts";
import type { PrefixId } from "../rib/ids.ts";
import { UpdateGroup } from "./group.ts";
import type { GroupTables } from "./group.ts";
import { REFLECTOR_LIMITS } from "./limits.ts";
import type { ReflectorLimits } from "./limits.ts";
import { GroupMember } from "./member.ts";
import type { FeedMarks, MemberIdentity } from "./member.ts";
import type { ExportTarget } from "./target.ts";

/** A prefix with this many paths counts as two in a slice, with twice as many as three. */
const PATHS_PER_PREFIX = 8;

/** Slices without a stream's worth after which it has ended: the next input of a connection may be two turns away. */
const QUIET_SLICES = 2;

/** Of a slice that may take as long as it does. */
const noTime = (): number => 0;

/** The reflector of one address family. */
export class Reflector {
  readonly family: FamilyRow;
  readonly tables: GroupTables;
  /** Told of each prefix that was decided; absent: nobody asks but the groups. */
  onDecided: ((prefix: PrefixId) => void) | undefined = undefined;
  readonly #limits: ReflectorLimits;
  readonly #groups = new Map<string, UpdateGroup>();
  readonly #later = new Set<GroupMember>();
  /** Members that the last flush may have something for and that were not woken yet; the log's octets before it. */
  readonly #unwoken = new Map<GroupMember, number>();
  /** Groups with changes that no member was woken for yet; the log's octets before these. */
  readonly #unheard = new Map<UpdateGroup, number>();
  /** Prefixes decided since members were woken, those with many paths counted as in a slice. */
  #decided = 0;
  /** Slices that are waited for more of a stream. */
  #awaited = 0;
  /** What this slice has cost so far, in octets handed out. */
  #spent = 0;
  #nextGroup = 1;
  /** Prefixes to decide until the gate is open: 0 it is, infinitely many it is closed. */
  #untilOpen = 0;
  #tooLong = 0;
  /** The group with the member that the last `reap` could not go on for. */
  #waitedFor: UpdateGroup | undefined;

  constructor(family: FamilyRow, tables: GroupTables, limits: ReflectorLimits = REFLECTOR_LIMITS) {
    this.family = family;
    this.tables = tables;
    this.#limits = limits;
  }

  groups(): Iterable<UpdateGroup> {
    return this.#groups.values();
  }

  /** Whether a change may have to be told to many. */
  get isCrowded(): boolean {
    for (const { members } of this.#groups.values()) if (members.size >= this.#limits.membersOfCrowd) return true;
    return false;
  }

  /** Routes ever kept back because they fit no message. */
  get tooLong(): number {
    let sum = this.#tooLong;
    for (const group of this.#groups.values()) sum += group.tooLong;
    return sum;
  }

  /**
   * Closed: nothing is told and no End-of-RIB is sent (a restart is being recovered, RFC 4724 §4.1). It opens once
   * everything that waits now is decided: End-of-RIB says that what was not told by then is gone.
   */
  setGate(open: boolean): void {
    if (!open) this.#untilOpen = Infinity;
    else if (this.#untilOpen > 0) this.#untilOpen = this.tables.rib.dirtyCount;
    if (this.#untilOpen === 0) this.#opened();
  }

  /** Members are woken in the slices that follow: thousands of first tables take longer than a turn should. */
  #opened(): void {
    for (const group of this.#groups.values()) for (const member of group.members) this.#later.add(member);
  }

  /** A member that is told everything, then End-of-RIB (`marks`), then every change. */
  join(who: MemberIdentity, target: ExportTarget, marks: FeedMarks): GroupMember {
    const member = new GroupMember(who, this.#groupFor(target));
    member.refresh(marks);
    return member;
  }

  leave(member: GroupMember): void {
    this.#later.delete(member);
    this.#unwoken.delete(member);
    member.leave();
    if (member.group.members.size === 0) this.#dissolve(member.group);
  }

  /**
   * Other targets for some members: those of a group that all move to one and the same new target that selects other
   * paths but writes them alike take their group along and hear only differences; any other is told the new group's
   * table and what it holds too much is withdrawn.
   * Answers the members as they are now, in the order given; the caller wakes their sessions.
   */
  retarget(moves: readonly { readonly member: GroupMember; readonly target: ExportTarget }[]): GroupMember[] {
    const held = new Map<GroupMember, Uint8Array>();
    for (const group of new Set(moves.map(({ member }) => member.group))) {
      const leaving = moves.filter(({ member }) => member.group === group);
      const { key, writingKey } = leaving[0]!.target;
      const together = leaving.length === group.members.size && leaving.every(({ target }) => target.key === key);
      // What was told is compared by its attributes and source, which say nothing of how the group writes them.
      if (together && writingKey === group.target.writingKey && !this.#groups.has(key)) {
        this.#rekey(group, leaving[0]!.target);
        continue;
      }
      const members = leaving.map(({ member }) => member);
      const slots = GroupMember.heldSlots(group, members);
      for (const member of members) held.set(member, slots);
    }
    return moves.map(({ member, target }) =>
      (member.group.target.key === target.key ? member : this.#move(member, target, held.get(member))));
  }

  /** Whether a slice is waiting. */
  get busy(): boolean {
    if (this.tables.rib.dirtyCount > 0 || this.#later.size > 0) return true;
    if (this.#unwoken.size > 0 || this.#unheard.size > 0) return true;
    for (const group of this.#groups.values()) if (!group.populated) return true;
    return false;
  }

  /**
   * One slice: decides, tells the groups, wakes the members that have something to send. What thousands of members
   * are to be sent takes the kernel seconds: some are woken in later slices, and nothing more is decided before, so
   * that waiting for its turn makes no member slow. `share`: how much of a whole slice may be decided, at most 1;
   * `more`: as more is about to come, members are better woken for both; `gone`: how much of the slice's time is, in
   * parts of it, as nobody can say in octets how long a write takes. Answers whether that much was decided.
   */
  pump(share: number = 1, more: boolean = false, gone: () => number = noTime): boolean {
    const prefixes = Math.ceil(share * this.#limits.prefixesPerSlice);
    let full = false;
    this.#spent = 0;
    this.#wakeWaiting(gone);
    if (this.#unwoken.size === 0) {
      for (const group of this.#groups.values()) group.beginFlush();
      const { dirtyCount } = this.tables.rib;
      this.#awaited = dirtyCount >= this.#limits.prefixesOfStream ? QUIET_SLICES : Math.max(this.#awaited - 1, 0);
      full = this.#decide(prefixes);
      for (const group of [...this.#groups.values()]) this.#flush(group, prefixes);
      if (!this.#awaitsMore(more)) this.#hear();
    }
    this.#wakeSome(gone);
    return full;
  }

  /**
   * Whether members are woken later, because a write costs each of them the same however little it is: while changes
   * wait or still come in a stream, until there is as much as one write takes.
   */
  #awaitsMore(more: boolean): boolean {
    const { prefixesPerWake, octetsPerWake } = this.#limits;
    if (this.tables.rib.dirtyCount === 0 && this.#awaited === 0 && !more) return false;
    if (this.#decided >= prefixesPerWake) return false;
    for (const [group, octetsBefore] of this.#unheard) {
      if (group.log.octets - octetsBefore >= octetsPerWake) return false;
    }
    return true;
  }

  /** Feeds go on beside the changes: at most half of the slice is theirs, and a few of them at least. */
  #wakeWaiting(gone: () => number): void {
    let woken = 0;
    for (const member of [...this.#later]) {
      if (this.#spent >= this.#limits.octetsPerSlice / 2) return;
      if (this.#later.delete(member)) member.wake();
      if (++woken % this.#limits.wakesPerLook === 0 && gone() >= 1 / 2) return;
    }
  }

  /** A few at least, whatever came before them in the slice. */
  #wakeSome(gone: () => number): void {
    let woken = 0;
    for (const [member, octetsBefore] of this.#unwoken) {
      if (this.#spent >= this.#limits.octetsPerSlice) return;
      this.#unwoken.delete(member);
      member.wake();
      member.detachIfSlow(octetsBefore);
      if (++woken % this.#limits.wakesPerLook === 0 && gone() >= 1) return;
    }
  }

  /** The member has had its share of this turn: it is woken again in a later slice. */
  wakeLater(member: GroupMember): void {
    this.#later.add(member);
  }

  /** Routes for a member's session. */
  pull(member: GroupMember): Uint8Array | undefined {
    const octets = member.pull(this.#untilOpen === 0);
    if (octets !== "later") {
      if (octets !== undefined) this.#spent += octets.length + this.#limits.octetsPerPull;
      return octets;
    }
    this.#later.add(member);
    return undefined;
  }

  /**
   * Frees rows that nobody has to hear of any more, and attributes of withdrawn paths. Answers whether more may be
   * freed at once.
   */
  reap(): boolean {
    this.#waitedFor = undefined;
    this.rest();
    const { rib } = this.tables;
    const { reapedPerSlice } = this.#limits;
    rib.freeOrphans(reapedPerSlice);
    const groups = [...this.#groups.values()].map((group) => ({ group, unknown: group.oldestUnknown() }));
    const prefixGroups = groups.filter(({ group }) => !group.addPath);
    const pathGroups = groups.filter(({ group }) => group.addPath);
    const mayFree = (of: typeof groups, slot: number): boolean => {
      const known = of.every(({ group, unknown }) => group.told(slot) === 0 && this.#isKnown(group, slot, unknown));
      // The stamp goes with the row: a member that looks back further later must not take it for a change of its own.
      if (known) for (const { group } of of) group.forget(slot);
      return known;
    };
    const freed = rib.reap((prefix, path) =>
      path === 0 ? mayFree(prefixGroups, prefix) : mayFree(pathGroups, path), reapedPerSlice);
    return freed === reapedPerSlice || rib.orphanCount > 0;
  }

  /** Forgets the feeds that nobody reads. Answers whether others are kept. */
  rest(): boolean {
    let keeps = false;
    for (const group of this.#groups.values()) keeps = group.ring.rest() || keeps;
    return keeps;
  }

  /**
   * The member that knows least, where the dead rows that wait for it are too many: it takes nothing, or far less than
   * there is to tell, and would cost the others memory without bound.
   */
  laggard(): GroupMember | undefined {
    const { limboCount, liveCount } = this.tables.rib;
    if (this.#waitedFor === undefined || limboCount <= this.#limits.deadRowsMax + 2 * liveCount) return undefined;
    let found: GroupMember | undefined;
    for (const member of this.#waitedFor.members) {
      if (found === undefined || member.oldestUnknown() < found.oldestUnknown()) found = member;
    }
    return found;
  }

  #isKnown(group: UpdateGroup, slot: number, unknown: number): boolean {
    const known = group.changedAt(slot) < unknown;
    if (!known) this.#waitedFor = group;
    return known;
  }

  /** Decides so many prefixes, or all that wait: answers which of the two. */
  #decide(prefixes: number): boolean {
    const { rib } = this.tables;
    for (let left = prefixes; left > 0;) {
      const prefix: PrefixId = rib.takeDirty();
      if (prefix === 0) return false;
      rib.decide(prefix);
      this.onDecided?.(prefix);
      for (const group of this.#groups.values()) group.evaluate(prefix);
      if (this.#untilOpen > 0 && --this.#untilOpen === 0) this.#opened();
      const cost = 1 + Math.floor(rib.bury(prefix) / PATHS_PER_PREFIX);
      left -= cost;
      this.#decided += cost;
      this.#spent += this.#limits.octetsPerPrefix;
    }
    return true;
  }

  #flush(group: UpdateGroup, prefixes: number): void {
    const wasPopulated = group.populated;
    const octetsBefore = group.log.octets;
    const populated = group.populate(prefixes);
    const changed = group.flush();
    if (!changed && populated === wasPopulated) return;
    if (!this.#unheard.has(group)) this.#unheard.set(group, octetsBefore);
  }

  /** Members of groups that have something new are to be woken. */
  #hear(): void {
    for (const [group, octetsBefore] of this.#unheard) {
      for (const member of group.members) this.#unwoken.set(member, octetsBefore);
      group.log.turnOver();
    }
    this.#unheard.clear();
    this.#decided = 0;
  }

  #groupFor(target: ExportTarget): UpdateGroup {
    let group = this.#groups.get(target.key);
    if (group === undefined) {
      group = new UpdateGroup(this.#nextGroup++, target, this.tables, this.#limits);
      this.#groups.set(target.key, group);
    }
    return group;
  }

  #rekey(group: UpdateGroup, target: ExportTarget): void {
    assert(this.#groups.delete(group.target.key), "a group is listed by its key");
    group.reevaluate(target);
    this.#groups.set(target.key, group);
  }

  #move(member: GroupMember, target: ExportTarget, held: Uint8Array | undefined): GroupMember {
    const moved = new GroupMember(member, this.#groupFor(target), held, member.takeOutbox());
    assert(moved.group.addPath === member.group.addPath, "slots held of one group mean the same in the other");
    this.leave(member);
    return moved;
  }

  #dissolve(group: UpdateGroup): void {
    this.#groups.delete(group.target.key);
    this.#unheard.delete(group);
    this.#tooLong += group.tooLong;
    group.clear();
  }
}
