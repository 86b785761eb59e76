/** What the lab needs of the world: time, connections, a reflector, somewhere to write. Only types. */

import type { DaemonApi } from "../daemon/api.ts";
import type { SessionEnvironment } from "../transport/ports.ts";

/** The reflector as the lab uses it. */
export interface LabReflector {
  readonly api: DaemonApi;
  /** Where it listens. */
  readonly port: number;
  /** A command that looks inside while the lab runs, or undefined. */
  readonly hint?: string;
  stop(): Promise<void>;
}

/** What the lab needs of the process it runs in. */
export interface LabWorld extends Pick<SessionEnvironment, "clock" | "random" | "scheduler" | "connector"> {
  /** Starts the daemon with the text of a configuration file. */
  startReflector(configuration: string): Promise<LabReflector | { readonly refused: string }>;
  write(text: string): void;
  /** One line of what went wrong, for standard error. */
  complain(text: string): void;
  /** Whether the output is a terminal, where a table can be drawn again in place. */
  readonly terminal: boolean;
  /** Resolves when the user wants an end. */
  readonly stopped: Promise<void>;
}
