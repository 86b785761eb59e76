/**
 * One request to the API server. Rule: whatever happens to it is a value; nothing waits for ever; only what `take`
 * throws is thrown, since that is a bug of ours.
 */

import { Agent as HttpAgent, request as httpRequest } from "node:http";
import type { ClientRequest, IncomingMessage, RequestOptions as HttpOptions } from "node:http";
import { Agent as HttpsAgent, request as httpsRequest } from "node:https";
import type { RequestOptions as HttpsOptions } from "node:https";
import { isIP } from "node:net";
import { checkServerIdentity } from "node:tls";
import type { PeerCertificate } from "node:tls";
import { parsedJson } from "../../../config/json.ts";
import type { JsonValue } from "../../../config/json.ts";
import type { Timers } from "../datastore.ts";
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
export interface Answer {
  /**
   * Hands the body over as it comes, until `take` answers false. Tells why it broke off, undefined at its end. To be
   * called at once.
   */
  read(take: (piece: Uint8Array) => boolean): Promise<Failure | undefined>;
}

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
  const pieces: Uint8Array[] = [];
  let length = 0;
  const broken = await answer.read((piece) => {
    length += piece.length;
    pieces.push(piece);
    return length <= DOCUMENT_MAX;
  });
  if (broken !== undefined) return broken;
  if (length > DOCUMENT_MAX) return failed(`the answer is larger than ${DOCUMENT_MAX / 1024 / 1024} MiB`);
  const value = parsedJson(Buffer.concat(pieces).toString("utf8"));
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
  #agent: { readonly for: string; readonly agent: HttpAgent } | undefined;

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

  #send(access: Access, asked: Asked): Promise<Answer | Failure> {
    return new Promise((resolve) => {
      try {
        const sent = begin(access, asked, this.#agentOf(access));
        const silence = new Silence(this.#timers, sent);
        let isAnswered = false;
        sent.on("socket", (socket) => socket.setKeepAlive(true, KEEPALIVE_MILLISECONDS));
        sent.on("error", (error) => {
          silence.end();
          // A kept connection may have been closed by the server just as we took it: not a word about the server.
          const isStale = sent.reusedSocket && !isAnswered && (error as NodeJS.ErrnoException).code === "ECONNRESET";
          resolve(isStale ? this.#send(access, asked) : failed(wordsOf(error)));
        });
        sent.on("response", (message) => {
          isAnswered = true;
          silence.allow(asked.silenceSeconds ?? ANSWER_SECONDS);
          void answerOf(message, silence).then(resolve);
        });
        sent.end(asked.body === undefined ? undefined : JSON.stringify(asked.body.value));
      } catch (error) {
        // Certificates that are none and tokens that fit into no header are refused by a throw.
        resolve(failed((error as Error).message));
      }
    });
  }

  #agentOf({ server, tls }: Access): HttpAgent {
    const key = JSON.stringify([server.origin, tls]);
    if (this.#agent?.for !== key) {
      this.#agent?.agent.destroy();
      const isTls = server.protocol === "https:";
      const agent = isTls ? new HttpsAgent({ keepAlive: true }) : new HttpAgent({ keepAlive: true });
      this.#agent = { for: key, agent };
    }
    return this.#agent.agent;
  }
}

/** A connection that nobody speaks on is probed after this: its other end may have lost power. */
const KEEPALIVE_MILLISECONDS = 30_000;

function begin({ server, tls, token }: Access, { method, path, body, signal }: Asked, agent: HttpAgent): ClientRequest {
  const options: HttpOptions = {
    agent, method, signal,
    host: server.hostname.replace(/^\[|\]$/g, ""),
    port: server.port === "" ? undefined : server.port,
    path: `${server.pathname.replace(/\/$/, "")}${path}`,
    headers: {
      accept: "application/json", "user-agent": "reflectd",
      ...(token === undefined ? {} : { authorization: `Bearer ${token}` }),
      ...(body === undefined ? {} : { "content-type": body.type }),
    },
  };
  return server.protocol === "https:" ? httpsRequest({ ...options, ...tlsOptions(tls) }) : httpRequest(options);
}

function tlsOptions({ ca, certificate, key, serverName, isInsecure }: TlsAccess): HttpsOptions {
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

const BROKEN_OFF: Failure = failed("the connection broke off");

/** Ends a request on which nothing comes. */
class Silence {
  readonly #timers: Timers;
  readonly #sent: ClientRequest;
  #seconds = ANSWER_SECONDS;
  #disarm: () => void = () => {};
  #failure: Failure | undefined;

  constructor(timers: Timers, sent: ClientRequest) {
    this.#timers = timers;
    this.#sent = sent;
    this.renew();
  }

  /** Set when it ended the request. */
  get failure(): Failure | undefined {
    return this.#failure;
  }

  /** From now on so long. */
  allow(seconds: number): void {
    this.#seconds = seconds;
    this.renew();
  }

  renew(): void {
    this.#disarm();
    this.#disarm = this.#timers.after(this.#seconds * 1000, () => {
      this.#failure = failed(`nothing came for ${this.#seconds} s`);
      this.#sent.destroy(new Error(this.#failure.why));
    });
  }

  end(): void {
    this.#disarm();
  }
}

async function answerOf(message: IncomingMessage, silence: Silence): Promise<Answer | Failure> {
  const answer: Answer = { read: (take) => readBody(message, silence, take) };
  const status = message.statusCode ?? 0;
  if (status >= 200 && status < 300) return answer;
  const said = await readJson(answer);
  const retryAfterSeconds = /^[0-9]{1,4}$/.test(message.headers["retry-after"] ?? "")
    ? Number(message.headers["retry-after"]) : 0;
  return refused(status, "why" in said ? undefined : said.value, retryAfterSeconds);
}

function readBody(
  message: IncomingMessage, silence: Silence, take: (piece: Uint8Array) => boolean,
): Promise<Failure | undefined> {
  return new Promise((resolve) => {
    const over = (failure: Failure | undefined): void => {
      silence.end();
      resolve(failure === undefined ? undefined : silence.failure ?? failure);
    };
    message.on("data", (piece: Buffer) => {
      silence.renew();
      if (take(piece)) return;
      over(undefined);
      message.destroy();
    });
    message.on("end", () => over(undefined));
    message.on("error", () => over(BROKEN_OFF)); // its own words are "aborted", whatever the reason
    message.on("close", () => over(BROKEN_OFF));
  });
}

/** A host with two addresses fails with an error for each; its own message is empty then. */
function wordsOf(error: Error): string {
  if (error instanceof AggregateError && error.message === "") {
    return error.errors.map((each) => (each as Error).message).join("; ");
  }
  return error.message;
}
