/** `ip -batch`: what a script does. It has no table of its own; its comparison is no more than a dump. */

import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { programsMissing } from "../daemons/common.ts";
import { StartedProcess } from "../started-process.ts";
import type { Entrant, EntrantSetup, RunningEntrant } from "./entrant.ts";
import { GATEWAYS, routeLines } from "./routes.ts";

const IP = "/usr/sbin/ip";
/** Ours for a route of a script: RTPROT_STATIC. */
const PROTOCOL = "proto 4";

/** The row of iproute2. */
export const IP_BATCH: Entrant = {
  name: "ip -batch",
  missing: () => programsMissing(IP),
  start,
};

async function start({ namespace, folder, routes }: EntrantSetup): Promise<RunningEntrant> {
  let running: StartedProcess | undefined;
  const run = async (...words: string[]): Promise<void> => {
    running = new StartedProcess([IP, "-n", namespace, ...words], join(folder, "ip.log"), "output");
    await running.ended;
    if (running.child.exitCode !== 0) throw new Error(`ip ${words.join(" ")}: ${running.lastWords()}`);
  };
  const batch = (name: string, line: (prefix: string) => string): (() => Promise<void>) => {
    const file = join(folder, `${name}.batch`);
    writeFileSync(file, routeLines(routes, line));
    return () => run("-batch", file);
  };
  const [first, second] = GATEWAYS;
  return {
    version: "", saysWhenDone: true, pids: () => running?.pids() ?? [], stop: () => Promise.resolve(),
    steps: {
      add: batch("add", (prefix) => `route add ${prefix} via ${first} ${PROTOCOL}`),
      replace: batch("replace", (prefix) => `route replace ${prefix} via ${second} ${PROTOCOL}`),
      remove: batch("remove", (prefix) => `route delete ${prefix}`),
      compare: () => run("route", "show", "table", "254"),
    },
  };
}
