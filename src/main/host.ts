/** What the control surfaces need of this process. */

import type { ControlHost } from "../control/host.ts";
import type { Log } from "../daemon/log.ts";
import { systemClock, systemScheduler } from "../daemon/system-clock.ts";

/** This process; what fails in a surface is a line of `log`. */
export function controlHost(log: Log): ControlHost {
  return {
    nextTurn: () => new Promise((resolve) => systemScheduler.soon(resolve)),
    wallMilliseconds: () => systemClock.wallMilliseconds(),
    umask: (mask) => process.umask(mask),
    uid: process.geteuid?.() ?? -1,
    memoryUsage: () => process.memoryUsage(),
    cpuUsage: () => process.cpuUsage(),
    onFailure: (error, where) => log.write("error", "control", { where, error: String(error) }),
  };
}
