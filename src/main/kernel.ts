/** The kernel of this host: processes of this very program that have its netlink sockets. */

import { after } from "../base/ports.ts";
import type { Settings } from "../config/settings.ts";
import { birdAnswers } from "../control/bird/probe.ts";
import type { KernelHost } from "../daemon/kernel/means.ts";
import type { Log } from "../daemon/log.ts";
import { systemClock, systemScheduler } from "../daemon/system-clock.ts";
import { kernelProcesses } from "../kernel/child/driver.ts";
import { childrenOf } from "../kernel/child/process.ts";

/** The word in the place of a command, as main.ts knows it. */
const KERNEL_CHILD = "kernel-child";
/** Where BIRD 1.6 and 2 have their control sockets, and those of calico-node. */
const BIRD_SOCKETS = [
  "/run/bird/bird.ctl", "/run/bird/bird6.ctl", "/var/run/calico/bird.ctl", "/var/run/calico/bird6.ctl",
] as const;
/** The protocol number of BIRD's routes. */
const PROTOCOL_BIRD = 12;

/** The kernel, and whose places on this host are BIRD's. */
export interface HostWithBird extends KernelHost {
  /** Control sockets on which a BIRD answered: our own in its place would be taken for it. */
  readonly birds: readonly string[];
}

/** The kernel for these settings. Made before our own sockets in BIRD's places are opened: they would answer. */
export async function kernelHost({ kernel: { protocol }, control }: Settings, log: Log): Promise<HostWithBird> {
  const paths = [...new Set([...control.birdSockets || [], ...BIRD_SOCKETS])];
  const birds = protocol === PROTOCOL_BIRD ? await answering(paths) : [];
  const start = childrenOf({
    executable: process.execPath, arguments: (role) => [process.argv[1] ?? "", KERNEL_CHILD, role],
    soon: (run) => systemScheduler.soon(run),
  });
  return {
    birds,
    open: () => kernelProcesses({
      start, now: () => systemClock.now(),
      later: (seconds, run) => systemScheduler.at(after(systemClock.now(), seconds), () => run()),
      log: (role, why) => log.write("warn", "kernel-process", { role, why }),
    }),
    async occupied() {
      const [path] = await answering(birds);
      return path === undefined ? undefined : `a BIRD answers on ${path}, and its routes have our protocol number `
        + `${protocol} (stop it, or choose another kernel.protocol)`;
    },
  };
}

async function answering(paths: readonly string[]): Promise<string[]> {
  const answers = await Promise.all(paths.map(birdAnswers));
  return paths.filter((_, at) => answers[at]);
}
