/** A net.Socket as a Connection. Rule: whatever a socket does, its user hears of one end at most, never of an error. */

import type { Socket } from "node:net";
import { after } from "../base/ports.ts";
import type { Instant } from "../base/ports.ts";
import type { Connection, ConnectionHandler, Scheduler, SocketDemands } from "./ports.ts";

/** TCP keepalive probes find half-open connections; the HoldTimer is the real detector. */
const KEEPALIVE_MILLISECONDS = 10_000;
/** How long a closed connection may take to deliver its NOTIFICATION. */
const LINGER_SECONDS = 2;

/**
 * Of every socket: whoever owns its session closes it when the peer has, in its turn (input-turns.ts). Node would close
 * those of thousands of peers that go at once while it reads, and nobody else be served meanwhile.
 */
export const HALF_OPEN = true;

/** Why an accepted socket is not as its neighbour demands, or undefined: a provider's (provider.ts). */
export type RefusesAccepted = (socket: Socket, demands: SocketDemands) => string | undefined;

/** Makes a Connection of a connected socket; undefined where it is already gone. */
export function connectionOf(
  socket: Socket, scheduler: Scheduler, now: () => Instant, refusesAccepted?: RefusesAccepted,
): Connection | undefined {
  socket.on("error", ignoreOwnError); // also for the time before `attach` and after `end`
  const { localAddress, localPort, remoteAddress, remotePort } = socket;
  if (localAddress === undefined || localPort === undefined) return gone(socket);
  if (remoteAddress === undefined || remotePort === undefined) return gone(socket);
  socket.setNoDelay(true);
  socket.setKeepAlive(true, KEEPALIVE_MILLISECONDS);
  return new SocketConnection(socket, {
    localAddress: unmapped(localAddress), localPort, remoteAddress: unmapped(remoteAddress), remotePort,
  }, scheduler, now, refusesAccepted);
}

function gone(socket: Socket): undefined {
  socket.destroy();
}

const NOBODY_LOOKS = "nobody here can tell how it was opened";

interface Ends {
  readonly localAddress: string;
  readonly localPort: number;
  readonly remoteAddress: string;
  readonly remotePort: number;
}

class SocketConnection implements Connection {
  readonly localAddress: string;
  readonly localPort: number;
  readonly remoteAddress: string;
  readonly remotePort: number;
  readonly #socket: Socket;
  readonly #scheduler: Scheduler;
  readonly #now: () => Instant;
  readonly #refusesAccepted: RefusesAccepted | undefined;
  /** Undefined once nobody is to hear anything more. */
  #handler: ConnectionHandler | undefined;
  #listening = false;
  #why = "closed by the peer";
  #over = false;
  /** Writes that were taken at once and whose callbacks are still to come: they come before all others. */
  #takenAtOnce = 0;
  /** One callback for all writes: Node keeps those of one turn together as long as they are the same. */
  readonly #written = (error?: Error | null): void => {
    if (this.#takenAtOnce > 0) this.#takenAtOnce--;
    else if (error == null && !this.#over) this.#handler?.taken?.();
  };

  constructor(
    socket: Socket, ends: Ends, scheduler: Scheduler, now: () => Instant, refusesAccepted: RefusesAccepted | undefined,
  ) {
    this.#refusesAccepted = refusesAccepted;
    this.#socket = socket;
    this.#scheduler = scheduler;
    this.#now = now;
    this.localAddress = ends.localAddress;
    this.localPort = ends.localPort;
    this.remoteAddress = ends.remoteAddress;
    this.remotePort = ends.remotePort;
  }

  attach(handler: ConnectionHandler): void {
    if (this.#over) return;
    this.#handler = handler;
    if (this.#listening) return;
    this.#listening = true;
    const socket = this.#socket;
    socket.on("error", (error: NodeJS.ErrnoException) => { this.#why = error.code ?? error.message; });
    socket.on("data", (chunk: Buffer) => this.#handler?.data(plain(chunk)));
    const closed = (): void => this.#closed();
    socket.on("end", closed);
    socket.on("close", closed);
  }

  write(bytes: Uint8Array): boolean {
    if (this.#over) return false;
    this.#socket.write(bytes, this.#written);
    return this.#isTaken();
  }

  writeAll(pieces: readonly Uint8Array[]): boolean {
    if (this.#over) return false;
    const socket = this.#socket;
    const last = pieces.length - 1;
    socket.cork();
    for (let i = 0; i < last; i++) socket.write(pieces[i]!);
    socket.write(pieces[last]!, this.#written);
    socket.uncork();
    return this.#isTaken();
  }

  #isTaken(): boolean {
    if (this.#socket.writableLength > 0) return false;
    this.#takenAtOnce++;
    return true;
  }

  pause(): void {
    this.#socket.pause();
  }

  resume(): void {
    if (!this.#over) this.#socket.resume();
  }

  end(): void {
    if (this.#over) return;
    this.#over = true;
    this.#handler = undefined;
    const socket = this.#socket;
    // Input that nobody reads would turn our FIN into a reset, which can overtake the NOTIFICATION.
    socket.on("data", drop);
    socket.resume();
    socket.end();
    const cancel = this.#scheduler.at(after(this.#now(), LINGER_SECONDS), () => socket.destroy());
    socket.once("close", cancel);
  }

  destroy(): void {
    this.#over = true;
    this.#handler = undefined;
    this.#socket.destroy();
  }

  refuses(demands: SocketDemands): string | undefined {
    return this.#refusesAccepted === undefined ? NOBODY_LOOKS : this.#refusesAccepted(this.#socket, demands);
  }

  #closed(): void {
    const handler = this.#handler;
    if (handler === undefined) return;
    this.#handler = undefined;
    handler.closed({ why: this.#why });
  }
}

/**
 * The same octets as a Uint8Array: a Buffer is of another shape to V8, and code that meets both is compiled again and
 * slower (measured: a tenth of the CPU time of a first full table).
 */
function plain({ buffer, byteOffset, length }: Buffer): Uint8Array {
  return new Uint8Array(buffer, byteOffset, length);
}

function drop(): void {
  // what still arrives on a closed connection is nobody's
}

/** Every error is followed by "close", where it counts. */
function ignoreOwnError(): void {
  // an "error" event without a listener would end the process
}

/** ::ffff:192.0.2.1, as dual-stack sockets name IPv4 peers, is 192.0.2.1. */
export function unmapped(address: string): string {
  return /^::ffff:\d+\.\d+\.\d+\.\d+$/i.test(address) ? address.slice(7) : address;
}
