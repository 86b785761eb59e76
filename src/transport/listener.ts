/**
 * Accepts connections on many addresses. Rules: an address that cannot be had is a value with one line that says what
 * to do; without file descriptors a listener pauses instead of spinning.
 */

import { createServer } from "node:net";
import type { Server, Socket } from "node:net";
import type { Clock, Instant } from "../base/ports.ts";
import { after } from "../base/ports.ts";
import type { InheritedListeners } from "./inherited.ts";
import type { Connection, Scheduler } from "./ports.ts";
import { nodeNetProvider } from "./provider.ts";
import type { SocketProvider } from "./provider.ts";
import { connectionOf, HALF_OPEN } from "./socket.ts";
import type { RefusesAccepted } from "./socket.ts";

/** Connections that the kernel keeps while we are busy: a whole cluster redials at once. */
const BACKLOG = 4096;
/** How long a listener without file descriptors waits. */
const PAUSE_SECONDS = 1;

/** What a listener needs of the world, and whom it tells. */
export interface ListenerEnvironment {
  readonly clock: Clock;
  readonly scheduler: Scheduler;
  /** Who sees to what neighbours demand; absent: plain node:net, which cannot. */
  readonly provider?: SocketProvider;
  /** Listeners that were handed over to the process: where one is at the address, it is taken. */
  readonly inherited?: InheritedListeners;
  onConnection(connection: Connection): void;
  /** One line for the log: the listener pauses, or failed while running and tries again. */
  onTrouble(why: string): void;
  /** Who listens on a port that is taken, where that can be known. */
  portOwner?(port: number): string | undefined;
}

/** An open listener. */
export interface Listener {
  readonly address: string;
  /** The port in use: the system's choice where 0 was asked for. */
  readonly port: number;
  /** Stops accepting and gives the port back; connections that were handed over are not touched, nor waited for. */
  close(): Promise<void>;
}

/** Why an address could not be had. */
export interface ListenFault {
  /** The system's name, such as EADDRINUSE. */
  readonly code: string;
  /** One line: what, where, what to do. */
  readonly why: string;
}

/** Opens a listener. An address means itself: the IPv6 wildcard takes no IPv4 connections. */
export async function listen(
  where: { readonly address: string; readonly port: number }, environment: ListenerEnvironment,
): Promise<Listener | ListenFault> {
  let closed = false;
  let cancelPause: (() => void) | undefined;
  const pause = (error: NodeJS.ErrnoException): void => {
    const why = error.code ?? error.message;
    environment.onTrouble(`${named(where.address, port)} pauses for ${PAUSE_SECONDS} s: ${why}`);
    opening.close();
    const again = after(environment.clock.now(), PAUSE_SECONDS);
    cancelPause ??= environment.scheduler.at(again, () => { cancelPause = undefined; void reopen(); });
  };
  const reopen = async (): Promise<void> => {
    if (closed) return;
    const next = await open({ address: where.address, port }, environment, pause);
    if ("why" in next) return closed ? undefined : pause(Object.assign(new Error(next.why), { code: next.code }));
    opening = next;
    if (closed) opening.close();
  };
  const first = await open(where, environment, pause);
  if ("why" in first) return first;
  let opening: Opening = first;
  const bound = opening.server.address();
  const port = typeof bound === "object" && bound !== null ? bound.port : where.port;
  return {
    address: where.address, port,
    async close() {
      closed = true;
      cancelPause?.();
      // Node calls back when the last connection has ended, which may be in months; the port is free at once.
      opening.close();
    },
  };
}

/** A server that accepts: ours, or one that was handed over. */
interface Opening {
  readonly server: Server;
  close(): void;
}

async function open(
  where: { readonly address: string; readonly port: number }, environment: ListenerEnvironment,
  failed: (error: NodeJS.ErrnoException) => void,
): Promise<Opening | ListenFault> {
  const { inherited, provider = nodeNetProvider } = environment;
  const handedOver = inherited?.take(where, (by) => ({ accept: accepterOf(by, environment), failed }));
  if (inherited !== undefined && handedOver !== undefined) {
    provider.opened(handedOver);
    return { server: handedOver, close: () => inherited.giveBack(handedOver) };
  }
  const server = createServer({ noDelay: true, allowHalfOpen: HALF_OPEN });
  server.on("connection", accepterOf(server, environment));
  const fault = await bind(server, where, environment);
  if (fault !== undefined) return fault;
  provider.opened(server);
  server.on("error", failed);
  return { server, close: () => void server.close() };
}

/** What becomes of the sockets that a server accepts. */
function accepterOf(server: Server, environment: ListenerEnvironment): (socket: Socket) => void {
  const { clock, scheduler, provider = nodeNetProvider } = environment;
  const now = (): Instant => clock.now();
  const refuses: RefusesAccepted = (socket, demands) => provider.refusesAccepted(socket, demands, server);
  return (socket) => {
    const connection = connectionOf(socket, scheduler, now, refuses);
    if (connection !== undefined) environment.onConnection(connection);
  };
}

function bind(
  server: Server, { address, port }: { readonly address: string; readonly port: number },
  environment: ListenerEnvironment,
): Promise<ListenFault | undefined> {
  return new Promise((resolve) => {
    const failed = (error: NodeJS.ErrnoException): void => {
      const owner = error.code === "EADDRINUSE" ? environment.portOwner?.(port) : undefined;
      resolve(listenFault(address, port, error, owner));
    };
    server.once("error", failed);
    server.listen({ host: address, port, backlog: BACKLOG, ipv6Only: true }, () => {
      server.off("error", failed);
      resolve(undefined);
    });
  });
}

const REMEDY: Readonly<Record<string, (port: number, owner: string | undefined) => string>> = {
  EADDRINUSE: (port, owner) => "the port is taken "
    + (owner === undefined ? `(ss -ltnp 'sport = :${port}' tells by whom, usually another BGP daemon)` : `by ${owner}`)
    + "; stop that one or choose another port in \"listen\"",
  EACCES: () => "no permission; a port below 1024 needs CAP_NET_BIND_SERVICE, or choose one from 1024 up in \"listen\"",
  EADDRNOTAVAIL: () => "no interface has this address; add it or correct \"listen\"",
};

/** The one line of a listener that could not be opened. */
export function listenFault(
  address: string, port: number, error: NodeJS.ErrnoException, owner?: string,
): ListenFault {
  const code = error.code ?? "ERROR";
  const remedy = Object.hasOwn(REMEDY, code) ? REMEDY[code]?.(port, owner) : undefined;
  return { code, why: `cannot listen on ${named(address, port)}: ${remedy ?? error.message}` };
}

function named(address: string, port: number): string {
  return address.includes(":") ? `[${address}]:${port}` : `${address}:${port}`;
}
