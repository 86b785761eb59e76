/** What BIRD 1.6 and BIRD 2 have in common, and BIRD 2. Neither delays advertisements; the kernel is told nothing. */

import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { clientRange, daemonAddress } from "../place.ts";
import { AS_NUMBER, HOLD_TIME_SECONDS, REFUSES_NOTHING, REJECTED_COMMUNITY, ROUTER_ID, programsMissing, rejects,
  running } from "./common.ts";
import type { DaemonKind, DaemonSetup, RunningDaemon } from "./daemon.ts";
import { ask } from "./process.ts";

/** A BIRD: its programs and how it is told a policy. */
export interface Bird {
  readonly daemon: string;
  readonly client: string;
  configuration(setup: DaemonSetup, policy: number): string;
}

const BIRD2_PROGRAMS: Bird = { daemon: "/usr/sbin/bird", client: "/usr/sbin/birdc", configuration: bird2Configuration };

/** The row of the table of daemons. */
export const BIRD2: DaemonKind = {
  name: "bird2",
  title: "BIRD 2",
  dialsAtOnce: 8,
  missing: () => programsMissing(BIRD2_PROGRAMS.daemon, BIRD2_PROGRAMS.client),
  refuses: REFUSES_NOTHING,
  start: (setup) => startBird(BIRD2_PROGRAMS, setup),
};

/** Starts a BIRD of either kind. */
export async function startBird(bird: Bird, setup: DaemonSetup): Promise<RunningDaemon> {
  const file = join(setup.folder, "bird.conf");
  const control = join(setup.folder, "bird.ctl");
  const client = (...words: string[]): ReturnType<typeof ask> => ask([bird.client, "-s", control, ...words]);
  const write = (policy: number): string => {
    const text = bird.configuration(setup, policy);
    writeFileSync(file, text);
    return text;
  };
  const configuration = write(setup.policy);
  const words = [bird.daemon, "-f", "-c", file, "-s", control, "-P", join(setup.folder, "bird.pid")];
  const daemon = await running(words, setup, {
    version: "", configuration: abridged(configuration),
    reloadPolicy: async (version) => {
      write(version);
      const { text } = await client("configure");
      if (!text.includes("Reconfigur")) throw new Error(`birdc configure: ${text}`);
    },
    showPeers: async () => (await client("show", "protocols")).milliseconds,
  });
  return { ...daemon, version: /^BIRD (\S+)/.exec((await client("show", "status")).text)?.[1] ?? "" };
}

/** The policy as a filter, named `policy`. */
export function birdFilter(policy: number): string {
  const reject = `if (${REJECTED_COMMUNITY.join(",")}) ~ bgp_community then reject; `;
  return `filter policy { ${rejects(policy) ? reject : ""}accept; }`;
}

const SHOWN_SESSIONS = 1;

/** The report need not show a thousand sessions that differ in their address. */
export function abridged(configuration: string): string {
  const parts = configuration.split(/^(?=protocol bgp )/m);
  const left = parts.length - 1 - SHOWN_SESSIONS;
  return left <= 0 ? configuration : `${parts.slice(0, 1 + SHOWN_SESSIONS).join("")}# and ${left} more like it\n`;
}

function bird2Configuration(setup: DaemonSetup, policy: number): string {
  const { place, family, addPath, reloads } = setup;
  const address = daemonAddress(place, family);
  // Next hops are resolved in the table; this is what they are found through. It is not told to anybody.
  return `log stderr { warning, error, fatal, bug };
router id ${ROUTER_ID};
protocol device { scan time 3600; }
protocol static { ${family}; route ${nextHopRange(setup)} via "lo"; }
${birdFilter(policy)}
protocol bgp clients {
  local ${address} as ${AS_NUMBER};
  neighbor range ${clientRange(place, family)} as ${AS_NUMBER};
  dynamic name "client";
  passive;
  hold time ${HOLD_TIME_SECONDS};
  rr client; rr cluster id ${ROUTER_ID};
  ${family} {
    import filter policy;
    export where source = RTS_BGP;
    ${addPath ? "add paths on;" : ""}${reloads ? " import table on;" : ""}
  };
}
`;
}

/** Every next hop of the load is in here. */
export function nextHopRange({ place, family }: Pick<DaemonSetup, "place" | "family">): string {
  return family === "ipv6" ? "fd00::/8" : place.clientRange;
}
