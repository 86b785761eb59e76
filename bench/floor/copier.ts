/**
 * Copies UPDATEs among sessions. Rules: a session is told what others said, never what it said itself; a newcomer gets
 * all that was said so far in one prepared buffer; when a session ends, the others get the withdrawal of all it said,
 * which was prepared while nothing happened.
 */

import type { Duplex } from "node:stream";
import { HEADER_OCTETS, KEEPALIVE, MESSAGE, endOfRib } from "../generator/wire.ts";
import { withdrawalsOf } from "./withdrawals.ts";
import type { NlriForm } from "./withdrawals.ts";

/** The floor's BGP Identifier: 192.0.2.1. */
const IDENTIFIER = 0xc000_0201;
/** Silence after which there is time to prepare withdrawals. */
const IDLE_MILLISECONDS = 100;
const KEEPALIVES_PER_HOLD_TIME = 3;

interface Session {
  readonly socket: Duplex;
  /** The beginning of a message whose end has not come yet. */
  rest: Buffer;
  established: boolean;
  /** UPDATEs of this turn, not yet copied. */
  fresh: Buffer[];
  /** All its UPDATEs, in order. */
  said: Buffer[];
  /** Withdraws all of `said`; undefined: not prepared since it grew. */
  withdrawal: Buffer | undefined;
  keepalives: NodeJS.Timeout | undefined;
}

/** All sessions of the floor. */
export class Copier {
  readonly #form: NlriForm;
  readonly #endOfRib: Buffer;
  readonly #sessions = new Set<Session>();
  /** Those with something in `fresh`. */
  readonly #sources = new Set<Session>();
  /** All that was ever said by sessions that are up; undefined: to be put together for the next newcomer. */
  #everything: Buffer | undefined = Buffer.alloc(0);
  #idle: NodeJS.Timeout | undefined;

  constructor(form: NlriForm) {
    this.#form = form;
    this.#endOfRib = endOfRib(form.family);
  }

  /** Takes a connection. */
  accept(socket: Duplex): void {
    const session: Session = { socket, rest: Buffer.alloc(0), established: false, fresh: [], said: [],
      withdrawal: undefined, keepalives: undefined };
    socket.on("data", (chunk: Buffer) => this.#read(session, chunk));
    // "close" follows and says all there is to do.
    socket.on("error", () => undefined);
    socket.on("close", () => this.#lost(session));
  }

  /** Cuts input at message ends; neighbouring UPDATEs stay one piece. */
  #read(session: Session, chunk: Buffer): void {
    const input = this.#completed(session, chunk);
    let runAt = 0;
    let at = 0;
    while (at + HEADER_OCTETS <= input.length) {
      const end = at + input.readUInt16BE(at + 16);
      if (end > input.length) break;
      if (input[at + 18] !== MESSAGE.UPDATE) {
        this.#say(session, input.subarray(runAt, at));
        this.#handle(session, input.subarray(at, end));
        runAt = end;
      }
      at = end;
    }
    this.#say(session, input.subarray(runAt, at));
    session.rest = input.subarray(at);
  }

  /** Completes the message that the last chunk broke off, apart from the rest, so that only it is copied. */
  #completed(session: Session, chunk: Buffer): Buffer {
    const { rest } = session;
    if (rest.length === 0) return chunk;
    const head = rest.length >= HEADER_OCTETS ? rest : Buffer.concat([rest, chunk.subarray(0, HEADER_OCTETS)]);
    const missing = head.length < HEADER_OCTETS ? Infinity : head.readUInt16BE(16) - rest.length;
    if (chunk.length <= missing) return Buffer.concat([rest, chunk]);
    session.rest = Buffer.alloc(0);
    this.#read(session, Buffer.concat([rest, chunk.subarray(0, missing)]));
    return chunk.subarray(missing);
  }

  #handle(session: Session, message: Buffer): void {
    const type = message[18];
    if (type === MESSAGE.OPEN) {
      session.socket.write(Buffer.concat([answerTo(message), KEEPALIVE]));
      const every = holdTimeOf(message) * 1000 / KEEPALIVES_PER_HOLD_TIME;
      session.keepalives = setInterval(() => session.socket.write(KEEPALIVE), every);
    } else if (type === MESSAGE.KEEPALIVE && !session.established) this.#join(session);
    else if (type === MESSAGE.NOTIFICATION) session.socket.destroy();
  }

  #join(session: Session): void {
    this.#flush();
    session.established = true;
    this.#sessions.add(session);
    this.#everything ??= Buffer.concat([...this.#sessions].flatMap(({ said }) => said));
    session.socket.cork();
    if (this.#everything.length > 0) session.socket.write(this.#everything);
    session.socket.write(this.#endOfRib);
    session.socket.uncork();
  }

  #say(session: Session, updates: Buffer): void {
    // A client's own End-of-RIB says nothing about routes, and the others have had theirs.
    if (updates.length === 0 || updates.equals(this.#endOfRib)) return;
    session.fresh.push(updates);
    session.said.push(updates);
    session.withdrawal = undefined;
    this.#everything = undefined;
    if (this.#sources.size === 0) setImmediate(() => this.#flush());
    this.#sources.add(session);
    this.#idle?.refresh();
    // The timer also comes due when a long turn delayed input that is waiting; that is read before the immediate.
    this.#idle ??= setTimeout(() => setImmediate(() => this.#prepare()), IDLE_MILLISECONDS);
  }

  /** Writes what came since the last time to everybody: one buffer, from which a source's own piece is left out. */
  #flush(): void {
    if (this.#sources.size === 0) return;
    const all = Buffer.concat([...this.#sources].flatMap(({ fresh }) => fresh));
    for (const session of this.#sessions) {
      if (session.fresh.length === 0) session.socket.write(all);
    }
    let at = 0;
    for (const source of this.#sources) {
      const end = source.fresh.reduce((sum, piece) => sum + piece.length, at);
      this.#writeAround(source, all, at, end);
      source.fresh = [];
      at = end;
    }
    this.#sources.clear();
  }

  #writeAround({ socket, established }: Session, all: Buffer, at: number, end: number): void {
    if (!established) return;
    socket.cork();
    if (at > 0) socket.write(all.subarray(0, at));
    if (end < all.length) socket.write(all.subarray(end));
    socket.uncork();
  }

  #lost(session: Session): void {
    clearInterval(session.keepalives);
    if (!this.#sessions.delete(session)) return;
    this.#flush();
    if (session.said.length === 0) return;
    this.#everything = undefined;
    const withdrawal = session.withdrawal ?? withdrawalsOf(session.said, this.#form);
    for (const { socket } of this.#sessions) socket.write(withdrawal);
  }

  #prepare(): void {
    if (this.#sources.size > 0) return;
    for (const session of this.#sessions) session.withdrawal ??= withdrawalsOf(session.said, this.#form);
    this.#everything ??= Buffer.concat([...this.#sessions].flatMap(({ said }) => said));
  }
}

/** The answer to an OPEN: the same one, so that whatever it offers is agreed, with our own BGP Identifier. */
function answerTo(open: Buffer): Buffer {
  const answer = Buffer.from(open);
  answer.writeUInt32BE(IDENTIFIER, HEADER_OCTETS + 5);
  return answer;
}

/** Hold time of an OPEN in seconds. */
function holdTimeOf(open: Buffer): number { return open.readUInt16BE(HEADER_OCTETS + 3); }
