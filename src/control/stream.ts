/**
 * Long answers. Pieces are pulled from the daemon only as fast as the client reads them, and the event loop turns
 * between slices, so that a million routes cost constant memory and no session a keepalive.
 */

import type { ServerResponse } from "node:http";
import type { Writable } from "node:stream";
import type { ControlHost } from "./host.ts";

/** A slice ends at the first of these. */
const SLICE_PIECES_MAX = 4_000;
const SLICE_CHARACTERS_MAX = 256 * 1024;

/** One line of JSON per item; an item that is undefined is none, and ends the slice. */
export function* jsonLines(items: Iterable<unknown>): Generator<string> {
  for (const item of items) yield item === undefined ? "" : `${JSON.stringify(item)}\n`;
}

/** One JSON array, an item at a time. */
export function* jsonArray(items: Iterable<unknown>): Generator<string> {
  let before = "[";
  for (const item of items) {
    yield before + JSON.stringify(item);
    before = ",\n";
  }
  yield before === "[" ? "[]\n" : "]\n";
}

/** Writes all pieces and ends the response. */
export async function pour(pieces: Iterator<string>, response: ServerResponse, host: ControlHost): Promise<void> {
  if (await writeAll(pieces, response, host)) response.end();
}

/**
 * Writes all pieces and answers true; where the client is gone before, stops, tells the iterator so, and answers false.
 * A piece that is "" ends its slice.
 */
export async function writeAll(pieces: Iterator<string>, client: Writable, host: ControlHost): Promise<boolean> {
  try {
    while (!client.destroyed) {
      const { text, done } = slice(pieces);
      const accepted = text === "" || client.write(text);
      if (done) return true;
      if (!accepted) await drained(client);
      await host.nextTurn();
    }
    return false;
  } finally {
    pieces.return?.();
  }
}

function slice(pieces: Iterator<string>): { text: string; done: boolean } {
  let text = "";
  for (let count = 0; count < SLICE_PIECES_MAX && text.length < SLICE_CHARACTERS_MAX; count++) {
    const next = pieces.next();
    if (next.done === true) return { text, done: true };
    if (next.value === "") return { text, done: false };
    text += next.value;
  }
  return { text, done: false };
}

/** Resolves when the client takes more, or never will. */
export function drained(client: Writable): Promise<void> {
  return new Promise((resolve) => {
    if (client.destroyed) return resolve();
    const settle = (): void => {
      client.off("drain", settle).off("close", settle);
      resolve();
    };
    client.on("drain", settle).on("close", settle);
  });
}
