/** One internal peer of the daemon under load. Rule: it never lets a session go by itself, whatever the daemon does. */

import { connect } from "node:net";
import type { Socket } from "node:net";
import { clientAddress, daemonAddress } from "../place.ts";
import type { Place } from "../place.ts";
import type { Load } from "./load.ts";
import type { Receiver } from "./receiver.ts";
import { endOfRib, HEADER_OCTETS, KEEPALIVE, MESSAGE, MESSAGE_OCTETS_MAX, open, u16At } from "./wire.ts";

/** Whoever is told what happens to a client. */
export interface ClientOwner {
  /** Its receiver became complete, or is no longer. */
  turned(client: Client): void;
  /** A session that nobody closed is gone. */
  lost(client: Client): void;
}

const READ_OCTETS = 256 * 1024;
/** Shared by all sockets: a read is consumed before the next one. Longer than a read: NLRI is read past its end. */
const READ_BUFFER: Buffer = Buffer.alloc(READ_OCTETS + 16);
const REDIAL_MILLISECONDS = 100;

/** A client: one session after the other. */
export class Client {
  readonly index: number;
  readonly receiver: Receiver;
  established = false;
  /** Why the last session ended or could not begin. */
  reason = "";
  /** When the receiver became complete, when an octet and an UPDATE came last (performance.now). */
  completeAt = 0;
  heardAt = 0;
  updatedAt = 0;
  /** How much longer than the keepalive time the daemon was silent at most, milliseconds. */
  lateMilliseconds = 0;
  /** When the session at hand was established (performance.now). */
  establishedAt = 0;
  /** Seconds between its KEEPALIVEs and those of the daemon; 0 is none. */
  keepaliveSeconds = 0;
  paused = false;
  /** Whether a wait counts it, and as what; the fleet's. */
  awaited = false;
  readonly #place: Place;
  readonly #load: Load;
  readonly #owner: ClientOwner;
  /** Offered in OPEN; a third of what is negotiated is the keepalive time. */
  readonly #holdTimeSeconds: number;
  #socket: Socket | undefined;
  /** Whether it should be connected. */
  #wanted = false;
  #complete = false;
  /** The start of a message whose end has not come. */
  #rest: Buffer | undefined;
  #restOctets = 0;
  /** What it said since it said all it has to say: for a daemon that asks for its routes again (RFC 2918). */
  #said: Buffer[] = [];
  #up: () => void = () => undefined;

  constructor(place: Place, load: Load, receiver: Receiver, owner: ClientOwner, holdTimeSeconds: number) {
    this.index = receiver.index;
    this.receiver = receiver;
    this.#place = place;
    this.#load = load;
    this.#owner = owner;
    this.#holdTimeSeconds = holdTimeSeconds;
  }

  get complete(): boolean {
    return this.#complete;
  }

  /** Connects, again and again where it is refused; resolves when the session is Established. */
  dial(): Promise<void> {
    this.#wanted = true;
    this.#connect();
    return new Promise((resolve) => { this.#up = resolve; });
  }

  /** Announces or withdraws all that it has. */
  sayAll(bytes: Buffer): void {
    this.#said = [];
    this.say(bytes);
  }

  /** Announces or withdraws something. */
  say(bytes: Buffer): void {
    this.#said.push(bytes);
    this.send(bytes);
  }

  send(bytes: Buffer): void {
    this.#socket?.write(bytes);
  }

  /** Stops reading. */
  pause(): void {
    this.paused = true;
    this.#socket?.pause();
  }

  /** Reads again. */
  resume(): void {
    this.paused = false;
    this.heardAt = performance.now();
    this.#socket?.resume();
  }

  /** Ends the session: the connection closes without a word. */
  close(): void {
    const socket = this.#socket;
    this.#wanted = false;
    this.#forget();
    socket?.destroy();
  }

  /** Asks the receiver again whether it is complete, and tells the owner where the answer is another. */
  review(now: number): void {
    const complete = this.established && this.receiver.complete;
    if (complete === this.#complete) return;
    this.#complete = complete;
    if (complete) this.completeAt = now;
    this.#owner.turned(this);
  }

  #connect(): void {
    const { family } = this.#load;
    const socket = connect({
      host: daemonAddress(this.#place, family), port: this.#place.port, noDelay: true,
      localAddress: clientAddress(this.#place, family, this.index),
      onread: {
        buffer: READ_BUFFER.subarray(0, READ_OCTETS),
        callback: (octets) => {
          if (socket === this.#socket) this.#read(octets);
          return true;
        },
      },
    }, () => socket.write(open({ identifier: this.#place.firstClient + this.index, family,
      addPath: this.#load.addPath, holdTimeSeconds: this.#holdTimeSeconds })));
    this.#socket = socket;
    // "close" follows and says the same.
    socket.on("error", (error) => { this.reason = error.message; });
    socket.on("close", () => { if (socket === this.#socket) this.#closed(); });
  }

  #closed(): void {
    const wasEstablished = this.established;
    this.#forget();
    if (wasEstablished) this.#owner.lost(this);
    else setTimeout(() => { if (this.#wanted && this.#socket === undefined) this.#connect(); }, REDIAL_MILLISECONDS);
  }

  #forget(): void {
    this.#said = [];
    this.#socket = undefined;
    this.#restOctets = 0;
    this.established = false;
    this.keepaliveSeconds = 0;
    this.review(0);
  }

  /** Hot: once per read. */
  #read(octets: number): void {
    const now = performance.now();
    if (this.keepaliveSeconds > 0) {
      this.lateMilliseconds = Math.max(this.lateMilliseconds, now - this.heardAt - this.keepaliveSeconds * 1000);
    }
    this.heardAt = now;
    this.receiver.now = now;
    let at = this.#restOctets === 0 ? 0 : this.#continue(octets);
    while (at + HEADER_OCTETS <= octets) {
      const end = at + this.#lengthOf(READ_BUFFER, at);
      if (end > octets) break;
      this.#message(READ_BUFFER, at, end);
      at = end;
    }
    if (at < octets) this.#keep(at, octets);
    this.review(now);
  }

  /** Completes the message that the last read began; answers where the next one starts. */
  #continue(octets: number): number {
    const rest = this.#rest!;
    let taken = this.#keep(0, Math.min(octets, Math.max(0, HEADER_OCTETS - this.#restOctets)));
    if (this.#restOctets < HEADER_OCTETS) return taken;
    const length = this.#lengthOf(rest, 0);
    taken += this.#keep(taken, Math.min(octets, taken + length - this.#restOctets));
    if (this.#restOctets < length) return taken;
    this.#restOctets = 0;
    this.#message(rest, 0, length);
    return taken;
  }

  /** Where a length is none that a message may have, the next one is looked for behind the header. */
  #lengthOf(bytes: Buffer, at: number): number {
    const length = u16At(bytes, at + 16);
    if (length >= HEADER_OCTETS && length <= MESSAGE_OCTETS_MAX) return length;
    this.receiver.malformedMessages++;
    return HEADER_OCTETS;
  }

  /** Appends `from` .. `to` of what was read to the message begun; answers how many octets that is. */
  #keep(from: number, to: number): number {
    this.#rest ??= Buffer.alloc(MESSAGE_OCTETS_MAX + 16);
    READ_BUFFER.copy(this.#rest, this.#restOctets, from, to);
    this.#restOctets += to - from;
    return to - from;
  }

  #message(bytes: Buffer, at: number, end: number): void {
    switch (bytes[at + 18]) {
      case MESSAGE.UPDATE:
        this.updatedAt = this.receiver.now;
        return this.receiver.update(bytes, at, end);
      case MESSAGE.OPEN: {
        const seconds = Math.min(u16At(bytes, at + HEADER_OCTETS + 3), this.#holdTimeSeconds);
        this.keepaliveSeconds = Math.floor(seconds / 3);
        return this.send(KEEPALIVE);
      }
      case MESSAGE.KEEPALIVE:
        if (!this.established) this.#establish();
        return undefined;
      case MESSAGE.ROUTE_REFRESH:
        for (const bytes of this.#said) this.send(bytes);
        return undefined;
      case MESSAGE.NOTIFICATION:
        this.reason = `NOTIFICATION ${bytes[at + HEADER_OCTETS]}/${bytes[at + HEADER_OCTETS + 1]}`;
        return undefined;
      default:
        return undefined;
    }
  }

  #establish(): void {
    this.established = true;
    this.establishedAt = this.receiver.now;
    this.reason = "";
    // There is nothing of its own before the first announcement.
    this.send(endOfRib(this.#load.family));
    this.#up();
  }
}
