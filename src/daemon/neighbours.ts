/**
 * The neighbours by name and by address: configured ones, and members of ranges that come and go. Rule: every
 * neighbour has its own session; a member of a range lives as long as its connection and its routes.
 */

import { parseAddress } from "../base/address.ts";
import type { PeerIntent } from "../config/intent.ts";
import { Acceptor } from "../transport/acceptor.ts";
import { CEASE, notificationName } from "../messages/notification.ts";
import { PeerSession } from "../transport/peer-session.ts";
import type { SessionEnd, SessionLogEvent, SessionParameters } from "../transport/ports.ts";
import { capabilitiesFor } from "./capabilities.ts";
import { Peer } from "./peer.ts";
import type { Speaker, SpeakerEnvironment } from "./speaker.ts";

/** A configured range and its members by address. */
export interface RangeOfPeers {
  intent: PeerIntent;
  readonly members: Map<string, Peer>;
}

/** All neighbours of a speaker. */
export class Neighbours {
  readonly #speaker: Speaker;
  readonly #environment: SpeakerEnvironment;
  readonly #peers = new Map<string, Peer>();
  readonly #ranges = new Map<string, RangeOfPeers>();
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

  /** Configured neighbours with an address. */
  configured(): Iterable<Peer> {
    return this.#peers.values();
  }

  ranges(): Iterable<RangeOfPeers> {
    return this.#ranges.values();
  }

  add(intent: PeerIntent): void {
    if (intent.where.kind === "range") {
      const range: RangeOfPeers = { intent, members: new Map() };
      this.#ranges.set(intent.name, range);
      this.acceptor.addRange({
        name: intent.name, range: intent.where.range, member: (address) => this.#member(range, address)?.session,
      });
      return;
    }
    const peer = this.#newPeer(intent, intent.where.address, intent.where.port);
    this.#peers.set(intent.name, peer);
    this.acceptor.add(peer.session);
    if (intent.enabled) peer.session.start();
  }

  /** De-configured: its sessions end with Cease 6/3 (RFC 4486). */
  remove(name: string): void {
    for (const peer of this.#unlist(name)) this.#end(peer, CEASE.PEER_DECONFIGURED, "neighbour removed");
  }

  /** Another configuration that a session cannot take over: Cease 6/6, then a new session. */
  replace(intent: PeerIntent): void {
    for (const peer of this.#unlist(intent.name)) this.#end(peer, CEASE.CONFIGURATION_CHANGE, "configuration changed");
    this.add(intent);
  }

  /** A configuration that sessions take over as they are. */
  update(intent: PeerIntent): void {
    const range = this.#ranges.get(intent.name);
    if (range !== undefined) range.intent = intent;
    for (const peer of this.#named(intent.name)) {
      peer.setIntent(range === undefined ? intent : memberIntent(intent, peer.address));
      peer.session.retune(parametersOf(this.#speaker, this.#environment, peer));
    }
  }

  /** Takes a neighbour out of the lists; the answer is its sessions. */
  #unlist(name: string): Peer[] {
    const peers = this.#named(name);
    const peer = this.#peers.get(name);
    if (peer !== undefined) this.acceptor.remove(peer.session);
    if (this.#ranges.has(name)) this.acceptor.removeRange(name);
    this.#peers.delete(name);
    this.#ranges.delete(name);
    return peers;
  }

  /** The member of a range for a source address, made on its first connection; undefined at the range's limit. */
  #member(range: RangeOfPeers, address: string): Peer | undefined {
    const found = range.members.get(address);
    if (found !== undefined) return found;
    const { intent } = range;
    if (intent.where.kind !== "range" || range.members.size >= intent.where.limit) return undefined;
    const peer = this.#newPeer(memberIntent(intent, address), address, 179);
    range.members.set(address, peer);
    if (intent.enabled) peer.session.start();
    return peer;
  }

  /** A member of a range without a connection is forgotten. */
  #quiet(peer: Peer): void {
    for (const { members } of this.#ranges.values()) {
      if (members.get(peer.address) !== peer || !peer.intent.enabled) continue;
      members.delete(peer.address);
      this.#forget(peer);
      peer.session.stop();
    }
  }

  /** The peers that a selector names: a name (of a range: its members), an address, or address:port. */
  select(selector: string): Peer[] {
    const all = this.all();
    const byName = all.filter(({ name }) => name === selector);
    if (byName.length > 0) return byName;
    const range = this.#ranges.get(selector);
    if (range !== undefined) return [...range.members.values()];
    const { address, port } = splitPort(selector);
    return all.filter((peer) => sameAddress(peer.address, address) && (port === undefined || peer.port === port));
  }

  stop(text: string): void {
    for (const peer of this.all()) peer.session.stop({ text });
  }

  #named(name: string): Peer[] {
    const peer = this.#peers.get(name);
    return peer !== undefined ? [peer] : [...(this.#ranges.get(name)?.members.values() ?? [])];
  }

  #end(peer: Peer, subcode: number, text: string): void {
    peer.session.stop({ subcode, text });
    this.#forget(peer);
  }

  #forget(peer: Peer): void {
    if (peer.id !== 0) this.#speaker.retire(peer.id);
  }

  #newPeer(intent: PeerIntent, address: string, port: number): Peer {
    const peer = new Peer(this.#speaker, intent, address, port);
    peer.session = new PeerSession(parametersOf(this.#speaker, this.#environment, peer), peer, {
      clock: this.#environment.clock,
      random: this.#environment.random,
      scheduler: this.#environment.scheduler,
      connector: this.#environment.connector,
      onEvent: (event) => this.#onEvent(peer, event),
      onQuiet: () => this.#quiet(peer),
    });
    return peer;
  }

  #onEvent(peer: Peer, event: SessionLogEvent): void {
    switch (event.event) {
      case "state": return peer.log("debug", "state", { from: event.from, to: event.to });
      case "ended": return this.#onEnd(peer, event.end);
      case "bug":
        this.#speaker.bugs++;
        return peer.log("error", "bug", { stack: event.stack });
      case "dialFailed": return peer.log("debug", "dial-failed", { why: event.why });
      case "refused": return peer.log("info", "connection-refused", { why: event.why });
      case "waiting": return peer.log("warn", "waiting", { why: event.why });
    }
  }

  #onEnd(peer: Peer, end: SessionEnd): void {
    if (end.direction !== "local") {
      const key = `${end.direction} ${end.code} ${end.subcode}`;
      peer.notifications.set(key, (peer.notifications.get(key) ?? 0) + 1);
    }
    peer.log("info", "connection-ended", {
      direction: end.direction, code: end.code, subcode: end.subcode, text: end.text,
      reason: end.code === 0 ? end.name : notificationName(end.code, end.subcode),
    });
  }
}

/** The intent of one member: its own name and address. */
function memberIntent(intent: PeerIntent, address: string): PeerIntent {
  return { ...intent, name: address, passive: true, where: { kind: "address", address, port: 179 } };
}

function parametersOf(speaker: Speaker, environment: SpeakerEnvironment, peer: Peer): SessionParameters {
  const { intent, address, port } = peer;
  return {
    name: peer.name, address, port, passive: intent.passive, asNumber: intent.asNumber,
    ...(intent.localAddress === undefined ? {} : { localAddress: intent.localAddress }),
    localAsNumber: intent.localAsNumber, routerId: speaker.speaker.routerId, holdTimeSeconds: intent.holdTimeSeconds,
    keepaliveTimeSeconds: intent.keepaliveTimeSeconds, connectRetrySeconds: intent.connectRetrySeconds,
    idleHoldSeconds: intent.idleHoldSeconds, capabilities: capabilitiesFor(intent), role: intent.role,
    roleStrict: intent.roleStrict, families: intent.families, unavailable: environment.refusesSockets(intent),
  };
}

function splitPort(selector: string): { address: string; port: number | undefined } {
  const bracketed = /^\[(.+)\]:(\d+)$/.exec(selector);
  const plain = bracketed ?? /^([^:]+):(\d+)$/.exec(selector);
  return plain === null ? { address: selector, port: undefined } : { address: plain[1]!, port: Number(plain[2]) };
}

function sameAddress(a: string, b: string): boolean {
  const [bytes, other] = [parseAddress(a), parseAddress(b)];
  return bytes === undefined || other === undefined ? a === b : bytes.join() === other.join();
}
