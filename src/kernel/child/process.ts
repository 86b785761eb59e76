/**
 * Kernel processes as children of the daemon: the same program started once more. Rule: what a child says is read a
 * chunk per turn of the event loop, so that a dump of any size holds up nobody; the child waits meanwhile.
 */

import { spawn } from "node:child_process";
import type { ChildProcess } from "node:child_process";
import type { Readable, Writable } from "node:stream";
import { frame, FrameReader } from "./frames.ts";
import type { FrameKind } from "./frames.ts";
import type { Role } from "./program.ts";

/** Hears of a child. */
export interface ChildListener {
  /** The next frame; the payload is a view that is not modified later. */
  frame(kind: number, payload: Uint8Array): void;
  /** It is no more, and why; nothing is heard afterwards. */
  gone(why: string): void;
}

/** A child that runs, or is about to. */
export interface Child {
  send(kind: FrameKind, payload: Uint8Array): void;
  /** Ends it when it has done what it was told (false), or at once (true); `gone` follows. */
  end(atOnce: boolean): void;
}

/** Starts a child; never throws and never calls its listener before it has returned. */
export type StartChild = (role: Role, listener: ChildListener) => Child;

/** What children are started with. */
export interface ChildProgram {
  /** The Node that runs us. */
  readonly executable: string;
  /** Its arguments for a role. */
  arguments(role: Role): readonly string[];
  /** Runs in the next turn of the event loop. */
  soon(run: () => void): void;
}

/** Of what a child says about its end, so much is kept: the last lines of an abort. */
const LAST_WORDS_MAX = 2000;
/** Of a child: what it is told, what it says at its end, what it answers (descriptor 3). */
type Streams = readonly [requests: Writable, output: null, errors: Readable, answers: Readable];

/** Starts children of this system. */
export function childrenOf(program: ChildProgram): StartChild {
  return (role, listener) => start(program, role, listener);
}

function start(program: ChildProgram, role: Role, listener: ChildListener): Child {
  let lastWords = "";
  let isGone = false;
  const gone = (why: string): void => {
    if (isGone) return;
    isGone = true;
    listener.gone(why);
  };
  let child: ChildProcess;
  try {
    child = spawn(program.executable, program.arguments(role), { stdio: ["pipe", "ignore", "pipe", "pipe"] });
  } catch (error) {
    // For most that a system refuses spawn has an event, for the rest (no memory) it throws.
    program.soon(() => gone(`it cannot be started: ${error instanceof Error ? error.message : String(error)}`));
    return NOBODY;
  }
  child.on("error", (error) => gone(`it cannot be started: ${error.message}`));
  child.on("close", (code, signal) => {
    const how = signal === null ? `it ended with code ${code}` : `it was ended by ${signal}`;
    const why = lastWords.trim().split("\n").slice(-1).join("");
    gone(why === "" ? how : `${how}: ${why}`);
  });
  const streams = child.stdio as unknown as Streams | undefined;
  if (streams === undefined) return NOBODY; // no descriptors are left, which "error" says
  const [requests, , errors, answers] = streams;
  requests.on("error", () => undefined); // it is gone, which "close" says
  errors.setEncoding("utf8").on("data", (text: string) => {
    lastWords = (lastWords + text).slice(-LAST_WORDS_MAX);
  });
  read(answers, program, new FrameReader((kind, payload) => {
    if (!isGone) listener.frame(kind, payload);
  }), () => child.kill("SIGKILL"));
  return {
    send: (kind, payload) => void requests.write(frame(kind, payload)),
    end(atOnce) {
      if (atOnce) child.kill("SIGKILL");
      else requests.end();
    },
  };
}

/** A child that never was. */
const NOBODY: Child = { send: () => undefined, end: () => undefined };

/** One chunk per turn: the stream is paused in between, and with it what the system reads ahead. */
function read(stream: Readable, { soon }: ChildProgram, frames: FrameReader, unreadable: () => void): void {
  stream.on("error", () => undefined); // it is gone, which "close" says
  stream.on("data", (chunk: Uint8Array) => {
    if (!frames.push(chunk)) return unreadable();
    stream.pause();
    soon(() => stream.resume());
  });
}
