/** Files as the commands read them. Rule: a file that cannot be read is one line that says why and what to do. */

import { promises } from "node:fs";
import { whyUnreadable } from "../base/unreadable.ts";
import { formatFault, unreadableFile } from "../config/fault.ts";
import type { ConfigFault } from "../config/fault.ts";
import { readConfiguration } from "../config/reader.ts";
import type { Configuration } from "../config/reader.ts";
import type { CliIo } from "../control/cli-io.ts";

const REMEDY: Readonly<Record<string, string>> = {
  ENOENT: "give the path of an existing one", EISDIR: "give the path of a file",
  EACCES: "make it readable for this user",
};

/** Why the system refused a file, and what to do. */
export function refusalOf(error: NodeJS.ErrnoException): readonly [why: string, todo: string] {
  return [whyUnreadable(error), REMEDY[error.code ?? ""] ?? "give another file"];
}

/** Reads a configuration; a file that cannot be read is a fault of it. */
export async function readFile(file: string): Promise<Configuration> {
  try {
    return readConfiguration(await promises.readFile(file, "utf8"), file);
  } catch (error) {
    const [why, todo] = refusalOf(error as NodeJS.ErrnoException);
    return { faults: [unreadableFile(file, `cannot be read: ${why}`, todo)] };
  }
}

/** A line per fault on standard error. */
export function complain(faults: readonly ConfigFault[], io: CliIo): void {
  for (const fault of faults) io.stderr.write(`reflectd: ${formatFault(fault)}\n`);
}
