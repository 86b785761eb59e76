/** Counters of one neighbour's messages and octets. Rule: they only grow, so a reader may take differences. */

import { HEADER_OCTETS, MESSAGE } from "../messages/header.ts";
import type { MessageCounters, SessionTraffic } from "./ports.ts";

/** Message types are 1 to 5 (RFC 4271 §4.1, RFC 2918); more than these are not counted. */
const TYPES = MESSAGE.ROUTE_REFRESH + 1;

/**
 * Messages by type in views that were sent before: thousands of peers are sent the same view, and a message is then
 * looked at once. Views of less are counted faster than found.
 */
const COUNTED = new WeakMap<Uint8Array, readonly number[]>();
const OCTETS_COUNTED_ONCE = 2_048;

/** What one neighbour said and was told. */
export class Traffic {
  // By type, not by name: a thousand clients times a full table is millions of messages to count.
  readonly #in = zeroes();
  readonly #out = zeroes();
  #octetsIn = 0;
  #octetsOut = 0;

  /** One whole message came. */
  received(message: Uint8Array): void {
    this.#octetsIn += message.length;
    const type = message[18]!;
    if (type < TYPES) this.#in[type]!++;
  }

  /** Whole messages were handed to the socket. */
  sent(messages: Uint8Array): void {
    this.#octetsOut += messages.length;
    if (messages.length < OCTETS_COUNTED_ONCE) return count(messages, this.#out);
    const known = COUNTED.get(messages) ?? countOnce(messages);
    for (let type = 0; type < TYPES; type++) this.#out[type]! += known[type]!;
  }

  /** The counters as they are now. */
  snapshot(): SessionTraffic {
    return {
      messages: { in: byName(this.#in), out: byName(this.#out) },
      bytes: { in: this.#octetsIn, out: this.#octetsOut },
    };
  }
}

/** Not a typed array, which would take four times the memory. */
function zeroes(): number[] {
  return Array.from({ length: TYPES }, () => 0);
}

function countOnce(messages: Uint8Array): readonly number[] {
  const counters = zeroes();
  count(messages, counters);
  COUNTED.set(messages, counters);
  return counters;
}

/** Adds whole messages to counters by type. */
function count(messages: Uint8Array, counters: number[]): void {
  const last = messages.length - HEADER_OCTETS;
  for (let at = 0; at <= last;) {
    const type = messages[at + 18]!;
    if (type < TYPES) counters[type]!++;
    at += Math.max(HEADER_OCTETS, (messages[at + 16]! << 8) | messages[at + 17]!);
  }
}

function byName(counters: readonly number[]): MessageCounters {
  return {
    open: counters[MESSAGE.OPEN]!, update: counters[MESSAGE.UPDATE]!, keepalive: counters[MESSAGE.KEEPALIVE]!,
    notification: counters[MESSAGE.NOTIFICATION]!, routeRefresh: counters[MESSAGE.ROUTE_REFRESH]!,
  };
}
