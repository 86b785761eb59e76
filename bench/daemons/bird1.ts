/** BIRD 1.6.8, the last of its line: a program per family, a configured session per client. */

import { clientAddress, daemonAddress } from "../place.ts";
import { BIRD_BACKLOG, BIRD_CLIENT, birdHead, nextHopRange, startBird } from "./bird.ts";
import type { Bird } from "./bird.ts";
import { AS_NUMBER, programsMissing } from "./common.ts";
import type { DaemonKind, DaemonSetup, Family } from "./daemon.ts";

/** Where test/install-daemons.sh unpacks it: the package conflicts with that of BIRD 2. */
const FOLDER = `${process.env["REFLECTD_LAB_CACHE"] ?? "/var/cache/reflectd-lab"}/bird-1.6.8/usr/sbin`;
const PROGRAMS: Readonly<Record<Family, Bird>> = {
  ipv4: { daemon: `${FOLDER}/bird`, client: `${FOLDER}/birdc`, configuration: bird1Configuration },
  ipv6: { daemon: `${FOLDER}/bird6`, client: `${FOLDER}/birdc6`, configuration: bird1Configuration },
};

/** The row of the table of daemons. It keeps no Adj-RIB-In: a new policy asks every client for its routes again. */
export const BIRD1: DaemonKind = {
  name: "bird1",
  dialsAtOnce: BIRD_BACKLOG,
  missing: () => programsMissing(...Object.values(PROGRAMS).flatMap(({ daemon, client }) => [daemon, client])),
  start: (setup) => startBird(PROGRAMS[setup.family], setup),
};

/** The configuration, of which `abridged` shows the first session only. */
export function bird1Configuration(setup: DaemonSetup, rejects: boolean): string {
  const { place, family, addPath, reloads, sessions } = setup;
  const clients = Array.from({ length: sessions }, (_, index) =>
    `protocol bgp client${index} from clients { neighbor ${clientAddress(place, family, index)} as ${AS_NUMBER}; }\n`);
  return `${birdHead(rejects)}listen bgp address ${daemonAddress(place, family)} port ${place.port};
# Next hops are found through this; a table of its own keeps it from the clients.
table hops;
protocol static { table hops; route ${nextHopRange(setup)} via "lo"; }
template bgp clients {
  local ${daemonAddress(place, family)} as ${AS_NUMBER};
  multihop;
  igp table hops;
${BIRD_CLIENT}  import ${reloads ? "filter policy" : "all"};
  export all;
${addPath ? "  add paths on;\n" : ""}}
${clients.join("")}`;
}
