/**
 * Who opens sockets. node:net cannot set TCP-MD5 or TTL security, so what a neighbour demands is asked of a provider
 * first. Rule: a demand that no provider can honour is a reason to wait, never a session without it.
 */

import { connect } from "node:net";
import type { Socket } from "node:net";
import type { DialTarget } from "./ports.ts";
import { HALF_OPEN } from "./socket.ts";

/** What a neighbour asks of its sockets. */
export interface SocketDemands {
  /** A TCP-MD5 password is configured (RFC 2385). */
  readonly password: boolean;
  /** TTL security (RFC 5082) within that many hops. */
  readonly ttlSecurityHops: number | undefined;
}

/** A way to open sockets. */
export interface SocketProvider {
  /** Why these demands cannot be met, in one line for people, or undefined. */
  refuses(demands: SocketDemands): string | undefined;
  /** Starts to connect; the socket tells the rest. */
  dial(target: DialTarget): Socket;
}

/** Plain node:net: no options that it has no call for. */
export const nodeNetProvider: SocketProvider = {
  refuses({ password, ttlSecurityHops }) {
    if (password) return "waits for a socket provider that can set a TCP-MD5 password; node:net cannot";
    if (ttlSecurityHops !== undefined) return "waits for a socket provider that can set TTL security; node:net cannot";
    return undefined;
  },
  dial({ address, port, localAddress }) {
    const source = localAddress === undefined ? {} : { localAddress };
    return connect({ host: address, port, allowHalfOpen: HALF_OPEN, ...source });
  },
};
