/** Counters of one neighbour's messages and octets. Rule: they only grow, so a reader may take differences. */

import { HEADER_OCTETS, MESSAGE } from "../messages/header.ts";
import type { MessageCounters, SessionView } from "./ports.ts";

/** Which counter a message type moves. */
const COUNTER: readonly (keyof MessageCounters | undefined)[] = (() => {
  const row: (keyof MessageCounters | undefined)[] = [];
  row[MESSAGE.OPEN] = "open";
  row[MESSAGE.UPDATE] = "update";
  row[MESSAGE.NOTIFICATION] = "notification";
  row[MESSAGE.KEEPALIVE] = "keepalive";
  row[MESSAGE.ROUTE_REFRESH] = "routeRefresh";
  return row;
})();

/** What one neighbour said and was told. */
export class Traffic {
  readonly #in = { messages: noMessages(), octets: 0 };
  readonly #out = { messages: noMessages(), octets: 0 };

  /** One whole message came. */
  received(message: Uint8Array): void {
    this.#in.octets += message.length;
    const counter = COUNTER[message[18]!];
    if (counter !== undefined) this.#in.messages[counter]++;
  }

  /** Whole messages were handed to the socket. */
  sent(messages: Uint8Array): void {
    this.#out.octets += messages.length;
    for (let at = 0; at + HEADER_OCTETS <= messages.length;) {
      const counter = COUNTER[messages[at + 18]!];
      if (counter !== undefined) this.#out.messages[counter]++;
      at += Math.max(HEADER_OCTETS, (messages[at + 16]! << 8) | messages[at + 17]!);
    }
  }

  /** The counters as they are now. */
  snapshot(): Pick<SessionView, "messages" | "bytes"> {
    return {
      messages: { in: { ...this.#in.messages }, out: { ...this.#out.messages } },
      bytes: { in: this.#in.octets, out: this.#out.octets },
    };
  }
}

function noMessages(): MessageCounters {
  return { open: 0, update: 0, keepalive: 0, notification: 0, routeRefresh: 0 };
}
