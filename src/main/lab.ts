/** `lab`: the embedded lab in this process. */

import type { CliHandlers, CliIo } from "../control/cli-io.ts";
import { startControlServer } from "../control/server.ts";
import { SILENT } from "../daemon/log.ts";
import { LAB_NODES_DEFAULT, runLab } from "../lab/lab.ts";
import { systemWorld } from "../lab/system.ts";
import type { LabWorld } from "../lab/world.ts";
import { controlHost } from "./host.ts";

/** Runs until it has ended or is told to stop; resolves with the exit code. */
export const lab: CliHandlers["lab"] = ({ nodes = LAB_NODES_DEFAULT, once }, io) =>
  runLab({ nodes, once }, worldOf(io));

/** The process as the lab sees it. */
const worldOf = (io: CliIo): LabWorld => systemWorld({
  write: (text) => io.stdout.write(text), complain: (text) => io.stderr.write(text),
  terminal: io.isTTY, version: io.version, node: process.version, pid: process.pid,
  stopped: new Promise((resolve) => {
    for (const signal of ["SIGTERM", "SIGINT"] as const) process.once(signal, () => resolve());
    io.stdout.once("error", () => resolve()); // nobody looks any more
  }),
  async openControl(api) {
    const socketPath = `${io.tmpdir}/reflectd-lab-${process.pid}.sock`;
    const control = await startControlServer(api, { socketPath, host: controlHost(SILENT) });
    if ("refused" in control) return undefined;
    return { hint: `npx reflectd show peers --socket ${socketPath}`, close: () => control.close() };
  },
});
