/** The control socket: HTTP and JSON over a Unix socket that only its owner and one group may open. */

import { createServer } from "node:http";
import type { Server } from "node:http";
import type { DaemonApi } from "../daemon/api.ts";
import { listenerOf } from "./answer.ts";
import type { Endpoint } from "./answer.ts";
import { API } from "./endpoints.ts";
import type { ControlHost, StartRefusal } from "./host.ts";
import { listenOnFile } from "./socket-file.ts";

/** Where and for whom. */
export interface ControlOptions {
  readonly socketPath: string;
  /** Name or number of the group that may connect; the process's own group without it. */
  readonly group?: string | number;
  readonly host: ControlHost;
}

/** A running control socket. */
export interface ControlServer {
  readonly socketPath: string;
  /** Ends every request and removes the socket's file. */
  close(): Promise<void>;
}

/** Limits of a server: what one client may cost. */
export interface ServerLimits {
  readonly connectionsMax: number;
  /** A connection on which nothing moves for so long is closed; a pager may hold a stream for a while. */
  readonly stallSeconds: number;
}

/** Those of a socket in the file system, which few may open. */
export const CONTROL_LIMITS: ServerLimits = { connectionsMax: 64, stallSeconds: 600 };

/** Opens the control socket, or says in one line why it cannot be opened. */
export async function startControlServer(
  api: DaemonApi, options: ControlOptions,
): Promise<ControlServer | StartRefusal> {
  const { socketPath, ...whom } = options;
  const server = limitedServer(api, API, options.host, CONTROL_LIMITS);
  const refused = await listenOnFile(server, { path: socketPath, setting: "control.socket", ...whom });
  return refused ?? { socketPath, close: () => stop(server) };
}

/** An HTTP server whose clients can cost no more than the limits. */
export function limitedServer(
  api: DaemonApi, endpoints: readonly Endpoint[], host: ControlHost, limits: ServerLimits,
): Server {
  const server = createServer({
    maxHeaderSize: 16 * 1024,
    headersTimeout: 10_000,
    requestTimeout: 30_000,
    keepAliveTimeout: 5_000,
    connectionsCheckingInterval: 5_000,
  }, listenerOf(api, endpoints, host));
  // Accepting fails when descriptors run out; the server goes on with the next connection. What fails before is told
  // by `listen`.
  server.on("error", (error) => {
    if (server.listening) host.onFailure(error, "accepting a control connection");
  });
  server.maxConnections = limits.connectionsMax;
  server.setTimeout(limits.stallSeconds * 1000);
  return server;
}

/** Closes the server and every connection of it. */
export function stop(server: Server): Promise<void> {
  return new Promise((resolve) => {
    server.close(() => resolve());
    server.closeAllConnections();
  });
}
