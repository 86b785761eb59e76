/**
 * One neighbour: the owner of routes towards its session. Rule: protocol stays in fsm and transport, routes in rib and
 * reflector; here a session's ups and downs become joins, drops and refreshes, and nothing else.
 */

import { formatIpv4 } from "../base/address.ts";
import { EMPTY } from "../base/bytes.ts";
import type { PeerIntent } from "../config/intent.ts";
import { FAMILIES, familyOf, familyRow } from "../messages/families.ts";
import type { FamilyRow } from "../messages/families.ts";
import { resetFault } from "../messages/fault.ts";
import type { Disposition, Fault } from "../messages/fault.ts";
import { CEASE } from "../messages/notification.ts";
import { encodeRouteRefresh, REFRESH } from "../messages/route-refresh.ts";
import type { RouteRefresh } from "../messages/route-refresh.ts";
import { endOfRib, isEndOfRib } from "../messages/update.ts";
import type { IngressSession, UpdateReading } from "../reflector/ingress.ts";
import type { GroupMember } from "../reflector/member.ts";
import type { ExportTarget } from "../reflector/target.ts";
import type { PeerId } from "../rib/ids.ts";
import type { PeerSessionPort, SessionEnd, SessionFacts, SessionOwner } from "../transport/ports.ts";
import { AS_CONFIGURED, isEnabled } from "./admin.ts";
import type { AdminState } from "./admin.ts";
import type { PeerHost } from "./host.ts";
import { KeptRoutes } from "./kept-routes.ts";
import type { LogFields } from "./log.ts";
import { LogLimit } from "./log-limit.ts";
import { exportTargetOf, ingressSessionOf, isIbgp, isSamePeer, kindOf, peerFactsOf } from "./session-tables.ts";

/** How long routes may stay stale after a BoRR without its EoRR (RFC 7313 §4). */
const STALE_SECONDS_MAX = 360;
const NO_PEER = 0 as PeerId;
/** Octets of routes that a peer is sent before others have their turn. */
const OCTETS_PER_TURN = 256 * 1024;
/** Kinds of NOTIFICATION counted apart; a peer could invent 65,536. */
const NOTIFICATION_KINDS_MAX = 64;
const NONE: ReadonlyMap<string, number> = new Map();
/** What a peer is told when reading its message failed by our fault. */
const INTERNAL_ERROR: Fault = resetFault(6, CEASE.OUT_OF_RESOURCES, EMPTY, "internal error");

/** Who a neighbour is. A member of a range is called by its address, and is never dialled. */
export interface PeerIdentity {
  readonly name: string;
  readonly address: string;
  readonly port: number;
}

/** One neighbour address and its session. */
export class Peer implements SessionOwner {
  readonly name: string;
  readonly address: string;
  readonly port: number;
  /** Of a member: that of its range. */
  intent: PeerIntent;
  /** What operators and prefix limits decided. */
  admin: AdminState = AS_CONFIGURED;
  /** Set by the speaker right after construction: session and owner need each other. */
  session!: PeerSessionPort;
  /** The id of the peer's paths; 0 before the first session. */
  id: PeerId = NO_PEER;
  facts: SessionFacts | undefined = undefined;
  /** Faults in UPDATEs by disposition. */
  readonly faults: Record<Disposition, number> = { discard: 0, withdraw: 0, reset: 0 };
  #notifications: Map<string, number> | undefined = undefined;
  /** Seconds since 1970: when the last session ended, or the neighbour was made or enabled. */
  downSinceSeconds: number = 0;
  readonly #host: PeerHost;
  readonly #members: (GroupMember | undefined)[] = FAMILIES.map(() => undefined);
  /** Ends the staleness of a family (RFC 7313) where it goes on for too long; set while a refresh is received. */
  readonly #staleTimers: ((() => void) | undefined)[] = FAMILIES.map(() => undefined);
  readonly #logLimit: LogLimit;
  /** What is kept of sessions that ended (RFC 4724); made with the first that leaves anything. */
  #kept: KeptRoutes | undefined = undefined;
  /** The session that is up, or the last one: routes of it may be kept. */
  #source: SessionFacts | undefined = undefined;
  #ingress: IngressSession | undefined = undefined;
  /** What a crossed prefix limit asks for once the session has ended. */
  #afterEnd: { readonly restartSeconds: number } | { readonly stayDown: string } | undefined = undefined;
  #nextFamily = 0;

  constructor(host: PeerHost, intent: PeerIntent, who: PeerIdentity, logLimit: LogLimit = new LogLimit()) {
    this.#host = host;
    this.#logLimit = logLimit;
    this.name = who.name;
    this.intent = intent;
    this.address = who.address;
    this.port = who.port;
    this.noteDown();
  }

  /** It is down from now on, and may come up. */
  noteDown(): void {
    this.downSinceSeconds = this.#host.nowSeconds();
  }

  /** Whether configuration, operators and prefix limits let it have a session. */
  get enabled(): boolean {
    return isEnabled(this.intent, this.admin);
  }

  /** The member of a family's group while the session is up and speaks it. */
  member(family: FamilyRow): GroupMember | undefined {
    return this.#members[family.index];
  }

  up(facts: SessionFacts): void {
    this.facts = facts;
    this.#source = facts;
    this.#takeId(facts);
    this.#ingress = ingressSessionOf(this.id, this.intent, facts, this.#host);
    for (const family of facts.negotiated.families) this.#join(familyRow(family), facts);
    this.#kept?.back(facts.negotiated);
    this.#host.peerUp(this);
    this.log("info", "session-up", {
      localAddress: facts.localAddress, routerId: formatIpv4(facts.remote.routerId),
      holdTimeSeconds: facts.negotiated.holdTimeSeconds, families: facts.negotiated.families.join(","),
    });
  }

  update(message: Uint8Array): Fault | undefined {
    const { ingress } = this.#host.tables;
    const session = this.#ingress!;
    let read: UpdateReading;
    try {
      read = ingress.read(message, session);
    } catch (error) { // our bug while nothing was changed yet: it costs this session, and is counted
      this.#host.bug(this, error, message);
      return INTERNAL_ERROR;
    }
    const result = ingress.apply(message, read, session, this.#host.nowSeconds());
    for (const fault of result.faults) this.#fault(fault);
    if (result.crossed !== undefined) this.#crossed(result.crossed.family, result.end !== undefined);
    this.#host.work.received();
    const told = isEndOfRib(message);
    if (told !== undefined) this.#endOfRib(familyRow(told));
    return result.end;
  }

  routeRefresh({ afi, safi, subtype }: RouteRefresh): void {
    const family = familyOf(afi, safi);
    const member = family === undefined ? undefined : this.#members[family.index];
    const enhanced = this.facts?.negotiated.enhancedRouteRefresh === true;
    if (family === undefined || member === undefined || (subtype !== REFRESH.NORMAL && !enhanced)) {
      this.log("warn", "refresh-ignored", { afi, safi, subtype });
    } else if (subtype === REFRESH.NORMAL) {
      this.#refresh(member, family);
    } else if (subtype === REFRESH.BORR) {
      this.#beginStale(family);
    } else if (subtype === REFRESH.EORR) {
      this.#sweepStale(family);
    }
  }

  /** The whole table once more, as if the peer had asked: `reset --soft out`. */
  refreshOut(): void {
    for (const family of FAMILIES) {
      const member = this.#members[family.index];
      if (member !== undefined) this.#refresh(member, family);
    }
  }

  /** Asks the peer for what a limit may have had ignored: only it can say that again. */
  askForIgnored(): void {
    for (const family of FAMILIES) {
      const { action } = this.intent.prefixLimit[family.name] ?? {};
      if (action === "drop" && this.#members[family.index] !== undefined) this.session.requestRefresh(family);
    }
  }

  down(end: SessionEnd): void {
    for (const family of FAMILIES) this.#leave(family);
    const isKept = this.#keep(end, this.facts!);
    this.facts = undefined;
    this.noteDown();
    if (!isKept) this.#host.work.drop(this.id);
    this.#host.work.changed();
    this.#host.peerDown(this);
    this.log("warn", "session-down", { direction: end.direction, reason: end.name, text: end.text });
    const after = this.#afterEnd;
    this.#afterEnd = undefined;
    if (after === undefined) return;
    if ("restartSeconds" in after) return this.session.holdDown(after.restartSeconds, "prefix limit");
    this.admin = { by: "prefixLimit", family: after.stayDown };
    this.session.stop({ text: "prefix limit" });
  }

  /** Whether routes of sessions that ended are still used. */
  get keepsRoutes(): boolean {
    return this.#kept?.any === true;
  }

  /** Forgets the routes of a session that ended: we stopped the neighbour, and it knows. */
  giveUp(): void {
    if (!this.keepsRoutes) return;
    this.#kept!.forget();
    this.#host.work.drop(this.id);
  }

  /**
   * Families take turns, so that a long table of one does not hold up the other; and peers do, for a kernel that takes
   * whatever it is given would have one peer's whole table sent in one turn.
   */
  pull(pulledOctets: number): Uint8Array | undefined {
    if (pulledOctets >= OCTETS_PER_TURN) return this.#takeTurns();
    for (let i = 0; i < FAMILIES.length; i++) {
      const index = (this.#nextFamily + i) % FAMILIES.length;
      const member = this.#members[index];
      const octets = member === undefined ? undefined : this.#host.tables.reflectors[index]!.pull(member);
      if (octets === undefined) continue;
      this.#nextFamily = (index + 1) % FAMILIES.length;
      return octets;
    }
    this.#host.pulledDry();
    return undefined;
  }

  #takeTurns(): undefined {
    for (const { index } of FAMILIES) {
      const member = this.#members[index];
      if (member !== undefined) this.#host.tables.reflectors[index]!.wakeLater(member);
    }
    this.#host.pulledDry();
  }

  sent(): void {
    // Progress matters to the SendHoldTimer only, which is the driver's.
  }

  /**
   * New rules or policies from now on. What the peer sent is judged again by the owner of the tables; here the peer is
   * asked only for what was never kept.
   */
  setIntent(intent: PeerIntent): void {
    const before = this.intent;
    this.intent = intent;
    if (this.#source === undefined || this.ingress === undefined) return;
    this.#ingress = ingressSessionOf(this.id, intent, this.#source, this.#host);
    this.#setFacts(this.#source);
    for (const family of FAMILIES) {
      if (this.#members[family.index] === undefined) continue;
      if (acceptsMore(before, intent, family)) this.session.requestRefresh(family);
      this.#compareWithLimit(before, family);
    }
  }

  /** The rules that the peer's routes are judged by now; undefined while it is down and nothing of it is kept. */
  get ingress(): IngressSession | undefined {
    return this.facts !== undefined || this.keepsRoutes ? this.#ingress : undefined;
  }

  /** Where a member of the family belongs by the present intent; undefined while the session does not speak it. */
  targetFor(family: FamilyRow): ExportTarget | undefined {
    if (this.#members[family.index] === undefined) return undefined;
    return exportTargetOf(family, this.intent, this.facts!, this.#host);
  }

  /** The speaker has moved the peer's member to another group. */
  replaceMember(family: FamilyRow, member: GroupMember): void {
    this.#members[family.index] = member;
  }

  /** NOTIFICATIONs by "direction code subcode". */
  get notifications(): ReadonlyMap<string, number> {
    return this.#notifications ?? NONE;
  }

  /** A NOTIFICATION was sent or received. */
  countNotification({ direction, code, subcode }: SessionEnd): void {
    const known = `${direction} ${code} ${subcode}`;
    this.#notifications ??= new Map();
    const full = this.#notifications.size >= NOTIFICATION_KINDS_MAX && !this.#notifications.has(known);
    const key = full ? `${direction} other other` : known;
    this.#notifications.set(key, (this.#notifications.get(key) ?? 0) + 1);
  }

  /** Writes a line about this peer; `reason` tells lines of one event apart, of each the log takes a bounded number. */
  log(level: "error" | "warn" | "info" | "debug", event: string, fields: LogFields = {}, reason: string = ""): void {
    const keptBack = level === "debug" ? 0 : this.#logLimit.admit(`${event} ${reason}`, this.#host.now());
    if (keptBack === undefined) return;
    const more = keptBack === 0 ? {} : { keptBack };
    this.#host.log.write(level, event, { peer: this.name, address: this.address, ...fields, ...more });
  }

  #join(family: FamilyRow, facts: SessionFacts): void {
    const who = {
      peer: this.id, name: this.name, routerId: facts.remote.routerId, wake: (): void => this.session.wake(),
    };
    const marks = { atStart: [], atEnd: [endOfRib(family.name)] };
    const reflector = this.#host.tables.reflectors[family.index]!;
    this.#members[family.index] = reflector.join(who, exportTargetOf(family, this.intent, facts, this.#host), marks);
  }

  #leave(family: FamilyRow): void {
    this.#staleTimers[family.index]?.();
    this.#staleTimers[family.index] = undefined;
    const member = this.#members[family.index];
    if (member !== undefined) this.#host.tables.reflectors[family.index]!.leave(member);
    this.#members[family.index] = undefined;
  }

  #refresh(member: GroupMember, family: FamilyRow): void {
    const { afi, safi } = family;
    const mark = (subtype: number): Uint8Array[] =>
      this.facts!.negotiated.enhancedRouteRefresh ? [encodeRouteRefresh({ afi, safi, subtype })] : [];
    member.refresh({ atStart: mark(REFRESH.BORR), atEnd: mark(REFRESH.EORR) });
  }

  /** Whether anything of a session that ended is kept. */
  #keep(end: SessionEnd, facts: SessionFacts): boolean {
    const isGraceful = this.intent.gracefulRestart !== undefined && facts.negotiated.gracefulRestart !== undefined;
    if (isGraceful) this.#kept ??= new KeptRoutes(this.#host, this);
    return this.#kept?.lost(end, facts) === true;
  }

  #endOfRib(family: FamilyRow): void {
    this.#kept?.endOfRib(family);
    this.#host.endOfRib(this, family);
  }

  /** A sweep that is still under way would take what is stale from now on only, so it is called off. */
  #beginStale(family: FamilyRow): void {
    if (this.#kept?.awaits(family) === true) return; // what it says until End-of-RIB is everything anyway
    this.#host.work.cancelSweep(this.id, family);
    this.#host.tables.ribs[family.index]!.markStale(this.id);
    this.#staleTimers[family.index]?.();
    this.#staleTimers[family.index] = this.#host.later(STALE_SECONDS_MAX, () => this.#sweepStale(family));
  }

  #sweepStale(family: FamilyRow): void {
    const timer = this.#staleTimers[family.index];
    if (timer === undefined) return; // an EoRR without its BoRR ends nothing (RFC 7313 §4)
    timer();
    this.#staleTimers[family.index] = undefined;
    this.#host.work.sweep(this.id, family);
  }

  /** Keeps the id of the peer's paths across sessions unless the router behind it is another one. */
  #takeId(facts: SessionFacts): void {
    const { peers } = this.#host.tables;
    const want = peerFactsOf(this.name, this.intent, facts);
    if (this.id !== NO_PEER && (this.#host.work.isDropping(this.id) || !isSamePeer(peers.get(this.id), want))) {
      this.#kept?.forget();
      this.#host.retire(this.id);
      this.id = NO_PEER;
    }
    if (this.id === NO_PEER) this.id = peers.add(want);
    this.#setFacts(facts);
  }

  /** Tells tables what is true of the peer; a changed source has all its paths exported again. */
  #setFacts(facts: SessionFacts): void {
    const { peers, sources } = this.#host.tables;
    const want = peerFactsOf(this.name, this.intent, facts);
    peers.update(this.id, want);
    const kind = kindOf(this.intent);
    const clusterId = kind === "client" ? this.intent.clusterId : 0;
    const changed = sources.set({
      peer: this.id, kind, own: false, routerId: want.routerId, clusterId, localAsNumber: want.localAs,
    });
    if (changed) this.#host.markPaths(this.id);
  }

  #fault(fault: Fault): void {
    this.faults[fault.disposition]++;
    const { disposition, code, subcode, attribute, why } = fault;
    this.log("warn", "update-fault", { disposition, code, subcode, attribute, why },
      `${disposition} ${code} ${subcode} ${attribute ?? ""}`);
  }

  /** A limit that was lowered below what is held acts as if it were crossed now. */
  #compareWithLimit(before: PeerIntent, family: FamilyRow): void {
    const limit = this.intent.prefixLimit[family.name];
    const had = before.prefixLimit[family.name];
    if (limit === undefined || (had?.max === limit.max && had.action === limit.action)) return;
    if (this.#host.tables.ribs[family.index]!.fresh(this.id) <= limit.max) return;
    const ends = limit.action === "restart" || limit.action === "shutdown";
    this.#crossed(family, ends);
    if (ends) this.session.reset(CEASE.MAXIMUM_PREFIXES, `more than ${limit.max} prefixes of ${family.name}`);
  }

  #crossed(family: FamilyRow, ends: boolean): void {
    const limit = this.intent.prefixLimit[family.name]!;
    this.log("warn", "prefix-limit", { family: family.name, max: limit.max, action: limit.action }, family.name);
    if (!ends) return;
    this.#afterEnd = limit.action === "restart" ? { restartSeconds: limit.restartSeconds } : { stayDown: family.name };
  }
}

/** Whether routes that were refused and not kept would be taken now: only the peer can say them again. */
function acceptsMore(before: PeerIntent, now: PeerIntent, { name }: FamilyRow): boolean {
  const dropped = before.prefixLimit[name]?.action === "drop" ? before.prefixLimit[name].max : Infinity;
  const allowed = now.prefixLimit[name]?.action === "drop" ? now.prefixLimit[name].max : Infinity;
  const external = !isIbgp(now);
  return allowed > dropped ||
    (external && before.enforceFirstAs && !now.enforceFirstAs) ||
    (external && before.rejectAsSets && !now.rejectAsSets);
}
