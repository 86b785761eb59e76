/** What BIRD 1.6 and BIRD 2 have in common. Neither delays advertisements; the kernel is told nothing. */

import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { HOLD_TIME_SECONDS, REJECTED_COMMUNITY, ROUTER_ID, running } from "./common.ts";
import type { DaemonSetup, RunningDaemon } from "./daemon.ts";
import { ask } from "./process.ts";

/** A BIRD: its programs and how it is configured. */
export interface Bird {
  readonly daemon: string;
  readonly client: string;
  configuration(setup: DaemonSetup, rejects: boolean): string;
}

/** Connections that the kernel keeps for a BIRD: listen(fd, 8). */
export const BIRD_BACKLOG = 8;

/** Starts a BIRD of either kind. */
export async function startBird(bird: Bird, setup: DaemonSetup): Promise<RunningDaemon> {
  const file = join(setup.folder, "bird.conf");
  const control = join(setup.folder, "bird.ctl");
  const clientWords = [bird.client, "-s", control];
  const client = (...words: string[]): ReturnType<typeof ask> => ask([...clientWords, ...words]);
  const write = (rejects: boolean): string => {
    const text = bird.configuration(setup, rejects);
    writeFileSync(file, text);
    return text;
  };
  const configuration = write(false);
  const words = [bird.daemon, "-f", "-c", file, "-s", control, "-P", join(setup.folder, "bird.pid")];
  const daemon = await running(words, setup, {
    version: "", configuration: abridged(configuration),
    reloadPolicy: async (rejects) => {
      write(rejects);
      const { text } = await client("configure");
      if (!text.includes("Reconfigur")) throw new Error(`birdc configure: ${text}`);
    },
    peerList: [...clientWords, "show", "protocols"],
  });
  return { ...daemon, version: /^BIRD (\S+)/.exec((await client("show", "status")).text)?.[1] ?? "" };
}

/** The head of a configuration: everything but channels and sessions. The policy is a filter named `policy`. */
export function birdHead(rejects: boolean): string {
  const reject = `if (${REJECTED_COMMUNITY.join(",")}) ~ bgp_community then reject; `;
  return `log stderr { warning, error, fatal, bug };
router id ${ROUTER_ID};
protocol device { scan time 3600; }
filter policy { ${rejects ? reject : ""}accept; }
`;
}

/** What sessions say of themselves in both. */
export const BIRD_CLIENT: string = `  passive;
  hold time ${HOLD_TIME_SECONDS};
  rr client; rr cluster id ${ROUTER_ID};
`;

const SHOWN_SESSIONS = 1;

/** The report need not show a thousand sessions that differ in their address. */
export function abridged(configuration: string): string {
  const parts = configuration.split(/^(?=protocol bgp )/m);
  const left = parts.length - 1 - SHOWN_SESSIONS;
  return left <= 0 ? configuration : `${parts.slice(0, 1 + SHOWN_SESSIONS).join("")}# and ${left} more like it\n`;
}

/** A prefix with every next hop of the load in it. */
export function nextHopRange({ place, family }: Pick<DaemonSetup, "place" | "family">): string {
  return family === "ipv6" ? "fd00::/8" : place.clientRange;
}
