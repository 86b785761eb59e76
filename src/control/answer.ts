/**
 * From a request to an answer, and the answer onto the wire. One table of endpoints serves the Unix socket and TCP;
 * whatever a client sends gets a status and a JSON `error`, and an exception of ours costs that one request.
 */

import type { IncomingMessage, RequestListener, ServerResponse } from "node:http";
import type { DaemonApi } from "../daemon/api.ts";
import type { ControlHost } from "./host.ts";
import { splitTarget } from "./query.ts";
import { pour } from "./stream.ts";

/** What an endpoint is given. */
export interface Call {
  readonly api: DaemonApi;
  /** The parts of the path that stand for something, such as the neighbour; decoded. */
  readonly path: readonly string[];
  readonly query: URLSearchParams;
  /** The JSON object of a POST; empty when there was no body. */
  readonly body: Readonly<Record<string, unknown>>;
}

/** What an endpoint answers. */
export type Answer =
  /** `after` runs once the answer has left, or the client. */
  | { readonly status: number; readonly json: unknown; readonly after?: () => Promise<void> }
  | { readonly status: number; readonly text: string; readonly contentType: string }
  /** Pieces of a document or of a stream of lines, pulled as fast as the client reads. */
  | { readonly status: number; readonly pieces: Iterable<string>; readonly contentType: string };

/** One method on one path. */
export interface Endpoint {
  readonly method: "GET" | "POST";
  /** Segments; one that begins with a colon matches anything and is handed on in `Call.path`. */
  readonly path: readonly string[];
  /** Also served on TCP, where everybody who reaches the port may read. */
  readonly open: boolean;
  /** One clause, for the reference. */
  readonly does: string;
  answer(call: Call): Answer | Promise<Answer>;
}

/** Octets of a request body; our largest is a few hundred. */
const BODY_OCTETS_MAX = 64 * 1024;

/** An answer that tells why not. */
export function problem(status: number, error: string): Answer {
  return { status, json: { error } };
}

/** The listener of an HTTP server that offers these endpoints. */
export function listenerOf(api: DaemonApi, endpoints: readonly Endpoint[], host: ControlHost): RequestListener {
  return (request, response) => {
    const where = `${request.method ?? "?"} ${request.url ?? "?"}`.slice(0, 200);
    // A socket that breaks is the client's business: the stream sees `close` and stops.
    request.on("error", () => response.destroy());
    response.on("error", () => response.destroy());
    serve(api, endpoints, host, request, response).catch((error: unknown) => {
      host.onFailure(error, where);
      if (response.headersSent) response.destroy();
      else sendJson(response, 500, { error: "internal error, see the daemon's log" });
    });
  };
}

async function serve(
  api: DaemonApi, endpoints: readonly Endpoint[], host: ControlHost, request: IncomingMessage, response: ServerResponse,
): Promise<void> {
  const answer = await answerOf(api, endpoints, request, response);
  if (response.destroyed) return;
  if ("json" in answer) {
    sendJson(response, answer.status, answer.json);
    if (answer.after !== undefined) await closed(response).then(answer.after);
    return;
  }
  response.writeHead(answer.status, { "content-type": answer.contentType });
  if ("text" in answer) response.end(answer.text);
  else if (request.method === "HEAD") response.end();
  else await pour(answer.pieces[Symbol.iterator](), response, host);
}

async function answerOf(
  api: DaemonApi, endpoints: readonly Endpoint[], request: IncomingMessage, response: ServerResponse,
): Promise<Answer> {
  const target = splitTarget(request.url ?? "");
  if (target === undefined) return problem(400, "the request's path cannot be decoded");
  const onPath = endpoints.filter((endpoint) => matches(endpoint.path, target.segments));
  if (onPath.length === 0) return problem(404, `no such page: ${target.path}`);
  const method = request.method === "HEAD" ? "GET" : request.method;
  const endpoint = onPath.find((candidate) => candidate.method === method);
  if (endpoint === undefined) {
    response.setHeader("allow", onPath.map((candidate) => candidate.method).join(", "));
    return problem(405, `${request.method ?? "?"} is not possible on ${target.path}`);
  }
  const path = target.segments.filter((_, i) => endpoint.path[i]?.startsWith(":") === true);
  const call = { api, path, query: target.query, body: {} };
  if (endpoint.method === "GET") return endpoint.answer(call);
  const read = await readBody(request);
  if ("body" in read) return endpoint.answer({ ...call, body: read.body });
  response.setHeader("connection", "close");
  return problem(read.status, read.error);
}

function matches(pattern: readonly string[], segments: readonly string[]): boolean {
  return pattern.length === segments.length
    && pattern.every((part, i) => part.startsWith(":") ? segments[i] !== "" : part === segments[i]);
}

type BodyRead =
  | { readonly body: Readonly<Record<string, unknown>> }
  | { readonly status: number; readonly error: string };

async function readBody(request: IncomingMessage): Promise<BodyRead> {
  const chunks: Buffer[] = [];
  let octets = 0;
  try {
    for await (const chunk of request as AsyncIterable<Buffer>) {
      octets += chunk.length;
      if (octets > BODY_OCTETS_MAX) return { status: 413, error: `the body has more than ${BODY_OCTETS_MAX} octets` };
      chunks.push(chunk);
    }
  } catch {
    return { status: 400, error: "the request ended in the middle of its body" };
  }
  return parseBody(Buffer.concat(chunks).toString("utf8"));
}

function parseBody(text: string): BodyRead {
  if (text.trim() === "") return { body: {} };
  try {
    const body: unknown = JSON.parse(text);
    if (typeof body === "object" && body !== null && !Array.isArray(body)) return { body: { ...body } };
    return { status: 400, error: "the body must be a JSON object" };
  } catch (error) {
    return { status: 400, error: `the body is not JSON: ${(error as Error).message}` };
  }
}

function sendJson(response: ServerResponse, status: number, json: unknown): void {
  const text = `${JSON.stringify(json)}\n`;
  response.writeHead(status, { "content-type": "application/json", "content-length": Buffer.byteLength(text) });
  response.end(text);
}

function closed(response: ServerResponse): Promise<void> {
  return new Promise((resolve) => {
    if (response.destroyed || response.writableFinished) resolve();
    else response.once("finish", resolve).once("close", resolve);
  });
}
