/**
 * What transport needs from others and offers to the daemon. Rule: only types here; every port has a real owner
 * (net.Socket, the system's clock, the daemon) and a twin in the simulator.
 */

import type { Clock, Instant, Random } from "../base/ports.ts";
import type { SessionEnd, SessionParameters, SocketDemands, StateName } from "../fsm/parameters.ts";
import type { Fault } from "../messages/fault.ts";
import type { Negotiated } from "../messages/negotiation.ts";
import type { OpenMessage } from "../messages/open.ts";
import type { RouteRefresh } from "../messages/route-refresh.ts";

export type { SessionEnd, SessionParameters, SocketDemands, StateName } from "../fsm/parameters.ts";

/** What is true of a session while it is Established. */
export interface SessionFacts {
  readonly negotiated: Negotiated;
  readonly local: OpenMessage;
  readonly remote: OpenMessage;
  readonly localAddress: string;
  readonly remoteAddress: string;
  readonly localPort: number;
  readonly remotePort: number;
  /** True where the peer dialled. */
  readonly incoming: boolean;
}

/** The owner of routes, as one session sees it. All calls are synchronous; none throws for what a peer sent. */
export interface SessionOwner {
  /** Established. `facts` stays valid until `down`. */
  up(facts: SessionFacts): void;
  /**
   * One whole UPDATE message with its header (a view, valid during the call). A fault with disposition "reset", or a
   * Cease for a prefix limit, ends the session with its NOTIFICATION.
   */
  update(message: Uint8Array): Fault | undefined;
  /** A valid ROUTE-REFRESH of any family and subtype; what we do not speak is the owner's to ignore. */
  routeRefresh(request: RouteRefresh): void;
  /** The session left Established. */
  down(reason: SessionEnd): void;
  /**
   * Octets to send next: whole messages, not many more than 64 KiB of them, so that completed writes show progress.
   * Undefined when nothing waits, or when others have their turn first: then the owner wakes the session again.
   * `pulledOctets`: what was pulled in this run already. The view is never modified later.
   */
  pull(pulledOctets: number): Uint8Array | undefined;
  /** `octets` handed out by `pull` have been taken by the kernel. */
  sent(octets: number): void;
}

/** Messages of one direction, by type. */
export interface MessageCounters {
  open: number;
  update: number;
  keepalive: number;
  notification: number;
  routeRefresh: number;
}

/** One session as it is now; a value of its own, safe to keep. */
export interface SessionView {
  readonly state: StateName;
  /** Wall clock in milliseconds since 1970 when `state` was entered. */
  readonly since: number;
  readonly localAddress: string | undefined;
  readonly local: OpenMessage;
  /** The last OPEN of the connection that is now in OpenConfirm or Established. */
  readonly remote: OpenMessage | undefined;
  readonly negotiated: Negotiated | undefined;
  /** `at` is the wall clock in milliseconds since 1970. */
  readonly lastError: (SessionEnd & { readonly at: number }) | undefined;
  /** What the session waits for, or undefined. */
  readonly waiting: string | undefined;
  /** How often it left Established. */
  readonly flaps: number;
  /** Negotiated where there is a remote OPEN, else what we offer. */
  readonly holdTimeSeconds: number;
  /** The interval in force, before jitter; 0 where HoldTime is 0. */
  readonly keepaliveTimeSeconds: number;
  readonly started: boolean;
}

/** What a neighbour said and was told so far, over all its sessions; a value of its own, safe to keep. */
export interface SessionTraffic {
  readonly messages: { readonly in: Readonly<MessageCounters>; readonly out: Readonly<MessageCounters> };
  readonly bytes: { readonly in: number; readonly out: number };
}

/** What is worth a line in the log. The daemon gives it a level and writes it. */
export type SessionLogEvent =
  | { readonly event: "state"; readonly from: StateName; readonly to: StateName }
  | { readonly event: "ended"; readonly end: SessionEnd; readonly established: boolean }
  | { readonly event: "dialFailed"; readonly why: string }
  | { readonly event: "refused"; readonly why: string }
  | { readonly event: "waiting"; readonly why: string }
  /** An exception while one peer's message was read: our bug; that session was reset. */
  | { readonly event: "bug"; readonly stack: string; readonly message: Uint8Array };

/** Wakes code later. Owner of the timers: daemon/system-clock.ts; the simulator has its own. */
export interface Scheduler {
  /** Calls `run` at `at` or later, with the time it is then. Returns what takes it back; twice is harmless. */
  at(at: Instant, run: (now: Instant) => void): () => void;
  /** Calls `run` after one full poll phase of the event loop: all that waited in sockets has been handed over. */
  afterPoll(run: () => void): () => void;
  /** Calls `run` when the sockets that are ready now have been read. */
  soon(run: () => void): void;
}

/** What ends a connection without a word from BGP. */
export type ConnectionEnd = { readonly why: string };

/** Whom a connection tells what happens. Nothing is called after `closed`, or after `end` or `destroy`. */
export interface ConnectionHandler {
  /** The next octets; they are not modified later. */
  data(chunk: Uint8Array): void;
  /** The kernel has taken all octets of the oldest write that it did not take at once; absent where nobody asks. */
  taken?(): void;
  /** The other side closed or the connection broke; no more data. */
  closed(end: ConnectionEnd): void;
}

/** One established TCP connection: net.Socket in the daemon, a wire in the simulator. */
export interface Connection {
  readonly localAddress: string;
  readonly localPort: number;
  /** IPv4-mapped addresses are given as IPv4. */
  readonly remoteAddress: string;
  readonly remotePort: number;
  /** Who hears of it from now on. Nothing is read before the first call; a later one replaces the handler. */
  attach(handler: ConnectionHandler): void;
  /** Hands octets to the kernel. True where it took all of them at once; else its handler hears when it has. */
  write(bytes: Uint8Array): boolean;
  /** The same for several pieces, two at least: the kernel is asked once, and its handler hears once. */
  writeAll(pieces: readonly Uint8Array[]): boolean;
  pause(): void;
  resume(): void;
  /** Closes after what was written (a NOTIFICATION); what still arrives is dropped; gone within a short bound. */
  end(): void;
  /** Closes at once. */
  destroy(): void;
  /** Of an accepted connection: why it is not as its neighbour demands, or undefined where it is, from now on. */
  refuses?(demands: SocketDemands): string | undefined;
}

/** Whom to dial. */
export interface DialTarget {
  readonly address: string;
  readonly port: number;
  readonly localAddress?: string | undefined;
  readonly demands?: SocketDemands | undefined;
}

/** Opens connections. */
export interface Connector {
  /** Calls exactly one of `outcome`, never before it returns, none after the returned cancel was called. */
  connect(target: DialTarget, outcome: DialOutcome): () => void;
}
/** What becomes of a dial. */
export interface DialOutcome {
  connected(connection: Connection): void;
  /** One clause for the log. */
  failed(why: string): void;
}

/** All that a PeerSession needs of the world. */
export interface SessionEnvironment {
  readonly clock: Clock;
  readonly random: Random;
  readonly scheduler: Scheduler;
  readonly connector: Connector;
  onEvent(event: SessionLogEvent): void;
  /** No connection is left and none will be dialled: a member of a range may be forgotten. */
  onQuiet?(): void;
}

/** What PeerSession (transport/peer-session.ts) offers. Every call may be made at any time, also from an owner's. */
export interface PeerSessionPort {
  readonly parameters: SessionParameters;
  /** ManualStart: dials or listens until stopped. */
  start(): void;
  /**
   * ManualStop: a Cease (Administrative Shutdown, RFC 9003 text) where there is a connection; stays down. `quietly`: no
   * Cease on a session that is up, which would end graceful restart.
   */
  stop(options?: { readonly subcode?: number; readonly text?: string; readonly quietly?: boolean }): void;
  /** A Cease with `subcode` (4: Administrative Reset); comes back. */
  reset(subcode?: number, text?: string): void;
  /**
   * Takes over what costs no session: timers, `passive`, and what it has to wait for; one that was started and need not
   * wait any more begins. What an OPEN carries must not differ (config/diff.ts).
   */
  retune(parameters: SessionParameters): void;
  /** Stays in Idle for that long from now (a prefix limit's restart time); ends a session that is up with 6/4. */
  holdDown(seconds: number, why: string): void;
  /** An inbound connection that belongs to this peer, with what was already read of it; false: refused and closed. */
  accept(connection: Connection, alreadyRead?: Uint8Array): boolean;
  /** The owner has something to pull. */
  wake(): void;
  /** Whole messages ahead of what is pulled, for example ROUTE-REFRESH; dropped where not Established. */
  sendPriority(bytes: Uint8Array): void;
  /** Asks the peer for its routes (RFC 2918); false where not Established or not negotiated. */
  requestRefresh(family: { readonly afi: number; readonly safi: number }): boolean;
  /** Shows `why` as what the session waits for, until it is Established or told otherwise. */
  note(why: string | undefined): void;
  view(): SessionView;
  /** Apart from the view, which is made of thousands of sessions at once. */
  readonly traffic: { snapshot(): SessionTraffic };
}
