/**
 * Reads a connection until its OPEN, without a word from us, and keeps what it read for whoever takes the connection.
 * Rule: at most one message of ordinary length is waited for; what cannot be read is for the neighbour to answer.
 */

import { isFault } from "../messages/fault.ts";
import { Framer } from "../messages/framer.ts";
import { MESSAGE, messageType } from "../messages/header.ts";
import { decodeOpen } from "../messages/open.ts";
import type { OpenMessage } from "../messages/open.ts";
import type { Connection } from "./ports.ts";

/** What comes of it: one of both, once. */
export interface SniffOutcome {
  /** The OPEN, or undefined where the first message is none that can be read; `read` is everything read so far. */
  decided(open: OpenMessage | undefined, read: Uint8Array): void;
  /** The connection closed first. */
  closed(): void;
}

/** Attaches to a connection that nobody reads yet, and lets go of it when decided. */
export function sniffOpen(connection: Connection, outcome: SniffOutcome): void {
  const framer = new Framer();
  const chunks: Uint8Array[] = [];
  let over = false;
  connection.attach({
    data(chunk) {
      if (over) return;
      chunks.push(chunk);
      framer.push(chunk);
      const first = framer.next();
      if (first === undefined) return;
      over = true;
      const open = isFault(first) || messageType(first) !== MESSAGE.OPEN ? undefined : decodeOpen(first);
      outcome.decided(isFault(open) ? undefined : open, joined(chunks));
    },
    closed() {
      if (over) return;
      over = true;
      outcome.closed();
    },
  });
}

function joined(chunks: readonly Uint8Array[]): Uint8Array {
  const all = new Uint8Array(chunks.reduce((sum, chunk) => sum + chunk.length, 0));
  let at = 0;
  for (const chunk of chunks) {
    all.set(chunk, at);
    at += chunk.length;
  }
  return all;
}
