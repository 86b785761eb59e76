#!/usr/bin/env node
/**
 * The composition root: with src/main/ the only files that know the process. They read files, pass the system's clock,
 * sockets and streams to the parts, and turn signals into calls. Rules: no logic that could live elsewhere; what only
 * one command needs is loaded by that command (src/main/), as loading everything takes longer than most of them.
 */

import { readFileSync } from "node:fs";
import { tmpdir } from "node:os";
import type { CliHandlers } from "./control/cli-io.ts";
import { runCli } from "./control/cli.ts";

const PACKAGE: { readonly version: string } =
  JSON.parse(readFileSync(new URL("../package.json", import.meta.url), "utf8"));

/**
 * Tells V8 what kind of program this is. Its heap stays near what is in use, as the tables are not in it: the young
 * generation keeps its first size, 1 MiB a half (it would go to 16 with the first burst and stay so), and the old one
 * is collected when it has grown by a fifth (V8 waits for up to four times its size). Both are what its command line
 * has options for, said by the program itself. Measured with a million routes and with 4,000 sessions: the same CPU
 * time, 30 and 50 MiB less.
 * And the compiler puts fewer functions into one (600 octets of bytecode, it would be 920): the first burst after a
 * start waits for the compiler on two cores. In turns, four runs each: 100,000 prefixes to 1,000 clients 377 → 292 ms.
 */
async function tuneEngine(): Promise<void> {
  const { setFlagsFromString } = await import("node:v8");
  setFlagsFromString("--semi-space-growth-factor=1");
  setFlagsFromString("--heap-growing-percent=20");
  setFlagsFromString("--max-inlined-bytecode-size-cumulative=600");
}

const handlers: CliHandlers = {
  async run(options, io) {
    await tuneEngine();
    return (await import("./main/run.ts")).run(options, io);
  },
  check: async (options, io) => (await import("./main/check.ts")).check(options, io),
  lab: async (options, io) => (await import("./main/lab.ts")).lab(options, io),
  calicoSessions: async (options, io) => (await import("./main/calico.ts")).calicoSessions(options, io),
  resources: async (request, io) => (await import("./main/resources.ts")).resources(request, io),
  decode: async (options, io) => (await import("./main/decode.ts")).decode(options, io),
};

/** A crash must look like a lost connection to the peers: no Cease, one line, the stack, gone. */
process.on("uncaughtException", (error) => {
  process.stderr.write(`reflectd: bug: ${error.message} (please report this stack)\n${error.stack ?? ""}\n`);
  process.exit(70);
});

/** The word for a process that a daemon starts for its kernel routes; no command, as nobody types it. */
const [command, role] = process.argv.slice(2);
if (command === "kernel-child") (await import("./main/kernel-child.ts")).kernelChild(role);
else process.exitCode = await runCli(process.argv.slice(2), {
  stdout: process.stdout, stderr: process.stderr, env: process.env,
  get stdin() { return process.stdin; }, // opened where it is read, which takes its time
  uid: process.geteuid?.() ?? -1, tmpdir: tmpdir(), isTTY: process.stdout.isTTY === true,
  wallMilliseconds: () => Date.now(), version: PACKAGE.version,
  handlers,
});
