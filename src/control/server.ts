/**
 * The control socket: HTTP and JSON over a Unix socket that only its owner and one group may open. A file in the way
 * is removed only when it is a socket and nobody answers on it.
 */

import { chmodSync, chownSync, existsSync, lstatSync, mkdirSync, readFileSync, statSync, unlinkSync } from "node:fs";
import { createServer } from "node:http";
import type { Server } from "node:http";
import { connect } from "node:net";
import type { ListenOptions } from "node:net";
import type { DaemonApi } from "../daemon/api.ts";
import { listenerOf } from "./answer.ts";
import type { Endpoint } from "./answer.ts";
import { API } from "./endpoints.ts";
import type { ControlHost, StartRefusal } from "./host.ts";

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

const CONTROL_LIMITS: ServerLimits = { connectionsMax: 64, stallSeconds: 600 };
/** What every system's sun_path holds, its closing zero left out (unix(7): 108 octets on Linux, 104 on BSD). */
const PATH_OCTETS_MAX = 103;

/** Opens the control socket, or says in one line why it cannot be opened. */
export async function startControlServer(
  api: DaemonApi, options: ControlOptions,
): Promise<ControlServer | StartRefusal> {
  const { socketPath, host } = options;
  const groupId = options.group === undefined ? undefined : groupIdOf(options.group);
  if (typeof groupId === "object") return groupId;
  const blocked = prepareFolder(socketPath, host.uid, groupId) ?? await removeStale(socketPath);
  if (blocked !== undefined) return blocked;
  const server = limitedServer(api, API, host, CONTROL_LIMITS);
  // Nobody but us can open the file before its group and mode are right.
  const maskBefore = host.umask(0o177);
  const listening = listen(server, { path: socketPath });
  host.umask(maskBefore);
  const refused = await listening;
  if (refused !== undefined) return refusal(socketPath, refused);
  try {
    if (groupId !== undefined) chownSync(socketPath, -1, groupId);
    chmodSync(socketPath, 0o660);
  } catch (error) {
    await stop(server);
    return refusal(socketPath, error as Error);
  }
  return { socketPath, close: () => stop(server) };
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

/** Resolves when the server listens, or with the reason why it does not. */
export function listen(server: Server, options: ListenOptions): Promise<NodeJS.ErrnoException | undefined> {
  return new Promise((resolve) => {
    const refused = (error: Error): void => resolve(error);
    server.prependOnceListener("error", refused);
    server.listen(options, () => {
      server.off("error", refused);
      resolve(undefined);
    });
  });
}

/** Closes the server and every connection of it. */
export function stop(server: Server): Promise<void> {
  return new Promise((resolve) => {
    server.close(() => resolve());
    server.closeAllConnections();
  });
}

/** What system errors mean here, and what to do. */
const TROUBLES: Readonly<Record<string, string>> = {
  ENOENT: "its folder and the folder above are missing (make them, or choose another control.socket)",
  ENOTDIR: "a file stands where a folder should be (choose another control.socket)",
  EACCES: "no permission (run as a user who may write there, or choose another control.socket)",
  EPERM: "no permission to give it to the group (run as a member of control.group, or choose another group)",
  EROFS: "the file system is read-only (choose another control.socket)",
};

function refusal(socketPath: string, { code, message }: NodeJS.ErrnoException): StartRefusal {
  const why = TROUBLES[code ?? ""] ?? `${message} (choose another control.socket)`;
  return { refused: `the control socket ${socketPath} cannot be opened: ${why}` };
}

/** A missing folder is made for our user, and the group that may connect; one of somebody else is not trusted. */
function prepareFolder(socketPath: string, uid: number, groupId: number | undefined): StartRefusal | undefined {
  const folder = socketPath.slice(0, Math.max(1, socketPath.lastIndexOf("/")));
  if (!socketPath.startsWith("/")) {
    return { refused: `control.socket is no absolute path: ${socketPath} (begin it with /)` };
  }
  // The system would cut it, and nobody would find the socket.
  if (Buffer.byteLength(socketPath) > PATH_OCTETS_MAX) {
    return { refused: `control.socket is too long: ${socketPath} (at most ${PATH_OCTETS_MAX} octets)` };
  }
  try {
    // One level only: more would be a mistyped path. (Node's recursive mkdir also never returns under /proc.)
    if (!existsSync(folder)) {
      mkdirSync(folder, { mode: groupId === undefined ? 0o700 : 0o750 });
      if (groupId !== undefined) chownSync(folder, -1, groupId);
    }
    const owner = statSync(folder).uid;
    if (uid <= 0 || owner === uid || owner === 0) return undefined;
    return { refused: `${folder} belongs to user ${owner}, who could replace the control socket (choose another)` };
  } catch (error) {
    return refusal(socketPath, error as Error);
  }
}

async function removeStale(socketPath: string): Promise<StartRefusal | undefined> {
  const file = lstatSync(socketPath, { throwIfNoEntry: false });
  if (file === undefined) return undefined;
  if (!file.isSocket()) {
    return { refused: `${socketPath} is in the way and is no socket (choose another control.socket)` };
  }
  if (await answers(socketPath)) {
    return { refused: `a daemon already answers on ${socketPath} (stop it, or choose another control.socket)` };
  }
  try {
    unlinkSync(socketPath);
    return undefined;
  } catch (error) {
    return refusal(socketPath, error as Error);
  }
}

/** Whether anybody accepts there; only a refused connection means that nobody does. */
function answers(socketPath: string): Promise<boolean> {
  return new Promise((resolve) => {
    const probe = connect(socketPath, () => {
      probe.destroy();
      resolve(true);
    });
    probe.on("error", (error: NodeJS.ErrnoException) => resolve(error.code !== "ECONNREFUSED"));
  });
}

function groupIdOf(group: string | number): number | StartRefusal {
  if (typeof group === "number") return group;
  if (/^[0-9]{1,9}$/.test(group)) return Number(group);
  try {
    const line = readFileSync("/etc/group", "utf8").split("\n").find((text) => text.startsWith(`${group}:`));
    if (line !== undefined) return Number(line.split(":")[2]);
    const why = `there is no group ${JSON.stringify(group)} on this machine (make it, or give its number)`;
    return { refused: `control.group: ${why}` };
  } catch (error) {
    return { refused: `control.group: the groups of this machine cannot be read: ${(error as Error).message}` };
  }
}
