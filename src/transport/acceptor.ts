/**
 * To which neighbour an inbound connection belongs. Rules: a source that nobody configured is closed before a single
 * octet is read; of several neighbours with one address the OPEN decides, and where it does not tell, the first
 * configured takes the connection; every refusal is counted by its reason.
 */

import type { Clock } from "../base/ports.ts";
import { after } from "../base/ports.ts";
import type { Prefix } from "../base/prefix.ts";
import { covers, hostPrefix } from "../base/prefix.ts";
import { ACCEPTED_OPEN_HOLD_SECONDS } from "../fsm/cells.ts";
import type { OpenMessage } from "../messages/open.ts";
import { sniffOpen } from "./open-sniffer.ts";
import type { Connection, PeerSessionPort, Scheduler, SocketDemands } from "./ports.ts";

/**
 * Why a connection was not taken. `demands`: it is not as its neighbour's sockets have to be. `session`: its neighbour
 * refused it and says why in its own log.
 */
export const REFUSALS = ["unknownSource", "rangeFull", "superseded", "noOpen", "demands", "session"] as const;
/** One of REFUSALS. */
export type Refusal = (typeof REFUSALS)[number];

/** A range of neighbours. */
export interface RangeOfPeers {
  readonly name: string;
  readonly range: Prefix;
  /** What its members demand of their connections. */
  readonly demands?: SocketDemands | undefined;
  /** The session of a source address in the range, made where there is none; undefined where the range is full. */
  member(address: string): PeerSessionPort | undefined;
}

/** What the acceptor needs of the world, and whom it tells. */
export interface AcceptorEnvironment {
  readonly clock: Clock;
  readonly scheduler: Scheduler;
  onRefused(reason: Refusal, remoteAddress: string): void;
}

/** Connections per address whose OPEN is awaited to tell its neighbour. */
const UNDECIDED_MAX = 2;

/** Owns the way from a listener to a neighbour. */
export class Acceptor {
  readonly #environment: AcceptorEnvironment;
  /** By address, each in the order in which they were added. */
  readonly #peers = new Map<string, PeerSessionPort[]>();
  readonly #ranges: RangeOfPeers[] = [];
  /** Undecided connections by address, the oldest first: what takes each back. */
  readonly #undecided = new Map<string, Array<() => void>>();
  readonly #refused: Record<Refusal, number> = { unknownSource: 0, rangeFull: 0, superseded: 0, noOpen: 0, demands: 0,
    session: 0 };

  constructor(environment: AcceptorEnvironment) {
    this.#environment = environment;
  }

  /** Counts of refused connections. */
  get refused(): Readonly<Record<Refusal, number>> {
    return this.#refused;
  }

  /** A neighbour with an address; the order of calls is the order of configuration. */
  add(session: PeerSessionPort): void {
    const { address } = session.parameters;
    const there = this.#peers.get(address);
    if (there === undefined) this.#peers.set(address, [session]);
    else there.push(session);
  }

  /** Forgets a neighbour; its connections are its own affair. */
  remove(session: PeerSessionPort): void {
    const { address } = session.parameters;
    const left = (this.#peers.get(address) ?? []).filter((other) => other !== session);
    if (left.length === 0) this.#peers.delete(address);
    else this.#peers.set(address, left);
  }

  /** Neighbours by range; of several that contain an address the longest prefix counts. */
  addRange(range: RangeOfPeers): void {
    this.#ranges.push(range);
    this.#ranges.sort((a, b) => b.range.length - a.range.length);
  }

  /** Forgets a range. */
  removeRange(name: string): void {
    const at = this.#ranges.findIndex((range) => range.name === name);
    if (at >= 0) this.#ranges.splice(at, 1);
  }

  /** Gives a connection to its neighbour, or closes it. */
  offer(connection: Connection): void {
    const peers = this.#peers.get(connection.remoteAddress);
    if (peers === undefined) return this.#offerToRange(connection);
    if (peers.length === 1) return this.#give(peers[0], connection);
    this.#decideByOpen(connection);
  }

  /** Dismisses the connections whose OPEN is awaited. */
  close(): void {
    for (const waiting of [...this.#undecided.values()]) for (const takeBack of [...waiting]) takeBack();
  }

  #offerToRange(connection: Connection): void {
    const host = hostPrefix(connection.remoteAddress);
    const range = host && this.#ranges.find((candidate) => covers(candidate.range, host));
    if (range === undefined) return this.#refuse("unknownSource", connection);
    // Before there is a member: it would stay without a connection.
    const isAsDemanded = range.demands === undefined || connection.refuses?.(range.demands) === undefined;
    if (!isAsDemanded) return this.#refuse("demands", connection);
    const member = range.member(connection.remoteAddress);
    if (member === undefined) return this.#refuse("rangeFull", connection);
    this.#accept(member, connection);
  }

  #give(session: PeerSessionPort | undefined, connection: Connection, alreadyRead?: Uint8Array): void {
    if (session === undefined) return this.#refuse("unknownSource", connection);
    const { demands } = session.parameters;
    // Of a session that waits, too: it may have begun before a listener could not be made to ask.
    const why = demands === undefined ? undefined : connection.refuses?.(demands);
    if (why === undefined) return this.#accept(session, connection, alreadyRead);
    session.note(`refused a connection: ${why}`);
    this.#refuse("demands", connection);
  }

  #accept(session: PeerSessionPort, connection: Connection, alreadyRead?: Uint8Array): void {
    if (!session.accept(connection, alreadyRead)) this.#count("session", connection);
  }

  /** Reads until the OPEN, in bounded time and memory; the neighbours may change meanwhile. */
  #decideByOpen(connection: Connection): void {
    const address = connection.remoteAddress;
    const waiting = this.#undecided.get(address) ?? [];
    if (waiting.length >= UNDECIDED_MAX) waiting[0]?.();
    const { clock, scheduler } = this.#environment;
    const leave = (): void => {
      cancelBound();
      const at = waiting.indexOf(supersede);
      if (at >= 0) waiting.splice(at, 1);
      if (waiting.length === 0 && this.#undecided.get(address) === waiting) this.#undecided.delete(address);
    };
    const give = (open: OpenMessage | undefined, read: Uint8Array): void => {
      leave();
      const peers = this.#peers.get(address) ?? [];
      this.#give(open === undefined ? peers[0] : chooseByOpen(peers, connection, open), connection, read);
    };
    const dismiss = (reason: Refusal) => (): void => {
      leave();
      this.#refuse(reason, connection);
    };
    const supersede = dismiss("superseded");
    waiting.push(supersede);
    this.#undecided.set(address, waiting);
    const bound = after(clock.now(), ACCEPTED_OPEN_HOLD_SECONDS);
    const cancelBound = scheduler.at(bound, dismiss("noOpen"));
    sniffOpen(connection, { decided: give, closed: dismiss("noOpen") });
  }

  #refuse(reason: Refusal, connection: Connection): void {
    connection.destroy();
    this.#count(reason, connection);
  }

  #count(reason: Refusal, connection: Connection): void {
    this.#refused[reason]++;
    this.#environment.onRefused(reason, connection.remoteAddress);
  }
}

/**
 * The neighbour that an OPEN belongs to, of several with one address: by AS, by the address that was connected to, by
 * an Identifier that is known already; else the first configured, and the others are told what they wait for.
 */
function chooseByOpen(
  peers: readonly PeerSessionPort[], connection: Connection, open: OpenMessage,
): PeerSessionPort | undefined {
  const narrowed = narrow(narrow(peers, ({ parameters }) => parameters.asNumber === open.asNumber),
    ({ parameters }) => parameters.localAddress === connection.localAddress);
  const known = narrowed.find((session) => session.view().remote?.routerId === open.routerId);
  const candidates = known === undefined ? narrow(narrowed, (session) => session.view().remote === undefined) : [known];
  const [chosen, ...others] = candidates;
  for (const other of others) {
    other.note(`neighbour ${chosen?.parameters.name ?? ""} took the connection from ${connection.remoteAddress}: `
      + "the OPEN does not tell them apart");
  }
  return chosen;
}

/** Those that fit, or all where none does. */
function narrow(
  peers: readonly PeerSessionPort[], fits: (session: PeerSessionPort) => boolean,
): readonly PeerSessionPort[] {
  const found = peers.filter(fits);
  return found.length === 0 ? peers : found;
}
