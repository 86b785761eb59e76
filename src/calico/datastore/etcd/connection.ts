/** HTTP to one endpoint of etcd. */

import type { Agent } from "node:http";
import type { SecureContext } from "node:tls";
import type { JsonValue } from "../../../config/json.ts";
import type { Timers } from "../datastore.ts";
import { agentFor, exchange } from "../http.ts";
import type { HttpAnswer } from "../http.ts";

/** A request. */
export interface Asked {
  readonly path: string;
  readonly body: JsonValue;
  readonly token: string | undefined;
  /** The answer has no end. */
  readonly isStream?: boolean;
}

/** Silence before and within an answer. */
const ANSWER_SECONDS = 10;

/** One endpoint. All that is open ends with `close`. */
export class EtcdConnection {
  readonly #endpoint: string;
  readonly #timers: Timers;
  readonly #agent: Agent;
  #isClosed = false;

  /** `endpoint` is an http or https URL. */
  constructor(endpoint: string, secureContext: SecureContext | undefined, timers: Timers) {
    this.#endpoint = endpoint;
    this.#timers = timers;
    this.#agent = agentFor(new URL(endpoint), secureContext === undefined ? {} : { secureContext });
  }

  /** The answer, of any status; a text where there is none, and why. */
  async ask({ path, body, token, isStream = false }: Asked): Promise<HttpAnswer | string> {
    if (this.#isClosed) return CLOSED;
    const headers = {
      "content-type": "application/json",
      ...(token === undefined ? {} : { authorization: token }),
      // A member that has lost the others ends the stream then, instead of being silent.
      ...(isStream ? { "grpc-metadata-hasleader": "true" } : {}),
    };
    const answer = await exchange(this.#timers, {
      url: new URL(path, this.#endpoint), options: { method: "POST", agent: this.#agent, headers },
      body: JSON.stringify(body), silenceSeconds: ANSWER_SECONDS,
    });
    return "why" in answer ? this.#isClosed ? CLOSED : answer.why : answer;
  }

  /** Ends everything. */
  close(): void {
    this.#isClosed = true;
    this.#agent.destroy();
  }
}

const CLOSED = "the connection was closed";
