/** A command line run in this process, its output kept. */

import { tmpdir } from "node:os";
import { PassThrough, Writable } from "node:stream";
import type { CliHandlers, CliIo } from "../../src/control/cli-io.ts";
import { runCli } from "../../src/control/cli.ts";
import { fakeNow } from "./fake-daemon.ts";

/** What a command line left behind. */
export interface Ran { readonly code: number; readonly out: string; readonly err: string }

/** Keeps what is written; `take` may refuse it as a closed pipe does. */
export class Sink extends Writable {
  text = "";
  constructor(take?: (chunk: string) => Error | undefined) {
    super({
      decodeStrings: false,
      write: (chunk: string, _encoding, done) => {
        const refused = take?.(chunk);
        if (refused === undefined) this.text += chunk;
        done(refused ?? null);
      },
    });
  }
}

/** Handlers that record and answer 0. */
export function recordingHandlers(calls: unknown[] = []): CliHandlers {
  const handler = (name: string) => async (options: unknown): Promise<number> => {
    calls.push([name, options]);
    return 0;
  };
  return { run: handler("run"), check: handler("check"), lab: handler("lab"), decode: handler("decode"),
    calicoSessions: handler("calicoSessions"), resources: handler("resources") };
}

/** Surroundings in which no daemon is found unless a socket is named. */
export function cliIo(stdout: Sink, stderr: Sink, over: Partial<CliIo> = {}): CliIo {
  return {
    stdout, stderr, stdin: new PassThrough(), env: { REFLECTD_SOCKET: "/nonexistent/r.sock" }, uid: 1000,
    tmpdir: tmpdir(), isTTY: false, wallMilliseconds: fakeNow, version: "0.1.0", handlers: recordingHandlers(), ...over,
  };
}

/** Runs one command line. */
export async function cli(argv: readonly string[], over: Partial<CliIo> = {}): Promise<Ran> {
  const stdout = new Sink();
  const stderr = new Sink();
  const code = await runCli(argv, cliIo(stdout, stderr, over));
  return { code, out: stdout.text, err: stderr.text };
}
