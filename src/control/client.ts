/** One request to the running daemon over its control socket. */

import { request } from "node:http";
import type { IncomingMessage } from "node:http";
import { connect } from "node:net";
import type { Socket } from "node:net";
import type { CalicoStatus } from "../calico/translate/view.ts";

/** What is asked. */
export interface DaemonRequest {
  readonly method: "GET" | "POST";
  /** With its query; every part already encoded. */
  readonly path: string;
  readonly body?: unknown;
}

/** Why there is no answer, and what to do. */
export interface Unreachable { readonly unreachable: string; readonly todo: string }

/** The daemon's answer, its body not yet read; or why there is none. */
export type DaemonReply = { readonly status: number; readonly message: IncomingMessage } | Unreachable;

/** Asks the first of the sockets that answers. */
export async function askDaemon(socketPaths: readonly string[], asked: DaemonRequest): Promise<DaemonReply> {
  const tried: string[] = [];
  let forbidden = false;
  for (const socketPath of socketPaths) {
    const reply = await attempt(socketPath, asked);
    if ("status" in reply) return reply;
    forbidden ||= reply.code === "EACCES";
    tried.push(`${socketPath} (${MEANING[reply.code] ?? reply.message})`);
  }
  const todo = forbidden ? "run it as the daemon's user, join its control.group, or give --socket PATH"
    : "start it with reflectd run --config FILE, or give --socket PATH";
  return { unreachable: `no daemon answers on ${tried.join(" or ")}`, todo };
}

/** The whole body as text; an answer that breaks off is an error value. */
export async function bodyText(message: IncomingMessage): Promise<string | { readonly broken: string }> {
  const chunks: Buffer[] = [];
  try {
    for await (const chunk of message as AsyncIterable<Buffer>) chunks.push(chunk);
    return Buffer.concat(chunks).toString("utf8");
  } catch (error) {
    return { broken: (error as Error).message };
  }
}

/** How the daemon stands with Calico's resources; undefined where it is not in Calico mode. */
export async function askCalicoStatus(socketPaths: readonly string[]): Promise<CalicoStatus | Unreachable | undefined> {
  const asked = await askDaemon(socketPaths, { method: "GET", path: "/v1/calico" });
  if ("unreachable" in asked) return asked;
  const text = await bodyText(asked.message);
  if (asked.status !== 200 || typeof text !== "string") return undefined;
  try {
    return JSON.parse(text) as CalicoStatus;
  } catch {
    return undefined; // another program listens there
  }
}

const MEANING: Readonly<Record<string, string>> = {
  ENOENT: "no such file",
  ECONNREFUSED: "nobody listens",
  EACCES: "permission denied",
  ECONNRESET: "the daemon closed the connection",
};

/** Why one socket gave no answer. */
interface Failure { readonly code: string; readonly message: string }

function attempt(socketPath: string, asked: DaemonRequest): Promise<Exclude<DaemonReply, Unreachable> | Failure> {
  return new Promise((resolve) => {
    const refused = ({ code = "", message }: NodeJS.ErrnoException): void => resolve({ code, message });
    // Node 22 throws for such a path and tells the socket of it too, which nobody could hear yet.
    if (socketPath.includes("\0")) return resolve({ code: "EINVAL", message: "a path cannot hold a NUL" });
    const body = asked.body === undefined ? "" : JSON.stringify(asked.body);
    const length = Buffer.byteLength(body);
    const headers = body === "" ? {} : { "content-type": "application/json", "content-length": length };
    try {
      // An agent would look for an address in the host's name, and take milliseconds to compile the pattern.
      const createConnection = (): Socket => connect(socketPath);
      const sent = request({ method: asked.method, path: asked.path, headers, createConnection });
      sent.on("response", (message) => resolve({ status: message.statusCode ?? 0, message }));
      sent.on("error", refused);
      sent.end(body);
    } catch (error) {
      refused(error as NodeJS.ErrnoException); // a path that cannot name a socket
    }
  });
}
