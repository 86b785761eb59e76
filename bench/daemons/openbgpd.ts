/** OpenBGPD: a neighbour template that is cloned for every client, no kernel routes; three processes. */

import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { clientRange, daemonAddress } from "../place.ts";
import { AS_NUMBER, HOLD_TIME_SECONDS, REJECTED_COMMUNITY, ROUTER_ID, programsMissing,
  running } from "./common.ts";
import type { DaemonKind, DaemonSetup } from "./daemon.ts";
import { ask } from "./process.ts";

const BGPD = "/usr/sbin/bgpd";
const BGPCTL = "/usr/sbin/bgpctl";
/** Compiled in: its children change their root to the home of their user, on Debian this folder. */
const HOME = "/run/openbgpd";

/** The row of the table of daemons. */
export const OPENBGPD: DaemonKind = {
  name: "openbgpd",
  dialsAtOnce: 5,
  missing: () => programsMissing(BGPD, BGPCTL),
  start,
};

async function start(setup: DaemonSetup): ReturnType<DaemonKind["start"]> {
  const file = join(setup.folder, "bgpd.conf");
  const socket = join(setup.folder, "bgpd.sock");
  const write = (rejects: boolean): string => {
    const text = openbgpdConfiguration(setup, socket, rejects);
    // It refuses a file that others may read.
    writeFileSync(file, text, { mode: 0o600 });
    return text;
  };
  const configuration = write(false);
  mkdirSync(HOME, { recursive: true, mode: 0o755 });
  const clientWords = [BGPCTL, "-s", socket];
  const client = (...words: string[]): ReturnType<typeof ask> => ask([...clientWords, ...words]);
  return running([BGPD, "-d", "-f", file], setup, {
    version: await openbgpdVersion(), configuration,
    reloadPolicy: async (rejects) => {
      write(rejects);
      await client("reload");
    },
    peerList: [...clientWords, "show"],
  });
}

/** `bgpd -V` writes it to standard error. */
async function openbgpdVersion(): Promise<string> {
  const { text } = await ask(["/bin/sh", "-c", `${BGPD} -V 2>&1`]);
  return /OpenBGPD (\S+)/.exec(text)?.[1] ?? "";
}

/** The configuration file. */
export function openbgpdConfiguration(setup: DaemonSetup, socket: string, rejects: boolean): string {
  const { place, family, addPath } = setup;
  const announced = (name: "IPv4" | "IPv6"): string => name.toLowerCase() === family ? "unicast" : "none";
  return `AS ${AS_NUMBER}
router-id ${ROUTER_ID}
socket "${socket}"
fib-update no
holdtime ${HOLD_TIME_SECONDS}
listen on ${daemonAddress(place, family)} port ${place.port}
neighbor ${clientRange(place, family)} {
  remote-as ${AS_NUMBER}
  passive
  route-reflector ${ROUTER_ID}
  announce IPv4 ${announced("IPv4")}
  announce IPv6 ${announced("IPv6")}
${addPath ? "  announce add-path recv yes\n  announce add-path send all\n" : ""}}
allow from any
allow to any
${rejects ? `deny from any community ${REJECTED_COMMUNITY.join(":")}\n` : ""}`;
}
