/** One request to the running daemon over its control socket. */

import { request } from "node:http";
import type { IncomingMessage } from "node:http";

/** What is asked. */
export interface DaemonRequest {
  readonly method: "GET" | "POST";
  /** With its query; every part already encoded. */
  readonly path: string;
  readonly body?: unknown;
}

/** The daemon's answer, its body not yet read; or why there is none. */
export type DaemonReply =
  | { readonly status: number; readonly message: IncomingMessage }
  | { readonly unreachable: string };

/** Asks the first of the sockets that answers. */
export async function askDaemon(socketPaths: readonly string[], asked: DaemonRequest): Promise<DaemonReply> {
  const tried: string[] = [];
  for (const socketPath of socketPaths) {
    const reply = await attempt(socketPath, asked);
    if ("status" in reply) return reply;
    tried.push(`${socketPath} (${reply.unreachable})`);
  }
  return { unreachable: `no daemon answers on ${tried.join(" or ")}` };
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

const MEANING: Readonly<Record<string, string>> = {
  ENOENT: "no such file",
  ECONNREFUSED: "nobody listens",
  EACCES: "permission denied: not the daemon's user, nor in its control.group",
  ECONNRESET: "the daemon closed the connection",
};

function attempt(socketPath: string, asked: DaemonRequest): Promise<DaemonReply> {
  return new Promise((resolve) => {
    const refused = (error: NodeJS.ErrnoException): void =>
      resolve({ unreachable: MEANING[error.code ?? ""] ?? error.message });
    const body = asked.body === undefined ? "" : JSON.stringify(asked.body);
    const length = Buffer.byteLength(body);
    const headers = body === "" ? {} : { "content-type": "application/json", "content-length": length };
    try {
      const sent = request({ socketPath, method: asked.method, path: asked.path, headers, agent: false });
      sent.on("response", (message) => resolve({ status: message.statusCode ?? 0, message }));
      sent.on("error", refused);
      sent.end(body);
    } catch (error) {
      refused(error as NodeJS.ErrnoException); // a path that cannot name a socket
    }
  });
}
