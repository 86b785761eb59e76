/** Whether a BIRD runs here: who greets on a control socket. */

import { connect } from "node:net";
import { somebodyListens } from "../listening.ts";

/** Whoever took the connection and says nothing for so long may be a BIRD with much to do. */
const SILENCE_MILLISECONDS = 1000;

/**
 * Whether a BIRD answers on a socket; a path that is no socket, or of which nobody hears, has none. Whoever listens on
 * one that we cannot open counts as one: BIRD keeps its socket to its own user and group, and calico-node may keep the
 * folder to its container.
 */
export function birdAnswers(path: string): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(path);
    const end = (answers: boolean): void => {
      socket.destroy();
      resolve(answers);
    };
    socket.setTimeout(SILENCE_MILLISECONDS, () => end(true));
    socket.on("error", ({ code }: NodeJS.ErrnoException) => {
      end(code !== "ECONNREFUSED" && (somebodyListens(path) ?? code === "EACCES"));
    });
    socket.on("end", () => end(false));
    socket.setEncoding("utf8").on("data", (greeting: string) => end(greeting.startsWith("0001 ")));
  });
}
