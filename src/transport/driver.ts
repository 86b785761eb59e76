/**
 * The loop of one connection: octets in become messages, octets out are pulled as the kernel takes them. Rules: no
 * protocol here; what one peer sends costs the others at most one slice per turn of the event loop, and what all send
 * the time that input-turns.ts gives; at most IN_SOCKET_OCTETS_MAX of routes are out of our hands, the rest can still
 * be taken back.
 */

import { EMPTY } from "../base/bytes.ts";
import type { Slot } from "../fsm/session.ts";
import type { Fault } from "../messages/fault.ts";
import { Framer } from "../messages/framer.ts";
import type { InputTurns, InputWaiter } from "./input-turns.ts";
import type { Connection, ConnectionEnd, ConnectionHandler } from "./ports.ts";

/** Whom a driver serves; `slot` says with which of its connections, so that one client can serve both. */
export interface DriverClient {
  /** One whole message, a view valid during the call. */
  message(bytes: Uint8Array, slot: Slot): void;
  /** That was all for now: what follows from a run of messages need not be done for each. */
  runOver(slot: Slot): void;
  /** The stream cannot be cut into messages any more. */
  framingFault(fault: Fault, slot: Slot): void;
  /** TCP is gone, and everything that came before has been handed over. */
  lost(end: ConnectionEnd, slot: Slot): void;
  /** The kernel took that many of the octets that were pulled. */
  taken(pulledOctets: number, slot: Slot): void;
  /** Something waits in the socket since now (`waiting`), or the kernel took some of it; `waiting`: some is left. */
  progress(waiting: boolean, slot: Slot): void;
  /** Whole messages to send next, or undefined; `pulledOctets`: what was pulled in this run already. */
  pull(pulledOctets: number, slot: Slot): Uint8Array | undefined;
}

/** Octets of input handled per turn of the event loop. */
const SLICE_OCTETS = 128 * 1024;
/** Octets of input between two looks at the clock, and what a message costs beside its own. */
const LOOK_OCTETS = 8_192;
const MESSAGE_COST_OCTETS = 512;
/** Unparsed input above which reading pauses. */
const UNPARSED_OCTETS_MAX = 256 * 1024;
/** Octets of routes given to the socket and not yet taken by the kernel. */
const IN_SOCKET_OCTETS_MAX = 256 * 1024;

/** One connection while it is in use. After `end` or `destroy` nothing is handed over any more. */
export class ConnectionDriver implements ConnectionHandler, InputWaiter {
  readonly connection: Connection;
  readonly framer: Framer = new Framer();
  readonly #client: DriverClient;
  readonly #slot: Slot;
  readonly #turns: InputTurns;
  #open = true;
  #octetsIn = 0;
  /** What the slice of turn `#turn` still holds. */
  #sliceLeft = SLICE_OCTETS;
  #turn = 0;
  /** Input waits for its turn. */
  #waiting = false;
  #paused = false;
  #lost: ConnectionEnd | undefined;
  /** Pulled octets in each write that waits in the socket, oldest first, and in all of them. */
  readonly #inSocket: number[] = [];
  #inSocketOctets = 0;
  #pumping = false;
  #parsing = false;
  /** Messages that are being handed over led to something to send. */
  #wanted = false;

  constructor(connection: Connection, client: DriverClient, slot: Slot, turns: InputTurns) {
    this.connection = connection;
    this.#client = client;
    this.#slot = slot;
    this.#turns = turns;
  }

  /** Octets received so far. */
  get octetsIn(): number {
    return this.#octetsIn;
  }

  /** True while received octets wait for their turn, or for room: then silence is not the peer's. */
  get behind(): boolean {
    return this.#paused || this.#waiting;
  }

  /** Begins to read; `alreadyRead` is what somebody else took from the connection. */
  start(alreadyRead?: Uint8Array): void {
    this.connection.attach(this);
    if (alreadyRead !== undefined && this.#open) this.#take(alreadyRead);
  }

  data(chunk: Uint8Array): void {
    if (this.#open) this.#take(chunk);
  }

  taken(): void {
    if (this.#open) this.#taken();
  }

  closed(end: ConnectionEnd): void {
    if (this.#open) this.#close(end);
  }

  /** Sends one or more whole messages ahead of everything that is pulled. */
  send(bytes: Uint8Array): void {
    if (this.#open) this.#write(bytes, 0);
  }

  /**
   * Pulls while there is room in the socket; once where a run of messages asks for it again and again. All routes but
   * one's own are two pieces: what is pulled is written together, as a call of the kernel costs more than to copy.
   */
  pump(): void {
    if (this.#lost !== undefined) return; // the client will hear of it in its turn; nobody reads what is sent
    this.#wanted = this.#parsing;
    if (this.#parsing) return;
    if (this.#pumping) return; // the owner called back from inside `pull`: the loop below goes on
    this.#pumping = true;
    let pulled = 0;
    for (let isDry = false; this.#open && !isDry && this.#inSocketOctets < IN_SOCKET_OCTETS_MAX;) {
      const before = pulled;
      const full = pulled + IN_SOCKET_OCTETS_MAX - this.#inSocketOctets;
      const pieces: Uint8Array[] = [];
      while (this.#open && !isDry && pulled < full) {
        const octets = this.#client.pull(pulled, this.#slot) ?? EMPTY;
        isDry = octets.length === 0;
        if (!isDry) pieces.push(octets);
        pulled += octets.length;
      }
      if (this.#open && pieces.length > 0) this.#writeAll(pieces, pulled - before);
    }
    this.#pumping = false;
  }

  /** Closes after what was sent. */
  end(): void {
    if (this.#stop()) this.connection.end();
  }

  /** Closes at once. */
  destroy(): void {
    if (this.#stop()) this.connection.destroy();
  }

  #stop(): boolean {
    const wasOpen = this.#open;
    this.#open = false;
    if (this.#waiting) this.#turns.forget(this);
    return wasOpen;
  }

  #write(bytes: Uint8Array, pulledOctets: number): void {
    this.#written(this.connection.write(bytes), pulledOctets);
  }

  #writeAll(pieces: readonly Uint8Array[], pulledOctets: number): void {
    if (pieces.length === 1) return this.#write(pieces[0]!, pulledOctets);
    this.#written(this.connection.writeAll(pieces), pulledOctets);
  }

  /** Most writes are taken at once, and then nothing waits: neither timers nor anybody else need to hear of them. */
  #written(isTaken: boolean, pulledOctets: number): void {
    if (isTaken) return this.#client.taken(pulledOctets, this.#slot);
    this.#inSocketOctets += pulledOctets;
    if (this.#inSocket.push(pulledOctets) === 1) this.#client.progress(true, this.#slot);
  }

  #taken(): void {
    const pulledOctets = this.#inSocket.shift() ?? 0;
    this.#inSocketOctets -= pulledOctets;
    this.#client.taken(pulledOctets, this.#slot);
    this.#client.progress(this.#inSocket.length > 0, this.#slot);
    this.pump();
  }

  #take(chunk: Uint8Array): void {
    this.#octetsIn += chunk.length;
    this.framer.push(chunk);
    this.#parse();
    if (this.#open && !this.#paused && this.framer.bufferedOctets > UNPARSED_OCTETS_MAX) {
      this.#paused = true;
      this.connection.pause();
    }
  }

  #close(end: ConnectionEnd): void {
    this.#lost = end;
    this.#parse();
  }

  takeTurn(): void {
    this.#waiting = false;
    this.#parse();
  }

  #parse(): void {
    if (this.#waiting) return;
    if (!this.#turns.enter()) return this.#wait();
    this.#parsing = true;
    this.#handOver();
    this.#parsing = false;
    this.#client.runOver(this.#slot);
    this.#turns.leave();
    if (this.#wanted) this.pump();
  }

  /** Hands messages over while the slice and the turn's time last; what is left waits for the next turn. */
  #handOver(): void {
    if (this.#turn !== this.#turns.number) this.#sliceLeft = SLICE_OCTETS;
    this.#turn = this.#turns.number;
    let unlooked = 0;
    while (this.#open && this.#sliceLeft > 0) {
      const message = this.framer.next();
      if (message === undefined) return this.#drained();
      if (!(message instanceof Uint8Array)) return this.#client.framingFault(message, this.#slot);
      this.#sliceLeft -= message.length;
      this.#client.message(message, this.#slot);
      unlooked += message.length + MESSAGE_COST_OCTETS;
      if (unlooked < LOOK_OCTETS) continue;
      if (this.#turns.isOver) break;
      unlooked = 0;
    }
    if (this.#open) this.#wait();
  }

  #drained(): void {
    if (this.#lost !== undefined) {
      const end = this.#lost;
      this.#lost = undefined;
      return this.#client.lost(end, this.#slot);
    }
    if (!this.#paused) return;
    this.#paused = false;
    this.connection.resume();
  }

  #wait(): void {
    this.#waiting = true;
    this.#turns.wait(this);
  }
}
