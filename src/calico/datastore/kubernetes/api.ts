/** The API server: how it is asked, and what its answers mean. Rule: whatever happens to a request is a value. */

import type { Agent } from "node:http";
import type { RequestOptions } from "node:https";
import { isIP } from "node:net";
import { checkServerIdentity } from "node:tls";
import type { PeerCertificate } from "node:tls";
import { parsedJson } from "../../../config/json.ts";
import type { JsonValue } from "../../../config/json.ts";
import type { Timers } from "../datastore.ts";
import { agentFor, exchange, readText } from "../http.ts";
import type { HttpAnswer, HttpRequest } from "../http.ts";
import type { Access, AccessSource, TlsAccess } from "./access.ts";
import { failed, refused } from "./failure.ts";
import type { Failure } from "./failure.ts";

/** What is asked. */
export interface Asked {
  readonly method: "GET" | "PATCH" | "PUT";
  /** With its query, every part encoded. */
  readonly path: string;
  readonly body?: { readonly type: string; readonly value: JsonValue };
  /** So long may an answer that has begun be silent; more is a failure. */
  readonly silenceSeconds?: number;
  readonly signal: AbortSignal;
}

/** An answer of success. */
export type Answer = Pick<HttpAnswer, "read">;

/** The API server, as a port. */
export interface Api {
  /** Asks; any answer but 2xx is a failure. */
  ask(asked: Asked): Promise<Answer | Failure>;
}

/** A server that is busy may take up to a minute, kube-apiserver's own limit, until it begins to answer. */
const ANSWER_SECONDS = 65;
/** What is no list and no watch is not larger than this. Octets. */
const DOCUMENT_MAX = 4 * 1024 * 1024;

/** The JSON that the server answers. */
export async function askJson(api: Api, asked: Asked): Promise<{ readonly value: JsonValue } | Failure> {
  const answer = await api.ask(asked);
  return "why" in answer ? answer : readJson(answer);
}

async function readJson(answer: Answer): Promise<{ readonly value: JsonValue } | Failure> {
  const read = await readText(answer, DOCUMENT_MAX);
  if ("why" in read) return failed(read.why);
  const value = parsedJson(read.text);
  return value === undefined ? failed("the answer is no JSON") : { value };
}

/** The path with these parameters added to its query; empty ones are left out. */
export function withQuery(path: string, parameters: Readonly<Record<string, string>>): string {
  const query = new URLSearchParams(Object.entries(parameters).filter(([, value]) => value !== "")).toString();
  return query === "" ? path : `${path}${path.includes("?") ? "&" : "?"}${query}`;
}

/** The API server over HTTPS, or HTTP where the kubeconfig says so (a local proxy); connections are kept. */
export class HttpApi implements Api {
  readonly #source: AccessSource;
  readonly #timers: Timers;
  /** Connections of other credentials are never used again. */
  #agent: { readonly for: string; readonly agent: Agent } | undefined;

  constructor(source: AccessSource, timers: Timers) {
    this.#source = source;
    this.#timers = timers;
  }

  async ask(asked: Asked): Promise<Answer | Failure> {
    const access = await this.#source();
    if ("fault" in access) return failed(access.fault);
    return asked.signal.aborted ? failed("stopped") : this.#send(access, asked);
  }

  /** Closes the connections that are kept. */
  close(): void {
    this.#agent?.agent.destroy();
    this.#agent = undefined;
  }

  async #send(access: Access, asked: Asked): Promise<Answer | Failure> {
    const { silenceSeconds, signal } = asked;
    const answer = await exchange(this.#timers, requestOf(access, asked, this.#agentOf(access)));
    if ("why" in answer) return answer.isStale && !signal.aborted ? this.#send(access, asked) : failed(answer.why);
    if (silenceSeconds !== undefined) answer.bear(silenceSeconds);
    return answer.status >= 200 && answer.status < 300 ? answer : refusalOf(answer);
  }

  #agentOf({ server, tls }: Access): Agent {
    const key = JSON.stringify([server.origin, tls]);
    if (this.#agent?.for !== key) {
      this.#agent?.agent.destroy();
      this.#agent = { for: key, agent: agentFor(server) };
    }
    return this.#agent.agent;
  }
}

function requestOf({ server, tls, token }: Access, { method, path, body, signal }: Asked, agent: Agent): HttpRequest {
  const headers = {
    accept: "application/json", "user-agent": "reflectd",
    ...(token === undefined ? {} : { authorization: `Bearer ${token}` }),
    ...(body === undefined ? {} : { "content-type": body.type }),
  };
  return {
    url: new URL(`${server.origin}${server.pathname.replace(/\/$/, "")}${path}`),
    options: { agent, method, signal, headers, ...(server.protocol === "https:" ? tlsOptions(tls) : {}) },
    body: body && JSON.stringify(body.value), silenceSeconds: ANSWER_SECONDS,
  };
}

function tlsOptions({ ca, certificate, key, serverName, isInsecure }: TlsAccess): RequestOptions {
  return {
    ...(ca === undefined ? {} : { ca }),
    ...(certificate === undefined || key === undefined ? {} : { cert: certificate, key }),
    rejectUnauthorized: !isInsecure,
    // An address is no name for SNI (RFC 6066 §3), but a certificate may be for one.
    ...(serverName === undefined || isIP(serverName) !== 0 ? {} : { servername: serverName }),
    ...(serverName === undefined ? {}
      : { checkServerIdentity: (_: string, shown: PeerCertificate) => checkServerIdentity(serverName, shown) }),
  };
}

async function refusalOf(answer: HttpAnswer): Promise<Failure> {
  const said = await readJson(answer);
  const retryAfter = answer.headers["retry-after"] ?? "";
  const retryAfterSeconds = /^[0-9]{1,4}$/.test(retryAfter) ? Number(retryAfter) : 0;
  return refused(answer.status, "why" in said ? undefined : said.value, retryAfterSeconds);
}
