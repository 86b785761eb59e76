/** BIRD 2: dynamic clients by a range. */

import { clientRange, daemonAddress } from "../place.ts";
import { BIRD_BACKLOG, BIRD_CLIENT, birdHead, nextHopRange, startBird } from "./bird.ts";
import type { Bird } from "./bird.ts";
import { AS_NUMBER, programsMissing } from "./common.ts";
import type { DaemonKind, DaemonSetup } from "./daemon.ts";

const BIRD: Bird = { daemon: "/usr/sbin/bird", client: "/usr/sbin/birdc", configuration: bird2Configuration };

/** The row of the table of daemons. */
export const BIRD2: DaemonKind = {
  name: "bird2",
  dialsAtOnce: BIRD_BACKLOG,
  missing: () => programsMissing(BIRD.daemon, BIRD.client),
  start: (setup) => startBird(BIRD, setup),
};

/** Without an import table a new policy would ask every client for its routes again. */
export function bird2Configuration(setup: DaemonSetup, rejects: boolean): string {
  const { place, family, addPath, reloads } = setup;
  return `${birdHead(rejects)}# Next hops are found through this; a table of its own keeps it from the clients.
${family} table hops;
protocol static { ${family} { table hops; }; route ${nextHopRange(setup)} via "lo"; }
# 2.0.12 may leave the end of a table unsent until something wakes it: a KEEPALIVE, each second here.
protocol bgp clients {
  local ${daemonAddress(place, family)} as ${AS_NUMBER};
  neighbor range ${clientRange(place, family)} as ${AS_NUMBER};
  dynamic name "client";
${BIRD_CLIENT}  ${family} {
    igp table hops;
    import ${reloads ? "filter policy" : "all"};
    export all;
${addPath ? "    add paths on;\n" : ""}${reloads ? "    import table on;\n" : ""}  };
}
`;
}
