/**
 * TCP for the simulator: delays, split reads, windows, cuts, half-open links. Rules: a direction of a connection never
 * reorders; `done` means that the other end's kernel has room for the octets; all chance comes from the clock's seed.
 */

import type {
  Connection, ConnectionHandler, Connector, DialOutcome, DialTarget,
} from "../../src/transport/ports.ts";
import { PHASE, VirtualHost } from "./virtual-clock.ts";
import type { VirtualClock } from "./virtual-clock.ts";

/** How links behave. */
export interface LinkOptions {
  readonly delayMilliseconds: readonly [min: number, max: number];
  /** True: what leaves a host for another first arrives first, whichever connection it is on. */
  readonly fifo: boolean;
  /** The longest piece that one read gives. */
  readonly readOctetsMax: number;
}

/** Octets that a receiver's kernel holds before the sender must wait. */
const WINDOW_OCTETS = 128 * 1024;

/** Hosts and what connects them. */
export class VirtualNetwork {
  readonly clock: VirtualClock;
  readonly options: LinkOptions;
  readonly #listeners = new Map<string, { host: VirtualHost; accept: (connection: Connection) => void }>();
  readonly #lastArrival = new Map<string, number>();
  readonly #ends: WireEnd[] = [];
  /** Pairs of addresses that lose everything, silently. */
  readonly #blackholes = new Set<string>();
  #nextPort = 40_000;

  constructor(clock: VirtualClock, options: LinkOptions) {
    this.clock = clock;
    this.options = options;
  }

  host(address: string): VirtualHost {
    return new VirtualHost(this.clock, address);
  }

  listen(host: VirtualHost, port: number, accept: (connection: Connection) => void): () => void {
    const key = `${host.address} ${port}`;
    this.#listeners.set(key, { host, accept });
    return () => { this.#listeners.delete(key); };
  }

  /** Dials from a host. */
  connector(host: VirtualHost): Connector {
    return { connect: (target, outcome) => this.#dial(host, target, outcome) };
  }

  /** Every connection between two hosts breaks now; both ends hear of it. */
  cut(a: string, b: string): void {
    for (const end of [...this.#ends]) {
      if ((end.localAddress === a && end.remoteAddress === b) || (end.localAddress === b && end.remoteAddress === a)) {
        end.broken("ECONNRESET");
      }
    }
  }

  /** From now on nothing passes between two hosts, and nobody is told. */
  blackhole(a: string, b: string, lost: boolean): void {
    for (const key of [`${a} ${b}`, `${b} ${a}`]) {
      if (lost) this.#blackholes.add(key);
      else this.#blackholes.delete(key);
    }
  }

  isLost(from: string, to: string): boolean {
    return this.#blackholes.has(`${from} ${to}`);
  }

  /** When something that leaves now arrives. */
  arrival(from: string, to: string, stream: string): number {
    const [min, max] = this.options.delayMilliseconds;
    const key = this.options.fifo ? `${from} ${to}` : `${from} ${to} ${stream}`;
    const drawn = this.clock.now() + min + (max - min) * this.clock.random();
    const at = Math.max(drawn, this.#lastArrival.get(key) ?? 0);
    this.#lastArrival.set(key, at);
    return at;
  }

  forget(end: WireEnd): void {
    const at = this.#ends.indexOf(end);
    if (at >= 0) this.#ends.splice(at, 1);
  }

  #dial(host: VirtualHost, target: DialTarget, outcome: DialOutcome): () => void {
    let cancelled = false;
    const port = this.#nextPort++;
    const stream = String(port);
    const { clock } = this;
    if (this.isLost(host.address, target.address)) return () => undefined;
    clock.schedule(this.arrival(host.address, target.address, stream), PHASE.POLL, undefined, () => {
      const listener = this.#listeners.get(`${target.address} ${target.port}`);
      const back = this.arrival(target.address, host.address, stream);
      clock.schedule(back, PHASE.POLL, undefined, () => {
        if (cancelled) return; // the SYN-ACK finds nobody: the listener's process never hears of it
        if (listener === undefined) {
          clock.schedule(back, PHASE.POLL, host, () => { if (!cancelled) outcome.failed("ECONNREFUSED"); });
          return;
        }
        const [near, far] = this.#pair(host, port, listener.host, target);
        clock.schedule(back, PHASE.POLL, host, () => {
          if (cancelled) near.destroy();
          else outcome.connected(near);
        });
        const ack = this.arrival(host.address, target.address, stream);
        clock.schedule(ack, PHASE.POLL, listener.host, () => listener.accept(far));
      });
    });
    return () => { cancelled = true; };
  }

  #pair(host: VirtualHost, port: number, remote: VirtualHost, target: DialTarget): [WireEnd, WireEnd] {
    const near = new WireEnd(this, host, [host.address, port, target.address, target.port]);
    const far = new WireEnd(this, remote, [target.address, target.port, host.address, port]);
    near.peer = far;
    far.peer = near;
    this.#ends.push(near, far);
    return [near, far];
  }
}

/** One end of a connection. */
class WireEnd implements Connection {
  readonly localAddress: string;
  readonly localPort: number;
  readonly remoteAddress: string;
  readonly remotePort: number;
  peer!: WireEnd;
  readonly #network: VirtualNetwork;
  readonly #host: VirtualHost;
  readonly #stream: string;
  #handler: ConnectionHandler | undefined;
  #paused = false;
  #over = false;
  readonly #toSend: Uint8Array[] = [];
  /** Octets sent that the other end's process has not read. */
  #unreadByPeer = 0;
  /** Arrived and not handed over; undefined is the end of the stream. */
  readonly #arrived: Array<Uint8Array | { readonly why: string }> = [];
  #finishing = false;

  constructor(network: VirtualNetwork, host: VirtualHost, ends: readonly [string, number, string, number]) {
    this.#network = network;
    this.#host = host;
    [this.localAddress, this.localPort, this.remoteAddress, this.remotePort] = ends;
    this.#stream = `${Math.max(this.localPort, this.remotePort)}`;
  }

  attach(handler: ConnectionHandler): void {
    this.#handler = handler;
    this.#later(() => this.#handOver());
  }

  write(bytes: Uint8Array): boolean {
    if (this.#over) return false;
    this.#toSend.push(bytes);
    this.#flush();
    return false;
  }

  writeAll(pieces: readonly Uint8Array[]): boolean {
    if (this.#over) return false;
    this.#toSend.push(Buffer.concat(pieces));
    this.#flush();
    return false;
  }

  pause(): void {
    this.#paused = true;
  }

  resume(): void {
    this.#paused = false;
    this.#later(() => this.#handOver());
  }

  end(): void {
    if (this.#over) return;
    this.#over = true;
    this.#handler = undefined;
    this.#finishing = true;
    this.#flush();
  }

  destroy(): void {
    if (this.#over) return;
    this.#over = true;
    this.#handler = undefined;
    this.#toSend.length = 0;
    this.#deliver({ why: "ECONNRESET" });
    this.#network.forget(this);
  }

  /** The link broke. */
  broken(why: string): void {
    this.#network.forget(this);
    this.#toSend.length = 0;
    this.#arrived.push({ why });
    this.#later(() => this.#handOver());
  }

  #flush(): void {
    while (this.#toSend.length > 0 && this.#unreadByPeer < WINDOW_OCTETS) {
      const bytes = this.#toSend.shift()!;
      if (this.#network.isLost(this.localAddress, this.remoteAddress)) {
        this.#unreadByPeer += bytes.length; // never acknowledged: the window closes in time
        continue;
      }
      this.#unreadByPeer += bytes.length;
      for (const piece of this.#pieces(bytes)) this.#deliver(piece);
      this.#later(() => { if (!this.#over) this.#handler?.taken?.(); });
    }
    if (this.#finishing && this.#toSend.length === 0) {
      this.#finishing = false;
      this.#deliver({ why: "closed by the peer" });
      this.#network.forget(this);
    }
  }

  /** Reads give what has arrived, which need not be what was written. */
  *#pieces(bytes: Uint8Array): Generator<Uint8Array> {
    const { clock, options } = this.#network;
    for (let at = 0; at < bytes.length;) {
      const length = Math.min(bytes.length - at, 1 + Math.floor(clock.random() * options.readOctetsMax));
      yield bytes.slice(at, at + length);
      at += length;
    }
  }

  #deliver(piece: Uint8Array | { readonly why: string }): void {
    const { clock } = this.#network;
    if (this.#network.isLost(this.localAddress, this.remoteAddress)) return;
    const { peer } = this;
    clock.schedule(this.#network.arrival(this.localAddress, this.remoteAddress, this.#stream), PHASE.POLL, undefined,
      () => {
        peer.#arrived.push(piece);
        peer.#later(() => peer.#handOver());
      });
  }

  /** In this end's process, which may be stopped. */
  #later(run: () => void): void {
    this.#network.clock.schedule(this.#network.clock.now(), PHASE.POLL, this.#host, run);
  }

  #handOver(): void {
    while (this.#arrived.length > 0 && !this.#paused) {
      if (!this.#over && this.#handler === undefined) return; // nobody reads yet
      const piece = this.#arrived.shift()!;
      if (piece instanceof Uint8Array) {
        this.peer.#read(piece.length);
        this.#handler?.data(piece);
      } else {
        const handler = this.#handler;
        this.#handler = undefined;
        this.#over = true;
        this.#network.forget(this);
        handler?.closed(piece);
        return;
      }
    }
  }

  #read(octets: number): void {
    this.#unreadByPeer -= octets;
    this.#later(() => this.#flush());
  }
}
