/** The lab on the system it runs on: the system's clock, real sockets, the real daemon. */

import { assert } from "../base/assert.ts";
import { formatFault } from "../config/fault.ts";
import { readConfiguration } from "../config/reader.ts";
import type { DaemonApi } from "../daemon/api.ts";
import { startDaemon } from "../daemon/daemon.ts";
import { SILENT } from "../daemon/log.ts";
import { systemClock, systemRandom, systemScheduler } from "../daemon/system-clock.ts";
import { dialer } from "../transport/dialer.ts";
import { nodeNetProvider } from "../transport/provider.ts";
import type { LabReflector, LabWorld } from "./world.ts";

/** What the process adds. */
export interface LabProcess extends Pick<LabWorld, "write" | "complain" | "terminal" | "stopped"> {
  readonly version: string;
  readonly node: string;
  readonly pid: number;
  /** Opens a control socket for the reflector: a command that uses it, and how to close it. */
  openControl?(api: DaemonApi): Promise<{ readonly hint: string; close(): Promise<void> } | undefined>;
}

/** The world of a lab in this process. */
export function systemWorld(around: LabProcess): LabWorld {
  const { write, complain, terminal, stopped } = around;
  const connector = dialer(systemClock, systemScheduler);
  const means = { clock: systemClock, random: systemRandom, scheduler: systemScheduler, connector };
  return {
    ...means, write, complain, terminal, stopped,
    async startReflector(text): Promise<LabReflector | { readonly refused: string }> {
      const read = readConfiguration(text, "lab");
      if ("faults" in read) return { refused: read.faults.map(formatFault).join("; ") };
      const daemon = await startDaemon({
        environment: { ...means, log: SILENT, sockets: nodeNetProvider },
        intent: read.intent, settings: read.settings,
        version: around.version, node: around.node, pid: around.pid,
      });
      if ("refused" in daemon) return daemon;
      const [where] = daemon.listening;
      assert(where !== undefined, "a daemon that runs listens where its configuration says");
      const control = await around.openControl?.(daemon.api);
      return {
        api: daemon.api, port: where.port, ...(control === undefined ? {} : { hint: control.hint }),
        stop: async () => {
          await control?.close();
          await daemon.stop("the lab ends");
        },
      };
    },
  };
}
