/**
 * HTTP to one endpoint of etcd. Rule: nothing is thrown and nothing rejects; every exchange ends with a status, or with
 * a text that says why it has none. All that is open ends with `close`.
 */

import { Agent as PlainAgent, request as plainRequest } from "node:http";
import type { ClientRequest, IncomingMessage, RequestOptions } from "node:http";
import { Agent as SecureAgent, request as secureRequest } from "node:https";
import type { SecureContext } from "node:tls";
import type { JsonValue } from "../../../config/json.ts";
import type { Timers } from "../datastore.ts";

/** A request, and who hears its answer. */
export interface Exchange {
  readonly path: string;
  readonly body: JsonValue;
  readonly token: string | undefined;
  /** The answer has no end, and may be silent for long once it has begun. */
  readonly isStream: boolean;
  /** Gets the answer's text in pieces. A text from it ends the exchange, and is its result. */
  readonly take: (piece: string) => string | undefined;
}

/** Silence before and within an answer. */
const ANSWER_SECONDS = 10;
/** Silence within a stream: etcd says at least every 22 minutes that it lives, unless it is frozen. */
const STREAM_SECONDS = 25 * 60;
/** A quiet stream is probed after this, and given up ten seconds later: a host that lost its power says nothing. */
const PROBE_MILLISECONDS = 20_000;

type Start = (url: URL, options: RequestOptions) => ClientRequest;

/** One endpoint. */
export class EtcdConnection {
  readonly #endpoint: string;
  readonly #timers: Timers;
  readonly #start: Start;
  readonly #agent: PlainAgent;
  /** How each exchange under way is ended. */
  readonly #open = new Set<(why: string) => void>();
  #isClosed = false;

  /** `endpoint` is an http or https URL. */
  constructor(endpoint: string, secureContext: SecureContext | undefined, timers: Timers) {
    const isSecure = new URL(endpoint).protocol === "https:";
    this.#endpoint = endpoint;
    this.#timers = timers;
    this.#start = isSecure ? secureRequest : plainRequest;
    this.#agent = isSecure ? new SecureAgent({ keepAlive: true, secureContext }) : new PlainAgent({ keepAlive: true });
  }

  /** The status once the answer has ended; a text where it did not, and why. */
  send(exchange: Exchange): Promise<number | string> {
    if (this.#isClosed) return Promise.resolve("the connection was closed");
    const request = this.#request(exchange);
    if (typeof request === "string") return Promise.resolve(request);
    return new Promise((resolve) => {
      let isOver = false;
      let disarm = (): void => undefined;
      const finish = (result: number | string): void => {
        if (isOver) return;
        isOver = true;
        disarm();
        this.#open.delete(finish);
        if (typeof result === "string") request.destroy();
        resolve(result);
      };
      const wait = (seconds: number): void => {
        disarm = this.#timers.after(seconds * 1000, () => finish(`no answer within ${seconds} seconds`));
      };
      this.#open.add(finish);
      wait(ANSWER_SECONDS);
      request.on("error", (error) => finish(whyOf(error)));
      request.on("response", (response) => receive(response, finish, (piece) => {
        if (isOver) return;
        disarm();
        const why = exchange.take(piece);
        if (why !== undefined) finish(why);
        else if (!isOver) wait(exchange.isStream ? STREAM_SECONDS : ANSWER_SECONDS);
      }));
      request.end(JSON.stringify(exchange.body));
    });
  }

  /** Ends everything. */
  close(): void {
    this.#isClosed = true;
    for (const finish of this.#open) finish("the connection was closed");
    this.#agent.destroy();
  }

  #request({ path, token, isStream }: Exchange): ClientRequest | string {
    const headers = {
      "content-type": "application/json",
      ...(token === undefined ? {} : { authorization: token }),
      // A member that has lost the others ends the stream then, instead of being silent.
      ...(isStream ? { "grpc-metadata-hasleader": "true" } : {}),
    };
    try {
      const request = this.#start(new URL(path, this.#endpoint), { method: "POST", agent: this.#agent, headers });
      request.on("socket", (socket) => socket.setKeepAlive(true, PROBE_MILLISECONDS));
      return request;
    } catch (error) { // expected where the token is no value of a header: whoever answers there made it up
      return whyOf(error as Error);
    }
  }
}

function receive(
  response: IncomingMessage, finish: (result: number | string) => void, take: (piece: string) => void,
): void {
  response.setEncoding("utf8");
  response.on("data", take);
  response.on("end", () => finish(response.statusCode ?? 0));
  response.on("error", (error) => finish(whyOf(error)));
  response.on("close", () => finish("the connection was cut"));
}

/** A host with several addresses fails with one error for all of them, whose own text is empty. */
function whyOf(error: Error): string {
  const { errors } = error as AggregateError;
  if (error.message === "" && Array.isArray(errors)) return errors.map((each) => (each as Error).message).join(", ");
  return error.message;
}
