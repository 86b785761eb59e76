/**
 * FRR: bgpd alone. Without zebra and with -n every next hop counts as resolvable and no route goes to a kernel.
 * The advertisement interval is 0; the 50 ms for which 8.4 holds its queue of prefixes have no switch. Coalescing waits
 * for sessions that can be told together: a loss of time for one that joins, a large gain where a thousand do.
 */

import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { clientRange, daemonAddress } from "../place.ts";
import { AS_NUMBER, HOLD_TIME_SECONDS, MANY_DIALS, REJECTED_COMMUNITY, ROUTER_ID, programsMissing,
  running } from "./common.ts";
import type { DaemonKind, DaemonSetup } from "./daemon.ts";
import { ask } from "./process.ts";

const BGPD = "/usr/lib/frr/bgpd";
const VTYSH = "/usr/bin/vtysh";
/** Its default, less the 50 ms more for each session. */
const COALESCE_MILLISECONDS = 1_000;

/** The row of the table of daemons. */
export const FRR: DaemonKind = {
  name: "frr",
  dialsAtOnce: MANY_DIALS,
  missing: () => programsMissing(BGPD, VTYSH),
  start,
};

async function start(setup: DaemonSetup): ReturnType<DaemonKind["start"]> {
  const { folder, place, family } = setup;
  const file = join(folder, "bgpd.conf");
  const configuration = frrConfiguration(setup);
  writeFileSync(file, configuration);
  const shellWords = (...commands: string[]): string[] =>
    [VTYSH, "--vty_socket", folder, "-d", "bgpd", ...commands.flatMap((command) => ["-c", command])];
  const shell = (...commands: string[]): ReturnType<typeof ask> => ask(shellWords(...commands));
  // -S: keeps root, to whom the cell's folder belongs; -P 0: no telnet. Every next hop is an error to it while zebra
  // is missing, so it may log worse than that only.
  const words = [BGPD, "-S", "-Z", "-n", "-P", "0", "--vty_socket", folder, "-i", join(folder, "bgpd.pid"),
    "--log", "stdout", "--log-level", "critical", "-l", daemonAddress(place, family), "-p", String(place.port),
    "-f", file];
  const daemon = await running(words, setup, {
    version: "", configuration,
    reloadPolicy: async (rejects) => {
      await shell("configure terminal", ...policyCommands(rejects), "end", `clear bgp ${family} unicast * soft in`);
    },
    peerList: shellWords("show bgp summary json"),
  });
  return { ...daemon, version: /FRRouting (\S+)/.exec((await shell("show version")).text)?.[1] ?? "" };
}

/** Entry 20 takes what entry 10, if it is there, lets pass. */
function policyCommands(rejects: boolean): string[] {
  return rejects ? ["route-map policy deny 10", "match community rejected", "exit"]
    : ["no route-map policy deny 10"];
}

/** The configuration file. */
export function frrConfiguration(setup: DaemonSetup): string {
  const { place, family, addPath, reloads, joinsAtOnce, sessions } = setup;
  const clients = ["activate", "route-reflector-client", ...(addPath ? ["addpath-tx-all-paths"] : []),
    ...(reloads ? ["soft-reconfiguration inbound", "route-map policy in"] : [])];
  return `hostname frr
bgp route-map delay-timer 0
bgp community-list standard rejected permit ${REJECTED_COMMUNITY.join(":")}
route-map policy permit 20
exit
router bgp ${AS_NUMBER}
 bgp router-id ${ROUTER_ID}
 bgp cluster-id ${ROUTER_ID}
 no bgp default ipv4-unicast
 no bgp network import-check
 coalesce-time ${joinsAtOnce ? COALESCE_MILLISECONDS : 0}
 timers bgp ${HOLD_TIME_SECONDS / 3} ${HOLD_TIME_SECONDS}
 neighbor clients peer-group
 neighbor clients remote-as ${AS_NUMBER}
 neighbor clients passive
 neighbor clients advertisement-interval 0
 bgp listen limit ${sessions}
 bgp listen range ${clientRange(place, family)} peer-group clients
 address-family ${family} unicast
${clients.map((words) => `  neighbor clients ${words}`).join("\n")}
 exit-address-family
`;
}
