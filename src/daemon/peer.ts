/**
 * One neighbour: the owner of routes towards its session. Rule: protocol stays in fsm and transport, routes in rib and
 * reflector; here a session's ups and downs become joins, drops and refreshes, and nothing else.
 */

import { formatIpv4, parseAddress } from "../base/address.ts";
import { EMPTY } from "../base/bytes.ts";
import type { PeerIntent } from "../config/intent.ts";
import { FAMILIES, familyOf } from "../messages/families.ts";
import type { FamilyRow } from "../messages/families.ts";
import { resetFault } from "../messages/fault.ts";
import type { Disposition, Fault } from "../messages/fault.ts";
import { MESSAGE_OCTETS_MAX, EXTENDED_MESSAGE_OCTETS_MAX } from "../messages/header.ts";
import { encodeRouteRefresh } from "../messages/route-refresh.ts";
import type { RouteRefresh } from "../messages/route-refresh.ts";
import { endOfRib, isEndOfRib } from "../messages/update.ts";
import { CompiledPolicy } from "../reflector/filters.ts";
import type { IngressSession, UpdateReading } from "../reflector/ingress.ts";
import type { GroupMember } from "../reflector/member.ts";
import type { PeerKind } from "../reflector/reflection.ts";
import type { SessionRules } from "../reflector/session-rules.ts";
import { ExportTarget } from "../reflector/target.ts";
import type { PeerFacts } from "../rib/peer-table.ts";
import type { PeerId } from "../rib/ids.ts";
import type { PeerSessionPort, SessionEnd, SessionFacts, SessionOwner } from "../transport/ports.ts";
import type { LogFields } from "./log.ts";
import type { PeerHost } from "./host.ts";

/** ROUTE-REFRESH subtypes (RFC 7313 §3.1). */
const REFRESH = { NORMAL: 0, BEGIN: 1, END: 2 } as const;
/** How long routes may stay stale after a BoRR without its EoRR (RFC 7313 §4). */
const STALE_SECONDS_MAX = 360;
const NO_PEER = 0 as PeerId;
/** What a peer is told when reading its message failed by our fault. */
const INTERNAL_ERROR: Fault = resetFault(6, 8, EMPTY, "internal error");

/** One neighbour address and its session. */
export class Peer implements SessionOwner {
  readonly name: string;
  readonly address: string;
  readonly port: number;
  intent: PeerIntent;
  /** Set by the speaker right after construction: session and owner need each other. */
  session!: PeerSessionPort;
  /** The id of the peer's paths; 0 before the first session. */
  id: PeerId = NO_PEER;
  facts: SessionFacts | undefined = undefined;
  /** Faults in UPDATEs by disposition. */
  readonly faults: Record<Disposition, number> = { discard: 0, withdraw: 0, reset: 0 };
  /** NOTIFICATIONs by "direction code subcode". */
  readonly notifications: Map<string, number> = new Map();
  readonly endOfRibReceived: boolean[] = [];
  readonly #host: PeerHost;
  readonly #members: (GroupMember | undefined)[] = [];
  readonly #staleTimers: ((() => void) | undefined)[] = [];
  #ingress: IngressSession | undefined = undefined;
  /** What a crossed prefix limit asks for once the session has ended. */
  #afterEnd: { readonly restartSeconds: number } | "stay down" | undefined = undefined;
  #nextFamily = 0;

  constructor(host: PeerHost, intent: PeerIntent, address: string, port: number) {
    this.#host = host;
    this.name = intent.name;
    this.intent = intent;
    this.address = address;
    this.port = port;
  }

  get isIbgp(): boolean {
    return this.intent.asNumber === this.intent.localAsNumber;
  }

  get kind(): PeerKind {
    if (!this.isIbgp) return "ebgp";
    return this.intent.routeReflectorClient ? "client" : "nonClient";
  }

  /** The member of a family's group while the session is up and speaks it. */
  member(family: FamilyRow): GroupMember | undefined {
    return this.#members[family.index];
  }

  up(facts: SessionFacts): void {
    this.facts = facts;
    this.#takeId(facts);
    this.#ingress = this.#ingressSession(facts);
    this.endOfRibReceived.length = 0;
    for (const family of facts.negotiated.families) this.#join(FAMILIES.find(({ name }) => name === family)!, facts);
    this.#host.peerUp(this);
    this.log("info", "session-up", {
      localAddress: facts.localAddress, routerId: formatIpv4(facts.remote.routerId),
      holdTimeSeconds: facts.negotiated.holdTimeSeconds, families: facts.negotiated.families.join(","),
    });
  }

  update(message: Uint8Array): Fault | undefined {
    const family = isEndOfRib(message);
    if (family !== undefined) this.endOfRibReceived[FAMILIES.findIndex(({ name }) => name === family)] = true;
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
    this.#host.changed();
    return result.end;
  }

  routeRefresh({ afi, safi, subtype }: RouteRefresh): void {
    const family = familyOf(afi, safi);
    const member = family === undefined ? undefined : this.#members[family.index];
    if (family === undefined || member === undefined) {
      this.log("warn", "refresh-ignored", { afi, safi, subtype });
    } else if (subtype === REFRESH.NORMAL) {
      this.#refresh(member, family);
    } else if (subtype === REFRESH.BEGIN) {
      this.#beginStale(family);
    } else if (subtype === REFRESH.END) {
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

  down(end: SessionEnd): void {
    for (const family of FAMILIES) this.#leave(family);
    this.facts = undefined;
    this.#ingress = undefined;
    if (this.id !== NO_PEER) this.#host.drop(this.id);
    this.#host.peerDown(this);
    this.log("warn", "session-down", { direction: end.direction, reason: end.name, text: end.text });
    const after = this.#afterEnd;
    this.#afterEnd = undefined;
    if (after === "stay down") this.session.stop({ text: "prefix limit" });
    else if (after !== undefined) this.session.holdDown(after.restartSeconds, "prefix limit");
  }

  /** Families take turns, so that a long table of one does not hold up the other. */
  pull(): Uint8Array | undefined {
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

  sent(): void {
    // Progress matters to the SendHoldTimer only, which is the driver's.
  }

  /** New rules or policies: what the peer sent is judged again without asking it (soft reconfiguration). */
  setIntent(intent: PeerIntent): void {
    this.intent = intent;
    if (this.facts !== undefined) this.#ingress = this.#ingressSession(this.facts);
    if (this.id !== NO_PEER && this.facts !== undefined) this.#setFacts(this.facts);
  }

  /** The rules that the peer's routes are judged by now; undefined while it is down. */
  get ingress(): IngressSession | undefined {
    return this.#ingress;
  }

  /** Where a member of the family belongs by the present intent; undefined while the session does not speak it. */
  targetFor(family: FamilyRow): ExportTarget | undefined {
    return this.#members[family.index] === undefined ? undefined : this.#target(family, this.facts!);
  }

  /** The speaker has moved the peer's member to another group. */
  replaceMember(family: FamilyRow, member: GroupMember): void {
    this.#members[family.index] = member;
  }

  log(level: "error" | "warn" | "info" | "debug", event: string, fields: LogFields = {}): void {
    this.#host.log.write(level, event, { peer: this.name, address: this.address, ...fields });
  }

  #join(family: FamilyRow, facts: SessionFacts): void {
    const who = {
      peer: this.id, name: this.name, routerId: facts.remote.routerId, wake: (): void => this.session.wake(),
    };
    const marks = { atStart: [], atEnd: [endOfRib(family.name)] };
    const reflector = this.#host.tables.reflectors[family.index]!;
    this.#members[family.index] = reflector.join(who, this.#target(family, facts), marks);
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
    member.refresh({ atStart: mark(REFRESH.BEGIN), atEnd: mark(REFRESH.END) });
  }

  #beginStale(family: FamilyRow): void {
    this.#host.tables.ribs[family.index]!.markStale(this.id);
    this.#staleTimers[family.index]?.();
    this.#staleTimers[family.index] = this.#host.later(STALE_SECONDS_MAX, () => this.#sweepStale(family));
  }

  #sweepStale(family: FamilyRow): void {
    this.#staleTimers[family.index]?.();
    this.#staleTimers[family.index] = undefined;
    this.#host.sweep(this.id, family);
  }

  /** Keeps the id of the peer's paths across sessions unless the router behind it is another one. */
  #takeId(facts: SessionFacts): void {
    const { peers } = this.#host.tables;
    const want = this.#ribFacts(facts);
    if (this.id !== NO_PEER && (this.#host.isDropping(this.id) || !samePeer(peers.get(this.id), want))) {
      this.#host.retire(this.id);
      this.id = NO_PEER;
    }
    if (this.id === NO_PEER) this.id = peers.add(want);
    this.#setFacts(facts);
  }

  /** Tells tables what is true of the peer; a changed source has all its paths exported again. */
  #setFacts(facts: SessionFacts): void {
    const { peers, sources } = this.#host.tables;
    const want = this.#ribFacts(facts);
    peers.update(this.id, want);
    const clusterId = this.kind === "client" ? this.intent.clusterId : 0;
    const changed = sources.set({
      peer: this.id, kind: this.kind, own: false, routerId: want.routerId, clusterId, localAsNumber: want.localAs,
    });
    if (changed) this.#host.markPaths(this.id);
  }

  #ribFacts(facts: SessionFacts): PeerFacts {
    const { name, intent } = this;
    return {
      name, ebgp: !this.isIbgp, own: false, client: this.kind === "client", clusterId: intent.clusterId,
      routerId: facts.remote.routerId, address: parseAddress(facts.remoteAddress.split("%")[0]!) ?? EMPTY,
      remotePort: facts.remotePort, localAs: intent.localAsNumber, asNumber: intent.asNumber,
    };
  }

  #ingressSession(facts: SessionFacts): IngressSession {
    const { negotiated } = facts;
    const has = (families: readonly string[]): boolean[] => FAMILIES.map(({ name }) => families.includes(name));
    const loopback = this.#host.isLoopback(facts.localAddress);
    const key = (this.isIbgp ? 0 : 1) | (negotiated.fourOctetAs ? 2 : 0) | (loopback ? 4 : 0);
    return {
      peer: this.id,
      context: {
        ebgp: !this.isIbgp, fourOctetAs: negotiated.fourOctetAs, addPath: negotiated.addPathReceive,
        extendedNextHop: negotiated.extendedNextHop, loopback, families: negotiated.families,
      },
      contextKey: key | (negotiated.extendedNextHop.length > 0 ? 8 : 0),
      rules: this.#rules(),
      policy: new CompiledPolicy(this.intent.import, this.isIbgp),
      negotiated: has(negotiated.families),
      addPath: has(negotiated.addPathReceive),
      limits: FAMILIES.map(({ name }) => this.intent.prefixLimit[name]),
    };
  }

  #rules(): SessionRules {
    const { intent } = this;
    return {
      ebgp: !this.isIbgp, client: this.kind === "client",
      asNumber: intent.asNumber, localAsNumber: intent.localAsNumber,
      routerId: this.#host.speaker.routerId, clusterIds: this.#host.clusterIds, role: intent.role,
      enforceFirstAs: intent.enforceFirstAs, rejectAsSets: intent.rejectAsSets, allowOwnAs: intent.allowOwnAs,
      isOurs: (address) => this.#host.isOurs(address),
    };
  }

  #target(family: FamilyRow, facts: SessionFacts): ExportTarget {
    const { intent, kind } = this;
    const { negotiated } = facts;
    const writesSelf = intent.nextHop === "self" || (intent.nextHop === "auto" && kind === "ebgp") ||
      this.#host.originatesWithoutNextHop;
    return new ExportTarget({
      family, kind, localAsNumber: intent.localAsNumber, clusterId: kind === "client" ? intent.clusterId : 0,
      nextHop: intent.nextHop, selfAddress: writesSelf ? selfAddress(family, facts, negotiated.extendedNextHop) : EMPTY,
      role: intent.role, policy: new CompiledPolicy(intent.export, this.isIbgp),
      addPathMax: negotiated.addPathSend.includes(family.name) ? intent.addPathSendMax : 0,
      fourOctetAs: negotiated.fourOctetAs,
      messageOctetsMax: negotiated.extendedMessagesSend ? EXTENDED_MESSAGE_OCTETS_MAX : MESSAGE_OCTETS_MAX,
      extendedNextHop: negotiated.extendedNextHop.includes(family.name),
    });
  }

  #fault(fault: Fault): void {
    this.faults[fault.disposition]++;
    this.log("warn", "update-fault", {
      disposition: fault.disposition, code: fault.code, subcode: fault.subcode, attribute: fault.attribute,
      why: fault.why,
    });
  }

  #crossed(family: FamilyRow, ends: boolean): void {
    const limit = this.intent.prefixLimit[family.name]!;
    this.log("warn", "prefix-limit", { family: family.name, max: limit.max, action: limit.action });
    if (!ends) return;
    this.#afterEnd = limit.action === "restart" ? { restartSeconds: limit.restartSeconds } : "stay down";
  }
}

/** Whether paths learned under one set of facts may go on under the other. */
function samePeer(a: PeerFacts, b: PeerFacts): boolean {
  return a.ebgp === b.ebgp && a.routerId === b.routerId && a.localAs === b.localAs && a.asNumber === b.asNumber;
}

/** Our address of the session where it fits the family, global addresses only (RFC 2545 §3). */
function selfAddress(family: FamilyRow, facts: SessionFacts, extendedNextHop: readonly string[]): Uint8Array {
  const address = facts.localAddress.includes("%") ? undefined : parseAddress(facts.localAddress);
  if (address === undefined) return EMPTY;
  const extended = address.length === 16 && extendedNextHop.includes(family.name);
  const fits = address.length === family.addressOctets || extended;
  return fits ? address : EMPTY;
}
