/**
 * What a client makes of the UPDATEs that it is sent. An exact receiver keeps the version of every route; a counting
 * one adds up lengths and looks at the first prefix of a message, so that thousands fit into one process. Rule: no
 * object per message.
 */

import { ANY_VERSION, OTHER_PATH } from "./expectation.ts";
import type { Diff, Expectation } from "./expectation.ts";
import { attributePrint, routePrint } from "./fingerprint.ts";
import { VERSION_MAX } from "./load.ts";
import { ATTRIBUTE, clientOfNextHop, HEADER_OCTETS, u16At, u32At } from "./wire.ts";

/** What both have in common: finding routes in an UPDATE. */
export abstract class Receiver {
  /** Whose it is: its own routes are not expected. */
  readonly index: number;
  readonly exact: boolean;
  /** Whether it compares all attributes: one does, for all of them would slow the generator and so the floor most. */
  isWitness = false;
  /** Octets of UPDATEs since the session began, prefixes announced and withdrawn. */
  octets = 0;
  announcedPrefixes = 0;
  withdrawnPrefixes = 0;
  /** Prefixes that are not of the load, prefixes of its own that came back, messages whose lengths contradict. */
  unknownPrefixes = 0;
  ownPrefixes = 0;
  malformedMessages = 0;
  /** Own prefixes, from a daemon that is not known to send them (RFC 4456 §8: clients drop them). */
  get echoedPrefixes(): number {
    return this.expectation.mayEcho ? 0 : this.ownPrefixes;
  }
  /** Routes with attributes, a version or a next hop that nobody announced with their prefix; exact receivers only. */
  alteredPrefixes = 0;
  /** Prefixes announced or withdrawn more often than sources did since something else was expected. */
  repeatedPrefixes = 0;
  endOfRib = false;
  /** When the octets at hand came (performance.now); the client sets it before it hands them over. */
  now = 0;
  /** A prefix number to look out for, and when it was seen first; 0 is not yet. */
  watched = -1;
  watchedAt = 0;
  protected readonly expectation: Expectation;
  /** Of the message at hand: MED, client of the next hop, `routePrint` (0: reflected wrongly; undefined: unasked). */
  protected version = 0;
  protected source = 0;
  protected print: number | undefined = 0;

  constructor(index: number, exact: boolean, expectation: Expectation) {
    this.index = index;
    this.exact = exact;
    this.expectation = expectation;
  }

  /** Whether all that is expected is there. */
  abstract get complete(): boolean;
  /** What is short, in words. */
  abstract get short(): string;
  /** Something else is expected from now on: this is what must come at least. */
  abstract expect(diff: Diff): void;
  protected abstract announced(bytes: Uint8Array, at: number, end: number): void;
  protected abstract withdrawn(bytes: Uint8Array, at: number, end: number): void;

  /** The session ended: nothing is held. */
  reset(): void {
    this.endOfRib = false;
  }

  /** Looks out for a prefix from now on. */
  watch(prefix: number): void {
    this.watched = prefix;
    this.watchedAt = 0;
  }

  /** Hot: once per UPDATE. */
  update(bytes: Uint8Array, at: number, end: number): void {
    this.octets += end - at;
    const withdrawnAt = at + HEADER_OCTETS + 2;
    const withdrawnEnd = withdrawnAt + u16At(bytes, withdrawnAt - 2);
    const attributesAt = withdrawnEnd + 2;
    const nlriAt = attributesAt + u16At(bytes, withdrawnEnd);
    if (nlriAt > end) {
      this.malformedMessages++;
      return;
    }
    if (withdrawnEnd > withdrawnAt) this.withdrawn(bytes, withdrawnAt, withdrawnEnd);
    else if (nlriAt === attributesAt) this.endOfRib = true;
    if (nlriAt === end || this.exact) this.#attributes(bytes, attributesAt, nlriAt);
    if (nlriAt < end) this.announced(bytes, nlriAt, end);
  }

  #attributes(bytes: Uint8Array, from: number, to: number): void {
    let reachAt = 0;
    let reachEnd = 0;
    let [sum, originator, cluster] = [0, 0, 0];
    this.version = 0;
    this.source = -1;
    for (let at = from; at < to;) {
      const isLong = (bytes[at]! & 0x10) !== 0;
      const value = at + (isLong ? 4 : 3);
      const end = value + (isLong ? u16At(bytes, at + 2) : bytes[at + 2]!);
      if (this.isWitness) sum = (sum + attributePrint(bytes[at + 1]!, bytes, value, end)) | 0;
      switch (bytes[at + 1]) {
        case ATTRIBUTE.NEXT_HOP: this.source = clientOfNextHop(u32At(bytes, value)); break;
        case ATTRIBUTE.MED: this.version = u32At(bytes, value); break;
        case ATTRIBUTE.ORIGINATOR_ID: originator = u32At(bytes, value); break;
        case ATTRIBUTE.CLUSTER_LIST: cluster = end - value === 4 ? u32At(bytes, value) : 0; break;
        case ATTRIBUTE.MP_REACH: {
          const hopOctets = bytes[value + 3]!;
          // A link-local address may follow the global one.
          this.source = clientOfNextHop(u32At(bytes, value + Math.min(hopOctets, 16)));
          reachAt = value + 5 + hopOctets;
          reachEnd = end;
          break;
        }
        case ATTRIBUTE.MP_UNREACH:
          if (end > value + 3) this.withdrawn(bytes, value + 3, end);
          else this.endOfRib = true;
          break;
        default:
      }
      at = end;
    }
    const isReflected = this.#isReflected(originator, cluster);
    this.print = !isReflected ? 0 : this.isWitness ? routePrint(sum, this.source) : undefined;
    if (reachEnd > reachAt) this.announced(bytes, reachAt, reachEnd);
  }

  #isReflected(originator: number, cluster: number): boolean {
    const { reflection } = this.expectation;
    return reflection === undefined ||
      (originator === reflection.firstIdentifier + this.source && cluster === reflection.clusterId);
  }
}

/** Keeps the version of every route. */
export class ExactReceiver extends Receiver {
  readonly #versions: Uint16Array;
  /** The path identifier under which a slot was announced last. */
  readonly #pathIds: Uint32Array | undefined;
  /** 1 in the slots of its own routes, which the daemon may or may not fill. */
  readonly #own: Uint8Array;
  readonly #slotsToMatch: number;
  #matching = 0;
  /** Paths announced under an identifier that was replaced and not withdrawn. */
  #stalePaths = 0;

  constructor(index: number, expectation: Expectation) {
    super(index, true, expectation);
    const slots = expectation.slots.length;
    this.#versions = new Uint16Array(slots);
    this.#pathIds = expectation.load.addPath ? new Uint32Array(slots) : undefined;
    this.#own = new Uint8Array(slots);
    for (const n of expectation.load.sources[index]?.prefixes ?? []) this.#own[expectation.slotOf(index, n)] = 1;
    this.#slotsToMatch = slots - this.#own.reduce((sum, own) => sum + own, 0);
    this.#match();
  }

  get complete(): boolean {
    return this.#matching === this.#slotsToMatch && this.#stalePaths === 0;
  }

  get short(): string {
    const stale = this.#stalePaths === 0 ? "" : `, ${this.#stalePaths} replaced paths not withdrawn`;
    return `${this.#matching} of ${this.#slotsToMatch} prefixes are right${stale}`;
  }

  expect(): void {
    this.repeatedPrefixes = 0;
    this.#match();
  }

  override reset(): void {
    super.reset();
    this.#versions.fill(0);
    this.#stalePaths = 0;
    this.#match();
  }

  #match(): void {
    const { slots } = this.expectation;
    let matching = 0;
    for (let slot = 0; slot < slots.length; slot++) {
      if (this.#own[slot] === 0 && matches(this.#versions[slot]!, slots[slot]!)) matching++;
    }
    this.#matching = matching;
  }

  /** What one slot is expected to hold has changed from `before`. */
  expectOne(slot: number, before: number): void {
    if (this.#own[slot] !== 0) return;
    const held = this.#versions[slot]!;
    this.#matching += Number(matches(held, this.expectation.slots[slot]!)) - Number(matches(held, before));
  }

  /** Hot: once per UPDATE, its loop once per route. */
  protected announced(bytes: Uint8Array, from: number, end: number): void {
    const { load, lanes, preferred } = this.expectation;
    const { version, watched, source, print } = this;
    const isVersion = version > 0 && version <= VERSION_MAX;
    for (let at = from; at < end;) {
      const pathId = load.addPath ? u32At(bytes, at) : 0;
      if (load.addPath) at += 4;
      const n = load.locate(bytes, at);
      at += 1 + ((bytes[at]! + 7) >>> 3);
      const slot = lanes === 1 ? n : n * lanes + source;
      if (n < 0) this.unknownPrefixes++;
      else if (!isVersion || !load.has(n, source, print)) this.alteredPrefixes++;
      else if (this.#own[slot] !== 0) this.ownPrefixes += Number(source === this.index);
      else {
        this.announcedPrefixes++;
        if (n === watched && this.watchedAt === 0 && matches(version, this.expectation.slots[slot]!)) {
          this.watchedAt = this.now;
        }
        this.#hold(slot, preferred === undefined || preferred[n] === source ? version : OTHER_PATH, pathId);
      }
    }
  }

  protected withdrawn(bytes: Uint8Array, from: number, end: number): void {
    const { load, lanes } = this.expectation;
    for (let at = from; at < end;) {
      const pathId = load.addPath ? u32At(bytes, at) : 0;
      if (load.addPath) at += 4;
      const n = load.locate(bytes, at);
      at += 1 + ((bytes[at]! + 7) >>> 3);
      if (n < 0) this.unknownPrefixes++;
      else {
        this.withdrawnPrefixes++;
        this.#release(n * lanes, lanes, pathId);
      }
    }
  }

  #hold(slot: number, version: number, pathId: number): void {
    const ids = this.#pathIds;
    if (ids !== undefined && ids[slot] !== pathId) {
      if (this.#versions[slot] !== 0) this.#stalePaths++;
      ids[slot] = pathId;
    }
    if (this.#versions[slot] === version && this.expectation.load.owners !== undefined) this.repeatedPrefixes++;
    this.#set(slot, version);
  }

  /** Withdraws a prefix that is held in one of `lanes` slots. */
  #release(first: number, lanes: number, pathId: number): void {
    const ids = this.#pathIds;
    if (ids === undefined) return this.#own[first] === 0 ? this.#set(first, 0) : undefined;
    for (let slot = first; slot < first + lanes; slot++) {
      if (ids[slot] === pathId && this.#versions[slot] !== 0) return this.#set(slot, 0);
    }
    if (this.#stalePaths > 0) this.#stalePaths--;
  }

  #set(slot: number, version: number): void {
    const expected = this.expectation.slots[slot]!;
    this.#matching += Number(matches(version, expected)) - Number(matches(this.#versions[slot]!, expected));
    this.#versions[slot] = version;
  }
}

function matches(held: number, expected: number): boolean {
  return held === expected || (expected === ANY_VERSION && held !== 0);
}
