/** `check`: reads a configuration and says what is wrong with it. */

import { EXIT } from "../control/cli-io.ts";
import type { CliHandlers } from "../control/cli-io.ts";
import { complain, readFile } from "./files.ts";

/** Resolves with the exit code: failed where there is a fault. */
export const check: CliHandlers["check"] = async ({ config, output }, io) => {
  const read = await readFile(config);
  const faults = "faults" in read ? read.faults : [];
  if (output === "json") io.stdout.write(`${JSON.stringify({ faults }, undefined, 2)}\n`);
  else if (output === "jsonl") for (const fault of faults) io.stdout.write(`${JSON.stringify(fault)}\n`);
  else if ("faults" in read) complain(faults, io);
  else {
    const { peers, originated } = read.intent;
    io.stdout.write(`${config}: ${peers.length} neighbours, ${originated.length} routes of our own, no fault\n`);
  }
  return faults.length === 0 ? EXIT.done : EXIT.failed;
};
