/**
 * HTTP to a server of resources. Rule: whatever becomes of a request is a value, nothing waits for ever, and only what
 * `take` throws is thrown, since that is a bug of ours.
 */

import { Agent as PlainAgent, request as plainRequest } from "node:http";
import type { ClientRequest, IncomingHttpHeaders, IncomingMessage } from "node:http";
import { Agent as SecureAgent, request as secureRequest } from "node:https";
import type { AgentOptions, RequestOptions } from "node:https";
import type { Timers } from "./datastore.ts";

/** What is asked of whom. */
export interface HttpRequest {
  /** Where; its path is that of the request. */
  readonly url: URL;
  /** Method, headers, TLS, whose connections, and who may end it. */
  readonly options: Omit<RequestOptions, "host" | "port" | "path">;
  readonly body: string | undefined;
  /** So long may nothing come; more is a failure. */
  readonly silenceSeconds: number;
}

/** The head of an answer, whatever its status. */
export interface HttpAnswer {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  /** Bears another silence from now on. */
  bear(silenceSeconds: number): void;
  /**
   * Hands the body over as it comes, until `take` answers false. Tells why it broke off, undefined at its end. To be
   * called at once.
   */
  read(take: (piece: Uint8Array) => boolean): Promise<string | undefined>;
}

/** Why there is no answer. */
export interface HttpFailure {
  readonly why: string;
  /** A kept connection was closed by the server just as we took it: not a word about the server. */
  readonly isStale: boolean;
}

/** A connection that nobody speaks on is probed after this: its other end may have lost power. */
const PROBE_MILLISECONDS = 20_000;
const BROKEN_OFF = "the connection broke off";

/** Keeps connections to a server. */
export function agentFor({ protocol }: URL, options: AgentOptions = {}): PlainAgent {
  return protocol === "https:" ? new SecureAgent({ ...options, keepAlive: true }) : new PlainAgent({ keepAlive: true });
}

/** Asks. */
export function exchange(timers: Timers, asked: HttpRequest): Promise<HttpAnswer | HttpFailure> {
  return new Promise((resolve) => {
    const sent = begin(asked);
    if ("why" in sent) return resolve(sent);
    const silence = new Silence(timers, sent, asked.silenceSeconds);
    let isAnswered = false;
    sent.on("socket", (socket) => socket.setKeepAlive(true, PROBE_MILLISECONDS));
    sent.on("error", (error: NodeJS.ErrnoException) => {
      silence.end();
      resolve({ why: wordsOf(error), isStale: sent.reusedSocket && !isAnswered && error.code === "ECONNRESET" });
    });
    sent.on("response", (message) => {
      isAnswered = true;
      silence.bear(asked.silenceSeconds);
      resolve({
        status: message.statusCode ?? 0, headers: message.headers, bear: (seconds) => silence.bear(seconds),
        read: (take) => readBody(message, silence, take),
      });
    });
    sent.end(asked.body);
  });
}

/** The text of an answer of at most so many octets. */
export async function readText(
  answer: Pick<HttpAnswer, "read">, octetsMax: number,
): Promise<{ readonly text: string } | { readonly why: string }> {
  const pieces: Uint8Array[] = [];
  let length = 0;
  const broken = await answer.read((piece) => {
    length += piece.length;
    pieces.push(piece);
    return length <= octetsMax;
  });
  if (broken !== undefined) return { why: broken };
  if (length > octetsMax) return { why: `the answer is larger than ${octetsMax / 1024 / 1024} MiB` };
  return { text: Buffer.concat(pieces).toString("utf8") };
}

/** Certificates that are none and tokens that fit into no header are refused by a throw. */
function begin({ url, options }: HttpRequest): ClientRequest | HttpFailure {
  try {
    return (url.protocol === "https:" ? secureRequest : plainRequest)(url, options);
  } catch (error) {
    return { why: (error as Error).message, isStale: false };
  }
}

/** Ends a request on which nothing comes. */
class Silence {
  readonly #timers: Timers;
  readonly #sent: ClientRequest;
  #seconds = 0;
  #disarm: () => void = () => {};
  #why: string | undefined;

  constructor(timers: Timers, sent: ClientRequest, seconds: number) {
    this.#timers = timers;
    this.#sent = sent;
    this.bear(seconds);
  }

  /** Set when it ended the request. */
  get why(): string | undefined {
    return this.#why;
  }

  /** From now on so long. */
  bear(seconds: number): void {
    this.#seconds = seconds;
    this.renew();
  }

  renew(): void {
    this.#disarm();
    this.#disarm = this.#timers.after(this.#seconds * 1000, () => {
      this.#why = `nothing came for ${this.#seconds} s`;
      this.#sent.destroy(new Error(this.#why));
    });
  }

  end(): void {
    this.#disarm();
  }
}

function readBody(
  message: IncomingMessage, silence: Silence, take: (piece: Uint8Array) => boolean,
): Promise<string | undefined> {
  return new Promise((resolve) => {
    const over = (why: string | undefined): void => {
      silence.end();
      resolve(why === undefined ? undefined : silence.why ?? why);
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
