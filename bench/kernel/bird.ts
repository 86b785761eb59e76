/**
 * BIRD 2's kernel protocol. All routes are static ones in its table before the clock starts; what is measured is the
 * kernel protocol going up (it reads the kernel, then writes what is missing), better routes to the same prefixes from
 * another protocol, and the kernel protocol going down.
 */

import { execFile } from "node:child_process";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { promisify } from "node:util";
import { programsMissing } from "../daemons/common.ts";
import { StartedProcess } from "../started-process.ts";
import type { Entrant, EntrantSetup, RunningEntrant } from "./entrant.ts";
import { GATEWAYS, routeLines } from "./routes.ts";

const DAEMON = "/usr/sbin/bird";
const CLIENT = "/usr/sbin/birdc";
const ask = promisify(execFile);
/** Longer than any run. */
const NEVER_SECONDS = 3600;
const SCAN_SECONDS = 10;
const START_MS = 60_000;

/** The row of BIRD 2. */
export const BIRD2_KERNEL: Entrant = {
  name: "BIRD 2",
  missing: () => programsMissing(DAEMON, CLIENT),
  start,
};

async function start(setup: EntrantSetup): Promise<RunningEntrant> {
  const { namespace, folder } = setup;
  const file = join(folder, "bird.conf");
  const socket = join(folder, "bird.ctl");
  writeFileSync(file, configuration(setup));
  const bird = new StartedProcess(["ip", "netns", "exec", namespace, DAEMON, "-f", "-s", socket,
    "-P", join(folder, "bird.pid"), "-c", file], join(folder, "bird.log"));
  const tell = async (...words: string[]): Promise<string> => {
    const { stdout } = await ask(CLIENT, ["-s", socket, ...words], { timeout: START_MS });
    return stdout;
  };
  for (const until = performance.now() + START_MS;;) {
    try {
      const version = /^BIRD (\S+)/.exec(await tell("show", "status"))?.[1] ?? "";
      return {
        version, comparesByItself: true, pids: () => bird.pids(), stop: () => bird.stop("SIGKILL"),
        steps: {
          add: async () => void await tell("enable", "kern"),
          replace: async () => void await tell("enable", "better"),
          remove: async () => void await tell("disable", "kern"),
          compare: () => Promise.resolve(),
        },
      };
    } catch (error) { // not open yet
      if (!bird.isRunning || performance.now() > until) throw new Error(`BIRD: ${bird.lastWords()}`, { cause: error });
    }
    await sleep(50);
  }
}

function configuration({ routes, compares }: EntrantSetup): string {
  const statics = (gateway: string): string => routeLines(routes, (prefix) => `  route ${prefix} via ${gateway};`);
  return `log stderr { warning, error, fatal, bug };
router id 192.0.2.1;
protocol device { scan time ${NEVER_SECONDS}; }
protocol static known {
  ipv4 { preference 100; };
${statics(GATEWAYS[0])}}
${compares ? "" : `protocol static better {
  disabled;
  ipv4 { preference 200; };
${statics(GATEWAYS[1])}}
`}protocol kernel kern {
  disabled;
  scan time ${compares ? SCAN_SECONDS : NEVER_SECONDS};
  ipv4 { import none; export all; };
}
`;
}
