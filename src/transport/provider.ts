/**
 * Who opens sockets. node:net cannot set TCP-MD5 or TTL security, so what a neighbour demands is asked of a provider
 * first. Rule: a demand that no provider can honour is a reason to wait, never a session without it.
 */

import { connect } from "node:net";
import type { Server, Socket } from "node:net";
import type { Prefix } from "../base/prefix.ts";
import type { DialTarget, SocketDemands } from "./ports.ts";
import { HALF_OPEN } from "./socket.ts";

/** Who knows what neighbours demand of sockets. */
export interface SocketGuard {
  /** From now on listeners ask this of whoever connects from there; `name` is the neighbour's or the range's. */
  claim(name: string, from: Prefix, demands: SocketDemands): void;
  /** The neighbour is gone: its listeners ask nothing any more. What was accepted stays as it is. */
  release(name: string): void;
  /** Why the demands of a neighbour (claimed before) cannot be met, in one line for people, or undefined. */
  refuses(name: string, demands: SocketDemands): string | undefined;
  /** Whether whom such demands are made of can be dialled; else it has to dial. */
  dials(demands: SocketDemands): boolean;
}

/** A way to open sockets. */
export interface SocketProvider extends SocketGuard {
  /** Starts to connect; the socket tells the rest. Throws where the socket cannot be as demanded. */
  dial(target: DialTarget): Socket;
  /** A server listens from now on. What it cannot be made to ask for is why a neighbour is refused, from then on. */
  opened(server: Server): void;
  /** Sees to it that an accepted socket is as demanded; why it is not, or undefined. */
  refusesAccepted(socket: Socket, demands: SocketDemands, server: Server): string | undefined;
}

/** Plain node:net: no options that it has no call for. */
export const nodeNetProvider: SocketProvider = {
  claim() {
    // nothing can be asked of anybody
  },
  release() {
    // as nothing was
  },
  refuses(_name, { password, ttlSecurityHops }) {
    const what = password !== undefined ? "a TCP-MD5 password" : ttlSecurityHops !== undefined ? "TTL security" : "";
    return what === "" ? undefined : `waits for a Node that can set ${what}: 26.1 or later, with --experimental-ffi`;
  },
  dials: () => true, // whoever demands nothing
  dial({ address, port, localAddress }) {
    const source = localAddress === undefined ? {} : { localAddress };
    return connect({ host: address, port, allowHalfOpen: HALF_OPEN, ...source });
  },
  opened() {
    // asks for nothing, as nobody can
  },
  refusesAccepted: (_socket, demands) => nodeNetProvider.refuses("", demands),
};
