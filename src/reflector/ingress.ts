/**
 * From an UPDATE to the tables. Rule: the whole message is read and judged before anything is changed; attributes that
 * were met before cost one look-up, and nothing is allocated per prefix.
 */

import { EMPTY } from "../base/bytes.ts";
import { mpNextHopTrouble } from "../messages/attributes/multiprotocol.ts";
import { isCanonicalAsSent } from "../messages/attributes/plain.ts";
import { checkMandatory, readAttributes } from "../messages/attributes/read.ts";
import type { AttributeContext, AttributeReading } from "../messages/attributes/read.ts";
import { setAttribute } from "../messages/attributes/block.ts";
import { ATTRIBUTE, CATEGORY } from "../messages/attributes/codes.ts";
import { familyRow, IPV4_UNICAST } from "../messages/families.ts";
import type { FamilyRow } from "../messages/families.ts";
import { resetFault, strongest } from "../messages/fault.ts";
import type { Fault } from "../messages/fault.ts";
import { checkNlri, INVALID_NETWORK_FIELD, isUnusable, NlriCursor } from "../messages/nlri.ts";
import { CEASE } from "../messages/notification.ts";
import { newSections, splitUpdate } from "../messages/update.ts";
import type { PrefixLimit } from "../config/intent.ts";
import type { AttributeStore } from "../rib/attribute-store.ts";
import { NO_ATTRIBUTES } from "../rib/ids.ts";
import type { AttributesId, PathIndex, PeerId } from "../rib/ids.ts";
import { PATH_FLAGS } from "../rib/rib.ts";
import type { Rib } from "../rib/rib.ts";
import type { CompiledPolicy } from "./filters.ts";
import { MpLayout } from "./mp-layout.ts";
import { judge } from "./session-rules.ts";
import type { SessionRules } from "./session-rules.ts";

/** What ingress needs to know of a session. */
export interface IngressSession {
  readonly peer: PeerId;
  readonly context: AttributeContext;
  /** What decides the reading of a block, as a small number: bit 0 eBGP, bit 1 4-octet AS, bit 2 loopback. */
  readonly contextKey: number;
  readonly rules: SessionRules;
  readonly policy: CompiledPolicy;
  /** By index of the family. */
  readonly negotiated: readonly boolean[];
  readonly addPath: readonly boolean[];
  readonly limits: readonly (PrefixLimit | undefined)[];
}

/** What became of an UPDATE. */
export interface IngressResult {
  /** Ends the session: a reset (RFC 7606 §2), or Cease 6/1 and 6/8. */
  readonly end: Fault | undefined;
  /** Faults of any kind, for counters and the log. */
  readonly faults: readonly Fault[];
  /** The prefix limit that this UPDATE crossed. */
  readonly crossed: { readonly family: FamilyRow; readonly limit: PrefixLimit } | undefined;
}

const NO_FAULTS: readonly Fault[] = [];
const FINE: IngressResult = { end: undefined, faults: NO_FAULTS, crossed: undefined };

/** A block of NLRI of one family in the message. */
export interface NlriBlock {
  family: FamilyRow;
  at: number;
  end: number;
  /** What is announced of them; 0: they are withdrawn. */
  attributes: AttributesId;
}

/**
 * An UPDATE read to its end, nothing applied yet: what it withdraws, then what it announces. Mutable: one record serves
 * all UPDATEs, and holds until the next is read.
 */
export interface UpdateReading {
  /** The first `count` of them. */
  readonly blocks: readonly NlriBlock[];
  count: number;
  faults: readonly Fault[];
}

/** Withdrawn Routes, MP_UNREACH_NLRI, MP_REACH_NLRI, NLRI. */
const BLOCKS_MAX = 4;

function newReading(): UpdateReading {
  const block = (): NlriBlock => ({ family: IPV4_UNICAST, at: 0, end: 0, attributes: NO_ATTRIBUTES });
  return { blocks: Array.from({ length: BLOCKS_MAX }, block), count: 0, faults: NO_FAULTS };
}

/** Applies UPDATEs of all sessions to the tables. */
export class Ingress {
  readonly #store: AttributeStore;
  readonly #ribs: readonly Rib[];
  readonly #sections = newSections();
  readonly #layout = new MpLayout();
  readonly #cursor = new NlriCursor();
  readonly #reading = newReading();

  constructor(store: AttributeStore, ribs: readonly Rib[]) {
    this.#store = store;
    this.#ribs = ribs;
  }

  /** Reads one whole UPDATE message and changes no route, so that an exception here costs one session only. */
  read(message: Uint8Array, session: IngressSession): UpdateReading {
    const reading = this.#reading;
    const bad = splitUpdate(message, this.#sections) ?? this.#checkClassic(message, session);
    reading.count = 0;
    reading.faults = bad === undefined ? NO_FAULTS : [bad];
    if (bad === undefined && !this.#readKnown(message, session)) this.#readAnew(message, session);
    return reading;
  }

  /** Applies what `read` found in the same message. */
  apply(message: Uint8Array, read: UpdateReading, session: IngressSession, nowSeconds: number): IngressResult {
    const { blocks, count, faults } = read;
    const end = faults.length === 0 ? undefined : faults.find(({ disposition }) => disposition === "reset");
    if (end !== undefined) return { ...FINE, end, faults };
    // The last path of a set may be withdrawn by the message that announces the set anew.
    for (let i = 0; i < count; i++) if (blocks[i]!.attributes !== 0) this.#store.retain(blocks[i]!.attributes);
    let result: IngressResult = faults.length === 0 ? FINE : { ...FINE, faults };
    for (let i = 0; i < count; i++) {
      if (blocks[i]!.attributes === 0) this.#withdraw(message, blocks[i]!, session);
      else result = this.#announce(message, blocks[i]!, session, nowSeconds, result);
    }
    for (let i = 0; i < count; i++) if (blocks[i]!.attributes !== 0) this.#store.release(blocks[i]!.attributes);
    return result;
  }

  #checkClassic(message: Uint8Array, session: IngressSession): Fault | undefined {
    const { withdrawnAt, withdrawnEnd, nlriAt, nlriEnd } = this.#sections;
    const addPath = session.addPath[IPV4_UNICAST.index] === true;
    const good = checkNlri(message, withdrawnAt, withdrawnEnd, 4, addPath) &&
      checkNlri(message, nlriAt, nlriEnd, 4, addPath);
    return good ? undefined : INVALID_NETWORK_FIELD;
  }

  /** The usual case: attributes met before, or canonical as sent. False where anything is unusual. */
  #readKnown(message: Uint8Array, session: IngressSession): boolean {
    const { withdrawnAt, withdrawnEnd, attributesAt, attributesEnd, nlriAt, nlriEnd } = this.#sections;
    const layout = this.#layout;
    if (!layout.locate(message, attributesAt, attributesEnd)) return false;
    if (withdrawnEnd > withdrawnAt) this.#addClassic(session, withdrawnAt, withdrawnEnd, NO_ATTRIBUTES);
    const { unreach, reach } = layout;
    if (unreach.present) {
      if (!this.#isReadable(message, unreach, session)) return false;
      this.#add(unreach.family!, unreach.nlriAt, unreach.nlriEnd, NO_ATTRIBUTES);
    }
    const withdrawn = this.#reading.count;
    if (reach.present) {
      if (!this.#isReadable(message, reach, session) || !hasUsualNextHop(reach, session)) return false;
      const attributes = this.#known(message, reach.nextHopAt, reach.nextHopEnd, session);
      if (attributes === 0) return false;
      this.#add(reach.family!, reach.nlriAt, reach.nlriEnd, attributes);
    }
    if (nlriEnd > nlriAt) {
      const attributes = this.#known(EMPTY, 0, 0, session);
      if (attributes === 0) return false;
      this.#addClassic(session, nlriAt, nlriEnd, attributes);
    }
    // Attributes of nothing still have to be judged (RFC 7606 §5.2).
    return this.#reading.count > withdrawn || layout.blockEnd === layout.blockAt;
  }

  /**
   * The set that the located block means with this next hop of MP_REACH_NLRI, or none for classic NLRI: met before, or
   * canonical as it was sent. 0 where the full reader has to look.
   */
  #known(nextHop: Uint8Array, nextHopAt: number, nextHopEnd: number, session: IngressSession): AttributesId {
    const { block, blockAt, blockEnd } = this.#layout;
    const store = this.#store;
    const { contextKey, context } = session;
    const met = store.resolve(block, blockAt, blockEnd, contextKey, nextHop, nextHopAt, nextHopEnd);
    if (met !== 0) return store.lastDiscards ? NO_ATTRIBUTES : met;
    const octets = nextHopEnd - nextHopAt;
    if (!isCanonicalAsSent(block, blockAt, blockEnd, context, octets === 0)) return NO_ATTRIBUTES;
    // A next hop of four octets belongs into the block (IPv4 in MP_REACH_NLRI): rare, the full reader moves it.
    if (octets === 4) return NO_ATTRIBUTES;
    if (octets > 0 && mpNextHopTrouble(nextHop, nextHopAt, nextHopEnd, context) !== undefined) return NO_ATTRIBUTES;
    return store.adopt(block, blockAt, blockEnd, contextKey, nextHop, nextHopAt, nextHopEnd);
  }

  #isReadable(message: Uint8Array, mp: MpLayout["reach"], session: IngressSession): boolean {
    const { family } = mp;
    return family !== undefined && session.negotiated[family.index] === true &&
      checkNlri(message, mp.nlriAt, mp.nlriEnd, family.addressOctets, session.addPath[family.index] === true);
  }

  #add(family: FamilyRow, at: number, end: number, attributes: AttributesId): void {
    const block = this.#reading.blocks[this.#reading.count++]!;
    block.family = family;
    block.at = at;
    block.end = end;
    block.attributes = attributes;
  }

  #addClassic(session: IngressSession, at: number, end: number, attributes: AttributesId): void {
    if (session.negotiated[IPV4_UNICAST.index]) this.#add(IPV4_UNICAST, at, end, attributes);
  }

  /** Reads every attribute, keeps what may be kept, and turns faults into withdrawals (RFC 7606 §2). */
  #readAnew(message: Uint8Array, session: IngressSession): void {
    const { withdrawnAt, withdrawnEnd, attributesAt, attributesEnd, nlriAt, nlriEnd } = this.#sections;
    const hasClassicNlri = nlriEnd > nlriAt;
    const read = readAttributes(message, attributesAt, attributesEnd, session.context);
    const nothingAtAll = attributesEnd === attributesAt && !hasClassicNlri;
    const missing = nothingAtAll ? NO_FAULTS : checkMandatory(read, { hasClassicNlri });
    const reading = this.#reading;
    reading.count = 0;
    reading.faults = missing.length === 0 ? read.faults : [...read.faults, ...missing];
    const disposition = strongest(reading.faults);
    if (disposition === "reset") return;
    const announces = disposition !== "withdraw";
    const { unreach, reach } = read;
    if (withdrawnEnd > withdrawnAt) this.#addClassic(session, withdrawnAt, withdrawnEnd, NO_ATTRIBUTES);
    if (unreach?.family !== undefined) {
      this.#add(familyRow(unreach.family), unreach.nlriAt, unreach.nlriEnd, NO_ATTRIBUTES);
    }
    if (reach?.family !== undefined) {
      const attributes = announces ? this.#learn(read, reach.nextHop, session) : NO_ATTRIBUTES;
      this.#add(familyRow(reach.family), reach.nlriAt, reach.nlriEnd, attributes);
    }
    if (hasClassicNlri && session.negotiated[IPV4_UNICAST.index]) {
      const attributes = announces ? this.#learn(read, EMPTY, session) : NO_ATTRIBUTES;
      this.#add(IPV4_UNICAST, nlriAt, nlriEnd, attributes);
    }
  }

  /**
   * Stores a canonical block, and the raw one as another name of it. `nextHop` empty: NEXT_HOP stays in the block. 0: a
   * fault more, for want of room.
   */
  #learn(reading: AttributeReading, nextHop: Uint8Array, session: IngressSession): AttributesId {
    const layout = this.#layout;
    const inline = nextHop.length === 0 ? reading.nextHop : nextHop.length === 4 ? nextHop : undefined;
    const block = inline === undefined ? reading.block
      : setAttribute(reading.block, ATTRIBUTE.NEXT_HOP, CATEGORY.WELL_KNOWN, inline);
    const apart = inline === undefined ? nextHop : EMPTY;
    const attributes = this.#store.intern(block, 0, block.length, apart);
    if (attributes === 0) this.#reading.faults = [...this.#reading.faults, TOO_MANY_SETS];
    if (attributes === 0 || !layout.usable) return attributes;
    this.#store.alias(layout.block, layout.blockAt, layout.blockEnd, session.contextKey, nextHop, 0, nextHop.length,
      attributes, reading.faults.length > 0);
    return attributes;
  }

  #withdraw(message: Uint8Array, { family, at, end }: NlriBlock, session: IngressSession): void {
    const rib = this.#ribs[family.index]!;
    const cursor = this.#cursor;
    cursor.reset(message, at, end, family.addressOctets, session.addPath[family.index] === true);
    while (cursor.next()) {
      const prefix = rib.prefixes.find(cursor.w0, cursor.w1, cursor.w2, cursor.w3, cursor.length);
      if (prefix !== 0) rib.withdraw(session.peer, prefix, cursor.pathId);
    }
  }

  /** Judges the attributes once, then walks the prefixes. */
  #announce(message: Uint8Array, announcement: NlriBlock, session: IngressSession, nowSeconds: number,
    result: IngressResult): IngressResult {
    const store = this.#store;
    const { attributes } = announcement;
    const verdict = judge(store, attributes, session.rules);
    if (verdict.fault !== undefined) {
      this.#withdraw(message, announcement, session);
      return { ...result, faults: [...result.faults, verdict.fault] };
    }
    if (verdict.attributes === 0) return { ...result, end: TOO_MANY_SETS, faults: [...result.faults, TOO_MANY_SETS] };
    store.retain(verdict.attributes);
    const crossed = this.#install(message, announcement, session, nowSeconds, verdict.flags, verdict.attributes);
    store.release(verdict.attributes);
    if (crossed === undefined) return { ...result, end: TOO_MANY_PATHS, faults: [...result.faults, TOO_MANY_PATHS] };
    return crossed ? this.#limitReached(announcement.family, session, result) : result;
  }

  /**
   * Puts every prefix into the table; answers whether a limit was crossed, or undefined where the peer had too many
   * paths of one prefix. Hot: nothing allocated per prefix.
   */
  #install(message: Uint8Array, { family, at, end, attributes }: NlriBlock, session: IngressSession,
    nowSeconds: number, flags: number, usable: AttributesId): boolean | undefined {
    const rib = this.#ribs[family.index]!;
    const store = this.#store;
    const { peer, policy } = session;
    const limit = session.limits[family.index];
    const max = limit?.max ?? Infinity;
    const before = rib.fresh(peer); // what is kept of an earlier session was counted in its time
    let dropped = false;
    const cursor = this.#cursor;
    cursor.reset(message, at, end, family.addressOctets, session.addPath[family.index] === true);
    while (cursor.next()) {
      if (isUnusable(cursor.w0, cursor.w1, cursor.w2, cursor.w3, cursor.length, family.addressOctets)) continue;
      if (limit?.action === "drop" && rib.fresh(peer) >= max && !this.#holds(rib, peer)) {
        dropped = true;
        continue;
      }
      const prefix = rib.prefixes.intern(cursor.w0, cursor.w1, cursor.w2, cursor.w3, cursor.length);
      const after = policy.filter(store, rib, prefix, usable, true);
      const filtered = after === 0 ? PATH_FLAGS.FILTERED : 0;
      if (after !== usable && after !== 0) store.retain(after);
      const path = rib.announce(peer, prefix, cursor.pathId, attributes, after, flags | filtered, nowSeconds);
      if (after !== usable && after !== 0) store.release(after);
      if (path === 0) return undefined;
    }
    // A limit that was lowered under what is held counts at the next message.
    const ends = limit?.action === "restart" || limit?.action === "shutdown";
    return dropped || ((before <= max || ends) && rib.fresh(peer) > max);
  }

  #holds(rib: Rib, peer: PeerId): boolean {
    const { w0, w1, w2, w3, length, pathId } = this.#cursor;
    const prefix = rib.prefixes.find(w0, w1, w2, w3, length);
    if (prefix === 0) return false;
    for (let path = rib.firstOfPrefix(prefix); path !== 0; path = rib.nextOfPrefix(path)) {
      if (rib.peerOf(path) === peer && rib.receivedPathIdOf(path) === pathId) return isFresh(rib, path);
    }
    return false;
  }

  #limitReached(family: FamilyRow, session: IngressSession, result: IngressResult): IngressResult {
    const limit = session.limits[family.index]!;
    const crossed = { family, limit };
    if (limit.action === "warn" || limit.action === "drop") return { ...result, crossed };
    return { ...result, crossed, end: prefixLimitFault(family, limit) };
  }
}

function isFresh(rib: Rib, path: PathIndex): boolean {
  return rib.isLive(path) && (rib.flagsOf(path) & PATH_FLAGS.STALE) === 0;
}

/** Cease/Maximum Number of Prefixes Reached with AFI, SAFI and the bound (RFC 4486 §4). */
function prefixLimitFault(family: FamilyRow, limit: PrefixLimit): Fault {
  const data = new Uint8Array(7);
  const view = new DataView(data.buffer);
  view.setUint16(0, family.afi);
  view.setUint8(2, family.safi);
  view.setUint32(3, limit.max);
  return resetFault(6, CEASE.MAXIMUM_PREFIXES, data, `more than ${limit.max} prefixes of ${family.name}`);
}

/** The attribute store is full: Cease/Out of Resources (RFC 4486 §4). */
const TOO_MANY_SETS: Fault = resetFault(6, CEASE.OUT_OF_RESOURCES, EMPTY, "too many distinct attribute sets");

/** A prefix with ever more path identifiers costs everyone at each decision (RFC 7911 §6). */
const TOO_MANY_PATHS: Fault = { ...TOO_MANY_SETS, why: "too many paths of one prefix" };

/**
 * Whether the next hop is as long as the family's are (RFC 2545 §3, RFC 8950 §3): a set that was met is known by the
 * octets of its next hop, and does not say in which family.
 */
function hasUsualNextHop({ family, nextHopAt, nextHopEnd }: MpLayout["reach"], session: IngressSession): boolean {
  const octets = nextHopEnd - nextHopAt;
  if (octets === 4) return family!.addressOctets === 4;
  if (octets !== 16 && octets !== 32) return false;
  return family!.addressOctets === 16 || session.context.extendedNextHop.includes(family!.name);
}
