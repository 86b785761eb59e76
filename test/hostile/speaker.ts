/**
 * A bare BGP speaker on a raw socket, the attacker's tool and the witness's. Rule: it says what it is told to say, good
 * or bad, and only counts what it hears; nothing that it was sent is kept but NOTIFICATIONs.
 */

import { connect } from "node:net";
import type { Socket } from "node:net";
import { parseIpv4 } from "../../src/base/address.ts";
import { toHex } from "../../src/base/bytes.ts";
import type { Capability } from "../../src/messages/capabilities.ts";
import { isFault } from "../../src/messages/fault.ts";
import { Framer } from "../../src/messages/framer.ts";
import { EXTENDED_MESSAGE_OCTETS_MAX, MESSAGE, messageType } from "../../src/messages/header.ts";
import { KEEPALIVE } from "../../src/messages/keepalive.ts";
import { decodeNotification } from "../../src/messages/notification.ts";
import { encodeOpen } from "../../src/messages/open.ts";

export const AS = 64_512;
/** Long enough that no test outlives it, short enough to be legal everywhere. */
export const HOLD_SECONDS = 90;

/** What a full speaker offers; an attack picks from it. */
export const CAPABILITIES: readonly Capability[] = [
  { name: "multiprotocol", afi: 1, safi: 1 },
  { name: "multiprotocol", afi: 2, safi: 1 },
  { name: "routeRefresh" },
  { name: "enhancedRouteRefresh" },
  { name: "fourOctetAs", asNumber: AS },
];
/** ADD-PATH in both directions for IPv4. */
export const ADD_PATH: Capability = {
  name: "addPath", families: [{ afi: 1, safi: 1, receive: true, send: true }],
};
export const EXTENDED_MESSAGE: Capability = { name: "extendedMessage" };

/** How a speaker introduces itself; its address is its BGP Identifier where none is given. */
export interface Introduction {
  readonly routerId?: string;
  readonly asNumber?: number;
  readonly capabilities?: readonly Capability[];
}

/** The OPEN of an introduction. */
export function openOf(address: string, { routerId, asNumber = AS, capabilities }: Introduction = {}): Uint8Array {
  const wanted = capabilities ?? [...CAPABILITIES.slice(0, 4), { name: "fourOctetAs", asNumber }];
  return encodeOpen({
    asNumber, holdTimeSeconds: HOLD_SECONDS, routerId: parseIpv4(routerId ?? address)!, capabilities: wanted,
  });
}

/** One connection from a loopback address. */
export class RawSpeaker {
  readonly address: string;
  readonly socket: Socket;
  readonly #framer = new Framer();
  /** Messages heard by type. */
  readonly heard: number[] = [0, 0, 0, 0, 0, 0];
  octetsHeard = 0;
  /** "code/subcode data-in-hex" of the NOTIFICATION that was heard. */
  notification: string | undefined;
  connected = false;
  closed = false;
  /** Looks at every UPDATE; the view is valid during the call. */
  onUpdate: ((message: Uint8Array) => void) | undefined;

  constructor(port: number, address: string, read = true) {
    this.address = address;
    this.#framer.maxOctets = EXTENDED_MESSAGE_OCTETS_MAX;
    this.socket = connect({ host: "127.0.0.1", port, localAddress: address });
    this.socket.setNoDelay(true);
    this.socket.on("connect", () => { this.connected = true; });
    this.socket.on("error", () => { this.closed = true; });
    this.socket.on("close", () => { this.closed = true; });
    if (read) this.socket.on("data", (chunk: Buffer) => this.#take(chunk));
  }

  /** Sends octets as they are; answers whether the kernel took them at once. */
  say(...messages: readonly Uint8Array[]): boolean {
    let taken = true;
    for (const message of messages) taken = this.socket.write(message);
    return taken;
  }

  /** Sends octets and waits until the kernel took them, or the connection is gone. */
  sayAll(octets: Uint8Array): Promise<void> {
    return new Promise((resolve) => {
      const over = (): void => {
        this.socket.off("close", over);
        resolve();
      };
      this.socket.once("close", over);
      this.socket.write(octets, over);
    });
  }

  introduce(introduction: Introduction = {}): void {
    this.say(openOf(this.address, introduction), KEEPALIVE);
  }

  /** Whether the daemon took the session: it answered OPEN with OPEN and KEEPALIVE. */
  get accepted(): boolean {
    return this.heard[MESSAGE.OPEN]! > 0 && this.heard[MESSAGE.KEEPALIVE]! > 0;
  }

  hangUp(): void {
    this.socket.destroy();
  }

  #take(chunk: Uint8Array): void {
    this.octetsHeard += chunk.length;
    this.#framer.push(chunk);
    for (let message = this.#framer.next(); message !== undefined; message = this.#framer.next()) {
      if (isFault(message)) throw new Error(`reflectd sent garbage to ${this.address}: ${message.why}`);
      this.#hear(message);
    }
  }

  #hear(message: Uint8Array): void {
    const type = messageType(message);
    this.heard[type]!++;
    if (type === MESSAGE.UPDATE) this.onUpdate?.(message);
    if (type !== MESSAGE.NOTIFICATION) return;
    const read = decodeNotification(message);
    if (!isFault(read)) this.notification = `${read.code}/${read.subcode} ${toHex(read.data)}`.trim();
  }
}
