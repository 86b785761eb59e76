/**
 * One iBGP client on loopback. Rule: until End-of-RIB every message is read; afterwards an exact speaker keeps the
 * version of every route it was told, any other counts octets only, so that thousands fit into one process.
 */

import { connect } from "node:net";
import type { Socket } from "node:net";
import { KEEPALIVE, MESSAGE, open, readUpdate } from "./wire.ts";
import type { Family } from "./wire.ts";

/** How a speaker introduces itself. */
export interface SpeakerOptions {
  readonly port: number;
  /** 0.. : its address is 127.1.0.0 + 1 + index, its BGP Identifier the same. */
  readonly index: number;
  readonly family: Family;
  readonly addPath: boolean;
  /** Keeps a table of this many prefix numbers; 0: counts octets. */
  readonly exactPrefixes: number;
}

/** Shared by all sockets: a read is consumed before the next one. */
const READ_BUFFER = Buffer.allocUnsafe(256 * 1024);

/** A session. */
export class Speaker {
  readonly index: number;
  readonly exact: boolean;
  readonly #options: SpeakerOptions;
  readonly #socket: Socket;
  #rest: Buffer = Buffer.alloc(0);
  /** Octets since End-of-RIB (or since `forget`), and when the last of them came (performance.now). */
  octets = 0;
  lastAt = 0;
  /** Version + 1 by prefix number, and how many are not 0. */
  readonly versions: Uint32Array;
  held = 0;
  /** Routes of the version that is waited for. */
  matching = 0;
  wanted = 0;
  closed = false;
  #joined = false;
  readonly established: Promise<void>;
  readonly joined: Promise<number>;
  #up: () => void = () => undefined;
  #done: (at: number) => void = () => undefined;

  constructor(options: SpeakerOptions) {
    this.index = options.index;
    this.exact = options.exactPrefixes > 0;
    this.#options = options;
    this.versions = new Uint32Array(options.exactPrefixes);
    this.established = new Promise((resolve) => { this.#up = resolve; });
    this.joined = new Promise((resolve) => { this.#done = resolve; });
    const host = 1 + options.index;
    const localAddress = `127.1.${host >>> 8}.${host & 255}`;
    this.#socket = connect({
      host: "127.0.0.1", port: options.port, localAddress, noDelay: true,
      onread: { buffer: READ_BUFFER, callback: (length, buffer) => this.#read(buffer as Buffer, length) },
    }, () => this.#socket.write(open(0x7f010000 + host, options.family, options.addPath)));
    this.#socket.on("error", () => undefined);
    this.#socket.on("close", () => { this.closed = true; });
  }

  send(bytes: Buffer): void {
    this.#socket.write(bytes);
  }

  pause(): void {
    this.#socket.pause();
  }

  resume(): void {
    this.#socket.resume();
  }

  close(): void {
    this.#socket.destroy();
  }

  /** Waits for `version` of routes from now on (exact speakers). */
  expect(version: number): void {
    this.wanted = version;
    this.matching = this.versions.reduce((sum, held) => sum + Number(held === version + 1), 0);
  }

  /** Counts octets from 0 again. */
  forget(): void {
    this.octets = 0;
  }

  #read(buffer: Buffer, length: number): boolean {
    if (this.#joined) {
      this.lastAt = performance.now();
      this.octets += length;
      if (!this.exact) return true;
    }
    const chunk = buffer.subarray(0, length);
    const bytes = this.#rest.length === 0 ? chunk : Buffer.concat([this.#rest, chunk]);
    this.#rest = Buffer.from(bytes.subarray(this.#messages(bytes)));
    return true;
  }

  /** Handles whole messages; answers where the first incomplete one begins. */
  #messages(bytes: Buffer): number {
    let at = 0;
    while (at + 19 <= bytes.length) {
      const end = at + bytes.readUInt16BE(at + 16);
      if (end > bytes.length) break;
      this.#message(bytes, at, end);
      at = end;
    }
    return at;
  }

  #message(bytes: Buffer, at: number, end: number): void {
    const type = bytes[at + 18];
    if (type === MESSAGE.OPEN) this.send(KEEPALIVE);
    else if (type === MESSAGE.KEEPALIVE) this.#up();
    else if (type === MESSAGE.NOTIFICATION) {
      throw new Error(`speaker ${this.index}: NOTIFICATION ${bytes[at + 19]}/${bytes[at + 20]}`);
    } else if (type === MESSAGE.UPDATE) readUpdate(bytes, at, end, this.#options.family, this.#options.addPath, this);
  }

  announced(n: number, version: number): void {
    if (!this.exact) return;
    const old = this.versions[n]!;
    if (old === 0) this.held++;
    this.versions[n] = version + 1;
    this.matching += Number(version === this.wanted) - Number(old === this.wanted + 1);
  }

  withdrawn(n: number): void {
    if (!this.exact || this.versions[n] === 0) return;
    if (this.versions[n] === this.wanted + 1) this.matching--;
    this.versions[n] = 0;
    this.held--;
  }

  endOfRib(): void {
    this.#joined = true;
    this.#done(performance.now());
  }
}
