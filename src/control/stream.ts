/**
 * Long answers. Pieces are pulled from the daemon only as fast as the client reads them, and the event loop turns
 * between slices, so that a million routes cost constant memory and no session a keepalive.
 */

import type { ServerResponse } from "node:http";
import type { ControlHost } from "./host.ts";

/** A slice ends at the first of these. */
const SLICE_PIECES_MAX = 1_000;
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

/** Writes all pieces and ends the response; stops, and tells the iterator so, when the client is gone. */
export async function pour(pieces: Iterator<string>, response: ServerResponse, host: ControlHost): Promise<void> {
  try {
    while (!response.destroyed) {
      const { text, done } = slice(pieces);
      const accepted = text === "" || response.write(text);
      if (done) {
        response.end();
        return;
      }
      if (!accepted) await drained(response);
      await host.nextTurn();
    }
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

/** Resolves when the response takes more, or never will. */
function drained(response: ServerResponse): Promise<void> {
  return new Promise((resolve) => {
    if (response.destroyed) return resolve();
    const settle = (): void => {
      response.off("drain", settle).off("close", settle);
      resolve();
    };
    response.on("drain", settle).on("close", settle);
  });
}
