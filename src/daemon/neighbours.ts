/**
 * The neighbours by name and by address: configured ones, and members of ranges that come and go. Rule: every
 * neighbour has its own session; a member of a range lives as long as its connection and its routes, and longer only
 * where somebody decided that it stays down.
 */

import type { Clock, Random } from "../base/ports.ts";
import { BGP_PORT } from "../config/intent.ts";
import type { PeerIntent, SpeakerIntent } from "../config/intent.ts";
import { keepsOnNotification } from "../fsm/restart.ts";
import { CEASE, notificationName } from "../messages/notification.ts";
import { Acceptor } from "../transport/acceptor.ts";
import { PeerSession } from "../transport/peer-session.ts";
import type { Connector, Scheduler, SessionEnd, SessionEnvironment, SessionLogEvent } from "../transport/ports.ts";
import { adminAfter, AS_CONFIGURED, isEnabled } from "./admin.ts";
import type { AdminState } from "./admin.ts";
import { LogLimit, LogLimits } from "./log-limit.ts";
import { Peer } from "./peer.ts";
import type { PeerIdentity } from "./peer.ts";
import { isGraceful } from "./restarts.ts";
import { parseSelector, selects } from "./selector.ts";
import { parametersOf } from "./session-parameters.ts";
import { claimSockets, demandsOf } from "./socket-demands.ts";
import type { Speaker, SpeakerEnvironment } from "./speaker.ts";

/** A configured range and its members by address. */
interface RangeOfPeers {
  intent: PeerIntent;
  /** What operators decided for the range as a whole. */
  admin: AdminState;
  readonly members: Map<string, Peer>;
}

/** Who hears of the sessions of all peers. */
interface PeerListener {
  onEvent(peer: Peer, event: SessionLogEvent): void;
  onQuiet(peer: Peer): void;
}

/** The world of one peer's session: everybody's, but for whose events they are. */
class PeerEnvironment implements SessionEnvironment {
  readonly #all: SpeakerEnvironment;
  readonly #peer: Peer;
  readonly #listener: PeerListener;

  constructor(all: SpeakerEnvironment, peer: Peer, listener: PeerListener) {
    this.#all = all;
    this.#peer = peer;
    this.#listener = listener;
  }

  get clock(): Clock {
    return this.#all.clock;
  }

  get random(): Random {
    return this.#all.random;
  }

  get scheduler(): Scheduler {
    return this.#all.scheduler;
  }

  get connector(): Connector {
    return this.#all.connector;
  }

  onEvent(event: SessionLogEvent): void {
    this.#listener.onEvent(this.#peer, event);
  }

  onQuiet(): void {
    this.#listener.onQuiet(this.#peer);
  }
}

/** All neighbours of a speaker. */
export class Neighbours {
  readonly #speaker: Speaker;
  readonly #environment: SpeakerEnvironment;
  readonly #peers = new Map<string, Peer>();
  readonly #ranges = new Map<string, RangeOfPeers>();
  /** Configured neighbours by address and port: Calico may ask for two sessions to one. */
  readonly #byPlace = new Map<string, Set<Peer>>();
  readonly #logLimits = new LogLimits();
  readonly #listener: PeerListener = {
    onEvent: (peer, event) => this.#onEvent(peer, event),
    onQuiet: (peer) => this.#quiet(peer),
  };
  /** Who inbound connections belong to. */
  readonly acceptor: Acceptor;

  constructor(speaker: Speaker, environment: SpeakerEnvironment) {
    this.#speaker = speaker;
    this.#environment = environment;
    this.acceptor = new Acceptor({
      clock: environment.clock,
      scheduler: environment.scheduler,
      onRefused: (reason, remoteAddress) =>
        environment.log.write("debug", "connection-refused", { reason, address: remoteAddress }),
    });
  }

  /** Every session: configured neighbours, then members of ranges. */
  all(): Peer[] {
    return [...this.#peers.values(), ...[...this.#ranges.values()].flatMap(({ members }) => [...members.values()])];
  }

  add(intent: PeerIntent): void {
    if (intent.where.kind === "range") this.#addRange(intent, AS_CONFIGURED);
    else this.#addPeer(intent, AS_CONFIGURED);
  }

  /** De-configured: its sessions end with Cease 6/3 (RFC 4486). */
  remove(name: string): void {
    for (const peer of this.#unlist(name)) this.#end(peer, CEASE.PEER_DECONFIGURED, "neighbour removed");
  }

  /** Another configuration that a session cannot take over: Cease 6/6, then a new session. What was decided stays. */
  replace(intent: PeerIntent): void {
    const range = this.#ranges.get(intent.name);
    const before = this.#peers.get(intent.name);
    const members = this.#unlist(intent.name);
    const [subcode, text] = intent.enabled ? [CEASE.CONFIGURATION_CHANGE, "configuration changed"]
      : [CEASE.ADMINISTRATIVE_SHUTDOWN, "disabled"];
    for (const peer of members) this.#end(peer, subcode, text);
    if (intent.where.kind === "address") {
      const kept = before === undefined ? AS_CONFIGURED : adminAfter(before.intent, intent, before.admin);
      return this.#addPeer(intent, kept);
    }
    const added = this.#addRange(intent, range === undefined ? AS_CONFIGURED
      : adminAfter(range.intent, intent, range.admin));
    for (const member of range === undefined ? [] : members) {
      const kept = adminAfter(member.intent, intent, member.admin);
      if (kept.by !== "configuration") this.#addMember(added, member.address, kept);
    }
  }

  /** A configuration that sessions take over as they are. */
  update(intent: PeerIntent): void {
    const range = this.#ranges.get(intent.name);
    if (range !== undefined) range.intent = intent;
    for (const peer of this.named(intent.name)) {
      peer.setIntent(intent);
      peer.session.retune(parametersOf(this.#speaker, peer));
    }
  }

  /** The sessions of a configured neighbour or range. */
  named(name: string): Peer[] {
    const peer = this.#peers.get(name);
    return peer !== undefined ? [peer] : [...(this.#ranges.get(name)?.members.values() ?? [])];
  }

  /** The peers that a selector names: a name (of a range: its members), an address, or address:port. */
  select(selector: string): Peer[] {
    if (this.#peers.has(selector) || this.#ranges.has(selector)) return this.named(selector);
    const wanted = parseSelector(selector);
    return this.all().filter((peer) => selects(wanted, peer));
  }

  /** Whether a selector names a range, which may have no member now. */
  isRange(selector: string): boolean {
    return this.#ranges.has(selector);
  }

  /**
   * Whether a neighbour must not dial: another one of the same place is up with graceful restart, and a router that has
   * one session for both would take the dial for our restart and end that one (RFC 4724 §5; seen with BIRD).
   */
  isTaken(peer: Peer): boolean {
    return this.#rivalsOf(peer).some(isGraceful);
  }

  /** A session came up or ended: who would dial the same place must not, or may again. */
  noteSession(peer: Peer): void {
    for (const rival of this.#rivalsOf(peer)) {
      rival.session.retune(parametersOf(this.#speaker, rival));
      rival.session.note(this.isTaken(rival) ? `neighbour ${peer.name} has a session to this address` : undefined);
    }
  }

  #rivalsOf(peer: Peer): Peer[] {
    return [...this.#byPlace.get(placeOf(peer)) ?? []].filter((other) => other !== peer);
  }

  /** Whether a session of that name may come: members of ranges are not there before they do. */
  expects(name: string): boolean {
    return this.#peers.get(name)?.enabled ?? this.#ranges.size > 0;
  }

  /** Keeps neighbours down with an RFC 9003 text; of a range also whoever comes later. Answers their names. */
  disable(selector: string, reason: string): string[] {
    const admin: AdminState = { by: "disable", reason };
    const range = this.#ranges.get(selector);
    if (range !== undefined) range.admin = admin;
    const found = this.select(selector);
    for (const peer of found) {
      if (range === undefined) peer.admin = admin; // members of a disabled range go with their sessions
      peer.session.stop({ text: reason });
      peer.giveUp();
      this.nothingKept(peer);
    }
    return range === undefined ? found.map(({ name }) => name) : [selector];
  }

  /** Undoes `disable`, and what a prefix limit or the configuration decided. Answers their names. */
  enable(selector: string): string[] {
    const range = this.#ranges.get(selector);
    if (range !== undefined) range.admin = range.intent.enabled ? AS_CONFIGURED : { by: "enable" };
    const found = this.select(selector);
    this.demandAgain();
    for (const peer of found) {
      const wasDown = !peer.enabled;
      peer.admin = peer.intent.enabled ? AS_CONFIGURED : { by: "enable" };
      if (wasDown) peer.noteDown();
      peer.session.start();
      if (wasDown) this.#quiet(peer);
    }
    return range === undefined ? found.map(({ name }) => name) : [selector];
  }

  /**
   * Tries again what sockets could not be made to ask for, as it may be possible now: the neighbour that had the
   * address's password is gone, or the system was given more room. Whoever waits no longer starts, and the other way
   * round.
   */
  demandAgain(): void {
    const { sockets } = this.#environment;
    for (const { intent } of [...this.#peers.values(), ...this.#ranges.values()]) {
      const demands = demandsOf(intent);
      if (typeof demands !== "object" || sockets.refuses(intent.name, demands) === undefined) continue;
      claimSockets(sockets, intent);
    }
    for (const peer of this.all()) {
      const { demands, unavailable } = peer.session.parameters;
      if (demands === undefined || sockets.refuses(peer.intent.name, demands) === unavailable) continue;
      peer.session.retune(parametersOf(this.#speaker, peer));
    }
  }

  /** Ends all sessions. Who keeps our routes over a restart is told so, or nothing where every word would end it. */
  stop(text: string, how: SpeakerIntent["onStop"]): void {
    for (const peer of this.all()) {
      peer.session.stop(how === "restart" && isGraceful(peer) ? leaveFor(peer, text) : { text });
      peer.giveUp();
    }
    this.acceptor.close();
  }

  /** Nothing is left of a neighbour that is down: a member of a range goes with its last route. */
  nothingKept(peer: Peer): void {
    const { state } = peer.session.view();
    if (state === "Idle" || state === "Active") this.#quiet(peer);
  }

  #addPeer(intent: PeerIntent, admin: AdminState): void {
    if (intent.where.kind !== "address") return;
    const { name, where: { address, port } } = intent;
    claimSockets(this.#environment.sockets, intent);
    const peer = this.#newPeer(intent, { name, address, port }, admin);
    this.#peers.set(intent.name, peer);
    const there = this.#byPlace.get(placeOf(peer)) ?? new Set();
    this.#byPlace.set(placeOf(peer), there.add(peer));
    this.acceptor.add(peer.session);
    if (peer.enabled) peer.session.start();
  }

  #addRange(intent: PeerIntent, admin: AdminState): RangeOfPeers {
    const range: RangeOfPeers = { intent, admin, members: new Map() };
    const demands = claimSockets(this.#environment.sockets, intent);
    this.#ranges.set(intent.name, range);
    if (intent.where.kind === "range") {
      this.acceptor.addRange({
        name: intent.name, range: intent.where.range, demands,
        member: (address) => this.#member(range, address)?.session,
      });
    }
    return range;
  }

  /** The member of a range for a source address, made on its first connection; undefined where it may have none. */
  #member(range: RangeOfPeers, address: string): Peer | undefined {
    const found = range.members.get(address);
    if (found !== undefined) return found;
    const { intent, admin } = range;
    if (intent.where.kind !== "range" || range.members.size >= intent.where.limit) return undefined;
    return isEnabled(intent, admin) ? this.#addMember(range, address, admin) : undefined;
  }

  #addMember(range: RangeOfPeers, address: string, admin: AdminState): Peer {
    const limit = this.#logLimits.of(address);
    // A member is known by this port; it is never dialled.
    const peer = this.#newPeer(range.intent, { name: address, address, port: BGP_PORT }, admin, limit);
    range.members.set(address, peer);
    if (peer.enabled) peer.session.start();
    return peer;
  }

  /** A member of a range without a connection is forgotten, unless it is to stay down. */
  #quiet(peer: Peer): void {
    const range = [...this.#ranges.values()].find(({ members }) => members.get(peer.address) === peer);
    if (range === undefined || !peer.enabled || peer.keepsRoutes) return;
    range.members.delete(peer.address);
    this.#forget(peer);
    peer.session.stop();
  }

  /** Takes a neighbour out of the lists; the answer is its sessions. */
  #unlist(name: string): Peer[] {
    const peers = this.named(name);
    const peer = this.#peers.get(name);
    if (peer !== undefined) {
      this.acceptor.remove(peer.session);
      this.#leavePlace(peer);
    }
    if (this.#ranges.has(name)) this.acceptor.removeRange(name);
    this.#environment.sockets.release(name);
    this.#peers.delete(name);
    this.#ranges.delete(name);
    return peers;
  }

  #leavePlace(peer: Peer): void {
    const there = this.#byPlace.get(placeOf(peer));
    there?.delete(peer);
    if (there?.size === 0) this.#byPlace.delete(placeOf(peer));
  }

  #end(peer: Peer, subcode: number, text: string): void {
    peer.session.stop({ subcode, text });
    this.#forget(peer);
  }

  #forget(peer: Peer): void {
    peer.giveUp();
    if (peer.id !== 0) this.#speaker.retire(peer.id);
  }

  #newPeer(intent: PeerIntent, who: PeerIdentity, admin: AdminState, limit: LogLimit = new LogLimit()): Peer {
    const peer = new Peer(this.#speaker, intent, who, limit);
    peer.admin = admin;
    const environment = new PeerEnvironment(this.#environment, peer, this.#listener);
    peer.session = new PeerSession(parametersOf(this.#speaker, peer), peer, environment);
    return peer;
  }

  #onEvent(peer: Peer, event: SessionLogEvent): void {
    switch (event.event) {
      case "state": return peer.log("debug", "state", { from: event.from, to: event.to });
      case "ended": return this.#onEnd(peer, event.end);
      case "bug": return this.#speaker.bug(peer, event.stack, event.message);
      case "dialFailed": return peer.log("debug", "dial-failed", { why: event.why });
      case "refused": return this.#onRefused(peer, event.why);
      case "waiting": return peer.log("warn", "waiting", { why: event.why });
    }
  }

  /** A member of a range that waits has no connection to go with. */
  #onRefused(peer: Peer, why: string): void {
    peer.log("info", "connection-refused", { why }, why);
    const { session } = peer;
    if (session.parameters.unavailable !== undefined && session.view().state === "Idle") this.#quiet(peer);
  }

  #onEnd(peer: Peer, end: SessionEnd): void {
    if (end.direction !== "local") peer.countNotification(end);
    peer.log("info", "connection-ended", {
      direction: end.direction, code: end.code, subcode: end.subcode, text: end.text,
      reason: end.code === 0 ? end.name : notificationName(end.code, end.subcode),
    }, `${end.direction} ${end.code} ${end.subcode}`);
  }
}

function placeOf({ address, port }: Peer): string {
  return `${address} ${port}`;
}

/** How a session ends whose peer is to keep our routes: RFC 8538 where both ends speak it, else without a word. */
function leaveFor({ facts }: Peer, text: string): Parameters<PeerSession["stop"]>[0] {
  const { local, negotiated } = facts!;
  return keepsOnNotification(local, negotiated) ? { subcode: CEASE.ADMINISTRATIVE_RESET, text }
    : { text: "we restart", quietly: true };
}
