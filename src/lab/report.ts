/** The lab's page: what stands at its top, the table that changes, what stands below once all is told. */

import type { PeerView } from "../daemon/api.ts";
import type { LabNode } from "./plan.ts";
import { CLUSTER_ID, LAB_AS_NUMBER, REFLECTOR_ADDRESS } from "./plan.ts";
import { routeTable, sessionTable } from "./screen.ts";
import type { LabSpeaker } from "./speaker.ts";
import type { LabReflector } from "./world.ts";

/** Speakers whose tables are shown; the others hold the same but for their own blocks. */
const SPEAKERS_SHOWN_MAX = 8;
/** Sessions drawn in place: a terminal cannot go back over lines that have left it. */
const SESSIONS_DRAWN_MAX = 20;
/** Moves the cursor to the start of the line that many lines above and clears from there. */
const backOver = (lines: number): string => (lines === 0 ? "" : `\u001b[${lines}F\u001b[J`);

/** Draws the session table again in place on a terminal; elsewhere writes one line per change of a state. */
export class Screen {
  readonly #write: (text: string) => void;
  readonly #terminal: boolean;
  readonly #states = new Map<string, string>();
  /** Lines of the last drawing that the next one replaces. */
  #drawn = 0;

  constructor(write: (text: string) => void, terminal: boolean) {
    this.#write = write;
    this.#terminal = terminal;
  }

  /** Lines that stay. */
  print(lines: readonly string[]): void {
    this.#drawn = 0;
    this.#write(lines.map((line) => `${line}\n`).join(""));
  }

  /** The reflector's sessions as they are now. */
  draw(peers: readonly PeerView[]): void {
    const changed = peers.filter(({ name, state }) => this.#states.get(name) !== state);
    for (const { name, state } of changed) this.#states.set(name, state);
    if (this.#terminal) this.#redraw(sessionTable(peers));
    else this.print(changed.map((peer) => `${peer.name} ${peer.address} ${peer.state}`));
  }

  #redraw(all: readonly string[]): void {
    const left = all.length - 1 - SESSIONS_DRAWN_MAX;
    const lines = left > 0 ? [...all.slice(0, SESSIONS_DRAWN_MAX + 1), `... and ${left} more`] : all;
    const text = backOver(this.#drawn) + lines.map((line) => `${line}\n`).join("");
    this.#write(text);
    this.#drawn = lines.length;
  }
}

/** What stands at the top. */
export function opening(nodes: readonly LabNode[], { port }: LabReflector): string[] {
  const blocks = nodes[0]?.blocks.length ?? 0;
  return [
    `reflectd lab: a route reflector on ${REFLECTOR_ADDRESS}:${port} (AS ${LAB_AS_NUMBER}, cluster id ${CLUSTER_ID}) ` +
      `and ${nodes.length} ${nodes.length === 1 ? "node" : "nodes"}, ${nodes[0]?.address ?? ""} and up,`,
    `each announcing ${blocks} blocks as a Calico node does. The sessions, as the reflector sees them:`,
    "",
  ];
}

/** What stands below once every speaker holds every other's routes. */
export function closing(
  speakers: readonly LabSpeaker[], reflector: LabReflector,
  { once, terminal }: { readonly once: boolean; readonly terminal: boolean },
): string[] {
  const shown = speakers.slice(0, SPEAKERS_SHOWN_MAX);
  const left = speakers.length - shown.length;
  return [
    ...(terminal ? [] : ["", ...sessionTable([...reflector.api.peers()])]),
    ...shown.flatMap((speaker) => ["", `${speaker.node.name} (${speaker.node.address}) was told:`,
      ...routeTable(speaker.table)]),
    ...(left > 0 ? ["", `... and ${left} nodes more, each with every other's blocks.`] : []),
    "",
    `All ${speakers.length} nodes hold every other's routes.`,
    "With real routers: npx reflectd run --config FILE (docs/examples has files to start from).",
    ...(once || reflector.hint === undefined ? [] : [`From another terminal: ${reflector.hint}`]),
    ...(once ? [] : ["Ctrl-C ends the lab."]),
  ];
}

/** What is said where time is up. */
export function notConverged(faults: readonly string[], seconds: number): string[] {
  const shown = faults.slice(0, SPEAKERS_SHOWN_MAX);
  const left = faults.length - shown.length;
  return [`reflectd: lab: after ${seconds} s not every node holds every other's routes:`,
    ...shown.map((fault) => `  ${fault}`), ...(left > 0 ? [`  ... and ${left} nodes more`] : [])];
}
