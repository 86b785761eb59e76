/** A command line that was read, and where it runs. */

import type { Arguments } from "./arguments.ts";
import type { CliIo, OutputFormat } from "./cli-io.ts";
import type { Output } from "./output.ts";

/** What a command is given. */
export interface Session extends Arguments {
  /** The command's own words, for messages. */
  readonly command: string;
  readonly io: CliIo;
  readonly out: Output;
  readonly err: Output;
}

/** The output format that was asked for. */
export function outputOf({ options }: Arguments): OutputFormat {
  return (options.get("output") ?? "table") as OutputFormat;
}
